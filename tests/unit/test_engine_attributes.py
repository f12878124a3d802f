"""Attributes of BPMN are read as its schema says; those that change a meaning and cannot run are refused by name."""

from dataclasses import replace

import pytest

from engine_bpmn import (
    END,
    ERROR,
    MESSAGE,
    START,
    Host,
    boundary,
    document,
    el,
    error,
    flow,
    message,
    multi,
    path,
    repeat,
    simple,
    started,
    timer,
    user,
)
from satchel.engine import command as c
from satchel.engine.advice import REFUSED_ATTRIBUTES
from satchel.engine.parse import parse, parse_deployed, read
from satchel.model.errors import Finding, InvalidBundle

TRUE = ["true", "1", " 1 ", "\ttrue\n"]
FALSE = ["false", "0", " 0", "\n false "]
ODD = ["yes", "TRUE", "False", "2", "", "true false", "\u00a01", "-1"]


def findings(bpmn: bytes) -> tuple[Finding, ...]:
    return read(bpmn)[1]


def with_event(attribute: str, value: str) -> bytes:
    """Return a task with a timer on it, whose boundary event has one more attribute."""
    plain = boundary("b", "a", timer("PT1S"))
    return simple(
        user("a"),
        plain.replace(' cancelActivity="true"', f' {attribute}="{value}"'),
        user("late"),
        path("b", "late"),
        flow("late", "end", name="z"),
    )


@pytest.mark.parametrize("word", TRUE + FALSE)
def test_a_boundary_event_interrupts_as_its_boolean_says(word: str) -> None:
    host = started(with_event("cancelActivity", word))
    host.done("b")
    assert host.at() == (["late"] if word in TRUE else ["a", "late"])


@pytest.mark.parametrize("word", TRUE + FALSE)
def test_repetitions_follow_each_other_as_their_boolean_says(word: str) -> None:
    given = multi(cardinality="3").replace('"false"', f'"{word}"')
    host = started(simple(user("a", given)))
    assert host.at() == (["a"] if word in TRUE else ["a", "a", "a"])


@pytest.mark.parametrize("word", TRUE + FALSE)
def test_a_loop_asks_first_as_its_boolean_says(word: str) -> None:
    given = repeat("1 > 2", test_first=True).replace('"true"', f'"{word}"')
    host = started(simple(user("a", given), user("z"), through=("a", "z")))
    assert host.at() == (["z"] if word in TRUE else ["a"])


@pytest.mark.parametrize("word", TRUE)
def test_a_process_is_executable_in_every_spelling(word: str) -> None:
    other = b'<process id="q" isExecutable="0"><startEvent id="qs"/></process></definitions>'
    marked = simple(user("a")).replace(b'isExecutable="true"', f'isExecutable="{word}"'.encode())
    assert started(marked.replace(b"</definitions>", other)).at() == ["a"]


@pytest.mark.parametrize("word", FALSE)
def test_the_only_process_runs_although_it_is_not_executable_in_every_spelling(word: str) -> None:
    marked = simple(user("a")).replace(b'isExecutable="true"', f'isExecutable="{word}"'.encode())
    assert [(found.code, found.severity) for found in findings(marked)] == [("not_executable", "warning")]
    assert started(marked).at() == ["a"]


EVENTS = [el("intermediateCatchEvent", f"c{n}", timer("P1D")) for n in (1, 2)]
WAYS = [flow("e", "c1"), flow("e", "c2"), flow("c1", "end"), flow("c2", "end")]
INSIDE = el("startEvent", "s2") + el("endEvent", "e2") + path("s2", "e2")
MULTI = multi(cardinality="2", variable="n").replace(' isSequential="false"', ' id="loop"')
PLACES = {
    "multiInstance": simple(user("e", MULTI.replace(' id="loop"', ' id="loop" @')), through=("e",)),
    "inputDataItem": simple(user("e", MULTI.replace("<inputDataItem", "<inputDataItem @")), through=("e",)),
    "standardLoop": simple(user("e", repeat("true").replace("tics>", "tics @>", 1)), through=("e",)),
    "sequenceFlow": document(
        START, END, '<sequenceFlow id="e" sourceRef="start" targetRef="a" @/>', user("a"), path("a", "end")
    ),
    "startEvent": document('<startEvent id="e" @/>', END, path("e", "end")),
    "boundaryEvent": with_event("@", "").replace(b'@=""', b"@").replace(b'"b"', b'"e"'),
    "intermediateCatchEvent": simple(
        el("intermediateCatchEvent", "e", timer("P1D")).replace(' id="e"', ' id="e" @'), through=("e",)
    ),
    "eventBasedGateway": document(
        START, END, path("start", "e"), '<eventBasedGateway id="e" @/>', *EVENTS, *WAYS
    ),
    "subProcess": simple(el("subProcess", "e", INSIDE).replace(' id="e"', ' id="e" @'), through=("e",)),
    "receiveTask": simple('<receiveTask id="e" messageRef="m" @/>', through=("e",), outside=MESSAGE),
    "callActivity": simple('<callActivity id="e" calledElement="SUB" @/>', through=("e",)),
    "userTask": simple('<userTask id="e" @/>', through=("e",)),
    "serviceTask": simple('<serviceTask id="e" @/>', through=("e",)),
    "sendTask": simple('<sendTask id="e" @/>', through=("e",)),
}  # fmt: skip  # one process a line
"""Processes with a place (`@`) for one more attribute of the element `e`, or of what says how `e` runs."""


def at(element: str, attribute: str, value: str) -> bytes:
    return PLACES[element].replace(b"@", f'{attribute}="{value}"'.encode(), 1)


ACTIVITIES = ["userTask", "serviceTask", "sendTask", "receiveTask", "callActivity", "subProcess"]
REFUSED = [
    *((element, "startQuantity", "2") for element in ACTIVITIES),
    *((element, "completionQuantity", "0") for element in ACTIVITIES),
    *((element, "isForCompensation", "1") for element in ACTIVITIES),
    ("multiInstance", "behavior", "None"),
    ("multiInstance", "behavior", "One"),
    ("multiInstance", "behavior", "Complex"),
    ("multiInstance", "behavior", "all"),
    ("eventBasedGateway", "eventGatewayType", "Parallel"),
    ("eventBasedGateway", "eventGatewayType", "Other"),
    ("eventBasedGateway", "instantiate", "1"),
    ("receiveTask", "instantiate", " 1"),
    ("startEvent", "parallelMultiple", "1"),
    ("intermediateCatchEvent", "parallelMultiple", "true"),
    ("boundaryEvent", "parallelMultiple", "1"),
    ("subProcess", "triggeredByEvent", "1"),
    ("sequenceFlow", "isImmediate", "0"),
    ("userTask", "startQuantity", "one"),
    ("userTask", "startQuantity", ""),
]  # fmt: skip  # a table
BOOLEANS = [
    *((element, "isForCompensation") for element in ACTIVITIES),
    ("multiInstance", "isSequential"),
    ("standardLoop", "testBefore"),
    ("inputDataItem", "isCollection"),
    ("eventBasedGateway", "instantiate"),
    ("receiveTask", "instantiate"),
    ("startEvent", "parallelMultiple"),
    ("startEvent", "isInterrupting"),
    ("intermediateCatchEvent", "parallelMultiple"),
    ("boundaryEvent", "parallelMultiple"),
    ("boundaryEvent", "cancelActivity"),
    ("subProcess", "triggeredByEvent"),
    ("sequenceFlow", "isImmediate"),
]


def check_refusal(bpmn: bytes, attribute: str) -> None:
    (found,) = findings(bpmn)
    lines = [number for number, text in enumerate(bpmn.decode().splitlines(), 1) if f"{attribute}=" in text]
    assert (found.severity, found.element) == ("error", "e")
    assert found.line in lines
    assert attribute in found.message
    with pytest.raises(InvalidBundle):
        parse(bpmn)


@pytest.mark.parametrize(("element", "attribute", "value"), REFUSED)
def test_an_attribute_that_cannot_run_is_refused_by_its_name(element: str, attribute: str, value: str) -> None:
    check_refusal(at(element, attribute, value), attribute)


@pytest.mark.parametrize(("element", "attribute"), BOOLEANS)
@pytest.mark.parametrize("word", ODD)
def test_a_boolean_that_is_none_is_refused_by_its_name(element: str, attribute: str, word: str) -> None:
    check_refusal(at(element, attribute, word), attribute)


@pytest.mark.parametrize(("element", "attribute"), BOOLEANS)
@pytest.mark.parametrize("word", TRUE + FALSE)
def test_every_boolean_has_four_words_and_those_that_run_are_no_finding(
    element: str, attribute: str, word: str
) -> None:
    only = REFUSED_ATTRIBUTES.get(attribute)
    runs = only is None or (only[0] == "true") == (word in TRUE)
    assert len(findings(at(element, attribute, word))) == (0 if runs else 1)


@pytest.mark.parametrize(
    ("element", "attribute", "value"),
    [
        ("userTask", "startQuantity", "1"),
        ("userTask", "completionQuantity", " +01 "),
        ("userTask", "implementation", "##unspecified"),
        ("serviceTask", "operationRef", "op"),
        ("multiInstance", "behavior", "All"),
        ("multiInstance", "noneBehaviorEventRef", "x"),
        ("standardLoop", "loopMaximum", " 02 "),
        ("eventBasedGateway", "eventGatewayType", "Exclusive"),
        ("eventBasedGateway", "gatewayDirection", "Diverging"),
    ],
)
def test_what_the_schema_allows_and_changes_nothing_is_no_finding(element: str, attribute: str, value: str) -> None:
    assert findings(at(element, attribute, value)) == ()


def test_the_process_and_its_document_are_read_so_too() -> None:
    plain = simple(user("a"))
    odd = plain.replace(b'isExecutable="true"', b'isExecutable="yes" isClosed="no"')
    codes = ["attribute", "attribute", "not_executable"]
    assert [(found.code, found.element) for found in findings(odd)] == [(code, "p") for code in codes]
    assert findings(plain.replace(b"isExecutable", b'isClosed="0" processType="Private" isExecutable')) == ()
    for value, count in (("true", 1), ("1", 1), ("0", 0), ("maybe", 1)):
        needed = plain.replace(b"<process", f'<extension definition="x" mustUnderstand="{value}"/><process'.encode())
        found = findings(needed)
        assert [("mustUnderstand" in one.message, one.severity) for one in found] == [(True, "error")] * count


def test_remaining_instances_of_an_ad_hoc_subprocess_are_named_as_well() -> None:
    said = [found.message for found in findings(simple(el("adHocSubProcess", "a", cancelRemainingInstances="0")))]
    assert len(said) == 2
    assert "cancelRemainingInstances" in said[1]


def test_an_error_that_does_not_interrupt_is_refused_in_every_spelling() -> None:
    for word in FALSE:
        caught = boundary("b", "a", error()).replace('"true"', f'"{word}"')
        bpmn = simple(user("a"), caught, path("b", "end"), outside=ERROR)
        assert [(found.code, found.element) for found in findings(bpmn)] == [("event_type", "b")]


def test_an_attribute_that_bpmn_does_not_know_there_is_a_warning_with_its_name() -> None:
    bpmn = simple(
        user("a"), el("intermediateCatchEvent", "w", message(), cancelActvity="0"), outside=MESSAGE, through=("a", "w")
    )
    (found,) = findings(bpmn)
    assert (found.code, found.severity, found.element) == ("unknown_attribute", "warning", "w")
    assert "cancelActvity" in found.message
    parse(bpmn)


def test_a_timer_in_another_language_is_refused_unless_it_is_a_plain_time() -> None:
    said = timer("PT1S").replace("<timeDuration>", '<timeDuration language="groovy">')
    assert findings(simple(el("intermediateCatchEvent", "e", said), through=("e",))) == ()
    said = timer("due", "timeDate").replace("<timeDate>", '<timeDate language="groovy">')
    (found,) = findings(simple(el("intermediateCatchEvent", "e", said), through=("e",)))
    assert (found.code, found.element) == ("expression", "e")
    assert "groovy" in found.message


def test_an_activity_that_is_to_be_repeated_in_two_ways_is_refused() -> None:
    (found,) = findings(simple(user("a", multi(cardinality="2"), repeat("true", maximum=2))))
    assert (found.code, found.element) == ("loop", "a")


def test_a_version_that_was_deployed_runs_whatever_rules_came_since() -> None:
    bpmn = at("userTask", "startQuantity", "2")
    with pytest.raises(InvalidBundle):
        parse(bpmn)
    host = Host(definition=parse_deployed(bpmn))
    host.send(c.Start())
    assert host.at() == ["e"]


def test_repetitions_that_began_side_by_side_before_their_boolean_was_understood_end_one_by_one() -> None:
    bpmn = simple(user("a", multi(cardinality="3", sequential=True)), user("z"), through=("a", "z"))
    now = parse(bpmn)
    misread = parse(bpmn.replace(b'isSequential="true"', b'isSequential="false"'))
    host = Host(definition=replace(misread, fingerprint=now.fingerprint))
    host.send(c.Start())
    host.definition = now
    for left in (["a", "a"], ["a"], ["z"]):
        host.done("a")
        assert host.at() == left
