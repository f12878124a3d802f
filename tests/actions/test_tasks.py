"""Tasks: offered, claimed, assigned, begun, saved, completed, late."""

from datetime import timedelta

import pytest

from engine_bpmn import ERROR, boundary, error, simple, timer, user
from satchel.actions.instances import due, lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidState, InvalidValues, NotFound, PreconditionFailed
from satchel.model.ids import InstanceId, UserId
from satchel.model.instance import InstanceState, TaskState
from world import World, bundle, faults_of, fields

NOTHING = Submission()


async def started(world: World, actor: Actor, form: dict[str, object], process: bytes | None = None) -> InstanceId:
    """Start an app whose task `a` has a form."""
    declared = fields(
        {"id": "seen", "type": "text"},
        {"id": "open", "type": "text"},
        {"id": "needed", "type": "integer"},
        {"id": "hidden", "type": "text"},
    )
    access = {"seen": "edit", "open": "edit", "needed": "edit", "hidden": "edit"}
    manifest = {"code": "TST", "fields": declared, "start": {"fields": access}, "tasks": {"a": form}}
    await world.deploy(bundle(manifest, process))
    return await world.start(actor, "TST", seen="s", hidden="h")


FORM: dict[str, object] = {
    "assign": {"group": "buyers"},
    "fields": {"seen": "read", "open": "edit", "needed": "require", "hidden": "hide"},
}


async def state(world: World, instance: InstanceId) -> TaskState:
    view = await lifecycle.read(world.context, world.admin, instance)
    return view.tasks[-1].state


async def test_a_task_is_offered_to_its_group_and_held_by_one(world: World, clerk: Actor, buyer: Actor) -> None:
    number = await started(world, clerk, FORM)
    task = await world.open_task(number)
    assert [one.id for one in await tasks.offered(world.context, buyer, after=0, limit=9)] == [task.id]
    assert await tasks.offered(world.context, clerk, after=0, limit=9) == []
    with pytest.raises(Forbidden):
        await tasks.claim(world.context, clerk, task.id)

    await tasks.claim(world.context, buyer, task.id)

    assert await tasks.offered(world.context, buyer, after=0, limit=9) == []
    assert [one.id for one in await tasks.mine(world.context, buyer, after=0, limit=9)] == [task.id]
    assert await state(world, number) is TaskState.ASSIGNED
    with pytest.raises(InvalidState, match="already yours"):
        await tasks.claim(world.context, buyer, task.id)

    await tasks.arrive(world.context, buyer, task.id)
    assert await state(world, number) is TaskState.ARRIVED
    with pytest.raises(InvalidState):
        await tasks.arrive(world.context, buyer, task.id)

    await tasks.release(world.context, buyer, task.id)
    assert await state(world, number) is TaskState.UNASSIGNED


async def test_a_task_is_unknown_to_whom_it_is_neither_offered_nor_shown(
    world: World, clerk: Actor, stranger: Actor
) -> None:
    number = await started(world, clerk, FORM)
    task = await world.open_task(number)
    for actor in (stranger, world.rival):
        for act in (tasks.read, tasks.claim, tasks.release, tasks.arrive):
            with pytest.raises(NotFound):
                await act(world.context, actor, task.id)
        with pytest.raises(NotFound):
            await tasks.complete(world.context, actor, task.id, NOTHING)


async def test_only_the_holder_saves_and_completes(world: World, clerk: Actor, buyer: Actor) -> None:
    number = await started(world, clerk, FORM)
    task = await world.open_task(number)
    for actor in (clerk, buyer):
        with pytest.raises(Forbidden):
            await tasks.save(world.context, actor, task.id, NOTHING)
        with pytest.raises(Forbidden):
            await tasks.complete(world.context, actor, task.id, Submission(values={"needed": 1}))


async def test_a_manager_assigns_and_releases_what_others_hold(
    world: World, clerk: Actor, buyer: Actor, manager: Actor
) -> None:
    number = await started(world, clerk, FORM)
    task = await world.open_task(number)
    with pytest.raises(InvalidValues):
        await tasks.assign(world.context, manager, task.id, UserId(10**9))
    assert world.rival.user_id is not None
    with pytest.raises(InvalidValues):
        await tasks.assign(world.context, manager, task.id, world.rival.user_id)

    await tasks.assign(world.context, manager, task.id, world.people["clerk"])
    assert [one.id for one in await tasks.mine(world.context, clerk, after=0, limit=9)] == [task.id]
    with pytest.raises(NotFound):
        await tasks.assign(world.context, buyer, task.id, world.people["buyer"])
    await tasks.assign(world.context, clerk, task.id, world.people["buyer"])
    await tasks.release(world.context, manager, task.id)

    assert await state(world, number) is TaskState.UNASSIGNED


async def test_a_form_shows_reads_takes_and_hides_by_its_access(world: World, clerk: Actor, buyer: Actor) -> None:
    number = await started(world, clerk, FORM)
    task = await world.take_task(buyer, number)

    assert (await tasks.read(world.context, buyer, task)).values == {"seen": "s"}
    given = {"seen": "x", "hidden": "x", "nothing": "x", "open": "fine"}
    with pytest.raises(InvalidValues) as refused:
        await tasks.complete(world.context, buyer, task, Submission(values=given))

    assert faults_of(refused.value) == [
        ("seen", "not_writable"),
        ("hidden", "not_writable"),
        ("nothing", "not_writable"),
        ("needed", "required"),
    ]
    assert (await lifecycle.read(world.context, clerk, number)).values == {"seen": "s", "hidden": "h"}


async def test_a_plain_save_leaves_gaps_and_completing_does_not(world: World, clerk: Actor, buyer: Actor) -> None:
    number = await started(world, clerk, FORM)
    task = await world.take_task(buyer, number)

    await tasks.save(world.context, buyer, task, Submission(values={"open": "half"}))
    with pytest.raises(InvalidValues) as refused:
        await tasks.complete(world.context, buyer, task, NOTHING)
    assert faults_of(refused.value) == [("needed", "required")]
    await tasks.complete(world.context, buyer, task, Submission(values={"needed": "7"}, comment="Done."))

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.values["open"], view.values["needed"]) == ("half", 7)
    assert (view.instance.state, view.tasks[0].state) == (InstanceState.ENDED, TaskState.DONE)
    assert view.tasks[0].closed_by == world.people["buyer"]
    assert (await world.kinds(number))[-4:] == ["task.saved", "task.completed", "comment", "instance.ended"]
    with pytest.raises(InvalidState):
        await tasks.complete(world.context, buyer, task, Submission(values={"needed": "7"}))


async def test_a_change_made_for_another_revision_is_refused(world: World, clerk: Actor, buyer: Actor) -> None:
    number = await started(world, clerk, FORM)
    task = await world.take_task(buyer, number)
    seen = (await tasks.read(world.context, buyer, task)).task.revision
    await tasks.save(world.context, buyer, task, Submission(values={"open": "1"}), expected=seen)

    for act in (tasks.save, tasks.complete):
        with pytest.raises(PreconditionFailed):
            await act(world.context, buyer, task, Submission(values={"needed": 1}), expected=seen)
    await tasks.complete(world.context, buyer, task, Submission(values={"needed": 1}), expected=seen + 1)


@pytest.mark.parametrize(
    ("outcome", "late", "expected"),
    [
        ("good", False, TaskState.DONE),
        ("good", True, TaskState.DELAYED),
        ("bad", False, TaskState.FAULTY),
        ("bad", True, TaskState.FAULTY),
    ],
)
async def test_how_a_task_ends_depends_on_its_outcome_and_due_time(
    world: World, clerk: Actor, outcome: str, *, late: bool, expected: TaskState
) -> None:
    outcomes = [{"id": "good", "label": "Good"}, {"id": "bad", "label": "Bad", "fault": True}]
    number = await started(world, clerk, {"due": "PT1H", "outcomes": outcomes})
    task = await world.take_task(clerk, number)
    world.clock.advance(timedelta(hours=1, seconds=late))
    for wrong in (None, "ugly"):
        with pytest.raises(InvalidValues):
            await tasks.complete(world.context, clerk, task, NOTHING, outcome=wrong)

    await tasks.complete(world.context, clerk, task, NOTHING, outcome=outcome)

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.tasks[0].state, view.tasks[0].outcome) == (expected, outcome)


async def test_a_task_without_outcomes_takes_none(world: World, clerk: Actor) -> None:
    number = await started(world, clerk, {})
    task = await world.take_task(clerk, number)
    with pytest.raises(InvalidValues):
        await tasks.complete(world.context, clerk, task, NOTHING, outcome="good")


async def test_a_late_task_fails_and_with_it_the_instance(world: World, clerk: Actor) -> None:
    number = await started(world, clerk, {"due": "PT1H", "late": "fail"})
    assert await due.run_due(world.context) == 0

    world.clock.advance(timedelta(hours=1))
    assert await due.run_due(world.context) == 1

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.instance.state, view.tasks[0].state) == (InstanceState.FAILED, TaskState.FAILED)
    assert await due.run_due(world.context) == 0


async def test_a_boundary_event_catches_that_a_task_was_late(world: World, clerk: Actor) -> None:
    process = simple(
        user("a"),
        boundary("caught", "a", error(None)),
        user("after"),
        '<sequenceFlow id="f1" sourceRef="caught" targetRef="after"/>',
        '<sequenceFlow id="f2" sourceRef="after" targetRef="end"/>',
        outside=ERROR,
    )
    number = await started(world, clerk, {"due": "PT1H", "late": "fail"}, process)
    world.clock.advance(timedelta(hours=1))

    await due.run_due(world.context)

    assert (await world.open_task(number)).element == "after"
    view = await lifecycle.read(world.context, clerk, number)
    assert [task.state for task in view.tasks] == [TaskState.FAILED, TaskState.UNASSIGNED]


async def test_a_boundary_timer_ends_its_task_as_failed(world: World, clerk: Actor) -> None:
    process = simple(
        user("a"),
        boundary("clock", "a", timer("PT2H")),
        user("after"),
        '<sequenceFlow id="f1" sourceRef="clock" targetRef="after"/>',
        '<sequenceFlow id="f2" sourceRef="after" targetRef="end"/>',
    )
    number = await started(world, clerk, {}, process)
    task = await world.take_task(clerk, number)
    world.clock.advance(timedelta(hours=2))

    assert await due.run_due(world.context) == 1
    assert await due.run_due(world.context) == 0

    view = await lifecycle.read(world.context, clerk, number)
    assert [one.state for one in view.tasks] == [TaskState.FAILED, TaskState.UNASSIGNED]
    with pytest.raises(InvalidState):
        await tasks.complete(world.context, clerk, task, NOTHING)
    assert "timer.fired" in await world.kinds(number)


async def test_a_task_goes_to_whom_its_app_names(world: World, clerk: Actor) -> None:
    who = [
        ({"starter": True}, world.people["clerk"]),
        ({"user": "buyer@acme.example"}, world.people["buyer"]),
        ({"field": "who"}, world.people["viewer"]),
    ]
    declared = fields({"id": "who", "type": "user"})
    for assign, holder in who:
        manifest = {
            "code": "TST",
            "fields": declared,
            "start": {"fields": {"who": "edit"}},
            "tasks": {"a": {"assign": assign}},
        }
        await world.deploy(bundle(manifest))
        number = await world.start(clerk, "TST", who=world.people["viewer"])
        task = await world.open_task(number)
        assert (task.holder_id, task.state) == (holder, TaskState.ASSIGNED)


async def test_a_task_whose_field_names_nobody_is_offered_to_those_who_may_start(world: World, clerk: Actor) -> None:
    declared = fields({"id": "who", "type": "user"}, {"id": "team", "type": "group"})
    manifest = {
        "code": "TST",
        "fields": declared,
        "start": {"fields": {"team": "edit"}},
        "tasks": {"a": {"assign": {"field": "who"}}, "b": {"assign": {"field": "team"}}},
    }
    await world.deploy(bundle(manifest, simple(user("a"), user("b"), through=("a", "b"))))
    number = await world.start(clerk, "TST", team=world.groups["buyers"])

    first = await world.open_task(number)
    assert (first.holder_id, first.group_id) == (None, None)
    await world.complete(clerk, number)
    assert (await world.open_task(number)).group_id == world.groups["buyers"]
