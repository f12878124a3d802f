"""Own work: what those see who started an instance or completed a task of it and have no right to view it."""

from dataclasses import replace

import pytest

from own_work import deploy_order, interfere
from satchel.actions.access import SightKind
from satchel.actions.files import attached, seen
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import search
from satchel.model.actor import Actor, Right
from satchel.model.errors import Forbidden, Gone, NotFound
from satchel.model.ids import FileId, InstanceId, TaskId
from satchel.model.instance import InstanceState, TaskState
from satchel.model.linked_files import NewLinkedFile
from world import TEXT, World


@pytest.fixture
async def starter(world: World) -> Actor:
    """Somebody with the right `start` and no other."""
    await deploy_order(world)
    return await world.add_person("starter", Right.START)


async def started(world: World, starter: Actor) -> tuple[InstanceId, int, int]:
    """Start an order with a file in its field and one in the tab; return its number and theirs."""
    offer = await world.upload(starter, name="offer.txt", field="offer", app="ORD")
    beside = await world.upload(starter, name="beside.txt", app="ORD")
    values: dict[str, object] = {"item": "Desk", "amount": 1, "offer": [offer]}
    done = await lifecycle.start(world.context, starter, "ORD", Submission(values=values, attachments=[beside]))
    return done.instance.id, offer, beside


async def checked(world: World, buyer: Actor, instance: InstanceId) -> tuple[TaskId, int]:
    """Complete the first task of an order with a file; return its number and the file's."""
    task = await world.take_task(buyer, instance, "check")
    report = await world.upload(buyer, name="report.txt", field="report", task=task)
    values: dict[str, object] = {"verdict": "fine", "report": [report]}
    await tasks.complete(world.context, buyer, task, Submission(values=values), outcome="yes")
    return task, report


async def test_who_started_an_instance_sees_its_progress_and_the_form_as_submitted(
    world: World, starter: Actor, buyer: Actor
) -> None:
    number, offer, beside = await started(world, starter)
    await checked(world, buyer, number)
    await interfere(world, number)

    view = await lifecycle.read(world.context, starter, number)

    assert view == await lifecycle.read(world.context, starter, "ORD-1")
    assert (view.sight.kind, view.values) == (SightKind.OWN, {"item": "Desk", "amount": 1})
    assert view.sight.submitted == {"item", "amount", "offer"}
    assert sorted(file.id for file in view.files) == [offer, beside]
    assert (view.instance.identifier, view.instance.title) == ("ORD-1", "Order of Desk")
    assert (view.instance.state, view.instance.starter_id) == (InstanceState.RUNNING, starter.user_id)
    assert view.instance.values == view.values
    assert [(task.element, task.state, task.closed_by) for task in view.tasks] == [
        ("check", TaskState.DONE, buyer.user_id),
        ("pay", TaskState.UNASSIGNED, None),
    ]
    assert [(task.outcome, task.variables) for task in view.tasks] == [(None, {})] * 2


async def test_who_completed_a_task_sees_the_form_as_submitted_and_no_field_of_others(
    world: World, starter: Actor, buyer: Actor
) -> None:
    number, _, _ = await started(world, starter)
    task, report = await checked(world, buyer, number)
    await interfere(world, number)

    view = await lifecycle.read(world.context, buyer, number)
    read = await tasks.read(world.context, buyer, task)

    assert (view.sight.kind, read.sight.kind) == (SightKind.OWN, SightKind.OWN)
    assert view.values == read.values == {"amount": 1, "verdict": "fine"}
    assert [file.id for file in view.files] == [file.id for file in read.files] == [report]
    assert read.instance.values == read.values
    assert [(task.element, task.outcome) for task in view.tasks] == [("check", "yes"), ("pay", None)]
    assert (await tasks.find(world.context, buyer, task)) == read.task == view.tasks[0]
    with pytest.raises(NotFound):
        await tasks.read(world.context, buyer, view.tasks[1].id)
    with pytest.raises(NotFound):
        await tasks.read(world.context, starter, task)


async def test_own_work_stays_visible_after_the_groups_lost_their_rights_and_the_instance_ended(
    world: World, starter: Actor, buyer: Actor, clerk: Actor
) -> None:
    number, _, _ = await started(world, starter)
    task, report = await checked(world, buyer, number)
    await world.complete(clerk, number, "pay", secret="hidden")
    await world.set_member("starter", "starter", is_member=False)
    await world.set_member("buyers", "buyer", is_member=False)
    starter, buyer = await world.actor("starter"), await world.actor("buyer")

    for actor in (starter, buyer):
        view = await lifecycle.read(world.context, actor, number)
        assert (view.instance.state, len(view.tasks)) == (InstanceState.ENDED, 2)
        assert "secret" not in view.values
    assert (await tasks.read(world.context, buyer, task)).values == {"amount": 1, "verdict": "fine"}
    assert (await attached.content(world.context, buyer, FileId(report))).size_bytes == len(TEXT)


async def test_a_file_is_read_by_who_submitted_it_for_as_long_as_it_is_there(
    world: World, starter: Actor, buyer: Actor, clerk: Actor
) -> None:
    number, offer, beside = await started(world, starter)
    _, report = await checked(world, buyer, number)
    theirs = await interfere(world, number)
    await attached.describe(world.context, clerk, FileId(offer), name="renamed.txt", description="by the clerk")

    assert {file.id for file in (await seen.of_instance(world.context, starter, number))[0]} == {offer, beside}
    for mine in (offer, beside):
        content = await attached.content(world.context, starter, FileId(mine))
        assert content.size_bytes == len(TEXT)
    as_submitted = await attached.read(world.context, starter, FileId(offer))
    assert (as_submitted.name, as_submitted.description) == ("offer.txt", "")
    for other in (*theirs, report):
        with pytest.raises(NotFound):
            await attached.read(world.context, starter, FileId(other))
    for other in (*theirs, offer, beside):
        with pytest.raises(NotFound):
            await attached.read(world.context, buyer, FileId(other))

    with pytest.raises(Forbidden):
        await attached.delete(world.context, starter, FileId(offer))
    await attached.delete(world.context, clerk, FileId(offer))
    with pytest.raises(Gone):
        await attached.read(world.context, starter, FileId(offer))
    assert [file.id for file in (await lifecycle.read(world.context, starter, number)).files] == [beside]


async def test_files_that_a_colleague_put_into_a_form_are_not_own_work_of_who_completed_it(
    world: World, starter: Actor, buyer: Actor, manager: Actor
) -> None:
    number, _, _ = await started(world, starter)
    colleague = await world.add_person("colleague", groups=["buyers"])
    task = await world.take_task(colleague, number, "check")
    theirs = await world.upload(colleague, name="theirs.txt", field="report", task=task)
    given = Submission(values={"report": [theirs], "verdict": "perhaps"})
    await tasks.save(world.context, colleague, task, given)
    assert buyer.user_id is not None
    await tasks.assign(world.context, manager, task, buyer.user_id)
    mine = await world.upload(buyer, name="mine.txt", field="report", task=task)
    link = NewLinkedFile(url="https://example.org/a", name="a")
    given = Submission(values={"report": [theirs, mine]}, links=[link])
    await tasks.complete(world.context, buyer, task, given, outcome="no")

    view = await lifecycle.read(world.context, buyer, number)

    assert [(file.name, file.url) for file in view.files] == [("mine.txt", None), ("a", "https://example.org/a")]
    assert view.values == {"amount": 1, "verdict": "perhaps"}
    for act in (lifecycle.read(world.context, colleague, number), tasks.find(world.context, colleague, task)):
        with pytest.raises(NotFound):  # who claimed and saved it has completed nothing
            await act


async def test_own_work_gives_no_history_no_change_and_no_search(
    world: World, starter: Actor, buyer: Actor, clerk: Actor
) -> None:
    number, _, _ = await started(world, starter)
    await checked(world, buyer, number)
    given = Submission(values={"amount": 2})
    for actor in (starter, buyer):
        with pytest.raises(Forbidden):
            await lifecycle.history(world.context, actor, number, after=0, limit=9)
        with pytest.raises(Forbidden):
            await lifecycle.change_values(world.context, actor, number, given, expected=None)
        with pytest.raises(Forbidden):
            await lifecycle.comment(world.context, actor, number, "seen")
        with pytest.raises(Forbidden):
            await lifecycle.cancel_instance(world.context, actor, number, why="")
        found = await search.find(world.context, actor, {"title": "desk"}, with_count=True)
        assert (found.instances, found.count) == ([], 0)
    named = await lifecycle.history(world.context, clerk, number, after=0, limit=9)
    assert not any("values" in event.data for event in named)


async def test_others_and_those_who_deleted_it_leave_nothing_to_see(world: World, starter: Actor, clerk: Actor) -> None:
    number, offer, _ = await started(world, starter)
    others = await world.add_person("others", Right.START)
    as_vendors_do = starter.by_rights_only()
    for actor in (others, as_vendors_do, world.rival, replace(starter, account_id=world.rival.account_id)):
        with pytest.raises(NotFound):
            await lifecycle.read(world.context, actor, number)
        with pytest.raises(NotFound):
            await attached.read(world.context, actor, FileId(offer))
    await lifecycle.delete(world.context, clerk, number, expected=None)
    with pytest.raises(NotFound):
        await lifecycle.read(world.context, starter, number)
    with pytest.raises(NotFound):
        await attached.read(world.context, starter, FileId(offer))
    assert await world.rows("SELECT FROM submitted_forms") == []


async def test_the_form_of_an_open_task_is_shown_as_it_is_now_beside_own_work(
    world: World, starter: Actor, buyer: Actor
) -> None:
    await world.set_member("buyers", "starter", is_member=True)
    starter = await world.actor("starter")
    number, offer, beside = await started(world, starter)
    theirs, tab = await interfere(world, number)
    nothing = Submission(values={"amount": None})
    await lifecycle.change_values(world.context, world.admin, number, nothing, expected=None)

    offered = await lifecycle.read(world.context, starter, number)
    task = await world.take_task(starter, number)
    held = await lifecycle.read(world.context, starter, number)

    assert offered.sight.kind is held.sight.kind is SightKind.FORMS
    assert offered.values == {"item": "Desk", "verdict": "theirs"}
    assert {file.id for file in offered.files} == {offer, theirs, beside}
    assert {file.id for file in held.files} == {offer, theirs, beside, tab}
    assert held.sight.submitted == frozenset()
    await tasks.release(world.context, starter, task)
    await world.complete(buyer, number, "check", outcome="no")
    assert (await lifecycle.read(world.context, starter, number)).values == {"item": "Desk", "amount": 1}


async def test_of_several_forms_of_one_person_the_last_value_is_shown_and_each_task_its_own(
    world: World, starter: Actor
) -> None:
    await world.set_member("buyers", "starter", is_member=True)
    starter = await world.actor("starter")
    number, _, _ = await started(world, starter)
    task = await world.take_task(starter, number)
    given = Submission(values={"amount": None, "verdict": "mine"})
    await tasks.complete(world.context, starter, task, given, outcome="yes")

    view = await lifecycle.read(world.context, starter, number)

    assert view.values == {"item": "Desk", "verdict": "mine"}
    assert (await tasks.read(world.context, starter, task)).values == {"verdict": "mine"}
    assert view.sight.own is not None
    assert [form.task_id for form in view.sight.own.forms] == [None, task]


async def test_a_task_that_an_action_completed_is_own_work_with_what_the_action_was_given(
    world: World, starter: Actor
) -> None:
    number, _, _ = await started(world, starter)
    await world.add_person("helper", Right.MODIFY, Right.VIEW)
    helper = await world.actor("helper")
    paper = await world.upload(helper, instance=number, area="A")
    given = Submission(values={"verdict": "no way"}, attachments=[paper])
    done = await lifecycle.run_action(world.context, helper, number, 20, given)
    await world.set_member("helper", "helper", is_member=False)
    helper = await world.actor("helper")

    view = await lifecycle.read(world.context, helper, number)

    assert (view.sight.kind, view.values, [file.id for file in view.files]) == (
        SightKind.OWN,
        {"verdict": "no way"},
        [paper],
    )
    assert done.task is not None
    assert (await tasks.read(world.context, helper, done.task.id)).values == {"verdict": "no way"}


async def test_an_instance_that_the_system_is_said_to_have_started_is_nobodys_own_work(
    world: World, starter: Actor
) -> None:
    given = Submission(values={"item": "Desk"})
    made = await lifecycle.start_as(world.context, starter, "ORD", given, by_system=True)

    with pytest.raises(NotFound):
        await lifecycle.read(world.context, starter, made.id)
    assert await world.rows("SELECT FROM submitted_forms") == []


async def test_what_was_submitted_before_forms_were_kept_shows_the_work_without_values(
    world: World, starter: Actor, buyer: Actor
) -> None:
    number, _, _ = await started(world, starter)
    task, _ = await checked(world, buyer, number)
    async with world.context.database.write() as tx:
        await tx.execute("DELETE FROM submitted_forms")

    view = await lifecycle.read(world.context, starter, number)

    assert (view.sight.kind, view.values, view.files, len(view.tasks)) == (SightKind.OWN, {}, [], 2)
    assert (await tasks.read(world.context, buyer, task)).values == {}


async def test_who_may_change_but_not_view_an_instance_sees_what_they_submitted_only(
    world: World, starter: Actor
) -> None:
    await world.add_person("editor", Right.START, Right.MODIFY)
    editor = await world.actor("editor")
    theirs, _, _ = await started(world, starter)
    mine, offer, _ = await started(world, editor)
    await interfere(world, mine)

    other, own = [await lifecycle.read(world.context, editor, number) for number in (theirs, mine)]

    assert (other.sight.kind, other.values, other.files, other.tasks) == (SightKind.FORMS, {}, [], [])
    assert (own.sight.kind, own.values) == (SightKind.OWN, {"item": "Desk", "amount": 1})
    await attached.delete(world.context, editor, FileId(offer))
    assert offer not in [file.id for file in await world.files(mine)]
