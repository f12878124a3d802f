"""What a process will do: its activities in the order in which tokens come to them, and which of them every run does.

For people who are about to start it; nothing runs by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from satchel.engine.graph import ACTIVITIES, ENDS, ROOT, Kind, Node, Process
from satchel.engine.parse import Definition
from satchel.engine.trail import in_order
from satchel.model.ids import ElementId

_CUTS = frozenset({Kind.TERMINATE, Kind.ERROR_END})
"""Ends that stop the other branches too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An activity of a process.

    Attributes:
        kind: as BPMN names it (`userTask`, `callActivity`, …).
        within: the subprocess that it lies in, or None.
        is_certain: whether every run that comes to its end does it.
    """

    id: ElementId
    name: str
    kind: str
    within: ElementId | None
    is_certain: bool


def outlook(definition: Definition) -> tuple[Planned, ...]:
    """Return the activities of a process in the order in which tokens can come to them."""
    process = definition.process
    certain = _certain(process)
    return tuple(
        Planned(
            id=node.id,
            name=node.label,
            kind=node.kind.value,
            within=None if node.scope == ROOT else node.scope,
            is_certain=node.id in certain and _runs_once_at_least(process, node),
        )
        for node in (process.nodes[name] for name in in_order(process))
        if node.kind in ACTIVITIES
    )


def _certain(process: Process) -> frozenset[ElementId]:
    """Return the nodes that lie on every way from the start to an end.

    What follows a node for certain shrinks, from everything, until it agrees with what follows its successors.
    """
    everything = frozenset(process.nodes)
    ahead: dict[ElementId, frozenset[ElementId]] = dict.fromkeys(process.nodes, everything)
    joins = not any(node.kind in _CUTS for node in process.nodes.values())
    backwards = in_order(process)[::-1]
    changed = True
    while changed:
        changed = False
        for name in backwards:
            found = _ahead(process, process.nodes[name], ahead, joins=joins)
            if found != ahead[name]:
                ahead[name] = found
                changed = True
    return ahead[process.starts[ROOT]]


def _ahead(
    process: Process, node: Node, ahead: Mapping[ElementId, frozenset[ElementId]], *, joins: bool
) -> frozenset[ElementId]:
    here = frozenset({node.id})
    if node.id in process.starts:
        here |= ahead[process.starts[node.id]]
    next_nodes = [process.flows[flow].target for flow in node.outgoing]
    if node.kind in ENDS or not next_nodes:
        return here
    # An event that interrupts takes the token to another way; what the activity had inside may not be done then.
    cuts = [name for name in node.boundaries if process.nodes[name].interrupts]
    ways = [ahead[name] for name in next_nodes]
    if node.kind is Kind.PARALLEL and joins:
        return here.union(*ways)
    after = frozenset[ElementId].intersection(*ways)
    if not cuts:
        return here | after
    return frozenset({node.id}) | after.intersection(*(ahead[name] for name in cuts))


def _runs_once_at_least(process: Process, node: Node) -> bool:
    """Return whether neither it nor a subprocess around it may be repeated zero times."""
    while True:
        loop = node.loop
        if loop is not None and (loop.collection is not None or loop.cardinality is not None or loop.test_first):
            return False
        if node.scope == ROOT:
            return True
        node = process.nodes[node.scope]
