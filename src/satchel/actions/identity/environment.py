"""Values of the environment: set by administrators on each server, named by the settings of service tasks."""

from collections.abc import Collection, Sequence

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import environment as rows
from satchel.db.environment import EnvironmentValue
from satchel.model.actor import Actor, Right
from satchel.model.app import Service
from satchel.model.environment import MAX_VALUE_CHARS, NAME, NAME_HINT, fill_in, names_in
from satchel.model.errors import FieldFault, Forbidden, InvalidValues, NotFound
from satchel.model.ids import AccountId
from satchel.model.visible_text import is_line
from satchel.outbound.failure import CallFailed


async def listing(context: Context, actor: Actor) -> Sequence[EnvironmentValue]:
    """Return the account's values, by name.

    Raises:
        Forbidden: the actor neither administers the account nor manages any app.
    """
    managed = actor.apps_with(Right.MANAGE)
    if not actor.is_admin and managed is not None and not managed:
        raise Forbidden("Only those who administer the account or manage an app may see the environment.")
    async with context.database.read() as tx:
        return await rows.values(tx, actor.account_id)


async def put(context: Context, actor: Actor, name: str, value: str) -> None:
    """Set a value; the next attempt of each service task uses it.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the name or the value cannot be used.
    """
    access.require_admin(actor)
    faults: list[FieldFault] = []
    if not NAME.fullmatch(name):
        faults.append(FieldFault(field="name", code="format", message=NAME_HINT))
    if not 0 < len(value) <= MAX_VALUE_CHARS or not is_line(value):
        message = f"use 1 to {MAX_VALUE_CHARS} characters without line breaks or control characters."
        faults.append(FieldFault(field="value", code="format", message=message))
    if faults:
        raise InvalidValues(faults)
    async with context.database.write() as tx:
        await rows.put_value(tx, actor.account_id, name, value, now=context.clock(), by=actor.user_id)
        await write_event(tx, context, actor, "environment.set", {"name": name, "value": value})


async def delete(context: Context, actor: Actor, name: str) -> None:
    """Forget a value; service tasks that name it stop from now on.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is none of that name.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        if not await rows.delete_value(tx, actor.account_id, name):
            raise NotFound("environment value", name)
        await write_event(tx, context, actor, "environment.deleted", {"name": name})


def missing(names: Collection[str]) -> str:
    """Say that values are not set on this server."""
    named = ", ".join(f"env.{name}" for name in sorted(names))
    first = min(names)
    return f"{named} is not set on this server; an administrator sets it with: satchel admin env {first} VALUE"


async def filled_in(context: Context, account: AccountId, service: Service) -> Service:
    """Return the settings of a service task with the values of this moment in them.

    Raises:
        CallFailed: `environment`: one is not set.
    """
    names = names_in(service)
    if not names:
        return service
    async with context.database.read() as tx:
        known = await rows.values_named(tx, account, names)
    lacking = names - known.keys()
    if lacking:
        raise CallFailed("environment", missing(lacking))
    return fill_in(service, known)
