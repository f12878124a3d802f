"""Accounts, users, groups, grants, quota: what administrators do."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import administrators, credentials
from satchel.actions.identity.checks import check_name, check_quota, check_user
from satchel.db import absences as absence_rows
from satchel.db import accounts as rows
from satchel.db import apps as app_rows
from satchel.db import credentials as credential_rows
from satchel.db import events as event_rows
from satchel.db import storage as storage_rows
from satchel.db.accounts import Account, Group, User
from satchel.db.pool import Writer
from satchel.db.storage import Storage, Uploaded
from satchel.model.actor import Actor, Right, system
from satchel.model.errors import Conflict, FieldFault, InvalidRequest, InvalidValues, NotFound
from satchel.model.ids import AccountId, AppId, GroupId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A right of a group, for one app or (None) for all of the account."""

    group_id: GroupId
    app_id: AppId | None
    right: Right


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The groups of an account with their members and rights."""

    groups: list[Group]
    members: dict[GroupId, list[UserId]]
    grants: list[Grant]


async def create_account(context: Context, name: str, *, quota_bytes: int | None = None) -> AccountId:
    """Create a tenant; only the server's own administration calls this.

    Raises:
        InvalidValues: the name is empty, or a size is out of range.
        Conflict: there is an account of this name.
    """
    policy = context.policy
    quota = policy.default_quota_bytes if quota_bytes is None else quota_bytes
    check_name("name", name)
    check_quota("quota_bytes", quota)
    async with context.database.write() as tx:
        account = await rows.insert_account(
            tx, name=name, quota_bytes=quota, max_file_bytes=policy.default_max_file_bytes, now=context.clock()
        )
        if account is None:
            raise Conflict(f"The account '{name}' exists already. Choose another name.")
        await write_event(tx, context, system(account), "account.created", {"name": name, "quota_bytes": quota})
    return account


async def find_account(context: Context, name: str | None) -> Account:
    """Return the account with this name; where None is given, the only one there is.

    Raises:
        NotFound: there is no such account.
        InvalidRequest: there are several and none was named.
    """
    async with context.database.read() as tx:
        if name is not None:
            found = await rows.account_by_name(tx, name)
            if found is None:
                raise NotFound("account", name)
            return found
        known = await rows.all_accounts(tx)
    if not known:
        raise NotFound("account")
    if len(known) > 1:
        raise InvalidRequest(f"Name an account: {', '.join(account.name for account in known)}.")
    return known[0]


async def find_login(context: Context, login: str) -> tuple[Account, str]:
    """Return the account and e-mail of a login: `account/e-mail`, or a plain e-mail of the only account or of one.

    Raises:
        NotFound: there is no account, or several and nobody in them has this e-mail.
        InvalidRequest: people of several accounts have it.
    """
    async with context.database.read() as tx:
        known = await rows.all_accounts(tx)
        by_name = {account.name: account for account in known}
        parts = login.split("/")
        for end in range(len(parts) - 1, 0, -1):
            named = by_name.get("/".join(parts[:end]))
            if named is not None:
                return named, "/".join(parts[end:])
        if len(known) == 1:
            return known[0], login
        having = {one.account for one in await rows.users_signing_in(tx, [login])}
    if len(having) > 1:
        raise InvalidRequest(
            f"{login} is of several accounts. Write {' or '.join(f'{one}/{login}' for one in having)}."
        )
    if not having:
        raise NotFound("user", login)
    return by_name[having.pop()], login


async def create_user(
    context: Context,
    actor: Actor,
    *,
    email: str,
    name: str,
    time_zone: str = "UTC",
    locale: str = "en",
    password: str | None = None,
    groups: Sequence[GroupId] = (),
) -> UserId:
    """Create a user, in groups; without a password, set one or create a token for them next.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the e-mail, name, time zone, locale or password is wrong.
        Conflict: somebody of the account signs in with this e-mail already.
        NotFound: there is no such group; nobody was created.
    """
    access.require_admin(actor)
    check_user(email, name, time_zone, locale)
    hashed = await credentials.password_hash(context, password) if password is not None else None
    async with context.database.write() as tx:
        created = await rows.insert_user(
            tx, actor.account_id, email=email, name=name, time_zone=time_zone, locale=locale, now=context.clock()
        )
        if created is None:
            raise Conflict(f"Another user of the account signs in as {email}.")
        await write_event(tx, context, actor, "user.created", {"user": created})
        if hashed is not None:
            await credentials.store_password(tx, context, actor, created, hashed)
        for group in dict.fromkeys(groups):
            await join(tx, context, actor, group, created)
    return created


async def end_user(context: Context, actor: Actor, user_id: UserId, *, erase: bool) -> None:
    """Keep a user from signing in; with `erase`, blank who they were too. Their history stays under their number.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such user.
        Conflict: they are the last administrator.
    """
    access.require_admin(actor)
    now = context.clock()
    async with context.database.write() as tx:
        await rows.lock_user(tx, actor.account_id, user_id)
        if await rows.user(tx, actor.account_id, user_id) is None:
            raise NotFound("user", user_id)
        await rows.deactivate_user(tx, actor.account_id, user_id, erased_at=now if erase else None)
        await credential_rows.revoke_all(tx, actor.account_id, user_id, now)
        if erase:
            await absence_rows.delete_absences(tx, actor.account_id, user_id)
        await write_event(tx, context, actor, "user.erased" if erase else "user.deactivated", {"user": user_id})
        await administrators.require_one(tx, actor)


async def users(context: Context, actor: Actor, *, after: int, limit: int) -> list[User]:
    """Return a page of the account's users, by id; every user may see them, to assign tasks and fill user fields."""
    async with context.database.read() as tx:
        return await rows.users(tx, actor.account_id, after=after, limit=limit)


async def user_by_email(context: Context, actor: Actor, email: str) -> User:
    """Return the account's user with this e-mail.

    Raises:
        NotFound: there is none.
    """
    async with context.database.read() as tx:
        found = await rows.user_by_email(tx, actor.account_id, email)
    if found is None:
        raise NotFound("user", email)
    return found


async def users_called(context: Context, actor: Actor, name: str) -> list[UserId]:
    """Return the account's users with this name or e-mail, in any case of its letters."""
    async with context.database.read() as tx:
        return await rows.users_called(tx, actor.account_id, name)


async def create_group(context: Context, actor: Actor, name: str) -> GroupId:
    """Create a group without members and rights.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the name is empty or too long.
        Conflict: there is a group of this name.
    """
    access.require_admin(actor)
    check_name("name", name)
    async with context.database.write() as tx:
        return await add_group(tx, context, actor, name)


async def add_group(tx: Writer, context: Context, actor: Actor, name: str) -> GroupId:
    """Create a group as part of an administrator's change.

    Raises:
        Conflict: there is a group of this name.
    """
    created = await rows.insert_group(tx, actor.account_id, name=name, now=context.clock())
    if created is None:
        raise Conflict(f"The group '{name}' exists already.")
    await write_event(tx, context, actor, "group.created", {"group": created, "name": name})
    return created


async def people(context: Context, actor: Actor) -> People:
    """Return the groups of the account; members and grants only to administrators."""
    async with context.database.read() as tx:
        groups = await rows.groups(tx, actor.account_id)
        if not actor.is_admin:
            return People(groups=groups, members={}, grants=[])
        members: dict[GroupId, list[UserId]] = {}
        for group, user_id in await rows.group_members(tx, actor.account_id):
            members.setdefault(GroupId(group), []).append(UserId(user_id))
        grants = [
            Grant(
                group_id=GroupId(int(str(group))),
                app_id=AppId(app) if isinstance(app, int) else None,
                right=Right(str(right)),
            )
            for group, app, right in await rows.grants(tx, actor.account_id)
        ]
    return People(groups=groups, members=members, grants=grants)


async def set_member(context: Context, actor: Actor, group: GroupId, user_id: UserId, *, is_member: bool) -> None:
    """Put a user into a group or take them out; doing it twice changes nothing.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such group or user.
        Conflict: they are the last administrator.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        found = await rows.user(tx, actor.account_id, user_id)
        if found is None or (is_member and found.erased_at is not None):
            raise NotFound("user", user_id)
        if is_member:
            await join(tx, context, actor, group, user_id)
            return
        await require_group(tx, actor, group)
        await rows.remove_member(tx, actor.account_id, group, user_id)
        await write_event(tx, context, actor, "group.left", {"group": group, "user": user_id})
        await administrators.require_one(tx, actor)


async def join(tx: Writer, context: Context, actor: Actor, group: GroupId, user_id: UserId) -> None:
    """Put a user into a group, as part of an administrator's change.

    Raises:
        NotFound: there is no such group.
    """
    await require_group(tx, actor, group)
    await rows.add_member(tx, actor.account_id, group, user_id)
    await write_event(tx, context, actor, "group.joined", {"group": group, "user": user_id})


async def group_named(context: Context, actor: Actor, name: str) -> Group:
    """Return the account's group of this name.

    Raises:
        NotFound: there is none.
    """
    async with context.database.read() as tx:
        found = await rows.group_by_name(tx, actor.account_id, name)
    if found is None:
        raise NotFound("group", name)
    return found


async def user_with_email(context: Context, actor: Actor, email: str) -> User:
    """Return the account's active user with this e-mail.

    Raises:
        NotFound: there is none.
    """
    found = await user_by_email(context, actor, email)
    if not found.is_active:
        raise NotFound("user", email)
    return found


async def grant(
    context: Context, actor: Actor, group: GroupId, right: Right, *, app: str | None, is_granted: bool = True
) -> None:
    """Grant a right to a group, for one app (by code) or for all; or take it away. Doing it twice changes nothing.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such group or app.
        InvalidRequest: `admin` was granted for one app.
        Conflict: the last administrator would lose it.
    """
    access.require_admin(actor)
    if right is Right.ADMIN and app is not None:
        raise InvalidRequest("The right 'admin' is for the whole account; grant it without an app.")
    async with context.database.write() as tx:
        await require_group(tx, actor, group)
        found = await app_rows.app_by_code(tx, actor.account_id, app) if app is not None else None
        if app is not None and found is None:
            raise NotFound("app", app)
        app_id = found.id if found else None
        if is_granted:
            await rows.insert_grant(tx, actor.account_id, group, app_id, right)
        else:
            await rows.delete_grant(tx, actor.account_id, group, app_id, right)
        kind = "right.granted" if is_granted else "right.revoked"
        await write_event(tx, context, actor, kind, {"group": group, "app": app, "right": right.value})
        if right is Right.ADMIN and not is_granted:
            await administrators.require_one(tx, actor)


async def storage(context: Context, actor: Actor) -> Storage:
    """Return the account's ceiling and limit, what is used and what is reserved, in bytes."""
    async with context.database.read() as tx:
        return await storage_rows.storage(tx, actor.account_id)


async def name_of(context: Context, actor: Actor) -> str:
    """Return the name of the actor's account."""
    async with context.database.read() as tx:
        return (await rows.account(tx, actor.account_id)).name


async def uploaded(context: Context, actor: Actor) -> Uploaded:
    """Return how many uploaded files there are, and their bytes.

    Those that no form has named yet, and those that can still be restored, are among them.
    """
    async with context.database.read() as tx:
        return await storage_rows.uploaded(tx, actor.account_id)


async def set_quota(context: Context, actor: Actor, limit_bytes: int) -> Storage:
    """Set the account's own limit, up to the operator's ceiling; what is used already stays even where it is more.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: it is negative, or above the ceiling, which only the operator of the server raises.
    """
    access.require_admin(actor)
    check_quota("limit_bytes", limit_bytes)
    async with context.database.write() as tx:
        await write_event(tx, context, actor, "quota.set", {"limit_bytes": limit_bytes})
        is_set = await storage_rows.set_limit(tx, actor.account_id, limit_bytes)
        now = await storage_rows.storage(tx, actor.account_id)
        if not is_set:
            message = (
                f"{limit_bytes} bytes are more than the {now.ceiling_bytes} that the operator of this server lets the"
                " account have. Use a lower limit, or ask the operator for more."
            )
            raise InvalidValues([FieldFault(field="limit_bytes", code="too_large", message=message)])
    return now


async def events(context: Context, actor: Actor, *, after: int, limit: int) -> list[event_rows.Event]:
    """Return a page of the whole account's history, oldest first.

    Raises:
        Forbidden: the actor is no administrator.
    """
    access.require_admin(actor)
    async with context.database.read() as tx:
        return await event_rows.events_of_account(tx, actor.account_id, after=after, limit=limit)


async def require_group(tx: Writer, actor: Actor, group: GroupId) -> None:
    """Pass only where the account has the group, which is not deleted before the transaction ends.

    Raises:
        NotFound: it has not.
    """
    if not await rows.keep_groups(tx, actor.account_id, [group]):
        raise NotFound("group", group)
