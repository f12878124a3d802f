"""Users: found by number, name or group, and changed by administrators after they were made."""

from collections.abc import Sequence
from dataclasses import replace

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import accounts, administrators
from satchel.actions.identity.checks import check_user
from satchel.db import accounts as rows
from satchel.db import credentials as credential_rows
from satchel.db.accounts import User, UserFilter
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, NotFound
from satchel.model.ids import GroupId, UserId


async def require_active(context: Context, actor: Actor, user_ids: Sequence[UserId]) -> None:
    """Pass only where all of these are active users of the account.

    Raises:
        NotFound: one is not.
    """
    async with context.database.read() as tx:
        known = await rows.existing_users(tx, actor.account_id, user_ids)
    unknown = next((user for user in user_ids if user not in known), None)
    if unknown is not None:
        raise NotFound("user", unknown)


async def found(
    context: Context,
    actor: Actor,
    *,
    ids: Sequence[int] | None,
    text: str | None,
    group: GroupId | None,
    after: int,
    limit: int,
) -> list[User]:
    """Return a page of the account's users, by id; everybody of the account may see them, to assign tasks to them.

    E-mails are for administrators: for others they are left out, and not searched.

    Args:
        context: the server's parts.
        actor: who asks.
        ids: only these; None for all.
        text: contained in the name.
        group: its members only.
        after: the number behind which the page begins.
        limit: the most users of the page.

    Raises:
        Forbidden: the actor neither belongs to the group nor is an administrator, who alone see its members.
    """
    if group is not None and group not in actor.group_ids:
        access.require_admin(actor)
    wanted = UserFilter(ids=ids, text=text, in_emails=actor.is_admin, group=group)
    async with context.database.read() as tx:
        page = await rows.users_matching(tx, actor.account_id, wanted, after=after, limit=limit)
    return page if actor.is_admin else [replace(user, email=None) for user in page]


async def update(
    context: Context,
    actor: Actor,
    user_id: UserId,
    *,
    email: str | None = None,
    name: str | None = None,
    is_active: bool | None = None,
    group: GroupId | None = None,
) -> None:
    """Change who a user is and whether they may sign in, and put them into a group; None leaves what there is.

    Who may not sign in any more has lost what they signed in with, too.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such user, or group.
        InvalidValues: the e-mail or the name is wrong.
        Conflict: somebody of the account signs in with this e-mail already, or they are the last administrator.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        await rows.lock_user(tx, actor.account_id, user_id)
        found = await rows.user(tx, actor.account_id, user_id)
        if found is None or found.email is None:
            raise NotFound("user", user_id)
        wanted_email, wanted_name = email or found.email, name or found.name
        check_user(wanted_email, wanted_name, found.time_zone, found.locale)
        if not await rows.update_user(tx, actor.account_id, user_id, email=wanted_email, name=wanted_name):
            raise Conflict(f"Another user of the account signs in as {wanted_email}.")
        await write_event(tx, context, actor, "user.changed", {"user": user_id})
        if is_active is not None and is_active is not found.is_active:
            if is_active:
                await rows.activate_user(tx, actor.account_id, user_id)
            else:
                await rows.deactivate_user(tx, actor.account_id, user_id, erased_at=None)
                await credential_rows.revoke_all(tx, actor.account_id, user_id, context.clock())
            await write_event(
                tx, context, actor, "user.activated" if is_active else "user.deactivated", {"user": user_id}
            )
            if not is_active:
                await administrators.require_one(tx, actor)
        if group is not None:
            await accounts.join(tx, context, actor, group, user_id)
