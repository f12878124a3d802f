"""What is recorded of a request to another system: enough to see what was sent, and nothing that signs it in."""

from collections.abc import Mapping, Sequence

from satchel.actions.calls.rest_auth import CallCredentials
from satchel.actions.calls.rest_bodies import CallInputs
from satchel.model.services import BodyKind, Literal, RestTask
from satchel.model.template import Template
from satchel.outbound.request import Request


def recorded(request: Request, parts: Sequence[Mapping[str, object]], signed: CallCredentials) -> dict[str, object]:
    """Return a request as the record of an attempt has it.

    Its headers are in the order in which they are sent. The value of a header that signs the call in is null, and what
    signs it in is replaced in all others. Values of the body are not recorded: the instance has them.
    """
    shown: list[tuple[str, str | None]] = [(name, signed.hide(value)) for name, value in request.headers]
    hidden: list[tuple[str, str | None]] = [(name, None) for name, _ in request.secret_headers]
    found: dict[str, object] = {
        "method": request.method,
        "url": request.target.shown,
        "headers": [{"name": name, "value": value} for name, value in (*shown, *hidden)],
    }
    if request.body is not None:
        found["media_type"] = request.body.media_type.partition(";")[0]
        found["body_bytes"] = request.body.size_bytes
    return {**found, "parts": [dict(part) for part in parts]} if parts else found


def parts_of(task: RestTask, given: CallInputs) -> list[dict[str, object]]:
    """Return the parts of a multipart body in their order: each with its name and, of a file, its id."""
    if task.method == "GET" or task.body is not BodyKind.FORM_DATA:
        return []
    found: list[dict[str, object]] = []
    for name, source in task.parameters.items():
        if not isinstance(source, Literal | Template) and given.file_field(source) is not None:
            found.extend({"name": name, "file": int(file.id)} for file in given.files.get(source, ()))
        else:
            found.append({"name": name})
    return found
