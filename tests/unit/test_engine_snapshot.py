"""A state is small, always the same for the same process, and refused when it is damaged or another process's."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine_bpmn import Host, boundary, el, multi, path, simple, started, timer, user, waiting
from satchel.engine import command as c
from satchel.engine.parse import parse
from satchel.engine.snapshot import MAX_BYTES
from satchel.engine.step import step
from satchel.model.errors import CorruptState
from satchel.model.ids import TokenId

INNER = (
    el("startEvent", "s2")
    + el("endEvent", "e2")
    + user("a")
    + user("z")
    + el("parallelGateway", "j")
    + path("s2", "a", "j", "e2")
)
BPMN = simple(
    el("subProcess", "sub", multi(collection="who", variable="person"), INNER, path("s2", "z", "j")),
    boundary("t", "sub", timer("P1D")),
    path("t", "end"),
    through=("sub",),
)
"""Loops, scopes, watches and a join that waits: a token of nearly every mode."""


def running() -> Host:
    host = started(BPMN, who=["anna", "ben"])
    host.done("a")
    return host


def test_a_state_tells_what_waits() -> None:
    host = running()
    assert sorted(waiting(host.definition, host.state or b"").values()) == ["a", "t", "z", "z"]


def test_a_state_of_21_tasks_is_small() -> None:
    host = started(simple(user("a", multi(cardinality="21", variable="n"))))
    assert len(host.state or b"") < 3000


def test_a_state_of_another_process_is_refused() -> None:
    host = running()
    host.definition = parse(BPMN + b" ")
    with pytest.raises(CorruptState, match="another version of the app"):
        host.done("z")


Change = Callable[[dict[str, Any]], object]


def token(state: dict[str, Any], mode: str) -> list[Any]:
    found: list[Any] = next(row for row in state["tokens"] if row[3] == mode)
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(format=2),
        lambda s: s.pop("format"),
        lambda s: s.update(status="lost"),
        lambda s: s.update(status="ended"),
        lambda s: s.update(next=1),
        lambda s: s.update(next="9"),
        lambda s: s.update(next=True),
        lambda s: s.update(tokens=[]),
        lambda s: s.update(tokens=7),
        lambda s: s["tokens"].append(s["tokens"][0]),
        lambda s: s["tokens"].append("x"),
        lambda s: s["tokens"].reverse(),
        lambda s: s["tokens"][0].append(1),
        lambda s: token(s, "wait").__setitem__(0, -1),
        lambda s: token(s, "wait").__setitem__(1, "nowhere"),
        lambda s: token(s, "wait").__setitem__(1, "sub"),
        lambda s: token(s, "wait").__setitem__(2, 0),
        lambda s: token(s, "wait").__setitem__(2, 999),
        lambda s: token(s, "wait").__setitem__(3, "sleep"),
        lambda s: token(s, "wait").__setitem__(3, "join"),
        lambda s: token(s, "wait").__setitem__(4, 1),
        lambda s: token(s, "wait").__setitem__(5, None),
        lambda s: token(s, "wait").__setitem__(5, 5),
        lambda s: token(s, "wait").__setitem__(5, token(s, "watch")[5]),
        lambda s: token(s, "wait").__setitem__(7, None),
        lambda s: token(s, "wait").__setitem__(8, []),
        lambda s: token(s, "wait").__setitem__(9, {}),
        lambda s: token(s, "wait").__setitem__(8, {"x": {"~decimal": "many"}}),
        lambda s: token(s, "join").__setitem__(6, "start_sub"),
        lambda s: token(s, "join").__setitem__(6, None),
        lambda s: token(s, "watch").__setitem__(4, 0),
        lambda s: token(s, "watch").__setitem__(1, "a"),
        lambda s: token(s, "scope").__setitem__(4, 0),
        lambda s: token(s, "loop").__setitem__(4, 1),
    ],
)
def test_a_damaged_state_is_refused_and_the_error_says_so(change: Change) -> None:
    host = running()
    state = json.loads(host.state or b"")
    change(state)
    host.state = json.dumps(state).encode()
    with pytest.raises(CorruptState, match="Restore the instance from a backup"):
        host.send(c.CompleteTask(token=host.tokens("z")[0]))


@pytest.mark.parametrize(
    "state", [b"", b"\x00", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format":1}', b" " * (MAX_BYTES + 1)]
)
def test_bytes_that_are_no_state_are_refused(state: bytes) -> None:
    host = running()
    host.state = state
    with pytest.raises(CorruptState):
        host.send(c.TimerDue(token=TokenId("k0")))
    with pytest.raises(CorruptState):
        waiting(host.definition, state)


def test_a_token_that_is_given_twice_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="given twice"):
        step(
            parse(BPMN), None, c.Start(), now=running().now, values={"who": ["a", "b"]}, new_token=lambda: TokenId("k")
        )


def test_a_state_names_the_flows_that_were_taken_once_and_in_a_fixed_order() -> None:
    host = running()
    kept = json.loads(host.state or b"")
    assert kept["taken"] == sorted(kept["taken"])
    assert {"start_sub", "s2_a", "a_j"} <= set(kept["taken"])
    assert "j_e2" not in kept["taken"]


@pytest.mark.parametrize("taken", [["a flow of another process"], "start_sub", [7]])
def test_a_state_with_flows_that_the_process_has_not_is_refused(taken: object) -> None:
    host = running()
    host.state = json.dumps(json.loads(host.state or b"") | {"taken": taken}).encode()
    with pytest.raises(CorruptState):
        host.done("z")
