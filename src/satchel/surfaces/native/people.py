"""Users, groups, grants, credentials, storage, the account's history."""

from satchel.actions.identity import accounts, credentials
from satchel.actions.identity import users as directory
from satchel.model.actor import Right
from satchel.model.api import instances as events_api
from satchel.model.api import people as api
from satchel.model.api.queries import MAX_PAGE, PageQuery, UsersQuery
from satchel.model.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    InvalidValues,
    NotFound,
)
from satchel.model.ids import CredentialId, GroupId, UserId
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.texts import whole_number
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.outputs import instances as outputs_of_instances
from satchel.surfaces.native.outputs import people as outputs
from satchel.surfaces.native.outputs.paging import page


async def users(exchange: Exchange) -> Reply:
    """List the account's people, or some of them: by numbers (id=1,2,3), a text in their names, a group."""
    asked = exchange.query(UsersQuery)
    found = await directory.found(
        exchange.context,
        exchange.actor,
        ids=None if asked.id is None else _numbers(asked.id),
        text=asked.q if asked.q and asked.q.strip() else None,
        group=None if asked.group is None else GroupId(asked.group),
        after=asked.cursor,
        limit=asked.limit + 1,
    )
    return json_reply(page(found, asked.limit, api.Users, outputs.user))


def _numbers(text: str) -> list[int]:
    found = [whole_number(one.strip(), low=1) for one in text.split(",")]
    numbers = [one for one in found if one is not None]
    if len(numbers) < len(found) or len(numbers) > MAX_PAGE:
        message = f"id holds the numbers of 1 to {MAX_PAGE} users, separated by commas."
        raise InvalidRequest(message, pointer="/id")
    return numbers


async def create_user(exchange: Exchange) -> Reply:
    """Create a user, with an optional password and groups."""
    given = await exchange.read(inputs.NewUser)
    created = await accounts.create_user(
        exchange.context,
        exchange.actor,
        email=given.email,
        name=given.name,
        time_zone=given.time_zone,
        locale=given.locale,
        password=given.password,
        groups=[GroupId(group) for group in given.groups],
    )
    return json_reply(api.Created(id=created), status=201)


async def _end_user(exchange: Exchange, *, erase: bool) -> Reply:
    user = UserId(exchange.number("user", "user"))
    await accounts.end_user(exchange.context, exchange.actor, user, erase=erase)
    return Reply(status=204)


async def deactivate_user(exchange: Exchange) -> Reply:
    """Deactivate a user: they may no longer sign in."""
    return await _end_user(exchange, erase=False)


async def erase_user(exchange: Exchange) -> Reply:
    """Deactivate a user and erase their personal data."""
    return await _end_user(exchange, erase=True)


async def set_password(exchange: Exchange) -> Reply:
    """Set a user's password."""
    given = await exchange.read(inputs.NewPassword)
    user = UserId(exchange.number("user", "user"))
    await credentials.set_password(exchange.context, exchange.actor, user, given.password)
    return Reply(status=204)


async def credentials_of(exchange: Exchange) -> Reply:
    """List a user's credentials, without their secrets."""
    user = UserId(exchange.number("user", "user"))
    found = await credentials.of_user(exchange.context, exchange.actor, user)
    return json_reply(api.Credentials(items=[outputs.credential(row) for row in found], next=None))


async def create_credential(exchange: Exchange) -> Reply:
    """Create a token, API key or API password; its secret is shown only once."""
    given = await exchange.read(inputs.NewCredential)
    user = UserId(exchange.number("user", "user"))
    context, actor, expires_at = exchange.context, exchange.actor, given.expires_at
    if given.kind == "api_password":
        secret = await credentials.create_api_password(context, actor, user, expires_at=expires_at)
    else:
        secret = await credentials.create_token(
            context, actor, user, kind=given.kind, name=given.name, expires_at=expires_at
        )
    return json_reply(outputs.new_secret(secret), status=201)


async def revoke_credential(exchange: Exchange) -> Reply:
    """Revoke a credential."""
    credential = CredentialId(exchange.number("credential", "credential"))
    await credentials.revoke(exchange.context, exchange.actor, credential)
    return Reply(status=204)


async def groups(exchange: Exchange) -> Reply:
    """List the account's groups; for administrators with members and rights."""
    people = await accounts.people(exchange.context, exchange.actor)
    return json_reply(outputs.groups(people, with_members=exchange.actor.is_admin))


async def create_group(exchange: Exchange) -> Reply:
    """Create a group."""
    given = await exchange.read(inputs.NewGroup)
    created = await accounts.create_group(exchange.context, exchange.actor, given.name)
    return json_reply(api.Created(id=created), status=201)


async def _set_member(exchange: Exchange, *, is_member: bool) -> Reply:
    group, user = GroupId(exchange.number("group", "group")), UserId(exchange.number("user", "user"))
    await accounts.set_member(exchange.context, exchange.actor, group, user, is_member=is_member)
    return Reply(status=204)


async def add_member(exchange: Exchange) -> Reply:
    """Add a user to a group."""
    return await _set_member(exchange, is_member=True)


async def remove_member(exchange: Exchange) -> Reply:
    """Remove a user from a group."""
    return await _set_member(exchange, is_member=False)


async def _grant(exchange: Exchange, *, is_granted: bool) -> Reply:
    given = await exchange.read(inputs.GrantBody)
    try:
        right = Right(given.right)
    except ValueError:
        message = f"right must be one of {', '.join(right.value for right in Right)}."
        raise InvalidRequest(message, pointer="/right") from None
    group = GroupId(given.group)
    await accounts.grant(exchange.context, exchange.actor, group, right, app=given.app, is_granted=is_granted)
    return Reply(status=204)


async def grant(exchange: Exchange) -> Reply:
    """Grant a right to a group."""
    return await _grant(exchange, is_granted=True)


async def revoke_grant(exchange: Exchange) -> Reply:
    """Revoke a right of a group."""
    return await _grant(exchange, is_granted=False)


async def storage(exchange: Exchange) -> Reply:
    """Return the account's quota and its use."""
    return json_reply(outputs.storage(await accounts.storage(exchange.context, exchange.actor)))


async def set_quota(exchange: Exchange) -> Reply:
    """Set the account's own limit, up to the ceiling that the operator of the server set."""
    given = await exchange.read(inputs.Quota)
    return json_reply(outputs.storage(await accounts.set_quota(exchange.context, exchange.actor, given.limit_bytes)))


async def events(exchange: Exchange) -> Reply:
    """List the account's history, oldest first."""
    asked = exchange.query(PageQuery)
    found = await accounts.events(exchange.context, exchange.actor, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, events_api.Events, outputs_of_instances.event))


ENDPOINTS = (
    endpoint("GET", "/api/v1/users", users, query=UsersQuery, answers=shows(api.Users), refuses=(Forbidden,)),
    endpoint(
        "POST",
        "/api/v1/users",
        create_user,
        body=inputs.NewUser,
        answers=makes(api.Created),
        refuses=(Forbidden, InvalidValues, Conflict, NotFound),
    ),
    endpoint(
        "POST", "/api/v1/users/{user}/deactivate", deactivate_user, answers=NOTHING, refuses=(Forbidden, Conflict)
    ),
    endpoint("POST", "/api/v1/users/{user}/erase", erase_user, answers=NOTHING, refuses=(Forbidden, Conflict)),
    endpoint(
        "POST",
        "/api/v1/users/{user}/password",
        set_password,
        body=inputs.NewPassword,
        answers=NOTHING,
        refuses=(Forbidden, InvalidValues),
    ),
    endpoint(
        "GET",
        "/api/v1/users/{user}/credentials",
        credentials_of,
        answers=shows(api.Credentials),
        refuses=(Forbidden,),
    ),
    endpoint(
        "POST",
        "/api/v1/users/{user}/credentials",
        create_credential,
        body=inputs.NewCredential,
        answers=makes(api.CredentialSecret),
        refuses=(Forbidden, InvalidValues),
    ),
    endpoint("DELETE", "/api/v1/credentials/{credential}", revoke_credential, answers=NOTHING),
    endpoint("GET", "/api/v1/groups", groups, answers=shows(api.Groups)),
    endpoint(
        "POST",
        "/api/v1/groups",
        create_group,
        body=inputs.NewGroup,
        answers=makes(api.Created),
        refuses=(Forbidden, InvalidValues, Conflict),
    ),
    endpoint(
        "PUT", "/api/v1/groups/{group}/members/{user}", add_member, answers=NOTHING, refuses=(Forbidden, Conflict)
    ),
    endpoint(
        "DELETE",
        "/api/v1/groups/{group}/members/{user}",
        remove_member,
        answers=NOTHING,
        refuses=(Forbidden, Conflict),
    ),
    endpoint(
        "POST",
        "/api/v1/grants",
        grant,
        body=inputs.GrantBody,
        answers=NOTHING,
        refuses=(Forbidden, NotFound, InvalidValues),
    ),
    endpoint(
        "DELETE",
        "/api/v1/grants",
        revoke_grant,
        body=inputs.GrantBody,
        answers=NOTHING,
        refuses=(Forbidden, NotFound, InvalidValues, Conflict),
    ),
    endpoint("GET", "/api/v1/storage", storage, answers=shows(api.Storage)),
    endpoint(
        "PUT",
        "/api/v1/storage",
        set_quota,
        body=inputs.Quota,
        answers=shows(api.Storage),
        refuses=(Forbidden, InvalidValues),
    ),
    endpoint(
        "GET",
        "/api/v1/events",
        events,
        query=PageQuery,
        answers=shows(events_api.Events),
        refuses=(Forbidden,),
    ),
)
"""The routes of this module."""
