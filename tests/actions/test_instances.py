"""Instances: start, read, change, comment, cancel, delete, messages."""

import pytest

from engine_bpmn import MESSAGE, el, message, multi, simple, user
from satchel.actions.access import SightKind
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidState, InvalidValues, NotFound, PreconditionFailed
from satchel.model.ids import InstanceId
from satchel.model.instance import InstanceState, TaskState
from world import TEXT, World, bundle, faults_of, fields

EVERY_TYPE = fields(
    {"id": "f_text", "type": "text", "max_length": 3},
    {"id": "f_multiline", "type": "multiline"},
    {"id": "f_decimal", "type": "decimal", "min": 0, "digits": 2},
    {"id": "f_integer", "type": "integer", "max": 9},
    {"id": "f_boolean", "type": "boolean"},
    {"id": "f_date", "type": "date"},
    {"id": "f_datetime", "type": "datetime", "disable_future": True},
    {"id": "f_time", "type": "time"},
    {"id": "f_choice", "type": "choice", "options": [{"id": "x", "label": "X"}, {"id": "y", "label": "Y"}]},
    {"id": "f_choices", "type": "choices", "options": [{"id": "x", "label": "X"}, {"id": "y", "label": "Y"}]},
    {"id": "f_rating", "type": "rating", "max_stars": 3},
    {"id": "f_user", "type": "user"},
    {"id": "f_group", "type": "group"},
    {"id": "f_table", "type": "table", "columns": [{"id": "n", "label": "N", "type": "integer"}]},
    {"id": "f_link", "type": "link"},
)


async def with_every_type(world: World) -> None:
    access = {str(field["id"]): "edit" for field in EVERY_TYPE}
    await world.deploy(bundle({"code": "TST", "fields": EVERY_TYPE, "start": {"fields": access}}))


async def test_a_value_of_each_type_is_kept_in_its_canonical_form(world: World, clerk: Actor) -> None:
    await with_every_type(world)
    number = await world.start(
        clerk,
        "TST",
        f_text="abc",
        f_multiline="a\nb",
        f_decimal="12.50",
        f_integer="7",
        f_boolean=True,
        f_date="2026-01-31",
        f_datetime="2026-01-31T10:30:00+01:00",
        f_time="09:30",
        f_choice="y",
        f_choices=["y", "x"],
        f_rating=3,
        f_user=world.people["buyer"],
        f_group=world.groups["buyers"],
        f_table=[{"n": 1}, {}, {"n": "2"}],
        f_link="https://example.org/a",
    )

    assert (await lifecycle.read(world.context, clerk, number)).values == {
        "f_text": "abc",
        "f_multiline": "a\nb",
        "f_decimal": "12.50",
        "f_integer": 7,
        "f_boolean": True,
        "f_date": "2026-01-31",
        "f_datetime": "2026-01-31T09:30:00Z",
        "f_time": "09:30:00",
        "f_choice": "y",
        "f_choices": ["x", "y"],
        "f_rating": 3,
        "f_user": world.people["buyer"],
        "f_group": world.groups["buyers"],
        "f_table": [{"n": 1}, {"n": 2}],
        "f_link": "https://example.org/a",
    }


async def test_every_wrong_value_is_named_with_its_field_and_nothing_is_started(world: World, clerk: Actor) -> None:
    await with_every_type(world)
    wrong: dict[str, object] = {
        "f_text": "abcd",
        "f_decimal": "1.234",
        "f_integer": 10,
        "f_boolean": "perhaps",
        "f_date": "2026-02-30",
        "f_datetime": "2027-01-01T00:00:00Z",
        "f_time": "25:00",
        "f_choice": "z",
        "f_choices": ["x", "z"],
        "f_rating": 4,
        "f_user": 10**9,
        "f_group": world.groups["buyers"] + 10**6,
        "f_table": [{"n": 1}, {"n": "one"}],
        "f_link": "javascript:alert(1)",
    }
    with pytest.raises(InvalidValues) as refused:
        await world.start(clerk, "TST", **wrong)

    named = {field.partition("/")[0] for field, _ in faults_of(refused.value)}
    assert named == set(wrong)
    assert await world.rows("SELECT FROM instances") == []


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_text_that_cannot_be_stored_is_refused(world: World, clerk: Actor, text: str) -> None:
    await with_every_type(world)
    with pytest.raises(InvalidValues):
        await world.start(clerk, "TST", f_text=text)


async def test_starting_needs_the_right_and_the_required_fields(world: World, viewer: Actor, stranger: Actor) -> None:
    code = await world.deploy_example("file-collection")
    clerk = await world.actor("clerk")
    with pytest.raises(InvalidValues) as refused:
        await world.start(clerk, code)
    assert faults_of(refused.value) == [("subject", "required")]
    with pytest.raises(Forbidden):
        await world.start(viewer, code, subject="x")
    for actor in (stranger, world.rival):
        with pytest.raises(NotFound):
            await world.start(actor, code, subject="x")


async def test_identifiers_count_per_app_and_may_leave_out_that_of_a_refused_start(world: World, clerk: Actor) -> None:
    code = await world.deploy_example("file-collection")
    first = await world.start(clerk, code, subject="One")
    with pytest.raises(InvalidValues):
        await world.start(clerk, code)
    second = await world.start(clerk, code, subject="Two")

    views = [await lifecycle.read(world.context, clerk, number) for number in (first, second)]
    assert [(view.instance.identifier, view.instance.title) for view in views] == [("COL-1", "One"), ("COL-3", "Two")]
    assert (await lifecycle.read(world.context, clerk, "COL-3")).instance.id == second


async def test_an_instance_is_unknown_to_those_without_a_right_or_a_task(
    world: World, clerk: Actor, stranger: Actor, buyer: Actor
) -> None:
    code = await world.deploy_example("file-collection")
    number = await world.start(clerk, code, subject="One")
    for actor in (stranger, buyer, world.rival):
        with pytest.raises(NotFound) as hidden:
            await lifecycle.read(world.context, actor, number)
        with pytest.raises(NotFound) as unknown:
            await lifecycle.read(world.context, actor, InstanceId(10**9))
        assert hidden.value.message.replace(str(number), "#") == unknown.value.message.replace(str(10**9), "#")
        with pytest.raises(NotFound):
            await lifecycle.read(world.context, actor, "COL-1")
        with pytest.raises(NotFound):
            await lifecycle.history(world.context, actor, number, after=0, limit=9)
        with pytest.raises(NotFound):
            await lifecycle.change_values(world.context, actor, number, Submission(), expected=None)
        with pytest.raises(NotFound):
            await lifecycle.delete(world.context, actor, number, expected=None)
        with pytest.raises(NotFound):
            await lifecycle.comment(world.context, actor, number, "x")
        with pytest.raises(NotFound):
            await lifecycle.cancel_instance(world.context, actor, number, why="")


async def test_the_holder_of_a_task_sees_what_its_form_shows(world: World, clerk: Actor, buyer: Actor) -> None:
    await world.deploy_example("product-evaluation")
    ticket = await world.upload(clerk, b"%PDF-1.7\n%%EOF\n", name="c.pdf", app="EVA", field="description")
    number = await world.start(clerk, "EVA", product="Chair", description=[ticket])
    await lifecycle.change_values(world.context, clerk, number, Submission(values={"request": "x"}), expected=None)

    view = await lifecycle.read(world.context, buyer, number)

    assert view.values == {"product": "Chair"}
    assert [file.id for file in view.files] == [ticket]
    assert (view.sight.whole, len(view.tasks), view.waits) == (False, 1, [])
    with pytest.raises(Forbidden):
        await lifecycle.history(world.context, buyer, number, after=0, limit=9)
    with pytest.raises(Forbidden):
        await lifecycle.cancel_instance(world.context, buyer, number, why="")
    await world.complete(buyer, number, outcome="reject")
    after = await lifecycle.read(world.context, buyer, number)
    assert (after.sight.kind, after.values, after.files) == (SightKind.OWN, {}, [])


async def test_a_change_from_outside_names_its_revision(world: World, clerk: Actor, viewer: Actor) -> None:
    code = await world.deploy_example("file-collection")
    number = await world.start(clerk, code, subject="One")
    seen = (await lifecycle.read(world.context, clerk, number)).instance.revision
    change = Submission(values={"subject": "Two"})

    with pytest.raises(Forbidden):
        await lifecycle.change_values(world.context, viewer, number, change, expected=seen)
    await lifecycle.change_values(world.context, clerk, number, change, expected=seen)
    with pytest.raises(PreconditionFailed):
        await lifecycle.change_values(world.context, clerk, number, change, expected=seen)

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.instance.title, view.values) == ("Two", {"subject": "Two"})


async def test_a_comment_is_a_line_of_history(world: World, clerk: Actor, viewer: Actor) -> None:
    code = await world.deploy_example("file-collection")
    number = await world.start(clerk, code, subject="One")
    await lifecycle.cancel_instance(world.context, clerk, number, why="test")

    await lifecycle.comment(world.context, clerk, number, "After the end.")

    told = await lifecycle.history(world.context, clerk, number, after=0, limit=9)
    assert (told[-1].kind, told[-1].data, told[-1].user_id) == ("comment", {"text": "After the end."}, clerk.user_id)
    for text in ("", " ", "x" * 10_001):
        with pytest.raises(InvalidValues):
            await lifecycle.comment(world.context, clerk, number, text)
    with pytest.raises(Forbidden):
        await lifecycle.comment(world.context, viewer, number, "x")


async def test_cancelling_ends_everything_that_is_open(world: World, clerk: Actor) -> None:
    code = await world.deploy_example("file-collection")
    number = await world.start(clerk, code, subject="One")
    task = await world.take_task(clerk, number)
    waiting = await world.upload(clerk, task=task, field="files")

    await lifecycle.cancel_instance(world.context, clerk, number, why="no longer needed")

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.instance.state, view.instance.ended_at) == (InstanceState.CANCELLED, world.clock())
    assert [one.state for one in view.tasks] == [TaskState.CANCELLED]
    assert (await world.storage()).reserved_bytes == 0
    assert await world.rows("SELECT state, reason FROM uploads WHERE id = %s", waiting) == [
        ("expired", "instance_ended")
    ]
    with pytest.raises(InvalidState):
        await lifecycle.cancel_instance(world.context, clerk, number, why="")
    with pytest.raises(InvalidState):
        await lifecycle.change_values(world.context, clerk, number, Submission(), expected=None)


async def test_deleting_takes_the_files_frees_the_quota_and_keeps_the_history(world: World, clerk: Actor) -> None:
    code = await world.deploy_example("file-collection")
    ticket = await world.upload(clerk, app=code, field="files")
    number = await world.start(clerk, code, subject="One", files=[ticket])
    assert (await world.storage()).used_bytes == len(TEXT)

    await lifecycle.delete(world.context, clerk, number, expected=None)

    with pytest.raises(NotFound):
        await lifecycle.read(world.context, clerk, number)
    assert await world.rows("SELECT FROM files") == []
    assert (await world.storage()).used_bytes == 0
    kinds = await world.rows("SELECT kind FROM events WHERE instance_id = %s ORDER BY id", number)
    assert kinds == [("instance.started",), ("instance.cancelled",), ("instance.deleted",)]
    assert await world.drift() == []


WAITING = simple(el("intermediateCatchEvent", "wait", message()), user("a"), outside=MESSAGE, through=("wait", "a"))


async def test_a_message_brings_values_and_files_and_is_taken_once(world: World, clerk: Actor) -> None:
    declared = fields({"id": "answer", "type": "text"}, {"id": "proof", "type": "file"}, {"id": "own", "type": "text"})
    messages = {"reply": {"inputs": ["answer", "proof"]}}
    await world.deploy(bundle({"code": "TST", "fields": declared, "messages": messages}, WAITING))
    number = await world.start(clerk, "TST")
    ticket = await world.upload(clerk, instance=number, field="proof")

    with pytest.raises(InvalidState):
        await lifecycle.send_message(world.context, clerk, number, "other", Submission())
    with pytest.raises(InvalidValues) as refused:
        await lifecycle.send_message(world.context, clerk, number, "reply", Submission(values={"own": "x"}))
    assert faults_of(refused.value) == [("own", "not_writable")]
    given = Submission(values={"answer": "yes", "proof": [ticket]})
    await lifecycle.send_message(world.context, clerk, number, "reply", given)
    with pytest.raises(InvalidState):
        await lifecycle.send_message(world.context, clerk, number, "reply", Submission())

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.values, [file.id for file in view.files], view.waits) == ({"answer": "yes"}, [ticket], [])
    assert (await world.open_task(number)).element == "a"


async def test_a_task_for_each_row_of_a_table_runs_beside_the_others(world: World, clerk: Actor) -> None:
    columns = [{"id": "item", "label": "Item", "type": "text"}]
    declared = fields({"id": "lines", "type": "table", "columns": columns})
    process = simple(user("a", multi(collection="lines", variable="line")))
    await world.deploy(bundle({"code": "TST", "fields": declared, "start": {"fields": {"lines": "require"}}}, process))
    number = await world.start(clerk, "TST", lines=[{"item": "x"}, {"item": "y"}])

    opened = (await lifecycle.read(world.context, clerk, number)).tasks
    assert [task.variables["line"] for task in opened] == [{"item": "x"}, {"item": "y"}]
    for task in opened:
        assert (await lifecycle.read(world.context, clerk, number)).instance.is_running
        await tasks.claim(world.context, clerk, task.id)
        await tasks.complete(world.context, clerk, task.id, Submission())
    assert (await lifecycle.read(world.context, clerk, number)).instance.state is InstanceState.ENDED


async def test_paths_run_in_parallel_and_meet_again(world: World, clerk: Actor) -> None:
    process = simple(
        el("parallelGateway", "split"),
        user("a"),
        user("b"),
        el("parallelGateway", "join"),
        '<sequenceFlow id="x1" sourceRef="split" targetRef="b"/>',
        '<sequenceFlow id="x2" sourceRef="b" targetRef="join"/>',
        through=("split", "a", "join"),
    )
    await world.deploy(bundle({"code": "TST"}, process))
    number = await world.start(clerk, "TST")

    await world.complete(clerk, number, "b")
    assert (await lifecycle.read(world.context, clerk, number)).instance.is_running
    await world.complete(clerk, number, "a")
    assert (await lifecycle.read(world.context, clerk, number)).instance.state is InstanceState.ENDED
