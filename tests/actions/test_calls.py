"""Call activities: values and files in and out, cancelling down, failing up."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from engine_bpmn import ERROR, boundary, el, error, simple, timer, user
from satchel.actions.calls import by_hand
from satchel.actions.files import attached
from satchel.actions.identity import ceilings
from satchel.actions.instances import due, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped
from satchel.model.ids import InstanceId
from satchel.model.instance import InstanceState
from world import TEXT, World, bundle, fields

CALLER_FIELDS = fields(
    {"id": "want", "type": "text"},
    {"id": "got", "type": "text"},
    {"id": "paper", "type": "file"},
    {"id": "receipt", "type": "file", "max_files": 1},
)
CALLED_FIELDS = fields(
    {"id": "question", "type": "text", "max_length": 10},
    {"id": "answer", "type": "text"},
    {"id": "attached", "type": "file", "max_files": 2},
)
CALLED = {
    "code": "SUB",
    "title": "{{ question }}",
    "fields": CALLED_FIELDS,
    "tasks": {"a": {"fields": {"answer": "require", "attached": "edit"}}},
}
CALLER = {
    "code": "TOP",
    "fields": CALLER_FIELDS,
    "start": {"fields": {"want": "edit", "paper": "edit", "receipt": "edit"}},
    "calls": {
        "call": {
            "app": "SUB",
            "in": {"question": "want", "attached": "paper"},
            "out": {"got": "answer", "receipt": "attached"},
        }
    },
}
CALL = el("callActivity", "call", calledElement="SUB")


async def called(world: World, caller: InstanceId) -> InstanceId:
    waits = (await lifecycle.read(world.context, world.admin, caller)).waits
    assert [(wait.kind, wait.element) for wait in waits] == [("call", "call")]
    assert waits[0].child_id is not None
    return waits[0].child_id


async def deploy(world: World, caller: Mapping[str, object] = CALLER, process: bytes | None = None) -> None:
    await world.deploy(bundle(CALLED))
    await world.deploy(bundle(caller, process or simple(CALL, user("z"), through=("call", "z"))))


async def returned(world: World) -> int:
    """Do the jobs that tell callers, as a worker would, twice each; return how many there were."""
    jobs = await world.rows("SELECT args->>'instance' FROM procrastinate_jobs WHERE task_name = 'call.return'")
    async with world.context.database.write() as tx:
        await tx.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'call.return'")
    for (number,) in jobs:
        for _ in range(2):
            await due.return_call(world.context, world.account, InstanceId(int(str(number))))
    return len(jobs)


async def test_a_called_instance_gets_values_and_files_and_gives_some_back(world: World, clerk: Actor) -> None:
    await deploy(world)
    paper = await world.upload(clerk, app="TOP", field="paper")
    number = await world.start(clerk, "TOP", want="how?", paper=[paper])
    child = await called(world, number)

    below = await lifecycle.read(world.context, clerk, child)
    assert (below.instance.title, below.values, below.instance.parent_id) == ("how?", {"question": "how?"}, number)
    assert [(file.field_id, file.source_file_id, file.digest) for file in below.files] == [
        ("attached", paper, (await world.files(number))[0].digest)
    ]
    assert (await world.storage()).used_bytes == 2 * len(TEXT)

    await world.complete(clerk, child, answer="so")
    assert await returned(world) == 1

    above = await lifecycle.read(world.context, clerk, number)
    assert above.values == {"want": "how?", "got": "so"}
    assert [file.field_id for file in above.files] == ["paper", "receipt"]
    assert (await world.open_task(number)).element == "z"
    assert await world.drift() == []


async def test_a_return_over_the_quota_is_an_incident_that_is_retried_once_there_is_space(
    world: World, clerk: Actor
) -> None:
    await deploy(world)
    paper = await world.upload(clerk, app="TOP", field="paper")
    number = await world.start(clerk, "TOP", want="how?", paper=[paper])
    child = await called(world, number)
    await world.complete(clerk, child, answer="so")
    await ceilings.set_ceiling(world.context, world.account, 2 * len(TEXT))

    assert await returned(world) == 1  # no error that the queue would retry

    (incident,) = await by_hand.incidents(world.context, world.admin, instance_id=number, after=0, limit=9)
    assert (incident.code, incident.element) == ("over_quota", "call")
    assert await called(world, number) == child
    assert (await lifecycle.read(world.context, clerk, number)).values == {"want": "how?"}
    assert await world.drift() == []

    await ceilings.set_ceiling(world.context, world.account, 9 * len(TEXT))
    await by_hand.retry(world.context, world.admin, incident.id)
    assert await returned(world) == 1

    above = await lifecycle.read(world.context, clerk, number)
    assert (above.values["got"], [file.field_id for file in above.files]) == ("so", ["paper", "receipt"])
    assert await by_hand.incidents(world.context, world.admin, instance_id=number, after=0, limit=9) == []


async def test_a_timer_that_meets_the_quota_is_an_incident_that_is_retried_once_there_is_space(
    world: World, clerk: Actor
) -> None:
    await deploy(
        world,
        process=simple(el("intermediateCatchEvent", "t", timer("PT1H")), CALL, user("z"), through=("t", "call", "z")),
    )
    paper = await world.upload(clerk, app="TOP", field="paper")
    number = await world.start(clerk, "TOP", want="how?", paper=[paper])
    await ceilings.set_ceiling(world.context, world.account, len(TEXT))
    world.clock.advance(timedelta(hours=2))

    await due.run_due(world.context)
    world.clock.advance(timedelta(days=1))
    await due.run_due(world.context)

    (incident,) = await by_hand.incidents(world.context, world.admin, instance_id=number, after=0, limit=9)
    assert (incident.code, incident.element) == ("over_quota", "t")
    await ceilings.set_ceiling(world.context, world.account, 9 * len(TEXT))
    await by_hand.retry(world.context, world.admin, incident.id)
    await due.run_due(world.context)
    assert await called(world, number)


async def test_cancelling_the_caller_cancels_what_it_called(world: World, clerk: Actor) -> None:
    await deploy(world)
    number = await world.start(clerk, "TOP", want="x")
    child = await called(world, number)

    await lifecycle.cancel_instance(world.context, clerk, number, why="enough")

    assert (await lifecycle.read(world.context, clerk, child)).instance.state is InstanceState.CANCELLED
    await returned(world)
    assert (await lifecycle.read(world.context, clerk, number)).instance.state is InstanceState.CANCELLED


@pytest.mark.parametrize("is_caught", [True, False])
@pytest.mark.parametrize("how", ["cancelled", "deleted", "deleted after its end"])
async def test_a_called_instance_that_does_not_end_well_fails_its_caller(
    world: World, clerk: Actor, how: str, *, is_caught: bool
) -> None:
    caught = (
        boundary("caught", "call", error(None)),
        user("mend"),
        '<sequenceFlow id="f1" sourceRef="caught" targetRef="mend"/>',
        '<sequenceFlow id="f2" sourceRef="mend" targetRef="end"/>',
    )
    await deploy(world, process=simple(CALL, *(caught if is_caught else ()), outside=ERROR, through=("call",)))
    number = await world.start(clerk, "TOP", want="x")
    child = await called(world, number)

    if how == "cancelled":
        await lifecycle.cancel_instance(world.context, clerk, child, why="no")
    elif how == "deleted":
        await lifecycle.delete(world.context, clerk, child, expected=None)
    else:
        await world.complete(clerk, child, answer="so")
        await lifecycle.delete(world.context, clerk, child, expected=None)
    assert (await lifecycle.read(world.context, clerk, number)).instance.is_running
    assert await returned(world) == 1

    view = await lifecycle.read(world.context, clerk, number)
    if is_caught:
        assert (await world.open_task(number)).element == "mend"
    else:
        assert view.instance.state is InstanceState.FAILED
    assert view.waits == []


async def test_an_app_that_is_not_there_is_an_incident_and_the_next_try_works(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(CALLER, simple(user("a"), CALL, through=("a", "call"))))
    number = await world.start(clerk, "TOP", want="x")

    with pytest.raises(EngineStopped):
        await world.complete(clerk, number)

    found = await by_hand.incidents(world.context, clerk, instance_id=number, after=0, limit=9)
    assert [(one.code, one.element) for one in found] == [("unknown_app", "call")]
    task = await world.open_task(number)
    assert task.is_open
    await world.deploy(bundle(CALLED))
    await tasks.complete(world.context, clerk, task.id, Submission())
    assert await by_hand.incidents(world.context, clerk, instance_id=number, after=0, limit=9) == []
    await called(world, number)


async def test_mapped_values_keep_to_the_limits_of_the_called_app(world: World, clerk: Actor) -> None:
    await deploy(world)
    with pytest.raises(EngineStopped) as stopped:
        await world.start(clerk, "TOP", want="longer than ten")
    assert stopped.value.reason == "values_refused"
    assert "question" in stopped.value.message
    papers = [await world.upload(clerk, app="TOP", field="paper") for _ in range(3)]
    with pytest.raises(EngineStopped) as stopped:
        await world.start(clerk, "TOP", want="x", paper=papers)
    assert "attached" in stopped.value.message
    assert await world.rows("SELECT FROM instances") == []
    assert await world.drift() == []


async def test_a_return_that_does_not_fit_is_an_incident_and_returns_again_when_retried(
    world: World, clerk: Actor
) -> None:
    await deploy(world)
    number = await world.start(clerk, "TOP", want="x")
    child = await called(world, number)
    tickets = [await world.upload(clerk, instance=child, field="attached") for _ in range(2)]
    await lifecycle.change_values(world.context, clerk, child, Submission(values={"attached": tickets}), expected=None)
    await world.complete(clerk, child, answer="so")
    await returned(world)
    found = await by_hand.incidents(world.context, clerk, instance_id=number, after=0, limit=9)
    assert [(one.code, one.element) for one in found] == [("values_refused", "call")]

    await attached.delete(world.context, clerk, (await world.files(child))[0].id)
    await by_hand.retry(world.context, clerk, found[0].id)
    assert await returned(world) == 1

    assert (await world.open_task(number)).element == "z"
    assert [file.field_id for file in await world.files(number)] == ["receipt"]


async def test_apps_that_call_each_other_in_a_circle_are_stopped(world: World, clerk: Actor) -> None:
    manifest = {"code": "SELF", "calls": {"call": {"app": "SELF"}}}
    await world.deploy(bundle(manifest, simple(el("callActivity", "call", calledElement="SELF"), through=("call",))))

    with pytest.raises(EngineStopped) as stopped:
        await world.start(clerk, "SELF")

    assert stopped.value.reason == "calls_too_deep"
    assert await world.rows("SELECT FROM instances") == []
