"""SQL of check-ins: instances of one app, with the forms that were handed in with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.db.lists.conditions import ColumnKind, SqlColumn, condition
from satchel.db.lists.search import Where
from satchel.db.pool import Reader, Writer, assembled
from satchel.model.ids import AccountId, AppId, InstanceId, TaskId
from satchel.model.search.conditions import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInRow:
    """A check-in without its files.

    Attributes:
        form_id: the task whose form was handed in with it.
        form_label: what the app of that is called.
        person: the name of the person who was there.
    """

    id: InstanceId
    started_at: datetime
    values: Mapping[str, object]
    form_id: TaskId | None
    form_label: str | None
    person: str | None


def _value(field: str) -> str:
    return f"(i.\"values\" ->> '{field}')"


COLUMNS: Mapping[str, SqlColumn] = {
    "id": SqlColumn(kind=ColumnKind.NUMBER, sql="i.id"),
    "person": SqlColumn(kind=ColumnKind.NUMBER, sql=f"{_value('person')}::numeric", label="u.name"),
    "at": SqlColumn(kind=ColumnKind.TIME, sql="i.started_at"),
    "address": SqlColumn(kind=ColumnKind.TEXT, sql=_value("address")),
    "note": SqlColumn(kind=ColumnKind.TEXT, sql=_value("note")),
    "latitude": SqlColumn(kind=ColumnKind.NUMBER, sql=_value("latitude")),
    "longitude": SqlColumn(kind=ColumnKind.NUMBER, sql=_value("longitude")),
    "form": SqlColumn(kind=ColumnKind.NUMBER, sql="t.app_id", label="a.name"),
}
"""What check-ins can be found and sorted by; equal ones go by id."""

_FROM = (
    " FROM instances i"
    " LEFT JOIN checkin_forms c ON c.account_id = i.account_id AND c.checkin_id = i.id"
    " LEFT JOIN tasks t ON t.account_id = c.account_id AND t.id = c.task_id"
    " LEFT JOIN apps a ON a.account_id = t.account_id AND a.id = t.app_id"
    f" LEFT JOIN users u ON u.account_id = i.account_id AND u.id = {_value('person')}::bigint WHERE "
)
_COLUMNS = 'i.id, i.started_at, i."values", c.task_id AS form_id, a.name AS form_label, u.name AS person'


def _where(account: AccountId, app: AppId, conditions: Sequence[Condition]) -> Where:
    where = Where()
    where.add("i.account_id = {}", account)
    where.add("i.app_id = {}", app)
    where.parts += [condition(where, COLUMNS, one) for one in conditions]
    return where


async def listed(
    tx: Reader,
    account: AccountId,
    app: AppId,
    conditions: Sequence[Condition],
    *,
    sorts: Sequence[tuple[str, bool]],
    offset: int,
    limit: int,
) -> list[CheckInRow]:
    """Return a page of the check-ins for which all conditions hold; `sorts` name columns and whether each descends."""
    where = _where(account, app, conditions)
    order = [COLUMNS[name].order + (" DESC NULLS LAST" if down else " NULLS FIRST") for name, down in sorts]
    last = "i.id DESC" if sorts and sorts[-1][1] else "i.id"
    query = f"SELECT {_COLUMNS}{_FROM}{where.text()} ORDER BY {', '.join([*order, last])}"
    query += f" OFFSET {int(offset)} LIMIT {int(limit)}"
    return await tx.rows(CheckInRow, assembled(query), where.parameters)


async def counted(tx: Reader, account: AccountId, app: AppId, conditions: Sequence[Condition]) -> int:
    """Return for how many check-ins all conditions hold."""
    where = _where(account, app, conditions)
    return await tx.value(int, assembled(f"SELECT count(*){_FROM}{where.text()}"), where.parameters) or 0


async def insert_form(tx: Writer, account: AccountId, task: TaskId, now: datetime) -> None:
    """Note that a task's form waits for its check-in."""
    tx.put("INSERT INTO checkin_forms (account_id, task_id, created_at) VALUES (%s, %s, %s)", (account, task, now))


async def submit_form(tx: Writer, account: AccountId, task: TaskId, checkin: InstanceId) -> None:
    """Note the check-in that a form was handed in with."""
    tx.put("UPDATE checkin_forms SET checkin_id = %s WHERE account_id = %s AND task_id = %s", (checkin, account, task))


async def is_waiting(tx: Reader, account: AccountId, task: TaskId) -> bool:
    """Return whether a task's form waits for its check-in."""
    query = "SELECT true FROM checkin_forms WHERE account_id = %s AND task_id = %s AND checkin_id IS NULL"
    return await tx.value(bool, query, (account, task)) or False


async def checkin_of(tx: Reader, account: AccountId, task: TaskId) -> InstanceId | None:
    """Return the check-in that a task's form was handed in with, or None."""
    query = "SELECT checkin_id FROM checkin_forms WHERE account_id = %s AND task_id = %s"
    return await tx.value(InstanceId, query, (account, task))


async def forms_of(tx: Reader, account: AccountId, checkins: Sequence[InstanceId]) -> list[InstanceId]:
    """Return the instances whose forms were handed in with some check-ins, by id."""
    return await tx.values(
        InstanceId,
        "SELECT t.instance_id FROM checkin_forms c JOIN tasks t ON t.account_id = c.account_id AND t.id = c.task_id"
        " WHERE c.account_id = %s AND c.checkin_id = ANY(%s) ORDER BY t.instance_id",
        (account, list(checkins)),
    )


async def forgotten(
    tx: Reader, before: datetime, limit: int, but: Sequence[object] = ()
) -> list[tuple[AccountId, TaskId]]:
    """Return forms of every account, but for some, that have waited for their check-in since before a moment."""
    rows = await tx.pairs(
        "SELECT account_id, task_id FROM checkin_forms WHERE checkin_id IS NULL AND created_at <= %s"
        " AND task_id <> ALL(%s::bigint[]) ORDER BY created_at LIMIT %s",
        (before, list(but), limit),
    )
    return [(AccountId(int(str(account))), TaskId(int(str(task)))) for account, task in rows]


async def drop_form(tx: Writer, account: AccountId, task: TaskId) -> None:
    """Forget that a task's form was for a check-in."""
    tx.put("DELETE FROM checkin_forms WHERE account_id = %s AND task_id = %s", (account, task))
