"""Navixy's error envelope: their numbers, texts and HTTP statuses, by table."""

from collections.abc import Mapping

from satchel.model.errors import (
    BadFile,
    BlobMissing,
    Conflict,
    CorruptState,
    DiskFull,
    EngineStopped,
    Forbidden,
    Gone,
    InvalidBundle,
    InvalidRequest,
    InvalidState,
    InvalidValues,
    MethodNotAllowed,
    NotFound,
    OverQuota,
    SatchelError,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from satchel.surfaces.kit.errors import by_class, headers_of
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.wording import fault_text
from satchel.surfaces.navixy.names import to_theirs

STATUS: Mapping[int, tuple[str, int]] = {
    3: ("Wrong hash", 400),
    4: ("User or API key not found or session ended", 400),
    5: ("Wrong request format", 400),
    6: ("Unexpected error", 500),
    7: ("Invalid parameters", 400),
    9: ("Too large request", 412),
    11: ("Access denied", 403),
    13: ("Operation not permitted", 403),
    14: ("Database unavailable", 503),
    15: ("Too many requests (rate limit exceeded)", 429),
    102: ("Wrong login or password", 400),
    105: ("Login attempts limit exceeded", 400),
    111: ("Wrong handler", 400),
    112: ("Wrong method", 400),
    201: ("Not found in database", 400),
    203: ("Delete entity associated with", 400),
    204: ("Entity not found", 404),
    206: ("Login already in use", 400),
    217: ("List contains nonexistent entities", 400),
    230: ("Not supported for this entity type", 400),
    231: ("Entity type mismatch", 409),
    233: ("No data file", 400),
    234: ("Invalid data format", 400),
    242: ("There were errors during content validation", 400),
    247: ("Entity already exists", 409),
    254: ("Cannot save file", 500),
    255: ("Invalid task state", 400),
    263: ("No change needed, old and new values are the same", 400),
    268: ("Over quota", 402),
    267: ("Too many entities", 400),
    269: ("Invalid file state", 400),
    271: ("File over max size", 413),
}
"""By code: the description and the HTTP status (their errors page; 105 is in none of their tables)."""

_BY_CLASS: tuple[tuple[type[SatchelError], int], ...] = (
    (InvalidValues, 242),
    (MethodNotAllowed, 112),
    (UnsupportedMedia, 5),
    (OverQuota, 268),
    (DiskFull, 254),
    (TooLarge, 271),
    (TooManyRequests, 105),
    (Unauthenticated, 4),
    (Forbidden, 13),
    (NotFound, 201),
    (EngineStopped, 255),
    (InvalidState, 255),
    (Conflict, 255),
    (Gone, 201),
    (BlobMissing, 6),
    (CorruptState, 6),
    (Unavailable, 14),
    (BadFile, 7),
    (InvalidRequest, 7),
)
"""The first class that fits decides; what none fits is 7. A missing right is 13 for those who may know of the thing, to
all others it is not there (201)."""

_BY_FILE_CODE = {"not_a_file_field": 231, "too_many_unclaimed": 267}
"""Codes of `BadFile` while a file is asked for."""

_FILE_PARAMETERS = {"file_too_small": "size", "file_type": "filename", "metadata_not_image": "metadata"}

UPLOAD: Mapping[type[SatchelError], int] = {
    NotFound: 11,
    Unauthenticated: 11,
    Gone: 269,
    Conflict: 269,
    BadFile: 234,
    UnsupportedMedia: 234,
    InvalidRequest: 234,
}
"""What they mean while a file's bytes are sent: the token is the credential there."""

SIGN_IN: Mapping[type[SatchelError], int] = {Unauthenticated: 102}
RATE: Mapping[type[SatchelError], int] = {TooManyRequests: 15}

_TABLE = "navixy.table"

_FAULTS = {
    "required": 1,
    "type": 2,
    "null": 3,
    "unknown_option": 4,
    "too_long": 5,
    "too_short": 5,
    "too_few": 5,
    "too_many": 5,
    "too_many_files": 5,
    "file_size": 5,
    "too_small": 6,
    "in_past": 6,
    "too_large": 7,
    "in_future": 7,
    "unknown_upload": 8,
    "upload_used": 8,
    "duplicate": 8,
    "unknown_field": 8,
    "not_writable": 8,
    "unknown_user": 8,
    "unknown_group": 8,
    "file_type": 9,
    "file_not_image": 9,
    "upload_expired": 10,
    "upload_not_finished": 10,
}
"""Our fault codes as theirs; any other is 2, a value that does not fit its field."""

_NO_FIT = 2


def speak(exchange: Exchange, table: Mapping[type[SatchelError], int]) -> None:
    """Have errors of this request worded by a table of its own, where that knows their class; the last said wins."""
    exchange.scope[_TABLE] = {
        **table,
        **{known: code for known, code in _table(exchange).items() if known not in table},
    }


def document(error: SatchelError | None, exchange: Exchange) -> Reply:
    """Return an error in Navixy's envelope; None stands for one that nobody expected."""
    reply = _document(error, exchange)
    if isinstance(error, TooManyRequests):
        reply.headers |= headers_of(error)
    return reply


def _document(error: SatchelError | None, exchange: Exchange) -> Reply:
    if error is None:
        return _reply(6)
    code = _code(error, exchange)
    if isinstance(error, InvalidValues):
        return _reply(code, _fault_list(error))
    if code == 7:  # noqa: PLR2004  # Invalid parameters
        return _reply(code, _parameters(error))
    return _reply(code)


def _code(error: SatchelError, exchange: Exchange) -> int:
    own = by_class(error, _table(exchange).items(), None)
    if own is not None:
        return own
    if isinstance(error, NotFound) and error.members.get("what") == "address":
        return _unknown_address(exchange)
    if isinstance(error, TooLarge) and error.is_of_body:
        return 9
    if isinstance(error, BadFile):
        return _BY_FILE_CODE.get(error.code, 7)
    return by_class(error, _BY_CLASS, 7)


RESOURCES = frozenset({"user", "api", "subuser", "task", "form", "file", "dealer", "checkin"})
"""The first words of paths; of another one not even the handler is known."""


def _table(exchange: Exchange) -> Mapping[type[SatchelError], int]:
    found: Mapping[type[SatchelError], int] = exchange.scope.get(_TABLE, {})
    return found


def _unknown_address(exchange: Exchange) -> int:
    words = [word for word in str(exchange.scope["path"]).split("/")[3:] if word]
    return 112 if words and words[0] in RESOURCES else 111


def _parameters(error: SatchelError) -> list[dict[str, object]]:
    if isinstance(error, InvalidBundle):
        return [{"parameter": "template.fields", "error": finding.message} for finding in error.findings]
    pointer = error.members.get("pointer")
    if isinstance(pointer, str) and pointer:
        name = pointer.removeprefix("/").replace("/", ".")
        return [{"parameter": name, "error": str(error.members.get("why") or error.message)}]
    if error.code in _FILE_PARAMETERS:
        return [{"parameter": _FILE_PARAMETERS[error.code], "error": error.message}]
    return []


def _fault_list(error: InvalidValues) -> list[dict[str, object]]:
    return [
        {"field_id": to_theirs(fault.field), "code": _FAULTS.get(fault.code, _NO_FIT), "error": fault_text(fault)}
        for fault in error.faults
    ]


def _reply(code: int, errors: list[dict[str, object]] | None = None) -> Reply:
    description, status = STATUS[code]
    body: dict[str, object] = {"success": False, "status": {"code": code, "description": description}}
    if errors:
        body["errors"] = errors
    return json_reply(body, status=status)
