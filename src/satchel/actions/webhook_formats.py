"""How messages of webhooks look: a format renders what happened as JSON. `native` is ours; surfaces bring their own.

Which formats a server knows is put together in `satchel.main`: actions know no surface.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.actions.loading import LoadedApp
from satchel.db.pool import Reader
from satchel.model.clock import moment
from satchel.model.files import File
from satchel.model.ids import EventId, FieldId, UserId
from satchel.model.instance import Instance, Task
from satchel.model.values import in_full
from satchel.model.webhooks import SUBSCRIBED, WebhookEvent

NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceChange:
    """An instance, as it was when the change was saved that a message tells of.

    Attributes:
        event_id: of the line of history; within one instance they grow in the order of its changes.
        kind: of that line, such as `task.completed`.
        user_id: who did it; None for the process itself.
        task: the one that it was done in, as it is now, or None.
        files: by field, and under None those of the attachments tab; as `metadata_by_place` tells them, each
            address made for this attempt. Files that are gone by now are left out.
        held: the same files, and perhaps some that are gone.
        files_left_out: how many there were too many of.
    """

    event_id: EventId
    kind: str
    user_id: UserId | None
    app: LoadedApp
    instance: Instance
    task: Task | None
    files: Mapping[FieldId | None, Sequence[Mapping[str, object]]]
    held: Sequence[File]
    files_left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMessage:
    """What a webhook is told.

    Attributes:
        type: the happening in the format's own word.
        at: when it happened.
        told: None in a test.
    """

    id: str
    happening: WebhookEvent
    type: str
    at: datetime
    told: InstanceChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to render messages.

    Attributes:
        types: what each happening is called; one that is missing cannot be subscribed to.
        render: returns a message as JSON data.
        token_header: the header that carries the webhook's token, or None where the signature is all.
    """

    name: str
    types: Mapping[WebhookEvent, str]
    render: Callable[[Reader, WebhookMessage], Awaitable[object]]
    token_header: str | None = None

    @property
    def events(self) -> list[str]:
        """What can be subscribed to."""
        return [happening.value for happening in SUBSCRIBED if happening in self.types]

    def type_of(self, happening: WebhookEvent) -> str:
        """Return what a happening is called; a test is called so where the format has no word for it."""
        return self.types.get(happening, happening.value)


def by_name(*formats: Format) -> Mapping[str, Format]:
    """Return formats by their names."""
    return {known.name: known for known in formats}


async def _native(_tx: Reader, message: WebhookMessage) -> object:
    """Render a message as the native API says things; the three members are those of Standard Webhooks."""
    told = message.told
    shown: dict[str, object] = {"type": message.type, "timestamp": moment(message.at)}
    if told is None:
        return {**shown, "data": dict[str, object]()}
    instance, task = told.instance, told.task
    data: dict[str, object] = {
        "app": told.app.manifest.code,
        "event": {"id": told.event_id, "kind": told.kind, "user": told.user_id},
        "instance": {
            "id": instance.id,
            "uuid": str(instance.uuid),
            "identifier": instance.identifier,
            "title": instance.title,
            "state": instance.state.value,
            "starter": instance.starter_id,
            "started_at": moment(instance.started_at),
            "ended_at": moment(instance.ended_at) if instance.ended_at is not None else None,
            "revision": instance.revision,
        },
        "task": None
        if task is None
        else {
            "id": task.id,
            "element": task.element,
            "name": task.name,
            "state": task.state.value,
            "outcome": task.outcome,
        },
        "values": in_full(told.app.manifest.fields, instance.values),
        "files": {field.id: _native_files(told, field.id) for field in told.app.file_fields},
        "attachments": _native_files(told, None),
    }
    if told.files_left_out:
        data["files_left_out"] = told.files_left_out
    return {**shown, "data": data}


def _native_files(told: InstanceChange, place: FieldId | None) -> list[dict[str, object]]:
    rows = {file.uuid.hex: file for file in told.held}
    shown = [(rows[str(one["attachmentId"])], one) for one in told.files.get(place, ())]
    return [{"id": row.id, **one, "sha256": row.digest} for row, one in shown]


NATIVE_FORMAT = Format(name=NATIVE, types={happening: happening.value for happening in WebhookEvent}, render=_native)
