"""Errors that end called instances: each reaches the caller with its code, as one of an embedded subprocess does."""

from collections.abc import Mapping, Sequence

import pytest

from engine_bpmn import boundary, document, el, flow, multi, path, simple, user
from satchel.actions.apps import deploying
from satchel.actions.calls import by_hand
from satchel.actions.instances import due, lifecycle
from satchel.model.actor import Actor
from satchel.model.errors import Finding
from satchel.model.ids import InstanceId
from satchel.model.instance import Incident, InstanceState
from world import World, bundle

ERRORS = "".join(f'<error id="er{n}" name="E {n}" errorCode="E{n}"/>' for n in (1, 2)) + (
    '<error id="failed" name="F" errorCode="call_failed"/>'
)
BEGIN, END = '<startEvent id="start"/>', '<endEvent id="end"/>'
THROWN = el("endEvent", "thrown", '<errorEventDefinition errorRef="er1"/>')


def throwing(*elements: str) -> bytes:
    """Return a process that goes through elements to an error end event E1."""
    names = [element.split('"')[1] for element in elements]
    return document(BEGIN, THROWN, path("start", *names, "thrown"), *elements, outside=ERRORS)


def calling(app: str, *caught: str | None, inner: str = "") -> bytes:
    """Return a process that calls an app, with a task `on_CODE` behind a boundary event for each code."""
    parts: list[str] = []
    for code in caught:
        name = code or "any"
        reference = "failed" if code == "call_failed" else (code or "").replace("E", "er")
        what = f'<errorEventDefinition errorRef="{reference}"/>' if code else "<errorEventDefinition/>"
        parts += [boundary(f"b_{name}", "c", what), user(f"on_{name}"), path(f"b_{name}", f"on_{name}")]
        parts += [flow(f"on_{name}", "end", name=f"z_{name}")]
    return simple(el("callActivity", "c", inner, calledElement=app), *parts, outside=ERRORS, through=("c",))


def app(code: str, process: bytes, calls: str | None = None, **manifest: object) -> dict[str, bytes]:
    called = {"calls": {"c": {"app": calls}}} if calls else {}
    return bundle({"code": code, **called, **manifest}, process)


async def returned(world: World) -> None:
    """Do the jobs that tell callers until there are no more."""
    while jobs := await world.rows("SELECT args->>'instance' FROM procrastinate_jobs WHERE task_name = 'call.return'"):
        async with world.context.database.write() as tx:
            await tx.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'call.return'")
        for (number,) in jobs:
            await due.return_call(world.context, world.account, InstanceId(int(str(number))))


async def children(world: World, caller: InstanceId) -> list[InstanceId]:
    waits = (await lifecycle.read(world.context, world.admin, caller)).waits
    return sorted(wait.child_id for wait in waits if wait.child_id is not None)


async def incidents(world: World, instance: InstanceId) -> Sequence[Incident]:
    return await by_hand.incidents(world.context, world.admin, instance_id=instance, after=0, limit=9)


async def state(world: World, instance: InstanceId) -> InstanceState:
    return (await lifecycle.read(world.context, world.admin, instance)).instance.state


async def failure(world: World, instance: InstanceId) -> Mapping[str, object]:
    history = await lifecycle.history(world.context, world.admin, instance, after=0, limit=99)
    return next(event.data for event in history if event.kind == "instance.failed")


@pytest.mark.parametrize(
    ("caught", "at"),
    [
        (("E1",), "on_E1"),
        ((None,), "on_any"),
        (("call_failed",), "on_call_failed"),
        ((None, "E2", "call_failed", "E1"), "on_E1"),
        ((None, "E2", "call_failed"), "on_call_failed"),
        ((None, "E2"), "on_any"),
    ],
)
async def test_the_code_of_a_called_process_reaches_the_boundary_event_for_it(
    world: World, clerk: Actor, caught: Sequence[str | None], at: str
) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    await world.deploy(app("PAR", calling("KID", *caught), "KID"))
    number = await world.start(clerk, "PAR")
    (kid,) = await children(world, number)

    await world.complete(clerk, kid)
    await returned(world)

    assert await state(world, kid) is InstanceState.FAILED
    assert (await world.open_task(number)).element == at
    assert list(await incidents(world, number)) == []
    assert list(await incidents(world, kid)) == []


@pytest.mark.parametrize("caught", [(), ("E2",)])
async def test_an_error_that_nothing_catches_keeps_its_code_in_the_callers_incident(
    world: World, clerk: Actor, caught: Sequence[str]
) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    await world.deploy(app("PAR", calling("KID", *caught), "KID"))
    number = await world.start(clerk, "PAR")
    (kid,) = await children(world, number)

    await world.complete(clerk, kid)
    await returned(world)

    assert await state(world, number) is InstanceState.FAILED
    assert (await failure(world, number))["code"] == "E1"
    (found,) = await incidents(world, number)
    assert (found.code, found.element) == ("E1", "c")
    assert "E1" in found.message
    await by_hand.retry(world.context, clerk, found.id)
    assert list(await incidents(world, number)) == []
    assert await state(world, number) is InstanceState.FAILED


async def test_an_error_goes_up_through_calls_of_calls_to_the_first_that_catches_it(world: World, clerk: Actor) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    await world.deploy(app("MID", calling("KID", "E2"), "KID"))
    await world.deploy(app("PAR", calling("MID", "E1"), "MID"))
    number = await world.start(clerk, "PAR")
    (middle,) = await children(world, number)
    (kid,) = await children(world, middle)

    await world.complete(clerk, kid)
    await returned(world)

    assert (await world.open_task(number)).element == "on_E1"
    assert (await failure(world, middle))["code"] == "E1"
    assert list(await incidents(world, middle)) == []  # it was caught above


async def test_an_error_that_nothing_catches_goes_up_to_the_first_caller(world: World, clerk: Actor) -> None:
    await world.deploy(app("KID", throwing()))
    await world.deploy(app("MID", calling("KID"), "KID"))
    await world.deploy(app("PAR", calling("MID"), "MID"))
    number = await world.start(clerk, "PAR")

    await returned(world)

    assert [(found.code, found.element) for found in await incidents(world, number)] == [("E1", "c")]
    assert await world.rows("SELECT count(*) FROM incidents") == [(1,)]


@pytest.mark.parametrize("sequential", [True, False])
async def test_one_of_several_called_instances_ends_them_all_by_its_code(
    world: World, clerk: Actor, *, sequential: bool
) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    inner = multi(cardinality="3", sequential=sequential)
    await world.deploy(app("PAR", calling("KID", None, "E1", inner=inner), "KID"))
    number = await world.start(clerk, "PAR")
    kids = await children(world, number)
    assert len(kids) == (1 if sequential else 3)

    await world.complete(clerk, kids[-1])
    await returned(world)

    assert (await world.open_task(number)).element == "on_E1"
    assert [await state(world, kid) for kid in kids[:-1]] == [InstanceState.CANCELLED] * (len(kids) - 1)
    assert await state(world, kids[-1]) is InstanceState.FAILED


async def test_an_error_keeps_its_code_when_the_called_instance_is_deleted_before_its_caller_hears_of_it(
    world: World, clerk: Actor
) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    await world.deploy(app("PAR", calling("KID", None, "E1"), "KID"))
    number = await world.start(clerk, "PAR")
    (kid,) = await children(world, number)

    await world.complete(clerk, kid)
    await lifecycle.delete(world.context, clerk, kid, expected=None)
    await returned(world)

    assert (await world.open_task(number)).element == "on_E1"


async def test_a_called_instance_that_is_cancelled_has_no_code_of_its_own(world: World, clerk: Actor) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    await world.deploy(app("PAR", calling("KID", "E1", "call_failed"), "KID"))
    number = await world.start(clerk, "PAR")
    (kid,) = await children(world, number)

    await lifecycle.cancel_instance(world.context, clerk, kid, why="a test")
    await returned(world)

    assert (await world.open_task(number)).element == "on_call_failed"


async def warnings(world: World, files: Mapping[str, bytes]) -> list[Finding]:
    deployed = await deploying.deploy(world.context, world.admin, files)
    return [found for found in deployed.warnings if found.code == "error_not_thrown"]


@pytest.mark.parametrize(
    ("caught", "warned"),
    [(("E1", "call_failed", None), []), (("E2",), ["b_E2"]), (("E1", "E2"), ["b_E2"]), ((None,), [])],
)
async def test_deploying_warns_of_a_code_that_the_called_app_cannot_throw(
    world: World, caught: Sequence[str | None], warned: list[str]
) -> None:
    await world.deploy(app("KID", throwing(user("k"))))
    process = calling("KID", *caught)

    found = await warnings(world, app("PAR", process, "KID"))

    assert [one.element for one in found] == warned
    for one in found:
        assert "E2" in one.message
        assert "call_failed, " in one.message or "E1, " in one.message
        assert one.line == next(n for n, line in enumerate(process.decode().splitlines(), 1) if 'id="b_E2"' in line)


async def test_an_app_that_is_not_there_and_a_circle_of_calls_may_throw_anything(world: World) -> None:
    assert await warnings(world, app("PAR", calling("KID", "E2"), "KID")) == []
    await world.deploy(app("KID", calling("PAR"), "PAR"))
    assert await warnings(world, app("PAR", calling("KID", "E2"), "KID")) == []


async def test_what_a_called_app_catches_itself_or_lets_pass_from_those_it_calls_is_known(world: World) -> None:
    await world.deploy(app("KID", throwing()))
    await world.deploy(app("MID", calling("KID"), "KID"))
    assert await warnings(world, app("PAR", calling("MID", "E1"), "MID")) == []
    await world.deploy(app("MID", calling("KID", "E1"), "KID"))
    (found,) = await warnings(world, app("PAR", calling("MID", "E1"), "MID"))
    assert found.element == "b_E1"
