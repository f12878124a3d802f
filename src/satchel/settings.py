"""Settings: the only reader of the environment and of `satchel.toml`.

Precedence: a command's option, then the environment (`SATCHEL_PORT`), then `satchel.toml` (`port = 8080`) in the
current directory or at SATCHEL_CONFIG, then the default. Every setting has its unit in its name or type; all faults
are reported at once. `SETTINGS` is the table that docs/reference/settings.md is generated from.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from satchel.model.edge import Edge
from satchel.model.errors import InvalidSettings, SettingFault
from satchel.model.mail import MailServer
from satchel.model.policy import GIBIBYTE, Policy
from satchel.setting_kinds import (
    Parser,
    authorities,
    database_url,
    destinations,
    integer,
    networks,
    one_of,
    path_of,
    seconds,
    secret_key,
    smtp_url,
    text_of,
    token_of,
    url_of,
)

CONFIG_FILE = "satchel.toml"
PREFIX = "SATCHEL_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its parser, its default, and its meaning."""

    name: str
    parse: Parser
    default: object
    meaning: str
    is_secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    @property
    def allowed(self) -> str:
        """The allowed values, in the words of the refusal."""
        for wrong in ("?", None):
            try:
                self.parse(wrong)
            except ValueError as refusal:
                return str(refusal).removeprefix("must be ")
        raise AssertionError(f"{self.name} takes anything")


_DAY = 24 * 3600
SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="data_directory",
        parse=path_of,
        default=Path("satchel-data"),
        meaning="The directory of files and the embedded database; relative to the current directory.",
    ),
    Setting(
        name="database_url",
        parse=database_url,
        default=None,
        meaning="A PostgreSQL of version 15 or later. Without it the embedded one runs in the data directory.",
        is_secret=True,
    ),
    Setting(name="host", parse=text_of, default="127.0.0.1", meaning="Address to listen on."),
    Setting(name="port", parse=integer(1, 65535), default=8080, meaning="Port to listen on."),
    Setting(
        name="public_url",
        parse=url_of,
        default=None,
        meaning="Base of every address that is returned; http://HOST:PORT by default. Behind a proxy, the proxy's.",
    ),
    Setting(
        name="trusted_proxies",
        parse=networks,
        default=(),
        meaning="Networks of proxies, separated by commas, whose X-Forwarded-For and -Proto are trusted.",
    ),
    Setting(
        name="x_accel_prefix",
        parse=text_of,
        default=None,
        meaning="An internal location of nginx that maps to DATA_DIRECTORY/blobs; it then sends the downloads.",
    ),
    Setting(
        name="metrics_token",
        parse=token_of,
        default=None,
        meaning="Bearer token required by /metrics; without it, only programs on the same machine are answered.",
        is_secret=True,
    ),
    Setting(name="pool_size", parse=integer(2, 500), default=16, meaning="Database connections of one process."),
    Setting(name="worker_concurrency", parse=integer(1, 100), default=4, meaning="Jobs that one worker runs at once."),
    Setting(
        name="worker_silence_s",
        parse=seconds(3, 3600),
        default=timedelta(seconds=30),
        meaning="How long until another worker takes over a job of a worker that died, in seconds.",
    ),
    Setting(
        name="ticket_lifetime_s",
        parse=seconds(10, _DAY),
        default=timedelta(minutes=10),
        meaning="How long an upload ticket waits for its bytes, in seconds.",
    ),
    Setting(
        name="start_upload_lifetime_s",
        parse=seconds(60, 30 * _DAY),
        default=timedelta(days=1),
        meaning="How long an upload for a start form waits to be named by a start, in seconds.",
    ),
    Setting(
        name="link_lifetime_s",
        parse=seconds(1, 7 * _DAY),
        default=timedelta(minutes=5),
        meaning="How long a signed link is valid by default, in seconds.",
    ),
    Setting(
        name="export_lifetime_s",
        parse=seconds(60, 30 * _DAY),
        default=timedelta(days=1),
        meaning="How long an export can be downloaded, and keeps the bytes of its files, in seconds.",
    ),
    Setting(
        name="export_directory",
        parse=path_of,
        default=None,
        meaning="The directory for files of schedules, with a folder per account. Without it there are no schedules.",
    ),
    Setting(
        name="restore_window_s",
        parse=seconds(0, 365 * _DAY),
        default=timedelta(seconds=30),
        meaning="How long a deleted file can be restored, in seconds.",
    ),
    Setting(
        name="sweep_grace_s",
        parse=seconds(60, 30 * _DAY),
        default=timedelta(hours=1),
        meaning="How old unreferenced bytes must be before they are deleted, in seconds.",
    ),
    Setting(
        name="session_lifetime_s",
        parse=seconds(60, 365 * _DAY),
        default=timedelta(hours=12),
        meaning="How long a browser stays signed in without a request, in seconds.",
    ),
    Setting(
        name="session_max_lifetime_s",
        parse=seconds(60, 365 * _DAY),
        default=timedelta(days=7),
        meaning="How long a browser stays signed in at most, however much it is used, in seconds.",
    ),
    Setting(
        name="secrets_key",
        parse=secret_key,
        default=None,
        meaning="Key that seals secrets, 64 hex digits. Without it, DATA_DIRECTORY/secrets.key, created once.",
        is_secret=True,
    ),
    Setting(
        name="smtp_url",
        parse=smtp_url,
        default=None,
        meaning="Mail server: smtp://, smtp+starttls:// or smtps://, USER:PASSWORD@ if required, HOST:PORT.",
        is_secret=True,
    ),
    Setting(name="mail_from", parse=text_of, default="satchel@localhost", meaning="Sender of mail."),
    Setting(
        name="mail_bytes",
        parse=integer(1024, 2**30),
        default=20 * 1024 * 1024,
        meaning="Largest mail with its attached files, encoded, in bytes.",
    ),
    Setting(
        name="outbound_allow",
        parse=destinations,
        default=(),
        meaning="Private addresses that outbound calls may reach, separated by commas, each with its port.",
    ),
    Setting(
        name="outbound_ca_file",
        parse=authorities,
        default=None,
        meaning="Certificates of authorities that calls and mail trust besides the system's, as PEM.",
    ),
    Setting(
        name="outbound_call_bytes",
        parse=integer(1024, 2**40),
        default=10 * 1024 * 1024,
        meaning="Largest body of a call that sends files as form-data, in bytes.",
    ),
    Setting(
        name="default_quota_bytes",
        parse=integer(0, 2**60),
        default=50 * GIBIBYTE,
        meaning="Storage quota of a new account, in bytes.",
    ),
    Setting(
        name="default_max_file_bytes",
        parse=integer(1, 2**50),
        default=5 * GIBIBYTE,
        meaning="Largest file of a new account where the field sets no limit, in bytes.",
    ),
    Setting(
        name="max_json_bytes",
        parse=integer(1024, 64 * 1024 * 1024),
        default=1024 * 1024,
        meaning="Largest JSON body that is accepted, in bytes.",
    ),
    Setting(
        name="min_body_rate_bytes_s",
        parse=integer(0, 2**30),
        default=1024,
        meaning="Minimum rate of a body, in bytes a second over 30 seconds.",
    ),
    Setting(
        name="header_deadline_s",
        parse=integer(1, 300),
        default=10,
        meaning="How long a request's headers may take, in seconds.",
    ),
    Setting(
        name="grace_s",
        parse=integer(0, 3600),
        default=30,
        meaning="How long running requests may take when the server stops, in seconds.",
    ),
    Setting(
        name="navixy_strict",
        parse=one_of("off", "on"),
        default="off",
        meaning="Whether the Navixy API accepts files and values only for forms that were submitted before.",
    ),
    Setting(
        name="questetra_csv", parse=one_of("plain", "safe"), default="plain", meaning="safe: CSV without formulas."
    ),
    Setting(
        name="log_format",
        parse=one_of("auto", "console", "json"),
        default="auto",
        meaning="auto is console on a terminal and json elsewhere.",
    ),
    Setting(
        name="log_level",
        parse=one_of("debug", "info", "warning", "error"),
        default="info",
        meaning="The lowest level that is logged.",
    ),
)
"""Every setting, in the order of the reference page."""


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
    metrics_token: str | None
    pool_size: int
    worker_concurrency: int
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
    unknown = [
        SettingFault(name=f"{name} in {path.name}", message="there is no such setting")
        for name in given
        if name not in known
    ]
    return given, unknown
