"""Saved searches, exports and schedules."""

from satchel.db.lists.search import SavedSearch
from satchel.model.api import searches as api
from satchel.model.api.kinds import Timestamp
from satchel.model.schedules import Schedule, ScheduleRun
from satchel.model.transfer.exports import Export


def saved_search(row: SavedSearch) -> api.SavedSearch:
    """Return a saved search."""
    return api.SavedSearch(
        id=row.id,
        name=row.name,
        owner=row.owner_id,
        query=row.query,
        groups=row.groups,
        created_at=Timestamp.of(row.created_at),
        changed_at=Timestamp.of(row.changed_at),
    )


def export(row: Export) -> api.Export:
    """Return what an export is, and how far it is."""
    progress, selection = row.progress, row.selection
    return api.Export(
        id=row.id,
        state=row.state,
        owner=row.owner_id,
        search=row.search_id,
        query=selection.query,
        fields=selection.fields,
        attachments=selection.attachments,
        values=selection.values,
        instances=progress.instances,
        files=progress.files,
        bytes=progress.file_bytes,
        left_out=progress.left_out,
        missing=progress.missing,
        window=progress.window,
        size=row.size_bytes,
        error=_failure(row.error_code, row.error),
        created_at=Timestamp.of(row.created_at),
        ready_at=Timestamp.of_optional(row.ready_at),
        expires_at=Timestamp.of(row.expires_at),
    )


def _failure(code: str | None, message: str | None) -> api.Failure | None:
    return None if code is None else api.Failure(code=code, message=message)


def schedule(row: Schedule) -> api.Schedule:
    """Return what a schedule is."""
    return api.Schedule(
        id=row.id,
        owner=row.owner_id,
        search=row.search_id,
        folder=row.folder,
        at=f"{row.minute // 60:02}:{row.minute % 60:02}",
        runs=row.run,
        running=row.is_running,
        next_run_at=None if row.is_running else Timestamp.of_optional(row.due_at),
        created_at=Timestamp.of(row.created_at),
    )


def schedule_run(row: ScheduleRun) -> api.ScheduleRun:
    """Return a run with its report."""
    return api.ScheduleRun(
        number=row.number,
        state=row.state,
        started_at=Timestamp.of(row.started_at),
        ended_at=Timestamp.of_optional(row.ended_at),
        instances=row.instances,
        files=row.files,
        bytes=row.file_bytes,
        left_out=row.left_out,
        missing=row.missing,
        error=_failure(row.error_code, row.error),
    )
