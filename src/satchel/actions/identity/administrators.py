"""The administrators of an account: there is always one who can sign in, whatever administrators do to each other."""

from satchel.db import accounts as rows
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.errors import Conflict


async def require_one(tx: Writer, actor: Actor) -> None:
    """Require that after an administrator's change the account still has an active administrator.

    Call it after the change, in its transaction: two who remove each other at once wait for each other here. The
    operator of the server may leave an account without one, and make another.

    Raises:
        Conflict: it has none; nothing was changed.
    """
    if actor.user_id is None:
        return
    await rows.lock_account(tx, actor.account_id)
    if not await rows.has_administrator(tx, actor.account_id):
        raise Conflict("The account would have no administrator who can sign in. Make somebody else one first.")
