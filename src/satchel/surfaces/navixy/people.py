"""The user, the account's other users and their security groups, and the account's history.

A sub-user is any other user of the account, a security group is a group of ours. Of their rights, those for every app
count: `task_update` is `modify`, `form_template_update` is `manage`.
"""

from collections.abc import Collection, Mapping

from satchel.actions import access, accounts, audit, credentials, hashes, overwriting
from satchel.actions.accounts import People
from satchel.actions.audit import Event, EventFilter
from satchel.actions.passwords import MAX_PASSWORD_CHARS
from satchel.model.actor import Right
from satchel.model.errors import Conflict, InvalidValues
from satchel.model.ids import GroupId, UserId
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Reply
from satchel.surfaces.navixy import errors, wire
from satchel.surfaces.navixy.inputs import Inputs, read_inputs, refused

MAX_USERS = 10_000
MAX_AUDITED = 1_000

RIGHTS: Mapping[str, Right] = {"task_update": Right.MODIFY, "form_template_update": Right.MANAGE}
"""Those of their rights that mean something here."""


def _require_admin(exchange: Exchange) -> None:
    """Pass only administrators; whoever is none may know that there is such a call."""
    errors.speak(exchange, errors.ADMINISTRATORS)
    access.require_admin(exchange.actor)


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
        return wire.success(user_info=user)
    return wire.success(user_info=user, privileges={"rights": _names(actor.rights.get(None, ()))})


def _names(rights: Collection[Right]) -> list[str]:
    return [name for name, right in RIGHTS.items() if right in rights]


async def sub_users(exchange: Exchange) -> Reply:
    """List the account's other users."""
    _require_admin(exchange)
    found = await accounts.users(exchange.context, exchange.actor, after=0, limit=MAX_USERS)
    people = await accounts.people(exchange.context, exchange.actor)
    shown = [
        wire.without_nulls(
            {
                "id": user.id,
                "activated": user.is_active,
                "login": user.email,
                "first_name": user.name,
                "security_group_id": _group_of(people, user.id),
            }
        )
        for user in found
        if user.id != exchange.actor.user_id
    ]
    return wire.success(list=shown)


def _group_of(people: People, user: UserId) -> GroupId | None:
    return next((group.id for group in people.groups if user in people.members.get(group.id, [])), None)


async def register(exchange: Exchange) -> Reply:
    """Create a user with a password."""
    _require_admin(exchange)
    given = await read_inputs(exchange)
    user, password = Inputs(given.mapping("user")), given.text("password", longest=MAX_PASSWORD_CHARS)
    if len(password) < credentials.MIN_PASSWORD_CHARS:
        raise refused("password", f"size must be at least {credentials.MIN_PASSWORD_CHARS}")
    groups = [GroupId(user.integer("security_group_id"))] if "security_group_id" in user else []
    errors.speak(exchange, {InvalidValues: 7, Conflict: 206})
    created = await accounts.create_user(
        exchange.context,
        exchange.actor,
        email=user.text("login"),
        name=user.text_or_none("first_name") or user.text("login"),
        time_zone=exchange.actor.time_zone,
        locale=exchange.actor.locale,
        password=password,
        groups=groups,
    )
    return wire.success(id=created)


async def open_session(exchange: Exchange) -> Reply:
    """Open a session for another user of the account."""
    _require_admin(exchange)
    given = await read_inputs(exchange)
    user = UserId(given.integer("subuser_id"))
    made = await hashes.open_for(exchange.context, exchange.actor, user)
    return wire.success(hash=made.secret)


async def groups(exchange: Exchange) -> Reply:
    """List the security groups."""
    _require_admin(exchange)
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
    return wire.success(list=shown)


async def create_group(exchange: Exchange) -> Reply:
    """Create a security group; whoever is in it sees every app."""
    _require_admin(exchange)
    given = await read_inputs(exchange)
    group = Inputs(given.mapping("group"))
    rights = Inputs(group.mapping_or_empty("privileges")).texts("rights")
    unknown = [name for name in rights if name not in RIGHTS]
    if unknown:
        raise refused("privileges.rights", f"must be of {', '.join(RIGHTS)}")
    errors.speak(exchange, {InvalidValues: 7, Conflict: 247})
    granted = (Right.VIEW, *(RIGHTS[name] for name in rights))
    label = group.text("label", longest=100)
    return wire.success(id=await accounts.create_group(exchange.context, exchange.actor, label, rights=granted))


async def assign_group(exchange: Exchange) -> Reply:
    """Put users into a security group; without one, take them out of all."""
    _require_admin(exchange)
    given = await read_inputs(exchange)
    users = [UserId(number) for number in given.integers("subuser_ids")]
    if not users:
        raise refused("subuser_ids", "must not be empty")
    group = GroupId(given.integer("group_id")) if "group_id" in given else None
    await accounts.set_group(exchange.context, exchange.actor, users, group)
    return wire.success()


async def storage_settings(exchange: Exchange) -> Reply:
    """Say whether the oldest files give way where storage is full."""
    errors.speak(exchange, errors.ADMINISTRATORS)
    is_on = await overwriting.is_on(exchange.context, exchange.actor)
    return wire.success(file_storage_settings={"auto_overwrite": is_on})


async def update_storage_settings(exchange: Exchange) -> Reply:
    """Set whether the oldest files give way where storage is full."""
    _require_admin(exchange)
    given = await read_inputs(exchange)
    settings = Inputs(given.mapping("file_storage_settings"), within="file_storage_settings")
    settings.need("auto_overwrite")
    await overwriting.switch(exchange.context, exchange.actor, is_on=settings.flag("auto_overwrite"))
    return wire.success()


async def audit_log(exchange: Exchange) -> Reply:
    """List what was done in the account, oldest first."""
    errors.speak(exchange, errors.ADMINISTRATORS)
    given = await read_inputs(exchange)
    iso = await wire.wants_iso(exchange)
    wanted = EventFilter(
        since=wire.moment(exchange, given, "from"),
        until=wire.moment(exchange, given, "to"),
        users=[UserId(number) for number in given.integers("subuser_ids")],
        verbs=given.texts("actions"),
        offset=given.integer_or("offset", 0),
        limit=given.integer_or("limit", MAX_AUDITED, low=1, high=MAX_AUDITED),
    )
    found = await audit.listed(exchange.context, exchange.actor, wanted)
    return wire.success(list=[_entry(exchange, event, iso=iso) for event in found])


def _entry(exchange: Exchange, event: Event, *, iso: bool) -> dict[str, object]:
    category, _, action = event.kind.partition(".")
    return wire.without_nulls(
        {
            "id": event.id,
            "user_id": exchange.actor.user_id,
            "subuser_id": event.user_id,
            "entry_category": category,
            "entry_id": event.file_id or event.task_id or event.instance_id,
            "action": action,
            "payload": dict(event.data),
            "host": event.address,
            "action_date": wire.date(exchange, event.at, iso),
        }
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    *wire.call("user/get_info", info),
    *wire.call("subuser/list", sub_users),
    *wire.call("subuser/register", register, get=False),
    *wire.call("subuser/session/create", open_session),
    *wire.call("subuser/security_group/list", groups),
    *wire.call("subuser/security_group/create", create_group, get=False),
    *wire.call("subuser/security_group/assign", assign_group, get=False),
    *wire.call("user/settings/read", storage_settings),
    *wire.call("user/settings/file_storage/update", update_storage_settings, get=False),
    *wire.call("user/audit/log/list", audit_log),
)
"""The routes of this module."""
