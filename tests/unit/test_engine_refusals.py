"""Whatever cannot run is refused before it does, with its place and what to use instead."""

import pytest

from engine_bpmn import (
    END,
    ERROR,
    MESSAGE,
    START,
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
from satchel.engine.advice import REFUSED, REFUSED_EVENTS, code_of
from satchel.engine.document import MAX_BYTES
from satchel.engine.parse import parse, read
from satchel.model.errors import Finding, InvalidBundle


def findings(bpmn: bytes) -> tuple[Finding, ...]:
    return read(bpmn)[1]


def codes(bpmn: bytes) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.element) for finding in findings(bpmn)]


@pytest.mark.parametrize("tag", REFUSED)
def test_an_element_that_cannot_run_is_one_finding_that_says_what_to_use(tag: str) -> None:
    bpmn = simple(el(tag, "a"))
    (found,) = findings(bpmn)
    line = next(number for number, text in enumerate(bpmn.decode().splitlines(), 1) if f"<{tag} " in text)
    assert (found.code, found.element, found.line, found.severity) == (code_of(tag), "a", line, "error")
    assert found.message == f"{tag} cannot run. {REFUSED[tag]}"
    with pytest.raises(InvalidBundle):
        parse(bpmn)


EVENTS = ["startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"]


@pytest.mark.parametrize("definition", REFUSED_EVENTS)
@pytest.mark.parametrize("tag", EVENTS)
def test_an_event_of_a_type_that_cannot_run_is_one_finding(tag: str, definition: str) -> None:
    inner = f"<{definition}/>"
    bpmn = {
        "startEvent": document(el(tag, "e", inner), END, path("e", "end")),
        "endEvent": document(START, el(tag, "e", inner), path("start", "e")),
        "boundaryEvent": simple(user("a"), boundary("e", "a", inner), path("e", "end")),
    }.get(tag, simple(el(tag, "e", inner), through=("e",)))
    (found,) = findings(bpmn)
    assert (found.code, found.element) == ("event_type", "e")
    assert found.message.endswith(REFUSED_EVENTS[definition])


@pytest.mark.parametrize(
    ("bpmn", "expected"),
    [
        (document(el("startEvent", "e", message()), END, path("e", "end"), outside=MESSAGE), "event_type"),
        (document(el("startEvent", "e", timer("P1D")), END, path("e", "end")), "event_type"),
        (document(START, el("endEvent", "e", message()), path("start", "e"), outside=MESSAGE), "event_type"),
        (simple(el("intermediateThrowEvent", "e", message()), through=("e",), outside=MESSAGE), "event_type"),
        (simple(el("intermediateCatchEvent", "e"), through=("e",)), "event_type"),
        (simple(user("a"), boundary("e", "a", ""), path("e", "end")), "event_type"),
        (
            simple(el("intermediateCatchEvent", "e", timer("P1D"), message()), through=("e",), outside=MESSAGE),
            "event_type",
        ),
        (
            simple(user("a"), boundary("e", "a", error(), interrupts=False), path("e", "end"), outside=ERROR),
            "event_type",
        ),
        (simple(el("intermediateCatchEvent", "e", timer("R3/PT10M", "timeCycle")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", timer("P3X")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", timer("PT")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", timer("P500Y")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", timer("2026-13-01", "timeDate")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", timer("due = 1", "timeDate")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", timer("")), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", "<timerEventDefinition/>"), through=("e",)), "timer"),
        (simple(el("intermediateCatchEvent", "e", message("?")), through=("e",)), "message_name"),
        (simple(el("receiveTask", "e"), through=("e",)), "message_name"),
        (document(START, el("endEvent", "e", error("?")), path("start", "e")), "error_code"),
        (document(START, el("endEvent", "e", error(None)), path("start", "e")), "error_code"),
        (simple(user("a"), boundary("e", "?", timer("P1D")), path("e", "end")), "attached_to"),
        (simple(el("exclusiveGateway", "a"), boundary("e", "a", timer("P1D")), path("e", "end")), "attached_to"),
        (
            simple(
                el("receiveTask", "a", messageRef="m"),
                boundary("e", "a", error(None)),
                path("e", "end"),
                outside=MESSAGE,
            ),
            "attached_to",
        ),
        (
            simple(el("subProcess", "e", START.replace("start", "s2", 0), triggeredByEvent="true"), through=("e",)),
            "event_subprocess",
        ),
        (simple(el("callActivity", "e"), through=("e",)), "called_element"),
        (simple(user("e", isForCompensation="true"), through=("e",)), "compensation"),
        (
            simple(el("receiveTask", "e", messageRef="m", instantiate="true"), through=("e",), outside=MESSAGE),
            "instantiate",
        ),
        (simple(user("e", "<foo/>"), through=("e",)), "unknown_element"),
        (simple(user("e", repeat()), through=("e",)), "loop"),
        (simple(user("e", repeat(maximum=0)), through=("e",)), "loop"),
        (simple(user("e", repeat(maximum=1001)), through=("e",)), "loop"),
        (simple(user("e", multi()), through=("e",)), "loop"),
        (simple(user("e", multi(collection="a", cardinality="2")), through=("e",)), "loop"),
        (
            simple(user("e", multi(cardinality="2").replace("</multi", "<outputDataItem/></multi")), through=("e",)),
            "loop",
        ),
        (
            simple(el("receiveTask", "e", multi(cardinality="2"), messageRef="m"), through=("e",), outside=MESSAGE),
            "loop",
        ),
        (simple(user("e", multi(cardinality="2..3")), through=("e",)), "expression"),
        (simple(el("subProcess", "e"), through=("e",)), "start_events"),
        (simple(user("a"), user("e"), path("e", "end")), "unreachable"),
        (simple(el("parallelGateway", "e"), user("a"), path("a", "e"), through=("e", "a")), "parallel_join"),
        (simple(user("e", default="?"), through=("e",)), "default_flow"),
        (simple(el("exclusiveGateway", "e", default="?"), through=("e",)), "default_flow"),
        (simple(user("e"), user("e"), through=("e",)), "duplicate_id"),
        (
            simple(el("eventBasedGateway", "e"), el("intermediateCatchEvent", "t", timer("P1D")), through=("e", "t")),
            "event_gateway",
        ),
        (document(START, el("startEvent", "e"), END, path("start", "end"), path("e", "end")), "start_events"),
    ],
)
def test_a_fault_of_an_element_is_a_finding_at_that_element(bpmn: bytes, expected: str) -> None:
    assert (expected, "e") in codes(bpmn)
    with pytest.raises(InvalidBundle):
        parse(bpmn)


GATE = el("exclusiveGateway", "x", default="x_end")


@pytest.mark.parametrize(
    ("bpmn", "expected"),
    [
        (simple(user("a"), flow("a", "?", name="f")), "dangling_flow"),
        (simple(user("a"), flow("?", "a", name="f")), "dangling_flow"),
        (simple(user("a"), flow("a", "start", name="f")), "dangling_flow"),
        (simple(user("a"), flow("end", "a", name="f")), "dangling_flow"),
        (
            simple(
                el("subProcess", "a", el("startEvent", "s2"), el("endEvent", "e2"), path("s2", "e2")),
                flow("a", "e2", name="f"),
            ),
            "dangling_flow",
        ),
        (simple(user("a"), flow("a", "end", "true", name="f")), "condition"),
        (simple(GATE, flow("x", "end", name="f"), through=("x",)), "condition"),
        (
            document(
                START,
                END,
                el("exclusiveGateway", "x", default="f"),
                path("start", "x"),
                flow("x", "end", "true", name="f"),
                flow("x", "end", "true", name="g"),
            ),
            "condition",
        ),
        (simple(GATE, flow("x", "end", "amount = 1", name="f"), through=("x",)), "expression"),
        (simple(GATE, flow("x", "end", "${amount}", name="f"), through=("x",)), "expression"),
        (simple(GATE, flow("x", "end", "__import__('os')", name="f"), through=("x",)), "expression"),
        (
            simple(el("eventBasedGateway", "x"), user("a"), flow("x", "a", name="f"), path("a", "end"), through=("x",)),
            "event_gateway",
        ),
    ],
)
def test_a_fault_of_a_flow_is_a_finding_at_that_flow(bpmn: bytes, expected: str) -> None:
    assert (expected, "f") in codes(bpmn)


def test_all_findings_come_at_once_in_the_order_of_the_document() -> None:
    bpmn = simple(
        el("scriptTask", "a"), el("complexGateway", "b"), user("q"), el("manualTask", "c"), through=("a", "b", "c")
    )
    assert codes(bpmn) == [
        ("script_task", "a"),
        ("complex_gateway", "b"),
        ("manual_task", "c"),
        ("dangling_node", "q"),
        ("unreachable", "q"),
    ]


@pytest.mark.parametrize(
    ("bpmn", "expected"),
    [
        (b"", "xml"),
        (b"<definitions", "xml"),
        (b"\xff\xfe<\x00", "encoding"),
        (b"<definitions/>", "not_bpmn"),
        (b'<!DOCTYPE d [<!ENTITY a "b">]>' + simple(user("a")).split(b"?>")[1], "doctype"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "xml"),
        (simple(user("a")).replace(b'name="P"', b'name="&boo;"'), "xml"),
        (simple(user("a")) + b" " * MAX_BYTES, "too_large"),
        (document("<a>" * 120 + "</a>" * 120), "too_deep"),
        (document("<a>" * 5000 + "</a>" * 5000), "xml"),
        (document("<a/>" * 20_001), "too_large"),
        (
            simple(user("a")).replace(b"</definitions>", b'<process id="q" isExecutable="true"/></definitions>'),
            "executable_processes",
        ),
        (document(), "start_events"),
        (document(END), "start_events"),
    ],
)
def test_a_document_that_is_no_process_is_refused(bpmn: bytes, expected: str) -> None:
    assert expected in [finding.code for finding in findings(bpmn)]
    with pytest.raises(InvalidBundle):
        parse(bpmn)


def test_an_entity_of_a_file_is_never_read() -> None:
    bpmn = b'<?xml version="1.0" encoding="UTF-7"?>+ADw-!DOCTYPE d [+ADw-!ENTITY a SYSTEM "file:///etc/passwd">]><d>&a;</d>'
    assert findings(bpmn)
    assert "root:" not in str(findings(bpmn))


def test_what_is_only_drawn_is_left_alone() -> None:
    bpmn = simple(
        '<laneSet id="l"><lane id="l1"><flowNodeRef>a</flowNodeRef></lane></laneSet>',
        user("a", "<documentation>Why</documentation>", "<incoming>start_a</incoming>"),
        el("textAnnotation", "n", "<text>Note</text>")
        + el("association", "n_a", sourceRef="a", targetRef="n")
        + el("group", "g"),
        outside='<collaboration id="c"><participant id="q" processRef="p"/></collaboration>',
    )
    assert findings(bpmn) == ()
    assert started(bpmn).at() == ["a"]


def test_an_attribute_for_another_engine_is_only_a_warning() -> None:
    bpmn = simple('<userTask id="a" xmlns:c="urn:camunda" c:assignee="anna"/>')
    (found,) = findings(bpmn)
    assert (found.code, found.severity, found.element) == ("extension", "warning", "a")
    parse(bpmn)


def test_a_process_that_does_not_say_that_it_is_executable_runs_if_it_is_the_only_one() -> None:
    assert started(simple(user("a")).replace(b' isExecutable="true"', b"")).at() == ["a"]
