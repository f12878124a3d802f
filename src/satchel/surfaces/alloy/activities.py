"""Activities: what happened to an object, each with what there is to say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from satchel.actions.instances import lifecycle
from satchel.actions.instances.lifecycle import View
from satchel.actions.lists import by_any_field
from satchel.db.events import Event
from satchel.model.app import COMMENT
from satchel.model.errors import InvalidRequest
from satchel.model.ids import ElementId
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.addresses import BASE
from satchel.surfaces.alloy.inputs import read_wanted
from satchel.surfaces.alloy.objects import object_of
from satchel.surfaces.alloy.tables import Cell, TableColumn, listed
from satchel.surfaces.kit.endpoints import Endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply

MAX_ACTIVITIES = 10_000

COLUMNS = (
    TableColumn(name="Num", type="int", caption="Num"),
    TableColumn(name="Activity", type="string", caption="Activity"),
    TableColumn(name="Details", type="string", caption="Details"),
    TableColumn(name="Created_Date", type="datetime", caption="Created Date"),
    TableColumn(name="Created_By", type="string", caption="Created By"),
    TableColumn(name="Action", type="int", caption="Action"),
)

_TEXTS = ("text", "why", "message")
"""What says by itself what happened."""

_OBJECTS = ("called_by", "created_by", "by", "instance", "identifier", "from_instance")
"""What names another object."""


async def listing(exchange: Exchange) -> Reply:
    """List what happened to an object, oldest first."""
    view = await object_of(exchange)
    wanted = await read_wanted(exchange)
    events = await lifecycle.history(
        exchange.context, exchange.actor, view.instance.id, after=0, limit=MAX_ACTIVITIES + 1
    )
    if len(events) > MAX_ACTIVITIES:
        raise InvalidRequest(f"The object has more than {MAX_ACTIVITIES} activities; use the native API's history.")
    users = {user for event in events for user in (event.user_id, event.data.get("user")) if isinstance(user, int)}
    names = await by_any_field.history_names(exchange.context, exchange.actor, users)
    teller = _Teller(view=view, names=names)
    rows = [teller.row(number, event) for number, event in enumerate(events, start=1)]
    return outputs.success(exchange, listed(exchange.actor, COLUMNS, rows, wanted))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """Makes rows of events.

    Attributes:
        view: the object, whole.
        names: of users, by number.
    """

    view: View
    names: Mapping[int, str]

    def row(self, number: int, event: Event) -> list[Cell]:
        """Return the row of an event."""
        action = event.data.get("action")
        named = event.data.get("name") if event.kind == "action.run" else None
        kind = str(named or event.kind.replace(".", " ").replace("_", " ").capitalize())
        who = self.names.get(int(event.user_id), "") if event.user_id is not None else "Satchel"
        details = "; ".join(self._details(event))
        return [number, kind, details, event.at, who, action if isinstance(action, int) else None]

    def _details(self, event: Event) -> Iterator[str]:
        """Give what there is to say of an event: the step, what came of it, and which values and files it changed."""
        data = event.data
        if event.kind == COMMENT:
            yield str(data.get("text", ""))
            return
        step = self._step(event)
        if step:
            yield step
        if event.kind.startswith(("file.", "message.")) and isinstance(data.get("name"), str):
            yield str(data["name"])
        yield from (text for name in _TEXTS if isinstance(text := data.get(name), str) and text)
        user = data.get("user")
        if isinstance(user, int):
            yield self.names.get(user, str(user))
        if isinstance(data.get("outcome"), str):
            yield self._outcome(event, str(data["outcome"]))
        yield from (text for name in _OBJECTS if isinstance(text := data.get(name), str) and text)
        labels = {str(field.id): field.label for field in self.view.app.manifest.fields}
        yield from (labels.get(str(field), str(field)) for field in _listed(data.get("fields")))
        yield from self._files(data.get("files_added"), "Added")
        yield from self._files(data.get("files_removed"), "Removed")

    def _step(self, event: Event) -> str | None:
        task = next((one for one in self.view.tasks if one.id == event.task_id), None)
        if task is not None:
            return task.name
        node = self.view.app.definition.process.nodes.get(ElementId(str(event.data.get("element"))))
        return None if node is None else node.label

    def _outcome(self, event: Event, outcome: str) -> str:
        task = next((one for one in self.view.tasks if one.id == event.task_id), None)
        form = None if task is None else self.view.app.manifest.tasks.get(task.element)
        return next((one.label for one in (form.outcomes if form else ()) if one.id == outcome), outcome)

    def _files(self, numbers: object, verb: str) -> Iterator[str]:
        names = {int(file.id): file.name for file in self.view.files}
        found = [number for number in _listed(numbers) if isinstance(number, int)]
        if found and all(number in names for number in found):
            yield f"{verb}: {', '.join(names[number] for number in found)}"
        elif found:
            yield f"{verb}: {len(found)} file{'s' if len(found) > 1 else ''}"


def _listed(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else ()


ENDPOINTS: tuple[Endpoint, ...] = (*get_or_post(f"{BASE}/activities/{{oid}}", listing),)
"""The routes of this module."""
