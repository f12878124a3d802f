"""Service tasks that are completed by hand, and incidents."""

from datetime import timedelta

import pytest

from engine_bpmn import ERROR, boundary, el, error, flow, path, simple, timer, user
from satchel.actions.calls import by_hand
from satchel.actions.instances import due, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import IncidentId, InstanceId, JobId
from satchel.model.instance import Incident, InstanceState, TaskState
from world import World, bundle, faults_of, fields

SERVICE = {
    "code": "SRV",
    "fields": fields({"id": "result", "type": "integer"}, {"id": "receipt", "type": "file"}),
    "services": {"s": {"kind": "manual", "inputs": ["result", "receipt"]}},
}
CAUGHT = simple(
    el("serviceTask", "s"),
    boundary("caught", "s", error("err")),
    user("fix"),
    path("caught", "fix"),
    flow("fix", "end", name="fixed"),
    outside=ERROR,
    through=("s",),
)


async def one_call(world: World, actor: Actor) -> JobId:
    found = await by_hand.waiting(world.context, actor, after=0, limit=9)
    assert len(found) == 1
    return found[0].id


async def test_a_service_task_waits_and_takes_its_result_with_files(
    world: World, clerk: Actor, viewer: Actor, stranger: Actor
) -> None:
    await world.deploy(bundle(SERVICE, simple(el("serviceTask", "s"), through=("s",))))
    number = await world.start(clerk, "SRV")
    call = await one_call(world, clerk)
    assert await by_hand.waiting(world.context, stranger, after=0, limit=9) == []
    with pytest.raises(Forbidden):
        await by_hand.finish(world.context, viewer, call, Submission())
    for actor in (stranger, world.rival):
        with pytest.raises(NotFound) as hidden:
            await by_hand.finish(world.context, actor, call, Submission())
        assert hidden.value.members["what"] == "service call"
    with pytest.raises(InvalidValues) as refused:
        await by_hand.finish(world.context, clerk, call, Submission(values={"result": "x", "nothing": 1}))
    assert faults_of(refused.value) == [("nothing", "not_writable"), ("result", "type")]

    ticket = await world.upload(clerk, instance=number, field="receipt")
    await by_hand.finish(world.context, clerk, call, Submission(values={"result": 5, "receipt": ticket}))

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.instance.state, view.values, len(view.files)) == (InstanceState.ENDED, {"result": 5}, 1)
    with pytest.raises(InvalidState):
        await by_hand.finish(world.context, clerk, call, Submission())
    assert [one.state for one in await by_hand.of_instance(world.context, clerk, number)] == ["done"]


async def test_a_service_that_failed_is_caught_by_its_code_or_fails_the_instance(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(SERVICE, CAUGHT))
    caught, failed = await world.start(clerk, "SRV"), await world.start(clerk, "SRV")
    first, second = await by_hand.waiting(world.context, clerk, after=0, limit=9)

    await by_hand.fail(world.context, clerk, first.id, "broken")
    await by_hand.fail(world.context, clerk, second.id, "other")

    assert (await world.open_task(caught)).element == "fix"
    assert (await lifecycle.read(world.context, clerk, failed)).instance.state is InstanceState.FAILED
    kinds = await world.kinds(failed)
    assert kinds == ["instance.started", "service.failed", "instance.failed"]


async def test_a_cancelled_instance_withdraws_its_calls(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(SERVICE, CAUGHT))
    number = await world.start(clerk, "SRV")
    call = await one_call(world, clerk)
    await lifecycle.cancel_instance(world.context, clerk, number, why="")
    with pytest.raises(InvalidState):
        await by_hand.fail(world.context, clerk, call, "broken")


ALWAYS = flow("g", "end").encode()
"""What `simple` draws from a gateway that every flow has to leave by a condition."""

GATEWAY = simple(
    user("a"),
    el("exclusiveGateway", "g"),
    user("b"),
    flow("g", "b", "amount > 10"),
    flow("b", "end", name="after_b"),
    flow("g", "end", "amount <= 10", name="small"),
    through=("a", "g"),
).replace(ALWAYS, b"")


async def open_incidents(world: World, actor: Actor, number: InstanceId | None = None) -> list[Incident]:
    return list(await by_hand.incidents(world.context, actor, instance_id=number, after=0, limit=9))


async def with_gateway(world: World) -> None:
    form = {"fields": {"amount": "edit", "paper": "edit"}}
    declared = fields({"id": "amount", "type": "decimal"}, {"id": "paper", "type": "file"})
    await world.deploy(bundle({"code": "GAT", "fields": declared, "tasks": {"a": form}}, GATEWAY))


async def test_a_condition_that_is_neither_true_nor_false_saves_nothing_and_opens_an_incident(
    world: World, clerk: Actor, stranger: Actor
) -> None:
    await with_gateway(world)
    number = await world.start(clerk, "GAT")
    task = await world.take_task(clerk, number)
    ticket = await world.upload(clerk, task=task, field="paper")
    before = (await lifecycle.read(world.context, clerk, number)).instance

    with pytest.raises(EngineStopped):
        await tasks.complete(world.context, clerk, task, Submission(values={"paper": [ticket]}))

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.instance, view.files) == (before, [])
    assert view.tasks[0].state is TaskState.ASSIGNED
    assert await world.rows("SELECT state FROM uploads WHERE id = %s", ticket) == [("uploaded",)]
    (incident,) = await open_incidents(world, clerk, number)
    assert incident.element in {"g_b", "small", "g"}
    assert "amount" in str(incident.details)
    assert await open_incidents(world, stranger) == []
    with pytest.raises(NotFound):
        await by_hand.retry(world.context, stranger, incident.id)
    with pytest.raises(NotFound):
        await by_hand.retry(world.context, clerk, IncidentId(10**9))

    await tasks.complete(world.context, clerk, task, Submission(values={"paper": [ticket], "amount": 11}))
    assert (await world.open_task(number)).element == "b"
    assert await open_incidents(world, clerk) == []
    with pytest.raises(InvalidState):
        await by_hand.retry(world.context, clerk, incident.id)


async def test_the_same_fault_again_is_one_open_incident(world: World, clerk: Actor) -> None:
    await with_gateway(world)
    number = await world.start(clerk, "GAT")
    task = await world.take_task(clerk, number)
    for _ in range(3):
        with pytest.raises(EngineStopped):
            await tasks.complete(world.context, clerk, task, Submission())
    assert len(await open_incidents(world, clerk, number)) == 1


async def test_a_timer_that_stopped_is_parked_and_due_again_when_its_incident_is_retried(
    world: World, clerk: Actor
) -> None:
    process = simple(
        el("intermediateCatchEvent", "pause", timer("PT1H")),
        el("exclusiveGateway", "g"),
        flow("g", "pause", "amount <= 10", name="small"),
        flow("g", "end", "amount > 10", name="large"),
        through=("pause", "g"),
    ).replace(ALWAYS, b"")
    await world.deploy(bundle({"code": "TIM", "fields": fields({"id": "amount", "type": "decimal"})}, process))
    number = await world.start(clerk, "TIM")
    world.clock.advance(timedelta(hours=1))

    assert await due.run_due(world.context) == 1
    assert await due.run_due(world.context) == 0
    (incident,) = await open_incidents(world, clerk, number)
    await lifecycle.change_values(world.context, clerk, number, Submission(values={"amount": 11}), expected=None)
    await by_hand.retry(world.context, clerk, incident.id)
    assert await due.run_due(world.context) == 1

    assert (await lifecycle.read(world.context, clerk, number)).instance.state is InstanceState.ENDED


async def test_a_late_task_that_cannot_be_failed_is_parked_until_its_incident_is_retried(
    world: World, clerk: Actor
) -> None:
    process = simple(
        user("a"),
        boundary("caught", "a", error(None)),
        el("exclusiveGateway", "g"),
        flow("caught", "g"),
        flow("g", "a", "amount <= 10", name="small"),
        flow("g", "end", "amount > 10", name="large"),
        outside=ERROR,
    )
    form = {"due": "PT1H", "late": "fail"}
    declared = fields({"id": "amount", "type": "decimal"})
    await world.deploy(bundle({"code": "LAT", "fields": declared, "tasks": {"a": form}}, process))
    number = await world.start(clerk, "LAT")
    world.clock.advance(timedelta(hours=1))

    assert await due.run_due(world.context) == 1
    assert await due.run_due(world.context) == 0
    (incident,) = await open_incidents(world, clerk, number)
    await lifecycle.change_values(world.context, clerk, number, Submission(values={"amount": 11}), expected=None)
    await by_hand.retry(world.context, clerk, incident.id)
    assert await due.run_due(world.context) == 1

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.instance.state, view.tasks[0].state) == (InstanceState.ENDED, TaskState.FAILED)
