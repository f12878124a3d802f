"""SQL of files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Final, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from satchel.db.instances import InstanceName, number_of
from satchel.db.pool import Reader, Writer
from satchel.db.trips import Query, row_of, rows_of
from satchel.model.digest import Digest
from satchel.model.files import File, NewFile
from satchel.model.ids import AccountId, FileId, InstanceId, TaskId, UserId

FILE = (
    "account_id, id, uuid, instance_id, field_id, area, position, kind, name, description, size_bytes, media_type,"
    " digest, url, metadata, source_file_id, created_at, created_by, deleted_at, revision"
)

IN_ORDER = "instance_id, field_id NULLS LAST, position, id"
"""The order of files."""


async def insert_files(
    tx: Writer, account: AccountId, new: Sequence[NewFile], *, instance: InstanceId, now: datetime, by: UserId | None
) -> list[File]:
    """Attach files to an instance in one statement and return them, in the order given.

    Waits for the database only where it is to give a number, or a position behind the attachments tab; else the insert
    is put off. The foreign key refuses a digest that no blob has.
    """
    if not new:
        return []
    given = {"account": account, "instance": instance, "now": now, "by": by, "new": Jsonb(_columns(new))}
    known = [
        _as_inserted(account, one, one.number, one.position, instance=instance, now=now, by=by)
        for one in new
        if one.number is not None and one.position is not None
    ]
    if len(known) == len(new):
        tx.put(_INSERT, given)
        return known
    inserted = await tx.rows(File, f"{_INSERT} RETURNING {FILE}", given)
    by_uuid = {file.uuid: file for file in inserted}
    return [by_uuid[one.uuid] for one in new]


def _as_inserted(
    account: AccountId,
    new: NewFile,
    number: FileId,
    position: int,
    *,
    instance: InstanceId,
    now: datetime,
    by: UserId | None,
) -> File:
    """Return a file as the insert makes it."""
    return File(
        account_id=account,
        id=number,
        uuid=new.uuid,
        instance_id=instance,
        field_id=new.field_id,
        area=new.area,
        position=position,
        kind=new.kind,
        name=new.name,
        description=new.description,
        size_bytes=new.size_bytes,
        media_type=new.media_type,
        digest=new.digest,
        url=new.url,
        metadata=new.metadata,
        source_file_id=new.source_file_id,
        created_at=now,
        created_by=by,
        deleted_at=None,
        revision=1,
    )


_NEW: Final = (
    "nth integer, behind integer, number bigint, uuid uuid, field_id text, area text, position integer, kind text,"
    " name text, description text, size_bytes bigint, media_type text, digest text, url text, metadata jsonb,"
    " source_file_id bigint"
)

# Ordered as the index is, of which this reads one entry: field_id is NULL throughout, but PostgreSQL does not use that.
_BEHIND_THE_TAB: Final = (
    "coalesce((SELECT position + 1 FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
    " AND field_id IS NULL ORDER BY field_id DESC, position DESC LIMIT 1), 0)"
)

_INSERT: Final = (
    "INSERT INTO files (account_id, id, uuid, instance_id, field_id, area, position, kind, name, description,"
    " size_bytes, media_type, digest, url, metadata, source_file_id, created_at, created_by)"
    " SELECT %(account)s, coalesce(n.number, nextval('file_ids')), n.uuid, %(instance)s, n.field_id, n.area,"
    f" coalesce(n.position, {_BEHIND_THE_TAB} + n.behind), n.kind, n.name, n.description, n.size_bytes,"
    " n.media_type, n.digest, n.url, n.metadata, n.source_file_id, %(now)s, %(by)s"
    f" FROM jsonb_to_recordset(%(new)s) AS n ({_NEW}) ORDER BY n.nth"
)


def _columns(new: Sequence[NewFile]) -> list[dict[str, object]]:
    behind = count()
    return [
        {
            "nth": nth,
            "behind": next(behind) if one.position is None else None,
            "number": one.number,
            "uuid": str(one.uuid),
            "field_id": one.field_id,
            "area": one.area,
            "position": one.position,
            "kind": one.kind.value,
            "name": one.name,
            "description": one.description,
            "size_bytes": one.size_bytes,
            "media_type": one.media_type,
            "digest": one.digest,
            "url": one.url,
            "metadata": dict(one.metadata),
            "source_file_id": one.source_file_id,
        }
        for nth, one in enumerate(new)
    ]


def by_id(account: AccountId, file_id: FileId) -> Query[File | None]:
    """Return the query of `file`."""
    return row_of(File, f"SELECT {FILE} FROM files WHERE account_id = %s AND id = %s", (account, file_id))


async def file(tx: Reader, account: AccountId, file_id: FileId) -> File | None:
    """Return a file of the account, deleted or not."""
    return await tx.ask(by_id(account, file_id))


async def file_by_uuid(tx: Reader, account: AccountId, uuid: UUID) -> File | None:
    """Return a file of the account by its UUID, deleted or not."""
    return await tx.row(File, f"SELECT {FILE} FROM files WHERE account_id = %s AND uuid = %s", (account, uuid))


def of_instance(account: AccountId, instance: InstanceName) -> Query[list[File]]:
    """Return a query for the files of an instance, by any of its names, as `files_of_instances` returns them."""
    return rows_of(
        File,
        f"SELECT {FILE} FROM files WHERE account_id = %(account)s AND instance_id = {number_of(instance)}"
        f" AND deleted_at IS NULL ORDER BY {IN_ORDER}",
        {"account": account, "instance": instance},
    )


def of_instances(account: AccountId, instances: Sequence[InstanceId]) -> Query[list[File]]:
    """Return the query of `files_of_instances`."""
    return rows_of(
        File,
        f"SELECT {FILE} FROM files WHERE account_id = %s AND instance_id = ANY(%s) AND deleted_at IS NULL"
        f" ORDER BY {IN_ORDER}",
        (account, list(instances)),
    )


def of_task(account: AccountId, task: TaskId) -> Query[list[File]]:
    """Return a query for the files of a task's instance, as `files_of_instances` returns them."""
    return rows_of(
        File,
        f"SELECT {FILE} FROM files WHERE account_id = %(account)s AND instance_id ="
        " (SELECT instance_id FROM tasks WHERE account_id = %(account)s AND id = %(task)s) AND deleted_at IS NULL"
        f" ORDER BY {IN_ORDER}",
        {"account": account, "task": task},
    )


def to_change(
    account: AccountId,
    instance: InstanceId | None,
    *,
    tab_at_most: int,
    which: LiteralString = "%(instance)s",
    parameters: Mapping[str, object] | None = None,
) -> Query[tuple[list[File], bool]]:
    """Return a query for the files that stand in an instance, by field and position, and whether its tab is among them.

    An attachments tab of more than `tab_at_most` files is left out.

    Args:
        which: an expression that names the instance.
        parameters: of that.
    """
    mine = f"account_id = %(account)s AND instance_id = {which} AND deleted_at IS NULL"
    found = rows_of(
        File,
        f"(SELECT {FILE} FROM files WHERE {mine} AND field_id IS NOT NULL ORDER BY field_id, position, id)"
        f" UNION ALL (SELECT {FILE} FROM files WHERE {mine} AND field_id IS NULL"
        " ORDER BY field_id, position, id LIMIT %(limit)s)",
        {**(parameters or {}), "account": account, "instance": instance, "limit": tab_at_most + 1},
    )

    def without_large_tab(files: list[File]) -> tuple[list[File], bool]:
        is_whole = sum(file.field_id is None for file in files) <= tab_at_most
        return (files if is_whole else [file for file in files if file.field_id is not None]), is_whole

    return Query(found.text, found.parameters, lambda answer: without_large_tab(found.read(answer)))


async def files_of_tab(tx: Reader, account: AccountId, instance: InstanceId, *, by: UserId | None = None) -> list[File]:
    """Return the files of an instance's attachments tab that are not deleted, in order; `by`: only a user's."""
    return await tx.rows(
        File,
        f"SELECT {FILE} FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
        " AND deleted_at IS NULL AND field_id IS NULL AND (%(by)s::bigint IS NULL OR created_by = %(by)s)"
        " ORDER BY field_id, position, id",
        {"account": account, "instance": instance, "by": by},
    )


async def file_ids(tx: Reader, account: AccountId, instance: InstanceId) -> list[FileId]:
    """Return the numbers of the files that stand in an instance, by field and position."""
    return await tx.values(
        FileId,
        "SELECT id FROM files WHERE account_id = %s AND instance_id = %s AND deleted_at IS NULL"
        " ORDER BY field_id, position, id",
        (account, instance),
    )


async def files_of_instances(tx: Reader, account: AccountId, instances: Sequence[InstanceId]) -> list[File]:
    """Return the files of some instances that are not deleted, by instance, field, position."""
    return await tx.ask(of_instances(account, instances))


def set_positions(tx: Writer, account: AccountId, positions: Mapping[FileId, int]) -> None:
    """Set files' places within their fields."""
    if positions:
        tx.put(
            "UPDATE files f SET position = n.position FROM unnest(%s::bigint[], %s::integer[]) AS n (id, position)"
            " WHERE f.account_id = %s AND f.id = n.id",
            (list(positions), list(positions.values()), account),
        )


async def describe_file(tx: Writer, account: AccountId, file_id: FileId, *, name: str, description: str) -> None:
    """Set a file's name and description."""
    tx.put(
        "UPDATE files SET name = %s, description = %s, revision = revision + 1 WHERE account_id = %s AND id = %s",
        (name, description, account, file_id),
    )


async def instances_with(tx: Reader, account: AccountId, digest: Digest) -> list[InstanceId]:
    """Return the instances with files of these bytes, by id."""
    return await tx.values(
        InstanceId,
        "SELECT DISTINCT instance_id FROM files WHERE account_id = %s AND digest = %s ORDER BY instance_id",
        (account, digest),
    )


async def add_metadata(
    tx: Writer, account: AccountId, instance: InstanceId, digest: Digest, metadata: Mapping[str, object]
) -> None:
    """Add what was found in an image's bytes to an instance's files that share them; what the uploader said stays."""
    tx.put(
        "UPDATE files SET metadata = %s || metadata WHERE account_id = %s AND instance_id = %s AND digest = %s",
        (Jsonb(dict(metadata)), account, instance, digest),
    )


async def set_deleted(
    tx: Writer, account: AccountId, file_ids: Sequence[FileId], *, at: datetime | None, by: UserId | None
) -> None:
    """Mark files as deleted, or bring them back where `at` is None."""
    tx.put(
        "UPDATE files SET deleted_at = %s, deleted_by = %s, revision = revision + 1"
        " WHERE account_id = %s AND id = ANY(%s)",
        (at, by, account, list(file_ids)),
    )


async def instances_to_purge(
    tx: Reader, deleted_before: datetime, limit: int, but: Sequence[object] = ()
) -> list[tuple[AccountId, InstanceId]]:
    """Return (account, instance), but for some, of files that were deleted before a moment and can go."""
    rows = await tx.pairs(
        "SELECT DISTINCT account_id, instance_id FROM files WHERE deleted_at <= %s AND instance_id <> ALL(%s::bigint[])"
        " LIMIT %s",
        (deleted_before, list(but), limit),
    )
    return [(AccountId(int(str(account))), InstanceId(int(str(instance)))) for account, instance in rows]


async def purge_files(tx: Writer, account: AccountId, instance: InstanceId, *, deleted_before: datetime | None) -> int:
    """Remove rows of an instance's files for good: those deleted before a moment, or all where it is None.

    Returns the bytes that the removed stored files had; give them back to the quota.
    """
    removed = await tx.values(
        int,
        "DELETE FROM files WHERE account_id = %(account)s AND instance_id = %(instance)s"
        " AND (%(before)s::timestamptz IS NULL OR deleted_at <= %(before)s)"
        " RETURNING CASE WHEN kind = 'stored' THEN size_bytes ELSE 0 END",
        {"account": account, "instance": instance, "before": deleted_before},
    )
    return sum(removed)
