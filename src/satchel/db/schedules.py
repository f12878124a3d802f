"""SQL of schedules, of their runs, and of what is in their folders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, FileId, InstanceId, ScheduleId, SearchId, UserId
from satchel.model.schedules import Schedule, ScheduleRun

_SCHEDULE = "account_id, id, owner_id, search_id, folder, minute, run, is_running, cursor, due_at, created_at"
_RUN = "number, state, started_at, ended_at, instances, files, file_bytes, left_out, missing, error_code, error"


async def insert_schedule(
    tx: Writer,
    account: AccountId,
    owner: UserId,
    *,
    search: SearchId,
    folder: str,
    minute: int,
    due_at: datetime,
    now: datetime,
) -> ScheduleId | None:
    """Add a schedule; None if the account has another for that folder."""
    return await tx.value(
        ScheduleId,
        "INSERT INTO schedules (account_id, owner_id, search_id, folder, minute, due_at, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (account_id, folder) DO NOTHING RETURNING id",
        (account, owner, search, folder, minute, due_at, now),
    )


async def schedule(tx: Reader, account: AccountId, schedule_id: ScheduleId) -> Schedule | None:
    """Return a schedule of the account."""
    return await tx.row(
        Schedule, f"SELECT {_SCHEDULE} FROM schedules WHERE account_id = %s AND id = %s", (account, schedule_id)
    )


async def lock_schedule(tx: Writer, account: AccountId, schedule_id: ScheduleId) -> Schedule | None:
    """Return a schedule, locked until the transaction ends."""
    return await tx.row(
        Schedule,
        f"SELECT {_SCHEDULE} FROM schedules WHERE account_id = %s AND id = %s FOR UPDATE",
        (account, schedule_id),
    )


async def schedules(tx: Reader, account: AccountId, *, owner: UserId | None, after: int, limit: int) -> list[Schedule]:
    """Return a page of schedules, by id: of one owner, or (None) of all."""
    return await tx.rows(
        Schedule,
        f"SELECT {_SCHEDULE} FROM schedules WHERE account_id = %(account)s AND id > %(after)s"
        " AND (%(owner)s::bigint IS NULL OR owner_id = %(owner)s) ORDER BY id LIMIT %(limit)s",
        {"account": account, "after": after, "owner": owner, "limit": limit},
    )


async def delete_schedule(tx: Writer, account: AccountId, schedule_id: ScheduleId) -> None:
    """Remove a schedule with its runs; its folder stays."""
    tx.put("DELETE FROM schedules WHERE account_id = %s AND id = %s", (account, schedule_id))


async def due_schedules(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[Schedule]:
    """Return schedules, of all accounts, that are due or whose run gave no sign of life, but for some."""
    return await tx.rows(
        Schedule,
        f"SELECT {_SCHEDULE} FROM schedules WHERE due_at <= %s AND id <> ALL(%s::bigint[]) ORDER BY due_at LIMIT %s",
        (now, list(but), limit),
    )


async def set_due(tx: Writer, account: AccountId, schedule_id: ScheduleId, due_at: datetime) -> None:
    """Set when a schedule is due next, or when its run is taken to be dead."""
    tx.put("UPDATE schedules SET due_at = %s WHERE account_id = %s AND id = %s", (due_at, account, schedule_id))


async def begin_run(tx: Writer, row: Schedule, *, now: datetime, due_at: datetime) -> None:
    """Begin the next run of a schedule."""
    tx.put(
        "UPDATE schedules SET run = %s, is_running = true, cursor = NULL, due_at = %s"
        " WHERE account_id = %s AND id = %s",
        (row.run + 1, due_at, row.account_id, row.id),
    )
    tx.put(
        "INSERT INTO schedule_runs (account_id, schedule_id, number, state, started_at)"
        " VALUES (%s, %s, %s, 'running', %s)",
        (row.account_id, row.id, row.run + 1, now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFile:
    """A file that is in a schedule's folder, or (without a path) that is only told of."""

    instance_id: InstanceId
    file_id: FileId
    path: str | None
    line: str


async def written(
    tx: Reader, account: AccountId, schedule_id: ScheduleId, instances: Sequence[InstanceId]
) -> list[ScheduleFile]:
    """Return what the folder has of some instances already."""
    return await tx.rows(
        ScheduleFile,
        "SELECT instance_id, file_id, path, line FROM schedule_files"
        " WHERE account_id = %s AND schedule_id = %s AND instance_id = ANY(%s) ORDER BY instance_id, file_id",
        (account, schedule_id, list(instances)),
    )


async def written_in(
    tx: Reader, account: AccountId, schedule_id: ScheduleId, run: int, *, after: tuple[int, int], limit: int
) -> list[ScheduleFile]:
    """Return a page of what a run added, by instance and file."""
    return await tx.rows(
        ScheduleFile,
        "SELECT instance_id, file_id, path, line FROM schedule_files WHERE account_id = %s AND schedule_id = %s"
        " AND run = %s AND (instance_id, file_id) > (%s, %s) ORDER BY instance_id, file_id LIMIT %s",
        (account, schedule_id, run, *after, limit),
    )


async def add_written(
    tx: Writer, row: Schedule, added: Sequence[ScheduleFile], *, instances: int, size: int, left_out: int, missing: int
) -> None:
    """Note a page of what the present run added, and add it to the run's sums."""
    tx.put(
        "INSERT INTO schedule_files (account_id, schedule_id, run, instance_id, file_id, path, line)"
        " SELECT %s, %s, %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) ON CONFLICT DO NOTHING",
        (
            row.account_id,
            row.id,
            row.run,
            [one.instance_id for one in added],
            [one.file_id for one in added],
            [one.path for one in added],
            [one.line for one in added],
        ),
    )
    tx.put(
        "UPDATE schedule_runs SET instances = instances + %s, files = files + %s, file_bytes = file_bytes + %s,"
        " left_out = left_out + %s, missing = missing + %s"
        " WHERE account_id = %s AND schedule_id = %s AND number = %s",
        (instances, len(added), size, left_out, missing, row.account_id, row.id, row.run),
    )


async def continue_run(tx: Writer, row: Schedule, *, cursor: str | None, due_at: datetime) -> None:
    """Note where the present run is."""
    tx.put(
        "UPDATE schedules SET cursor = %s, due_at = %s WHERE account_id = %s AND id = %s",
        (cursor, due_at, row.account_id, row.id),
    )


async def end_run(
    tx: Writer, row: Schedule, *, now: datetime, due_at: datetime, code: str | None, message: str | None
) -> None:
    """End the present run, as done or (with a code) as failed."""
    tx.put(
        "UPDATE schedules SET is_running = false, cursor = NULL, due_at = %s WHERE account_id = %s AND id = %s",
        (due_at, row.account_id, row.id),
    )
    tx.put(
        "UPDATE schedule_runs SET state = %s, ended_at = %s, error_code = %s, error = %s"
        " WHERE account_id = %s AND schedule_id = %s AND number = %s",
        ("done" if code is None else "failed", now, code, message, row.account_id, row.id, row.run),
    )


async def run(tx: Reader, account: AccountId, schedule_id: ScheduleId, number: int) -> ScheduleRun | None:
    """Return one run of a schedule."""
    return await tx.row(
        ScheduleRun,
        f"SELECT {_RUN} FROM schedule_runs WHERE account_id = %s AND schedule_id = %s AND number = %s",
        (account, schedule_id, number),
    )


async def runs(tx: Reader, account: AccountId, schedule_id: ScheduleId, *, after: int, limit: int) -> list[ScheduleRun]:
    """Return a page of a schedule's runs, oldest first."""
    return await tx.rows(
        ScheduleRun,
        f"SELECT {_RUN} FROM schedule_runs WHERE account_id = %s AND schedule_id = %s AND number > %s"
        " ORDER BY number LIMIT %s",
        (account, schedule_id, after, limit),
    )
