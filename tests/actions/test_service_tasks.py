"""Service tasks that Satchel does by itself: between instances, and within one."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from calling import attempts, incident
from engine_bpmn import ERROR, boundary, el, error, flow, path, simple, user
from satchel.actions.calls import attempts as calls
from satchel.actions.calls import by_hand
from satchel.actions.files import adding, attached
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.db import calls as call_rows
from satchel.db import instances as instance_rows
from satchel.model.actor import Actor
from satchel.model.errors import Finding, Forbidden, InvalidBundle, InvalidState
from satchel.model.ids import InstanceId
from satchel.model.instance import InstanceState
from world import PDF, TEXT, World, bundle, fields, sha256

FIELDS = fields(
    {"id": "name", "type": "text"},
    {"id": "amount", "type": "decimal"},
    {"id": "ready", "type": "boolean"},
    {"id": "made", "type": "text"},
    {"id": "doc", "type": "file", "max_files": 2, "allow_links": True},
    {"id": "other", "type": "file", "max_files": 1},
)
START = {"fields": {"name": "edit", "amount": "edit", "ready": "edit", "made": "edit", "doc": "edit", "other": "edit"}}
ONE = simple(el("serviceTask", "s"), user("u"), through=("s", "u"))


def app(code: str, service: Mapping[str, object] | None = None, process: bytes | None = None) -> dict[str, bytes]:
    manifest: dict[str, object] = {"code": code, "fields": FIELDS, "start": START}
    if service is not None:
        manifest["services"] = {"s": service}
    return bundle(manifest, process or (ONE if service is not None else simple(user("u"), through=("u",))))


async def test_an_instance_is_created_with_values_and_a_copy_of_the_file_that_outlives_its_source(
    world: World, clerk: Actor
) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(
        app(
            "OLD",
            {
                "kind": "instance",
                "do": "create",
                "app": "NEW",
                "set": {
                    "name": "{{ name }} of {{ identifier }}",
                    "amount": "amount",
                    "ready": True,
                    "made": "'by hand'",
                },
                "copy": {"other": "doc"},
                "result": "made",
            },
        )
    )
    ticket = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="OLD")
    source = await world.start(clerk, "OLD", name="Drill", amount="12.50", doc=ticket)

    await world.perform(source)

    assert (await lifecycle.read(world.context, clerk, source)).values["made"] == "NEW-1"
    await lifecycle.delete(world.context, clerk, source, expected=None)
    async with world.context.database.read() as tx:
        made = await instance_rows.instance_by_identifier(tx, world.account, "NEW-1")
    assert made is not None
    assert made.values == {"name": "Drill of OLD-1", "amount": "12.5", "ready": True, "made": "by hand"}
    (copy,) = await world.files(made.id)
    assert (copy.name, copy.digest, copy.field_id) == ("a.pdf", sha256(PDF), "other")
    assert await world.drift() == []


async def test_an_attempt_that_is_made_twice_creates_one_instance(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(app("OLD", {"kind": "instance", "do": "create", "app": "NEW", "set": {"name": "name"}}))
    source = await world.start(clerk, "OLD", name="Drill")
    async with world.context.database.read() as tx:
        (call,) = await call_rows.calls(tx, world.account, source)

    for _ in range(2):
        await calls.perform(world.context, world.account, call.id, 1)

    assert await world.rows("SELECT count(*) FROM instances WHERE identifier LIKE 'NEW-%%'") == [(1,)]
    assert [made.state for made in await attempts(world, source)] == ["done"]


async def test_everything_that_agrees_is_taken_with_the_tab_so_that_an_instance_is_cloned(
    world: World, clerk: Actor
) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(
        app("OLD", {"kind": "instance", "do": "create", "app": "NEW", "set": "all", "copy": "all", "result": "made"})
    )
    ticket = await world.upload(clerk, TEXT, name="a.txt", field="doc", app="OLD")
    source = await world.start(clerk, "OLD", name="Drill", amount="1.00", ready=False, doc=ticket)
    tab = await world.upload(clerk, TEXT, name="b.txt", instance=source)
    await adding.attach(world.context, clerk, source, [tab], FilePlace())

    await world.perform(source)

    ((clone,),) = await world.rows("SELECT id FROM instances WHERE identifier = 'NEW-1'")
    view = await lifecycle.read(world.context, clerk, InstanceId(int(str(clone))))
    assert view.values == {"name": "Drill", "amount": "1", "ready": False}
    assert [(file.field_id, file.name) for file in view.files] == [("doc", "a.txt"), (None, "b.txt")]


@pytest.mark.parametrize(("wanted", "result"), [("NEW-1", "true"), ("NEW-9", "false")])
async def test_an_update_says_whether_the_other_instance_was_there(
    world: World, clerk: Actor, wanted: str, result: str
) -> None:
    await world.deploy(app("NEW"))
    task = {"kind": "instance", "do": "update", "app": "NEW", "identifier": "{{ name }}", "result": "ready"}
    await world.deploy(app("OLD", {**task, "set": {"made": "identifier"}, "copy": {"doc": "doc"}}))
    there = await world.start(clerk, "NEW", name="kept")
    ticket = await world.upload(clerk, TEXT, name="a.txt", field="doc", app="OLD")
    source = await world.start(clerk, "OLD", name=wanted, doc=ticket)

    await world.perform(source)

    assert (await lifecycle.read(world.context, clerk, source)).values["ready"] is (result == "true")
    view = await lifecycle.read(world.context, clerk, there)
    assert view.values.get("made") == ("OLD-1" if result == "true" else None)
    assert view.values["name"] == "kept"
    assert len(view.files) == (1 if result == "true" else 0)


async def test_values_and_files_are_taken_from_another_instance(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    task = {"kind": "instance", "do": "get", "app": "NEW", "identifier": "{{ made }}"}
    await world.deploy(app("OLD", {**task, "set": {"name": "name"}, "copy": {"other": "doc"}}))
    ticket = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="NEW")
    await world.start(clerk, "NEW", name="theirs", doc=ticket)
    source = await world.start(clerk, "OLD", name="ours", made="NEW-1")

    await world.perform(source)

    view = await lifecycle.read(world.context, clerk, source)
    assert (view.values["name"], [file.field_id for file in view.files]) == ("theirs", ["other"])


async def test_more_files_than_the_target_takes_make_an_incident_and_nothing_else(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(app("OLD", {"kind": "instance", "do": "create", "app": "NEW", "copy": {"other": "doc"}}))
    both = [await world.upload(clerk, TEXT, name=f"{n}.txt", field="doc", app="OLD") for n in (1, 2)]
    source = await world.start(clerk, "OLD", doc=both)

    await world.perform(source)

    assert "other accepts 1 file(s) at most; there would be 2" in await incident(world, source)
    assert await world.rows("SELECT count(*) FROM instances WHERE identifier LIKE 'NEW-%%'") == [(0,)]
    assert [(made.state, made.reason) for made in await attempts(world, source)] == [("failed", "invalid_values")]


async def test_an_incident_is_retried_after_its_cause_was_fixed(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(app("OLD", {"kind": "instance", "do": "create", "app": "NEW", "copy": {"other": "doc"}}))
    both = [await world.upload(clerk, TEXT, name=f"{n}.txt", field="doc", app="OLD") for n in (1, 2)]
    source = await world.start(clerk, "OLD", doc=both)
    await world.perform(source)
    found = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)

    await attached.delete(world.context, clerk, (await world.files(source))[0].id)
    await by_hand.retry(world.context, clerk, found[0].id)
    await world.perform(source)

    assert [made.state for made in await attempts(world, source)] == ["failed", "done"]
    assert await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9) == []


async def test_a_task_acts_with_the_rights_of_whoever_deployed_it_at_that_moment(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(app("OLD", {"kind": "instance", "do": "create", "app": "NEW"}))
    source = await world.start(clerk, "OLD")
    await world.rows("UPDATE app_versions SET deployed_by = NULL WHERE true RETURNING id")

    await world.perform(source)

    assert "act for whoever deployed version 1" in await incident(world, source)


async def test_creation_that_goes_in_circles_stops(world: World, clerk: Actor) -> None:
    await world.deploy(app("LOOP"))
    await world.deploy(app("LOOP", {"kind": "instance", "do": "create", "app": "LOOP"}))
    number = await world.start(clerk, "LOOP")
    deepest = world.context.policy.max_call_depth

    for _ in range(deepest + 1):
        await world.perform(number)
        ((number_found,),) = await world.rows("SELECT max(id) FROM instances")
        number = InstanceId(int(str(number_found)))

    assert await world.rows("SELECT count(*) FROM instances") == [(deepest + 1,)]
    assert "start each other in a cycle" in await incident(world, number)


async def test_failure_for_good_is_caught_or_passed_over_as_the_app_says(world: World, clerk: Actor) -> None:
    caught = simple(
        el("serviceTask", "s"),
        boundary("caught", "s", error("err")),
        user("fix"),
        path("caught", "fix"),
        flow("fix", "end", name="fixed"),
        outside=ERROR.replace("broken", "service_failed"),
        through=("s",),
    )
    task = {"kind": "instance", "do": "update", "app": "NEW", "identifier": "NEW-9"}
    await world.deploy(app("NEW"))
    await world.deploy(app("ERR", {**task, "on_failure": "error"}, caught))
    await world.deploy(app("CNT", {**task, "on_failure": "continue"}, simple(el("serviceTask", "s"), through=("s",))))
    failing, going_on = await world.start(clerk, "ERR"), await world.start(clerk, "CNT")

    await world.perform(failing)
    await world.perform(going_on)

    assert (await world.open_task(failing)).element == "fix"
    assert (await lifecycle.read(world.context, clerk, going_on)).instance.state is InstanceState.ENDED


async def test_an_attempt_that_may_succeed_later_is_made_again_after_its_pause(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    task = {"kind": "instance", "do": "create", "app": "NEW", "copy": {"doc": "doc"}}
    await world.deploy(app("OLD", {**task, "retry": {"attempts": 2, "pause": "PT10S"}}))
    data = TEXT * 100_000
    big = await world.upload(clerk, data, name="a.txt", field="doc", app="OLD")
    source = await world.start(clerk, "OLD", doc=big)
    await world.rows("UPDATE storage SET limit_bytes = used_bytes + 1 WHERE true RETURNING account_id")

    await world.perform(source)
    assert await calls.enqueue_due(world.context) == 0
    world.clock.advance(timedelta(seconds=10))
    assert await calls.enqueue_due(world.context) == 1
    assert await calls.enqueue_due(world.context) == 0
    await world.perform(source)

    assert [(made.state, made.reason) for made in await attempts(world, source)] == [("failed", "over_quota")] * 2
    assert "2400000 bytes do not fit" in await incident(world, source)
    assert await world.drift() == []


@pytest.mark.parametrize(
    ("do", "mode", "names"),
    [
        ("copy", "append", (["a.txt"], ["b.txt", "Drill.txt"])),
        ("move", "append", ([], ["b.txt", "Drill.txt"])),
        ("copy", "replace", (["a.txt"], ["Drill.txt"])),
        ("move", "replace", ([], ["Drill.txt"])),
    ],
)
async def test_files_are_copied_and_moved_within_an_instance(
    world: World, clerk: Actor, do: str, mode: str, names: tuple[list[str], list[str]]
) -> None:
    task = {"kind": "files", "do": do, "from": "other", "to": "doc", "mode": mode, "rename": "{{ name }}"}
    await world.deploy(app("OLD", task))
    moved = await world.upload(clerk, TEXT, name="a.txt", field="other", app="OLD")
    there = await world.upload(clerk, TEXT, name="b.txt", field="doc", app="OLD")
    source = await world.start(clerk, "OLD", name="Drill", other=moved, doc=there)

    await world.perform(source)

    found = await world.files(source)
    assert tuple([file.name for file in found if file.field_id == field] for field in ("other", "doc")) == names
    assert await world.drift() == []


async def test_a_result_by_hand_wins_over_the_attempt_that_comes_after_it(world: World, clerk: Actor) -> None:
    await world.deploy(app("NEW"))
    await world.deploy(app("OLD", {"kind": "instance", "do": "create", "app": "NEW", "inputs": ["made"]}))
    source = await world.start(clerk, "OLD")
    async with world.context.database.read() as tx:
        (call,) = await call_rows.calls(tx, world.account, source)

    await by_hand.finish(world.context, clerk, call.id, Submission(values={"made": "by hand"}))
    await calls.perform(world.context, world.account, call.id, 1)

    assert await world.rows("SELECT count(*) FROM instances WHERE identifier LIKE 'NEW-%%'") == [(0,)]
    assert await attempts(world, source) == []


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ({"kind": "instance", "app": "NEW"}, "missing_key"),
        ({"kind": "instance", "do": "update", "app": "NEW"}, "missing_key"),
        ({"kind": "instance", "do": "create", "app": "NEW", "identifier": "x"}, "unknown_key"),
        ({"kind": "instance", "do": "create", "app": "NEW", "set": {"name": "nmae"}}, "unknown_field"),
        ({"kind": "instance", "do": "create", "app": "NEW", "set": {"name": "two words"}}, "format"),
        ({"kind": "instance", "do": "create", "app": "NEW", "set": {"name": "{{ nmae }}"}}, "template"),
        ({"kind": "instance", "do": "create", "app": "NEW", "result": "nothing"}, "unknown_field"),
        ({"kind": "instance", "do": "burn", "app": "NEW"}, "unknown_value"),
        ({"kind": "files", "do": "copy", "from": "doc", "to": "doc"}, "same_place"),
        ({"kind": "files", "do": "copy", "from": "doc", "to": "docs"}, "unknown_field"),
        ({"kind": "files", "do": "copy", "from": "doc", "to": "other", "url": "x"}, "unknown_key"),
        (
            {"kind": "files", "do": "copy", "from": "doc", "to": "other", "retry": {"attempts": 0}},
            "out_of_range",
        ),
    ],
)
async def test_a_service_that_cannot_work_is_refused_when_it_is_deployed(
    world: World, service: Mapping[str, object], code: str
) -> None:
    with pytest.raises(InvalidBundle) as refused:
        await world.deploy(app("OLD", service))

    found: list[Finding] = list(refused.value.findings)
    assert code in [finding.code for finding in found], found


async def test_an_incident_is_skipped_with_values_set_by_hand(world: World, clerk: Actor, viewer: Actor) -> None:
    await world.deploy(app("NEW"))
    task = {"kind": "instance", "do": "update", "app": "NEW", "identifier": "NEW-9", "inputs": ["made"]}
    await world.deploy(app("OLD", task))
    source = await world.start(clerk, "OLD")
    await world.perform(source)
    (found,) = await by_hand.incidents(world.context, clerk, instance_id=source, after=0, limit=9)

    with pytest.raises(Forbidden):
        await by_hand.skip(world.context, viewer, found.id, Submission())
    await by_hand.skip(
        world.context, clerk, found.id, Submission(values={"made": "elsewhere"}, comment="The archive is closed.")
    )
    said = await world.rows("SELECT kind, data FROM events WHERE kind IN ('comment', 'service.finished') ORDER BY id")
    assert [kind for kind, _ in said] == ["comment", "service.finished"]
    assert said[0][1] == {"text": "The archive is closed."}
    assert dict(said[1][1])["incident"] == found.id  # type: ignore[call-overload]  # an object, in JSON

    assert (await lifecycle.read(world.context, clerk, source)).values == {"made": "elsewhere"}
    assert (await world.open_task(source)).element == "u"
    with pytest.raises(InvalidState):
        await by_hand.skip(world.context, clerk, found.id, Submission())
