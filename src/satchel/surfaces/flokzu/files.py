"""Files: one is attached to an instance, as the part `file` of a form or as the whole body."""

from satchel.actions.files import attaching
from satchel.actions.files.attaching import IncomingFile
from satchel.actions.files.intake import Arrival
from satchel.actions.instances import lifecycle
from satchel.actions.instances.lifecycle import View
from satchel.model.actor import Right
from satchel.model.errors import InvalidRequest, NotFound
from satchel.model.fields import Field
from satchel.model.files import File
from satchel.surfaces.flokzu import outputs
from satchel.surfaces.flokzu.addresses import V1
from satchel.surfaces.flokzu.inputs import Inputs
from satchel.surfaces.flokzu.names import ids_of
from satchel.surfaces.flokzu.values import named_fields
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.multipart import last_part
from satchel.surfaces.kit.uploads import FRAMING_BYTES, name_of_body, parts_of

FILE_PART = "file"


async def attach(exchange: Exchange) -> Reply:
    """Attach a file to the instance `reference`, in the field `fieldLabel` or in the attachments tab.

    A field of one file is overwritten, as by a service task that receives one.
    """
    given = Inputs.of_query(exchange)
    reference, name = given.text("reference", "identifier"), given.text_or_none("attachmentName")
    size = exchange.content_length
    if size is None:
        raise InvalidRequest("Send the file with a Content-Length.")
    view = await lifecycle.read(exchange.context, exchange.actor, reference)
    field = _field(exchange, view, given.text_or_none("fieldLabel"))
    if exchange.content_type == "multipart/form-data":
        made = await _from_form(exchange, view, field, name=name, size=size)
    else:
        arrival = Arrival(name=name or name_of_body(exchange), media_type=exchange.header("content-type"))
        coming = IncomingFile(arrival=arrival, chunks=exchange.chunks(size), size_bytes=size)
        made = await _attached(exchange, view, field, coming)
    answer = {"identifier": view.instance.identifier, "attachmentId": made.uuid.hex, "name": made.name}
    return json_reply({**answer, "size": made.size_bytes, "status": outputs.OK})


def _field(exchange: Exchange, view: View, label: str | None) -> Field | None:
    """Return the file field of this label; the tab, which is none, where no label was given.

    Raises:
        NotFound: there is none that the actor may see or change.
        InvalidRequest: it holds no files.
    """
    if label is None:
        return None
    id_ = ids_of(named_fields(view.app)).get(label)
    field = None if id_ is None else view.app.manifest.field(id_)
    may_change = exchange.actor.may(Right.MODIFY, view.instance.app_id)
    if field is None or not (may_change or view.sight.shows(field.id)):
        raise NotFound("field", label[:80])
    if not field.is_file_type:
        raise InvalidRequest(f"The field {label[:80]} holds no files.", pointer="/fieldLabel")
    return field


async def _from_form(exchange: Exchange, view: View, field: Field | None, *, name: str | None, size: int) -> File:
    made: File | None = None
    parts = parts_of(exchange)
    async for part in parts:
        if part.name != FILE_PART:
            if part.filename is not None:
                raise InvalidRequest(f"The file must be in a part named '{FILE_PART}', not '{part.name[:64]}'.")
            await part.text()
            continue
        arrival = Arrival(name=name or part.filename or None, media_type=part.media_type)
        coming = IncomingFile(
            arrival=arrival, chunks=last_part(part, parts), size_bytes=size, framing_bytes=FRAMING_BYTES
        )
        made = await _attached(exchange, view, field, coming)
    if made is None:
        raise InvalidRequest(f"The form has no file; send it last, in a part named '{FILE_PART}'.")
    return made


async def _attached(exchange: Exchange, view: View, field: Field | None, coming: IncomingFile) -> File:
    return await attaching.attach(exchange.context, exchange.actor, view.instance.id, field, coming)


ENDPOINTS: tuple[Endpoint, ...] = (endpoint("POST", f"{V1}/instances/file", attach),)
"""The routes of this module."""
