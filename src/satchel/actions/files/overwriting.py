"""Full storage whose oldest files give way to new ones, where an administrator wants that.

It is off until somebody turns it on, since it is the one way in which the server deletes files by itself. Then too it
takes files of ended instances only, the oldest first, no more than are needed, and none at all if they do not
suffice; the history keeps the name and size of each.
"""

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import instances as instance_rows
from satchel.db import overwriting as rows
from satchel.db import storage
from satchel.db.overwriting import OldFile
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.ids import AccountId

_PAGE = 500


async def is_on(context: Context, actor: Actor) -> bool:
    """Return whether the oldest files of ended instances give way to new ones.

    Raises:
        Forbidden: the actor is no administrator.
    """
    access.require_admin(actor)
    async with context.database.read() as tx:
        return await rows.is_on(tx, actor.account_id)


async def switch(context: Context, actor: Actor, *, is_on: bool) -> None:
    """Set whether the oldest files of ended instances give way to new ones.

    Raises:
        Forbidden: the actor is no administrator.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        await rows.switch(tx, actor.account_id, is_on=is_on)
        await write_event(tx, context, actor, "storage.overwriting_set", {"is_on": is_on})


async def make_room(context: Context, actor: Actor, needed_bytes: int) -> bool:
    """Remove the oldest files of ended instances until so many bytes fit; return whether they should now."""
    async with context.database.write() as tx:
        if not await rows.lock(tx, actor.account_id):
            return False
        now = await storage.storage(tx, actor.account_id)
        short = now.used_bytes + now.reserved_bytes + needed_bytes - now.limit_bytes
        chosen = await _oldest(tx, actor.account_id, short) if short > 0 else []
        if chosen is None:
            return False
        for instance in sorted({file.instance_id for file in chosen}):
            await instance_rows.lock_instance(tx, actor.account_id, instance)
        removed = await rows.remove(tx, actor.account_id, [file.id for file in chosen])
        for file in removed:
            data = {"name": file.name, "size_bytes": file.size_bytes}
            await write_event(tx, context, actor, "file.overwritten", data, instance=file.instance_id, file=file.id)
        await storage.take(tx, actor.account_id, used=-sum(file.size_bytes for file in removed))
    return True


async def _oldest(tx: Reader, account: AccountId, short: int) -> list[OldFile] | None:
    """Return the oldest files that have so many bytes together, or None where all have fewer."""
    found: list[OldFile] = []
    while page := await rows.oldest(tx, account, after=found[-1].id if found else 0, limit=_PAGE):
        for file in page:
            found.append(file)
            short -= file.size_bytes
            if short <= 0:
                return found
    return None
