"""A step reads no clock, no randomness and nothing outside of its arguments."""

import builtins
import io
import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine_bpmn import MESSAGE, NOW, Host, boundary, document, el, flow, message, multi, path, timer, user
from satchel.engine import command as c
from satchel.engine import parse as parse_module
from satchel.engine.parse import Definition

BPMN = document(
    el("startEvent", "start"),
    el("endEvent", "end"),
    el("parallelGateway", "s"),
    el("parallelGateway", "j"),
    el("exclusiveGateway", "m"),
    el("exclusiveGateway", "k"),
    user("a", multi(collection="who", variable="person")),
    user("b"),
    boundary("t", "a", timer("P1D")),
    boundary("n", "b", message(), interrupts=False),
    el("serviceTask", "w"),
    el("exclusiveGateway", "x", default="x_end"),
    path("start", "m", "s", "a", "k", "j", "x", "end"),
    path("s", "b", "j"),
    path("t", "k"),
    path("n", "w", "end"),
    flow("x", "m", 'outcome == "again" and round(amount) > 1 and date(started_at) > date("2026-01-01")'),
    outside=MESSAGE,
)


def one_run(definition: Definition) -> list[object]:
    """Run the process through everything in it, twice round."""
    host = Host(definition=definition, values={"who": ["anna", "ben"], "amount": 2})
    host.send(c.Start())
    states: list[object] = [host.state]
    for element, outcome in [
        ("n", None),
        ("a", None),
        ("w", None),
        ("a", None),
        ("b", "again"),
        ("t", None),
        ("n", None),
        ("b", None),
        ("w", None),
    ]:
        host.done(element, outcome)
        states.append(host.state)
    assert host.status == "ended"
    return [*states, *host.log]


def never(*_arguments: object, **_named: object) -> object:
    raise AssertionError("the engine reached outside of its arguments")


def test_a_run_needs_no_clock_no_randomness_and_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    definition = parse_module.parse(BPMN)
    expected = one_run(definition)
    with monkeypatch.context() as patched:
        for module, names in (
            (time, ("time", "time_ns", "monotonic", "perf_counter")),
            (uuid, ("uuid1", "uuid4")),
            (random, ("random", "randint", "getrandbits")),
            (os, ("urandom", "open", "getenv")),
            (io, ("open",)),
            (builtins, ("open", "eval", "exec")),
        ):
            for name in names:
                patched.setattr(module, name, never)
        found = one_run(definition)
    assert found == expected
    assert NOW.year == 2026


def test_one_definition_runs_in_many_threads_at_once() -> None:
    definition = parse_module.parse(BPMN)
    expected = one_run(definition)
    ready = threading.Barrier(4)

    def run(_: int) -> bool:
        ready.wait()
        return all(one_run(definition) == expected for _ in range(10))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(4)))


def test_parsing_the_same_bytes_gives_a_definition_for_the_same_states() -> None:
    first: Callable[[], list[object]] = lambda: one_run(parse_module.parse(BPMN))  # noqa: E731 - said twice below
    assert first() == first()
