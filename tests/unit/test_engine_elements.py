"""Each BPMN element does what BPMN says of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from engine_bpmn import (
    END,
    ERROR,
    MESSAGE,
    NOW,
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
    simple,
    started,
    timer,
    user,
)
from satchel.engine import command as c
from satchel.engine import effect as e
from satchel.engine.parse import outline, parse
from satchel.engine.snapshot import Status
from satchel.model.errors import EngineStopped, InvalidState
from satchel.model.ids import ElementId, TokenId

A = ElementId("a")


def test_a_user_task_opens_with_its_name_and_ends_the_process_when_completed() -> None:
    host = started(simple('<userTask id="a" name="Look \n at it"/>'))
    assert host.log == [e.TaskOpened(token=TokenId("k0"), element=A, name="Look at it", variables={})]
    assert host.done("a") == (e.Ended(),)
    assert host.status is Status.ENDED


@pytest.mark.parametrize("kind", ["serviceTask", "sendTask"])
def test_a_service_or_send_task_is_a_job(kind: str) -> None:
    host = started(simple(el(kind, "a")))
    assert host.log == [e.JobDue(token=TokenId("k0"), element=A, variables={})]
    assert host.done("a") == (e.Ended(),)


def test_a_receive_task_awaits_its_message() -> None:
    host = started(simple(el("receiveTask", "a", messageRef="m"), outside=MESSAGE))
    assert host.log == [e.MessageAwaited(token=TokenId("k0"), element=A, name="reply")]
    assert host.done("a") == (e.Ended(),)


def test_a_call_activity_names_the_app_that_it_starts() -> None:
    host = started(simple(el("callActivity", "a", calledElement="PUR")))
    assert host.log == [e.CallDue(token=TokenId("k0"), element=A, app="PUR", variables={})]
    assert host.done("a") == (e.Ended(),)


def test_an_intermediate_event_of_no_type_is_passed() -> None:
    host = started(simple(el("intermediateThrowEvent", "a"), user("b"), through=("a", "b")))
    assert host.at() == ["b"]


def test_an_intermediate_message_event_awaits_its_message() -> None:
    host = started(simple(el("intermediateCatchEvent", "a", message()), outside=MESSAGE))
    assert host.at() == ["a"]
    assert host.done("a") == (e.Ended(),)


@pytest.mark.parametrize(
    ("kind", "text", "due"),
    [
        ("timeDuration", "P3D", NOW + timedelta(days=3)),
        ("timeDuration", "P1M", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("timeDuration", "wait", NOW + timedelta(minutes=10)),
        ("timeDate", "2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("timeDate", "2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("timeDate", "due", datetime(2025, 12, 24, tzinfo=UTC)),
        ("timeDate", "moment", datetime(2026, 1, 1, 1, tzinfo=UTC)),
        ("timeDate", "rush ? due : moment", datetime(2025, 12, 24, tzinfo=UTC)),
        ("timeDate", 'date("2026-01-01")', datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_timer_is_due_when_its_text_or_value_says(kind: str, text: str, due: datetime) -> None:
    host = started(
        simple(el("intermediateCatchEvent", "a", timer(text, kind))),
        wait="PT10M",
        due=date(2025, 12, 24),
        moment=datetime(2026, 1, 1, 1, tzinfo=UTC),
        rush=True,
    )
    assert host.log == [e.TimerSet(token=TokenId("k0"), element=A, due_at=due)]
    assert host.done("a") == (e.Ended(),)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timeDate", None),
        ("timeDate", "soon"),
        ("timeDuration", None),
        ("timeDuration", "P200Y"),
        ("timeDuration", 3),
        ("timeDate", True),
    ],
)
def test_a_timer_without_a_usable_value_stops_the_engine(kind: str, value: object) -> None:
    with pytest.raises(EngineStopped) as caught:
        started(simple(el("intermediateCatchEvent", "a", timer("due", kind))), due=value)
    assert (caught.value.reason, caught.value.element) == ("timer_value", "a")
    assert set(caught.value.values) == {"due"}


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
    first = len(host.state or b"")
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


def test_a_terminate_end_event_withdraws_everything_in_its_scope() -> None:
    bpmn = document(
        START,
        el("endEvent", "end", "<terminateEventDefinition/>"),
        el("parallelGateway", "s"),
        user("a"),
        user("b"),
        el("intermediateCatchEvent", "t", timer("P1D")),
        path("start", "s", "a", "end"),
        path("s", "b", "end"),
        path("s", "t", "end"),
    )
    host = started(bpmn)
    other, timer_token = host.tokens("b")[0], host.tokens("t")[0]
    assert host.done("a") == (
        e.TaskClosed(token=other, reason=e.CloseReason.CANCELLED),
        e.TimerDropped(token=timer_token),
        e.Ended(),
    )


def sub(*parts: str, loop: str = "") -> str:
    """Return a subprocess with the start event `s2` and the end event `e2`."""
    return el("subProcess", "sub", loop, el("startEvent", "s2"), el("endEvent", "e2"), *parts)


def test_a_terminate_end_event_in_a_subprocess_ends_only_that() -> None:
    inner = (
        user("a")
        + user("b")
        + el("endEvent", "kill", "<terminateEventDefinition/>")
        + path("s2", "a", "kill")
        + path("s2", "b", "e2")
    )
    host = started(simple(sub(inner), user("after"), through=("sub", "after")))
    host.done("a")
    assert host.at() == ["after"]


def test_a_subprocess_ends_when_all_of_its_paths_have() -> None:
    host = started(
        simple(
            sub(user("a"), user("b"), path("s2", "a", "e2"), path("s2", "b", "e2")),
            user("after"),
            through=("sub", "after"),
        )
    )
    host.done("a", "x")
    assert host.at() == ["b"]
    host.done("b", "y")
    assert host.at() == ["after"]


def test_an_error_end_event_is_caught_around_its_subprocess() -> None:
    inner = user("a") + user("b") + el("endEvent", "bad", error()) + path("s2", "a", "bad") + path("s2", "b", "e2")
    bpmn = simple(
        sub(inner),
        boundary("caught", "sub", error()),
        user("mend"),
        path("caught", "mend", "end"),
        through=("sub",),
        outside=ERROR,
    )
    host = started(bpmn)
    other = host.tokens("b")[0]
    assert host.done("a")[0] == e.TaskClosed(token=other, reason=e.CloseReason.CANCELLED)
    assert host.at() == ["mend"]


def test_an_error_that_nothing_catches_fails_the_process() -> None:
    bpmn = document(
        START,
        el("endEvent", "bad", error()),
        user("a"),
        user("b"),
        path("start", "a", "bad"),
        path("start", "b", "bad"),
        outside=ERROR,
    )
    host = started(bpmn)
    other = host.tokens("b")[0]
    closed, failed = host.done("a")
    assert closed == e.TaskClosed(token=other, reason=e.CloseReason.CANCELLED)
    assert isinstance(failed, e.Failed)
    assert (failed.element, failed.code, host.status) == ("bad", "broken", Status.FAILED)


FAILURES: dict[str, Callable[[TokenId], c.Command]] = {
    "userTask": lambda token: c.FailTask(token=token, code="broken"),
    "serviceTask": lambda token: c.FailJob(token=token, code="broken"),
    "sendTask": lambda token: c.FailJob(token=token, code="broken"),
    "callActivity": lambda token: c.FailCall(token=token, code="broken"),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_failed_activity_goes_on_at_the_boundary_event_that_names_its_code(kind: str) -> None:
    given = {"calledElement": "PUR"} if kind == "callActivity" else {}
    bpmn = simple(
        el(kind, "a", **given),
        boundary("any", "a", error(None)),
        boundary("exact", "a", error()),
        user("x"),
        user("y"),
        path("any", "x", "end"),
        path("exact", "y", "end"),
        outside=ERROR,
    )
    host = started(bpmn)
    host.send(FAILURES[kind](host.tokens("a")[0]))
    assert host.at() == ["y"]


def test_a_boundary_error_event_does_not_catch_what_fails_next_to_it() -> None:
    bpmn = document(
        START,
        END,
        user("a"),
        user("b"),
        boundary("caught", "b", error(None)),
        user("mend"),
        path("start", "a", "end"),
        path("start", "b", "end"),
        path("caught", "mend", "end"),
    )
    host = started(bpmn)
    effects = host.send(c.FailTask(token=host.tokens("a")[0], code="late"))
    assert isinstance(effects[-1], e.Failed)
    assert effects[-1].message == "a failed with the code late, and no boundary event catches it."


def test_an_interrupting_boundary_timer_fails_its_task() -> None:
    host = started(simple(user("a"), boundary("t", "a", timer("P1D")), user("b"), path("t", "b", "end")))
    task = host.tokens("a")[0]
    assert host.done("t")[0] == e.TaskClosed(token=task, reason=e.CloseReason.TIMER)
    assert host.at() == ["b"]


def test_an_interrupting_boundary_timer_of_a_subprocess_only_cancels_the_tasks_inside() -> None:
    host = started(
        simple(
            sub(user("a"), path("s2", "a", "e2")),
            boundary("t", "sub", timer("P1D")),
            path("t", "end"),
            through=("sub",),
        )
    )
    task = host.tokens("a")[0]
    assert host.done("t") == (e.TaskClosed(token=task, reason=e.CloseReason.CANCELLED), e.Ended())


def test_a_boundary_timer_is_dropped_when_its_task_is_done_first() -> None:
    host = started(simple(user("a"), boundary("t", "a", timer("P1D")), path("t", "end")))
    token = host.tokens("t")[0]
    assert host.done("a") == (e.TimerDropped(token=token), e.Ended())


def test_a_boundary_timer_that_does_not_interrupt_happens_once_beside_its_task() -> None:
    host = started(
        simple(user("a"), boundary("t", "a", timer("P1D"), interrupts=False), user("b"), path("t", "b", "end"))
    )
    host.done("t")
    assert host.at() == ["a", "b"]
    host.done("a")
    assert host.done("b") == (e.Ended(),)


def test_a_boundary_message_that_does_not_interrupt_is_awaited_again() -> None:
    bpmn = simple(
        user("a"), boundary("n", "a", message(), interrupts=False), user("b"), path("n", "b", "end"), outside=MESSAGE
    )
    host = started(bpmn)
    host.done("n")
    host.done("n")
    assert host.at() == ["a", "b", "b", "n"]


def test_an_interrupting_boundary_message_withdraws_its_activity() -> None:
    host = started(
        simple(
            el("callActivity", "a", calledElement="PUR"),
            boundary("n", "a", message()),
            path("n", "end"),
            outside=MESSAGE,
        )
    )
    token = host.tokens("a")[0]
    assert host.done("n") == (e.CallDropped(token=token), e.Ended())


def test_commands_for_what_no_longer_waits_are_refused() -> None:
    host = started(simple(user("a"), user("b"), boundary("t", "a", timer("P1D")), path("t", "end"), through=("a", "b")))
    task, watch = host.tokens("a")[0], host.tokens("t")[0]
    host.done("a")
    for command in (
        c.CompleteTask(token=task),
        c.TimerDue(token=watch),
        c.FailTask(token=task, code="x"),
        c.FinishJob(token=TokenId("?")),
    ):
        with pytest.raises(InvalidState, match="no longer waited for"):
            host.send(command)
    with pytest.raises(InvalidState, match="does not wait for this kind"):
        host.send(c.FinishJob(token=host.tokens("b")[0]))
    with pytest.raises(InvalidState, match="has started already"):
        host.send(c.Start())
    host.done("b")
    with pytest.raises(InvalidState, match="has ended already"):
        host.send(c.CompleteTask(token=task))


def test_a_process_that_has_not_started_takes_no_other_command() -> None:
    with pytest.raises(InvalidState, match="has not started"):
        Host(definition=parse(simple(user("a")))).send(c.CompleteTask(token=TokenId("k0")))


def test_the_outline_names_what_others_show() -> None:
    bpmn = simple(
        '<userTask id="a" name="Look at it"/>',
        el("serviceTask", "b"),
        el("callActivity", "d", multi(cardinality="2"), calledElement="PUR"),
        el("receiveTask", "r", messageRef="m"),
        through=("a", "b", "d", "r"),
        outside=MESSAGE,
    )
    found = outline(parse(bpmn))
    assert (found.id, found.name, found.user_tasks, found.jobs) == ("p", "P", ("a",), ("b",))
    assert (dict(found.calls), found.messages) == ({"d": "PUR"}, ("reply",))
    assert (found.labels[A], found.labels[ElementId("b")], found.elements[ElementId("r")]) == (
        "Look at it",
        "b",
        "receiveTask",
    )


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
