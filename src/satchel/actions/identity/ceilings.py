"""Ceilings: what the operator of the server lets an account have; its administrators set a limit up to that."""

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity.checks import check_quota
from satchel.db import storage as rows
from satchel.db.storage import Storage
from satchel.model.actor import system
from satchel.model.ids import AccountId


async def set_ceiling(context: Context, account: AccountId, ceiling_bytes: int) -> Storage:
    """Set what an account may have at most; only the server's own administration calls this.

    A lower limit that the account set stays; what is used already stays even where it is more.

    Raises:
        InvalidValues: it is negative or beyond what can be counted.
    """
    check_quota("ceiling_bytes", ceiling_bytes)
    async with context.database.write() as tx:
        await write_event(tx, context, system(account), "quota.set", {"ceiling_bytes": ceiling_bytes})
        await rows.set_ceiling(tx, account, ceiling_bytes)
        return await rows.storage(tx, account)


def consequence(now: Storage) -> str | None:
    """Return what follows where more is used and reserved than the limit; None where it is not."""
    if not now.over_bytes:
        return None
    return (
        f"{now.used_bytes} bytes are used and {now.reserved_bytes} reserved, {now.over_bytes} more than the limit of"
        f" {now.limit_bytes}. Every new upload, copy and file of a call is refused (over_quota) until that many bytes"
        " are deleted; files that are there stay, and uploads that have their place may finish."
    )
