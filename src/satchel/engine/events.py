"""The events of a BPMN process: what starts, ends, interrupts, waits."""

from collections.abc import Mapping
from dataclasses import replace

from satchel.engine.advice import REFUSED_EVENTS
from satchel.engine.attributes import boolean, check_attributes, is_our_language
from satchel.engine.declared import Declared
from satchel.engine.document import Findings, child, children, text_of
from satchel.engine.expression import ExpressionError, compile_expression
from satchel.engine.graph import Kind, Node, Timer, TimerKind
from satchel.engine.references import reference
from satchel.engine.timer import parse_duration, parse_moment
from satchel.model.durations import is_negative, is_repeating
from satchel.model.ids import ElementId
from satchel.model.safe_xml import Element

EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})

_KINDS: Mapping[tuple[str, str], Kind] = {
    ("startEvent", ""): Kind.START,
    ("endEvent", ""): Kind.END,
    ("endEvent", "terminateEventDefinition"): Kind.TERMINATE,
    ("endEvent", "errorEventDefinition"): Kind.ERROR_END,
    ("intermediateThrowEvent", ""): Kind.MILESTONE,
    ("intermediateCatchEvent", "timerEventDefinition"): Kind.CATCH_TIMER,
    ("intermediateCatchEvent", "messageEventDefinition"): Kind.CATCH_MESSAGE,
    ("boundaryEvent", "timerEventDefinition"): Kind.BOUNDARY_TIMER,
    ("boundaryEvent", "messageEventDefinition"): Kind.BOUNDARY_MESSAGE,
    ("boundaryEvent", "errorEventDefinition"): Kind.BOUNDARY_ERROR,
}
_INSTEAD: Mapping[tuple[str, str], str] = {
    (
        "startEvent",
        "messageEventDefinition",
    ): "Use a start event of no type; an action with `create: true` starts instances.",
    ("startEvent", "timerEventDefinition"): "Use a start event of no type; start instances from outside by a schedule.",
    ("endEvent", "messageEventDefinition"): "Use a send task before an end event of no type.",
    ("intermediateThrowEvent", "messageEventDefinition"): "Use a send task.",
    ("intermediateCatchEvent", ""): "Say what it waits for: a timer or a message.",
    ("boundaryEvent", ""): "Say what it waits for: a timer, a message or an error.",
}
_INSTEAD_OF_REPEATING = "Use a duration, and a flow back to before the timer."


def read_event(name: str, element: Element, plain: Node, declared: Declared, findings: Findings) -> Node:
    """Return the node that an event element says."""
    definitions = [
        (inner_name, inner) for inner_name, inner in children(element) if inner_name.endswith("EventDefinition")
    ]
    for inner_name, inner in children(element):
        if inner_name == "eventDefinitionRef":
            findings.add("event_type", "Write the event's definition inside of it, not by reference.", inner)
    if len(definitions) > 1:
        findings.add(
            "event_type",
            "An event waits for one thing. Use an event-based gateway or several boundary events.",
            element,
        )
    for inner_name, inner in definitions:
        check_attributes(inner_name, inner, findings, owner=element)
    what, definition = definitions[0] if definitions else ("", None)
    kind = _KINDS.get((name, what))
    node = _attached(name, element, plain, findings)
    if kind is None:
        advice = REFUSED_EVENTS.get(what) or _INSTEAD.get((name, what)) or "Use an event of no type."
        findings.add("event_type", f"A {name} with {what or 'no event definition'} cannot run. {advice}", element)
        # keep what can be kept of it, so that one fault is one finding
        fallback = {"startEvent": Kind.START, "endEvent": Kind.END, "boundaryEvent": Kind.BOUNDARY_ERROR}
        return replace(node, kind=fallback.get(name, Kind.UNSUPPORTED))
    node = replace(node, kind=kind)
    if definition is None:
        return node
    if what == "timerEventDefinition":
        return replace(node, timer=_timer(definition, findings))
    if what == "messageEventDefinition":
        return replace(node, message=declared.message(definition, element))
    if what == "errorEventDefinition":
        return replace(node, error=_error(definition, node, element, declared, findings))
    return node


def _attached(name: str, element: Element, plain: Node, findings: Findings) -> Node:
    if name != "boundaryEvent":
        return plain
    host = reference(element, "attachedToRef")
    if not host:
        findings.add("attached_to", "A boundary event has to be attached to an activity (attachedToRef).", element)
    return replace(plain, attached_to=ElementId(host), interrupts=boolean(element, "cancelActivity", default=True))


def _error(definition: Element, node: Node, element: Element, declared: Declared, findings: Findings) -> str | None:
    if node.kind is Kind.BOUNDARY_ERROR and not node.interrupts:
        findings.add("event_type", "An error always interrupts. Set cancelActivity to true.", element)
    if definition.get("errorRef") is None:
        if node.kind is Kind.ERROR_END:
            findings.add("error_code", "An error end event names the error that it throws (errorRef).", element)
        return None
    return declared.error(definition, element)


def _timer(definition: Element, findings: Findings) -> Timer | None:
    cycle = child(definition, "timeCycle")
    if cycle is not None:
        findings.add("timer", f"A timer that repeats cannot run. {_INSTEAD_OF_REPEATING}", cycle)
        return None
    for kind in TimerKind:
        inner = child(definition, kind.value)
        if inner is not None:
            return _read_timer(kind, text_of(inner), inner, findings)
    findings.add("timer", "The timer says neither timeDuration nor timeDate.", definition)
    return None


def _read_timer(kind: TimerKind, text: str, element: Element, findings: Findings) -> Timer | None:
    is_literal = parse_duration(text) is not None if kind is TimerKind.DURATION else parse_moment(text) is not None
    if is_literal:
        return Timer(kind=kind, text=text, expression=None)
    if is_repeating(text):
        findings.add("timer", f"{text[:60]!r} repeats, which cannot run. {_INSTEAD_OF_REPEATING}", element)
        return None
    if kind is TimerKind.DURATION and is_negative(text):
        findings.add("timer", f"{text[:60]!r} is negative; a timer waits for a time to come, like P3D.", element)
        return None
    looks = (
        text[:1].isdigit()
        or (kind is TimerKind.DURATION and text[:1] == "P" and not text.isidentifier())
        or _is_odd_duration(text)
    )
    if not looks:
        is_our_language(element, findings, "The timer")
        try:
            return Timer(kind=kind, text=text, expression=compile_expression(text))
        except ExpressionError as fault:
            findings.add("timer", f"The timer is neither ISO 8601 nor an expression. {fault}", element)
            return None
    wanted = (
        "a duration of at most 100 years like P3D or PT10M"
        if kind is TimerKind.DURATION
        else "a date like 2026-01-31T12:00:00Z"
    )
    findings.add("timer", f"{text[:60]!r} is not {wanted}.", element)
    return None


def _is_odd_duration(text: str) -> bool:
    """Whether a text begins like a duration (`P3X`, `PT`): names of fields begin with a small letter."""
    return text[:1] == "P" and (len(text) == 1 or text[1].isdigit() or text[1] == "T")
