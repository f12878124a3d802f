"""The graph of one process: its nodes, the flows between them, and what can be known of them before anything runs.

Made once per app version by `satchel.engine.parse` and shared by every instance of it. The invariant: a graph that left
`parse` is sound (each flow has both ends, each node can be reached, each expression compiles), so the interpreter never
looks for what may not be there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from satchel.engine.expression import Expression
from satchel.model.ids import ElementId

ROOT = ElementId("")
"""The scope of nodes that lie directly in the process, not in a subprocess."""


class Kind(StrEnum):
    """What a node is; the value is the word for it on the outside."""

    START = "startEvent"
    END = "endEvent"
    TERMINATE = "terminateEndEvent"
    ERROR_END = "errorEndEvent"
    USER_TASK = "userTask"
    SERVICE_TASK = "serviceTask"
    SEND_TASK = "sendTask"
    RECEIVE_TASK = "receiveTask"
    CALL = "callActivity"
    SUBPROCESS = "subProcess"
    EXCLUSIVE = "exclusiveGateway"
    PARALLEL = "parallelGateway"
    INCLUSIVE = "inclusiveGateway"
    EVENT_GATEWAY = "eventBasedGateway"
    CATCH_TIMER = "timerCatchEvent"
    CATCH_MESSAGE = "messageCatchEvent"
    MILESTONE = "intermediateThrowEvent"
    BOUNDARY_TIMER = "timerBoundaryEvent"
    BOUNDARY_MESSAGE = "messageBoundaryEvent"
    BOUNDARY_ERROR = "errorBoundaryEvent"
    UNSUPPORTED = "unsupported"


ENDS = frozenset({Kind.END, Kind.TERMINATE, Kind.ERROR_END})
BOUNDARIES = frozenset({Kind.BOUNDARY_TIMER, Kind.BOUNDARY_MESSAGE, Kind.BOUNDARY_ERROR})
ACTIVITIES = frozenset(
    {Kind.USER_TASK, Kind.SERVICE_TASK, Kind.SEND_TASK, Kind.RECEIVE_TASK, Kind.CALL, Kind.SUBPROCESS},
)
"""The nodes that may carry boundary events."""
LOOPABLE = ACTIVITIES - {Kind.RECEIVE_TASK}
"""The nodes that may be repeated. A message has one name: nobody could tell the repetitions of its receiver apart."""
JOBS = frozenset({Kind.SERVICE_TASK, Kind.SEND_TASK})
CATCHES = frozenset({Kind.CATCH_TIMER, Kind.CATCH_MESSAGE, Kind.RECEIVE_TASK})
"""What an event-based gateway may lead to."""


class TimerKind(StrEnum):
    """How a timer says when it is due."""

    DURATION = "timeDuration"
    DATE = "timeDate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """When a timer is due: an ISO 8601 text, or an expression that gives one."""

    kind: TimerKind
    text: str
    expression: Expression | None


class LoopKind(StrEnum):
    """How an activity is repeated."""

    PARALLEL = "parallel"
    SEQUENTIAL = "sequential"
    WHILE = "while"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """How an activity is repeated.

    Attributes:
        collection: the name whose items it runs over (multi-instance), or None.
        cardinality: how many times it runs (multi-instance without a collection), or None.
        variable: the loop variable that holds the item, or its number counted from 1.
        condition: goes on while it is true (`WHILE`), or ends the repetitions when it is true (multi-instance).
        maximum: the most repetitions (`WHILE`), or None.
        test_first: whether `condition` is asked before the first repetition (`WHILE`).
    """

    kind: LoopKind
    collection: str | None = None
    cardinality: Expression | None = None
    variable: str | None = None
    condition: Expression | None = None
    maximum: int | None = None
    test_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sequence flow.

    Attributes:
        is_readable: whether its condition, if it has one, is an expression; only in graphs that are refused it is not.
    """

    id: ElementId
    source: ElementId
    target: ElementId
    condition: Expression | None
    line: int | None
    is_readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element that tokens visit.

    Attributes:
        scope: the subprocess that it lies in, or `ROOT`.
        incoming, outgoing: flows, in the order of the document.
        default: the flow that is taken when no condition is true.
        message: the name of the message that it waits for.
        error: the code that an error end event throws or a boundary event catches; None catches every code.
        called: the code of the app that a call activity starts.
        attached_to, interrupts: of boundary events.
        boundaries: the boundary events on this activity, in the order of the document.
    """

    id: ElementId
    kind: Kind
    name: str
    line: int | None
    scope: ElementId
    incoming: tuple[ElementId, ...] = ()
    outgoing: tuple[ElementId, ...] = ()
    default: ElementId | None = None
    timer: Timer | None = None
    message: str | None = None
    error: str | None = None
    called: str | None = None
    loop: Loop | None = None
    attached_to: ElementId | None = None
    interrupts: bool = True
    boundaries: tuple[ElementId, ...] = ()

    @property
    def label(self) -> str:
        """The name that people see: the drawn one, or the id."""
        return self.name or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process as a graph.

    Attributes:
        line: of the document that it begins on.
        nodes, flows: in the order of the document.
        starts: scope -> its start event.
        reach: inclusive gateway with several incoming flows -> each of those flows -> the nodes from which a token can
            come to it without passing the gateway.
    """

    id: ElementId
    name: str
    nodes: Mapping[ElementId, Node]
    flows: Mapping[ElementId, Flow]
    starts: Mapping[ElementId, ElementId]
    line: int | None = None
    reach: Mapping[ElementId, Mapping[ElementId, frozenset[ElementId]]] = field(
        default_factory=dict[ElementId, Mapping[ElementId, frozenset[ElementId]]]
    )

    def variables(self, scope: ElementId) -> frozenset[str]:
        """Return the loop variables that nodes in a scope can read."""
        found: set[str] = set()
        while scope != ROOT:
            node = self.nodes[scope]
            if node.loop is not None and node.loop.variable is not None:
                found.add(node.loop.variable)
            scope = node.scope
        return frozenset(found)

    def successors(self, node: Node) -> tuple[ElementId, ...]:
        """Return the nodes that a token may come to next from this one, its boundary events among them."""
        return (*(self.flows[flow].target for flow in node.outgoing), *node.boundaries)


def reach_of(
    nodes: Mapping[ElementId, Node], flows: Mapping[ElementId, Flow]
) -> dict[ElementId, dict[ElementId, frozenset[ElementId]]]:
    """Return `Process.reach`: for each inclusive join, who can still send it a token, and over which flow."""
    before: dict[ElementId, list[ElementId]] = {}
    for flow in flows.values():
        before.setdefault(flow.target, []).append(flow.source)
    for node in nodes.values():
        if node.attached_to is not None:
            before.setdefault(node.id, []).append(node.attached_to)
    found: dict[ElementId, dict[ElementId, frozenset[ElementId]]] = {}
    for node in nodes.values():
        if node.kind is Kind.INCLUSIVE and len(node.incoming) > 1:
            found[node.id] = {flow: _sources(before, flows[flow].source, node.id) for flow in node.incoming}
    return found


def _sources(before: Mapping[ElementId, list[ElementId]], first: ElementId, gateway: ElementId) -> frozenset[ElementId]:
    """Return every node from which `first` can be reached without passing the gateway, `first` itself among them."""
    seen: set[ElementId] = set()
    left = [first]
    while left:
        node = left.pop()
        if node in seen or node == gateway:
            continue
        seen.add(node)
        left.extend(before.get(node, ()))
    return frozenset(seen)
