"""Retired apps: nothing new is started from them, and what runs goes on. They can be brought back."""

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import apps as rows
from satchel.model.actor import Actor, Right
from satchel.model.errors import InvalidState, NotFound
from satchel.model.ids import AppId


async def set_retired(context: Context, actor: Actor, code: str, *, is_retired: bool) -> None:
    """Retire an app, or bring it back.

    Raises:
        NotFound, Forbidden: the actor does not manage the app.
        InvalidState: it is so already.
    """
    async with context.database.write() as tx:
        row = await rows.app_by_code(tx, actor.account_id, code)
        if row is None or row.version_id is None:
            raise NotFound("app", code)
        access.require_right(actor, Right.MANAGE, row.id, code)
        at = context.clock() if is_retired else None
        if not await rows.set_retired(tx, actor.account_id, row.id, at):
            raise InvalidState(f"The app {code} is {'retired already' if is_retired else 'not retired'}.")
        await write_event(tx, context, actor, "app.retired" if is_retired else "app.restored", {"app": code})


async def retired(context: Context, actor: Actor) -> frozenset[AppId]:
    """Return the account's retired apps."""
    async with context.database.read() as tx:
        return frozenset(row.id for row in await rows.apps(tx, actor.account_id) if row.retired_at is not None)
