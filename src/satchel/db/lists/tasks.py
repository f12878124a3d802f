"""SQL of lists of tasks over all apps: filtered, sorted and paged, with what names each task's instance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from satchel.db.events import EMPTIED, SUBMISSIONS
from satchel.db.lists.conditions import ColumnKind, SqlColumn, condition
from satchel.db.lists.search import Where
from satchel.db.pool import Reader, assembled
from satchel.model.ids import AccountId, AppId, GroupId, TaskId, UserId
from satchel.model.instance import Task, TaskDetails, TaskState
from satchel.model.search.conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskVisibility:
    """Which tasks an asker may see: those of some apps, those that they hold, and those offered to them.

    Attributes:
        viewable, startable: apps; None means all.
    """

    user: UserId | None
    viewable: Sequence[AppId] | None
    startable: Sequence[AppId] | None
    groups: Sequence[GroupId]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks are asked for; None and empty leave a condition out.

    Attributes:
        identifier: the client's own number for it; where that is not known, its instance's identifier.
        is_submitted: whether its form was submitted, or completed.
        opened_from, due_until: the task begins or opened at or after, and is due at or before.
        conditions: on what `COLUMNS` names; all must hold.
        no_checkins: whether tasks whose forms are for check-ins are left out.
        sorts: names of `COLUMNS`, and whether that one descends.
    """

    states: Sequence[TaskState] = ()
    holders: Sequence[UserId] = ()
    app: AppId | None = None
    identifier: str | None = None
    ids: Sequence[TaskId] = ()
    is_submitted: bool | None = None
    submitted_from: datetime | None = None
    submitted_until: datetime | None = None
    opened_from: datetime | None = None
    due_until: datetime | None = None
    conditions: Sequence[Condition] = ()
    no_checkins: bool = False
    sorts: Sequence[tuple[str, bool]] = (("id", False),)
    offset: int = 0
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTask:
    """A task with what names its instance, and what clients say of it.

    Attributes:
        submitted_at: when its form was last submitted or completed.
    """

    task: Task
    identifier: str
    title: str
    starter_id: UserId | None
    details: TaskDetails
    submitted_at: datetime | None


# Evaluated for the rows of the page only, unless they are chosen or sorted by it.
_SUBMITTED_AT: LiteralString = (
    "(SELECT CASE WHEN e.kind = %(emptied)s THEN NULL ELSE e.at END FROM events e WHERE e.account_id = t.account_id"
    " AND e.instance_id = t.instance_id AND e.task_id = t.id AND e.kind = ANY(%(submissions)s)"
    " ORDER BY e.id DESC LIMIT 1)"
)

_NAMED: LiteralString = "coalesce(d.label, t.name || ': ' || i.title)"
_BEGINS: LiteralString = "coalesce(d.begins_at, t.opened_at)"
_KNOWN_AS: LiteralString = "coalesce(d.reference, i.identifier)"

COLUMNS: Mapping[str, SqlColumn] = {
    "id": SqlColumn(kind=ColumnKind.NUMBER, sql="t.id"),
    "holder": SqlColumn(
        kind=ColumnKind.NUMBER,
        sql="t.holder_id",
        label="(SELECT u.name FROM users u WHERE u.account_id = t.account_id AND u.id = t.holder_id)",
    ),
    "state": SqlColumn(kind=ColumnKind.TEXT, sql="t.state"),
    "name": SqlColumn(kind=ColumnKind.TEXT, sql=_NAMED),
    "description": SqlColumn(kind=ColumnKind.TEXT, sql="(d.more->>'description')"),
    "address": SqlColumn(kind=ColumnKind.TEXT, sql="(d.more->'location'->>'address')"),
    "latitude": SqlColumn(kind=ColumnKind.NUMBER, sql="(d.more->'location'->>'lat')"),
    "longitude": SqlColumn(kind=ColumnKind.NUMBER, sql="(d.more->'location'->>'lng')"),
    "tags": SqlColumn(kind=ColumnKind.LIST, sql="(d.more->'tags')"),
    "created_at": SqlColumn(kind=ColumnKind.TIME, sql="t.opened_at"),
    "opened_at": SqlColumn(kind=ColumnKind.TIME, sql=_BEGINS),
    "due_at": SqlColumn(kind=ColumnKind.TIME, sql="t.due_at"),
    "changed_at": SqlColumn(kind=ColumnKind.TIME, sql="coalesce(t.closed_at, t.opened_at)"),
    "closed_at": SqlColumn(kind=ColumnKind.TIME, sql="t.closed_at"),
    "submitted_at": SqlColumn(kind=ColumnKind.TIME, sql=_SUBMITTED_AT),
    "identifier": SqlColumn(kind=ColumnKind.TEXT, sql=_KNOWN_AS),
    "app": SqlColumn(
        kind=ColumnKind.NUMBER,
        sql="t.app_id",
        label="(SELECT a.name FROM apps a WHERE a.account_id = t.account_id AND a.id = t.app_id)",
    ),
    "no_text": SqlColumn(kind=ColumnKind.TEXT, sql="NULL::text"),
    "no_time": SqlColumn(kind=ColumnKind.TIME, sql="NULL::timestamptz"),
    "no_duration": SqlColumn(kind=ColumnKind.NUMBER, sql="0::numeric"),
}
"""What tasks can be found and sorted by; equal ones go by id. What a client knows of tasks and ours have not is never
there, or no time at all."""

_WHERE: LiteralString = (
    " FROM tasks t JOIN instances i ON i.account_id = t.account_id AND i.id = t.instance_id"
    " LEFT JOIN task_details d ON d.account_id = t.account_id AND d.task_id = t.id"
    " WHERE t.account_id = %(account)s"
    " AND (%(views_all)s OR t.app_id = ANY(%(viewable)s) OR (t.closed_at IS NULL AND (t.holder_id = %(user)s"
    " OR (t.state = 'unassigned' AND (t.group_id = ANY(%(groups)s)"
    " OR (t.group_id IS NULL AND (%(starts_all)s OR t.app_id = ANY(%(startable)s))))))))"
    " AND (%(states)s::text[] IS NULL OR t.state = ANY(%(states)s))"
    " AND (%(holders)s::bigint[] IS NULL OR t.holder_id = ANY(%(holders)s))"
    " AND (%(app)s::bigint IS NULL OR t.app_id = %(app)s)"
    f" AND (%(identifier)s::text IS NULL OR {_KNOWN_AS} = %(identifier)s)"
    " AND (%(ids)s::bigint[] IS NULL OR t.id = ANY(%(ids)s))"
    f" AND (%(is_submitted)s::boolean IS NULL OR ({_SUBMITTED_AT} IS NOT NULL) = %(is_submitted)s)"
    f" AND (%(submitted_from)s::timestamptz IS NULL OR {_SUBMITTED_AT} >= %(submitted_from)s)"
    f" AND (%(submitted_until)s::timestamptz IS NULL OR {_SUBMITTED_AT} <= %(submitted_until)s)"
    f" AND (%(opened_from)s::timestamptz IS NULL OR {_BEGINS} >= %(opened_from)s)"
    " AND (%(due_until)s::timestamptz IS NULL OR t.due_at <= %(due_until)s)"
    " AND (NOT %(no_checkins)s OR NOT EXISTS (SELECT 1 FROM checkin_forms c"
    " WHERE c.account_id = t.account_id AND c.task_id = t.id))"
)
_COLUMNS: LiteralString = (
    "t.account_id, t.id, t.instance_id, t.app_id, t.version_id, t.element, t.token, t.name, t.variables, t.state,"
    " t.holder_id, t.group_id, t.due_at, t.fails_at, t.opened_at, t.closed_at, t.closed_by, t.outcome, t.revision,"
    " t.in_place_of,"
    " i.identifier, i.title, i.starter_id, d.label, d.reference, d.begins_at, coalesce(d.more, '{}') AS more,"
    f" {_SUBMITTED_AT} AS submitted_at"
)


async def listed(tx: Reader, account: AccountId, reach: TaskVisibility, wanted: TaskFilter) -> list[ListedTask]:
    """Return a page of the tasks that an asker may see and wants."""
    order = ""
    for name, descends in wanted.sorts:
        order += COLUMNS[name].order + (" DESC NULLS LAST, " if descends else " NULLS FIRST, ")
    last = " DESC" if wanted.sorts and wanted.sorts[-1][1] else ""
    where = _where(account, reach, wanted)
    query = f"SELECT {_COLUMNS}{_WHERE}{where.text()} ORDER BY {order}t.id{last} OFFSET %(offset)s LIMIT %(limit)s"
    return await tx.rows(ListedTask, assembled(query), where.parameters)


async def counted(tx: Reader, account: AccountId, reach: TaskVisibility, wanted: TaskFilter) -> dict[TaskState, int]:
    """Return how many tasks there are by state, paging aside."""
    where = _where(account, reach, wanted)
    query = f"SELECT t.state, count(*){_WHERE}{where.text()} GROUP BY t.state"
    rows = await tx.pairs(assembled(query), where.parameters)
    return {TaskState(str(state)): int(str(count)) for state, count in rows}


def _where(account: AccountId, reach: TaskVisibility, wanted: TaskFilter) -> Where:
    """Return the conditions of a filter's own, to stand after `_WHERE`, with the parameters of both."""
    where = Where(parts=[""], parameters=_parameters(account, reach, wanted))
    where.parts += [condition(where, COLUMNS, one) for one in wanted.conditions]
    return where


def _parameters(account: AccountId, reach: TaskVisibility, wanted: TaskFilter) -> dict[str, object]:
    return {
        "account": account,
        "user": reach.user,
        "views_all": reach.viewable is None,
        "viewable": list(reach.viewable or ()),
        "starts_all": reach.startable is None,
        "startable": list(reach.startable or ()),
        "groups": list(reach.groups),
        "states": [state.value for state in wanted.states] or None,
        "holders": list(wanted.holders) or None,
        "app": wanted.app,
        "identifier": wanted.identifier,
        "ids": list(wanted.ids) or None,
        "is_submitted": wanted.is_submitted,
        "submitted_from": wanted.submitted_from,
        "submitted_until": wanted.submitted_until,
        "submissions": [*SUBMISSIONS, EMPTIED],
        "emptied": EMPTIED,
        "opened_from": wanted.opened_from,
        "due_until": wanted.due_until,
        "no_checkins": wanted.no_checkins,
        "offset": wanted.offset,
        "limit": wanted.limit,
    }
