"""Documents: our instances as Flokzu's answers of version 2, of version 1, and as what its webhooks send.

Nothing here asks for anything: a document and the metadata of its attachments come in, plain data goes out.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from satchel.actions.lists.documents import Document, PeopleNames
from satchel.actions.loading import LoadedApp
from satchel.model.clock import moment
from satchel.model.fields import Field
from satchel.model.ids import FieldId
from satchel.model.instance import Instance, Task
from satchel.surfaces.flokzu.names import names_of
from satchel.surfaces.flokzu.values import named_fields, shown

OK = "OK"
SYSTEM = "system"
"""Who started what nobody did, as their answers have it."""

RECORD_ID = "Id"
"""The column that every record has; no field of ours takes the name."""

SAVE, TASK_COMPLETE = "save", "task_complete"

Attachments = Mapping[FieldId | None, Sequence[Mapping[str, object]]]
"""The metadata of a document's files by field, None for the tab (`metadata_by_place`)."""


def version_2(document: Document, attachments: Attachments) -> dict[str, object]:
    """Return the `data` of a version 2 answer; `attachments`, those of the tab, is ours."""
    instance = document.instance
    return {
        "identifier": instance.identifier,
        "initiatedBy": document.starter or SYSTEM,
        "initiationDate": moment(instance.started_at),
        "tenantName": document.account,
        "summary": instance.title,
        "downloadKey": instance.uuid.hex,
        "lockStatus": 0,
        "activeTasks": [_task(document, task, moment) for task in document.tasks],
        "fields": dict(_fields(document, attachments)),
        "attachments": attachments.get(None, []),
    }


def version_1(document: Document, attachments: Attachments) -> dict[str, object]:
    """Return the whole answer of version 1, which is also what a webhook of type `save` sends."""
    instance = document.instance
    return {
        "tenantName": document.account,
        "reference": instance.identifier,
        "documentCreator": document.starter or SYSTEM,
        "dateCreated": second(instance.started_at),
        "info": instance.title,
        "tags": list[str](),
        "downloadKey": instance.uuid.hex,
        "fields": [{name: value} for name, value in _fields(document, attachments)],
        "lockStatus": 0,
        "activeTasks": [_task(document, task, _minute) for task in document.tasks],
    }


def webhook(
    kind: str, document: Document, attachments: Attachments, *, at: datetime, participant: str | None = None
) -> dict[str, object]:
    """Return what a webhook sends.

    Args:
        kind: `save` or `task_complete`.
        document: the instance after the event.
        attachments: of the document.
        at: when the event was.
        participant: the e-mail of the user who completed the task; only of `task_complete`.
    """
    payload = version_1(document, attachments)
    if kind == TASK_COMPLETE:
        payload["last_participant"] = participant or SYSTEM
    return {"Timestamp": moment(at), "Type": kind, "Payload": payload}


def record(found: Instance, app: LoadedApp, columns: Sequence[Field], people: PeopleNames) -> dict[str, object]:
    """Return a record: its number under `Id`, and its columns."""
    names = names_of(named_fields(app), taken=(RECORD_ID,))
    shown_columns = {names[field.id]: shown(field, found.values.get(field.id), people) for field in columns}
    return {RECORD_ID: str(found.id), **shown_columns}


def second(at: datetime) -> str:
    """Return a moment in UTC as version 1 has it: `2025-03-03 12:30:10`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _minute(at: datetime) -> str:
    return second(at)[: -len(":00")]


def _task(document: Document, task: Task, date: Callable[[datetime], str]) -> dict[str, object]:
    people = document.people
    return {
        "name": task.name,
        "creationDate": date(task.opened_at),
        "dueDate": None if task.due_at is None else date(task.due_at),
        "assignedRoles": [] if task.group_id is None else [people.groups.get(task.group_id, "")],
        "assignedUsers": [] if task.holder_id is None else [people.users.get(task.holder_id, "")],
    }


def _fields(document: Document, attachments: Attachments) -> list[tuple[str, object]]:
    """Return each field that may be seen, by its name, with its value."""
    fields = named_fields(document.app)
    names = names_of(fields)
    found: list[tuple[str, object]] = []
    for field in fields:
        if not document.sight.shows(field.id):
            continue
        if field.is_file_type:
            held = attachments.get(field.id, [])
            is_single = field.files is not None and field.files.max_files == 1
            found.append((names[field.id], next(iter(held), None) if is_single else held))
        else:
            found.append((names[field.id], shown(field, document.values.get(field.id), document.people)))
    return found
