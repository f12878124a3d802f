"""Where a process has been: its elements in the order in which tokens come to them, and the flows that were taken.

For people who look at it; nothing runs by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from satchel.engine import snapshot
from satchel.engine.graph import ENDS, ROOT, Kind, Process
from satchel.engine.parse import Definition
from satchel.model.ids import ElementId


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """An element of a process.

    Attributes:
        kind: as BPMN names it (`userTask`, `timerBoundaryEvent`, …).
        within: the subprocess that it lies in, or None.
        message: the name of the message that it waits for.
        is_start, is_end: whether it begins or ends the process or a subprocess.
        is_passed: whether a token has left it, or ended in it.
    """

    id: ElementId
    name: str
    kind: str
    within: ElementId | None
    message: str | None
    is_start: bool
    is_end: bool
    is_passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Where a process has been."""

    elements: tuple[Visited, ...]
    flows: tuple[ElementId, ...]


def trail(definition: Definition, state: bytes | None, visited: Iterable[ElementId]) -> Trail:
    """Return where a process has been.

    Args:
        definition: the process.
        state: of the engine; None where it is not known.
        visited: elements of which others know that a token came to them. By them, what a state of an earlier release
            leaves open is concluded, as far as there is only one way to get there.

    Raises:
        CorruptState: the state cannot be read.
    """
    process = definition.process
    taken = set[ElementId]()
    if state is not None:
        taken |= snapshot.load(state, process, definition.fingerprint).taken
    _conclude(process, taken, visited)
    passed = {process.flows[flow].source for flow in taken}
    ended = {process.flows[flow].target for flow in taken}
    return Trail(
        elements=tuple(
            Visited(
                id=node.id,
                name=node.label,
                kind=node.kind.value,
                within=None if node.scope == ROOT else node.scope,
                message=node.message,
                is_start=node.kind is Kind.START,
                is_end=node.kind in ENDS,
                is_passed=node.id in passed or (node.kind in ENDS and node.id in ended),
            )
            for node in (process.nodes[name] for name in in_order(process))
        ),
        flows=tuple(flow for flow in process.flows if flow in taken),
    )


def _conclude(process: Process, taken: set[ElementId], visited: Iterable[ElementId]) -> None:
    """Add the flows by which alone one can have come to what was visited, and to where these begin."""
    left = [*visited, *(process.flows[flow].source for flow in taken)]
    seen = set[ElementId]()
    while left:
        name = left.pop()
        node = process.nodes.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.attached_to is not None:
            left.append(node.attached_to)
        if len(node.incoming) == 1:
            taken.add(node.incoming[0])
            left.append(process.flows[node.incoming[0]].source)
        if node.scope != ROOT:
            left.append(node.scope)


def in_order(process: Process) -> list[ElementId]:
    """Return all nodes in the order in which tokens can come to them, those of a subprocess behind it."""
    found: dict[ElementId, None] = {}
    left = [process.starts[ROOT]]
    while left:
        name = left.pop(0)
        if name in found:
            continue
        found[name] = None
        if name in process.starts:
            left.insert(0, process.starts[name])
        left.extend(process.successors(process.nodes[name]))
    return [*found, *(name for name in process.nodes if name not in found)]
