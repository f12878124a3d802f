"""An app's own actions: fields and files from outside, completing a task, starting an instance."""

import pytest

from engine_bpmn import simple, user
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.instance import InstanceState
from world import World, bundle, faults_of, fields

MANIFEST = {
    "code": "ACT",
    "fields": fields({"id": "note", "type": "text"}, {"id": "paper", "type": "file"}, {"id": "other", "type": "text"}),
    "start": {"fields": {"note": "edit", "paper": "edit"}},
    "tasks": {
        "a": {
            "fields": {"note": "require", "other": "edit"},
            "outcomes": [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}],
        }
    },
    "actions": {
        10: {"name": "Comment", "inputs": ["comment"], "areas": [{"name": "Documents"}]},
        20: {
            "name": "Approve",
            "task": "a",
            "outcome": "yes",
            "inputs": ["comment", "note"],
            "areas": [{"name": "Documents", "required": True}, {"name": "Pictures"}],
        },
        30: {"name": "New", "create": True, "inputs": ["note", "paper"]},
    },
}


async def deploy(world: World) -> None:
    await world.deploy(bundle(MANIFEST, simple(user("a"), user("b"), through=("a", "b"))))


async def test_files_of_an_action_go_to_the_tab_under_their_area_all_or_none(world: World, clerk: Actor) -> None:
    await deploy(world)
    number = await world.start(clerk, "ACT", note="x")
    good = await world.upload(clerk, instance=number, area="Documents")
    stray = await world.upload(clerk, instance=number, area="Elsewhere")

    with pytest.raises(InvalidValues) as refused:
        await lifecycle.run_action(world.context, clerk, number, 10, Submission(attachments=[good, stray]))
    assert faults_of(refused.value) == [("attachments", "unknown_area")]
    assert await world.files(number) == []

    given = Submission(values={"comment": "See there."}, attachments=[good])
    done = await lifecycle.run_action(world.context, clerk, number, 10, given)
    assert (done.instance.id, done.task) == (number, None)
    assert [(file.id, file.area, file.field_id) for file in await world.files(number)] == [(good, "Documents", None)]
    assert (await world.kinds(number))[-2:] == ["action.run", "comment"]


async def test_an_action_completes_its_task_with_its_outcome(world: World, clerk: Actor) -> None:
    await deploy(world)
    number = await world.start(clerk, "ACT", note="x")
    with pytest.raises(InvalidValues) as refused:
        await lifecycle.run_action(world.context, clerk, number, 20, Submission(values={"other": "x"}))
    assert faults_of(refused.value) == [("other", "not_writable"), ("attachments", "required")]
    ticket = await world.upload(clerk, instance=number, area="Documents")

    given = Submission(values={"note": "fine", "comment": "ok"}, attachments=[ticket])
    await lifecycle.run_action(world.context, clerk, number, 20, given)

    view = await lifecycle.read(world.context, clerk, number)
    assert view.values == {"note": "fine"}
    assert (view.tasks[0].outcome, view.tasks[0].closed_by) == ("yes", clerk.user_id)
    assert (await world.open_task(number)).element == "b"
    with pytest.raises(InvalidState):
        await lifecycle.run_action(world.context, clerk, number, 20, given)


async def test_an_action_that_creates_starts_an_instance(world: World, clerk: Actor) -> None:
    await deploy(world)
    number = await world.start(clerk, "ACT", note="x")
    ticket = await world.upload(clerk, app="ACT", field="paper")

    given = Submission(values={"note": "new", "paper": [ticket]})
    made = (await lifecycle.run_action(world.context, clerk, None, 30, given, app_code="ACT")).instance.id
    given = Submission(values={"note": "beside"})
    beside = (await lifecycle.run_action(world.context, clerk, number, 30, given)).instance.id

    assert len({number, made, beside}) == 3
    assert [file.id for file in await world.files(made)] == [ticket]
    assert (await lifecycle.read(world.context, clerk, beside)).values == {"note": "beside"}
    with pytest.raises(InvalidState):
        await lifecycle.run_action(world.context, clerk, None, 10, Submission(), app_code="ACT")


async def test_actions_need_the_right_to_modify_and_a_running_instance(
    world: World, clerk: Actor, viewer: Actor, stranger: Actor
) -> None:
    await deploy(world)
    number = await world.start(clerk, "ACT", note="x")
    with pytest.raises(Forbidden):
        await lifecycle.run_action(world.context, viewer, number, 10, Submission())
    for actor in (stranger, world.rival):
        with pytest.raises(NotFound):
            await lifecycle.run_action(world.context, actor, number, 10, Submission())
        with pytest.raises(NotFound):
            await lifecycle.run_action(world.context, actor, None, 30, Submission(), app_code="ACT")
    with pytest.raises(NotFound):
        await lifecycle.run_action(world.context, clerk, number, 99, Submission())
    await lifecycle.cancel_instance(world.context, clerk, number, why="")
    with pytest.raises(InvalidState):
        await lifecycle.run_action(world.context, clerk, number, 10, Submission())
    assert (await lifecycle.read(world.context, clerk, number)).instance.state is InstanceState.CANCELLED


async def test_an_action_takes_a_comment_only_where_it_says_so(world: World, clerk: Actor) -> None:
    await deploy(world)
    for values in ({"comment": "x"}, {"comment": 5}):
        with pytest.raises(InvalidValues):
            await lifecycle.run_action(world.context, clerk, None, 30, Submission(values=values), app_code="ACT")
