"""Tasks over all apps: lists with filters, counts, and tasks that somebody is given by starting an app."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances import holders, lifecycle, task_details, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.run import Run
from satchel.db import apps as app_rows
from satchel.db import events as event_rows
from satchel.db import tasks as task_rows
from satchel.db.lists import tasks as rows
from satchel.db.lists.tasks import ListedTask as ListedTask  # noqa: PLC0414  # what callers are handed
from satchel.db.lists.tasks import TaskFilter as TaskFilter  # noqa: PLC0414  # what callers ask with
from satchel.db.lists.tasks import TaskVisibility
from satchel.model.actor import Actor, Right
from satchel.model.errors import Forbidden, NotFound
from satchel.model.ids import AppId, TaskId, UserId
from satchel.model.instance import Task, TaskDetails, TaskState

_HISTORY_PAGE = 1_000


def reach_of(actor: Actor) -> TaskVisibility:
    """Return which tasks an actor may see."""
    return TaskVisibility(
        user=actor.user_id,
        viewable=_sorted(actor.apps_with(Right.VIEW)),
        startable=_sorted(actor.apps_with(Right.START)),
        groups=sorted(actor.group_ids),
    )


def _sorted(apps: frozenset[AppId] | None) -> Sequence[AppId] | None:
    return None if apps is None else sorted(apps)


async def listed(context: Context, actor: Actor, wanted: TaskFilter) -> tuple[list[ListedTask], int]:
    """Return a page of the tasks that the actor may see, and how many there are in all."""
    reach = reach_of(actor)
    async with context.database.read() as tx:
        found = await rows.listed(tx, actor.account_id, reach, wanted)
        counts = await rows.counted(tx, actor.account_id, reach, wanted)
    return found, sum(counts.values())


async def counted(context: Context, actor: Actor, wanted: TaskFilter) -> dict[TaskState, int]:
    """Return how many tasks that the actor may see there are, by state."""
    async with context.database.read() as tx:
        return await rows.counted(tx, actor.account_id, reach_of(actor), wanted)


async def history(context: Context, actor: Actor, task_id: TaskId) -> list[event_rows.Event]:
    """Return what happened to a task, oldest first; it needs the right `view`.

    Raises:
        NotFound: there is no such task, or the actor may not see it.
        Forbidden: the actor sees the task but not the whole of its instance.
    """
    task = await tasks.find(context, actor, task_id)
    found: list[event_rows.Event] = []
    after = 0
    while True:
        page = await lifecycle.history(context, actor, task.instance_id, after=after, limit=_HISTORY_PAGE)
        found += [event for event in page if event.task_id == task_id]
        if len(page) < _HISTORY_PAGE:
            return found
        after = page[-1].id


async def start_for(
    context: Context,
    actor: Actor,
    app_id: AppId,
    given: Submission,
    *,
    holder: UserId | None,
    details: TaskDetails | None = None,
    due_at: datetime | None = None,
    then: Callable[[Run, Task], Awaitable[None]] | None = None,
) -> TaskId:
    """Start an app and return its first open task, assigned to somebody if they are named; all of it or nothing.

    Args:
        details: what the client says of the task.
        due_at: when it is due, in place of what the app says; None leaves that.
        then: what else happens with it in the same transaction.

    Raises:
        NotFound: there is no such app or user for the actor, or the instance has no open task.
        Forbidden: the actor may not start the app, or not assign its tasks.
        InvalidValues: a value is refused.
        EngineStopped: the process cannot take its first steps.
    """
    async with context.database.read() as tx:
        app = await app_rows.app(tx, actor.account_id, app_id)
    if app is None:
        raise NotFound("app", app_id)
    opened: list[TaskId] = []

    async def first(run: Run) -> None:
        task = await give_first(run, holder)
        if task is None:
            raise NotFound("open task")
        opened.append(task.id)
        if details is not None:
            await task_details.set_in(run, task, details)
        if due_at is not None:
            await task_details.set_due_in(run, task, due_at)
        if then is not None:
            await then(run, task)

    await lifecycle.start_as(context, actor, app.code, given, then=first)
    return opened[0]


async def give_first(run: Run, holder: UserId | None) -> Task | None:
    """Assign the first open task of an instance to somebody if they are named, and return it; None if it has none.

    Raises:
        NotFound: there is no such user.
        Forbidden: the actor may not assign its tasks.
    """
    found = await task_rows.open_tasks_of(run.tx, run.instance.account_id, [run.instance.id])
    if not found:
        return None
    if holder is not None and found[0].holder_id != holder:
        await _give(run, found[0], holder)
    return found[0]


async def hand_to(context: Context, actor: Actor, task_id: TaskId, holder: UserId) -> None:
    """Give a task to a user; who takes one that is offered to them needs no right for it.

    Raises:
        NotFound, Forbidden: the actor may not assign it.
        InvalidState: it is closed.
        InvalidValues: the account has no such active user.
    """
    task = await tasks.find(context, actor, task_id)
    if holder == actor.user_id and access.is_offered_to(actor, task):
        await tasks.claim(context, actor, task_id)
    else:
        await tasks.assign(context, actor, task_id, holder)


async def _give(run: Run, task: Task, holder: UserId) -> None:
    """Assign a task that was opened just now; who does not manage the app may take it, and assign it to nobody else."""
    if not run.actor.may(Right.MANAGE, task.app_id):
        if holder != run.actor.user_id:
            raise NotFound("user", holder)
        if not access.is_offered_to(run.actor, task):
            raise Forbidden(f"Task {task.id} is not offered to you.")
        await holders.give(run, task, holder, "task.claimed")
    elif await holders.assign_in(run, task, holder) is None:
        raise NotFound("user", holder)
