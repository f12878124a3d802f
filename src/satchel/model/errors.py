"""The one tree of errors.

Each error has a stable `code` (used by surfaces' tables and by clients), a `kind` (the category of the refusal, and so
its HTTP status on the native API) and a message built here: what happened, to what, and what to do. Surfaces translate
by table; no code matches on messages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import ClassVar

from satchel.model.error_kinds import ErrorKind as ErrorKind  # noqa: PLC0414  # of errors, so it is importable here
from satchel.model.faults import FieldFault as FieldFault  # noqa: PLC0414  # errors carry them, so they are importable here
from satchel.model.faults import Finding as Finding  # noqa: PLC0414  # same
from satchel.model.faults import SettingFault as SettingFault  # noqa: PLC0414  # same
from satchel.model.faults import counted


class SatchelError(Exception):
    """Anything that Satchel refuses or cannot do.

    Attributes:
        code: stable, lower-case words joined by underscores.
        kind: the category of the refusal.
        message: one or two sentences for a person.
        members: further members of the problem document, JSON-compatible.
    """

    code: ClassVar[str] = "error"
    kind: ClassVar[ErrorKind] = ErrorKind.INVALID

    def __init__(self, message: str, **members: object) -> None:
        super().__init__(message)
        self.message = message
        self.members: Mapping[str, object] = {name: value for name, value in members.items() if value is not None}


class InvalidRequest(SatchelError):
    """The request itself is malformed: its syntax, a parameter, a header."""

    code = "invalid_request"
    kind = ErrorKind.INVALID


class InvalidValues(SatchelError):
    """One or more values break their field's type, limits or access; nothing was saved."""

    code = "invalid_values"
    kind = ErrorKind.UNPROCESSABLE

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        names = ", ".join(dict.fromkeys(fault.field or "(form)" for fault in faults))
        super().__init__(
            f"{len(faults)} value(s) were refused ({names}); nothing was saved. Correct them and send again.",
            errors=[asdict(fault) for fault in faults],
        )
        self.faults = tuple(faults)


class IdempotencyKeyReused(SatchelError):
    """An Idempotency-Key was sent with another body than the first time."""

    code = "idempotency_key_reused"
    kind = ErrorKind.UNPROCESSABLE


class MethodNotAllowed(SatchelError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    kind = ErrorKind.METHOD

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not possible here; {', '.join(allowed)} is.", allowed=list(allowed))
        self.allowed = tuple(allowed)


class Unauthenticated(SatchelError):
    """No credential, or one that is unknown, expired or revoked."""

    code = "unauthenticated"
    kind = ErrorKind.UNAUTHENTICATED

    def __init__(self, message: str = "Sign in: the credential is missing, unknown, expired or revoked.") -> None:
        super().__init__(message)


class SessionEnded(Unauthenticated):
    """A browser's session is over: it expired, was revoked or signed out. Sign in again and repeat the request."""

    code = "session_ended"

    def __init__(self) -> None:
        super().__init__("Your session has ended. Sign in again and repeat what you did.")


class ChooseAccount(SatchelError):
    """The e-mail and password fit several accounts; repeat the request with the name of one."""

    code = "choose_account"
    kind = ErrorKind.CONFLICT

    def __init__(self, accounts: Sequence[str]) -> None:
        super().__init__(
            f"You sign in to several accounts with these: {', '.join(accounts)}. Send the name of one as account.",
            accounts=list(accounts),
        )


class Forbidden(SatchelError):
    """The actor may see that the thing exists but may not do this to it."""

    code = "forbidden"
    kind = ErrorKind.FORBIDDEN


class NotFound(SatchelError):
    """The thing does not exist, or the actor may not know of it; the two are not distinguished."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND

    def __init__(self, what: str, which: object = None) -> None:
        named = f"{what} {which}" if which is not None else what
        super().__init__(f"There is no {named} here, or you may not see it.", what=what)


class Conflict(SatchelError):
    """The thing's current state does not allow this."""

    code = "conflict"
    kind = ErrorKind.CONFLICT


class InvalidState(Conflict):
    """A task, instance or upload is in a state that does not allow this."""

    code = "invalid_state"


class Busy(Conflict):
    """Another request is working on the same thing; try again when it is finished.

    Attributes:
        retry_after_s: when to try again.
    """

    code = "busy"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PreconditionFailed(SatchelError):
    """The thing changed since the client last read it."""

    code = "changed_meanwhile"
    kind = ErrorKind.PRECONDITION

    def __init__(self, what: str, current: str) -> None:
        super().__init__(
            f"The {what} changed since you read it. Read it again and repeat your change.", current=current
        )


class UnsupportedVersion(SatchelError):
    """The request is of a version of a protocol that the server does not support."""

    code = "unsupported_version"
    kind = ErrorKind.PRECONDITION

    def __init__(self, header: str, given: str | None, supported: str) -> None:
        said = f"{header}: {given[:40]} is not supported" if given is not None else f"{header} is missing"
        super().__init__(f"{said}. Send {header}: {supported}.", supported=supported)


class LengthRequired(SatchelError):
    """A form with files came without Content-Length, so that no room can be reserved for them."""

    code = "length_required"
    kind = ErrorKind.LENGTH_REQUIRED


class PreconditionRequired(SatchelError):
    """A change that must name its base version was sent without one."""

    code = "if_match_required"
    kind = ErrorKind.PRECONDITION_REQUIRED


class Gone(SatchelError):
    """The thing existed and has ended: an expired ticket or link, a deleted file."""

    code = "gone"
    kind = ErrorKind.GONE


class UploadExpired(Gone):
    """The upload ticket has expired; its reservation is released."""

    code = "upload_expired"

    def __init__(self, upload: int, reason: str) -> None:
        super().__init__(
            f"Upload {upload} has ended ({reason}). Request a new ticket and send the file again.", upload=upload
        )


class TooLarge(SatchelError):
    """A file or a body is larger than its limit.

    Attributes:
        is_of_body: whether it is the whole request body, before it was parsed.
    """

    code = "too_large"
    kind = ErrorKind.TOO_LARGE

    def __init__(self, what: str, limit_bytes: int, size_bytes: int | None = None, *, is_of_body: bool = False) -> None:
        self.is_of_body = is_of_body
        sent = f"{size_bytes} bytes were" if size_bytes is not None else "more was"
        message = f"{what} may have {limit_bytes} bytes at most; {sent} sent."
        super().__init__(message, limit_bytes=limit_bytes, size_bytes=size_bytes)


class BodyCutShort(InvalidRequest):
    """The request's body ended early; the client has probably disconnected."""

    code = "body_cut_short"

    def __init__(self) -> None:
        super().__init__("The request's body ended before it was complete. Send it again.")


class BodyTooSlow(SatchelError):
    """The request's body arrives more slowly than the server waits for."""

    code = "body_too_slow"
    kind = ErrorKind.TIMEOUT

    def __init__(self) -> None:
        super().__init__("The request's body arrives too slowly. Send it again over a better connection, or in pieces.")


class UnsupportedMedia(SatchelError):
    """This address does not accept the body's type or encoding."""

    code = "unsupported_media"
    kind = ErrorKind.UNSUPPORTED


class RangeNotSatisfiable(SatchelError):
    """A Range is outside the content."""

    code = "range_not_satisfiable"
    kind = ErrorKind.RANGE

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The content has {size_bytes} bytes; none of them are in that range.", size_bytes=size_bytes)
        self.size_bytes = size_bytes


class BadFile(SatchelError):
    """A file's size, type, digest or count breaks its field's limits.

    Each limit has its own code, one of `codes`.
    """

    code = "bad_file"
    kind = ErrorKind.UNPROCESSABLE
    codes: ClassVar[tuple[str, ...]] = (
        *("file_too_small", "file_type", "file_not_image", "digest_mismatch", "too_many_files", "too_many_unclaimed"),
        *("not_a_file_field", "empty_file_name", "file_name", "metadata_not_image"),
    )

    def __init__(self, code: str, message: str, **members: object) -> None:
        super().__init__(message, **members)
        self.code = code  # type: ignore[misc]  # each limit has its own stable code under one class


class ChecksumMismatch(SatchelError):
    """A tus chunk does not have the checksum that was sent with it; the chunk was discarded."""

    code = "checksum_mismatch"
    kind = ErrorKind.CHECKSUM


class OverQuota(SatchelError):
    """The account's quota is exceeded; the members have the numbers."""

    code = "over_quota"
    kind = ErrorKind.STORAGE

    def __init__(self, *, needed_bytes: int, used_bytes: int, reserved_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"{needed_bytes} bytes do not fit: {used_bytes} used and {reserved_bytes} reserved of {limit_bytes}. "
            "Delete files or ask an administrator for more storage.",
            needed_bytes=needed_bytes,
            used_bytes=used_bytes,
            reserved_bytes=reserved_bytes,
            limit_bytes=limit_bytes,
        )


class DiskFull(SatchelError):
    """The server's disk is full; nothing was recorded, and reading still works."""

    code = "disk_full"
    kind = ErrorKind.STORAGE

    def __init__(self) -> None:
        super().__init__(
            "The server's disk is full; nothing was recorded. Free space on the server and send the file again."
        )


class BlobMissing(SatchelError):
    """A file's row names bytes that the store does not have: damage that `satchel doctor` reports."""

    code = "bytes_missing"
    kind = ErrorKind.UNAVAILABLE


class Unavailable(SatchelError):
    """A part of the server cannot be reached at the moment."""

    code = "unavailable"
    kind = ErrorKind.UNAVAILABLE


class DatabaseUnavailable(Unavailable):
    """The database cannot be started, found or reached; the message states why and what to do."""

    code = "database_unavailable"


class TooManyRequests(SatchelError):
    """A rate limit was reached."""

    code = "too_many_requests"
    kind = ErrorKind.TOO_MANY

    def __init__(self, message: str, retry_at: datetime) -> None:
        super().__init__(message, retry_at=retry_at.isoformat())
        self.retry_at = retry_at


class InvalidSettings(SatchelError):
    """One or more settings are wrong; the process does not start."""

    code = "invalid_settings"
    kind = ErrorKind.INVALID

    def __init__(self, faults: Sequence[SettingFault]) -> None:
        listed = "; ".join(f"{fault.name} {fault.message}" for fault in faults)
        super().__init__(f"{len(faults)} setting(s) are wrong: {listed}. Correct them and start again.")
        self.faults = tuple(faults)


class InvalidBundle(SatchelError):
    """An app bundle has faults; nothing was deployed."""

    code = "invalid_bundle"
    kind = ErrorKind.UNPROCESSABLE

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            f"The bundle has {counted(findings)}; nothing was deployed. Fix the errors and deploy again.",
            findings=[asdict(finding) for finding in findings],
        )
        self.findings = tuple(findings)


class EngineStopped(SatchelError):
    """The process cannot continue from here, and nothing of this step was kept.

    Raised for a condition that is neither true nor false, an exhausted gateway, a loop over its limit. The caller
    opens an incident with these members.
    """

    code = "incident"
    kind = ErrorKind.CONFLICT

    def __init__(self, *, reason: str, element: str, message: str, values: Mapping[str, object]) -> None:
        super().__init__(message, reason=reason, element=element, values=dict(values))
        self.reason = reason
        self.element = element
        self.values = values


class CorruptState(SatchelError):
    """The stored state of a running process cannot be read, or belongs to another: damage, not a refusal."""

    code = "corrupt_state"
    kind = ErrorKind.UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__(f"The stored state cannot be used: {reason}. Restore the instance from a backup.")
