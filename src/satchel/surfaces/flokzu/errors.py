"""The error envelope: `{"status": "ERROR", "code", "message", "requestId"}`; ours, because Flokzu documents none."""

from collections.abc import Mapping

from satchel.model.errors import ErrorKind, InvalidValues, SatchelError
from satchel.surfaces.kit.errors import INTERNAL, UNEXPECTED, headers_of
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.wording import error_text, fault_text

STATUSES: Mapping[ErrorKind, int] = {ErrorKind.UNPROCESSABLE: 400}
"""Of kinds whose status here is not their own."""

_NAMES = "flokzu.names"


def name_fields(exchange: Exchange, names: Mapping[str, str]) -> None:
    """Have faults of this request name fields as its client does: field id -> name."""
    exchange.scope[_NAMES] = names


def document(error: SatchelError | None, exchange: Exchange) -> Reply:
    """Return an error in the envelope; None stands for one that nobody expected."""
    if error is None:
        return json_reply(_envelope(INTERNAL, UNEXPECTED, exchange), status=500)
    body = _envelope(error.code, error_text(error), exchange)
    if isinstance(error, InvalidValues):
        names: Mapping[str, str] = exchange.scope.get(_NAMES, {})
        faults = [
            {"field": _named(fault.field, names), "code": fault.code, "message": fault_text(fault)}
            for fault in error.faults
        ]
        body["errors"] = faults
        body["message"] = "; ".join(f"{one['field']}: {one['message']}" for one in faults[:_SHOWN])
    return json_reply(body, status=STATUSES.get(error.kind, error.kind.value), headers=headers_of(error))


_SHOWN = 3
"""How many faults the message itself tells."""


def _envelope(code: str, message: str, exchange: Exchange) -> dict[str, object]:
    return {"status": "ERROR", "code": code, "message": message, "requestId": exchange.request_id}


def _named(field: str, names: Mapping[str, str]) -> str:
    """Return a fault's field by its name; what stands after it (a table's row and column) stays."""
    whole, slash, rest = field.partition("/")
    return f"{names.get(whole, whole)}{slash}{rest}"
