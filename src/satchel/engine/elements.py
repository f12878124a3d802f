"""The elements of a BPMN process, read one by one into a graph.

Whatever would change what runs and is not known here is refused with advice, never skipped: a process that deploys does
what its drawing says. What other tools note beside it, data and extensions, is read over with a warning. Events are
read in `satchel.engine.events`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from satchel.engine.advice import IGNORED, PEOPLE_TASKS, REFUSED, code_of
from satchel.engine.attributes import boolean, check_attributes, is_our_language, whole_number
from satchel.engine.data_notes import DataNotes
from satchel.engine.declared import Declared
from satchel.engine.document import BPMN, Findings, child, children, line_of, text_of
from satchel.engine.events import EVENTS, read_event
from satchel.engine.expression import Expression, ExpressionError, compile_expression
from satchel.engine.graph import BOUNDARIES, LOOPABLE, ROOT, Flow, Kind, Loop, LoopKind, Node, Process, reach_of
from satchel.engine.loop import MAX_REPETITIONS
from satchel.engine.references import local_name, reference
from satchel.engine.selection import select_process
from satchel.model.app import Manifest
from satchel.model.ids import ElementId
from satchel.model.safe_xml import Element

_PLAIN: Mapping[str, Kind] = {
    "userTask": Kind.USER_TASK,
    "serviceTask": Kind.SERVICE_TASK,
    "sendTask": Kind.SEND_TASK,
    "receiveTask": Kind.RECEIVE_TASK,
    "callActivity": Kind.CALL,
    "subProcess": Kind.SUBPROCESS,
    "exclusiveGateway": Kind.EXCLUSIVE,
    "parallelGateway": Kind.PARALLEL,
    "inclusiveGateway": Kind.INCLUSIVE,
    "eventBasedGateway": Kind.EVENT_GATEWAY,
}
_LOOPS = frozenset({"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"})
_INNER = _LOOPS | {"conditionExpression", "rendering"}


def read_process(root: Element, manifest: Manifest | None, findings: Findings) -> Process | None:
    """Return the process of a document that runs, or None with a finding.

    Args:
        root: the document.
        manifest: of app.yaml, which says which process runs and which tasks are user tasks.
        findings: takes what is wrong.
    """
    element = select_process(root, manifest, findings)
    if element is None:
        return None
    user_tasks = frozenset[ElementId]() if manifest is None else frozenset(manifest.tasks)
    reader = _Reader(root, user_tasks, findings)
    reader.read_scope(element, ROOT)
    return reader.process(element)


def read_expression(element: Element | None, findings: Findings, what: str) -> Expression | None:
    """Return the expression that an element holds, or None with a finding; None without one if there is no element."""
    if element is None:
        return None
    if not is_our_language(element, findings, what):
        return None
    try:
        return compile_expression(text_of(element))
    except ExpressionError as fault:
        findings.add("expression", f"{what}: {fault}", element)
        return None


class _Reader:
    """Reads one process; holds what was read so far."""

    def __init__(self, root: Element, user_tasks: frozenset[ElementId], findings: Findings) -> None:
        self._findings = findings
        self._user_tasks = user_tasks
        self._declared = Declared(root, findings)
        self._data = DataNotes(root, findings)
        self._nameless: list[Element] = []
        self._nodes: dict[ElementId, Node] = {}
        self._flows: dict[ElementId, Flow] = {}
        self._starts: dict[ElementId, ElementId] = {}

    def process(self, element: Element) -> Process:
        """Return the graph of what was read; the last step."""
        for nameless in self._nameless:
            self._read_nameless(nameless)
        self._declared.warn_of_unused()
        incoming: dict[str, list[ElementId]] = {}
        outgoing: dict[str, list[ElementId]] = {}
        boundaries: dict[str, list[ElementId]] = {}
        for flow in self._flows.values():
            outgoing.setdefault(flow.source, []).append(flow.id)
            incoming.setdefault(flow.target, []).append(flow.id)
        for node in self._nodes.values():
            if node.kind in BOUNDARIES and node.attached_to is not None:
                boundaries.setdefault(node.attached_to, []).append(node.id)
        nodes = {
            node.id: replace(
                node,
                incoming=tuple(incoming.get(node.id, ())),
                outgoing=tuple(outgoing.get(node.id, ())),
                boundaries=tuple(boundaries.get(node.id, ())),
            )
            for node in self._nodes.values()
        }
        return Process(
            id=ElementId(element.get("id") or "process"),
            name=element.get("name") or "",
            line=line_of(element),
            nodes=nodes,
            flows=self._flows,
            starts=self._starts,
            reach=reach_of(nodes, self._flows),
        )

    def read_scope(self, element: Element, scope: ElementId) -> None:
        """Read the nodes and flows that lie directly in the process or in a subprocess."""
        self._data.warn(element)
        for name, inner in children(element):
            if name == "sequenceFlow":
                self._read_flow(inner)
            elif name in _PLAIN or name in EVENTS or self._is_user_task(name, inner):
                self._read_node(name, inner, scope)
            elif not (self._data.takes(name) or name in IGNORED or (name in _LOOPS and scope != ROOT)):
                self._refuse(name, inner, scope)

    def _is_user_task(self, name: str, element: Element) -> bool:
        return name in PEOPLE_TASKS and _id(element) in self._user_tasks

    def _refuse(self, name: str, element: Element, scope: ElementId) -> None:
        advice = REFUSED.get(name, "Remove it.")
        self._findings.add(code_of(name), f"{name} cannot run. {advice}", element)
        if name == "adHocSubProcess":
            check_attributes(name, element, self._findings)
        if element.get("id"):
            # its flows still have two ends, so that one fault is one finding
            self._keep(
                Node(id=_id(element), kind=Kind.UNSUPPORTED, name="", line=line_of(element), scope=scope), element
            )

    def _read_flow(self, element: Element) -> None:
        if element.get("id"):
            self._add_flow(element, _id(element))
        else:
            self._nameless.append(element)  # it is given an id when all others are known

    def _read_nameless(self, element: Element) -> None:
        wanted = found = f"{reference(element, 'sourceRef')}_to_{reference(element, 'targetRef')}"
        number = 1
        while found in self._flows or found in self._nodes:
            number += 1
            found = f"{wanted}_{number}"
        self._add_flow(element, ElementId(found))

    def _add_flow(self, element: Element, flow_id: ElementId) -> None:
        check_attributes("sequenceFlow", element, self._findings)
        given = child(element, "conditionExpression")
        condition = read_expression(given, self._findings, "The condition")
        flow = Flow(
            id=flow_id,
            source=ElementId(reference(element, "sourceRef")),
            target=ElementId(reference(element, "targetRef")),
            condition=condition,
            line=line_of(element),
            is_readable=given is None or condition is not None,
        )
        if flow.id in self._flows or flow.id in self._nodes:
            self._findings.add("duplicate_id", f"The id {flow.id} is used twice.", element)
        self._flows[flow.id] = flow

    def _read_node(self, name: str, element: Element, scope: ElementId) -> None:
        if not element.get("id"):
            self._findings.add("missing_id", f"A {name} has no id.", element)
            return
        check_attributes(name, element, self._findings)
        self._read_inner(name, element)
        plain = Node(
            id=_id(element),
            kind=_kind(name),
            name=" ".join((element.get("name") or "").split()),
            line=line_of(element),
            scope=scope,
            default=ElementId(reference(element, "default")) or None,
            loop=self._read_loop(element),
        )
        node = (
            read_event(name, element, plain, self._declared, self._findings)
            if name in EVENTS
            else self._finish(plain, element)
        )
        self._keep(node, element)
        if node.kind is Kind.START:
            if scope in self._starts:
                self._findings.add(
                    "start_events", "There is a second start event here; exactly one is needed.", element
                )
            self._starts.setdefault(scope, node.id)
        if node.kind is Kind.SUBPROCESS:
            self.read_scope(element, node.id)

    def _finish(self, node: Node, element: Element) -> Node:
        if node.kind is Kind.CALL:
            called = reference(element, "calledElement")
            if not called:
                self._findings.add(
                    "called_element", "calledElement has to be the code of the app that is started.", element
                )
            node = replace(node, called=called or None)
        if node.kind is Kind.RECEIVE_TASK:
            node = replace(node, message=self._declared.message(element, element))
        return node

    def _keep(self, node: Node, element: Element) -> None:
        if node.id in self._nodes or node.id in self._flows:
            self._findings.add("duplicate_id", f"The id {node.id} is used twice.", element)
        self._nodes[node.id] = node

    def _read_inner(self, name: str, element: Element) -> None:
        if name == "subProcess":
            return  # read as a scope
        self._data.warn(element)
        for inner_name, inner in children(element):
            if self._data.takes(inner_name):
                continue
            if inner_name in REFUSED:
                self._findings.add(
                    code_of(inner_name), f"{inner_name} has no effect here. {REFUSED[inner_name]}", inner
                )
            elif inner_name not in IGNORED | _INNER and name not in EVENTS:
                self._findings.add("unknown_element", f"{inner_name} is not known here. Remove it.", inner)

    def _read_loop(self, element: Element) -> Loop | None:
        found = [(name, inner) for name, inner in children(element) if name in _LOOPS]
        if not found:
            return None
        name, inner = found[0]
        if len(found) > 1:
            self._findings.add("loop", "An activity is repeated in one way. Remove the other.", found[1][1])
        tag = str(element.tag).removeprefix(BPMN)
        if _kind(tag) not in LOOPABLE:
            self._findings.add(
                "loop", f"A {tag} cannot be repeated. Put it into a subprocess and repeat that.", element
            )
            return None
        check_attributes(name, inner, self._findings, owner=element)
        return self._read_standard(inner) if name == "standardLoopCharacteristics" else self._read_multi(inner)

    def _read_standard(self, element: Element) -> Loop:
        condition = read_expression(child(element, "loopCondition"), self._findings, "The loop's condition")
        given = element.get("loopMaximum")
        maximum = None if given is None else whole_number(given)
        if given is not None and (maximum is None or not 1 <= maximum <= MAX_REPETITIONS):
            self._findings.add("loop", f"loopMaximum has to be a number from 1 to {MAX_REPETITIONS}.", element)
        if given is None and child(element, "loopCondition") is None:
            self._findings.add(
                "loop", "The loop has neither a loopCondition nor a loopMaximum: it would never end.", element
            )
        return Loop(
            kind=LoopKind.WHILE, condition=condition, maximum=maximum, test_first=boolean(element, "testBefore")
        )

    def _read_multi(self, element: Element) -> Loop:
        kind = LoopKind.SEQUENTIAL if boolean(element, "isSequential") else LoopKind.PARALLEL
        for name in ("loopDataOutputRef", "outputDataItem", "complexBehaviorDefinition"):
            refused = child(element, name)
            if refused is not None:
                self._findings.add("loop", f"{name} cannot run: what people enter goes to fields. Remove it.", refused)
        collection = local_name(element, text_of(child(element, "loopDataInputRef"))) or None
        counted = child(element, "loopCardinality")
        if (collection is None) == (counted is None):
            message = (
                "Exactly one of loopDataInputRef (a field of type choices or table) and loopCardinality is needed."
            )
            self._findings.add("loop", message, element)
        item = child(element, "inputDataItem")
        if item is not None:
            check_attributes("inputDataItem", item, self._findings, owner=element.getparent())
        variable = (item.get("name") or item.get("id") or "").strip() or None if item is not None else None
        return Loop(
            kind=kind,
            collection=collection,
            cardinality=read_expression(counted, self._findings, "The cardinality"),
            variable=variable,
            condition=read_expression(
                child(element, "completionCondition"), self._findings, "The completion condition"
            ),
        )


def _kind(name: str) -> Kind:
    return Kind.USER_TASK if name in PEOPLE_TASKS else _PLAIN.get(name, Kind.UNSUPPORTED)


def _id(element: Element) -> ElementId:
    return ElementId(element.get("id") or "")


def all_expressions(process: Process) -> Iterator[tuple[Expression, Node | Flow, ElementId, Node | None]]:
    """Yield each expression, where it stands, its scope, and the node whose own loop variable it reads (or None)."""
    for flow in process.flows.values():
        if flow.condition is not None:
            yield flow.condition, flow, process.nodes[flow.source].scope if flow.source in process.nodes else ROOT, None
    for node in process.nodes.values():
        if node.timer is not None and node.timer.expression is not None:
            yield node.timer.expression, node, node.scope, None
        if node.loop is not None:
            if node.loop.cardinality is not None:
                yield node.loop.cardinality, node, node.scope, None
            if node.loop.condition is not None:
                yield node.loop.condition, node, node.scope, None if node.loop.kind is LoopKind.WHILE else node
