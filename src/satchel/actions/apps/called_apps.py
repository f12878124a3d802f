"""What the apps that an app calls can fail with, as far as they are deployed by now."""

from collections.abc import Mapping

from satchel.actions.context import Context
from satchel.db.pool import Reader
from satchel.engine.thrown import UNKNOWN, Thrown, Throws
from satchel.model.actor import Actor
from satchel.model.app import Manifest
from satchel.model.errors import NotFound

MOST_APPS = 100
"""How many apps are looked at; what more of them throw counts as unknown."""


async def thrown_by_called(context: Context, tx: Reader, actor: Actor, manifest: Manifest) -> Mapping[str, Thrown]:
    """Return, by the code of each app that an app calls, what its instances can fail with.

    Apps that are not there, and those that call each other in a circle, are unknown.
    """
    known: dict[str, Thrown] = {manifest.code: UNKNOWN}
    for call in manifest.calls.values():
        await _look_up(context, tx, actor, call.app, known)
    return known


async def _look_up(context: Context, tx: Reader, actor: Actor, code: str, known: dict[str, Thrown]) -> None:
    if code in known or len(known) > MOST_APPS:
        return
    known[code] = UNKNOWN  # while those that it calls are looked up
    try:
        app = await context.apps.newest(tx, actor.account_id, code)
    except NotFound:
        return
    for call in app.manifest.calls.values():
        await _look_up(context, tx, actor, call.app, known)
    known[code] = Throws(app.definition.process, app.manifest, known).of_app()
