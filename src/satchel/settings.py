"""Settings: the only reader of the environment and of `satchel.toml`.

Precedence: a command's option, then the environment (`SATCHEL_PORT`), then `satchel.toml` (`port = 8080`) in the
current directory or at SATCHEL_CONFIG, then the default. Every setting has its unit in its name or type; all faults
are reported at once. `satchel.setting_table` lists them.
"""

import os
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

from satchel.model.edge import Edge
from satchel.model.errors import InvalidSettings, SettingFault
from satchel.model.mail import MailServer
from satchel.model.policy import Policy
from satchel.setting_table import PREFIX, SETTINGS, Setting

CONFIG_FILE = "satchel.toml"

_LIKENESS = 0.7
"""How alike an unknown name and a setting's must be, of 1, for the one to be taken for the other."""

_OTHERS = re.compile(r"CONFIG|URL|TOKEN|SECRET|PASSWORD|DEMO|TEST_.+|SERVICE_(HOST|PORT.*)|PORT_\d+_.+")
"""Variables with our prefix that are no settings: of commands and tests, and those that Kubernetes sets."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """The settings of one process; see `SETTINGS` for their meaning. Its repr is `object`'s: it reveals no secret."""

    data_directory: Path
    database_url: str | None
    host: str
    port: int
    public_url: str
    trusted_proxies: tuple[str, ...]
    x_accel_prefix: str | None
    cors_origins: tuple[str, ...]
    metrics_token: str | None
    processes: int
    pool_size: int
    pool_wait_s: timedelta
    lock_wait_s: timedelta
    worker_concurrency: int
    worker_port: int | None
    worker_silence_s: timedelta
    ticket_lifetime_s: timedelta
    start_upload_lifetime_s: timedelta
    link_lifetime_s: timedelta
    export_lifetime_s: timedelta
    export_directory: Path | None
    restore_window_s: timedelta
    sweep_grace_s: timedelta
    session_lifetime_s: timedelta
    session_max_lifetime_s: timedelta
    secrets_key: bytes | None
    smtp_url: MailServer | None
    mail_from: str
    mail_bytes: int
    outbound_allow: tuple[str, ...]
    outbound_ca_file: Path | None
    outbound_call_bytes: int
    default_quota_bytes: int
    default_max_file_bytes: int
    max_json_bytes: int
    min_body_rate_bytes_s: int
    header_deadline_s: int
    grace_s: int
    navixy_strict: str
    navixy_requests_per_second: int
    questetra_unknown: str
    questetra_csv: str
    log_format: str
    log_level: str

    def policy(self) -> Policy:
        """Return the settings of the actions."""
        return Policy(
            public_url=self.public_url,
            ticket_lifetime=self.ticket_lifetime_s,
            start_upload_lifetime=self.start_upload_lifetime_s,
            link_lifetime=self.link_lifetime_s,
            export_lifetime=self.export_lifetime_s,
            export_directory=self.export_directory,
            restore_window=self.restore_window_s,
            sweep_grace=self.sweep_grace_s,
            session_lifetime=self.session_lifetime_s,
            session_max_lifetime=self.session_max_lifetime_s,
            default_quota_bytes=self.default_quota_bytes,
            default_max_file_bytes=self.default_max_file_bytes,
            outbound_call_bytes=self.outbound_call_bytes,
            mail_bytes=self.mail_bytes,
            mail_from=self.mail_from,
            navixy_strict=self.navixy_strict == "on",
            navixy_requests_per_second=self.navixy_requests_per_second or None,
            questetra_ignores_unknown=self.questetra_unknown == "ignore",
            questetra_safe_csv=self.questetra_csv == "safe",
        )

    def edge(self) -> Edge:
        """Return the settings of the listening server."""
        return Edge(
            header_deadline_s=float(self.header_deadline_s), grace_s=self.grace_s, trusted_proxies=self.trusted_proxies
        )


def variables(names: Sequence[str]) -> dict[str, str]:
    """Return the given variables of the environment that are set: credentials of other systems, for commands."""
    return {name: os.environ[name] for name in names if os.environ.get(name)}  # noqa: TID251  # the one place


def read_settings(environment: Mapping[str, str] | None = None, **options: object) -> Settings:
    """Return the settings of this process.

    Args:
        environment: instead of the process's, for tests.
        options: of a command, by setting; None means not given.

    Raises:
        InvalidSettings: with all faults.
    """
    variables = dict(os.environ) if environment is None else environment  # noqa: TID251  # the one place that reads it
    from_file, faults = _read_file(Path(variables.get(PREFIX + "CONFIG", CONFIG_FILE)), PREFIX + "CONFIG" in variables)
    known = {setting.variable for setting in SETTINGS}
    faults += [
        _unknown(name, name, known)
        for name in sorted(variables)
        if name.startswith(PREFIX) and name not in known and not _OTHERS.fullmatch(name.removeprefix(PREFIX))
    ]
    found: dict[str, object] = {}
    for setting in SETTINGS:
        where, given = _source(setting, options, variables, from_file)
        try:
            found[setting.name] = setting.default if given is None else setting.parse(given)
        except ValueError as error:
            shown = "" if setting.is_secret else f" (it is {given!r})"
            faults.append(SettingFault(name=where, message=f"{error}{shown}"))
    if faults:
        raise InvalidSettings(faults)
    if found["public_url"] is None:
        host = str(found["host"])
        named = "127.0.0.1" if host in ("", "0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104  # compared
        found["public_url"] = f"http://{named}:{found['port']}"
    return Settings(**found)  # type: ignore[arg-type]  # each was parsed to its type


def _source(
    setting: Setting, options: Mapping[str, object], variables: Mapping[str, str], from_file: Mapping[str, object]
) -> tuple[str, object]:
    if options.get(setting.name) is not None:
        return f"--{setting.name.replace('_', '-')}", options[setting.name]
    if variables.get(setting.variable, "") != "":
        return setting.variable, variables[setting.variable]
    return f"{setting.name} in {CONFIG_FILE}", from_file.get(setting.name)


def _read_file(path: Path, is_named: bool) -> tuple[dict[str, object], list[SettingFault]]:  # noqa: FBT001  # private
    if not path.exists() and not is_named:
        return {}, []
    try:
        given: dict[str, object] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return {}, [SettingFault(name=str(path), message=f"cannot be read: {error}")]
    known = {setting.name for setting in SETTINGS}
    return given, [_unknown(f"{name} in {path.name}", name, known) for name in given if name not in known]


def _unknown(place: str, name: str, known: Collection[str]) -> SettingFault:
    """Return the fault of a name that no setting has, with the one that is most like it."""
    bare = {one.removeprefix(PREFIX): one for one in known}
    likely = get_close_matches(name.removeprefix(PREFIX), bare, n=1, cutoff=_LIKENESS)
    meant = f"; did you mean {bare[likely[0]]}?" if likely else ""
    return SettingFault(name=place, message=f"there is no such setting{meant}")
