"""Versions of apps: the newest of each, and any by its number; what was deployed never changes."""

from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.actions.loading import LoadedApp
from satchel.db import apps as rows
from satchel.engine.layout import Layout, layout_of
from satchel.model.actor import Actor, Right
from satchel.model.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """A BPMN document as it was deployed."""

    bpmn: bytes
    layout: Layout


async def newest(context: Context, actor: Actor, right: Right | None) -> list[LoadedApp]:
    """Return the newest versions of the apps for which the actor has a right (None: any), by code.

    Each is read once in a process. Apps that were withdrawn are left out, and of those to start the retired ones.
    """
    async with context.database.read() as tx:
        return [
            await context.apps.version(tx, actor.account_id, row.version_id)
            for row in await rows.apps(tx, actor.account_id)
            if row.version_id is not None
            and (right is not Right.START or row.retired_at is None)
            and (actor.knows(row.id) if right is None else actor.may(right, row.id))
        ]


async def read(context: Context, actor: Actor, code: str, number: int) -> LoadedApp:
    """Return one version of an app for which the actor has any right.

    Raises:
        NotFound: there is no such version, or the actor may not know of the app.
    """
    return (await _read(context, actor, code, number))[0]


async def diagram(context: Context, actor: Actor, code: str, number: int) -> Diagram:
    """Return the process of one version of an app for which the actor has any right.

    Raises:
        NotFound: there is no such version, or the actor may not know of the app.
    """
    app, bpmn = await _read(context, actor, code, number)
    return Diagram(bpmn=bpmn, layout=layout_of(bpmn, app.definition.process))


async def _read(context: Context, actor: Actor, code: str, number: int) -> tuple[LoadedApp, bytes]:
    async with context.database.read() as tx:
        row = await rows.version_numbered(tx, actor.account_id, code, number)
        if row is None or not actor.knows(row.app_id):
            raise NotFound("app version", f"{code} {number}")
        return await context.apps.version(tx, actor.account_id, row.id), row.bpmn
