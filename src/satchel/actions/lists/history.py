"""The history of an instance as people read it: filtered, in either order, with the names of people and elements."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.loading import LoadedApp
from satchel.db import accounts as people
from satchel.db import events as rows
from satchel.db import tasks as task_rows
from satchel.db.events import Event
from satchel.db.events import HistoryFilter as HistoryFilter  # noqa: PLC0414  # what callers ask with
from satchel.model.actor import Actor
from satchel.model.ids import InstanceId
from satchel.model.instance import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """An event with names.

    Attributes:
        user_name: who did it; None where Satchel did.
        element, element_name: of the BPMN element that it is about.
    """

    event: Event
    user_name: str | None
    element: str | None
    element_name: str | None

    @property
    def id(self) -> int:
        """The number of the event."""
        return self.event.id


async def of_instance(
    context: Context, actor: Actor, instance_id: InstanceId, wanted: HistoryFilter, *, after: int, limit: int
) -> list[HistoryLine]:
    """Return a page of an instance's history; it needs the right `view`.

    Args:
        context: the server's parts.
        actor: who asks.
        instance_id: whose history.
        wanted: which lines, in which order.
        after: the number of the event behind which the page begins; 0 for the first page.
        limit: the most lines of the page.

    Raises:
        NotFound, Forbidden: there is no such instance, or the actor may not see the whole of it.
    """
    async with context.database.read() as tx:
        app, _ = await access.viewable(tx, context.apps, actor, instance_id)
        found = await rows.history(tx, actor.account_id, instance_id, wanted, after=after, limit=limit)
        users = sorted({event.user_id for event in found if event.user_id is not None})
        numbers = sorted({event.task_id for event in found if event.task_id is not None})
        names = await people.user_names(tx, actor.account_id, users) if users else {}
        tasks = await task_rows.tasks_numbered(tx, actor.account_id, numbers) if numbers else []
    return [_line(app, event, names, tasks) for event in found]


def _line(app: LoadedApp, event: Event, names: dict[int, str], tasks: Sequence[Task]) -> HistoryLine:
    task = next((one for one in tasks if one.id == event.task_id), None)
    said = event.data.get("element")
    element = str(task.element) if task is not None else said if isinstance(said, str) else None
    node = next((one for one in app.definition.process.nodes.values() if one.id == element), None)
    return HistoryLine(
        event=event,
        user_name=None if event.user_id is None else names.get(event.user_id),
        element=element,
        element_name=task.name if task is not None else node.label if node is not None else None,
    )
