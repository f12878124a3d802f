"""The table of all settings: name, parser, default and meaning. docs/reference/settings.md is generated from it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from satchel.model.policy import GIBIBYTE
from satchel.setting_kinds import (
    Parser,
    authorities,
    database_url,
    destinations,
    integer,
    networks,
    one_of,
    origins,
    path_of,
    seconds,
    secret_key,
    smtp_url,
    text_of,
    token_of,
    url_of,
)

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
        name="cors_origins",
        parse=origins,
        default=(),
        meaning="Origins, separated by commas, whose pages may call the native API and tus with a token.",
    ),
    Setting(
        name="metrics_token",
        parse=token_of,
        default=None,
        meaning="Bearer token required by /metrics; without it, only programs on the same machine are answered.",
        is_secret=True,
    ),
    Setting(
        name="processes",
        parse=integer(1, 32),
        default=1,
        meaning="Processes that answer HTTP. With more than one, another runs the jobs and the embedded database.",
    ),
    Setting(
        name="pool_size",
        parse=integer(2, 500),
        default=16,
        meaning="Database connections of one server, shared evenly by its processes.",
    ),
    Setting(
        name="pool_wait_s",
        parse=seconds(1, 60),
        default=timedelta(seconds=2),
        meaning="How long a request waits for a free database connection before it is refused with 503, in seconds.",
    ),
    Setting(
        name="lock_wait_s",
        parse=seconds(1, 60),
        default=timedelta(seconds=2),
        meaning="How long a request waits for another change of the same thing before 409 `busy`, in seconds.",
    ),
    Setting(name="worker_concurrency", parse=integer(1, 100), default=4, meaning="Jobs that one worker runs at once."),
    Setting(
        name="worker_port",
        parse=integer(1, 65535),
        default=None,
        meaning="Port on which `satchel worker` answers /healthz, /readyz and /metrics; without it, on none.",
    ),
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
        name="navixy_requests_per_second",
        parse=integer(0, 1_000_000),
        default=0,
        meaning="Maximum requests a second of a user, and of an address, at the Navixy API (Navixy: 50). 0: no limit.",
    ),
    Setting(
        name="questetra_unknown",
        parse=one_of("refuse", "ignore"),
        default="refuse",
        meaning="Whether the Questetra API refuses or ignores unknown parameters and criteria.",
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
