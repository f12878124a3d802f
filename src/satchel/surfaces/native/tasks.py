"""Tasks: lists and counts; claim, release, assign, arrive, save, complete."""

from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from satchel.actions.files.form_files import FormTarget
from satchel.actions.instances import tasks
from satchel.actions.instances.task_sight import seen_after
from satchel.actions.lists import work
from satchel.model.api import instances as api
from satchel.model.api.queries import TasksQuery
from satchel.model.errors import EngineStopped, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import InstanceId, TaskId, UserId
from satchel.model.instance import Task
from satchel.model.scalars import Moment
from satchel.model.search.moments import bound
from satchel.model.search.work_list import WorkFilter, WorkQuery, WorkSort, decode_work_cursor
from satchel.surfaces.kit.endpoints import Refusals, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import CHANGED, FORM, IF_MATCH, of_form, shows, shows_if_visible
from satchel.surfaces.native.filling import Filling, filled
from satchel.surfaces.native.outputs import instances as outputs
from satchel.surfaces.native.outputs.paging import etag


def _id(exchange: Exchange) -> TaskId:
    return TaskId(exchange.number("task", "task"))


async def listing(exchange: Exchange) -> Reply:
    """List tasks: those that the caller holds, may claim, completed, or may see."""
    asked = exchange.query(TasksQuery)
    found = await work.listed(
        exchange.context,
        exchange.actor,
        _wanted(exchange, asked),
        limit=asked.limit,
        app_code=asked.app,
        with_count=asked.count,
    )
    return json_reply(outputs.work_items(found, exchange.actor))


def _wanted(exchange: Exchange, asked: TasksQuery) -> WorkQuery:
    sort, is_descending = WorkSort(asked.sort.removeprefix("-")), asked.sort.startswith("-")
    now = Moment(now=exchange.context.clock(), time_zone=ZoneInfo(exchange.actor.time_zone))
    return WorkQuery(
        filter=WorkFilter(asked.filter),
        instance=None if asked.instance is None else InstanceId(asked.instance),
        holder=None if asked.holder is None else UserId(asked.holder),
        text=asked.q if asked.q and asked.q.strip() else None,
        due_from=None if asked.due_from is None else bound("due_from", asked.due_from, now, ends=False),
        due_to=None if asked.due_to is None else bound("due_to", asked.due_to, now, ends=True),
        is_overdue=asked.overdue,
        sort=sort,
        is_descending=is_descending,
        cursor=None if asked.cursor is None else decode_work_cursor(asked.cursor, sort, is_descending=is_descending),
    )


async def counts(exchange: Exchange) -> Reply:
    """Count the open tasks that the caller holds, those of them that are overdue, and those that they may claim."""
    return json_reply(outputs.task_counts(await work.counts(exchange.context, exchange.actor)))


async def read(exchange: Exchange) -> Reply:
    """Return a task with its form and the form's values and files."""
    seen = await tasks.read(exchange.context, exchange.actor, _id(exchange))
    return json_reply(outputs.task_view(seen, exchange.actor), headers=etag(seen.task.revision))


def _after(exchange: Exchange, changed: Task) -> Reply:
    """Return a task after a change; nothing to somebody who by now may not see it."""
    try:
        seen = seen_after(exchange.actor, changed)
    except NotFound:
        return Reply(status=204)
    return json_reply(outputs.task(seen, exchange.actor), headers=etag(seen.revision))


async def _do(exchange: Exchange, action: Callable[..., Awaitable[Task]]) -> Reply:
    changed = await action(exchange.context, exchange.actor, _id(exchange), expected=exchange.revision())
    return _after(exchange, changed)


async def claim(exchange: Exchange) -> Reply:
    """Claim an offered task."""
    return await _do(exchange, tasks.claim)


async def release(exchange: Exchange) -> Reply:
    """Release a task that the caller holds."""
    return await _do(exchange, tasks.release)


async def arrive(exchange: Exchange) -> Reply:
    """Report that the holder has started a task."""
    return await _do(exchange, tasks.arrive)


async def assign(exchange: Exchange) -> Reply:
    """Assign a task to a user."""
    given = await exchange.read(inputs.Assign)
    changed = await tasks.assign(
        exchange.context, exchange.actor, _id(exchange), UserId(given.user), expected=exchange.revision()
    )
    return _after(exchange, changed)


async def save(exchange: Exchange) -> Reply:
    """Save a task's form without completing it."""
    task, expected = _id(exchange), exchange.revision()

    async def perform(filling: Filling) -> Reply:
        changed = await tasks.save(exchange.context, exchange.actor, task, filling.given, expected=expected)
        reply = _after(exchange, changed)
        reply.headers |= ignored(filling.given)
        return reply

    return await filled(exchange, inputs.Filled, FormTarget(task=task), perform)


async def complete(exchange: Exchange) -> Reply:
    """Complete a task with its form and outcome."""
    task, expected = _id(exchange), exchange.revision()

    async def perform(filling: Filling) -> Reply:
        context, actor = exchange.context, exchange.actor
        done = await tasks.complete(context, actor, task, filling.given, outcome=filling.outcome, expected=expected)
        return json_reply(outputs.work_result(done, actor, filling.given), headers=ignored(filling.given))

    return await filled(exchange, inputs.Completed, FormTarget(task=task), perform)


_SHOWN = shows_if_visible(api.Task, "task")
_CHANGES: Refusals = (Forbidden, InvalidState, *CHANGED)

ENDPOINTS = (
    endpoint("GET", "/api/v1/tasks", listing, query=TasksQuery, answers=shows(api.WorkItems), refuses=(NotFound,)),
    endpoint("GET", "/api/v1/tasks/counts", counts, answers=shows(api.TaskCounts)),
    endpoint("GET", "/api/v1/tasks/{task}", read, answers=shows(api.TaskView, "ETag")),
    endpoint("POST", "/api/v1/tasks/{task}/claim", claim, headers=IF_MATCH, answers=_SHOWN, refuses=_CHANGES),
    endpoint("POST", "/api/v1/tasks/{task}/release", release, headers=IF_MATCH, answers=_SHOWN, refuses=_CHANGES),
    endpoint(
        "POST",
        "/api/v1/tasks/{task}/assign",
        assign,
        body=inputs.Assign,
        headers=IF_MATCH,
        answers=_SHOWN,
        refuses=(*_CHANGES, InvalidValues),
    ),
    endpoint("POST", "/api/v1/tasks/{task}/arrive", arrive, headers=IF_MATCH, answers=_SHOWN, refuses=_CHANGES),
    endpoint(
        "POST",
        "/api/v1/tasks/{task}/save",
        save,
        body=inputs.Filled,
        takes_form=True,
        headers=IF_MATCH,
        answers=of_form(_SHOWN),
        refuses=(*FORM, *CHANGED),
    ),
    endpoint(
        "POST",
        "/api/v1/tasks/{task}/complete",
        complete,
        body=inputs.Completed,
        takes_form=True,
        headers=IF_MATCH,
        answers=of_form(shows(api.WorkResult)),
        refuses=(*FORM, *CHANGED, EngineStopped),
    ),
)
"""The routes of this module."""
