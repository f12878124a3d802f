"""Where an instance stands, and what happened to it."""

from collections.abc import Mapping

from msgspec import structs

from satchel.actions.instances.progress import ElementProgress, Progress
from satchel.actions.lists.history import HistoryLine
from satchel.actions.loading import LoadedApp
from satchel.model.api import progress as api
from satchel.model.api.kinds import Timestamp
from satchel.model.ids import ElementId
from satchel.surfaces.native.outputs.instances import event


def progress(found: Progress) -> api.Progress:
    """Return where an instance stands."""
    return api.Progress(
        instance=found.instance.id,
        identifier=found.instance.identifier,
        app=found.app.manifest.code,
        version=found.app.number,
        state=found.instance.state,
        sight=found.sight.kind,
        elements=[_element(one, found.app, found.names) for one in found.elements],
        flows=found.flows,
    )


def _element(one: ElementProgress, app: LoadedApp, names: Mapping[int, str]) -> api.Element:
    element, last = one.element, one.last
    return api.Element(
        id=element.id,
        name=element.name,
        kind=element.kind,
        within=element.within,
        state=last.state,
        visits=one.visits,
        opened_at=Timestamp.of_optional(last.opened_at),
        closed_at=Timestamp.of_optional(last.closed_at),
        by=last.by,
        by_name=None if last.by is None else names.get(last.by),
        holder=last.holder,
        holder_name=None if last.holder is None else names.get(last.holder),
        task=last.task,
        outcome=last.outcome,
        outcome_label=_label(app, element.id, last.outcome),
        called=last.called,
        incident=one.incident,
    )


def _label(app: LoadedApp, element: ElementId, outcome: str | None) -> str | None:
    form = app.manifest.tasks.get(element)
    return next((one.label for one in form.outcomes if one.id == outcome), None) if form is not None else None


def history_line(line: HistoryLine) -> api.HistoryEvent:
    """Return a line of an instance's history with names."""
    return api.HistoryEvent(
        **structs.asdict(event(line.event)),
        user_name=line.user_name,
        element=line.element,
        element_name=line.element_name,
    )
