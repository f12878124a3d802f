"""SQL of the work list: tasks with what names their instance, app and people, by keyset; and counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from satchel.db.lists.search import Where
from satchel.db.lists.tasks import TaskVisibility
from satchel.db.pool import Reader, assembled
from satchel.model.ids import AccountId, FieldId, InstanceId, UserId
from satchel.model.instance import InstanceState, Task
from satchel.model.search.trigrams import fold, trigrams_of_term
from satchel.model.search.work_list import WorkFilter, WorkQuery, WorkSort

COUNT_CAP = 10_000
"""Counts are exact up to here; beyond it one learns only that there are more."""

WALK = 1_000
"""How many tasks are looked at in order for a text before its trigrams are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRow:
    """A task with what a list shows of its instance, app and people.

    Attributes:
        title_folded: the title as lists are sorted by it.
        version: of the app that the task belongs to.
    """

    task: Task
    identifier: str
    title: str
    title_folded: str
    instance_state: InstanceState
    app_code: str
    app_name: str
    version: int
    starter_id: UserId | None
    starter_name: str | None
    holder_name: str | None
    group_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFiles:
    """How many files a field of an instance holds (None: the attachments tab)."""

    instance_id: InstanceId
    field_id: FieldId | None
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCounts:
    """How many open tasks wait for a person."""

    mine: int
    overdue: int
    offered: int


_TASK: LiteralString = (
    "t.account_id, t.id, t.instance_id, t.app_id, t.version_id, t.element, t.token, t.name, t.variables, t.state,"
    " t.holder_id, t.group_id, t.due_at, t.fails_at, t.opened_at, t.closed_at, t.closed_by, t.outcome, t.revision,"
    " t.in_place_of"
)
_NAMES: LiteralString = (
    ", i.identifier, i.title, i.title_folded, i.state AS instance_state, a.code AS app_code, a.name AS app_name,"
    " v.number AS version, i.starter_id, starter.name AS starter_name, holder.name AS holder_name, g.name AS group_name"
)
_TASKS: LiteralString = " FROM tasks t"
_FROM: LiteralString = (
    " FROM tasks t JOIN instances i ON i.account_id = t.account_id AND i.id = t.instance_id"
    " JOIN apps a ON a.account_id = t.account_id AND a.id = t.app_id"
    " JOIN app_versions v ON v.account_id = t.account_id AND v.id = t.version_id"
    " LEFT JOIN users starter ON starter.account_id = t.account_id AND starter.id = i.starter_id"
    " LEFT JOIN users holder ON holder.account_id = t.account_id AND holder.id = t.holder_id"
    " LEFT JOIN groups g ON g.account_id = t.account_id AND g.id = t.group_id"
)
_COUNTED_FROM: LiteralString = " FROM tasks t JOIN instances i ON i.account_id = t.account_id AND i.id = t.instance_id"

_SORTS: Mapping[WorkSort, LiteralString] = {
    WorkSort.OPENED: "t.opened_at",
    WorkSort.DUE: "t.due_at",
    WorkSort.CLOSED: "t.closed_at",
    WorkSort.TITLE: "i.title_folded",
}


async def work(
    tx: Reader, account: AccountId, reach: TaskVisibility, query: WorkQuery, *, now: datetime, limit: int
) -> list[WorkRow]:
    """Return a page of a work list.

    With a text, the first `WALK` tasks are looked at in order: a common text fills its page from these. Else it is
    found by the trigrams of the titles and by the names that tasks have.
    """
    where = _where(account, reach, query, now)
    _after(where, query)
    if query.text is not None and (found := await _walked(tx, where.copy(), query, limit)) is not None:
        return found
    await _containing(tx, where, account, query)
    text = f"SELECT {_TASK}{_NAMES}{_FROM} WHERE {where.text()} ORDER BY {_order(query)} LIMIT {int(limit)}"
    return await tx.rows(WorkRow, assembled(text), where.parameters)


async def _walked(tx: Reader, where: Where, query: WorkQuery, limit: int) -> list[WorkRow] | None:
    """Return a page with the query's text from the first `WALK` tasks without it; None where they do not fill it."""
    table = _COUNTED_FROM if query.sort is WorkSort.TITLE else _TASKS
    first = f" FROM (SELECT t.*{table} WHERE {where.text()} ORDER BY {_order(query)} LIMIT {WALK}) t"
    first += _FROM.removeprefix(_TASKS)
    text = f"SELECT {_TASK}{_NAMES}{first} WHERE {_says(where, query)} ORDER BY {_order(query)} LIMIT {int(limit)}"
    found = await tx.rows(WorkRow, assembled(text), where.parameters)
    return found if len(found) == limit else None


async def count(
    tx: Reader, account: AccountId, reach: TaskVisibility, query: WorkQuery, *, now: datetime
) -> tuple[int, bool]:
    """Return how many tasks a work list has, and whether there are no more than that."""
    where = _where(account, reach, query, now)
    await _containing(tx, where, account, query)
    text = f"SELECT count(*) FROM (SELECT 1{_COUNTED_FROM} WHERE {where.text()} LIMIT {COUNT_CAP + 1}) AS found"
    found = await tx.value(int, assembled(text), where.parameters) or 0
    return min(found, COUNT_CAP), found <= COUNT_CAP


async def counts(tx: Reader, account: AccountId, reach: TaskVisibility, *, now: datetime) -> WorkCounts:
    """Return how many open tasks wait for a person: their own, those of them that are late, and those on offer."""
    where = Where()
    mine = where.made("t.holder_id = {}", reach.user)
    offered = _offered(where, reach)
    late = where.made("t.due_at < {}", now)
    whose = where.made("t.account_id = {}", account)
    found = await tx.row(
        WorkCounts,
        assembled(
            f"SELECT count(*) FILTER (WHERE {mine}) AS mine, count(*) FILTER (WHERE {mine} AND {late}) AS overdue,"
            f" count(*) FILTER (WHERE {offered}) AS offered FROM tasks t"
            f" WHERE {whose} AND t.closed_at IS NULL AND ({mine} OR ({offered}))"
        ),
        where.parameters,
    )
    return found or WorkCounts(mine=0, overdue=0, offered=0)


async def held_files(tx: Reader, account: AccountId, instances: Sequence[InstanceId]) -> list[HeldFiles]:
    """Return how many files the places of some instances hold."""
    return await tx.rows(
        HeldFiles,
        "SELECT instance_id, field_id, count(*) AS files FROM files WHERE account_id = %s AND instance_id = ANY(%s)"
        " AND deleted_at IS NULL GROUP BY instance_id, field_id",
        (account, list(instances)),
    )


def _where(account: AccountId, reach: TaskVisibility, query: WorkQuery, now: datetime) -> Where:
    where = Where()
    where.add("t.account_id = {}", account)
    match query.filter:
        case WorkFilter.MINE:
            where.add("t.closed_at IS NULL AND t.holder_id = {}", reach.user)
        case WorkFilter.OFFERED:
            where.parts.append(_offered(where, reach))
        case WorkFilter.DONE:
            where.add("t.closed_by = {} AND t.state IN ('done', 'delayed', 'faulty')", reach.user)
        case WorkFilter.ALL if reach.viewable is not None:
            theirs = where.made("t.app_id = ANY({}) OR t.closed_by = {}", list(reach.viewable), reach.user)
            held = where.made("t.closed_at IS NULL AND t.holder_id = {}", reach.user)
            where.parts.append(f"({theirs} OR ({held}) OR ({_offered(where, reach)}))")
        case WorkFilter.ALL:
            pass
    for column, value in (("t.app_id", query.app), ("t.instance_id", query.instance), ("t.holder_id", query.holder)):
        if value is not None:
            where.add(f"{column} = {{}}", value)
    _due(where, query, now)
    return where


def _due(where: Where, query: WorkQuery, now: datetime) -> None:
    if query.due_from is not None:
        where.add("t.due_at >= {}", query.due_from)
    if query.due_to is not None:
        where.add("t.due_at <= {}", query.due_to)
    if query.is_overdue is not None:
        late = where.made("coalesce(t.due_at < coalesce(t.closed_at, {}), false)", now)
        where.parts.append(late if query.is_overdue else f"NOT {late}")


def _offered(where: Where, reach: TaskVisibility) -> str:
    return where.made(
        "t.state = 'unassigned' AND (t.group_id = ANY({}) OR (t.group_id IS NULL AND ({} OR t.app_id = ANY({}))))",
        list(reach.groups),
        reach.startable is None,
        list(reach.startable or ()),
    )


def _says(where: Where, query: WorkQuery) -> str:
    """Return the condition that a task says the query's text; compared one by one."""
    within, head = f"%{_escaped(query)}%", _head(query)
    return where.made(
        "(i.title_folded LIKE {} OR lower(t.name) LIKE {} OR starts_with(i.identifier, {}))", within, within, head
    )


async def _containing(tx: Reader, where: Where, account: AccountId, query: WorkQuery) -> None:
    """Add the condition that a task says the query's text, if there is one; found by indexes where it is long enough.

    A work list has tasks of few names, which are looked at one by one, and instances of many titles.
    """
    if query.text is None:
        return
    grams = trigrams_of_term(query.text, prefix=query.title_prefix)
    if grams is None:
        where.parts.append(_says(where, query))
        return
    within = f"%{_escaped(query)}%"
    names = await tx.values(str, _NAMES_THAT_SAY, {"account": account, "within": within})
    by_title = where.made(
        "t.instance_id = ANY(ARRAY("
        "SELECT id FROM instances WHERE account_id = {} AND grams @> {}::text[] AND title_folded LIKE {}"
        " UNION SELECT id FROM instances WHERE account_id = {} AND starts_with(identifier, {})))",
        *(account, grams, within, account, _head(query)),
    )
    where.parts.append(f"({by_title} OR {where.made('lower(t.name) = ANY({})', names)})" if names else by_title)


# One look into the index for each name, however many tasks have it.
_NAMES_THAT_SAY: LiteralString = (
    "WITH RECURSIVE known AS ("
    "(SELECT lower(name) AS name FROM tasks WHERE account_id = %(account)s ORDER BY lower(name) LIMIT 1)"
    " UNION ALL SELECT (SELECT lower(name) FROM tasks WHERE account_id = %(account)s AND lower(name) > known.name"
    " ORDER BY lower(name) LIMIT 1) FROM known WHERE known.name IS NOT NULL)"
    " SELECT name FROM known WHERE name LIKE %(within)s"
)


def _escaped(query: WorkQuery) -> str:
    return fold(query.text or "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _head(query: WorkQuery) -> str:
    return (query.text or "").strip().upper()[:64]


def _may_be_empty(query: WorkQuery) -> bool:
    """Return whether tasks of the list may have no value to sort by."""
    return query.sort is WorkSort.DUE or (query.sort is WorkSort.CLOSED and query.filter is not WorkFilter.DONE)


def _order(query: WorkQuery) -> str:
    """Return the order; where each task has a value, as an index has it, which knows none without."""
    column, order = _SORTS[query.sort], "DESC" if query.is_descending else "ASC"
    return f"{column} {order}{' NULLS LAST' if _may_be_empty(query) else ''}, t.id {order}"


def _after(where: Where, query: WorkQuery) -> None:
    """Add what comes behind the cursor; tasks without a value stand at the end of the list either way."""
    cursor, column = query.cursor, _SORTS[query.sort]
    if cursor is None:
        return
    beyond = "<" if query.is_descending else ">"
    if cursor.value is None:
        where.add(f"{column} IS NULL AND t.id {beyond} {{}}", cursor.id)
        return
    part = where.made(f"({column}, t.id) {beyond} ({{}}, {{}})", cursor.value, cursor.id)
    where.parts.append(f"({part} OR {column} IS NULL)" if _may_be_empty(query) else part)
