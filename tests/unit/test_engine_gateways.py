"""Gateways choose, part and join as BPMN says, also the tenth time round a loop."""

from decimal import Decimal

import pytest

from engine_bpmn import (
    END,
    MESSAGE,
    START,
    document,
    el,
    flow,
    path,
    simple,
    started,
    timer,
    user,
)
from satchel.engine import effect as e
from satchel.model.errors import EngineStopped
from satchel.model.ids import ElementId

A = ElementId("a")


def test_an_exclusive_gateway_takes_the_first_flow_whose_condition_is_true() -> None:
    parts = (
        el("exclusiveGateway", "x", default="x_c"),
        *(user(name) + path(name, "end") for name in "abc"),
        flow("x", "a", "amount > 1000 and supplier != null"),
        flow("x", "b", "amount > 10"),
        flow("x", "c"),
    )
    bpmn = document(START, END, path("start", "x"), *parts)
    assert started(bpmn, amount=Decimal("1000.01"), supplier="ACME").at() == ["a"]
    assert started(bpmn, amount=Decimal("1000.01"), supplier=None).at() == ["b"]
    assert started(bpmn, amount=10, supplier=None).at() == ["c"]


def choice(condition: str, *, gateway: str = "exclusiveGateway") -> bytes:
    return document(
        START,
        END,
        el(gateway, "x"),
        path("start", "x"),
        user("a"),
        user("b"),
        path("a", "end"),
        path("b", "end"),
        flow("x", "a", condition),
        flow("x", "b", "amount < 0"),
    )


@pytest.mark.parametrize(
    ("condition", "value", "reason"),
    [
        ("amount", 1, "not_true_or_false"),
        ("amount", None, "not_true_or_false"),
        ("amount > 1", "many", "evaluation"),
        ("amount > 1", None, "evaluation"),
        ("amont > 1", 1, "unknown_name"),
        ("amount > 1", Decimal("1e40"), "value_too_large"),
        ("len(amount) > 1", "x" * 10_001, "value_too_large"),
        ("amount == 1", object(), "value_type"),
        ("amount > 1", 1, "no_branch"),
    ],
)
@pytest.mark.parametrize("gateway", ["exclusiveGateway", "inclusiveGateway"])
def test_a_gateway_that_cannot_decide_stops_the_engine(
    gateway: str, condition: str, value: object, reason: str
) -> None:
    with pytest.raises(EngineStopped) as caught:
        started(choice(condition, gateway=gateway), amount=value)
    assert (caught.value.reason, caught.value.element) == (reason, "x")
    assert "(" not in str(caught.value.values)
    if "amount" in condition:
        assert list(caught.value.values) == ["amount"]


def test_a_step_that_stops_changes_nothing_and_can_be_tried_again() -> None:
    bpmn = simple(
        user("a"),
        el("exclusiveGateway", "x", default="x_end"),
        user("b"),
        path("b", "end"),
        flow("x", "b", "ok"),
        through=("a", "x"),
    )
    host = started(bpmn, ok=None)
    before = host.state
    with pytest.raises(EngineStopped):
        host.done("a")
    assert host.state == before
    host.values["ok"] = True
    host.done("a")
    assert host.at() == ["b"]


def test_the_outcome_of_the_latest_task_on_the_path_steers_it() -> None:
    bpmn = document(
        START,
        END,
        user("a"),
        el("exclusiveGateway", "x", default="x_end"),
        user("b"),
        path("start", "a", "x", "end"),
        flow("x", "b", 'outcome == "approve"'),
        path("b", "end"),
    )
    host = started(bpmn)
    host.done("a", "approve")
    assert host.at() == ["b"]
    other = started(bpmn)
    assert other.done("a", "reject") == (e.Ended(),)


def test_a_join_keeps_the_outcome_of_the_task_completed_last() -> None:
    bpmn = document(
        START,
        END,
        user("o"),
        el("parallelGateway", "s"),
        el("parallelGateway", "j"),
        user("a"),
        el("serviceTask", "b"),
        user("yes"),
        el("exclusiveGateway", "x", default="x_end"),
        path("start", "o", "s", "a", "j"),
        path("s", "b", "j", "x", "end"),
        flow("x", "yes", 'outcome == "new"'),
        path("yes", "end"),
    )
    host = started(bpmn)
    host.done("o", "old")
    host.done("a", "new")
    host.done("b")  # arrives later, but with the older outcome
    assert host.at() == ["yes"]


@pytest.mark.parametrize("gateway", ["parallelGateway", "inclusiveGateway"])
@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_join_waits_for_all_branches_every_time_round_a_loop(gateway: str, order: str) -> None:
    # SpiffWorkflow 3.2 lets the join go on after one branch the second time round, in one of the orders
    conditions = {"s_a": "true", "s_b": "true"} if gateway == "inclusiveGateway" else {}
    bpmn = document(
        START,
        END,
        el("exclusiveGateway", "m"),
        el(gateway, "s"),
        user("a"),
        user("b"),
        el(gateway, "j"),
        el("exclusiveGateway", "x", default="x_end"),
        path("start", "m", "s"),
        flow("s", "a", conditions.get("s_a")),
        flow("s", "b", conditions.get("s_b")),
        path("a", "j", "x", "end"),
        path("b", "j"),
        flow("x", "m", 'outcome == "again"'),
    )
    host = started(bpmn)
    for turn in ("ab", "ba", order, "ab", order):
        assert host.at() == ["a", "b"]
        host.done(turn[0], "again")
        assert host.at() == [turn[1]]
        host.done(turn[1], "again")
    host.done("a", "again")
    assert host.done("b", "enough") == (e.Ended(),)


def test_a_loop_goes_round_as_often_as_people_send_it_and_its_state_does_not_grow() -> None:
    # SpiffWorkflow 3.2 stops here without a word after 333 rounds
    bpmn = document(
        START,
        END,
        el("exclusiveGateway", "m"),
        user("a"),
        el("exclusiveGateway", "x", default="x_end"),
        path("start", "m", "a", "x", "end"),
        flow("x", "m", 'outcome == "again"'),
    )
    host = started(bpmn)
    host.done("a", "again")
    first = len(host.state or b"")  # by now every flow of the loop was taken
    for _ in range(1200):
        host.done("a", "again")
    assert len(host.state or b"") < first + 20
    assert host.done("a", "enough") == (e.Ended(),)


def test_an_inclusive_join_waits_only_for_the_branches_that_were_taken() -> None:
    bpmn = document(
        START,
        END,
        el("inclusiveGateway", "s", default="s_c"),
        el("inclusiveGateway", "j"),
        user("after"),
        *(user(name) + path(name, "j") for name in "abc"),
        path("start", "s"),
        path("j", "after", "end"),
        flow("s", "a", "amount > 1"),
        flow("s", "b", "amount > 2"),
        flow("s", "c"),
    )
    one = started(bpmn, amount=2)
    assert one.at() == ["a"]
    one.done("a")
    assert one.at() == ["after"]
    two = started(bpmn, amount=3)
    two.done("a")
    assert two.at() == ["b"]
    two.done("b")
    assert two.at() == ["after"]
    assert started(bpmn, amount=0).at() == ["c"]


def test_an_inclusive_join_waits_for_a_subprocess_that_still_runs() -> None:
    inner = el("startEvent", "s2") + el("endEvent", "e2") + user("a") + path("s2", "a", "e2")
    bpmn = document(
        START,
        END,
        el("inclusiveGateway", "s"),
        el("inclusiveGateway", "j"),
        el("subProcess", "sub", inner),
        user("b"),
        user("after"),
        path("start", "s"),
        flow("s", "sub", "true"),
        flow("s", "b", "true"),
        path("sub", "j"),
        path("b", "j", "after", "end"),
    )
    host = started(bpmn)
    host.done("b")
    assert host.at() == ["a"]
    host.done("a")
    assert host.at() == ["after"]


def test_an_activity_with_several_outgoing_flows_takes_all_of_them() -> None:
    host = started(
        document(START, END, user("a"), user("b"), user("c"), path("start", "a", "b", "end"), path("a", "c", "end"))
    )
    host.done("a")
    assert host.at() == ["b", "c"]
    host.done("b")
    assert host.done("c") == (e.Ended(),)


def test_a_join_that_can_never_go_on_stops_the_engine_instead_of_waiting_for_ever() -> None:
    bpmn = document(
        START,
        END,
        el("exclusiveGateway", "x", default="x_b"),
        el("parallelGateway", "j"),
        user("a"),
        user("b"),
        path("start", "x"),
        flow("x", "a", "false"),
        flow("x", "b"),
        path("a", "j"),
        path("b", "j", "end"),
    )
    host = started(bpmn)
    with pytest.raises(EngineStopped) as caught:
        host.done("b")
    assert (caught.value.reason, caught.value.element) == ("deadlock", "j")


def test_a_process_that_goes_round_without_waiting_is_stopped() -> None:
    bpmn = document(
        START,
        END,
        el("exclusiveGateway", "m"),
        el("exclusiveGateway", "x", default="x_end"),
        path("start", "m", "x", "end"),
        flow("x", "m", "true"),
    )
    with pytest.raises(EngineStopped) as caught:
        started(bpmn)
    assert caught.value.reason == "endless"


def test_an_event_based_gateway_goes_on_with_the_first_event() -> None:
    bpmn = document(
        START,
        END,
        el("eventBasedGateway", "g"),
        el("intermediateCatchEvent", "t", timer("PT1H")),
        el("receiveTask", "r", messageRef="m"),
        user("late"),
        user("answered"),
        path("start", "g", "t", "late", "end"),
        path("g", "r", "answered", "end"),
        outside=MESSAGE,
    )
    host = started(bpmn)
    assert host.at() == ["r", "t"]
    timer_token = host.tokens("t")[0]
    assert host.done("r")[0] == e.TimerDropped(token=timer_token)
    assert host.at() == ["answered"]


def test_a_join_takes_one_token_of_each_flow_at_a_time() -> None:
    twice = [flow("s", way, name=f"{way}{at}") for way in ("x", "y") for at in (1, 2)]
    gateways = [
        el("parallelGateway", "s"),
        el("exclusiveGateway", "x"),
        el("exclusiveGateway", "y"),
        el("parallelGateway", "j"),
    ]
    tasks = [user("a"), user("b"), user("after")]
    host = started(
        document(
            START,
            END,
            *gateways,
            *tasks,
            *twice,
            path("start", "s"),
            path("x", "a", "j"),
            path("y", "b", "j", "after", "end"),
        )
    )
    host.done("a")
    host.done("a")
    assert host.at() == ["b", "b"]
    host.done("b")
    assert host.at() == ["after", "b"]
    host.done("b")
    assert host.at() == ["after", "after"]


@pytest.mark.parametrize("gateway", ["exclusiveGateway", "inclusiveGateway"])
def test_the_only_way_out_of_a_gateway_is_taken_only_if_its_condition_is_true(gateway: str) -> None:
    bpmn = document(
        START, END, el(gateway, "x"), path("start", "x"), user("a"), path("a", "end"), flow("x", "a", "n > 1")
    )
    assert started(bpmn, n=2).at() == ["a"]
    with pytest.raises(EngineStopped) as stopped:
        started(bpmn, n=1)
    assert (stopped.value.reason, stopped.value.element) == ("no_branch", "x")


@pytest.mark.parametrize("gateway", ["exclusiveGateway", "inclusiveGateway", "parallelGateway"])
def test_the_only_way_out_of_a_gateway_is_taken_where_nothing_is_asked(gateway: str) -> None:
    bpmn = document(START, END, el(gateway, "x"), path("start", "x"), user("a"), path("a", "end"), flow("x", "a"))
    assert started(bpmn).at() == ["a"]


def test_the_only_way_out_of_a_gateway_is_taken_where_it_is_the_default() -> None:
    gateway = el("exclusiveGateway", "x", default="x_a")
    bpmn = document(START, END, gateway, path("start", "x"), user("a"), path("a", "end"), flow("x", "a"))
    assert started(bpmn).at() == ["a"]
