"""Schedules: made, looked at, run at once, deleted. `schedule_runs` does what is due.

A schedule runs in the name of its owner, with the rights of that moment. Files go below one directory that the
administrator of the server chose, each account in a folder of its own; without it there are no schedules.
"""

import re
from zoneinfo import ZoneInfo

from satchel.actions.context import Context
from satchel.actions.exports.requests import ExportRequest, checked
from satchel.actions.history import write_event
from satchel.actions.lists import search
from satchel.db import schedules as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, FieldFault, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import ScheduleId, SearchId
from satchel.model.schedules import Schedule, ScheduleRun, next_run
from satchel.model.transfer.exports import Selection
from satchel.model.transfer.names import safe_name

MAX_FOLDER_CHARS = 100

_AT = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


async def create(context: Context, actor: Actor, search_id: SearchId, *, folder: str, at: str) -> ScheduleId:
    """Have a saved search exported every day at a time of the actor's own, into a folder of the server.

    Raises:
        InvalidState: the server has no directory for it.
        InvalidValues: the folder's name is none that every file system takes, or `at` is no time as `02:30`.
        Conflict: the account has a schedule for that folder.
        NotFound, Forbidden: as `exports.checked`.
    """
    if context.policy.export_directory is None:
        raise InvalidState(
            "This server has no directory for exports. Its administrator can set SATCHEL_EXPORT_DIRECTORY."
        )
    if actor.user_id is None:
        raise Forbidden("Only users can create schedules.")
    faults: list[FieldFault] = []
    time = _AT.fullmatch(at)
    if time is None:
        faults.append(FieldFault(field="at", code="type", message="A time of day is required here, such as 02:30."))
    if not folder or folder != safe_name(folder) or folder.startswith(".") or len(folder) > MAX_FOLDER_CHARS:
        message = f"The name of one folder is required here: at most {MAX_FOLDER_CHARS} characters, no separators."
        faults.append(FieldFault(field="folder", code="name", message=message))
    if time is None or faults:
        raise InvalidValues(faults)
    await search.saved(context, actor, search_id)
    await checked(context, actor, ExportRequest(selection=Selection(query={}), search=search_id))
    minute, now = int(time[1]) * 60 + int(time[2]), context.clock()
    async with context.database.write() as tx:
        created = await rows.insert_schedule(
            tx,
            actor.account_id,
            actor.user_id,
            search=search_id,
            folder=folder,
            minute=minute,
            due_at=next_run(now, minute, ZoneInfo(actor.time_zone)),
            now=now,
        )
        if created is None:
            raise Conflict(f"The folder {folder} has a schedule already. Choose another name.")
        data = {"schedule": created, "search": search_id, "folder": folder}
        await write_event(tx, context, actor, "schedule.created", data)
    return created


async def read(context: Context, actor: Actor, schedule_id: ScheduleId) -> Schedule:
    """Return a schedule of the actor's, to administrators anybody's.

    Raises:
        NotFound: there is none.
    """
    async with context.database.read() as tx:
        return await _own(tx, actor, schedule_id)


async def _own(tx: Reader, actor: Actor, schedule_id: ScheduleId) -> Schedule:
    found = await rows.schedule(tx, actor.account_id, schedule_id)
    if found is None or not (actor.is_admin or found.owner_id == actor.user_id):
        raise NotFound("schedule", schedule_id)
    return found


async def all_schedules(context: Context, actor: Actor, *, after: int, limit: int) -> list[Schedule]:
    """Return a page of the actor's schedules, to administrators of everybody's, by id."""
    async with context.database.read() as tx:
        owner = None if actor.is_admin else actor.user_id
        return await rows.schedules(tx, actor.account_id, owner=owner, after=after, limit=limit)


async def runs(context: Context, actor: Actor, schedule_id: ScheduleId, *, after: int, limit: int) -> list[ScheduleRun]:
    """Return a page of a schedule's runs, oldest first.

    Raises:
        NotFound: as `read`.
    """
    async with context.database.read() as tx:
        await _own(tx, actor, schedule_id)
        return await rows.runs(tx, actor.account_id, schedule_id, after=after, limit=limit)


async def run_now(context: Context, actor: Actor, schedule_id: ScheduleId) -> None:
    """Have a schedule run at once instead of waiting for its time; one that runs already goes on.

    Raises:
        NotFound: as `read`.
    """
    async with context.database.write() as tx:
        found = await _own(tx, actor, schedule_id)
        locked = await rows.lock_schedule(tx, actor.account_id, found.id)
        if locked is not None and not locked.is_running:
            await rows.set_due(tx, actor.account_id, found.id, context.clock())


async def delete(context: Context, actor: Actor, schedule_id: ScheduleId) -> None:
    """Remove a schedule; what is in its folder stays there.

    Raises:
        NotFound: as `read`.
    """
    async with context.database.write() as tx:
        found = await _own(tx, actor, schedule_id)
        await rows.delete_schedule(tx, actor.account_id, found.id)
        await write_event(tx, context, actor, "schedule.deleted", {"schedule": found.id, "folder": found.folder})
