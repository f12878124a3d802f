"""Settings: where each value comes from, what is refused, and that every one is documented."""

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from house import settings_page
from satchel.model.errors import InvalidSettings
from satchel.setting_table import SETTINGS
from satchel.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    """The present directory, in which `satchel.toml` is looked for."""
    with chdir(tmp_path):
        yield tmp_path


def refused(environment: dict[str, str], **options: object) -> dict[str, str]:
    """Return what is wrong, by the place where it was set."""
    with pytest.raises(InvalidSettings) as caught:
        read_settings(environment, **options)
    return {fault.name: fault.message for fault in caught.value.faults}


def test_without_any_setting_everything_stays_on_this_machine() -> None:
    settings = read_settings({})

    assert settings.host == "127.0.0.1"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.database_url is None
    assert settings.trusted_proxies == ()


def test_an_option_goes_before_the_environment_and_that_before_the_file(folder: Path) -> None:
    (folder / "satchel.toml").write_text('port = 1\nhost = "10.0.0.1"\nlog_level = "error"\n')
    environment = {"SATCHEL_PORT": "2", "SATCHEL_HOST": "10.0.0.2"}

    settings = read_settings(environment, port=3, host=None)

    assert (settings.port, settings.host, settings.log_level) == (3, "10.0.0.2", "error")


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings({"SATCHEL_PORT": ""}).port == 8080


def test_the_file_may_lie_elsewhere_but_then_must_be_there(folder: Path) -> None:
    other = folder / "other.toml"
    other.write_text("port = 7000\n")

    assert read_settings({"SATCHEL_CONFIG": str(other)}).port == 7000
    assert list(refused({"SATCHEL_CONFIG": str(folder / "none.toml")})) == [str(folder / "none.toml")]


@pytest.mark.parametrize("text", ["port = ", "\x00", "port = 1\nport = 2"])
def test_a_file_that_cannot_be_read_is_told_with_its_name(folder: Path, text: str) -> None:
    (folder / "satchel.toml").write_text(text)

    assert refused({})["satchel.toml"].startswith("cannot be read")


def test_everything_that_is_wrong_is_told_at_once_with_its_place(folder: Path) -> None:
    (folder / "satchel.toml").write_text('prot = 8080\nlog_format = "xml"\n')

    found = refused({"SATCHEL_POOL_SIZE": "none", "SATCHEL_PUBLIC_URL": "ftp://x"}, port=70_000)

    assert found == {
        "prot in satchel.toml": "there is no such setting; did you mean port?",
        "log_format in satchel.toml": "must be one of auto, console, json (it is 'xml')",
        "SATCHEL_POOL_SIZE": "must be a whole number from 2 to 500 (it is 'none')",
        "SATCHEL_PUBLIC_URL": "must be an http or https address without a query (it is 'ftp://x')",
        "--port": "must be a whole number from 1 to 65535 (it is 70000)",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SATCHEL_PORT", "0"),
        ("SATCHEL_PORT", "80.5"),
        ("SATCHEL_TICKET_LIFETIME_S", "9"),
        ("SATCHEL_TICKET_LIFETIME_S", "10m"),
        ("SATCHEL_DEFAULT_QUOTA_BYTES", "-1"),
        ("SATCHEL_TRUSTED_PROXIES", "10.0.0.0/40"),
        ("SATCHEL_TRUSTED_PROXIES", "*"),
        ("SATCHEL_PUBLIC_URL", "https://"),
        ("SATCHEL_PUBLIC_URL", "https://x/?a=b"),
        ("SATCHEL_HOST", " "),
        ("SATCHEL_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_out_of_its_range_is_refused(name: str, value: str) -> None:
    assert list(refused({name: value})) == [name]


@pytest.mark.parametrize("given", ["port = true", "port = 80.0", "port = [80]"])
def test_the_file_holds_values_of_the_right_type(folder: Path, given: str) -> None:
    (folder / "satchel.toml").write_text(given)

    assert list(refused({})) == ["port in satchel.toml"]


@pytest.mark.parametrize(
    "held", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_of_authorities_holds_certificates(folder: Path, held: str) -> None:
    (folder / "ca.pem").write_text(held)

    for path in (folder / "ca.pem", folder, folder / "none.pem"):
        assert list(refused({"SATCHEL_OUTBOUND_CA_FILE": str(path)})) == ["SATCHEL_OUTBOUND_CA_FILE"]


def test_a_database_address_is_shown_neither_in_a_refusal_nor_in_the_settings() -> None:
    with pytest.raises(InvalidSettings) as caught:
        read_settings({"SATCHEL_DATABASE_URL": "mysql://me:hunter2@host/db"})
    settings = read_settings({"SATCHEL_DATABASE_URL": "postgresql://me:hunter2@host/db"})

    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(settings)
    assert settings.database_url == "postgresql://me:hunter2@host/db"


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:9000"), ("::", "http://127.0.0.1:9000"), ("fd00::1", "http://[fd00::1]:9000")],  # noqa: S104  # nothing is bound
)
def test_the_address_that_is_handed_out_follows_from_host_and_port(host: str, address: str) -> None:
    assert read_settings({"SATCHEL_HOST": host, "SATCHEL_PORT": "9000"}).public_url == address


def test_the_address_that_is_handed_out_has_no_slash_at_its_end() -> None:
    assert read_settings({"SATCHEL_PUBLIC_URL": "https://files.example/satchel/"}).public_url == (
        "https://files.example/satchel"
    )


def test_values_reach_the_actions_and_the_edge() -> None:
    settings = read_settings(
        {
            "SATCHEL_LINK_LIFETIME_S": "90",
            "SATCHEL_DEFAULT_QUOTA_BYTES": "1000",
            "SATCHEL_HEADER_DEADLINE_S": "3",
            "SATCHEL_TRUSTED_PROXIES": "10.0.0.0/8, 192.168.1.7",
        }
    )

    assert settings.policy().link_lifetime == timedelta(seconds=90)
    assert settings.policy().default_quota_bytes == 1000
    assert settings.edge().header_deadline_s == 3
    assert settings.edge().trusted_proxies == ("10.0.0.0/8", "192.168.1.7/32")


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("SATCHEL_DATA_DIR", "SATCHEL_DATA_DIR there is no such setting; did you mean SATCHEL_DATA_DIRECTORY?"),
        ("SATCHEL_POOLSIZE", "SATCHEL_POOLSIZE there is no such setting; did you mean SATCHEL_POOL_SIZE?"),
        ("SATCHEL_XYZZY", "SATCHEL_XYZZY there is no such setting"),
    ],
)
def test_a_variable_that_no_setting_has_is_named_with_the_one_that_was_meant(variable: str, said: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        read_settings({variable: "8"})

    assert [f"{fault.name} {fault.message}" for fault in refused.value.faults] == [said]


@pytest.mark.parametrize(
    "variable",
    [
        "SATCHEL_URL",
        "SATCHEL_PASSWORD",
        "SATCHEL_SERVICE_HOST",
        "SATCHEL_SERVICE_PORT_HTTP",
        "SATCHEL_PORT_8080_TCP_ADDR",
    ],
)
def test_variables_of_commands_and_of_kubernetes_are_no_mistyped_settings(variable: str) -> None:
    assert read_settings({variable: "10.0.0.7"}).port == 8080


def test_the_table_names_each_setting_once() -> None:
    assert [setting.name for setting in SETTINGS] == [field.name for field in fields(Settings)]


@pytest.mark.parametrize("setting", [s for s in SETTINGS if s.default not in (None, ())], ids=lambda s: s.name)
def test_a_default_is_within_what_is_allowed(setting: object) -> None:
    assert isinstance(setting, type(SETTINGS[0]))
    given = int(setting.default.total_seconds()) if isinstance(setting.default, timedelta) else setting.default

    assert setting.parse(given) == setting.default


def test_the_page_of_settings_is_up_to_date() -> None:
    page = settings_page.PAGE.read_text(encoding="utf-8")

    assert page == settings_page.render(page), "run `make reference`"
