"""From BPMN to a definition: read, refuse what cannot run, and keep the rest as a graph.

`read` finds everything wrong at once; `parse` makes the `Definition` that `satchel.engine.step` runs, or raises with
those findings.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from satchel.engine.document import Findings, read_xml
from satchel.engine.elements import read_process
from satchel.engine.graph import Kind, Process
from satchel.engine.structure import check_structure
from satchel.model.app import Manifest
from satchel.model.errors import Finding, InvalidBundle
from satchel.model.ids import ElementId

_FINGERPRINT_LENGTH = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Definition:
    """A process that can run: made once per app version, never changed, shared by threads and instances.

    Attributes:
        process: the engine's own view.
        fingerprint: tells this process from every other, so that a state is never run with a wrong one.
    """

    process: Process
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What others may know of a definition, each in the order of the document.

    Attributes:
        id, name: of the process.
        elements: every element's kind, as BPMN names it (`userTask`, `timerBoundaryEvent`, …).
        labels: every element's name, or its id where it has none.
        jobs: the ids of the service and send tasks.
        calls: call activity -> the code of the app that it starts.
        messages: the names of the messages that the process can wait for.
    """

    id: ElementId
    name: str
    elements: Mapping[ElementId, str]
    labels: Mapping[ElementId, str]
    jobs: tuple[ElementId, ...]
    calls: Mapping[ElementId, str]
    messages: tuple[str, ...]


def parse(bpmn: bytes, manifest: Manifest | None = None) -> Definition:
    """Return the definition that a BPMN document holds.

    Args:
        bpmn: the document.
        manifest: of app.yaml, which says which process runs and which tasks are user tasks.

    Raises:
        InvalidBundle: something in it cannot run; it has every finding.
    """
    process, findings = read(bpmn, manifest)
    if process is None or any(finding.severity == "error" for finding in findings):
        raise InvalidBundle(findings)
    return _definition(process, bpmn)


def parse_deployed(bpmn: bytes, manifest: Manifest | None = None) -> Definition:
    """Return the definition of a version that was deployed: rules that came since then do not stop its instances.

    Raises:
        InvalidBundle: it cannot be read at all.
    """
    process, findings = read(bpmn, manifest)
    if process is None:
        raise InvalidBundle(findings)
    return _definition(process, bpmn)


def read(bpmn: bytes, manifest: Manifest | None = None) -> tuple[Process | None, tuple[Finding, ...]]:
    """Return the process as far as it can be read, and everything that is wrong with it."""
    findings = Findings()
    root = read_xml(bpmn, findings)
    process = None if root is None else read_process(root, manifest, findings)
    if process is not None:
        check_structure(process, findings)
    return process, tuple(findings.found)


def _definition(process: Process, bpmn: bytes) -> Definition:
    return Definition(process=process, fingerprint=hashlib.sha256(bpmn).hexdigest()[:_FINGERPRINT_LENGTH])


def outline(definition: Definition) -> Outline:
    """Return what others may know of a definition."""
    nodes = definition.process.nodes.values()
    return Outline(
        id=definition.process.id,
        name=definition.process.name,
        elements={node.id: node.kind.value for node in nodes},
        labels={node.id: node.label for node in nodes},
        jobs=tuple(node.id for node in nodes if node.kind in {Kind.SERVICE_TASK, Kind.SEND_TASK}),
        calls={node.id: node.called for node in nodes if node.called is not None},
        messages=tuple(dict.fromkeys(node.message for node in nodes if node.message is not None)),
    )
