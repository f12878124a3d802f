"""Alloy's error envelope: numbers and texts by table, and the few HTTP statuses that are not 200."""

from collections.abc import Mapping, Sequence

from satchel.model.errors import (
    BadFile,
    BlobMissing,
    BodyTooSlow,
    Conflict,
    CorruptState,
    DiskFull,
    EngineStopped,
    FieldFault,
    Forbidden,
    Gone,
    InvalidRequest,
    InvalidState,
    InvalidValues,
    MethodNotAllowed,
    NotFound,
    OverQuota,
    RangeNotSatisfiable,
    SatchelError,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from satchel.surfaces.alloy import outputs
from satchel.surfaces.kit.errors import by_class
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.wording import error_text, fault_text

UNEXPECTED = 1
DENIED = 100
NO_PERMISSION = 101
NO_OBJECT = 102
NO_ATTACHMENT = 103
UNKNOWN_CLASS = 104
UNKNOWN_FIELD = 105
NO_ACTION = 106
MANDATORY = 107
INVALID_COMBINATION = 108
FILE_TOO_LARGE = 109
MALFORMED = 110
OVER_QUOTA = 111
DISK_FULL = 112
BAD_VALUE = 113

NO_PERMISSION_TEXT = "You do not have enough permissions to access this item."
DENIED_TEXT = "Authorization has been denied for this request."

_BY_CLASS: tuple[tuple[type[SatchelError], tuple[int, int]], ...] = (
    (TooManyRequests, (DENIED, 401)),
    (Unauthenticated, (DENIED, 401)),
    (Forbidden, (NO_PERMISSION, 200)),
    (MethodNotAllowed, (MALFORMED, 405)),
    (BodyTooSlow, (MALFORMED, 408)),
    (RangeNotSatisfiable, (MALFORMED, 416)),
    (OverQuota, (OVER_QUOTA, 200)),
    (DiskFull, (DISK_FULL, 507)),
    (TooLarge, (FILE_TOO_LARGE, 200)),
    (EngineStopped, (NO_ACTION, 200)),
    (InvalidState, (NO_ACTION, 200)),
    (Gone, (NO_ATTACHMENT, 200)),
    (NotFound, (NO_OBJECT, 200)),
    (BlobMissing, (UNEXPECTED, 503)),
    (CorruptState, (UNEXPECTED, 503)),
    (Unavailable, (UNEXPECTED, 503)),
    (Conflict, (MALFORMED, 200)),
    (BadFile, (MALFORMED, 200)),
    (InvalidRequest, (MALFORMED, 200)),
)
"""The first class that fits decides code and status; what none fits is a malformed request."""

_BY_FAULT: Mapping[str, int] = {
    "unknown_field": UNKNOWN_FIELD,
    "not_writable": UNKNOWN_FIELD,
    "required": MANDATORY,
    "unknown_area": MANDATORY,
}
"""Codes of a fault in a value; any other is a bad value."""

_CLASS_TEXT = "Requested object is of unknown class"


class AlloyRefusal(SatchelError):
    """A refusal that only this surface has, with its code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.number = code


def unknown_class(name: str) -> AlloyRefusal:
    """Return what another class than there is deserves."""
    return AlloyRefusal(UNKNOWN_CLASS, f"{_CLASS_TEXT}: {name[:80]}.")


def unknown_field(name: str) -> AlloyRefusal:
    """Return what another field than there is deserves."""
    return AlloyRefusal(UNKNOWN_FIELD, f'Field "{name[:80]}" is unknown.')


def no_object(name: str) -> AlloyRefusal:
    """Return what the name of no object deserves."""
    return AlloyRefusal(NO_OBJECT, f"Object {name[:80]} not found.")


def no_attachment(name: str) -> AlloyRefusal:
    """Return what the name of no attachment deserves."""
    return AlloyRefusal(NO_ATTACHMENT, f"Attachment {name[:80]} not found.")


def no_action(name: object) -> AlloyRefusal:
    """Return what the number of no action deserves."""
    return AlloyRefusal(NO_ACTION, f"The action is not available: {str(name)[:80]}.")


def document(error: SatchelError | None, exchange: Exchange) -> Reply:
    """Return an error in Alloy's envelope; None stands for one that nobody expected."""
    if error is None:
        text = f"Unexpected error; the server's log has it under {exchange.request_id}."
        return _reply(exchange, UNEXPECTED, text, 500)
    if isinstance(error, AlloyRefusal):
        return _reply(exchange, error.number, error.message, 200)
    if isinstance(error, InvalidValues):
        return _reply(exchange, *_of_values(error.faults), 200)
    if isinstance(error, NotFound) and error.members.get("what") == "address":
        return _reply(exchange, MALFORMED, error.message, 404)
    code, status = by_class(error, _BY_CLASS, (MALFORMED, 200))
    text = error_text(error)
    if code == NO_PERMISSION:
        text = NO_PERMISSION_TEXT
    elif code == NO_ACTION:
        text = f"The action's condition is not satisfied: {text}"
    if code != DENIED:
        return _reply(exchange, code, text, status)
    denied = _reply(exchange, code, DENIED_TEXT, status, Message=DENIED_TEXT)
    denied.headers["WWW-Authenticate"] = "Bearer"
    return denied


def _of_values(faults: Sequence[FieldFault]) -> tuple[int, str]:
    """Return the code of the first fault, and what all of them say."""
    text = " ".join(
        f'Field "{fault.field}" is unknown.' if fault.code == "unknown_field" else f"{fault.field}: {fault_text(fault)}"
        for fault in faults[:20]
    )
    return _BY_FAULT.get(faults[0].code, BAD_VALUE), text


def _reply(exchange: Exchange, code: int, text: str, status: int, **more: str) -> Reply:
    envelope = {"success": False, "errorCode": code, "errorText": text, "responseObject": None, **more}
    return outputs.reply(exchange, envelope, status=status)
