"""Moves by hand: what they lead to, and what speaks against one."""

import itertools

import pytest

from engine_bpmn import (
    BUILT_INS,
    MESSAGE,
    NOW,
    Host,
    boundary,
    document,
    el,
    flow,
    message,
    multi,
    path,
    simple,
    started,
    timer,
    user,
)
from satchel.engine.by_hand import HandMove, StartAt, move, tokens
from satchel.engine.effect import CallDropped, TaskClosed, TimerDropped
from satchel.engine.step import Step
from satchel.model.ids import ElementId, TokenId

INNER = el("startEvent", "s") + user("in1") + user("in2") + el("endEvent", "e") + path("s", "in1", "in2", "e")
FORK = document(
    el("startEvent", "start"),
    el("parallelGateway", "fork"),
    el("parallelGateway", "join"),
    el("endEvent", "end"),
    *(user(name) for name in ("left", "right", "after", "aside")),
    path("start", "fork", "left", "join", "after", "end"),
    path("fork", "right", "join") + path("fork", "aside", "end"),
)
RACE = document(
    el("startEvent", "start"),
    el("eventBasedGateway", "race"),
    el("intermediateCatchEvent", "t", timer("P1D")),
    el("intermediateCatchEvent", "m", message()),
    el("endEvent", "end"),
    path("start", "race", "t", "end") + path("race", "m", "end"),
    outside=MESSAGE,
)


def numbers(host: Host, element: str) -> list[int]:
    return [one.number for one in tokens(host.definition, host.state or b"") if one.element == element]


def moved(host: Host, *, cancel: list[int] | None = None, start: list[StartAt] | None = None) -> Step | list[str]:
    """Move a process and return the step, or the codes of what speaks against it."""
    serial = itertools.count(1000)
    result = move(
        host.definition,
        host.state or b"",
        HandMove(cancel=cancel or [], start=start or []),
        now=NOW,
        values={**BUILT_INS, **host.values},
        new_token=lambda: TokenId(f"h{next(serial)}"),
    )
    return result if isinstance(result, Step) else [finding.code for finding in result]


def at(place: str, within: int | None = None) -> StartAt:
    return StartAt(place=ElementId(place), within=within)


def elements(host: Host, step: Step | list[str]) -> list[str]:
    assert isinstance(step, Step), step
    return [one.element for one in tokens(host.definition, step.state)]


def test_a_process_that_stands_wrong_is_put_where_it_belongs() -> None:
    host = started(
        simple(
            user(
                "a",
            ),
            boundary("late", "a", timer("P1D")),
            path("late", "end"),
            user("b"),
            through=("a", "b"),
        )
    )
    step = moved(host, cancel=numbers(host, "a"), start=[at("b")])
    assert elements(host, step) == ["b"]
    assert isinstance(step, Step)
    assert [type(effect) for effect in step.effects[:2]] == [TaskClosed, TimerDropped]


def test_a_path_that_only_ends_is_cancelled_and_a_join_gets_what_another_would_have_brought() -> None:
    host = started(FORK)
    assert elements(host, moved(host, cancel=numbers(host, "aside"))) == ["left", "right"]
    assert moved(host, cancel=numbers(host, "left")) == ["unreachable"]
    by_flow = moved(host, cancel=numbers(host, "left"), start=[at("left_join")])
    assert elements(host, by_flow) == ["right", "aside", "join"]
    both = [*numbers(host, "left"), *numbers(host, "right")]
    assert elements(host, moved(host, cancel=both, start=[at("after")])) == ["aside", "after"]


def test_one_of_several_repetitions_is_cancelled_and_the_last_is_not() -> None:
    host = started(simple(user("a", multi(cardinality="2"))))
    body, first, second = numbers(host, "a")
    assert elements(host, moved(host, cancel=[first])) == ["a", "a"]
    assert moved(host, cancel=[first, second]) == ["last_repetition"]
    assert moved(host, cancel=[body]) == ["last"]


def test_a_called_instance_is_let_go_with_its_token() -> None:
    host = started(simple(el("callActivity", "c", calledElement="SUB"), user("b"), through=("c", "b")))
    step = moved(host, cancel=numbers(host, "c"), start=[at("b")])
    assert isinstance(step, Step)
    assert isinstance(step.effects[0], CallDropped)


def test_a_step_within_a_subprocess_is_started_in_one_that_is_open() -> None:
    once = started(simple(el("subProcess", "sub", INNER), user("b"), through=("sub", "b")))
    (inside,) = numbers(once, "in1")
    assert elements(once, moved(once, cancel=[inside], start=[at("in2")])) == ["sub", "in2"]
    assert moved(once, cancel=[inside]) == ["last"]
    assert moved(once, cancel=numbers(once, "sub"), start=[at("in2")]) == ["closed_scope"]
    assert moved(once, start=[at("b", within=1)]) == ["other_scope"]

    twice = started(simple(el("subProcess", "sub", multi(cardinality="2"), INNER), through=("sub",)))
    _, first, second = numbers(twice, "sub")
    assert moved(twice, start=[at("in2")]) == ["needs_scope"]
    assert moved(twice, start=[at("in2", within=99)]) == ["other_scope"]
    old = [
        one.number
        for one in tokens(twice.definition, twice.state or b"")
        if one.scope == second and one.element == "in1"
    ]
    step = moved(twice, cancel=old, start=[at("in2", within=second)])
    assert elements(twice, step) == ["sub", "sub", "sub", "in1", "in2"]
    assert first < second


@pytest.mark.parametrize(
    ("process", "cancel", "start", "codes"),
    [
        (simple(user("a")), ["a"], [], ["last"]),
        (simple(user("a")), [], ["nowhere"], ["unknown_element"]),
        (simple(user("a")), [], ["a"], ["unreachable"]),
        (simple(user("a")), ["a"], ["end"], ["not_startable"]),
        (simple(user("a")), ["a"], ["start"], ["not_startable"]),
        (RACE, ["race"], ["t"], ["not_startable"]),
        (RACE, ["t"], ["race"], ["belongs"]),
        (FORK, ["left"], ["join"], ["needs_flow"]),
        (simple(user("a"), boundary("t", "a", timer("P1D")), path("t", "end")), ["t"], [], ["belongs"]),
        (
            document(
                el("startEvent", "start"), user("a"), el("exclusiveGateway", "g"), user("b"), el("endEvent", "end"),
                path("start", "a", "g"), flow("g", "b", "outcome == 'yes'"), path("b", "end"),
            ),
            ["a"],
            ["g"],
            ["no_branch"],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why_and_moves_nothing(
    process: bytes, cancel: list[str], start: list[str], codes: list[str]
) -> None:
    host = started(process)
    before = host.state
    wanted = [number for name in cancel for number in numbers(host, name)]
    assert moved(host, cancel=wanted, start=[at(place) for place in start]) == codes
    assert host.state == before


def test_what_is_gone_or_over_is_not_moved() -> None:
    host = started(simple(user("a")))
    assert moved(host, cancel=[77], start=[at("a")]) == ["no_such_token"]
    host.done("a")
    assert moved(host, start=[at("a")]) == ["not_running"]
