"""Attributes of BPMN's elements, read as its schema says (BPMN 2.0.2, Semantic.xsd), and refused where they cannot run.

An attribute that changes what an element means, and that is not done, would otherwise deploy as if it were absent. Each
element that runs is held against the table of its attributes here; booleans are read by one function.
"""

from collections.abc import Mapping

from satchel.engine.advice import REFUSED_ATTRIBUTES
from satchel.engine.document import XSI_TYPE, Findings, line_of, nearest_id
from satchel.model.ids import ElementId
from satchel.model.safe_xml import Element

SPACE = " \t\r\n"
"""XML's spaces; others do not collapse."""
_WORDS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}

_BOOLEANS = frozenset(
    {
        *("cancelActivity", "cancelRemainingInstances", "instantiate", "isClosed", "isCollection", "isExecutable"),
        *("isForCompensation", "isImmediate", "isInterrupting", "isSequential", "mustUnderstand", "parallelMultiple"),
        *("testBefore", "triggeredByEvent"),
    }
)
"""Every attribute of the schema that is of the type xsd:boolean and stands at something that we read."""

_INTEGERS = frozenset({"completionQuantity", "startQuantity"})
_CODES: Mapping[str, str] = {
    "instantiate": "instantiate",
    "isForCompensation": "compensation",
    "parallelMultiple": "event_type",
    "triggeredByEvent": "event_subprocess",
}
"""The codes of findings about attributes that have one of their own."""

_ACTIVITY = ("default", "isForCompensation", "startQuantity", "completionQuantity")
_SERVICE = (*_ACTIVITY, "implementation", "operationRef")
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "process": ("processType", "isClosed", "isExecutable", "definitionalCollaborationRef"),
    "sequenceFlow": ("sourceRef", "targetRef", "isImmediate"),
    "task": _ACTIVITY,
    "manualTask": _ACTIVITY,
    "userTask": (*_ACTIVITY, "implementation"),
    "serviceTask": _SERVICE,
    "sendTask": (*_SERVICE, "messageRef"),
    "receiveTask": (*_SERVICE, "messageRef", "instantiate"),
    "callActivity": (*_ACTIVITY, "calledElement"),
    "subProcess": (*_ACTIVITY, "triggeredByEvent"),
    "adHocSubProcess": (*_ACTIVITY, "triggeredByEvent", "cancelRemainingInstances", "ordering"),
    "exclusiveGateway": ("gatewayDirection", "default"),
    "inclusiveGateway": ("gatewayDirection", "default"),
    "parallelGateway": ("gatewayDirection",),
    "eventBasedGateway": ("gatewayDirection", "instantiate", "eventGatewayType"),
    "startEvent": ("isInterrupting", "parallelMultiple"),
    "endEvent": (),
    "intermediateCatchEvent": ("parallelMultiple",),
    "intermediateThrowEvent": (),
    "boundaryEvent": ("attachedToRef", "cancelActivity", "parallelMultiple"),
    "errorEventDefinition": ("errorRef",),
    "messageEventDefinition": ("messageRef",),
    "terminateEventDefinition": (),
    "timerEventDefinition": (),
    "multiInstanceLoopCharacteristics": ("isSequential", "behavior", "oneBehaviorEventRef", "noneBehaviorEventRef"),
    "standardLoopCharacteristics": ("testBefore", "loopMaximum"),
    "inputDataItem": ("itemSubjectRef", "isCollection"),
    "extension": ("definition", "mustUnderstand"),
}
"""What may stand at an element that runs, besides `id` and `name`."""


def check_attributes(name: str, element: Element, findings: Findings, *, owner: Element | None = None) -> None:
    """Note each attribute of an element that cannot run or cannot be read, and warn of each that has no effect.

    Args:
        name: of the element, without its namespace.
        element: one of those that run, or that say how they do.
        findings: takes what is wrong.
        owner: the element that people know, where this one is a part of it.
    """
    known_as = ElementId(nearest_id(element if owner is None else owner) or "")
    for key, given in element.attrib.items():
        attribute, value = str(key), str(given).strip(SPACE)
        if attribute.startswith("{"):
            if attribute != XSI_TYPE:
                shown = attribute.rsplit("}", 1)[-1]
                message = f"The attribute {shown} of this {name} is for another engine and has no effect."
                findings.at("extension", message, line_of(element), known_as, severity="warning")
        elif name in _KNOWN and attribute not in ("id", "name", *_KNOWN[name]):
            message = f"The attribute {attribute} is none that BPMN gives a {name}, and has no effect."
            findings.at("unknown_attribute", message, line_of(element), known_as, severity="warning")
        elif attribute in _BOOLEANS and value not in _WORDS:
            message = f'{attribute}="{value[:40]}" is no boolean. Write true or false.'
            findings.at("attribute", message, line_of(element), known_as)
        elif attribute in REFUSED_ATTRIBUTES and not _runs(attribute, value):
            only, advice = REFUSED_ATTRIBUTES[attribute]
            message = f'{attribute}="{value[:40]}" cannot run, only {only}. {advice}'
            findings.at(_CODES.get(attribute, "attribute"), message, line_of(element), known_as)


def _runs(attribute: str, value: str) -> bool:
    only = REFUSED_ATTRIBUTES[attribute][0]
    if attribute in _BOOLEANS:
        return _WORDS[value] is _WORDS[only]
    return whole_number(value) == int(only) if attribute in _INTEGERS else value == only


def boolean(element: Element, attribute: str, *, default: bool = False) -> bool:
    """Return an attribute of the type xsd:boolean; `default` where it is absent, or none (see `check_attributes`)."""
    return _WORDS.get(str(element.get(attribute, "")).strip(SPACE), default)


def is_our_language(element: Element, findings: Findings, what: str) -> bool:
    """Return whether an expression is in the one language there is; note it where it says another."""
    language = element.get("language")
    if not language or "zen" in language.lower():
        return True
    findings.add("expression", f"{what}: the language {language!r} is not known. Remove the attribute.", element)
    return False


def whole_number(text: str) -> int | None:
    """Return an xsd:integer of at most 18 digits, or None where the text is none."""
    digits = text.strip(SPACE)
    unsigned = digits[1:] if digits[:1] in ("+", "-") else digits
    if not (unsigned.isascii() and unsigned.isdecimal() and len(unsigned) <= 18):  # noqa: PLR2004  # a 64-bit integer
        return None
    return int(digits)
