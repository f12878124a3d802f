"""What people are told of a process before they start it."""

import pytest

from engine_bpmn import END, ERROR, START, boundary, document, el, error, flow, multi, path, repeat, simple, timer, user
from satchel.engine.outlook import outlook
from satchel.engine.parse import parse
from world import EXAMPLES


def _planned(bpmn: bytes) -> dict[str, bool]:
    return {step.id: step.is_certain for step in outlook(parse(bpmn))}


def test_what_lies_behind_a_decision_is_not_certain() -> None:
    bpmn = (EXAMPLES / "product-evaluation" / "process.bpmn").read_bytes()

    steps = outlook(parse(bpmn))

    assert [(step.name, step.kind, step.is_certain) for step in steps] == [
        ("Evaluate Product", "userTask", True),
        ("Create Purchase Request", "serviceTask", False),
        ("Send to archive", "serviceTask", False),
    ]


@pytest.mark.parametrize(("gateway", "condition"), [("parallelGateway", None), ("inclusiveGateway", "true")])
def test_every_branch_of_a_parallel_gateway_is_certain_and_of_no_other(gateway: str, condition: str | None) -> None:
    bpmn = document(
        START,
        END,
        el(gateway, "split"),
        el(gateway, "join"),
        user("a"),
        user("b"),
        user("c"),
        path("start", "split"),
        flow("split", "a", condition),
        flow("split", "b", condition),
        path("a", "join"),
        path("b", "join", "c", "end"),
    )

    is_certain = gateway == "parallelGateway"
    assert _planned(bpmn) == {"a": is_certain, "b": is_certain, "c": True}


def test_a_loop_back_leaves_what_comes_in_any_case_certain() -> None:
    bpmn = document(
        START,
        END,
        user("a"),
        user("again"),
        el("exclusiveGateway", "good", default="good_end"),
        path("start", "a", "good", "end"),
        flow("good", "again", "outcome == 'no'"),
        path("again", "a"),
    )

    assert _planned(bpmn) == {"a": True, "again": False}


@pytest.mark.parametrize("interrupts", [True, False])
def test_only_an_event_that_interrupts_takes_the_process_elsewhere(interrupts: bool) -> None:  # noqa: FBT001  # a case
    bpmn = simple(
        user("a"),
        user("b"),
        user("late"),
        boundary("t", "a", timer("P1D"), interrupts=interrupts),
        el("endEvent", "end2"),
        path("t", "late", "end2"),
        through=("a", "b"),
    )

    assert _planned(bpmn) == {"a": True, "b": not interrupts, "late": False}


def test_what_may_be_repeated_zero_times_is_not_certain_nor_what_lies_in_it() -> None:
    inside = [el("startEvent", "in"), user("inner"), el("endEvent", "out"), path("in", "inner", "out")]
    bpmn = simple(
        el("subProcess", "each", multi(cardinality="2"), *inside),
        user("often", repeat("true", maximum=3)),
        user("maybe", repeat("false", maximum=3, test_first=True)),
        through=("each", "often", "maybe"),
    )

    assert _planned(bpmn) == {"each": False, "inner": False, "often": True, "maybe": False}


def test_what_lies_in_a_subprocess_that_may_be_left_early_is_not_certain() -> None:
    inside = [el("startEvent", "in"), user("inner"), el("endEvent", "out"), path("in", "inner", "out")]
    bpmn = simple(
        el("subProcess", "part", *inside),
        user("after"),
        boundary("broken", "part", error()),
        path("broken", "after"),
        outside=ERROR,
        through=("part", "after"),
    )

    assert _planned(bpmn) == {"part": True, "inner": False, "after": True}
