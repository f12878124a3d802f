"""Makes an export: lists its files page by page, freezes the list, and adds what the archive says of itself.

Each page is one transaction under the export's lock that also writes where the next one begins, so that a job that
died is taken up where it was, and one that runs twice adds nothing twice. The list goes by start, upwards, and only
over instances that were there when the export was begun: nothing comes in between.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from satchel.actions.context import Context
from satchel.actions.exports.pages import ExportPage, page_of
from satchel.actions.exports.requests import LEASE
from satchel.actions.history import write_event
from satchel.actions.identity.credentials import actor_of
from satchel.db import blobs as blob_rows
from satchel.db import exports as rows
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.digest import Digest
from satchel.model.errors import Forbidden, InvalidRequest, NotFound, SatchelError
from satchel.model.ids import AccountId, ExportId, InstanceId
from satchel.model.search.query import moment_json
from satchel.model.transfer import export_sheets, zip_layout
from satchel.model.transfer.export_sheets import FILE_COLUMNS, MANIFEST_CSV, VALUES_CSV, decoded, flat, heading, table
from satchel.model.transfer.exports import (
    INSTANCES,
    MANIFEST,
    Entry,
    EntryKind,
    Export,
    ExportProgress,
    ExportState,
    Selection,
)
from satchel.queue.enqueue import PREPARE_EXPORT

SORT = "started_at"
"""The one order in which nothing moves."""

PAGE = 100
"""How many instances are listed in one transaction."""

ATTEMPTS = 8
"""How often a page is tried before the export fails."""

PAUSE = timedelta(seconds=15)
"""Until the next try after a fault; it grows."""

AT_ONCE = 100
MAX_REPORT_BYTES = 2**40
_LINES = 2_000


async def enqueue_silent(context: Context) -> int:
    """Enqueue the exports, of all accounts, whose maker gave no sign of life; return how many there were."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await rows.due_exports(tx, now, AT_ONCE, backoff.paused("export", now))

    async def enqueue(known: rows.DueExport) -> None:
        async with context.database.write() as tx:
            found = await rows.lock_export(tx, known.account_id, known.id)
            if found is None or found.due_at is None or found.due_at > now:
                return
            if found.attempt >= ATTEMPTS:
                await _note_failure(tx, context, found, "unavailable", "Every attempt to make it failed.")
                return
            await rows.set_due(tx, known.account_id, known.id, due_at=now + LEASE, attempt=found.attempt + 1)
            await context.queue.enqueue(tx, PREPARE_EXPORT, {"account": known.account_id, "export": known.id})

    await backoff.each("export", due, enqueue, key=lambda it: it.id, clock=context.clock)
    return len(due)


async def prepare(context: Context, account: AccountId, export_id: ExportId) -> None:
    """Make an export, or go on with it; does nothing where it is made, so that it may be repeated."""
    try:
        while await _step(context, account, export_id):
            pass
    except (InvalidRequest, NotFound, Forbidden) as error:
        await _fail(context, account, export_id, error)
    except SatchelError as error:
        await _postpone(context, account, export_id, error)


async def _step(context: Context, account: AccountId, export_id: ExportId) -> bool:
    """Do the next step; return whether there is another."""
    async with context.database.read() as tx:
        export = await rows.export(tx, account, export_id)
        if export is None or export.state is not ExportState.PREPARING:
            return False
        owner = await actor_of(tx, account, export.owner_id)
    if owner is None:
        raise Forbidden("The user who started this export may no longer sign in.")
    if export.progress.is_listed:
        await _finish(context, owner, export)
        return False
    page = await page_of(context, owner, _fixed(export), cursor=export.progress.cursor, limit=PAGE)
    async with context.database.write() as tx:
        current = await rows.lock_export(tx, account, export_id)
        if current is None or current.state is not ExportState.PREPARING:
            return False
        if current.progress != export.progress:  # another job was here
            return True
        await _add_page(tx, context, owner, export, page)
    return True


def _fixed(export: Export) -> Selection:
    """Return what an export takes so that nothing moves while it is listed."""
    query, bound = export.selection.query, export.created_at
    until = query.get("started_to")
    if until is not None:
        bound = min(bound, datetime.fromisoformat(str(until)))
    return replace(export.selection, query={**query, "sort": SORT, "started_to": moment_json(bound)})


async def _add_page(tx: Writer, context: Context, owner: Actor, export: Export, page: ExportPage) -> None:
    account = export.account_id
    kept = await blob_rows.lock_blobs(tx, account, list(page.crcs))
    adding = _Adding(progress=export.progress)
    exported: dict[InstanceId, list[int]] = {}
    for listed in page.listed:
        if export.selection.values:
            adding.add(EntryKind.INSTANCE, listed.line, listed.instance.started_at)
        for item in listed.items:
            file = item.file
            if item.path is not None and file.digest not in kept:
                continue  # deleted between the two transactions
            digest = file.digest if item.path is not None else None
            size = (file.size_bytes or 0) if item.path is not None else 0
            adding.add(EntryKind.FILE, item.line, file.created_at, path=item.path, digest=digest, size=size)
            adding.count(size, is_missing=item.is_missing)
            exported.setdefault(listed.instance.id, []).append(file.id)
    progress = adding.progress
    await rows.insert_entries(tx, account, export.id, adding.entries)
    await rows.note_exported(
        tx, account, at=context.clock(), user=owner.user_id, data={"export": export.id}, files=exported
    )
    progress = replace(
        progress,
        cursor=page.cursor,
        is_listed=page.cursor is None,
        instances=progress.instances + len(page.listed),
        left_out=progress.left_out + page.left_out,
        window=page.window or progress.window,
        app_ids=tuple(sorted({*progress.app_ids, *page.app_ids})),
    )
    await rows.save_progress(tx, export, progress, due_at=context.clock() + LEASE)


@dataclass(slots=True, kw_only=True)
class _Adding:
    """Entries that are being added, each where the one before it ends."""

    progress: ExportProgress
    entries: list[Entry] = field(default_factory=list[Entry])

    def add(
        self,
        kind: EntryKind,
        line: str | None,
        at: datetime,
        *,
        path: str | None = None,
        digest: Digest | None = None,
        size: int = 0,
    ) -> None:
        """Add an entry."""
        now = self.progress
        self.entries.append(
            Entry(
                position=now.entries,
                kind=kind,
                path=path,
                digest=digest,
                size_bytes=size,
                modified_at=at,
                line=line,
                offset=now.offset,
                record_offset=now.directory_bytes,
            )
        )
        self.progress = replace(now, entries=now.entries + 1)
        if path is not None:
            self.progress = replace(
                self.progress,
                members=now.members + 1,
                offset=now.offset + zip_layout.header_bytes(path, size) + size,
                directory_bytes=now.directory_bytes + zip_layout.record_bytes(path, size, now.offset),
            )

    def count(self, size: int, *, is_missing: bool) -> None:
        """Count a file."""
        now = self.progress
        self.progress = replace(
            now, files=now.files + 1, file_bytes=now.file_bytes + size, missing=now.missing + is_missing
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """A file that the export made of its lines, in the store."""

    name: str
    digest: Digest
    size: int
    crc32: int


async def _finish(context: Context, owner: Actor, export: Export) -> None:
    """Put the manifest and the values into the store, close the list, and say that the archive can be fetched."""
    account, now = export.account_id, context.clock()
    reports = [
        await _store(context, export, MANIFEST, EntryKind.FILE),
        await _store(context, export, MANIFEST_CSV, EntryKind.FILE, _file_rows, head=heading(FILE_COLUMNS)),
    ]
    if export.selection.values:
        columns = await _columns(context, export)
        rows_of = partial(_value_rows, columns)
        reports.append(await _store(context, export, INSTANCES, EntryKind.INSTANCE))
        reports.append(await _store(context, export, VALUES_CSV, EntryKind.INSTANCE, rows_of, head=heading(columns)))
    async with context.database.write() as tx:
        current = await rows.lock_export(tx, account, export.id)
        if current is None or current.state is not ExportState.PREPARING or current.progress != export.progress:
            return
        for report in sorted(reports, key=lambda report: report.digest):
            await blob_rows.insert_blob(tx, account, report.digest, report.size, now)
        await blob_rows.note_crcs(tx, account, {report.digest: report.crc32 for report in reports})
        adding = _Adding(progress=export.progress)
        for report in reports:
            adding.add(EntryKind.REPORT, None, now, path=report.name, digest=report.digest, size=report.size)
        progress = adding.progress
        await rows.insert_entries(tx, account, export.id, adding.entries)
        await rows.save_progress(tx, export, progress, due_at=now + LEASE)
        end = zip_layout.ending(progress.members, progress.offset, progress.directory_bytes)
        await rows.set_ready(
            tx,
            account,
            export.id,
            size_bytes=progress.offset + progress.directory_bytes + len(end),
            now=now,
            expires_at=now + context.policy.export_lifetime,
        )
        data = {"export": export.id, "files": progress.files, "left_out": progress.left_out}
        await write_event(tx, context, owner, "export.ready", data)


async def _columns(context: Context, export: Export) -> tuple[str, ...]:
    """Return the columns that the values of all instances need."""
    columns: tuple[str, ...] = export_sheets.INSTANCE_COLUMNS
    after = -1
    while page := await _lines(context, export, EntryKind.INSTANCE, after):
        after = page[-1][0]
        columns = await asyncio.to_thread(_wider, page, columns)
    return columns


def _wider(page: Sequence[tuple[int, str]], columns: Sequence[str]) -> tuple[str, ...]:
    return export_sheets.value_columns((flat(decoded(line)) for _, line in page), columns)


def _plain(page: Sequence[tuple[int, str]]) -> bytes:
    return "".join(f"{line}\n" for _, line in page).encode()


def _file_rows(page: Sequence[tuple[int, str]]) -> bytes:
    return table(FILE_COLUMNS, (decoded(line) for _, line in page))


def _value_rows(columns: Sequence[str], page: Sequence[tuple[int, str]]) -> bytes:
    return table(columns, (flat(decoded(line)) for _, line in page))


async def _store(
    context: Context,
    export: Export,
    name: str,
    kind: EntryKind,
    made: Callable[[Sequence[tuple[int, str]]], bytes] = _plain,
    *,
    head: bytes = b"",
) -> _Report:
    """Put a list into the store, a page at a time: as it is, or as the rows that `made` makes, after a `head`."""
    crc32 = 0

    async def pieces() -> AsyncGenerator[bytes]:
        nonlocal crc32
        after = -1
        text = head
        while page := await _lines(context, export, kind, after):
            after = page[-1][0]
            text += await asyncio.to_thread(made, page)
            crc32 = zlib.crc32(text, crc32)
            yield text
            text = b""
        if text:
            crc32 = zlib.crc32(text, crc32)
            yield text

    received = await context.blobs.receive(export.account_id, pieces(), max_bytes=MAX_REPORT_BYTES)
    return _Report(name=name, digest=received.digest, size=received.size, crc32=crc32)


async def _lines(context: Context, export: Export, kind: EntryKind, after: int) -> list[tuple[int, str]]:
    """Return the next lines, and give a sign of life."""
    async with context.database.write() as tx:
        due_at = context.clock() + LEASE
        await rows.set_due(tx, export.account_id, export.id, due_at=due_at, attempt=export.attempt)
        return await rows.lines(tx, export.account_id, export.id, kind, after=after, limit=_LINES)


async def _fail(context: Context, account: AccountId, export_id: ExportId, error: SatchelError) -> None:
    async with context.database.write() as tx:
        export = await rows.lock_export(tx, account, export_id)
        if export is not None and export.state is ExportState.PREPARING:
            await _note_failure(tx, context, export, error.code, error.message)


async def _note_failure(tx: Writer, context: Context, export: Export, code: str, message: str) -> None:
    await rows.set_failed(tx, export.account_id, export.id, code=code, message=message)
    owner = Actor(account_id=export.account_id, user_id=export.owner_id)
    await write_event(tx, context, owner, "export.failed", {"export": export.id, "code": code})


async def _postpone(context: Context, account: AccountId, export_id: ExportId, error: SatchelError) -> None:
    """Have an export tried again after a fault that may pass; give it up when it does not."""
    async with context.database.read() as tx:
        export = await rows.export(tx, account, export_id)
    if export is None or export.state is not ExportState.PREPARING:
        return
    attempt = export.attempt + 1
    if attempt >= ATTEMPTS:
        await _fail(context, account, export_id, error)
        return
    async with context.database.write() as tx:
        due_at = context.clock() + PAUSE * attempt
        await rows.set_due(tx, account, export_id, due_at=due_at, attempt=attempt)
