"""Results: what starting, running an action and completing a task report of what came of it."""

import pytest

from engine_bpmn import document, el, flow, path, simple, user
from own_work import BOTH_AT_ONCE, deploy_order
from satchel.actions.access import SightKind
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.results import InstanceSummary, Result
from satchel.model.actor import Actor, Right
from satchel.model.instance import InstanceState, TaskState
from world import World, bundle, fields

CALL = el("callActivity", "call", calledElement="SUB")
FIELDS = fields({"id": "name", "type": "text"})
CALLED = {"code": "SUB", "title": "Sub of {{ name }}", "fields": FIELDS, "start": {"fields": {"name": "edit"}}}
CALLER = {
    "code": "TOP",
    "fields": FIELDS,
    "start": {"fields": {"name": "edit"}},
    "calls": {"call": {"app": "SUB", "in": {"name": "name"}}},
    "tasks": {"a": {"fields": {"name": "edit"}}},
    "actions": {
        10: {"name": "Note", "inputs": ["comment"]},
        20: {"name": "Finish", "task": "a", "inputs": ["name"]},
        30: {"name": "New", "create": True, "inputs": ["name"]},
    },
}
NOTHING = Submission()


async def agree(world: World, result: Result) -> None:
    """Check that a result says what the database has."""
    for said in (result.instance, *result.made):
        kept = (await lifecycle.read(world.context, world.admin, said.id)).instance
        assert said == InstanceSummary(
            id=kept.id, uuid=kept.uuid, identifier=kept.identifier, title=kept.title, state=kept.state
        )
    for task in (result.task, result.next_task):
        if task is not None:
            assert task == await tasks.find(world.context, world.admin, task.id)


async def test_a_start_reports_the_instance_and_the_task_that_its_starter_may_do(world: World) -> None:
    await deploy_order(world)
    starter = await world.add_person("starter", Right.START)
    checker = await world.add_person("checker", Right.START, groups=["buyers"])

    alone = await lifecycle.start(world.context, starter, "ORD", Submission(values={"item": "A"}))
    both = await lifecycle.start(world.context, checker, "ORD", Submission(values={"item": "B"}))

    for result, title in ((alone, "Order of A"), (both, "Order of B")):
        await agree(world, result)
        assert (result.task, result.instance.title, result.made) == (None, title, [])
    assert alone.next_task is None
    assert both.next_task is not None
    assert (both.next_task.element, both.next_task.instance_id) == ("check", both.instance.id)


async def test_a_completion_reports_the_closed_task_and_the_next_one_only_to_who_may_do_it(
    world: World, clerk: Actor, buyer: Actor
) -> None:
    await deploy_order(world)
    await world.set_member("buyers", "clerk", is_member=True)
    found: list[str | None] = []
    for actor in (buyer, await world.actor("clerk")):
        task = await world.take_task(actor, await world.start(clerk, "ORD", item="Desk"))
        result = await tasks.complete(world.context, actor, task, NOTHING, outcome="yes")
        await agree(world, result)
        assert result.task is not None
        assert (result.task.id, result.task.state, result.task.outcome) == (task, TaskState.DONE, "yes")
        found.append(result.next_task.element if result.next_task else None)
    assert found == [None, "pay"]


async def test_a_task_that_was_open_before_comes_first(world: World, clerk: Actor, buyer: Actor) -> None:
    await deploy_order(world, BOTH_AT_ONCE)
    number = await world.start(clerk, "ORD", item="Desk")
    pay = await world.open_task(number, "pay")
    await world.set_member("administration", "buyer", is_member=True)
    buyer = await world.actor("buyer")
    check = await world.take_task(buyer, number, "check")

    result = await tasks.complete(world.context, buyer, check, NOTHING, outcome="no")

    await agree(world, result)
    assert result.next_task == pay
    last = await tasks.complete(world.context, buyer, await world.take_task(buyer, number), NOTHING)
    assert (last.next_task, last.instance.state) == (None, InstanceState.ENDED)


async def test_instances_that_a_change_called_are_reported_with_their_tasks(world: World, clerk: Actor) -> None:
    await world.deploy(bundle(CALLED))
    await world.deploy(bundle(CALLER, simple(user("a"), CALL, user("z"), through=("a", "call", "z"))))
    number = await world.start(clerk, "TOP", name="x")
    task = await world.take_task(clerk, number)

    result = await tasks.complete(world.context, clerk, task, Submission(values={"name": "y"}))

    await agree(world, result)
    assert [(one.identifier, one.title, one.state) for one in result.made] == [
        ("SUB-1", "Sub of y", InstanceState.RUNNING)
    ]
    assert result.next_task is not None
    assert result.next_task.instance_id == result.made[0].id


async def test_an_instance_that_a_completion_called_is_seen_without_values_by_who_completed(
    world: World, clerk: Actor, buyer: Actor
) -> None:
    await world.deploy(bundle(CALLED))
    tasks_of_buyers = {"a": {"assign": {"group": "buyers"}, "fields": {"name": "edit"}}}
    process = simple(user("a"), CALL, through=("a", "call"))
    await world.deploy(bundle({**CALLER, "tasks": tasks_of_buyers}, process))
    task = await world.take_task(buyer, await world.start(clerk, "TOP", name="x"))

    result = await tasks.complete(world.context, buyer, task, NOTHING)
    view = await lifecycle.read(world.context, buyer, result.made[0].id)

    await agree(world, result)
    assert result.next_task is None
    assert (view.sight.kind, view.values, view.instance.parent_id) == (SightKind.OWN, {}, None)
    assert (view.instance.title, len(view.tasks)) == (result.made[0].title, 1)


async def test_an_instance_that_its_own_change_called_and_cancelled_is_reported_as_cancelled(
    world: World, clerk: Actor
) -> None:
    await world.deploy(bundle(CALLED))
    stop = el("endEvent", "stop", "<terminateEventDefinition/>")
    fork = el("parallelGateway", "fork")
    process = document(
        '<startEvent id="start"/>',
        user("a"),
        fork,
        CALL,
        stop,
        path("start", "a", "fork", "call"),
        flow("fork", "stop"),
        el("endEvent", "end"),
        flow("call", "end"),
    )
    await world.deploy(bundle(CALLER, process))
    task = await world.take_task(clerk, await world.start(clerk, "TOP"))

    result = await tasks.complete(world.context, clerk, task, NOTHING)

    await agree(world, result)
    assert (result.instance.state, result.next_task) == (InstanceState.ENDED, None)
    assert [one.state for one in result.made] == [InstanceState.CANCELLED]


@pytest.mark.parametrize(("action", "closed", "following"), [(10, None, "a"), (20, "a", "b")])
async def test_an_action_reports_like_what_it_does(
    world: World, clerk: Actor, action: int, closed: str | None, following: str
) -> None:
    await world.deploy(bundle(CALLED))
    await world.deploy(bundle({**CALLER, "calls": {}}, simple(user("a"), user("b"), through=("a", "b"))))
    number = await world.start(clerk, "TOP", name="x")

    result = await lifecycle.run_action(world.context, clerk, number, action, NOTHING)

    await agree(world, result)
    assert (result.task.element if result.task else None) == closed
    assert result.next_task is not None
    assert (result.instance.id, result.next_task.element) == (number, following)


async def test_an_action_that_creates_reports_what_it_started(world: World, clerk: Actor) -> None:
    await world.deploy(bundle({**CALLER, "calls": {}}))

    result = await lifecycle.run_action(
        world.context, clerk, None, 30, Submission(values={"name": "x"}), app_code="TOP"
    )

    await agree(world, result)
    assert (result.instance.identifier, result.task, result.made) == ("TOP-1", None, [])
    assert result.next_task is not None
    assert result.next_task.state is TaskState.UNASSIGNED
