"""Named keys: API keys that come with the name of the user who acts.

A key belongs to one user and acts for them. The key of an administrator acts for whichever user of the account the
request names, with that user's rights. Whatever is wrong with either, the answer is the same.
"""

from dataclasses import replace

from satchel.actions.context import Context
from satchel.actions.identity import credentials
from satchel.db import accounts as users
from satchel.model.actor import Actor
from satchel.model.errors import Unauthenticated


async def by_key(context: Context, key: str, name: str | None, *, address: str | None) -> Actor:
    """Return whom a key acts for.

    Args:
        name: the e-mail of the user who acts; None stands for the key's owner.

    Raises:
        Unauthenticated: the key is unknown, revoked or expired, or does not act for this user.
    """
    owner = await credentials.by_token(context, key, kinds=(credentials.NAMED_KEY,), address=address)
    wanted = owner.email if name is None else name.strip()
    if wanted.lower() == owner.email.lower():
        return owner
    if not owner.is_admin:
        raise Unauthenticated
    async with context.database.read() as tx:
        user = await users.user_by_email(tx, owner.account_id, wanted)
        named = await credentials.actor_of(tx, owner.account_id, user.id, address=address) if user else None
    if named is None:
        raise Unauthenticated
    return replace(named, credential_id=owner.credential_id)
