"""Service tasks of kind `message`: values and files for an instance of this account that waits for them."""

from satchel.actions.calls.instance import OtherInstance, set_from
from satchel.actions.instances import starting
from satchel.actions.instances.messages import deliver, receiver
from satchel.actions.instances.run import Run, load
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.services import MessageTask
from satchel.outbound.failure import CallFailed


async def perform(run: Run, other: OtherInstance, task: MessageTask) -> dict[str, object]:
    """Deliver the message within the transaction that has both instances locked; return what to note of it.

    Raises:
        NotFound: there is no such instance.
        InvalidValues: the message does not set such a field there, or the field refuses its value or file.
        CallFailed: `not_waiting`: it may wait later.
        EngineStopped: the other process cannot go on.
    """
    if other.instance_id is None:
        raise NotFound("instance", task.app)
    there = await load(run.context, run.tx, other.actor, other.instance_id, run.ledger)
    waiting = await receiver(there, task.message)  # one that has ended waits for nothing
    if waiting is None:
        raise CallFailed(
            "not_waiting",
            f"{there.instance.identifier} does not wait for a message '{task.message}' now.",
            is_temporary=there.instance.is_running,
        )
    declared = there.app.manifest.messages.get(task.message)
    inputs = declared.inputs if declared else ()
    refused = [name for name in (*task.set, *task.copy) if name not in inputs]
    if refused:
        message = f"The message '{task.message}' of {task.app} does not set it; add it to its inputs."
        raise InvalidValues([FieldFault(field=name, code="not_writable", message=message) for name in refused])
    await starting.copy_files(run, there, task.copy)
    await set_from(run, there, task.set)
    await there.event(
        "message.received", data={"name": task.message, "element": waiting.element, "by": run.instance.identifier}
    )
    await deliver(there, waiting)
    await there.save()
    return {"app": task.app, "instance": there.instance.identifier, "message": task.message}
