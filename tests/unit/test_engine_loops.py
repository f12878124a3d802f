"""Repeated activities: over a collection, so many times, while a condition holds."""

from datetime import date
from decimal import Decimal

import pytest

from engine_bpmn import ERROR, boundary, el, error, flow, multi, path, repeat, simple, started, timer, user
from satchel.engine import command as c
from satchel.engine import effect as e
from satchel.model.errors import EngineStopped


def test_a_parallel_task_opens_once_for_each_item() -> None:
    host = started(simple(user("a", multi(collection="who", variable="person"))), who=["anna", "ben"])
    assert host.variables("a") == [{"person": "anna"}, {"person": "ben"}]
    host.done("a")
    assert host.done("a") == (e.Ended(),)


def test_a_sequential_task_opens_for_one_item_after_the_other() -> None:
    host = started(simple(user("a", multi(collection="who", variable="person", sequential=True))), who=["anna", "ben"])
    assert host.variables("a") == [{"person": "anna"}]
    host.values["who"] = []  # taken when the activity was reached
    host.done("a")
    assert host.variables("a") == [{"person": "ben"}]
    assert host.done("a") == (e.Ended(),)


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize("value", [[], None])
def test_an_empty_collection_is_passed(value: object, *, sequential: bool) -> None:
    bpmn = simple(
        user("a", multi(collection="who", sequential=sequential)), boundary("t", "a", timer("P1D")), path("t", "end")
    )
    assert started(bpmn, who=value).log == [e.Ended()]


def test_rows_of_a_table_keep_their_decimals_and_dates() -> None:
    inner = "".join(
        [
            el("startEvent", "s2") + el("endEvent", "e2") + el("exclusiveGateway", "x", default="x_small"),
            user("large") + user("small") + path("s2", "x", "small", "e2") + path("large", "e2"),
            flow("x", "large", "line.price > 12345678901234567.01"),
        ],
    )
    rows = [
        {"price": Decimal("12345678901234567.02"), "on": date(2026, 1, 2)},
        {"price": Decimal("12345678901234567.01"), "on": None},
    ]
    loop = multi(collection="lines", variable="line", sequential=True)
    host = started(simple(el("subProcess", "sub", loop, inner), through=("sub",)), lines=rows)
    assert host.variables("large") == [{"line": {"price": "12345678901234567.02", "on": "2026-01-02"}}]
    host.done("large")
    assert host.variables("small") == [{"line": {"price": "12345678901234567.01", "on": None}}]


def test_loops_in_loops_see_the_variables_around_them() -> None:
    inner = (
        el("startEvent", "s2")
        + el("endEvent", "e2")
        + user("a", multi(collection="row", variable="cell"))
        + path("s2", "a", "e2")
    )
    host = started(
        simple(el("subProcess", "sub", multi(collection="rows", variable="row"), inner), through=("sub",)),
        rows=[["p", "q"], ["r"]],
    )
    assert host.variables("a") == [
        {"row": ["p", "q"], "cell": "p"},
        {"row": ["p", "q"], "cell": "q"},
        {"row": ["r"], "cell": "r"},
    ]


def test_a_cardinality_counts_from_one() -> None:
    host = started(simple(el("serviceTask", "a", multi(cardinality="amount / 2", variable="n"))), amount=4)
    assert host.variables("a") == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (1001, "loop_limit"),
        (-1, "cardinality"),
        (Decimal("1.5"), "cardinality"),
        (None, "cardinality"),
        (True, "cardinality"),
        ("2", "cardinality"),
    ],
)
def test_a_cardinality_that_is_no_small_number_stops_the_engine(value: object, reason: str) -> None:
    with pytest.raises(EngineStopped) as caught:
        started(simple(user("a", multi(cardinality="amount"))), amount=value)
    assert (caught.value.reason, caught.value.element, list(caught.value.values)) == (reason, "a", ["amount"])


@pytest.mark.parametrize(
    ("value", "reason"), [("text", "collection"), (["x"] * 1001, "loop_limit"), ([object()], "value_type")]
)
def test_a_collection_that_is_no_short_list_stops_the_engine(value: object, reason: str) -> None:
    with pytest.raises(EngineStopped) as caught:
        started(simple(user("a", multi(collection="who"))), who=value)
    assert (caught.value.reason, caught.value.element) == (reason, "a")


def test_a_thousand_repetitions_run() -> None:
    host = started(simple(el("serviceTask", "a", multi(cardinality="1000"))))
    assert len(host.open) == 1000


def test_too_many_tokens_stop_the_engine() -> None:
    inner = el("startEvent", "s2") + el("endEvent", "e2") + user("a", multi(cardinality="1000")) + path("s2", "a", "e2")
    with pytest.raises(EngineStopped) as caught:
        started(simple(el("subProcess", "sub", multi(cardinality="1000"), inner), through=("sub",)))
    assert caught.value.reason == "too_many_tokens"


@pytest.mark.parametrize("sequential", [True, False])
def test_a_completion_condition_ends_the_repetitions_early(*, sequential: bool) -> None:
    loop = multi(
        collection="who", variable="person", until='outcome == "yes" and person != "anna"', sequential=sequential
    )
    host = started(simple(user("a", loop)), who=["anna", "ben", "carl"])
    host.done("a", "yes")
    assert len(host.open) == (1 if sequential else 2)
    assert host.done("a", "yes")[-1] == e.Ended()


def test_an_interrupting_timer_ends_all_repetitions_at_once() -> None:
    host = started(
        simple(user("a", multi(cardinality="3")), boundary("t", "a", timer("P1D")), user("b"), path("t", "b", "end"))
    )
    assert len(host.tokens("t")) == 1
    tasks = host.tokens("a")
    effects = host.done("t")
    assert list(effects[:3]) == [e.TaskClosed(token=task, reason=e.CloseReason.TIMER) for task in tasks]
    assert host.at() == ["b"]


def test_a_repetition_that_fails_ends_the_others() -> None:
    host = started(
        simple(user("a", multi(cardinality="3")), boundary("c", "a", error(None)), user("b"), path("c", "b", "end"))
    )
    host.send(c.FailTask(token=host.tokens("a")[1], code="late"))
    assert host.at() == ["b"]


def test_a_loop_goes_on_while_its_condition_is_true() -> None:
    host = started(simple(user("a", repeat('outcome == "again"'))))
    host.done("a", "again")
    host.done("a", "again")
    assert host.done("a", "enough") == (e.Ended(),)


def test_a_loop_goes_on_to_its_maximum() -> None:
    host = started(simple(user("a", repeat(maximum=2))))
    host.done("a")
    assert host.done("a") == (e.Ended(),)


def test_a_loop_that_asks_first_may_not_begin() -> None:
    assert started(simple(user("a", repeat("ok", test_first=True))), ok=False).log == [e.Ended()]
    assert started(simple(user("a", repeat("ok", test_first=True))), ok=True).at() == ["a"]


def test_a_loop_without_a_maximum_is_stopped_after_a_thousand_rounds() -> None:
    inner = el("startEvent", "s2") + el("endEvent", "e2") + path("s2", "e2")
    with pytest.raises(EngineStopped) as caught:
        started(simple(el("subProcess", "sub", repeat("true"), inner), through=("sub",)))
    assert (caught.value.reason, caught.value.element) == ("loop_limit", "sub")


@pytest.mark.parametrize("sequential", [True, False])
def test_an_error_in_one_repetition_of_a_subprocess_ends_the_others(*, sequential: bool) -> None:
    inner = el("startEvent", "s2") + el("endEvent", "e2", error()) + user("a") + path("s2", "a", "e2")
    repeated = el("subProcess", "sub", multi(cardinality="3", sequential=sequential), inner)
    host = started(
        simple(
            repeated, boundary("c", "sub", error()), user("b"), path("c", "b", "end"), through=("sub",), outside=ERROR
        )
    )
    host.done("a")
    assert host.at() == ["b"]
