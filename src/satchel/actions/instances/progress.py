"""Where an instance stands: each element of its process with its state, times and people, and the flows that it took.

Tasks, service tasks, waits and history say what happened at an element and when; the engine says which flows were
taken, and so which gateways and events were passed. Those who view the app see all of it. Those who see own work see
how every element stands, as they see the progress of all tasks; but of what others decided only where the process went
from there. Those who only hold or are offered a task see that task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

import structlog

from satchel.actions import access
from satchel.actions.access import Sight, SightKind
from satchel.actions.context import Context
from satchel.actions.loading import LoadedApp
from satchel.db import accounts as people
from satchel.db import calls as call_rows
from satchel.db import events as event_rows
from satchel.db import instances as rows
from satchel.db import tasks as task_rows
from satchel.db import waits as wait_rows
from satchel.db.pool import Reader
from satchel.engine.trail import Trail, Visited, trail
from satchel.model.actor import Actor
from satchel.model.errors import CorruptState, NotFound
from satchel.model.ids import ElementId, IncidentId, InstanceId, TaskId, UserId
from satchel.model.instance import Instance, InstanceState, ServiceCall, Task, TaskState, Wait

_MOST_INCIDENTS = 1_000
_DONE = frozenset({TaskState.DONE, TaskState.DELAYED, TaskState.FAULTY})

_log = structlog.get_logger(__name__)


class ElementState(StrEnum):
    """How an element of an instance stands."""

    NOT_REACHED = "not_reached"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What is known of a token's visit to an element.

    Attributes:
        by: who ended it, or None where Satchel did.
        holder: of a task.
        called: the identifier of the instance that a call activity started.
    """

    state: ElementState
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    by: UserId | None = None
    holder: UserId | None = None
    task: TaskId | None = None
    outcome: str | None = None
    called: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementProgress:
    """One element: how it stands, and its last visit.

    Attributes:
        visits: how many there were, as far as they left a record.
        incident: the number of its open incident.
    """

    element: Visited
    last: Visit
    visits: int
    incident: IncidentId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where an instance stands.

    Attributes:
        names: of the people in it.
    """

    instance: Instance
    app: LoadedApp
    sight: Sight
    elements: Sequence[ElementProgress]
    flows: Sequence[ElementId]
    names: Mapping[int, str]


@dataclass(slots=True, kw_only=True)
class _Records:
    """Visits by element, oldest first; open incidents by element; when a message came last, by its name."""

    visits: dict[ElementId, list[Visit]] = field(default_factory=dict[ElementId, list[Visit]])
    incidents: dict[ElementId, IncidentId] = field(default_factory=dict[ElementId, IncidentId])
    messages: dict[str, Visit] = field(default_factory=dict[str, Visit])

    def add(self, element: ElementId, visit: Visit) -> None:
        self.visits.setdefault(element, []).append(visit)


async def read(context: Context, actor: Actor, instance_id: InstanceId) -> Progress:
    """Return where an instance stands, as far as the actor may see it.

    Raises:
        NotFound: there is no such instance, or the actor may not see any of it.
    """
    async with context.database.read() as tx:
        instance = await rows.instance(tx, actor.account_id, instance_id)
        if instance is None:
            raise NotFound("instance", instance_id)
        app = await context.apps.version(tx, actor.account_id, instance.version_id)
        tasks = await task_rows.tasks_of_instance(tx, actor.account_id, instance_id)
        sight = await access.sight(tx, actor, app, instance, tasks)
        records = _Records()
        for task in sight.of_tasks(actor, tasks):
            records.add(task.element, _of_task(task))
        if sight.kind is SightKind.FORMS:
            found, flows = _of_forms(app, records), tuple[ElementId, ...]()
        else:
            state = await rows.engine_state(tx, actor.account_id, instance_id)
            await _add_others(tx, instance, records)
            if sight.kind is SightKind.OWN:
                records = _narrowed(records)
            went = _trail(app, instance, state, records)
            found, flows = _elements(instance, went, records), went.flows
        known = {user for one in found for user in (one.last.by, one.last.holder) if user is not None}
        names = await people.user_names(tx, actor.account_id, sorted(known)) if known else {}
    return Progress(instance=instance, app=app, sight=sight, elements=found, flows=flows, names=names)


def _of_forms(app: LoadedApp, records: _Records) -> list[ElementProgress]:
    """Return the elements of the tasks that somebody has, and nothing else of the process."""
    whole = trail(app.definition, None, ()).elements
    return [
        ElementProgress(element=one, last=records.visits[one.id][-1], visits=len(records.visits[one.id]), incident=None)
        for one in whole
        if one.id in records.visits
    ]


def _narrowed(records: _Records) -> _Records:
    """Return what own work shows: of tasks what `Sight.of_tasks` left, of all else the times alone."""
    visits = {
        element: [visit if visit.task is not None else replace(visit, by=None, called=None) for visit in found]
        for element, found in records.visits.items()
    }
    messages = {name: replace(visit, by=None) for name, visit in records.messages.items()}
    return _Records(visits=visits, messages=messages)


async def _add_others(tx: Reader, instance: Instance, records: _Records) -> None:
    account, number = instance.account_id, instance.id
    for call in await call_rows.calls(tx, account, number):
        records.add(call.element, _of_call(call))
    for event in await event_rows.events_of_kinds(tx, account, number, _KINDS):
        _add_event(records, event)
    waits = await wait_rows.waits(tx, account, number)
    children = [wait.child_id for wait in waits if wait.child_id is not None]
    called = (
        {one.id: one.identifier for one in await rows.instances_numbered(tx, account, children)} if children else {}
    )
    for wait in waits:
        records.add(wait.element, _of_wait(wait, called))
    for incident in await wait_rows.incidents(
        tx, account, instance_id=number, apps=None, after=0, limit=_MOST_INCIDENTS
    ):
        records.incidents[ElementId(incident.element)] = incident.id


_KINDS = ("timer.fired", "call.returned", "call.failed", "message.received", event_rows.FAILED)


def _add_event(records: _Records, event: event_rows.Event) -> None:
    """Add what only the history knows: waits that are over, and where the instance failed."""
    failed = event.kind in ("call.failed", event_rows.FAILED)
    state = ElementState.FAILED if failed else ElementState.DONE
    called = event.data.get("instance")
    visit = Visit(state=state, closed_at=event.at, by=event.user_id, called=called if isinstance(called, str) else None)
    if event.kind == "message.received":
        records.messages[str(event.data.get("name"))] = visit
        return
    element = ElementId(str(event.data.get("element")))
    known = records.visits.get(element, [])
    if event.kind == event_rows.FAILED and known and known[-1].state is ElementState.FAILED:
        return  # its own record says so already
    records.add(element, visit)


def _of_task(task: Task) -> Visit:
    if task.is_open:
        state = ElementState.WAITING
    elif task.state in _DONE:
        state = ElementState.DONE
    else:
        state = ElementState.FAILED if task.state is TaskState.FAILED else ElementState.CANCELLED
    return Visit(
        state=state,
        opened_at=task.opened_at,
        closed_at=task.closed_at,
        by=task.closed_by,
        holder=task.holder_id,
        task=task.id,
        outcome=task.outcome,
    )


def _of_call(call: ServiceCall) -> Visit:
    return Visit(state=ElementState(call.state), opened_at=call.opened_at, closed_at=call.closed_at, by=call.closed_by)


def _of_wait(wait: Wait, called: Mapping[InstanceId, str]) -> Visit:
    child = None if wait.child_id is None else called.get(wait.child_id)
    return Visit(state=ElementState.WAITING, opened_at=wait.opened_at, called=child)


def _trail(app: LoadedApp, instance: Instance, state: bytes | None, records: _Records) -> Trail:
    try:
        return trail(app.definition, state, records.visits)
    except CorruptState as error:  # what the rows say is shown all the same
        _log.warning("progress.state_unreadable", instance=instance.id, code=error.code)
        return trail(app.definition, None, records.visits)


def _elements(instance: Instance, went: Trail, records: _Records) -> list[ElementProgress]:
    found: dict[ElementId, ElementProgress] = {}
    for one in reversed(went.elements):  # what lies in a subprocess comes behind it
        visits = records.visits.get(one.id, [])
        waiting = next((visit for visit in visits if visit.state is ElementState.WAITING), None)
        last = waiting or (visits[-1] if visits else _unrecorded(instance, one, records))
        if not visits and last.state is ElementState.NOT_REACHED and _is_begun(one, found):
            last = Visit(state=ElementState.WAITING if instance.is_running else ElementState.CANCELLED)
        incident = records.incidents.get(one.id)
        found[one.id] = ElementProgress(element=one, last=last, visits=len(visits), incident=incident)
    return [found[one.id] for one in went.elements]


def _is_begun(subprocess: Visited, found: Mapping[ElementId, ElementProgress]) -> bool:
    inner = (one for one in found.values() if one.element.within == subprocess.id)
    return any(one.last.state is not ElementState.NOT_REACHED for one in inner)


def _unrecorded(instance: Instance, element: Visited, records: _Records) -> Visit:
    """Return how an element stands that leaves no record of its own: an event, a gateway, a subprocess."""
    if element.is_start and element.within is None:
        return Visit(state=ElementState.DONE, opened_at=instance.started_at, closed_at=instance.started_at)
    if not element.is_passed:
        return Visit(state=ElementState.NOT_REACHED)
    if element.message in records.messages:
        return records.messages[element.message]
    is_last = element.is_end and element.within is None and instance.state is InstanceState.ENDED
    return Visit(state=ElementState.DONE, closed_at=instance.ended_at if is_last else None)
