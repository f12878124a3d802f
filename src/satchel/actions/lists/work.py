"""The work list: a person's tasks with all that a row shows, in one request; and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances.search_columns import title_prefix
from satchel.actions.lists.tasks import reach_of
from satchel.db import apps as app_rows
from satchel.db.lists import work as rows
from satchel.db.lists.work import WorkCounts as WorkCounts  # noqa: PLC0414  # what callers are handed
from satchel.db.lists.work import WorkRow
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.errors import NotFound
from satchel.model.ids import AppId, FieldId, InstanceId
from satchel.model.instance import Task
from satchel.model.search.work_list import WorkCursor, WorkQuery, WorkSort, encode_work_cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """A row of a work list.

    Attributes:
        files: how many files the task shows; None where it is seen as own work only.
        is_overdue: whether it is open and its due time has passed, or was closed after it.
    """

    row: WorkRow
    files: int | None
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage:
    """A page of a work list.

    Attributes:
        cursor: of the next page; None on the last.
        count: how many there are in all and whether that is exact, if it was asked.
    """

    items: Sequence[WorkItem]
    cursor: str | None
    count: tuple[int, bool] | None


async def listed(
    context: Context, actor: Actor, query: WorkQuery, *, limit: int, app_code: str | None = None, with_count: bool
) -> WorkPage:
    """Return a page of a work list.

    Args:
        context: the server's parts.
        actor: who asks; of no task do they learn that they may not see.
        query: which tasks, in which order.
        limit: the most items of the page.
        app_code: the app whose tasks are asked for.
        with_count: whether to count.

    Raises:
        NotFound: there is no such app, or the actor has neither a right for it nor such a task of it.
    """
    now = context.clock()
    reach = reach_of(actor)
    async with context.database.read() as tx:
        app = None if app_code is None else await _app(tx, actor, app_code)
        query = replace(query, app=app, title_prefix=title_prefix(actor.account_id))
        found = await rows.work(tx, actor.account_id, reach, query, now=now, limit=limit + 1)
        count = await rows.count(tx, actor.account_id, reach, query, now=now) if with_count else None
        if app is not None and not found and not actor.knows(app):
            raise NotFound("app", app_code)
        shown = found[:limit]
        held = await rows.held_files(tx, actor.account_id, sorted({row.task.instance_id for row in shown}))
        places = {(one.instance_id, one.field_id): one.files for one in held}
        items = [
            WorkItem(
                row=row,
                files=await _files(context, tx, actor, row.task, places),
                is_overdue=row.task.due_at is not None and row.task.due_at < (row.task.closed_at or now),
            )
            for row in shown
        ]
    cursor = encode_work_cursor(query, _cursor(query, shown[-1])) if len(found) > limit else None
    return WorkPage(items=items, cursor=cursor, count=count)


async def counts(context: Context, actor: Actor) -> WorkCounts:
    """Return how many open tasks the actor holds, how many of them are late, and how many they may claim."""
    async with context.database.read() as tx:
        return await rows.counts(tx, actor.account_id, reach_of(actor), now=context.clock())


async def _app(tx: Reader, actor: Actor, code: str) -> AppId:
    found = await app_rows.app_by_code(tx, actor.account_id, code)
    if found is None:
        raise NotFound("app", code)
    return found.id


async def _files(
    context: Context,
    tx: Reader,
    actor: Actor,
    task: Task,
    places: dict[tuple[InstanceId, FieldId | None], int],
) -> int | None:
    """Return how many files a task shows to somebody; its app is known already, or read once."""
    here = {field: count for (instance, field), count in places.items() if instance == task.instance_id}
    if actor.may(Right.VIEW, task.app_id):
        return sum(here.values())
    if not (access.holds(actor, task) or access.is_offered_to(actor, task)):
        return None
    app = await context.apps.version(tx, actor.account_id, task.version_id)
    shown = access.shown_by(access.form_of(app, task))
    has_tab = access.holds(actor, task)
    return sum(count for field, count in here.items() if (has_tab if field is None else field in shown))


def _cursor(query: WorkQuery, last: WorkRow) -> WorkCursor:
    task = last.task
    value = {
        WorkSort.OPENED: task.opened_at,
        WorkSort.DUE: task.due_at,
        WorkSort.CLOSED: task.closed_at,
        WorkSort.TITLE: last.title_folded,
    }[query.sort]
    return WorkCursor(value=value, id=task.id)
