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
from satchel.model.app import Action
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


async def apps_that_create(context: Context, actor: Actor, number: int) -> list[tuple[LoadedApp, Action]]:
    """Return the account's apps with their action of this number that starts an instance, by code.

    What the actor may do does not matter. Where the number is an alias, only the app that has it is returned.
    """
    async with context.database.read() as tx:
        known = [row.code for row in await app_rows.apps(tx, actor.account_id) if row.version_id is not None]
        loaded = [await context.apps.newest(tx, actor.account_id, code) for code in known]
    actions = [(app, action) for app in loaded for action in app.manifest.actions.values() if action.create]
    by_alias = [(app, action) for app, action in actions if action.alias == number]
    return by_alias or [(app, action) for app, action in actions if action.id == number]


def action_numbered(app: LoadedApp, number: int) -> Action | None:
    """Return an app's action by its number or its alias, or None."""
    found = app.manifest.actions.get(number)
    return found or next((one for one in app.manifest.actions.values() if one.alias == number), None)
