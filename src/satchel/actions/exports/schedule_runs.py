"""Runs of schedules: what is not in the folder yet is put there, page by page, and each run leaves its report.

A page's files are durable before the transaction that notes them, which also says where the next page begins: a run
that died goes on there, and a file that was written but not noted is written again under the same name. What a
failed run left out, the next one brings.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from satchel.actions.context import Context
from satchel.actions.exports.freeze import PAGE, SORT
from satchel.actions.exports.pages import ExportedInstance, ExportPage, page_of
from satchel.actions.exports.requests import ExportRequest, checked
from satchel.actions.history import write_event
from satchel.actions.identity.credentials import actor_of
from satchel.blobs import threads
from satchel.blobs.disk import Disk
from satchel.blobs.tree import FolderWriter
from satchel.db import exports as export_rows
from satchel.db import schedules as rows
from satchel.db.schedules import ScheduleFile
from satchel.db.turns import turn
from satchel.model.actor import Actor
from satchel.model.chunks import once
from satchel.model.errors import BlobMissing, Forbidden, InvalidState, SatchelError
from satchel.model.ids import AccountId, InstanceId, ScheduleId
from satchel.model.schedules import Schedule, next_run
from satchel.model.search.query import moment_json
from satchel.model.transfer.exports import Selection
from satchel.model.transfer.names import FolderNames
from satchel.queue.enqueue import RUN_SCHEDULE

LEASE = timedelta(minutes=10)
"""How long a run is taken to be alive without a sign of life; a page of large files takes minutes."""

AT_ONCE = 100
SIGN_BYTES = 256 * 1024 * 1024
"""How much is written before the next sign of life."""

_LINES = 1_000
_TURN = "schedule"


async def enqueue_due(context: Context) -> int:
    """Enqueue the schedules, of all accounts, that are due or whose run died; return how many there were."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await rows.due_schedules(tx, now, AT_ONCE, backoff.paused("schedule", now))

    async def enqueue(known: Schedule) -> None:
        async with context.database.write() as tx:
            found = await rows.lock_schedule(tx, known.account_id, known.id)
            if found is None or found.due_at > now:
                return
            await rows.set_due(tx, known.account_id, known.id, now + LEASE)
            if not found.is_running:
                await rows.begin_run(tx, found, now=now, due_at=now + LEASE)
            await context.queue.enqueue(tx, RUN_SCHEDULE, {"account": known.account_id, "schedule": known.id})

    await backoff.each("schedule", due, enqueue, key=lambda it: it.id, clock=context.clock)
    return len(due)


async def run(context: Context, account: AccountId, schedule_id: ScheduleId) -> None:
    """Go on with the present run of a schedule; does nothing where none runs, or another job is at it.

    So it may be repeated: a job that was taken for dead and lives on writes into the same folder as its successor.
    """
    async with turn(context.database.dsn, _TURN, account, schedule_id) as is_free:
        if not is_free:
            return
        try:
            while await _step(context, account, schedule_id):
                pass
        except SatchelError as error:
            await _end(context, account, schedule_id, error)


async def _step(context: Context, account: AccountId, schedule_id: ScheduleId) -> bool:
    """Do a page; return whether there is another."""
    async with context.database.read() as tx:
        schedule = await rows.schedule(tx, account, schedule_id)
        if schedule is None or not schedule.is_running:
            return False
        owner = await actor_of(tx, account, schedule.owner_id)
    if owner is None:
        raise Forbidden("The owner of this schedule may no longer sign in.")
    tree = _tree(context, schedule)
    if schedule.cursor is None:
        await threads.run(tree.clear)
    selection = await checked(context, owner, ExportRequest(selection=Selection(query={}), search=schedule.search_id))
    selection = Selection(query={**selection.query, "sort": SORT})
    page = await page_of(context, owner, selection, cursor=schedule.cursor, limit=PAGE, with_crcs=False)
    added, missing = await _write(context, tree, schedule, page)
    async with context.database.write() as tx:
        current = await rows.lock_schedule(tx, account, schedule_id)
        if current is None or (current.run, current.is_running) != (schedule.run, True):
            return False
        if current.cursor != schedule.cursor:  # another job was here
            return True
        await rows.add_written(
            tx,
            schedule,
            added,
            instances=len(page.listed),
            size=_size(page, added),
            left_out=page.left_out,
            missing=missing,
        )
        exported: dict[InstanceId, list[int]] = {}
        for one in added:
            exported.setdefault(one.instance_id, []).append(one.file_id)
        now = context.clock()
        data = {"schedule": schedule.id, "run": schedule.run}
        await export_rows.note_exported(tx, account, at=now, user=owner.user_id, data=data, files=exported)
        await rows.continue_run(tx, schedule, cursor=page.cursor, due_at=now + LEASE)
    if page.cursor is not None:
        return True
    await _end(context, account, schedule_id, None)
    return False


async def _write(
    context: Context, tree: FolderWriter, schedule: Schedule, page: ExportPage
) -> tuple[list[ScheduleFile], int]:
    """Put what a page brings into the folder; return it, and how many files have no bytes in the store."""
    async with context.database.read() as tx:
        ids = [listed.instance.id for listed in page.listed]
        known = await rows.written(tx, schedule.account_id, schedule.id, ids)
    added: list[ScheduleFile] = []
    missing = unsigned = 0
    for listed in page.listed:
        for one, size in _wanted(listed, [row for row in known if row.instance_id == listed.instance.id]):
            try:
                await _put(context, tree, schedule, listed, one)
            except BlobMissing:
                missing += 1  # not noted, so that the next run tries again
                continue
            added.append(one)
            unsigned += size
            if unsigned > SIGN_BYTES:
                unsigned = 0
                async with context.database.write() as tx:
                    await rows.set_due(tx, schedule.account_id, schedule.id, context.clock() + LEASE)
    return added, missing


def _wanted(listed: ExportedInstance, known: list[ScheduleFile]) -> list[tuple[ScheduleFile, int]]:
    """Return what of an instance is not in the folder, under names that nothing there has, each with its size."""
    names = FolderNames()
    folder = listed.folder
    for row in known:
        if row.path is not None:
            folder, _, name = row.path.partition("/")  # it keeps its folder when its title changes
            names.take(name)
    there = {row.file_id for row in known}
    wanted: list[tuple[ScheduleFile, int]] = []
    for item in listed.items:
        if item.file.id in there:
            continue
        path = None if item.path is None else f"{folder}/{names.take(item.file.name)}"
        line = msgspec.json.encode({**msgspec.json.decode(item.line), "path": path}).decode()
        one = ScheduleFile(instance_id=listed.instance.id, file_id=item.file.id, path=path, line=line)
        wanted.append((one, item.file.size_bytes or 0))
    return wanted


async def _put(
    context: Context, tree: FolderWriter, schedule: Schedule, listed: ExportedInstance, one: ScheduleFile
) -> None:
    file = next(item.file for item in listed.items if item.file.id == one.file_id)
    if one.path is None or file.digest is None:
        return
    async with aclosing(context.blobs.open(schedule.account_id, file.digest, 0, file.size_bytes)) as chunks:
        await tree.write(one.path.split("/"), chunks, file.digest)


def _size(page: ExportPage, added: list[ScheduleFile]) -> int:
    sizes = {item.file.id: item.file.size_bytes or 0 for listed in page.listed for item in listed.items}
    return sum(sizes[one.file_id] for one in added if one.path is not None)


def _tree(context: Context, schedule: Schedule) -> FolderWriter:
    root = context.policy.export_directory
    if root is None:
        raise InvalidState(
            "This server has no directory for exports. Its administrator can set SATCHEL_EXPORT_DIRECTORY."
        )
    return FolderWriter(root, [f"account-{schedule.account_id}", schedule.folder], disk=Disk(), entropy=context.entropy)


async def _end(context: Context, account: AccountId, schedule_id: ScheduleId, error: SatchelError | None) -> None:
    """End the present run and leave its report; one that cannot be left fails a run that was done."""
    async with context.database.read() as tx:
        schedule = await rows.schedule(tx, account, schedule_id)
    if schedule is None or not schedule.is_running:
        return
    if error is None:
        try:
            await _leave_manifest(context, schedule)
        except SatchelError as refused:
            error = refused
    async with context.database.write() as tx:
        current = await rows.lock_schedule(tx, account, schedule_id)
        if current is None or (current.run, current.is_running) != (schedule.run, True):
            return
        owner = await actor_of(tx, account, schedule.owner_id)
        now, zone = context.clock(), ZoneInfo(owner.time_zone if owner is not None else "UTC")
        await rows.end_run(
            tx,
            schedule,
            now=now,
            due_at=next_run(now, schedule.minute, zone),
            code=None if error is None else error.code,
            message=None if error is None else error.message,
        )
        data: dict[str, object] = {"schedule": schedule.id, "run": schedule.run}
        kind = "schedule.finished" if error is None else "schedule.failed"
        if error is not None:
            data["code"] = error.code
        await write_event(tx, context, owner or Actor(account_id=account, user_id=schedule.owner_id), kind, data)
    with suppress(SatchelError):  # the run's row says the same
        await _leave_report(context, schedule)


async def _leave_manifest(context: Context, schedule: Schedule) -> None:
    await _tree(context, schedule).write([f"manifest-{schedule.run:06}.jsonl"], _lines(context, schedule))


async def _lines(context: Context, schedule: Schedule) -> AsyncGenerator[bytes]:
    after = (0, 0)
    while True:
        async with context.database.read() as tx:
            page = await rows.written_in(tx, schedule.account_id, schedule.id, schedule.run, after=after, limit=_LINES)
        if not page:
            return
        after = (page[-1].instance_id, page[-1].file_id)
        yield "".join(f"{one.line}\n" for one in page).encode()


async def _leave_report(context: Context, schedule: Schedule) -> None:
    async with context.database.read() as tx:
        ended = await rows.run(tx, schedule.account_id, schedule.id, schedule.run)
    if ended is None:
        return
    report = {
        "schedule": schedule.id,
        "run": ended.number,
        "state": ended.state,
        "started_at": moment_json(ended.started_at),
        "ended_at": None if ended.ended_at is None else moment_json(ended.ended_at),
        "instances": ended.instances,
        "files": ended.files,
        "bytes": ended.file_bytes,
        "left_out": ended.left_out,
        "missing": ended.missing,
        "error": None if ended.error_code is None else {"code": ended.error_code, "message": ended.error},
    }
    name = f"report-{schedule.run:06}.json"
    await _tree(context, schedule).write([name], once(msgspec.json.format(msgspec.json.encode(report)) + b"\n"))
