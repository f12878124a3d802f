"""SQL of instances and of the engine's state."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Query, count_of, row_of
from satchel.model.ids import AccountId, FileId, InstanceId, TaskId
from satchel.model.instance import Instance, TaskState

SLOT_COLUMNS = tuple(f"{kind}_{slot}" for kind in ("text", "number", "time") for slot in range(10))
"""The slot columns of `instances`; `SearchValues` names values by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchValues:
    """What searches find an instance by, besides its own columns.

    Attributes:
        title_folded: the title as searches compare it.
        slots: by column of `SLOT_COLUMNS`, for every slot that the app uses (None empties it).
        grams: the trigrams of the title and the searchable texts.
        long_texts: by field, the folded texts that their column holds the beginning of only.
    """

    title_folded: str
    slots: Mapping[str, object]
    grams: list[str]
    long_texts: dict[str, str]


INSTANCE = (
    "account_id, id, uuid, app_id, version_id, number, identifier, title, state, starter_id, started_at, ended_at,"
    ' revision, "values", parent_id, parent_token, depth'
)


def insert_instance(row: Instance, *, engine_state: bytes | None, searched: SearchValues) -> Query[int]:
    """Return the statement that creates an instance, whose numbers were taken before, as it is in `row`."""
    slots = _slots(searched)
    columns = "".join(f", {column}" for column in slots)
    values = "".join(f", %({column})s" for column in slots)
    insert = (
        "INSERT INTO instances (account_id, id, uuid, app_id, version_id, number, identifier, title, title_folded,"
        ' state, starter_id, started_at, ended_at, revision, "values", parent_id, parent_token, depth, grams,'
        f" long_texts{columns}) OVERRIDING SYSTEM VALUE VALUES (%(account)s, %(id)s, %(uuid)s, %(app)s, %(version)s,"
        " %(number)s, %(identifier)s, %(title)s, %(folded)s, %(state)s, %(starter)s, %(started_at)s, %(ended_at)s,"
        f" %(revision)s, %(values)s, %(parent)s, %(parent_token)s, %(depth)s, %(grams)s, %(long_texts)s{values})"
    )
    if engine_state is not None:
        insert = (
            f"WITH made AS ({insert}) INSERT INTO instance_states (account_id, instance_id, state)"
            " VALUES (%(account)s, %(id)s, %(engine_state)s)"
        )
    return count_of(
        assembled(insert),
        {
            **_content(row, engine_state, searched),
            "uuid": row.uuid,
            "app": row.app_id,
            "version": row.version_id,
            "number": row.number,
            "identifier": row.identifier,
            "starter": row.starter_id,
            "started_at": row.started_at,
            "revision": row.revision,
            "parent": row.parent_id,
            "parent_token": row.parent_token,
            "depth": row.depth,
        },
    )


def _content(row: Instance, engine_state: bytes | None, searched: SearchValues) -> dict[str, object]:
    """Return what changes in an instance's rows, as parameters."""
    return {
        "title": row.title,
        "folded": searched.title_folded,
        "state": row.state.value,
        "ended_at": row.ended_at,
        "values": Jsonb(dict(row.values)),
        "grams": searched.grams,
        "long_texts": Jsonb(searched.long_texts),
        "account": row.account_id,
        "id": row.id,
        "engine_state": engine_state,
        **searched.slots,
    }


def _slots(searched: SearchValues) -> Collection[str]:
    unknown = set(searched.slots) - set(SLOT_COLUMNS)
    if unknown:
        raise ValueError(f"no slot columns: {sorted(unknown)}")
    return searched.slots


def locked(account: AccountId, instance: InstanceId | None, *, task: TaskId | None = None) -> Query[Instance | None]:
    """Return a query that locks an instance, given by its number or by that of a task, until the transaction ends."""
    which = "(SELECT instance_id FROM tasks WHERE account_id = %(account)s AND id = %(task)s)"
    return row_of(
        Instance,
        assembled(
            f"SELECT {INSTANCE} FROM instances WHERE account_id = %(account)s"
            f" AND id = {'%(instance)s' if task is None else which} FOR UPDATE"
        ),
        {"account": account, "instance": instance, "task": task},
    )


async def lock_instance(tx: Writer, account: AccountId, instance: InstanceId) -> Instance | None:
    """Return an instance, locked until the transaction ends: the first lock of every change."""
    return await tx.ask(locked(account, instance))


InstanceName = InstanceId | str | UUID
"""What an instance is asked for by: its number, its identifier such as `PUR-12`, or its UUID."""


def number_of(name: InstanceName) -> LiteralString:
    """Return the SQL of an instance's number, for statements that have its account and name as `account`, `instance`.

    So all that belongs to it can be asked for in one trip.
    """
    if isinstance(name, int):
        return "%(instance)s"
    column = "identifier" if isinstance(name, str) else "uuid"
    return f"(SELECT n.id FROM instances n WHERE n.account_id = %(account)s AND n.{column} = %(instance)s)"


def named(account: AccountId, name: InstanceName) -> Query[Instance | None]:
    """Return a query for the instance that has this name."""
    return row_of(
        Instance,
        f"SELECT {INSTANCE} FROM instances WHERE account_id = %(account)s AND id = {number_of(name)}",
        {"account": account, "instance": name},
    )


def by_id(account: AccountId, instance_id: InstanceId) -> Query[Instance | None]:
    """Return the query of `instance`."""
    return named(account, instance_id)


def of_file(account: AccountId, file: FileId) -> Query[Instance | None]:
    """Return a query for the instance of a file."""
    return row_of(
        Instance,
        f"SELECT {INSTANCE} FROM instances WHERE account_id = %(account)s AND id ="
        " (SELECT instance_id FROM files WHERE account_id = %(account)s AND id = %(file)s)",
        {"account": account, "file": file},
    )


async def instance(tx: Reader, account: AccountId, instance_id: InstanceId) -> Instance | None:
    """Return an instance."""
    return await tx.ask(by_id(account, instance_id))


def of_task(account: AccountId, task: TaskId) -> Query[Instance | None]:
    """Return a query for the instance of a task."""
    return row_of(
        Instance,
        f"SELECT {INSTANCE} FROM instances WHERE account_id = %(account)s AND id ="
        " (SELECT instance_id FROM tasks WHERE account_id = %(account)s AND id = %(task)s)",
        {"account": account, "task": task},
    )


async def instance_by_identifier(tx: Reader, account: AccountId, identifier: str) -> Instance | None:
    """Return the instance with an identifier such as `PUR-12`."""
    return await tx.ask(named(account, identifier))


async def instances_numbered(tx: Reader, account: AccountId, ids: Sequence[InstanceId]) -> list[Instance]:
    """Return those of these instances that there are."""
    return await tx.rows(
        Instance, f"SELECT {INSTANCE} FROM instances WHERE account_id = %s AND id = ANY(%s)", (account, list(ids))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorted:
    """An instance with what a list is sorted by."""

    instance: Instance
    sort_value: object


async def instances_where(
    tx: Reader,
    column: str,
    condition: str,
    order: str,
    *,
    parameters: Mapping[str, object],
    limit: int,
    offset: int = 0,
    among: tuple[str, int] | None = None,
) -> list[tuple[Instance, object]]:
    """Return instances with the value of `column`; the texts are assembled by `satchel.db.lists.search` from constants.

    Args:
        tx: where.
        column: what is returned beside the instance.
        condition: what holds for each.
        order: of the instances.
        parameters: of all texts.
        limit: the most that are returned.
        offset: how many are left out before them.
        among: look only at so many, the first in that order for which this condition holds.
    """
    source = "instances i"
    if among is not None:
        source = f"(SELECT i.* FROM instances i WHERE {among[0]} ORDER BY {order} LIMIT {int(among[1])}) i"
    query = (
        f"SELECT {INSTANCE}, {column} AS sort_value FROM {source} WHERE {condition}"
        f" ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}"
    )
    return [(found.instance, found.sort_value) for found in await tx.rows(_Sorted, assembled(query), parameters)]


def save_instance(tx: Writer, row: Instance, *, engine_state: bytes | None, searched: SearchValues) -> None:
    """Write an instance's title, state, values, revision and search columns.

    Args:
        tx: that has the instance locked.
        row: the new content.
        engine_state: the engine's state, or None if that did not move.
        searched: what searches find it by.
    """
    assignments = "".join(f", {column} = %({column})s" for column in _slots(searched))
    moved = (
        "WITH moved AS (INSERT INTO instance_states (account_id, instance_id, state)"
        " VALUES (%(account)s, %(id)s, %(engine_state)s)"
        " ON CONFLICT (account_id, instance_id) DO UPDATE SET state = excluded.state) "
    )
    query = (
        f"{'' if engine_state is None else moved}"
        "UPDATE instances SET title = %(title)s, title_folded = %(folded)s, state = %(state)s, ended_at = %(ended_at)s,"
        ' "values" = %(values)s,'
        f" revision = %(revision)s, grams = %(grams)s, long_texts = %(long_texts)s{assignments}"
        " WHERE account_id = %(account)s AND id = %(id)s"
    )
    tx.put(assembled(query), {**_content(row, engine_state, searched), "revision": row.revision})


async def close_open(tx: Writer, account: AccountId, instance_id: InstanceId, now: datetime) -> None:
    """End whatever is open in an instance: tasks and calls as cancelled, waits, incidents."""
    tx.put(
        "WITH tasks AS (UPDATE tasks SET state = %(cancelled)s, closed_at = %(now)s, revision = revision + 1"
        " WHERE account_id = %(account)s AND instance_id = %(id)s AND closed_at IS NULL),"
        " waits AS (DELETE FROM waits WHERE account_id = %(account)s AND instance_id = %(id)s),"
        " calls AS (UPDATE calls SET state = 'cancelled', closed_at = %(now)s"
        " WHERE account_id = %(account)s AND instance_id = %(id)s AND state = 'waiting')"
        " UPDATE incidents SET closed_at = %(now)s"
        " WHERE account_id = %(account)s AND instance_id = %(id)s AND closed_at IS NULL",
        {"cancelled": TaskState.CANCELLED.value, "now": now, "account": account, "id": instance_id},
    )


async def delete_instance(tx: Writer, account: AccountId, instance_id: InstanceId) -> None:
    """Remove an instance with its tasks, waits, calls and state; its files must be gone before."""
    tx.put("DELETE FROM instances WHERE account_id = %s AND id = %s", (account, instance_id))


async def engine_state(tx: Reader, account: AccountId, instance_id: InstanceId) -> bytes | None:
    """Return the engine's state of an instance."""
    return await tx.value(
        bytes,
        "SELECT state FROM instance_states WHERE account_id = %s AND instance_id = %s",
        (account, instance_id),
    )


async def children(tx: Reader, account: AccountId, parent: InstanceId) -> list[InstanceId]:
    """Return the running instances that a call activity of `parent` started."""
    return await tx.values(
        InstanceId,
        "SELECT id FROM instances WHERE account_id = %s AND parent_id = %s AND state = 'running' ORDER BY id",
        (account, parent),
    )
