"""Groups with rights of their own, and what administrators do to groups after they were made."""

from collections.abc import Mapping, Sequence

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import accounts, administrators
from satchel.actions.identity.checks import check_name
from satchel.db import accounts as rows
from satchel.db import apps as app_rows
from satchel.db.pool import Reader, Writer
from satchel.model.actor import Actor, Right
from satchel.model.app_yaml.bundle import groups_named
from satchel.model.errors import Conflict, NotFound
from satchel.model.ids import GroupId, UserId


async def create(
    context: Context, actor: Actor, name: str, rights: Sequence[Right], *, starts: str | None = None
) -> GroupId:
    """Create a group without members, with rights for every app, and the right to start one app in any case.

    Args:
        starts: the code of that app, if there is one.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the name is empty or too long.
        Conflict: there is a group of this name.
        NotFound: there is no such app.
    """
    access.require_admin(actor)
    check_name("name", name)
    async with context.database.write() as tx:
        app = await app_rows.app_by_code(tx, actor.account_id, starts) if starts is not None else None
        if app is None and starts is not None:
            raise NotFound("app", starts)
        created = await accounts.add_group(tx, context, actor, name)
        for right in dict.fromkeys(rights):
            await _grant(tx, context, actor, created, right)
        if app is not None:
            await rows.insert_grant(tx, actor.account_id, created, app.id, Right.START)
            data = {"group": created, "app": app.code, "right": Right.START.value}
            await write_event(tx, context, actor, "right.granted", data)
    return created


async def _grant(
    tx: Writer, context: Context, actor: Actor, group: GroupId, right: Right, *, is_granted: bool = True
) -> None:
    change = rows.insert_grant if is_granted else rows.delete_grant
    await change(tx, actor.account_id, group, None, right)
    kind = "right.granted" if is_granted else "right.revoked"
    await write_event(tx, context, actor, kind, {"group": group, "app": None, "right": right.value})


async def update(context: Context, actor: Actor, group: GroupId, name: str, rights: Mapping[Right, bool]) -> None:
    """Rename a group, and grant or take away rights for every app; those that are not named stay.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such group.
        InvalidValues: the name is empty or too long.
        Conflict: there is another group of this name, or the last administrator would lose the right.
    """
    access.require_admin(actor)
    check_name("name", name)
    async with context.database.write() as tx:
        await accounts.require_group(tx, actor, group)
        if not await rows.rename_group(tx, actor.account_id, group, name):
            raise Conflict(f"The group '{name}' exists already.")
        await write_event(tx, context, actor, "group.changed", {"group": group, "name": name})
        for right, is_granted in rights.items():
            await _grant(tx, context, actor, group, right, is_granted=is_granted)
        await administrators.require_one(tx, actor)


async def set_group(context: Context, actor: Actor, user_ids: Sequence[UserId], group: GroupId | None) -> None:
    """Put users into a group, or take them out of all; all of them or none.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such group or user.
        Conflict: the last administrator is among them.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        known = await rows.existing_users(tx, actor.account_id, list(user_ids))
        joined = await rows.group_members(tx, actor.account_id) if group is None else []
        for user_id in dict.fromkeys(user_ids):
            if user_id not in known:
                raise NotFound("user", user_id)
            if group is not None:
                await accounts.join(tx, context, actor, group, user_id)
            for left in [GroupId(number) for number, member in joined if member == user_id]:
                await rows.remove_member(tx, actor.account_id, left, user_id)
                await write_event(tx, context, actor, "group.left", {"group": left, "user": user_id})
        await administrators.require_one(tx, actor)


async def delete(context: Context, actor: Actor, group: GroupId) -> None:
    """Delete a group that no task was ever offered to, with its rights; its members are in it no more.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such group.
        Conflict: tasks were offered to it, or an app offers tasks to it, or the last administrator is in it.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        found = next((one for one in await rows.groups(tx, actor.account_id) if one.id == group), None)
        if found is None:
            raise NotFound("group", group)
        app = await _named_by(context, tx, actor, found.name)
        if app is not None:
            raise Conflict(f"The app {app} offers tasks to the group '{found.name}'. Deploy it without.")
        if not await rows.delete_group(tx, actor.account_id, group):
            raise Conflict(f"Tasks were offered to the group '{found.name}'; it stays for their history.")
        await write_event(tx, context, actor, "group.deleted", {"group": group, "name": found.name})
        await administrators.require_one(tx, actor)


async def _named_by(context: Context, tx: Reader, actor: Actor, name: str) -> str | None:
    """Return the code of an app whose newest version offers tasks to a group of this name."""
    for row in await app_rows.apps(tx, actor.account_id):
        if row.version_id is not None:
            app = await context.apps.version(tx, actor.account_id, row.version_id)
            if name in groups_named(app.manifest):
                return row.code
    return None
