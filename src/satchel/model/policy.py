"""The durations and bounds that an administrator may set, for the actions."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

MEBIBYTE = 1024 * 1024
GIBIBYTE = 1024 * MEBIBYTE
SECRETS_KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Lifetimes and maximum sizes; filled by `satchel.settings`.

    Attributes:
        ticket_lifetime: of an upload in `created` or `receiving`.
        start_upload_lifetime: of an upload for a start form that no start has named, and of a form for a check-in that
            was never made; they have no task or instance whose end could end them.
        lease: how long a writer of an upload counts as alive without a heartbeat.
        link_lifetime: of a signed link.
        export_lifetime: of an export, from when it is ready.
        export_directory: for the files of schedules; None disables schedules.
        restore_window: how long a deleted file can be restored.
        sweep_grace: how old unreferenced bytes must be before they are deleted.
        session_lifetime: of a browser session without a request.
        session_max_lifetime: of a browser session in all.
        download_event_window: one download event per credential, file and window.
        idempotency_lifetime: how long an Idempotency-Key is remembered.
        default_quota_bytes, default_max_file_bytes: of a new account.
        outbound_call_bytes: maximum size of a call's form-data body, including the headers of its parts.
        mail_bytes: maximum size of a mail with its attached files, encoded.
        mail_from: its sender.
        mail_timeout: how long each step of a conversation with the mail server may take, for notifications.
        navixy_strict: whether the Navixy surface accepts files and values only for forms that were submitted before.
        navixy_requests_per_second: how many requests a user, and an address, may make at the Navixy surface; None for
            any number.
        questetra_ignores_unknown: whether unknown parameters and criteria at the Questetra surface are ignored.
        questetra_safe_csv: whether the Questetra surface escapes what a spreadsheet would run as a formula in its CSV.
        max_call_depth: how many call activities may be nested.
    """

    public_url: str = "http://127.0.0.1:8080"
    ticket_lifetime: timedelta = timedelta(minutes=10)
    start_upload_lifetime: timedelta = timedelta(hours=24)
    lease: timedelta = timedelta(seconds=30)
    link_lifetime: timedelta = timedelta(minutes=5)
    export_lifetime: timedelta = timedelta(hours=24)
    export_directory: Path | None = None
    restore_window: timedelta = timedelta(seconds=30)
    sweep_grace: timedelta = timedelta(hours=1)
    session_lifetime: timedelta = timedelta(hours=12)
    session_max_lifetime: timedelta = timedelta(days=7)
    download_event_window: timedelta = timedelta(minutes=10)
    idempotency_lifetime: timedelta = timedelta(hours=24)
    default_quota_bytes: int = 50 * GIBIBYTE
    default_max_file_bytes: int = 5 * GIBIBYTE
    outbound_call_bytes: int = 10 * MEBIBYTE
    mail_bytes: int = 20 * MEBIBYTE
    mail_from: str = "satchel@localhost"
    mail_timeout: timedelta = timedelta(seconds=30)
    navixy_strict: bool = False
    navixy_requests_per_second: int | None = None
    questetra_ignores_unknown: bool = False
    questetra_safe_csv: bool = False
    max_call_depth: int = 16
