"""The user, the account's other users and their security groups, and the account's history.

A sub-user is any other user of the account, a security group is a group of ours. Of their rights, those for every app
count: `task_update` is `modify` and `start`, `form_template_update` is `manage`.
"""

from collections.abc import Collection, Mapping, Sequence

from satchel.actions import access
from satchel.actions.checkins import checkins
from satchel.actions.checkins.app import CODE
from satchel.actions.files import overwriting
from satchel.actions.identity import accounts, audit, credentials, hashes, users
from satchel.actions.identity import groups as security_groups
from satchel.actions.identity.accounts import People
from satchel.actions.identity.audit import Event, EventFilter
from satchel.actions.passwords import MAX_PASSWORD_CHARS
from satchel.model.actor import Right
from satchel.model.errors import Conflict, InvalidState, InvalidValues, NotFound
from satchel.model.ids import GroupId, UserId
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy import errors, outputs
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.inputs import Inputs, moment, wants_iso

MAX_USERS = 10_000
MAX_AUDITED = 1_000
MAX_GROUP_CHARS = 100

RIGHTS: Mapping[str, tuple[Right, ...]] = {
    "task_update": (Right.MODIFY, Right.START),
    "form_template_update": (Right.MANAGE,),
}
"""Those of their rights that mean something here; a group has one that has the first of ours."""


async def info(exchange: Exchange) -> Reply:
    """Say who asks, and what they may."""
    actor = exchange.actor
    user = {
        "id": actor.user_id,
        "login": actor.email,
        "title": actor.name,
        "time_zone": actor.time_zone,
        "locale": actor.locale,
        "demo": False,
    }
    if actor.is_admin:
        return outputs.success(user_info=user)
    return outputs.success(user_info=user, privileges={"rights": _names(actor.rights.get(None, ()))})


def _names(rights: Collection[Right]) -> list[str]:
    return [name for name, ours in RIGHTS.items() if ours[0] in rights]


async def sub_users(exchange: Exchange) -> Reply:
    """List the account's other users."""
    access.require_admin(exchange.actor)
    found = await accounts.users(exchange.context, exchange.actor, after=0, limit=MAX_USERS)
    people = await accounts.people(exchange.context, exchange.actor)
    shown = [
        outputs.without_nulls(
            {
                "id": user.id,
                "activated": user.is_active,
                "login": user.email,
                "first_name": user.name,
                "security_group_id": _group_of(people, user.id),
            }
        )
        for user in found
        if user.id != exchange.actor.user_id and user.erased_at is None
    ]
    return outputs.success(list=shown)


def _group_of(people: People, user: UserId) -> GroupId | None:
    return next((group.id for group in people.groups if user in people.members.get(group.id, [])), None)


async def register(exchange: Exchange) -> Reply:
    """Create a user with a password."""
    access.require_admin(exchange.actor)
    given = await Inputs.read(exchange)
    user, password = Inputs(given.mapping("user")), given.text("password", longest=MAX_PASSWORD_CHARS)
    if len(password) < credentials.MIN_PASSWORD_CHARS:
        raise refused("password", f"size must be at least {credentials.MIN_PASSWORD_CHARS}")
    groups = [GroupId(user.integer("security_group_id"))] if "security_group_id" in user else []
    errors.speak(exchange, {InvalidValues: 7, Conflict: 206})
    created = await accounts.create_user(
        exchange.context,
        exchange.actor,
        email=user.text("login"),
        name=_name(user) or user.text("login"),
        time_zone=exchange.actor.time_zone,
        locale=exchange.actor.locale,
        password=password,
        groups=groups,
    )
    return outputs.success(id=created)


def _name(user: Inputs) -> str:
    """Return the one name that a user has here."""
    parts = [user.text_or(name, "") for name in ("first_name", "middle_name", "last_name") if user.raw(name) != ""]
    return " ".join(part for part in parts if part.strip())


def _sub_user(exchange: Exchange, given: Inputs, name: str) -> UserId:
    """Return the number of a user who is not the one that asks.

    Raises:
        NotFound: it is the one that asks.
    """
    user = UserId(given.integer(name))
    if user == exchange.actor.user_id:
        raise NotFound("sub-user", user)
    return user


async def update_user(exchange: Exchange) -> Reply:
    """Change another user of the account; what is left out stays."""
    access.require_admin(exchange.actor)
    given = Inputs((await Inputs.read(exchange)).mapping("user"), within="user")
    user = _sub_user(exchange, given, "id")
    errors.speak(exchange, {InvalidValues: 7, Conflict: 206})
    await users.update(
        exchange.context,
        exchange.actor,
        user,
        email=given.text_or_none("login"),
        name=_name(given) or None,
        is_active=given.flag("activated") if "activated" in given else None,
        group=GroupId(given.integer("security_group_id")) if "security_group_id" in given else None,
    )
    return outputs.success()


async def delete_user(exchange: Exchange) -> Reply:
    """Blank who a user was, for good; what they did stays under their number."""
    access.require_admin(exchange.actor)
    user = _sub_user(exchange, await Inputs.read(exchange), "subuser_id")
    await accounts.end_user(exchange.context, exchange.actor, user, erase=True)
    return outputs.success()


async def open_session(exchange: Exchange) -> Reply:
    """Open a session for another user of the account."""
    access.require_admin(exchange.actor)
    given = await Inputs.read(exchange)
    user = UserId(given.integer("subuser_id"))
    made = await hashes.open_for(exchange.context, exchange.actor, user)
    return outputs.success(hash=made.secret)


async def groups(exchange: Exchange) -> Reply:
    """List the security groups."""
    access.require_admin(exchange.actor)
    people = await accounts.people(exchange.context, exchange.actor)
    shown = [
        {
            "id": group.id,
            "label": group.name,
            "privileges": {
                "rights": _names(
                    [grant.right for grant in people.grants if grant.group_id == group.id and grant.app_id is None]
                )
            },
        }
        for group in people.groups
    ]
    return outputs.success(list=shown)


async def create_group(exchange: Exchange) -> Reply:
    """Create a security group; its members see every app and may check in."""
    access.require_admin(exchange.actor)
    group = Inputs((await Inputs.read(exchange)).mapping("group"))
    granted = (Right.VIEW, *(right for name in _rights(group) for right in RIGHTS[name]))
    label = group.text("label", longest=MAX_GROUP_CHARS)
    starts: str | None = CODE
    try:
        await checkins.require_may(exchange.context, exchange.actor)
    except InvalidState:  # the account has an app of that code that is none for check-ins
        starts = None
    errors.speak(exchange, {InvalidValues: 7, Conflict: 247})
    created = await security_groups.create(exchange.context, exchange.actor, label, granted, starts=starts)
    return outputs.success(id=created)


def _rights(group: Inputs) -> Sequence[str]:
    rights = Inputs(group.mapping_or_empty("privileges")).texts("rights")
    if not set(rights) <= set(RIGHTS):
        raise refused("privileges.rights", f"must be of {', '.join(RIGHTS)}")
    return rights


async def update_group(exchange: Exchange) -> Reply:
    """Rename a security group and set its rights; rights of ours that theirs do not say stay."""
    access.require_admin(exchange.actor)
    given = Inputs((await Inputs.read(exchange)).mapping("group"))
    group, wanted = GroupId(given.integer("id")), _rights(given)
    people = await accounts.people(exchange.context, exchange.actor)
    held = _names([one.right for one in people.grants if one.group_id == group and one.app_id is None])
    changed = [name for name in RIGHTS if "privileges" in given and (name in wanted) is not (name in held)]
    errors.speak(exchange, {InvalidValues: 7, Conflict: 247})
    await security_groups.update(
        exchange.context,
        exchange.actor,
        group,
        given.text("label", longest=MAX_GROUP_CHARS),
        {right: name in wanted for name in changed for right in RIGHTS[name]},
    )
    return outputs.success()


async def delete_group(exchange: Exchange) -> Reply:
    """Delete a security group; who was in it is in it no more."""
    access.require_admin(exchange.actor)
    given = await Inputs.read(exchange)
    name = "id" if "id" in given else "security_group_id"
    errors.speak(exchange, {Conflict: 203})
    await security_groups.delete(exchange.context, exchange.actor, GroupId(given.integer(name)))
    return outputs.success()


async def assign_group(exchange: Exchange) -> Reply:
    """Put users into a security group; without one, take them out of all."""
    access.require_admin(exchange.actor)
    given = await Inputs.read(exchange)
    users = [UserId(number) for number in given.integers("subuser_ids")]
    if not users:
        raise refused("subuser_ids", "must not be empty")
    group = GroupId(given.integer("group_id")) if "group_id" in given else None
    await security_groups.set_group(exchange.context, exchange.actor, users, group)
    return outputs.success()


async def storage_settings(exchange: Exchange) -> Reply:
    """Say whether the oldest files give way where storage is full."""
    is_on = await overwriting.is_on(exchange.context, exchange.actor)
    return outputs.success(file_storage_settings={"auto_overwrite": is_on})


async def update_storage_settings(exchange: Exchange) -> Reply:
    """Set whether the oldest files give way where storage is full."""
    access.require_admin(exchange.actor)
    given = await Inputs.read(exchange)
    settings = Inputs(given.mapping("file_storage_settings"), within="file_storage_settings")
    settings.need("auto_overwrite")
    await overwriting.switch(exchange.context, exchange.actor, is_on=settings.flag("auto_overwrite"))
    return outputs.success()


async def audit_log(exchange: Exchange) -> Reply:
    """List what was done in the account, oldest first."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    wanted = EventFilter(
        since=moment(exchange, given, "from"),
        until=moment(exchange, given, "to"),
        users=[UserId(number) for number in given.integers("subuser_ids")],
        verbs=given.texts("actions"),
        offset=given.integer_or("offset", 0),
        limit=given.integer_or("limit", MAX_AUDITED, low=1, high=MAX_AUDITED),
    )
    found = await audit.listed(exchange.context, exchange.actor, wanted)
    return outputs.success(list=[_entry(exchange, event, iso=iso) for event in found])


def _entry(exchange: Exchange, event: Event, *, iso: bool) -> dict[str, object]:
    category, _, action = event.kind.partition(".")
    return outputs.without_nulls(
        {
            "id": event.id,
            "user_id": exchange.actor.user_id,
            "subuser_id": event.user_id,
            "entry_category": category,
            "entry_id": event.file_id or event.task_id or event.instance_id,
            "action": action,
            "payload": dict(event.data),
            "host": event.address,
            "action_date": outputs.date(exchange, event.at, iso),
        }
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/user/get_info", info),
    *get_or_post(f"{BASE}/subuser/list", sub_users),
    endpoint("POST", f"{BASE}/subuser/register", register),
    endpoint("POST", f"{BASE}/subuser/update", update_user),
    *get_or_post(f"{BASE}/subuser/delete", delete_user),
    *get_or_post(f"{BASE}/subuser/session/create", open_session),
    *get_or_post(f"{BASE}/subuser/security_group/list", groups),
    endpoint("POST", f"{BASE}/subuser/security_group/create", create_group),
    endpoint("POST", f"{BASE}/subuser/security_group/update", update_group),
    *get_or_post(f"{BASE}/subuser/security_group/delete", delete_group),
    endpoint("POST", f"{BASE}/subuser/security_group/assign", assign_group),
    *get_or_post(f"{BASE}/user/settings/read", storage_settings),
    endpoint("POST", f"{BASE}/user/settings/file_storage/update", update_storage_settings),
    endpoint("POST", f"{BASE}/user/settings/update", update_storage_settings),
    *get_or_post(f"{BASE}/user/audit/log/list", audit_log),
)
"""The routes of this module."""
