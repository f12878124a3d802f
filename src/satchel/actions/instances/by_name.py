"""Instances by any of their names, for surfaces whose clients may know that what they must not see exists.

Within an account, what there is but may not be seen is `Forbidden` here; another account's is `NotFound`, like nothing.
"""

from satchel.actions.context import Context
from satchel.actions.instances import lifecycle
from satchel.actions.instances.lifecycle import View
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import instances as rows
from satchel.db.apps import AppRow
from satchel.db.instances import InstanceName
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, NotFound


async def read(context: Context, actor: Actor, name: InstanceName, *, with_files: bool = True) -> View:
    """Return an instance by its identifier or its UUID, as `lifecycle.read` does.

    Raises:
        NotFound: the account has none.
        Forbidden: the actor may see nothing of it.
    """
    async with context.database.read() as tx:
        try:
            view = await lifecycle.view(context, tx, actor, name, with_files=with_files)
        except NotFound:
            hidden = await tx.ask(rows.named(actor.account_id, name))
            if hidden is None:
                raise
            raise Forbidden(f"You may not see {hidden.identifier}.") from None
    if not (view.sight.whole or view.sight.fields or view.sight.tab):
        raise Forbidden(f"You may not see {view.instance.identifier}.")
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
