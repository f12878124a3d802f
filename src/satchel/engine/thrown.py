"""Which errors an element can throw, as far as the process and its app.yaml say.

A boundary event that waits for an error which nothing throws never happens; people are warned of it.

An error goes from where it is thrown to the nearest boundary event that catches its code, so that what a subprocess or
a whole app throws is what its elements throw without what is caught inside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from satchel.engine.command import CALL_FAILED, LATE, SERVICE_FAILED
from satchel.engine.document import Findings
from satchel.engine.graph import JOBS, ROOT, Kind, Node, Process
from satchel.model.app import Manifest
from satchel.model.ids import ElementId
from satchel.model.services import OnFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrown:
    """Error codes that can be thrown.

    Attributes:
        is_complete: whether there can be no others.
    """

    codes: frozenset[str] = frozenset()
    is_complete: bool = True


UNKNOWN = Thrown(is_complete=False)


class Throws:
    """One app's elements, and what they can throw."""

    def __init__(self, process: Process, manifest: Manifest, called: Mapping[str, Thrown]) -> None:
        """Look at an app.

        Args:
            process: its process.
            manifest: its app.yaml.
            called: by the code of an app, what its instances can fail with; apps that are not there are unknown.
        """
        self.process = process
        self._manifest = manifest
        self._called = called
        self._inside: dict[ElementId, list[Node]] = {}
        for node in process.nodes.values():
            self._inside.setdefault(node.scope, []).append(node)
        self._known: dict[ElementId, Thrown] = {}

    def of_app(self) -> Thrown:
        """Return what instances of the app can fail with."""
        return self._of_scope(ROOT)

    def of(self, node: Node) -> Thrown:
        """Return what an activity can fail with, before its own boundary events."""
        if node.id not in self._known:
            self._known[node.id] = self._found(node)
        return self._known[node.id]

    def _found(self, node: Node) -> Thrown:
        if node.kind is Kind.USER_TASK:
            form = self._manifest.tasks.get(node.id)
            return Thrown(codes=frozenset({LATE} if form is not None and form.fail_when_late else ()))
        if node.kind in JOBS:
            return self._of_job(node.id)
        if node.kind is Kind.CALL:
            known = self._called.get(node.called or "", UNKNOWN)
            return Thrown(codes=known.codes | {CALL_FAILED}, is_complete=known.is_complete)
        return self._of_scope(node.id) if node.kind is Kind.SUBPROCESS else UNKNOWN

    def _of_job(self, element: ElementId) -> Thrown:
        service = self._manifest.services.get(element)
        if service is None or service.task is None:  # a program fails it with a code of its own
            return UNKNOWN
        return Thrown(codes=frozenset({SERVICE_FAILED} if service.on_failure is OnFailure.ERROR else ()))

    def _of_scope(self, scope: ElementId) -> Thrown:
        found: list[Thrown] = []
        for node in self._inside.get(scope, ()):
            if node.kind is Kind.ERROR_END:
                found.append(Thrown(codes=frozenset({node.error} if node.error else ()), is_complete=bool(node.error)))
            elif node.kind in {Kind.USER_TASK, Kind.CALL, Kind.SUBPROCESS, *JOBS}:
                found.append(self._uncaught(node))
            elif node.kind is Kind.UNSUPPORTED:
                found.append(UNKNOWN)
        return _together(found)

    def _uncaught(self, node: Node) -> Thrown:
        caught = {event.error for event in self._error_events(node)}
        if None in caught or (node.kind is Kind.CALL and CALL_FAILED in caught):
            return Thrown()
        thrown = self.of(node)
        return Thrown(codes=thrown.codes - caught, is_complete=thrown.is_complete)

    def _error_events(self, node: Node) -> list[Node]:
        events = (self.process.nodes[boundary] for boundary in node.boundaries)
        return [event for event in events if event.kind is Kind.BOUNDARY_ERROR]


def _together(found: Iterable[Thrown]) -> Thrown:
    kinds = list(found)
    codes = frozenset[str]().union(*(one.codes for one in kinds))
    return Thrown(codes=codes, is_complete=all(one.is_complete for one in kinds))


def check_caught(throws: Throws, findings: Findings) -> None:
    """Warn of each boundary error event that waits for an error which nothing throws."""
    nodes = throws.process.nodes
    for event in nodes.values():
        host = nodes.get(event.attached_to or ElementId(""))
        if event.kind is not Kind.BOUNDARY_ERROR or host is None:
            continue
        thrown = throws.of(host)
        if not thrown.is_complete or event.error in thrown.codes or (event.error is None and thrown.codes):
            continue
        what = "any error" if event.error is None else f"the error {event.error}"
        known = f"It can throw: {', '.join(sorted(thrown.codes))}." if thrown.codes else _hint(host)
        message = f"Nothing in {host.id} throws {what}, so this event never happens. {known}"
        findings.at("error_not_thrown", message, event.line, event.id, severity="warning")


def _hint(host: Node) -> str:
    if host.kind is Kind.USER_TASK:
        return f"A user task fails with {LATE} where app.yaml says late: fail."
    if host.kind in JOBS:
        return f"A service task fails with {SERVICE_FAILED} where app.yaml says on_failure: error."
    return "Draw an error end event in it."
