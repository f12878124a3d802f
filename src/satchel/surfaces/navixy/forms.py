"""Forms of tasks: read, fill in, and ask for a place for a file.

A form has its task's number: each task has one, for as long as it is there.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from satchel.actions.apps import deploying
from satchel.actions.checkins import checkins
from satchel.actions.files import links, tickets
from satchel.actions.files.tickets import UploadRequest
from satchel.actions.instances import submitting, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.submitting import Fill
from satchel.actions.instances.tasks import TaskView
from satchel.actions.loading import LoadedApp
from satchel.model.app import Access, TaskForm
from satchel.model.errors import BlobMissing, Conflict, Gone, NotFound
from satchel.model.fields import Field
from satchel.model.files import File, FileKind
from satchel.model.ids import AppId, FieldId, TaskId
from satchel.model.instance import TaskState
from satchel.model.transfer.media import is_image
from satchel.model.uploads import Upload, UploadState
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.navixy import names, outputs, values
from satchel.surfaces.navixy.addresses import BASE, PREFIX
from satchel.surfaces.navixy.inputs import Inputs, wants_iso

FILE_FIELD = "file"
_KEPT = "navixy.withdrawn"

_UPLOAD_STATES = {
    UploadState.CREATED: "created",
    UploadState.RECEIVING: "in_progress",
    UploadState.UPLOADED: "uploaded",
}


async def create_file(exchange: Exchange) -> Reply:
    """Ask for a place for a file, with what is needed to upload it."""
    given = await Inputs.read(exchange)
    task = TaskId(given.integer("task_id"))
    wish = replace(read_wish(given), resubmission=exchange.context.policy.navixy_strict)
    return await place(exchange, for_field(wish, task, given))


def read_wish(given: Inputs) -> UploadRequest:
    """Return what is said of a file that a place is asked for; where it goes is still to be said."""
    return UploadRequest(
        size_bytes=given.integer("size", low=1),
        name=given.text_or_none("filename"),
        metadata=given.mapping("metadata") if "metadata" in given else None,
        most_bytes=values.MAX_FILE_BYTES,
        image_types=values.IMAGE_TYPES,
    )


def for_field(wish: UploadRequest, task: TaskId, given: Inputs) -> UploadRequest:
    """Return a wish as one for a field of a task's form."""
    field = names.to_ours(given.text("field_id", longest=64))
    return replace(wish, task=task, field=field, by_right=True, most_unclaimed=values.MAX_UNSUBMITTED)


async def place(exchange: Exchange, wish: UploadRequest) -> Reply:
    """Return a place for a file, with what is needed to upload it."""
    iso = await wants_iso(exchange)
    ticket = await tickets.reserve(exchange.context, exchange.actor, wish)
    made = {
        "file_id": ticket.id,
        "url": f"{exchange.parts.public_url}{PREFIX}/file/upload/{ticket.id}",
        "expires": outputs.date(exchange, ticket.expires_at, iso),
        "file_field_name": FILE_FIELD,
        "fields": {"token": ticket.token},
    }
    return outputs.success(value=made)


async def read(exchange: Exchange) -> Reply:
    """Return a task's form with its files, submitted and not."""
    return await _read(exchange, "task_id", with_unsubmitted=True)


async def read_form(exchange: Exchange) -> Reply:
    """Return a form by its number with the files in its values."""
    return await _read(exchange, "id", with_unsubmitted=False)


async def _read(exchange: Exchange, parameter: str, *, with_unsubmitted: bool) -> Reply:
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer(parameter)))
    held = [one for one in seen.files if one.field_id is not None and one.kind is FileKind.STORED]
    files = [await _file(exchange, seen, one, iso=iso, with_binding=with_unsubmitted) for one in held]
    if with_unsubmitted:
        waiting = await submitting.unclaimed(exchange.context, seen.task)
        files += [await _upload(exchange, upload, iso=iso) for upload in waiting if upload.field_id is not None]
    checkin = await checkins.checkin_of(exchange.context, seen.task)
    found = await form(exchange, seen, iso=iso)
    return outputs.success(value=outputs.without_nulls({**found, "checkin_id": checkin}), files=files)


async def form(exchange: Exchange, seen: TaskView, *, iso: bool) -> dict[str, object]:
    """Return a task's form: a copy of the fields as they were when its instance began, and their values."""
    at = await submitting.submitted_at(exchange.context, seen.task)
    fields = values.shown(seen.app.manifest.fields, seen.form)
    filled = {
        names.to_theirs(field.id): values.value(
            field, seen.values.get(field.id), [int(file.id) for file in seen.files if file.field_id == field.id]
        )
        for field in fields
    }
    return outputs.without_nulls(
        {
            "id": seen.task.id,
            "label": seen.app.manifest.name[:100],
            "fields": [values.field(field, required=is_required(seen.form, field.id)) for field in fields],
            "created": outputs.date(exchange, seen.task.opened_at, iso),
            "submit_in_zone": False,
            "task_id": seen.task.id,
            "template_id": None if seen.task.app_id in await _withdrawn(exchange) else seen.task.app_id,
            "description": seen.app.manifest.description or None,
            "template_version": seen.app.number,
            "tracker_id": seen.task.holder_id,
            "values": outputs.without_nulls(filled) if at is not None else None,
            "submitted": outputs.date_or_none(exchange, at, iso),
        }
    )


async def _withdrawn(exchange: Exchange) -> frozenset[AppId]:
    """Return the apps that are templates no more; asked once for a request."""
    kept: frozenset[AppId] | None = exchange.scope.get(_KEPT)
    if kept is None:
        kept = exchange.scope[_KEPT] = await deploying.withdrawn(exchange.context, exchange.actor)
    return kept


async def template(exchange: Exchange, number: AppId) -> LoadedApp:
    """Return the newest version of the app that a form template is.

    Raises:
        NotFound: there is none, or one may not know of it.
    """
    known = await deploying.visible(exchange.context, exchange.actor)
    found = next((row for row in known if row.id == number), None)
    if found is None:
        raise NotFound("form template", number)
    loaded = await deploying.read(exchange.context, exchange.actor, found.code)
    if not loaded.manifest.tasks:
        raise NotFound("form template", number)
    return loaded


async def templates(exchange: Exchange) -> list[LoadedApp]:
    """Return every form template: the newest versions of the apps that one knows of and that have a task."""
    known = await deploying.visible(exchange.context, exchange.actor)
    found = [await deploying.read(exchange.context, exchange.actor, row.code) for row in known]
    return [app for app in found if app.manifest.tasks]


def is_required(form: TaskForm | None, field: FieldId) -> bool:
    """Return whether a form must have a value for a field."""
    return form is not None and form.fields.get(field) is Access.REQUIRE


def file(exchange: Exchange, held: File, *, iso: bool) -> dict[str, object]:
    """Return a file without the addresses where it is had; null members stand in it still."""
    kind = held.media_type or "application/octet-stream"
    at = outputs.date(exchange, held.created_at, iso)
    return {
        "id": held.id,
        "storage_id": 1,
        "user_id": held.created_by,
        "type": "image" if is_image(kind) else "file",
        "created": at,
        "uploaded": at,
        "name": held.name,
        "size": held.size_bytes,
        "mime_type": kind,
        "metadata": dict(held.metadata) or None,
        "state": "uploaded",
    }


async def _file(exchange: Exchange, seen: TaskView, held: File, *, iso: bool, with_binding: bool) -> dict[str, object]:
    found = {**file(exchange, held, iso=iso), **await _addresses(exchange, held)}
    if not with_binding:
        found.pop("previews", None)
    else:
        bound = {"form_id": seen.task.id, "field_id": _named(held.field_id), "submitted": True}
        found["bindings"] = {"form_field": bound}
    return outputs.without_nulls(found)


async def _addresses(exchange: Exchange, held: File) -> dict[str, object]:
    """Return signed links to a file and its small picture; none where its bytes cannot be had."""
    context, actor = exchange.context, exchange.actor
    found: dict[str, object] = {}
    with suppress(Conflict, Gone, NotFound, BlobMissing):
        link = await links.issue(context, actor, held.id, lifetime_s=links.MAX_LIFETIME_S)
        found["download_url"] = links.address(exchange.parts.public_url, link)
        if is_image(held.media_type or ""):
            small = await links.issue_preview(context, actor, held.id, lifetime_s=links.MAX_LIFETIME_S)
            found["previews"] = [{"download_url": links.address(exchange.parts.public_url, small)}]
    return found


def _named(field: FieldId | None) -> str | None:
    return names.to_theirs(field) if field is not None else None


async def _upload(exchange: Exchange, upload: Upload, *, iso: bool) -> dict[str, object]:
    kind, at = upload.media_type, outputs.date(exchange, upload.created_at, iso)
    bound = {"form_id": upload.task_id, "field_id": _named(upload.field_id), "submitted": False}
    is_uploaded = upload.state is UploadState.UPLOADED
    return outputs.without_nulls(
        {
            "id": upload.id,
            "storage_id": 1,
            "user_id": upload.user_id,
            "type": "image" if upload.images_only or (kind is not None and is_image(kind)) else "file",
            "created": at,
            "uploaded": at if is_uploaded else None,
            "download_url": await _address(exchange, upload) if is_uploaded else None,
            "name": upload.name,
            "size": upload.declared_bytes if upload.size_bytes is None else upload.size_bytes,
            "mime_type": kind,
            "metadata": dict(upload.metadata) or None,
            "state": _UPLOAD_STATES.get(upload.state, "deleted"),
            "bindings": {"form_field": bound},
        }
    )


async def _address(exchange: Exchange, upload: Upload) -> str | None:
    """Return a signed link to the bytes of an upload; None where it has ended meanwhile."""
    with suppress(NotFound):
        link = await links.issue_upload(exchange.context, exchange.actor, upload, lifetime_s=links.MAX_LIFETIME_S)
        return links.address(exchange.parts.public_url, link)
    return None


async def update_values(exchange: Exchange) -> Reply:
    """Submit values; with `navixy_strict` only for a form that was submitted before."""
    return await _submit(exchange, resubmission=exchange.context.policy.navixy_strict)


async def submit(exchange: Exchange) -> Reply:
    """Submit a form, the first time too. A call of ours: theirs is not documented."""
    return await _submit(exchange, resubmission=False)


async def _submit(exchange: Exchange, *, resubmission: bool) -> Reply:
    asked = await Inputs.read(exchange)
    task, form = TaskId(asked.integer("task_id")), _values(asked)
    context, actor, named = exchange.context, exchange.actor, values.possible_files(form)
    given = await submitting.submit_form(context, actor, task, fill(form), named=named, resubmission=resubmission)
    reply = outputs.success()
    reply.headers |= ignored(given)
    return reply


def fill(given: Mapping[str, object]) -> Fill:
    """Return how submitted value objects are read once their form is known."""

    def read_form(fields: Sequence[Field], shown: TaskForm) -> Submission:
        return Submission(values=values.read_values(values.shown(fields, shown), given))

    return read_form


def _values(given: Inputs) -> dict[str, object]:
    """Return the submitted values; an older text of theirs calls them `value`."""
    name = "values" if "values" in given or "value" not in given else "value"
    return dict(given.mapping(name))


async def set_status(exchange: Exchange) -> Reply:
    """Begin (`arrived`) or complete (`done`) a task that one holds. A call of ours: theirs come from trackers."""
    given = await Inputs.read(exchange)
    task, status = TaskId(given.integer("task_id")), given.text("status")
    if status == TaskState.ARRIVED.value:
        await tasks.arrive(exchange.context, exchange.actor, task)
    elif status == TaskState.DONE.value:
        outcome = given.text_or_none("outcome")
        await tasks.complete(exchange.context, exchange.actor, task, Submission(), outcome=outcome)
    else:
        raise refused("status", "must be arrived or done")
    return outputs.success()


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/task/form/file", create_file),
    *get_or_post(f"{BASE}/task/form/file/create", create_file),
    *get_or_post(f"{BASE}/task/form/read", read),
    *get_or_post(f"{BASE}/form/read", read_form),
    endpoint("POST", f"{BASE}/task/form/values/update", update_values),
    endpoint("POST", f"{BASE}/task/form/submit", submit),
    endpoint("POST", f"{BASE}/task/status/update", set_status),
)
"""The routes of this module."""
