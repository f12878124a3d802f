"""Users and their roles: a role is a group. Only administrators of the account change them."""

from collections.abc import Sequence

from satchel.actions import access
from satchel.actions.identity import accounts
from satchel.model.errors import NotFound
from satchel.model.ids import GroupId
from satchel.surfaces.flokzu import outputs
from satchel.surfaces.flokzu.addresses import BASE
from satchel.surfaces.flokzu.inputs import Inputs
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.given import refused

_USER = f"{BASE}/v1/management/user"
MAX_ROLES = 100


async def invite(exchange: Exchange) -> Reply:
    """Create a user of the account, with roles if any are named. No mail is sent: an administrator sets a password."""
    given = await Inputs.read(exchange)
    email = given.text("email", "username")
    groups = await _groups(exchange, _roles(given))
    await accounts.create_user(
        exchange.context,
        exchange.actor,
        email=email,
        name=given.text_or_none("name", "fullName") or email,
        time_zone=exchange.actor.time_zone,
        locale=exchange.actor.locale,
        groups=groups,
    )
    return _done(f"{email} is a user of the account now; set a password for them.")


async def remove(exchange: Exchange) -> Reply:
    """Keep a user from signing in; their history stays."""
    access.require_admin(exchange.actor)
    email = (await Inputs.read(exchange)).text("email", "username")
    user = await accounts.user_by_email(exchange.context, exchange.actor, email)
    await accounts.end_user(exchange.context, exchange.actor, user.id, erase=False)
    return _done(f"{email} may not sign in any more.")


async def roles(exchange: Exchange) -> Reply:
    """List the roles of a user: one's own, or as an administrator anybody's."""
    actor = exchange.actor
    email = (await Inputs.read(exchange)).text("email", "username")
    people = await accounts.people(exchange.context, actor)
    if email.lower() == actor.email.lower():
        return json_reply({"roles": [group.name for group in people.groups if group.id in actor.group_ids]})
    access.require_admin(actor)
    user = await accounts.user_by_email(exchange.context, actor, email)
    held = [group.name for group in people.groups if user.id in people.members.get(group.id, ())]
    return json_reply({"roles": held})


async def add_roles(exchange: Exchange) -> Reply:
    """Give a user roles."""
    return await _set_roles(exchange, is_member=True)


async def remove_roles(exchange: Exchange) -> Reply:
    """Take roles from a user."""
    return await _set_roles(exchange, is_member=False)


async def _set_roles(exchange: Exchange, *, is_member: bool) -> Reply:
    access.require_admin(exchange.actor)
    given = await Inputs.read(exchange)
    email, named = given.text("email", "username"), _roles(given)
    if not named:
        raise refused("roles", "is missing")
    user = await accounts.user_by_email(exchange.context, exchange.actor, email)
    for group in await _groups(exchange, named):
        await accounts.set_member(exchange.context, exchange.actor, group, user.id, is_member=is_member)
    return _done(f"{email} {'has' if is_member else 'no longer has'} {', '.join(named)}.")


def _roles(given: Inputs) -> list[str]:
    """Return the names that `roles` (a list, or one text) or `role` gives, each once."""
    value = given.raw("roles", "role")
    several: Sequence[object] = (value,) if isinstance(value, str) else given.sequence("roles", "role")
    if isinstance(value, str) and value.lstrip().startswith("["):
        several = given.sequence("roles", "role")
    names = [one.strip() for one in several if isinstance(one, str) and one.strip()]
    if len(names) != len(several) or len(names) > MAX_ROLES:
        raise refused("roles", f"is a list of at most {MAX_ROLES} names")
    return list(dict.fromkeys(names))


async def _groups(exchange: Exchange, names: Sequence[str]) -> list[GroupId]:
    access.require_admin(exchange.actor)
    known = {group.name: group.id for group in (await accounts.people(exchange.context, exchange.actor)).groups}
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise NotFound("role", unknown[:80])
    return [known[name] for name in names]


def _done(detail: str) -> Reply:
    return json_reply({"detail": detail, "status": outputs.OK})


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{_USER}/invitation", invite),
    endpoint("DELETE", _USER, remove),
    endpoint("GET", f"{_USER}/roles", roles),
    endpoint("POST", f"{_USER}/roles", add_roles),
    endpoint("DELETE", f"{_USER}/roles", remove_roles),
)
"""The routes of this module."""
