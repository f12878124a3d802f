"""Actors: makes them of users, with the rights that they have at that moment."""

from satchel.db import accounts as users
from satchel.db import credentials as rows
from satchel.db.pool import Reader, Writer
from satchel.model.actor import Actor, Right
from satchel.model.errors import Unauthenticated
from satchel.model.ids import AccountId, AppId, UserId


async def actor_of(tx: Reader, account: AccountId, user_id: UserId, *, address: str | None = None) -> Actor | None:
    """Return a user as an actor with the rights of this moment; None if they may not sign in (any more)."""
    found = await rows.identity(tx, account, user_id)
    return None if found is None else as_actor(found, address)


def as_actor(who: rows.UserIdentity, address: str | None) -> Actor:
    """Return whom a row says, as an actor."""
    rights: dict[AppId | None, set[Right]] = {}
    for app, right in who.rights:
        rights.setdefault(app, set()).add(Right(right))
    return Actor(
        account_id=who.account_id,
        user_id=who.user_id,
        credential_id=who.credential_id,
        scope=who.scope,
        email=who.email or "",
        name=who.name,
        time_zone=who.time_zone,
        locale=who.locale,
        address=address,
        group_ids=frozenset(who.group_ids),
        rights={app: frozenset(found) for app, found in rights.items()},
    )


async def keep_signed_in(tx: Writer, actor: Actor) -> None:
    """Pass only where what the actor signed in with still holds; it does not end before the transaction does.

    What is made from a password (a session, a token, a program's code) is made behind this: who changes the password
    at the same time either waits, and ends what was made, or has changed it, and nothing is made.

    Raises:
        Unauthenticated: it was revoked or replaced meanwhile, or the user may not sign in any more.
    """
    if actor.user_id is None or actor.credential_id is None:
        return
    await users.lock_user(tx, actor.account_id, actor.user_id)
    if await rows.identity_by_credential(tx, actor.account_id, actor.credential_id) is None:
        raise Unauthenticated
