"""The audit: who did what in an account, over all of its history, for those who administer it."""

from satchel.actions.access import require_admin
from satchel.actions.context import Context
from satchel.db import events as rows
from satchel.db.events import Event as Event  # noqa: PLC0414  # what callers are handed
from satchel.db.events import EventFilter as EventFilter  # noqa: PLC0414  # what callers ask with
from satchel.model.actor import Actor


async def listed(context: Context, actor: Actor, wanted: EventFilter) -> list[Event]:
    """Return a page of what happened in the account and matches, oldest first.

    Raises:
        Forbidden: the actor is no administrator.
    """
    require_admin(actor)
    async with context.database.read() as tx:
        return await rows.events_matching(tx, actor.account_id, wanted)
