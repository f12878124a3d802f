"""Writes lines of history in the name of an actor: every change is one event."""

from collections.abc import Mapping

from satchel.actions.context import Context
from satchel.db.events import RecordedEvent, insert_event
from satchel.db.pool import Writer
from satchel.db.trips import Later
from satchel.model.actor import Actor
from satchel.model.ids import AppId, FileId, InstanceId, TaskId
from satchel.model.submitted_forms import SubmittedForm


async def write_event(
    tx: Writer,
    context: Context,
    actor: Actor,
    kind: str,
    data: Mapping[str, object] | None = None,
    *,
    instance: InstanceId | None = None,
    task: TaskId | None = None,
    file: FileId | None = None,
    submitted: SubmittedForm | None = None,
    told_as: tuple[AppId, str] | None = None,
) -> Later[RecordedEvent | None] | None:
    """Write that the actor did `kind` (as `noun.verb`) to the things named.

    Args:
        submitted: the form that the actor submitted by it; it does not become part of the history.
        told_as: the app and the happening that its webhooks are told of; those that want it will be the result.
    """
    return insert_event(
        tx,
        actor.account_id,
        at=context.clock(),
        kind=kind,
        user_id=actor.user_id,
        credential_id=actor.credential_id,
        address=actor.address,
        instance_id=instance,
        task_id=task,
        file_id=file,
        data=data,
        submitted=submitted,
        told_as=told_as,
    )
