"""A state moves to another version of its process as a whole, or every token that cannot is named."""

import itertools
from datetime import timedelta

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
    repeat,
    simple,
    started,
    timer,
    user,
)
from satchel.engine import command as c
from satchel.engine import effect as e
from satchel.engine.migrate import Migrated, MoveFinding, mapping_findings, migrate
from satchel.engine.parse import parse
from satchel.engine.step import step
from satchel.model.ids import ElementId, TokenId

LATER = NOW + timedelta(hours=5)


def move(host: Host, bpmn: bytes, **mapping: str | None) -> Migrated | tuple[MoveFinding, ...]:
    numbers = itertools.count(1000)
    named = {ElementId(old): None if new is None else ElementId(new) for old, new in mapping.items()}
    return migrate(
        host.definition,
        parse(bpmn),
        host.state or b"",
        named,
        now=LATER,
        values={**BUILT_INS, **host.values},
        new_token=lambda: TokenId(f"m{next(numbers)}"),
    )


def whole(result: Migrated | tuple[MoveFinding, ...]) -> Migrated:
    assert isinstance(result, Migrated), result
    return result


def codes(result: Migrated | tuple[MoveFinding, ...]) -> list[tuple[str, str]]:
    assert not isinstance(result, Migrated)
    return [(finding.element, finding.code) for finding in result]


def go_on(bpmn: bytes, result: Migrated, command: c.Command) -> list[type]:
    """Return the kinds of effects that a command has in the new version."""
    numbers = itertools.count(2000)
    done = step(
        parse(bpmn), result.state, command, now=LATER, values=BUILT_INS, new_token=lambda: TokenId(f"m{next(numbers)}")
    )
    return [type(effect) for effect in done.effects]


AB = simple(user("a"), user("b"), through=("a", "b"))
PARALLEL = (el("parallelGateway", "s"), el("parallelGateway", "j"), path("start", "s", "a", "j", "end"))


def test_a_task_moves_with_its_token_and_goes_on_in_the_new_version() -> None:
    host = started(AB)
    (token,) = host.tokens("a")
    new = simple(user("a"), user("x"), user("b"), through=("a", "x", "b"))
    result = whole(move(host, new))
    assert {key: one.element for key, one in result.standing.items()} == {token: "a"}
    assert result.effects == ()
    assert go_on(new, result, c.CompleteTask(token=token)) == [e.TaskOpened]


def test_a_renamed_task_moves_where_the_mapping_says() -> None:
    new = simple(user("first"), user("b"), through=("first", "b"))
    assert codes(move(started(AB), new)) == [("a", "gone")]
    result = whole(move(started(AB), new, a="first"))
    assert [(one.element, one.name) for one in result.standing.values()] == [("first", "first")]


def test_an_element_of_another_kind_does_not_take_a_token() -> None:
    new = simple(el("serviceTask", "a"), user("b"), through=("a", "b"))
    assert codes(move(started(AB), new)) == [("a", "kind_changed")]
    assert isinstance(move(started(AB), new, a="b"), Migrated)
    found = mapping_findings(parse(AB), parse(new), {ElementId("b"): ElementId("a"), ElementId("a"): ElementId("no")})
    assert [(one.element, one.code) for one in found] == [("b", "kind_changed"), ("a", "unknown_element")]


def test_only_events_can_be_given_up() -> None:
    found = mapping_findings(parse(AB), parse(AB), {ElementId("a"): None, ElementId("nowhere"): ElementId("b")})
    assert [(one.element, one.code) for one in found] == [("a", "not_droppable")]


def test_a_timer_keeps_the_time_at_which_it_is_due() -> None:
    old = simple(user("a"), boundary("t", "a", timer("P1D")), path("t", "end"))
    new = simple(user("a"), boundary("t", "a", timer("P9D")), path("t", "end"))
    host = started(old)
    result = whole(move(host, new))
    assert result.effects == ()
    assert {one.element for one in result.standing.values()} == {"a", "t"}


def test_a_new_boundary_timer_counts_from_the_move() -> None:
    new = simple(user("a"), user("b"), boundary("t", "b", timer("P1D")), path("t", "end"), through=("a", "b"))
    host = started(AB)
    host.done("a")
    (armed,) = whole(move(host, new)).effects
    assert isinstance(armed, e.TimerSet)
    assert (armed.element, armed.due_at) == ("t", LATER + timedelta(days=1))


def test_a_reminder_that_was_sent_is_not_sent_again() -> None:
    old = simple(
        user("a"), user("r"), boundary("t", "a", timer("P1D"), interrupts=False), path("t", "r"), through=("a",)
    )
    host = started(old)
    host.done("t")
    new = old.replace(b"P1D", b"P2D")
    result = whole(move(host, new))
    assert result.effects == ()
    assert {one.element for one in result.standing.values()} == {"a", "r"}


def test_a_boundary_event_that_is_gone_is_named_or_given_up() -> None:
    old = simple(user("a"), boundary("t", "a", timer("P1D")), path("t", "end"))
    new = simple(user("a"))
    host = started(old)
    assert codes(move(host, new)) == [("t", "gone")]
    result = whole(move(host, new, t=None))
    assert [type(effect) for effect in result.effects] == [e.TimerDropped]
    assert go_on(new, result, c.CompleteTask(token=host.tokens("a")[0])) == [e.Ended]


def test_a_new_timer_that_cannot_be_set_is_a_finding() -> None:
    new = simple(user("a"), user("b"), boundary("t", "a", timer("title")), path("t", "end"), through=("a", "b"))
    assert codes(move(started(AB), new)) == [("t", "timer_value")]


def test_a_token_does_not_move_into_a_branch_whose_other_half_was_never_begun() -> None:
    host = started(simple(user("a")))
    new = document(
        el("startEvent", "start"), el("endEvent", "end"), user("a"), user("b"), *PARALLEL, path("s", "b", "j")
    )
    assert codes(move(host, new)) == [("a", "unreachable")]


def test_tokens_in_branches_move_when_a_branch_gets_longer() -> None:
    parts = (el("startEvent", "start"), el("endEvent", "end"), user("a"), user("b"), *PARALLEL)
    old, new = document(*parts, path("s", "b", "j")), document(*parts, user("x"), path("s", "b", "x", "j"))
    host = started(old)
    host.done("a")
    result = whole(move(host, new))
    assert go_on(new, result, c.CompleteTask(token=host.tokens("b")[0])) == [e.TaskOpened]


def test_a_token_at_a_join_moves_over_a_flow_that_has_another_id() -> None:
    parts = (el("startEvent", "start"), el("endEvent", "end"), user("a"), user("b"), *PARALLEL)
    old = document(*parts, path("s", "b", "j"))
    renamed = old.replace(b'id="a_j"', b'id="other"')
    host = started(old)
    host.done("a")
    assert go_on(renamed, whole(move(host, renamed)), c.CompleteTask(token=host.tokens("b")[0])) == [e.Ended]
    longer = document(*parts, path("s", "b", "j")).replace(b'id="a_j" sourceRef="a"', b'id="l" sourceRef="x"')
    longer = longer.replace(b"</process>", (user("x") + flow("a", "x")).encode() + b"</process>")
    assert codes(move(host, longer)) == [("j", "join_changed")]
    assert isinstance(move(host, longer, a_j="l"), Migrated)


def test_repetitions_move_with_their_items() -> None:
    old = simple(user("a", multi(collection="who", variable="person", sequential=True)))
    new = simple(user("a", multi(collection="who", variable="person", sequential=True)), user("b"), through=("a", "b"))
    host = started(old, who=["anna", "ben"])
    result = whole(move(host, new))
    assert go_on(new, result, c.CompleteTask(token=host.tokens("a")[0])) == [e.TaskOpened]
    parallel = simple(user("a", multi(collection="who", variable="person")))
    assert codes(move(host, parallel)) == [("a", "loop_changed")]
    assert codes(move(host, simple(user("a", repeat("true", maximum=2))))) == [("a", "loop_changed")]


def test_what_lies_in_a_subprocess_moves_with_it_or_is_named_once() -> None:
    def inside(name: str, task: str) -> bytes:
        parts = el("startEvent", "s2") + el("endEvent", "e2") + user(task) + path("s2", task, "e2")
        return simple(el("subProcess", name, parts), through=(name,))

    host = started(inside("sub", "a"))
    assert isinstance(move(host, inside("sub", "a")), Migrated)
    assert isinstance(move(host, inside("part", "b"), sub="part", a="b"), Migrated)
    assert codes(move(host, inside("part", "a"))) == [("sub", "gone")]
    outside = simple(user("a"), el("subProcess", "sub", el("startEvent", "s2")), through=("a", "sub"))
    assert codes(move(host, outside)) == [("a", "scope_changed")]


def test_a_choice_takes_a_new_event_and_gives_up_an_old_one() -> None:
    def race(*events: str) -> bytes:
        parts = [el("eventBasedGateway", "g"), el("exclusiveGateway", "m"), path("start", "g"), path("m", "end")]
        for name in events:
            inner = message() if name.startswith("m") else timer("PT1H")
            parts += [el("intermediateCatchEvent", name, inner), path("g", name, "m")]
        return document(el("startEvent", "start"), el("endEvent", "end"), *parts, outside=MESSAGE)

    host = started(race("t1", "m1"))
    result = whole(move(host, race("t1", "m1", "t2")))
    assert [type(effect) for effect in result.effects] == [e.TimerSet]
    assert codes(move(host, race("t1", "t2"))) == [("m1", "gone")]
    given_up = whole(move(host, race("t1", "t2"), m1=None))
    assert [type(effect) for effect in given_up.effects] == [e.MessageDropped, e.TimerSet]


def test_a_call_does_not_move_to_another_app() -> None:
    old, new = (simple(el("callActivity", "c", calledElement=app), through=("c",)) for app in ("PUR", "EVA"))
    assert codes(move(started(old), new)) == [("c", "called_changed")]
    assert isinstance(move(started(old), old + b" "), Migrated)


@pytest.mark.parametrize("copies", [1, 7])
def test_handlers_that_run_beside_their_activity_move(copies: int) -> None:
    old = simple(
        user("a"),
        user("h"),
        boundary("n", "a", message(), interrupts=False),
        path("n", "h"),
        outside=MESSAGE,
    )
    host = started(old)
    for _ in range(copies):
        host.done("n")
    result = whole(move(host, old.replace(b"</process>", b"<!-- drawn anew --></process>")))
    assert len(result.standing) == copies + 2
