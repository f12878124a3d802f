"""Tasks with all that a list of another vendor shows of them: their process, holder and group; paged by offset."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from satchel.actions.context import Context
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.run import Run
from satchel.actions.lists import nodes, processes, search
from satchel.actions.lists import tasks as task_lists
from satchel.actions.lists.processes import InstanceFilter, ListedInstance
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db.lists import search as search_rows
from satchel.db.lists import starters
from satchel.db.lists import task_searches as rows
from satchel.db.lists.task_searches import TaskConditions as TaskConditions  # noqa: PLC0414  # what callers ask with
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest
from satchel.model.ids import TaskId
from satchel.model.instance import OPEN_TASK_STATES, Task

MAX_OFFERED = 10_000
"""The most tasks on offer that are counted for one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOfInstance:
    """A task and what belongs to it.

    Attributes:
        node: the number of its element.
        holder, group: their names, or None.
    """

    task: Task
    process: ListedInstance
    node: int
    holder: str | None
    group: str | None


async def searched(
    context: Context,
    actor: Actor,
    wanted: InstanceFilter,
    conditions: TaskConditions,
    *,
    node: int | None,
    start: int,
    limit: int,
) -> tuple[int, list[TaskOfInstance]]:
    """Return how many tasks there are of the instances that are wanted, and a page of them.

    Args:
        node: the number of an element of the app that is asked for.

    Raises:
        InvalidRequest, NotFound, Forbidden: as `satchel.actions.lists.processes.listing`; a node needs an app.
    """
    async with context.database.read() as tx:
        app, query = await processes.resolved(context, tx, actor, wanted)
        if node is not None:
            if app is None:
                raise InvalidRequest("A node is one of an app; name it.", pointer="/nodeNumber")
            conditions = replace(conditions, element=nodes.numbered(app, node).id)
        where = search_rows.condition(search.scope_of(actor, app), query)
        count, ids = await rows.searched(tx, where, conditions, start=start, limit=limit)
        found = await task_rows.tasks_numbered(tx, actor.account_id, ids)
        return count, await _with_parts(context, tx, actor, found)


async def held(context: Context, actor: Actor, *, start: int, limit: int) -> tuple[int, list[TaskOfInstance]]:
    """Return how many open tasks the actor holds, and a page of them."""
    if actor.user_id is None:
        return 0, []
    wanted = task_lists.TaskFilter(
        states=OPEN_TASK_STATES, holders=[actor.user_id], sorts=[("opened_at", True)], offset=start, limit=limit
    )
    found, count = await task_lists.listed(context, actor, wanted)
    async with context.database.read() as tx:
        return count, await _with_parts(context, tx, actor, [one.task for one in found])


async def offered(context: Context, actor: Actor, *, start: int, limit: int) -> tuple[int, list[TaskOfInstance]]:
    """Return how many tasks the actor may claim, and a page of them, newest first."""
    found = list(await tasks.offered(context, actor, after=0, limit=MAX_OFFERED))[::-1]
    async with context.database.read() as tx:
        return len(found), await _with_parts(context, tx, actor, found[start : start + limit])


async def one(context: Context, actor: Actor, task_id: TaskId) -> TaskOfInstance:
    """Return one task.

    Raises:
        NotFound: there is none that the actor may see.
    """
    found = await tasks.find(context, actor, task_id)
    async with context.database.read() as tx:
        return (await _with_parts(context, tx, actor, [found]))[0]


async def start(context: Context, actor: Actor, app: int, node: int) -> TaskOfInstance | None:
    """Start an app with an empty form and return its first task, assigned to the actor.

    None stands for no task yet: the process begins with what needs no person, such as a receive or a service task.

    Raises:
        InvalidRequest: the node is not the start event's.
        NotFound, Forbidden, InvalidValues, EngineStopped: as `satchel.actions.instances.lifecycle.start`; and
            Forbidden, where the actor may not take the task.
    """
    async with context.database.read() as tx:
        loaded = await processes.numbered(context, tx, actor, app)
    if nodes.numbered(loaded, node).id != nodes.start_of(loaded).id:
        raise InvalidRequest("This node does not start the process.", pointer="/nodeNumber", given=node)
    first: list[Task] = []

    async def take(run: Run) -> None:
        task = await task_lists.give_first(run, actor.user_id)
        first.extend([] if task is None else [task])

    await lifecycle.start_as(context, actor, loaded.manifest.code, Submission(), then=take)
    return await one(context, actor, first[0].id) if first else None


async def _with_parts(context: Context, tx: Reader, actor: Actor, found: Sequence[Task]) -> list[TaskOfInstance]:
    account = actor.account_id
    instances = await instance_rows.instances_numbered(tx, account, sorted({task.instance_id for task in found}))
    known = {one.instance.id: one for one in await processes.with_parts(context, tx, actor, instances)}
    asked_holders = tx.later(starters.starters(account, sorted({one.holder_id for one in found if one.holder_id})))
    asked_groups = tx.later(starters.group_names(account, sorted({one.group_id for one in found if one.group_id})))
    await tx.trip()
    holders, groups = asked_holders.result, asked_groups.result
    return [
        TaskOfInstance(
            task=task,
            process=known[task.instance_id],
            node=nodes.number_of(known[task.instance_id].app, task.element),
            holder=holders[task.holder_id].name if task.holder_id is not None and task.holder_id in holders else None,
            group=groups.get(task.group_id) if task.group_id is not None else None,
        )
        for task in found
        if task.instance_id in known
    ]
