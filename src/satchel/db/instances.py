"""SQL of instances and of the engine's state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer, assembled
from satchel.model.ids import AccountId, AppId, InstanceId, TokenId, UserId, VersionId
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


_INSTANCE = (
    "account_id, id, uuid, app_id, version_id, number, identifier, title, state, starter_id, started_at, ended_at,"
    ' revision, "values", parent_id, parent_token, depth'
)


async def insert_instance(
    tx: Writer,
    account: AccountId,
    *,
    uuid: UUID,
    app: AppId,
    version: VersionId,
    number: int,
    identifier: str,
    starter: UserId | None,
    now: datetime,
    parent: tuple[InstanceId, TokenId] | None = None,
    depth: int = 0,
) -> Instance:
    """Create a running instance without values; it is this transaction's own until it commits."""
    parent_id, parent_token = parent or (None, None)
    row = await tx.row(
        Instance,
        "INSERT INTO instances (account_id, uuid, app_id, version_id, number, identifier, title, title_folded, state,"
        ' starter_id, started_at, "values", parent_id, parent_token, depth)'
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, '', 'running', %s, %s, '{{}}', %s, %s, %s) RETURNING {_INSTANCE}",
        (account, uuid, app, version, number, identifier, identifier, starter, now, parent_id, parent_token, depth),
    )
    if row is None:
        raise LookupError("an insert returned no row")
    return row


async def lock_instance(tx: Writer, account: AccountId, instance: InstanceId) -> Instance | None:
    """Return an instance, locked until the transaction ends: the first lock of every change."""
    return await tx.row(
        Instance, f"SELECT {_INSTANCE} FROM instances WHERE account_id = %s AND id = %s FOR UPDATE", (account, instance)
    )


async def instance(tx: Reader, account: AccountId, instance_id: InstanceId) -> Instance | None:
    """Return an instance."""
    return await tx.row(
        Instance, f"SELECT {_INSTANCE} FROM instances WHERE account_id = %s AND id = %s", (account, instance_id)
    )


async def instance_by_identifier(tx: Reader, account: AccountId, identifier: str) -> Instance | None:
    """Return the instance with an identifier such as `PUR-12`."""
    return await tx.row(
        Instance, f"SELECT {_INSTANCE} FROM instances WHERE account_id = %s AND identifier = %s", (account, identifier)
    )


async def instance_by_uuid(tx: Reader, account: AccountId, uuid: UUID) -> Instance | None:
    """Return the instance with this UUID."""
    return await tx.row(
        Instance, f"SELECT {_INSTANCE} FROM instances WHERE account_id = %s AND uuid = %s", (account, uuid)
    )


async def instances_numbered(tx: Reader, account: AccountId, ids: Sequence[InstanceId]) -> list[Instance]:
    """Return those of these instances that there are."""
    return await tx.rows(
        Instance, f"SELECT {_INSTANCE} FROM instances WHERE account_id = %s AND id = ANY(%s)", (account, list(ids))
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
        f"SELECT {_INSTANCE}, {column} AS sort_value FROM {source} WHERE {condition}"
        f" ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}"
    )
    return [(found.instance, found.sort_value) for found in await tx.rows(_Sorted, assembled(query), parameters)]


async def save_instance(
    tx: Writer,
    row: Instance,
    *,
    engine_state: bytes | None,
    searched: SearchValues,
) -> None:
    """Write an instance's title, state, values and search columns, and make its revision grow.

    Args:
        row: the new content; its `revision` is ignored.
        engine_state: the engine's state, or None if that did not move.
        searched: what searches find it by.
    """
    unknown = set(searched.slots) - set(SLOT_COLUMNS)
    if unknown:
        raise ValueError(f"no slot columns: {sorted(unknown)}")
    assignments = "".join(f", {column} = %({column})s" for column in searched.slots)
    moved = (
        "WITH moved AS (INSERT INTO instance_states (account_id, instance_id, state)"
        " VALUES (%(account)s, %(id)s, %(engine_state)s)"
        " ON CONFLICT (account_id, instance_id) DO UPDATE SET state = excluded.state) "
    )
    query = (
        f"{'' if engine_state is None else moved}"
        "UPDATE instances SET title = %(title)s, title_folded = %(folded)s, state = %(state)s, ended_at = %(ended_at)s,"
        ' "values" = %(values)s,'
        f" revision = revision + 1, grams = %(grams)s, long_texts = %(long_texts)s{assignments}"
        " WHERE account_id = %(account)s AND id = %(id)s"
    )
    await tx.execute(
        assembled(query),
        {
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
        },
    )


async def close_open(tx: Writer, account: AccountId, instance_id: InstanceId, now: datetime) -> None:
    """End whatever is open in an instance: tasks and calls as cancelled, waits, incidents."""
    await tx.execute(
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
    await tx.execute("DELETE FROM instances WHERE account_id = %s AND id = %s", (account, instance_id))


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
