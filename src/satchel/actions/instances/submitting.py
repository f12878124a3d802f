"""Whether and when a task's form was submitted: told by the history, which a later submission only adds to."""

from collections.abc import Sequence
from datetime import datetime

from satchel.actions.context import Context
from satchel.db import events as event_rows
from satchel.db import uploads as upload_rows
from satchel.db.pool import Reader
from satchel.model.errors import InvalidState
from satchel.model.instance import Task
from satchel.model.uploads import Upload


async def require_submitted(tx: Reader, task: Task) -> None:
    """Pass only where the task's form was submitted before.

    Raises:
        InvalidState: it never was.
    """
    if await event_rows.submitted_at(tx, task.account_id, task.instance_id, task.id) is None:
        raise InvalidState(f"The form of task {task.id} was never submitted; submit it first.")


async def submitted_at(context: Context, task: Task) -> datetime | None:
    """Return when a task's form was last submitted; the caller has checked that the task may be seen."""
    async with context.database.read() as tx:
        return await event_rows.submitted_at(tx, task.account_id, task.instance_id, task.id)


async def unclaimed(context: Context, task: Task) -> Sequence[Upload]:
    """Return a task's uploads that no form has named yet; the caller has checked that the task may be seen."""
    async with context.database.read() as tx:
        return await upload_rows.open_uploads_of_task(tx, task.account_id, task.id)
