"""Who holds a task: given to a user, to their substitute while they are away, and returned to them after that."""

from dataclasses import replace

from satchel.actions.instances import recipients
from satchel.actions.instances.run import Run
from satchel.db import absences
from satchel.db import tasks as rows
from satchel.db.notifications import notify_of_task
from satchel.model.ids import UserId
from satchel.model.instance import Task, TaskState
from satchel.model.notifications import NotificationKind


async def assign_in(run: Run, task: Task, user_id: UserId) -> Task | None:
    """Give an open task to a user, as part of a change that has asked for the right to; None if there is no such user.

    While they are away their substitute gets it, unless the user, or who would get it, is the one who assigns it: the
    first takes it, the second gives it back on purpose.
    """
    holder = await run.tx.ask(absences.holder_for(task.account_id, user_id, run.now))
    if holder is None:
        return None
    if holder.in_place_of is None or run.actor.user_id in (user_id, holder.user_id):
        return await give(run, task, user_id, "task.assigned")
    return await give(run, task, holder.user_id, "task.assigned", in_place_of=holder.in_place_of)


async def give(run: Run, task: Task, user_id: UserId, kind: str, *, in_place_of: UserId | None = None) -> Task:
    """Make a user the holder of an open task, as part of a change that has asked for the right to; return it."""
    given = await set_holder(run, task, TaskState.ASSIGNED, user_id, in_place_of=in_place_of)
    run.ledger.made.given(given)
    data = {"user": user_id} if in_place_of is None else {"user": user_id, "in_place_of": in_place_of}
    await run.event(kind, task=task.id, data=data)
    if user_id not in (run.actor.user_id, task.holder_id):
        _notify(run, task)
    return given


async def return_task(run: Run, task: Task, absent: UserId) -> None:
    """Return an open task that a substitute holds to the user in whose place they do, who is present again."""
    given = await set_holder(run, task, TaskState.ASSIGNED, absent)
    run.ledger.made.given(given)
    await run.event("task.assigned", task=task.id, data={"user": absent, "back_from": task.holder_id})
    _notify(run, task)


async def set_holder(
    run: Run, task: Task, state: TaskState, holder: UserId | None, *, in_place_of: UserId | None = None
) -> Task:
    """Set who holds an open task, and its state; return it."""
    await rows.set_holder(run.tx, task.account_id, task.id, state=state, holder=holder, in_place_of=in_place_of)
    return replace(task, state=state, holder_id=holder, in_place_of=in_place_of, revision=task.revision + 1)


def _notify(run: Run, task: Task) -> None:
    whom = recipients.of_task(run, task.element, held=NotificationKind.HANDED_OVER)
    notify_of_task(run.tx, task.account_id, task.id, whom)
