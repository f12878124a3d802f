"""Tasks that substitutes hold, returned once the absence is over.

What the substitute has started stays with them: they reported it (`arrive`), saved the form, or are uploading files for
it. Anything else is returned, and so is everything that a substitute holds who is not active any more.
"""

from satchel.actions.context import Context
from satchel.actions.instances import holders, tasks
from satchel.actions.instances.claims import open_uploads
from satchel.actions.instances.due import AT_ONCE
from satchel.db import absences
from satchel.db import accounts as people
from satchel.db import tasks as rows
from satchel.model.actor import system
from satchel.model.errors import InvalidState, NotFound
from satchel.model.instance import Task


async def return_due(context: Context) -> int:
    """Return what substitutes have not started to people who are present again; return how many tasks that were."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        due = await rows.tasks_returning(tx, now, AT_ONCE, backoff.paused("task of a substitute", now))

    async def take_up(task: Task) -> None:
        await _return(context, task)

    await backoff.each("task of a substitute", due, take_up, key=lambda it: it.id, clock=context.clock)
    return len(due)


async def _return(context: Context, known: Task) -> None:
    """Return a task; does nothing if it changed meanwhile."""
    try:
        async with tasks.open_task(context, system(known.account_id), known.id) as (run, task):
            absent, holder = task.in_place_of, task.holder_id
            if absent is None or holder is None or task.revision != known.revision:
                return
            account = known.account_id
            is_active = bool(await people.existing_users(run.tx, account, [holder]))
            if is_active and await open_uploads(run, task=task.id):
                await rows.mark_started(run.tx, account, task.id)
            elif await run.tx.ask(absences.is_away(account, absent, run.now)) is False:
                await holders.return_task(run, task, absent)
    except (NotFound, InvalidState):
        return  # it is closed, or gone with its instance
