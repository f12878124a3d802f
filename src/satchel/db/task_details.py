"""SQL of what clients outside say of tasks."""

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, TaskId
from satchel.model.instance import TaskDetails


async def put(tx: Writer, account: AccountId, task: TaskId, details: TaskDetails) -> None:
    """Store what is said of a task, in place of what was."""
    tx.put(
        "INSERT INTO task_details (account_id, task_id, label, reference, begins_at, more)"
        " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (account_id, task_id) DO UPDATE SET label = excluded.label,"
        " reference = excluded.reference, begins_at = excluded.begins_at, more = excluded.more",
        (account, task, details.label, details.reference, details.begins_at, Jsonb(dict(details.more))),
    )


async def details(tx: Reader, account: AccountId, task: TaskId) -> TaskDetails | None:
    """Return what is said of a task, or None."""
    return await tx.row(
        TaskDetails,
        "SELECT label, reference, begins_at, more FROM task_details WHERE account_id = %s AND task_id = %s",
        (account, task),
    )
