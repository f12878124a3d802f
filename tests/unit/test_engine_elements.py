"""Each BPMN element does what BPMN says of it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

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
    assert (found.id, found.name, found.jobs) == ("p", "P", ("b",))
    assert (dict(found.calls), found.messages) == ({"d": "PUR"}, ("reply",))
    assert (found.labels[A], found.labels[ElementId("b")], found.elements[ElementId("r")]) == (
        "Look at it",
        "b",
        "receiveTask",
    )
