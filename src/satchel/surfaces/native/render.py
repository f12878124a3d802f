"""How things look on the native API: rows and values as JSON data, and their ETags."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from satchel.actions.access import form_of
from satchel.actions.instances import View
from satchel.actions.loading import LoadedApp
from satchel.actions.tasks import TaskView
from satchel.db.accounts import Group, User
from satchel.db.credentials import Credential
from satchel.db.events import Event
from satchel.db.search import SavedSearch
from satchel.model.app import Access, Action
from satchel.model.errors import Finding
from satchel.model.fields import Field, FileLimits, Limits
from satchel.model.files import File
from satchel.model.ids import FieldId
from satchel.model.instance import Attempt, Incident, Instance, ServiceCall, Task
from satchel.model.uploads import Upload

Json = dict[str, object]
_UTC = "+00:00"


def moment(at: datetime | None) -> str | None:
    """Return a moment in UTC as RFC 3339 with a Z, or None."""
    if at is None:
        return None
    text = at.isoformat(timespec="milliseconds")
    if not text.endswith(_UTC):  # whatever the database gave is in UTC
        text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text[: -len(_UTC)] + "Z"


def etag(revision: int) -> dict[str, str]:
    """Return the header that names a revision."""
    return {"ETag": f'"{revision}"'}


class Numbered(Protocol):
    """A row of a list that goes by id."""

    @property
    def id(self) -> int:
        """Its number."""
        ...


Row = TypeVar("Row", bound=Numbered)


def page(found: Sequence[Row], limit: int, show: Callable[[Row], Json]) -> Json:
    """Return a page of a list that goes by id, with the cursor of the next one where there is more.

    Args:
        found: one row more than the page holds, if there are so many.
    """
    shown = found[:limit]
    return {"items": [show(row) for row in shown], "next": str(shown[-1].id) if len(found) > limit else None}


def instance(row: Instance) -> Json:
    """Return what an instance is, without its values."""
    return {
        "id": row.id,
        "uuid": str(row.uuid),
        "identifier": row.identifier,
        "title": row.title,
        "state": row.state.value,
        "app": row.identifier.rpartition("-")[0],
        "app_id": row.app_id,
        "starter": row.starter_id,
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "parent": row.parent_id,
        "revision": row.revision,
    }


def view(seen: View) -> Json:
    """Return an instance with what its reader may see of its values, files, tasks and waits."""
    return {
        **instance(seen.instance),
        "version": seen.app.number,
        "values": seen.values,
        "files": by_field(seen.app, seen.files),
        "attachments": [file(found) for found in seen.files if found.field_id is None],
        "tasks": [task(found) for found in seen.tasks],
        "waits": [
            {"kind": wait.kind, "element": wait.element, "name": wait.name, "due_at": moment(wait.due_at)}
            for wait in seen.waits
        ],
    }


def by_field(app: LoadedApp, files: Sequence[File]) -> Json:
    """Return files by the field that holds them, for every file field that has any."""
    return {
        field.id: [file(found) for found in files if found.field_id == field.id]
        for field in app.file_fields
        if any(found.field_id == field.id for found in files)
    }


def task(row: Task) -> Json:
    """Return what a task is, without its form."""
    return {
        "id": row.id,
        "instance": row.instance_id,
        "element": row.element,
        "name": row.name,
        "state": row.state.value,
        "holder": row.holder_id,
        "group": row.group_id,
        "due_at": moment(row.due_at),
        "opened_at": moment(row.opened_at),
        "closed_at": moment(row.closed_at),
        "closed_by": row.closed_by,
        "outcome": row.outcome,
        "variables": dict(row.variables),
        "revision": row.revision,
    }


def task_view(seen: TaskView) -> Json:
    """Return a task with its form and what the form shows."""
    form = form_of(seen.app, seen.task)
    return {
        **task(seen.task),
        "identifier": seen.instance.identifier,
        "title": seen.instance.title,
        "app": seen.app.manifest.code,
        "form": {
            "fields": [
                {**field(declared), "access": form.fields[declared.id].value}
                for declared in seen.app.manifest.fields
                if form.fields.get(declared.id, Access.HIDE) is not Access.HIDE
            ],
            "outcomes": [{"id": o.id, "label": o.label, "fault": o.fault} for o in form.outcomes],
        },
        "values": seen.values,
        "files": by_field(seen.app, seen.files),
        "attachments": [file(found) for found in seen.files if found.field_id is None],
    }


def file(row: File) -> Json:
    """Return what a file is."""
    return {
        "id": row.id,
        "uuid": str(row.uuid),
        "instance": row.instance_id,
        "field": row.field_id,
        "area": row.area,
        "kind": row.kind.value,
        "name": row.name,
        "description": row.description,
        "size": row.size_bytes,
        "media_type": row.media_type,
        "sha256": row.digest,
        "url": row.url,
        "metadata": dict(row.metadata),
        "copied_from": row.source_file_id,
        "created_at": moment(row.created_at),
        "created_by": row.created_by,
        "deleted_at": moment(row.deleted_at),
        "revision": row.revision,
    }


def upload(row: Upload) -> Json:
    """Return what a ticket is, without its secret."""
    return {
        "id": row.id,
        "state": row.state.value,
        "app_id": row.app_id,
        "instance": row.instance_id,
        "task": row.task_id,
        "field": row.field_id,
        "area": row.area,
        "name": row.name,
        "media_type": row.media_type,
        "declared_size": row.declared_bytes,
        "size": row.size_bytes,
        "sha256": row.digest,
        "reason": row.reason,
        "created_at": moment(row.created_at),
        "expires_at": moment(row.expires_at),
        "ended_at": moment(row.ended_at),
    }


def field(declared: Field) -> Json:
    """Return a field's declaration; limits that it does not have are left out."""
    shown: Json = {
        "number": declared.number,
        "id": declared.id,
        "label": declared.label,
        "type": declared.type.value,
        "description": declared.description,
        "searchable": declared.searchable,
        **_limits(declared.limits),
    }
    if declared.columns:
        shown["columns"] = [
            {"id": c.id, "label": c.label, "type": c.type.value, "required": c.required, **_limits(c.limits)}
            for c in declared.columns
        ]
        shown["max_rows"] = declared.max_rows
    if declared.files is not None:
        shown |= _file_limits(declared.files)
    return shown


def _limits(limits: Limits) -> Json:
    given: Json = {
        "min_length": limits.min_length,
        "max_length": limits.max_length,
        "pattern": limits.pattern,
        "min": None if limits.min is None else format(limits.min, "f"),
        "max": None if limits.max is None else format(limits.max, "f"),
        "digits": limits.digits,
        "disable_future": limits.disable_future or None,
        "disable_past": limits.disable_past or None,
        "options": [{"id": option.id, "label": option.label} for option in limits.options] or None,
        "min_checked": limits.min_checked,
        "max_checked": limits.max_checked,
    }
    return {name: value for name, value in given.items() if value is not None}


def _file_limits(limits: FileLimits) -> Json:
    return {
        "min_bytes": limits.min_bytes,
        "max_bytes": limits.max_bytes,
        "accept": list(limits.accept),
        "max_files": limits.max_files,
        "max_unclaimed": limits.max_unclaimed,
        "allow_links": limits.allow_links,
    }


def app(loaded: LoadedApp) -> Json:
    """Return an app's newest version with its fields, forms and actions."""
    manifest = loaded.manifest
    return {
        "id": loaded.app_id,
        "code": manifest.code,
        "name": manifest.name,
        "category": manifest.category,
        "description": manifest.description,
        "version": loaded.number,
        "fields": [field(declared) for declared in manifest.fields],
        "start": {"fields": _access(manifest.start.fields)},
        "tasks": {
            element: {
                "fields": _access(form.fields),
                "outcomes": [{"id": o.id, "label": o.label, "fault": o.fault} for o in form.outcomes],
            }
            for element, form in manifest.tasks.items()
        },
        "messages": {name: {"inputs": list(message.inputs)} for name, message in manifest.messages.items()},
        "actions": [_action(action) for action in manifest.actions.values()],
    }


def _access(fields: Mapping[FieldId, Access]) -> Json:
    return {str(name): how.value for name, how in fields.items()}


def _action(action: Action) -> Json:
    return {
        "id": action.id,
        "name": action.name,
        "inputs": list(action.inputs),
        "areas": [{"name": area.name, "required": area.required} for area in action.areas],
        "task": action.task,
        "outcome": action.outcome,
        "create": action.create,
    }


def finding(found: Finding) -> Json:
    """Return one finding of a bundle."""
    return {
        "code": found.code,
        "file": found.file,
        "line": found.line,
        "element": found.element,
        "message": found.message,
        "severity": found.severity,
    }


def event(row: Event) -> Json:
    """Return a line of history."""
    return {
        "id": row.id,
        "at": moment(row.at),
        "kind": row.kind,
        "instance": row.instance_id,
        "task": row.task_id,
        "file": row.file_id,
        "user": row.user_id,
        "address": row.address,
        "data": dict(row.data),
    }


def call(row: ServiceCall) -> Json:
    """Return a service task that became due."""
    return {
        "id": row.id,
        "instance": row.instance_id,
        "element": row.element,
        "kind": row.kind,
        "state": row.state,
        "variables": dict(row.variables),
        "opened_at": moment(row.opened_at),
        "closed_at": moment(row.closed_at),
        "error": row.error,
        "next_attempt_at": moment(row.due_at),
    }


def attempt(row: Attempt) -> Json:
    """Return one attempt of a service task."""
    return {
        "number": row.number,
        "state": row.state,
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "reason": row.reason,
        "message": row.message,
        "details": dict(row.details),
    }


def incident(row: Incident) -> Json:
    """Return why an instance could not go on."""
    return {
        "id": row.id,
        "instance": row.instance_id,
        "element": row.element,
        "code": row.code,
        "message": row.message,
        "details": dict(row.details),
        "opened_at": moment(row.opened_at),
        "closed_at": moment(row.closed_at),
    }


def user(row: User) -> Json:
    """Return a person."""
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "time_zone": row.time_zone,
        "locale": row.locale,
        "active": row.is_active,
        "created_at": moment(row.created_at),
    }


def group(row: Group) -> Json:
    """Return a group."""
    return {"id": row.id, "name": row.name}


def credential(row: Credential) -> Json:
    """Return a credential, never its secret."""
    return {
        "id": row.id,
        "user": row.user_id,
        "kind": row.kind,
        "name": row.name,
        "created_at": moment(row.created_at),
        "expires_at": moment(row.expires_at),
    }


def search(row: SavedSearch) -> Json:
    """Return a saved search."""
    return {
        "id": row.id,
        "name": row.name,
        "owner": row.owner_id,
        "query": dict(row.query),
        "groups": list(row.groups),
        "created_at": moment(row.created_at),
        "changed_at": moment(row.changed_at),
    }
