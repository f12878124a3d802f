"""Apps in lists: those for which an actor has a right, with what each list shows of them."""

from dataclasses import dataclass
from datetime import datetime

from satchel.actions.context import Context
from satchel.actions.lists import nodes, processes
from satchel.actions.loading import LoadedApp
from satchel.db import apps as rows
from satchel.db.apps import AppRow
from satchel.db.lists import starters
from satchel.engine.graph import Node
from satchel.model.actor import Actor, Right


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedApp:
    """An app in its newest version.

    Attributes:
        deployed_at: when that version came.
        creator: the name of who deployed the first version, or None.
        start_number: of the start event.
    """

    row: AppRow
    app: LoadedApp
    deployed_at: datetime
    creator: str | None
    start_node: Node
    start_number: int


async def with_right(context: Context, actor: Actor, right: Right) -> list[ListedApp]:
    """Return the apps for which the actor has a right, by code."""
    async with context.database.read() as tx:
        found: list[ListedApp] = []
        for row in await rows.apps(tx, actor.account_id):
            if row.version_id is None or not actor.may(right, row.id):
                continue
            versions = await rows.versions(tx, actor.account_id, row.id)
            first = versions[-1].deployed_by
            person = None
            if first is not None:
                person = (await tx.ask(starters.starters(actor.account_id, [first]))).get(first)
            app = await context.apps.version(tx, actor.account_id, row.version_id)
            start = nodes.start_of(app)
            found.append(
                ListedApp(
                    row=row,
                    app=app,
                    deployed_at=versions[0].deployed_at,
                    creator=person.name if person is not None else None,
                    start_node=start,
                    start_number=nodes.number_of(app, start.id),
                )
            )
        return found


async def numbered(context: Context, actor: Actor, number: int) -> LoadedApp:
    """Return the newest version of the app with a number.

    Raises:
        NotFound: there is none that the actor knows of.
    """
    async with context.database.read() as tx:
        return await processes.numbered(context, tx, actor, number)
