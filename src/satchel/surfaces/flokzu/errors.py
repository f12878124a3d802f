"""The error envelope: `{"status": "ERROR", "code", "message", "requestId"}`; ours, because Flokzu documents none."""

from collections.abc import Mapping

from satchel.model.errors import InvalidValues, Kind, MethodNotAllowed, SatchelError, TooManyRequests
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply

STATUSES: Mapping[Kind, int] = {Kind.UNPROCESSABLE: 400}
"""Of kinds whose status here is not their own."""

INTERNAL = "internal_error"
_NAMES = "flokzu.names"


def name_fields(exchange: Exchange, names: Mapping[str, str]) -> None:
    """Have faults of this request name fields as its client does: field id -> name."""
    exchange.scope[_NAMES] = names


def document(error: SatchelError | None, exchange: Exchange) -> Reply:
    """Return an error in the envelope; None stands for one that nobody expected."""
    if error is None:
        message = "Something went wrong in the server, and its log says what. Nothing of this request was kept."
        return json_reply(_envelope(INTERNAL, message, exchange), status=500)
    body = _envelope(error.code, error.message, exchange)
    if isinstance(error, InvalidValues):
        names: Mapping[str, str] = exchange.scope.get(_NAMES, {})
        faults = [
            {"field": _named(fault.field, names), "code": fault.code, "message": fault.message}
            for fault in error.faults
        ]
        body["errors"] = faults
        body["message"] = "; ".join(f"{one['field']}: {one['message']}" for one in faults[:_SHOWN])
    headers: dict[str, str] = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = error.retry_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    return json_reply(body, status=STATUSES.get(error.kind, error.kind.value), headers=headers)


_SHOWN = 3
"""How many faults the message itself tells."""


def _envelope(code: str, message: str, exchange: Exchange) -> dict[str, object]:
    return {"status": "ERROR", "code": code, "message": message, "requestId": exchange.request_id}


def _named(field: str, names: Mapping[str, str]) -> str:
    """Return a fault's field by its name; what stands after it (a table's row and column) stays."""
    whole, slash, rest = field.partition("/")
    return f"{names.get(whole, whole)}{slash}{rest}"
