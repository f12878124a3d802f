"""Whether a graph is sound: every flow has two ends, every node is reached, every gateway can decide.

The interpreter relies on it; whatever is refused here could otherwise end a running process in an incident.
"""

from satchel.engine.document import Findings
from satchel.engine.graph import (
    ACTIVITIES,
    BOUNDARIES,
    CATCHES,
    ENDS,
    ROOT,
    Flow,
    Kind,
    Node,
    Process,
)
from satchel.model.ids import ElementId

_CHOOSING = frozenset({Kind.EXCLUSIVE, Kind.INCLUSIVE})


def check_structure(process: Process, findings: Findings) -> None:
    """Note everything unsound about a graph."""
    if not process.nodes:
        findings.at("start_events", "The process is empty; it needs a start event.", process.line, process.id)
        return
    for flow in process.flows.values():
        _check_flow(process, flow, findings)
    for node in process.nodes.values():
        _check_ends(process, node, findings)
        _check_choice(process, node, findings)
        if node.kind is Kind.EVENT_GATEWAY:
            _check_events(process, node, findings)
        if node.kind is Kind.PARALLEL:
            _check_join(process, node, findings)
        if node.attached_to is not None:
            _check_boundary(process, node, findings)
    _check_reach(process, findings)


def _check_flow(process: Process, flow: Flow, findings: Findings) -> None:
    source, target = process.nodes.get(flow.source), process.nodes.get(flow.target)
    for node, end in ((source, flow.source), (target, flow.target)):
        if node is None:
            findings.at("dangling_flow", f"The flow's end {end or '(none)'} does not exist.", flow.line, flow.id)
    if source is None or target is None:
        return
    if source.scope != target.scope:
        findings.at("dangling_flow", "The flow crosses the border of a subprocess.", flow.line, flow.id)
    if target.kind is Kind.START or target.kind in BOUNDARIES:
        findings.at(
            "dangling_flow", f"No flow may lead to {target.id}: it is a {target.kind.value}.", flow.line, flow.id
        )
    if source.kind in ENDS:
        findings.at("dangling_flow", f"No flow may leave {source.id}: it is an end event.", flow.line, flow.id)
    if flow.condition is not None and source.kind not in _CHOOSING and source.kind is not Kind.UNSUPPORTED:
        message = f"The flow leaves {source.id}, a {source.kind.value}, and has a condition. Put a gateway between."
        findings.at("condition", message, flow.line, flow.id)


def _check_ends(process: Process, node: Node, findings: Findings) -> None:
    if node.kind is Kind.SUBPROCESS and node.id not in process.starts:
        findings.at("start_events", "The subprocess has no start event.", node.line, node.id)
    if node.kind is Kind.UNSUPPORTED:
        return
    if not node.outgoing and node.kind not in ENDS:
        message = f"Nothing follows {node.id}: its path ends there. Draw an end event to say so."
        findings.at("dangling_node", message, node.line, node.id, severity="warning")
    if node.default is not None and node.default not in node.outgoing:
        findings.at("default_flow", f"The default flow {node.default} does not leave {node.id}.", node.line, node.id)


def _check_choice(process: Process, node: Node, findings: Findings) -> None:
    if node.kind not in _CHOOSING:
        if node.default is not None:
            findings.at(
                "default_flow", "Only exclusive and inclusive gateways have a default flow.", node.line, node.id
            )
        return
    if len(node.outgoing) < 2:  # noqa: PLR2004 - a way to choose needs two
        return
    for flow in (process.flows[flow] for flow in node.outgoing):
        if flow.id == node.default and flow.condition is not None:
            findings.at(
                "condition",
                "The default flow has a condition, which would never be asked. Remove it.",
                flow.line,
                flow.id,
            )
        elif flow.id != node.default and flow.condition is None and flow.is_readable:
            message = f"The flow leaves {node.id} without a condition. Give it one, or make it the default flow."
            findings.at("condition", message, flow.line, flow.id)


def _check_events(process: Process, node: Node, findings: Findings) -> None:
    if len(node.outgoing) < 2:  # noqa: PLR2004 - a way to choose needs two
        findings.at(
            "event_gateway", "An event-based gateway waits for the first of at least two events.", node.line, node.id
        )
    for flow in (process.flows[flow] for flow in node.outgoing):
        target = process.nodes.get(flow.target)
        if target is not None and (target.kind not in CATCHES or len(target.incoming) > 1 or target.boundaries):
            message = (
                f"The gateway leads to {target.id}; it has to lead to timers, messages and receive tasks of its own."
            )
            findings.at("event_gateway", message, flow.line, flow.id)


def _check_boundary(process: Process, node: Node, findings: Findings) -> None:
    host = process.nodes.get(node.attached_to or ElementId(""))
    if host is None or host.scope != node.scope or host.kind not in ACTIVITIES | {Kind.UNSUPPORTED}:
        if node.attached_to:
            findings.at(
                "attached_to", f"{node.attached_to} is no activity next to this boundary event.", node.line, node.id
            )
        return
    if node.kind is Kind.BOUNDARY_ERROR and host.kind is Kind.RECEIVE_TASK:
        findings.at(
            "attached_to", f"{host.id} cannot fail: it only waits. Remove the boundary error event.", node.line, node.id
        )


def _check_reach(process: Process, findings: Findings) -> None:
    """Note what no token can come to, once for each piece."""
    if ROOT not in process.starts:
        findings.at("start_events", "The process has no start event.", process.line, process.id)
        return
    seen = _reached(process, list(process.starts.values()), None)
    for node in process.nodes.values():
        if node.id in seen or node.attached_to is not None:
            continue
        if not any(
            process.flows[flow].source not in seen and process.flows[flow].source in process.nodes
            for flow in node.incoming
        ):
            findings.at("unreachable", f"No path from a start event leads to {node.id}.", node.line, node.id)


def _check_join(process: Process, node: Node, findings: Findings) -> None:
    """Note a parallel gateway that waits for a path which only it could begin, as when a loop leads back to a split."""
    start = process.starts.get(node.scope)
    if start is None or len(node.incoming) < 2:  # noqa: PLR2004 - one flow in makes no join
        return
    seen = _reached(process, [start], node.id)
    for flow in (process.flows[flow] for flow in node.incoming):
        if flow.source in process.nodes and flow.source not in seen:
            message = (
                f"It waits for {flow.source}, which only comes after it. Put an exclusive gateway where the paths meet."
            )
            findings.at("parallel_join", message, node.line, node.id)


def _reached(process: Process, starts: list[ElementId], without: ElementId | None) -> set[ElementId]:
    """Return the nodes that tokens from `starts` can come to without passing one node."""
    seen: set[ElementId] = set()
    while starts:
        found = starts.pop()
        node = process.nodes.get(found)
        if node is None or found in seen or found == without:
            continue
        seen.add(found)
        starts.extend(process.successors(node))
    return seen
