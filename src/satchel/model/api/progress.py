"""Replies about where an instance stands, and what happened to it."""

from collections.abc import Sequence

from satchel.model.api.instances import Event
from satchel.model.api.kinds import (
    ElementStateName,
    InstanceStateName,
    ReplyBody,
    SightName,
    Size,
    Timestamp,
)


class Element(ReplyBody, frozen=True, kw_only=True):
    """An element of a process: how it stands, and its last visit.

    Attributes:
        id: in the BPMN document.
        name: the drawn name, or the id.
        kind: as BPMN names it: `userTask`, `exclusiveGateway`, `timerBoundaryEvent`, …
        within: the id of the subprocess that it lies in.
        visits: how many visits left a record; gateways and most events leave none.
        opened_at, closed_at: null also where no record says when.
        by: the user who ended it; null if Satchel did, or the caller may not know.
        holder: of a task: the user to whom it is, or was, assigned.
        task: the number of the task.
        outcome: the id of the outcome, where the caller may know it; `outcome_label` is for people.
        called: the identifier of the instance that a call activity started.
        incident: the number of its open incident.
    """

    id: str
    name: str
    kind: str
    within: str | None
    state: ElementStateName
    visits: Size
    opened_at: Timestamp | None
    closed_at: Timestamp | None
    by: int | None
    by_name: str | None
    holder: int | None
    holder_name: str | None
    task: int | None
    outcome: str | None
    outcome_label: str | None
    called: str | None
    incident: int | None


class Progress(ReplyBody, frozen=True, kw_only=True):
    """Where an instance stands.

    Attributes:
        app: the code of its app, whose `version` has the diagram.
        sight: how much the caller sees: `forms` shows the elements of their tasks only.
        elements: in the order in which the process can come to them, those of a subprocess behind it.
        flows: the ids of the sequence flows that were taken.
    """

    instance: int
    identifier: str
    app: str
    version: int
    state: InstanceStateName
    sight: SightName
    elements: Sequence[Element]
    flows: Sequence[str]


class HistoryEvent(Event, frozen=True, kw_only=True):
    """A line of an instance's history, with names.

    Attributes:
        user_name: null if Satchel did it.
        element: the id of the BPMN element that it is about, if any.
    """

    user_name: str | None
    element: str | None
    element_name: str | None


class History(ReplyBody, frozen=True, kw_only=True):
    """A page of an instance's history, and the cursor of the next one."""

    items: Sequence[HistoryEvent]
    next: str | None
