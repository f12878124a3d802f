"""The form of a task: shown as XML, saved or finished, and its files while it is open."""

import json
from collections.abc import Iterator
from typing import cast

from satchel.actions import access
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.tasks import TaskView
from satchel.model.actor import Actor
from satchel.model.app import Access
from satchel.model.errors import InvalidState, NotFound
from satchel.model.fields import Field, FieldType
from satchel.model.ids import TaskId, data_item_id, split_data_item_id
from satchel.model.values import whole_rows
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.questetra import forms, processes, xml
from satchel.surfaces.questetra.addresses import API, PREFIX
from satchel.surfaces.questetra.forms import Incoming
from satchel.surfaces.questetra.inputs import Inputs
from satchel.surfaces.questetra.values import data_type
from satchel.surfaces.questetra.xml import element

BESIDES = frozenset({"workitemId", "title", "qgroupId", "flow", "saveOnly"})
"""Parameters that are no items; title and organization are not a form's to change."""

DATA_TYPES = {
    "STRING": 0,
    "DATE": 5,
    "QUSER": 8,
    "DATETIME": 10,
    "SELECT": 11,
    "DECIMAL": 12,
    "LIST": 13,
    "FILE2": 14,
    "QGROUP": 16,
}
GUIDE_PANEL = 15
ACCESSIBILITY = {Access.HIDE: 0, Access.READ: 1, Access.EDIT: 3, Access.REQUIRE: 3}
DETAILS = "urn:satchel:questetra:details"
"""The namespace of an item's value; theirs is not documented."""


async def view(exchange: Exchange) -> Reply:
    """Return a task's form as XML."""
    given = await Inputs.known(exchange, "workitemId")
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer("workitemId", low=1)))
    flows = "".join(
        f"<user-select>{element('flow-id', one.id)}{element('name', one.label)}</user-select>"
        for one in seen.form.outcomes
    )
    return xml.xml_reply(
        f'<workitem-form xmlns:ns2="{DETAILS}">'
        f"{element('workitem-id', seen.task.id)}{element('process-instance-id', seen.instance.id)}"
        f"{element('title', seen.instance.title)}{element('title-accessibility', 1)}"
        f"{''.join(_items(seen))}<user-selects>{flows}</user-selects><executing-roles/></workitem-form>"
    )


def _items(seen: TaskView) -> Iterator[str]:
    for order, field in enumerate(seen.app.manifest.fields, start=1):
        how = seen.form.fields.get(field.id, Access.HIDE)
        place = data_item_id(seen.instance.id, field.number)
        kind = GUIDE_PANEL if field.type is FieldType.SEPARATOR else DATA_TYPES[data_type(field)]
        yield (
            f'<form-data number="{field.number}" id="{place}">{element("accessibility", ACCESSIBILITY[how])}'
            f"{element('data-type', kind)}{element('name', field.label)}{element('data-instance-id', place)}"
            f"{element('process-instance-id', seen.instance.id)}{element('view-order', order)}"
            f"{element('required', str(how is Access.REQUIRE).lower())}{_detail(seen, field)}</form-data>"
        )


def _detail(seen: TaskView, field: Field) -> str:
    """Return an item's value, of those that the form shows."""
    if field.is_file_type:
        held = [file for file in seen.files if file.field_id == field.id and file.digest is not None]
        files = "".join(
            f"<ns2:qfile>{element('ns2:id', file.id)}{element('ns2:name', file.name)}"
            f"{element('ns2:content-type', file.media_type or 'application/octet-stream')}"
            f"{element('ns2:length', file.size_bytes or 0)}</ns2:qfile>"
            for file in held
        )
        return f"<ns2:file-detail>{files}</ns2:file-detail>"
    value = seen.values.get(field.id)
    if value is None:
        return ""
    if field.type is FieldType.TABLE:
        values: list[object] = [*whole_rows(field, value)]
    else:
        values = cast("list[object]", value) if isinstance(value, list) else [value]
    said = "".join(element("ns2:value", one if isinstance(one, str) else json.dumps(one)) for one in values)
    name = data_type(field).lower()
    return f"<ns2:{name}-detail>{said}</ns2:{name}-detail>"


async def save(exchange: Exchange) -> Reply:
    """Save a task's form, and finish the task unless `saveOnly` is true."""
    brought = Incoming()

    async def target(name: str) -> tuple[Actor, UploadRequest]:
        seen = await _task(exchange, brought)
        known = forms.item(seen.app.manifest.fields, name)
        return exchange.actor, UploadRequest(size_bytes=0, task=seen.task.id, field=known.id, is_counted=False)

    try:
        await forms.read_form(exchange, brought, target)
        seen = await _task(exchange, brought)
        given = await forms.submission(exchange, exchange.actor, seen.app.manifest.fields, brought, besides=BESIDES)
        if brought.text("saveOnly") == "true":
            await tasks.save(exchange.context, exchange.actor, seen.task.id, given)
        else:
            flow = brought.text("flow") or None
            await tasks.complete(exchange.context, exchange.actor, seen.task.id, given, outcome=flow)
    except BaseException:
        await forms.forget(exchange, brought)
        raise
    reply = xml.xml_reply('<result success="true"></result>')
    reply.headers |= ignored(given)
    return reply


async def _task(exchange: Exchange, brought: Incoming) -> TaskView:
    task = TaskId(brought.single().integer("workitemId", low=1))
    return await tasks.read(exchange.context, exchange.actor, task)


async def upload(exchange: Exchange) -> Reply:
    """Store files for an item of an open task of the caller's; the form's save names them."""
    brought = Incoming()

    async def target(name: str) -> tuple[Actor, UploadRequest]:
        if name != "files":
            raise refused(name[:80], "is not the part of a file; that is named files")
        instance, item = split_data_item_id(brought.single().integer("processDataInstanceId"))
        seen = await lifecycle.read(exchange.context, exchange.actor, instance)
        field = seen.app.manifest.field_number(item)
        if field is None:
            raise NotFound("item", item)
        mine = [task for task in seen.tasks if access.holds(exchange.actor, task)]
        for task in mine:
            if access.form_of(seen.app, task).fields.get(field.id, Access.HIDE).is_writable:
                return exchange.actor, UploadRequest(size_bytes=0, task=task.id, field=field.id)
        raise InvalidState(f"You hold no open task of {seen.instance.identifier} that changes {field.label}.")

    try:
        await forms.read_form(exchange, brought, target)
        forms.require_files_alone(exchange, brought, "processDataInstanceId")
    except BaseException:
        await forms.forget(exchange, brought)
        raise
    return xml.stored_files(brought.files["files"])


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{API}/PE/Workitem/Form/viewXml", view),
    endpoint("POST", f"{API}/PE/Workitem/Form/save", save),
    *get_or_post(f"{PREFIX}/PE/Workitem/File/download", processes.download),
    endpoint("POST", f"{PREFIX}/PE/Workitem/File/upload", upload),
)
"""The routes of this module."""
