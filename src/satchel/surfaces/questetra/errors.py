"""Questetra's error envelope: `{"errors": [{"errorCode", "input", "type"}]}`, and its statuses, by table."""

from collections.abc import Mapping
from typing import cast

from satchel.model.errors import (
    BadFile,
    DiskFull,
    Forbidden,
    InvalidValues,
    MethodNotAllowed,
    NotFound,
    SatchelError,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from satchel.surfaces.kit.errors import by_class, headers_of
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.wording import error_text, fault_text
from satchel.surfaces.questetra import oauth
from satchel.surfaces.questetra.forms import NAMES_KEPT, PART_KEPT
from satchel.surfaces.questetra.xml import errors, xml_reply

STATUSES: tuple[tuple[type[SatchelError], int], ...] = (
    (TooManyRequests, 401),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (MethodNotAllowed, 405),
    (DiskFull, 507),
    (Unavailable, 503),
)
"""By class, the first that fits; everything else is 400."""

CODES: Mapping[str, tuple[str, str]] = {
    "id": ("10001", "InvalidId"),
    "processDataInstanceId": ("10001", "InvalidId"),
    "processInstanceId": ("10001", "InvalidId"),
    "processModelInfoId": ("10001", "InvalidId"),
    "workitemId": ("10001", "InvalidId"),
    "workitemIds": ("10001", "InvalidId"),
    "reportId": ("10001", "InvalidId"),
    "quserId": ("10002", "InvalidQuserId"),
    "nodeNumber": ("10011", "InvalidActivityId"),
    "processInstanceInitQuserId": ("10002", "InvalidQuserId"),
    "processInstanceInitQgroupId": ("10003", "InvalidQgroupId"),
    "start": ("10012", "InvalidStart"),
}
"""Code and type by parameter; of every other one they are 10000 and the parameter's name."""


_THEIRS: Mapping[str, str] = {
    "started_from": "processInstanceStartDateFrom",
    "started_to": "processInstanceStartDateTo",
    "ended_from": "processInstanceEndDateFrom",
    "ended_to": "processInstanceEndDateTo",
    "starter": "processInstanceInitQuserId",
    "starter_group": "processInstanceInitQgroupId",
    "title": "processInstanceTitle",
}
"""Our conditions by their names."""


RESULT = "result"
"""The root of a task form's answers, good or bad."""

XML_ROOTS: Mapping[str, str] = {
    "/System/Event/MessageStart/": "message-start-event-errors",
    "/System/Event/IntermediateMessage/": "message-receive-event-errors",
    "/System/ReceiveTask/": "message-receive-event-errors",
    "/PE/Workitem/Form/": RESULT,
    "/PE/Workitem/File/": RESULT,
}
"""The errors of these addresses are XML, with this root."""

_XML_STATUSES: tuple[tuple[type[SatchelError], int], ...] = (
    (MethodNotAllowed, 405),
    (DiskFull, 507),
    (Unavailable, 503),
)
_KEYS: Mapping[str, str] = {
    "app": "processModelInfoId",
    "node": "nodeNumber",
    "instance": "processInstanceId",
    "task": "workitemId",
}


def document(error: SatchelError | None, exchange: Exchange) -> Reply:
    """Return an error in Questetra's envelope; None stands for one that nobody expected.

    A 401 has no WWW-Authenticate, as theirs has none.
    """
    reply = _document(error, exchange)
    if isinstance(error, TooManyRequests | MethodNotAllowed):
        reply.headers |= headers_of(error)
    return reply


def _document(error: SatchelError | None, exchange: Exchange) -> Reply:
    root = next((root for part, root in XML_ROOTS.items() if part in str(exchange.scope["path"])), None)
    is_address = isinstance(error, NotFound) and error.members.get("what") == "address"
    if root is not None and not is_address:
        return _xml(error, exchange, root)
    if str(exchange.scope["path"]) in (oauth.AUTHORIZE, oauth.TOKEN):
        return oauth.document(error, exchange, 500 if error is None else by_class(error, STATUSES, 400))
    if error is None:
        return _reply(500, "10000", "Unexpected", exchange.request_id)
    status = by_class(error, STATUSES, 400)
    if isinstance(error, NotFound):
        if error.members.get("what") == "address":
            return _reply(404, "10000", "NotFound", str(exchange.scope["path"])[:200])
        return _reply(status, "10001", "InvalidId", error.message)
    pointer = _first(error, _pointer(error))
    pointer = _THEIRS.get(pointer, pointer.partition("/")[0])
    code, kind = CODES.get(pointer, ("10000", pointer or error.code))
    given = error.members.get("given")
    return _reply(status, code, kind, str(given) if given else error_text(error))


def _xml(error: SatchelError | None, exchange: Exchange, root: str) -> Reply:
    """Return an error as XML: keyed by the parameter that came where the error has a place."""
    if error is None:
        return xml_reply(_rooted(root, errors([("unexpected", exchange.request_id)]), "errors"), status=500)
    names: Mapping[str, str] = exchange.scope.get(NAMES_KEPT, {})
    group = "errors"
    if isinstance(error, InvalidValues):
        group = "process-data-validation-errors"
        found = [(_parameter(fault.field, names), fault_text(fault)) for fault in error.faults]
    else:
        what = _KEYS.get(str(error.members.get("what"))) if isinstance(error, NotFound) else None
        key = what or _of_part(error, exchange) or _first(error, _pointer(error))
        if isinstance(error, Unauthenticated) and root != RESULT:
            key = "key"
        found = [(key or error.code, error_text(error))]
    statuses = STATUSES if root == RESULT else _XML_STATUSES
    status = by_class(error, statuses, 400)
    return xml_reply(_rooted(root, errors(found), group), status=status)


def _parameter(field: str, names: Mapping[str, str]) -> str:
    """Return what a field's value came by, or would; the fault of a cell is its table's."""
    field = field.partition("/")[0]
    return names.get(field) or ("flow" if field == "outcome" else f"q_{field}")


def _of_part(error: SatchelError, exchange: Exchange) -> str | None:
    """Return the name of the form's part that is refused for what it is; None if it is not."""
    is_of_it = (
        isinstance(error, BadFile)
        or (isinstance(error, TooLarge) and not error.is_of_body)
        or (isinstance(error, NotFound) and error.members.get("what") == "field")
        or (isinstance(error, Forbidden) and _pointer(error) != "")
    )
    return exchange.scope.get(PART_KEPT) if is_of_it else None


def _pointer(error: SatchelError) -> str:
    return str(error.members.get("pointer") or "").removeprefix("/")


def _rooted(root: str, faults: str, group: str) -> str:
    if root == RESULT:
        return f'<result success="false"><{group}>{faults}</{group}></result>'
    return f"<{root}>{faults}</{root}>"


def _first(error: SatchelError, pointer: str) -> str:
    """Return where the first fault is: a search notes all of its own in a list."""
    faults = error.members.get("errors")
    if pointer or not isinstance(faults, list) or not faults:
        return pointer
    first = cast("Mapping[str, object]", faults[0])
    return str(first.get("pointer") or first.get("field") or "").removeprefix("/")


def _reply(status: int, code: str, kind: str, given: str) -> Reply:
    return json_reply({"errors": [{"errorCode": code, "input": given, "type": kind}]}, status=status)
