"""A boundary event for an error that nothing in its activity throws is a warning."""

from dataclasses import replace
from datetime import timedelta

import pytest

from engine_bpmn import boundary, el, error, flow, multi, path, simple, user
from satchel.engine.check import check
from satchel.engine.thrown import Thrown
from satchel.model.app import Assignment, CallActivity, Manifest, Service, StartForm, TaskForm
from satchel.model.ids import ElementId
from satchel.model.services import FilesTask, OnFailure

CODES = ("late", "service_failed", "call_failed", "E1", "E2")
OUTSIDE = "".join(f'<error id="{code}" errorCode="{code}"/>' for code in CODES)
COPY = FilesTask(move=False, source=None, target=None, replace=False, rename=None)
EMPTY = Manifest(
    code="EVA",
    name="",
    category="",
    description="",
    title="",
    fields=(),
    start=StartForm(fields={}),
    tasks={},
    services={},
    calls={},
    messages={},
    actions={},
)
LATE = TaskForm(assign=Assignment(), fields={}, due=timedelta(days=1), fail_when_late=True)


def manifest(*, late: bool = False, service: Service | None = None, calls: str | None = None) -> Manifest:
    return replace(
        EMPTY,
        tasks={ElementId("a"): LATE if late else replace(LATE, fail_when_late=False)},
        services={ElementId("s"): service} if service else {},
        calls={ElementId("c"): CallActivity(app=calls, into={}, out={})} if calls else {},
    )


def does_it_itself(on_failure: OnFailure) -> Service:
    return Service(kind="files", inputs=(), settings={}, task=COPY, on_failure=on_failure)


def warned(
    host: str, codes: tuple[str | None, ...], given: Manifest, called: dict[str, Thrown] | None = None
) -> list[str | None]:
    """Return the codes of the boundary events on the element `host` that are warned of."""
    caught: list[str] = []
    for number, code in enumerate(codes):
        caught += [boundary(f"b{number}", _id(host), error(code)), flow(f"b{number}", "end", name=f"z{number}")]
    found = check(simple(host, *caught, through=(_id(host),), outside=OUTSIDE), given, called or {})
    never = [one for one in found if one.code == "error_not_thrown"]
    assert all(one.severity == "warning" and one.line for one in never)
    return [codes[int(str(one.element)[1:])] for one in never if str(one.element).startswith("b")]


def _id(element: str) -> str:
    return element.split('"')[1]


def inside(*parts: str, through: tuple[str, ...]) -> str:
    """Return a subprocess `p` that goes through elements."""
    begin, end = el("startEvent", "p_start"), el("endEvent", "p_end")
    return el("subProcess", "sub", begin, end, path("p_start", *through, "p_end"), *parts)


THROWS = el("endEvent", "x", error("E1"))
FORK = el("parallelGateway", "g") + path("g", "x") + THROWS


def test_a_user_task_throws_late_where_its_app_has_it_fail() -> None:
    assert warned(user("a"), ("late", "E1"), manifest(late=True)) == ["E1"]
    assert warned(user("a", multi(cardinality="2")), (None, "late"), manifest(late=True)) == []
    assert warned(user("a"), ("late", None), manifest()) == ["late", None]


@pytest.mark.parametrize("tag", ["serviceTask", "sendTask"])
def test_a_service_task_throws_one_code_unless_programs_do_it(tag: str) -> None:
    task = el(tag, "s")
    assert warned(task, ("service_failed", "E1"), manifest(service=does_it_itself(OnFailure.ERROR))) == ["E1"]
    assert warned(task, ("service_failed",), manifest(service=does_it_itself(OnFailure.INCIDENT))) == ["service_failed"]
    assert warned(task, ("E1", "E2"), manifest(service=Service(kind="manual", inputs=(), settings={}))) == []


def test_a_call_throws_what_its_app_does_and_that_it_was_cancelled() -> None:
    call = el("callActivity", "c", calledElement="KID")
    known = {"KID": Thrown(codes=frozenset({"E1"}))}
    assert warned(call, ("E1", "E2", "call_failed", None), manifest(calls="KID"), known) == ["E2"]
    assert warned(call, ("E1", "E2"), manifest(calls="KID")) == []
    partly = {"KID": Thrown(codes=frozenset({"E1"}), is_complete=False)}
    assert warned(call, ("E1", "E2"), manifest(calls="KID"), partly) == []


def test_a_subprocess_throws_what_is_in_it_and_not_caught_in_it() -> None:
    assert warned(inside(FORK, through=("g",)), ("E1", "E2", None), manifest()) == ["E2"]
    assert warned(inside(user("a"), through=("a",)), ("late", "E1"), manifest(late=True)) == ["E1"]
    ends = el("endEvent", "d_end") + flow("g", "d_end")
    deep = el("subProcess", "deep", el("startEvent", "d_start"), path("d_start", "g"), FORK, ends)
    for code, left in (("E1", ["E1"]), ("E2", []), (None, ["E1"])):
        caught = boundary("caught", "deep", error(code)) + flow("caught", "p_end", name="caught_end")
        assert warned(inside(deep, caught, through=("deep",)), ("E1",), manifest()) == left
