"""What clients outside say of tasks (what they call them, where, from when): kept for them, not seen by the process."""

from datetime import datetime

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances import tasks
from satchel.actions.instances.run import Run
from satchel.db import task_details as rows
from satchel.db import tasks as task_rows
from satchel.model.actor import Actor, Right
from satchel.model.ids import TaskId
from satchel.model.instance import Task, TaskDetails


async def of_task(context: Context, task: Task) -> TaskDetails | None:
    """Return what is said of a task, or None; the caller has checked that the task may be seen."""
    async with context.database.read() as tx:
        return await rows.details(tx, task.account_id, task.id)


async def describe(
    context: Context, actor: Actor, task_id: TaskId, details: TaskDetails, *, due_at: datetime | None
) -> None:
    """Say anew what an open task is called and so on, and when it is due; the holder may, and those who may modify.

    Args:
        due_at: None leaves what there is.

    Raises:
        NotFound, Forbidden: the actor may not.
        InvalidState: it is closed.
    """
    async with tasks.open_task(context, actor, task_id) as (run, task):
        if not actor.may(Right.MODIFY, task.app_id):
            access.require_holder(actor, task)
        await set_in(run, task, details)
        if due_at is not None:
            await set_due_in(run, task, due_at)
        await task_rows.touch_task(run.tx, actor.account_id, task_id, by=actor.user_id)


async def set_due_in(run: Run, task: Task, due_at: datetime) -> None:
    """Set when a task is due, and its reminders, as part of a change that has asked for the right to."""
    reminder = access.form_of(run.app, task).first_reminder(due_at, run.now)
    await task_rows.set_due(run.tx, task.account_id, task.id, due_at, reminder)


async def set_in(run: Run, task: Task, details: TaskDetails) -> None:
    """Store what is said of a task as part of a change that has asked for the right to."""
    await rows.put(run.tx, task.account_id, task.id, details)
    data = {"label": details.label, "reference": details.reference}
    await run.event("task.described", task=task.id, data=data)
