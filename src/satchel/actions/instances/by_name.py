"""Instances by any of their names, for surfaces whose clients may know that what they must not see exists.

Within an account, what there is but may not be seen is `Forbidden` here; another account's is `NotFound`, like nothing.
"""

from uuid import UUID

from satchel.actions.context import Context
from satchel.actions.instances import lifecycle
from satchel.actions.instances.lifecycle import View
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import instances as rows
from satchel.db.apps import AppRow
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, NotFound
from satchel.model.instance import Instance


async def by_uuid(context: Context, actor: Actor, uuid: UUID, *, with_files: bool = True) -> View:
    """Return an instance by its UUID; `with_files` as `lifecycle.read`.

    Raises:
        NotFound: the account has none.
        Forbidden: the actor may see nothing of it.
    """
    async with context.database.read() as tx:
        found = await rows.instance_by_uuid(tx, actor.account_id, uuid)
    return await _seen(context, actor, found, str(uuid), with_files=with_files)


async def by_identifier(context: Context, actor: Actor, identifier: str, *, with_files: bool = True) -> View:
    """Return an instance by an identifier such as `PUR-12`; `with_files` as `lifecycle.read`.

    Raises:
        NotFound, Forbidden: as `by_uuid`.
    """
    async with context.database.read() as tx:
        found = await rows.instance_by_identifier(tx, actor.account_id, identifier)
    return await _seen(context, actor, found, identifier, with_files=with_files)


async def _seen(context: Context, actor: Actor, found: Instance | None, name: str, *, with_files: bool) -> View:
    if found is None:
        raise NotFound("instance", name)
    try:
        view = await lifecycle.read(context, actor, found.id, with_files=with_files)
    except NotFound:
        raise Forbidden(f"You may not see {found.identifier}.") from None
    if not (view.sight.whole or view.sight.fields or view.sight.tab):
        raise Forbidden(f"You may not see {found.identifier}.")
    return view


async def every_app(context: Context, actor: Actor) -> list[AppRow]:
    """Return all apps of the account that were deployed, by code; what the actor may do with them is asked later."""
    async with context.database.read() as tx:
        return [row for row in await app_rows.apps(tx, actor.account_id) if row.version_id is not None]


async def apps_that_create(context: Context, actor: Actor, action_id: int) -> list[LoadedApp]:
    """Return the account's apps whose action of this number starts an instance, by code, whatever the actor may do."""
    async with context.database.read() as tx:
        known = [row.code for row in await app_rows.apps(tx, actor.account_id) if row.version_id is not None]
        loaded = [await context.apps.newest(tx, actor.account_id, code) for code in known]
    return [app for app in loaded if (action := app.manifest.actions.get(action_id)) is not None and action.create]
