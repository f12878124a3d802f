"""Reminders: tasks that are due soon, overdue, or late for so long that somebody else is notified.

Time brings them to many tasks at once, so they are written by sets: a person to whom one set would bring more than
`MOST_OF_A_KIND` notifications of a kind gets one that counts them. Tasks that somebody is changing right now are left
for the next tick.
"""

from typing import Final

from satchel.actions.context import Context
from satchel.db import reminders as rows
from satchel.db.pool import Reader
from satchel.db.reminders import DueReminder, Reminded
from satchel.model.app import Assignment, TaskForm
from satchel.model.notifications import NotificationKind

AT_ONCE: Final = 500
"""How many tasks are reminded of in one statement."""

MOST_OF_A_KIND: Final = 10
"""How many notifications of a kind a person gets of one set, before they are counted in one."""


async def remind(context: Context) -> int:
    """Notify people of tasks whose reminders are due, in all accounts; return how many tasks these were."""
    now = context.clock()
    async with context.database.read() as tx:
        found = await rows.due(tx, now, AT_ONCE)
        reminded = [await _reminded(context, tx, one) for one in found]
    if reminded:
        async with context.database.write() as tx:
            await rows.remind(tx, reminded, now=now, most=MOST_OF_A_KIND)
    return len(reminded)


async def _reminded(context: Context, tx: Reader, due: DueReminder) -> Reminded:
    """Return whom a reminder is for, and what follows it, by the settings of the task's version."""
    app = await context.apps.version(tx, due.account_id, due.version_id)
    form = app.manifest.tasks.get(due.element) or TaskForm(assign=Assignment(), fields={})
    now = context.clock()
    following = form.reminder_after(due.reminder, due.due_at, now)
    is_late = due.due_at is not None and due.due_at <= now
    is_news = not (due.reminder is NotificationKind.DUE_SOON and is_late)  # nobody ticked until it was overdue
    return Reminded(
        due=due,
        following=following,
        channel=app.manifest.channel(due.reminder, due.element) if is_news else None,
        group=form.escalation.to if form.escalation is not None else None,
    )
