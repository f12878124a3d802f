"""SQL of exports and of their entries.

Lock order: the export's row first, then blobs by digest. An entry's foreign key keeps its blob from the sweep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.digest import Digest
from satchel.model.ids import AccountId, ExportId, InstanceId, SearchId, UserId
from satchel.model.transfer.exports import Entry, EntryKind, Export, ExportProgress, Selection

_EXPORT = (
    "account_id, id, owner_id, state, query, search_id, fields, with_attachments AS attachments,"
    ' with_values AS "values", cursor, is_listed, app_ids, instances, files, file_bytes, left_out, missing,'
    ' search_window AS "window", entries, members, next_offset AS "offset", directory_bytes, size_bytes, error_code,'
    " error, attempt, due_at, created_at, ready_at, expires_at"
)


async def insert_export(
    tx: Writer,
    account: AccountId,
    owner: UserId,
    *,
    selection: Selection,
    search: SearchId | None,
    due_at: datetime,
    now: datetime,
    expires_at: datetime,
) -> ExportId:
    """Begin an export."""
    created = await tx.value(
        ExportId,
        "INSERT INTO exports (account_id, owner_id, state, query, search_id, fields, with_attachments, with_values,"
        " due_at, created_at, expires_at)"
        " VALUES (%s, %s, 'preparing', %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (
            account,
            owner,
            Jsonb(dict(selection.query)),
            search,
            None if selection.fields is None else list(selection.fields),
            selection.attachments,
            selection.values,
            due_at,
            now,
            expires_at,
        ),
    )
    return ExportId(created or 0)


async def export(tx: Reader, account: AccountId, export_id: ExportId) -> Export | None:
    """Return an export of the account."""
    return await tx.row(
        Export, f"SELECT {_EXPORT} FROM exports WHERE account_id = %s AND id = %s", (account, export_id)
    )


async def lock_export(tx: Writer, account: AccountId, export_id: ExportId) -> Export | None:
    """Return an export, locked until the transaction ends."""
    return await tx.row(
        Export, f"SELECT {_EXPORT} FROM exports WHERE account_id = %s AND id = %s FOR UPDATE", (account, export_id)
    )


async def exports(tx: Reader, account: AccountId, *, owner: UserId | None, after: int, limit: int) -> list[Export]:
    """Return a page of the exports that live, by id: of one owner, or (None) of all."""
    return await tx.rows(
        Export,
        f"SELECT {_EXPORT} FROM exports WHERE account_id = %(account)s AND id > %(after)s AND state <> 'ended'"
        " AND (%(owner)s::bigint IS NULL OR owner_id = %(owner)s) ORDER BY id LIMIT %(limit)s",
        {"account": account, "after": after, "owner": owner, "limit": limit},
    )


async def count_living(tx: Reader, account: AccountId, owner: UserId) -> int:
    """Return how many exports of a user live."""
    found = await tx.value(
        int,
        "SELECT count(*) FROM exports WHERE account_id = %s AND owner_id = %s AND state <> 'ended'",
        (account, owner),
    )
    return found or 0


async def save_progress(tx: Writer, row: Export, progress: ExportProgress, *, due_at: datetime) -> None:
    """Write how far the listing is; its maker is alive until `due_at`, and has another try at every fault."""
    tx.put(
        "UPDATE exports SET cursor = %s, is_listed = %s, app_ids = %s, instances = %s, files = %s, file_bytes = %s,"
        " left_out = %s, missing = %s, search_window = %s, entries = %s, members = %s, next_offset = %s,"
        " directory_bytes = %s, due_at = %s, attempt = 0 WHERE account_id = %s AND id = %s",
        (
            progress.cursor,
            progress.is_listed,
            list(progress.app_ids),
            progress.instances,
            progress.files,
            progress.file_bytes,
            progress.left_out,
            progress.missing,
            progress.window,
            progress.entries,
            progress.members,
            progress.offset,
            progress.directory_bytes,
            due_at,
            row.account_id,
            row.id,
        ),
    )


async def set_due(tx: Writer, account: AccountId, export_id: ExportId, *, due_at: datetime, attempt: int) -> None:
    """Set when a living maker would have given a sign, and how often the making was begun again."""
    tx.put(
        "UPDATE exports SET due_at = %s, attempt = %s WHERE account_id = %s AND id = %s AND state = 'preparing'",
        (due_at, attempt, account, export_id),
    )


async def set_ready(
    tx: Writer, account: AccountId, export_id: ExportId, *, size_bytes: int, now: datetime, expires_at: datetime
) -> None:
    """End the making of an export: its archive can be fetched."""
    tx.put(
        "UPDATE exports SET state = 'ready', size_bytes = %s, ready_at = %s, expires_at = %s, due_at = NULL"
        " WHERE account_id = %s AND id = %s",
        (size_bytes, now, expires_at, account, export_id),
    )


async def set_failed(tx: Writer, account: AccountId, export_id: ExportId, *, code: str, message: str) -> None:
    """End the making of an export that cannot be made."""
    tx.put(
        "UPDATE exports SET state = 'failed', error_code = %s, error = %s, due_at = NULL"
        " WHERE account_id = %s AND id = %s",
        (code, message, account, export_id),
    )


async def set_ended(tx: Writer, account: AccountId, export_id: ExportId, now: datetime) -> None:
    """End an export; the sweep takes its entries."""
    tx.put(
        "UPDATE exports SET state = 'ended', due_at = NULL, expires_at = least(expires_at, %s)"
        " WHERE account_id = %s AND id = %s",
        (now, account, export_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueExport:
    """An export of any account for which something is to be done."""

    account_id: AccountId
    id: ExportId


async def due_exports(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[DueExport]:
    """Return exports, of all accounts, whose maker gave no sign of life, but for some."""
    return await tx.rows(
        DueExport,
        "SELECT account_id, id FROM exports WHERE due_at <= %s AND id <> ALL(%s::bigint[]) ORDER BY due_at LIMIT %s",
        (now, list(but), limit),
    )


async def expired_exports(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[DueExport]:
    """Return exports, of all accounts, that are past their time and not being made, but for some."""
    return await tx.rows(
        DueExport,
        "SELECT account_id, id FROM exports WHERE expires_at <= %s AND state IN ('ready', 'failed')"
        " AND id <> ALL(%s::bigint[]) ORDER BY expires_at LIMIT %s",
        (now, list(but), limit),
    )


async def drop_entries(tx: Writer, limit: int) -> int:
    """Remove some entries of exports that have ended, of all accounts; return how many."""
    return await tx.execute(
        "DELETE FROM export_entries WHERE (account_id, export_id, position) IN (SELECT n.account_id, n.export_id,"
        " n.position FROM exports e JOIN export_entries n ON n.account_id = e.account_id AND n.export_id = e.id"
        " WHERE e.state = 'ended' LIMIT %s)",
        (limit,),
    )


async def forget_ended(tx: Writer, before: datetime, limit: int) -> int:
    """Remove some exports that ended before a moment and have no entries any more."""
    return await tx.execute(
        "DELETE FROM exports WHERE (account_id, id) IN (SELECT account_id, id FROM exports e"
        " WHERE e.state = 'ended' AND e.expires_at <= %s AND NOT EXISTS"
        " (SELECT FROM export_entries n WHERE n.account_id = e.account_id AND n.export_id = e.id) LIMIT %s)",
        (before, limit),
    )


async def insert_entries(tx: Writer, account: AccountId, export_id: ExportId, entries: Sequence[Entry]) -> None:
    """Add to an export's list; a digest that no blob has is refused by its foreign key."""
    tx.put(
        "INSERT INTO export_entries (account_id, export_id, position, kind, path, digest, size_bytes, modified_at,"
        ' line, "offset", record_offset)'
        " SELECT %s, %s, * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[],"
        " %s::timestamptz[], %s::text[], %s::bigint[], %s::bigint[])",
        (
            account,
            export_id,
            [entry.position for entry in entries],
            [entry.kind.value for entry in entries],
            [entry.path for entry in entries],
            [entry.digest for entry in entries],
            [entry.size_bytes for entry in entries],
            [entry.modified_at for entry in entries],
            [entry.line for entry in entries],
            [entry.offset for entry in entries],
            [entry.record_offset for entry in entries],
        ),
    )


async def lines(
    tx: Reader, account: AccountId, export_id: ExportId, kind: EntryKind, *, after: int, limit: int
) -> list[tuple[int, str]]:
    """Return (position, line) of a page of entries of one kind, by position."""
    rows = await tx.pairs(
        "SELECT position, line FROM export_entries WHERE account_id = %s AND export_id = %s AND position > %s"
        " AND kind = %s ORDER BY position LIMIT %s",
        (account, export_id, after, kind.value, limit),
    )
    return [(int(str(position)), str(line)) for position, line in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedEntry:
    """An entry that has bytes in the archive, with their CRC-32."""

    position: int
    path: str
    digest: Digest
    size_bytes: int
    modified_at: datetime
    offset: int
    record_offset: int
    crc32: int


_PACKED = (
    'SELECT e.position, e.path, e.digest, e.size_bytes, e.modified_at, e."offset", e.record_offset, b.crc32'
    " FROM export_entries e JOIN blobs b ON b.account_id = e.account_id AND b.digest = e.digest"
    " WHERE e.account_id = %s AND e.export_id = %s AND e.path IS NOT NULL"
)


async def packed_at(tx: Reader, account: AccountId, export_id: ExportId, offset: int) -> PackedEntry | None:
    """Return the member that a place in the archive belongs to."""
    return await tx.row(
        PackedEntry,
        f'{_PACKED} AND e."offset" <= %s ORDER BY e."offset" DESC LIMIT 1',
        (account, export_id, offset),
    )


async def packed_record_at(tx: Reader, account: AccountId, export_id: ExportId, offset: int) -> PackedEntry | None:
    """Return the member whose record has a place in the directory."""
    return await tx.row(
        PackedEntry,
        f"{_PACKED} AND e.record_offset <= %s ORDER BY e.record_offset DESC LIMIT 1",
        (account, export_id, offset),
    )


async def packed(tx: Reader, account: AccountId, export_id: ExportId, *, since: int, limit: int) -> list[PackedEntry]:
    """Return a page of the members from a position on, in their order."""
    return await tx.rows(
        PackedEntry, f"{_PACKED} AND e.position >= %s ORDER BY e.position LIMIT %s", (account, export_id, since, limit)
    )


async def note_exported(
    tx: Writer,
    account: AccountId,
    *,
    at: datetime,
    user: UserId | None,
    data: Mapping[str, object],
    files: Mapping[InstanceId, Sequence[int]],
) -> None:
    """Write into the history of each instance that its files went into an export, in one statement."""
    tx.put(
        "INSERT INTO events (account_id, at, kind, instance_id, user_id, data)"
        " SELECT %s, %s, 'files.exported', n.instance, %s, %s::jsonb || jsonb_build_object('files', n.files::jsonb)"
        " FROM unnest(%s::bigint[], %s::text[]) AS n (instance, files)",
        (account, at, user, Jsonb(dict(data)), list(files), [str(list(ids)) for ids in files.values()]),
    )
