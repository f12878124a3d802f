"""Deploying bundles: all findings at once, versions, search slots."""

import json

import pytest

from engine_bpmn import el, flow, simple, user
from satchel.actions.apps import deploying
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidBundle, NotFound
from world import World, bundle, fields

BROKEN = b"""code: BRK
name: Broken
fields:
  - {number: 1, id: amount, label: Amount, type: decimal, searchabel: true}
start: {fields: {amount: edit}}
tasks:
  a: {assign: {group: nobodies}}
  missing: {fields: {amount: read}}
"""


async def test_a_bundle_with_five_faults_gives_five_findings_with_places_and_deploys_nothing(world: World) -> None:
    process = simple(
        user("a"),
        el("scriptTask", "compute", "<script>1</script>"),
        el("exclusiveGateway", "big", default="big_end"),
        flow("big", "a", "amuont > 1", name="again"),
        through=("a", "compute", "big"),
    )

    with pytest.raises(InvalidBundle) as refused:
        await deploying.deploy(world.context, world.admin, {"app.yaml": BROKEN, "process.bpmn": process})

    assert [(finding.code, finding.place()) for finding in refused.value.findings] == [
        ("unknown_key", "app.yaml:4"),
        ("script_task", "process.bpmn:12 (compute)"),
        ("unknown_name", "process.bpmn:14 (again)"),
        ("unknown_element", "app.yaml:8 (missing)"),
        ("unknown_group", "app.yaml:7"),
    ]
    assert await deploying.visible(world.context, world.admin) == []
    assert await world.rows("SELECT FROM app_versions") == []


async def test_what_follows_from_another_fault_is_no_finding_of_its_own(world: World) -> None:
    wrong = fields({"id": "amount", "type": "tekst", "searchable": True})
    process = simple(
        user("a"),
        el("exclusiveGateway", "g", default="g_end"),
        flow("g", "a", "amount > 1", name="again"),
        through=("a", "g"),
    )
    manifest = {"code": "TST", "fields": wrong, "start": {"fields": {"amount": "edit"}}}

    with pytest.raises(InvalidBundle) as refused:
        await world.deploy(bundle(manifest, process))

    assert [finding.code for finding in refused.value.findings] == ["unknown_value"]


async def test_an_unknown_group_or_user_is_named_with_its_line(world: World) -> None:
    manifest = {"code": "TST", "tasks": {"a": {"assign": {"user": "admin@rival.example"}}}}

    with pytest.raises(InvalidBundle) as refused:
        await world.deploy(bundle(manifest))

    assert [finding.code for finding in refused.value.findings] == ["unknown_user"]


async def test_a_group_that_could_not_see_a_late_task_is_a_warning(world: World) -> None:
    late = {
        "a": {"due": "P1D", "late": {"after": "P1D", "to": "buyers"}},
        "b": {"due": "P1D", "late": {"after": "P1D", "to": "viewers"}},
    }
    made = bundle({"code": "TST", "tasks": late}, simple(user("a"), user("b"), through=("a", "b")))

    deployed = await deploying.deploy(world.context, world.admin, made)

    assert [(one.code, "'buyers'" in one.message) for one in deployed.warnings] == [("group_without_view", True)]


async def test_a_new_app_needs_an_administrator_and_a_version_the_right_to_manage(
    world: World, clerk: Actor, manager: Actor, stranger: Actor
) -> None:
    one = bundle({"code": "TST"})
    with pytest.raises(Forbidden):
        await deploying.deploy(world.context, manager, one)
    await world.deploy(one)
    with pytest.raises(Forbidden):
        await deploying.deploy(world.context, clerk, one)
    with pytest.raises(NotFound):
        await deploying.deploy(world.context, stranger, one)

    assert (await deploying.deploy(world.context, manager, one)).number == 2


async def test_a_fault_does_not_tell_an_outsider_that_the_app_exists(world: World, stranger: Actor) -> None:
    await world.deploy(bundle({"code": "TST"}))
    for read in (deploying.read, deploying.versions):
        with pytest.raises(NotFound):
            await read(world.context, stranger, "TST")
        with pytest.raises(NotFound):
            await read(world.context, world.rival, "TST")
    assert await deploying.visible(world.context, stranger) == []


async def test_running_instances_stay_on_their_version(world: World, clerk: Actor) -> None:
    first = fields({"id": "old", "type": "text"})
    await world.deploy(bundle({"code": "TST", "fields": first, "start": {"fields": {"old": "edit"}}}))
    number = await world.start(clerk, "TST", old="x")
    both = [*first, {"number": 2, "id": "new", "label": "New", "type": "text"}]
    await world.deploy(bundle({"code": "TST", "fields": both, "start": {"fields": {"new": "require"}}}))

    await lifecycle.change_values(world.context, clerk, number, Submission(values={"old": "y"}), expected=None)

    view = await lifecycle.read(world.context, clerk, number)
    assert (view.app.number, view.values) == (1, {"old": "y"})
    assert (await deploying.read(world.context, clerk, "TST")).number == 2
    assert [row.number for row in await deploying.versions(world.context, clerk, "TST")] == [2, 1]


async def test_a_field_may_not_change_its_type_or_number_in_a_later_version(world: World) -> None:
    await world.deploy(bundle({"code": "TST", "fields": fields({"id": "x", "type": "text"})}))

    with pytest.raises(InvalidBundle) as refused:
        await world.deploy(bundle({"code": "TST", "fields": fields({"id": "x", "type": "integer"})}))

    assert refused.value.findings
    assert (await deploying.read(world.context, world.admin, "TST")).number == 1


async def test_search_slots_are_stable_over_versions_and_never_given_back(world: World) -> None:
    searchable = [{"id": name, "type": "text", "searchable": True} for name in ("a1", "b1", "c1")]
    declared = fields(*searchable)
    await world.deploy(bundle({"code": "TST", "fields": declared}))
    await world.deploy(bundle({"code": "TST", "fields": [declared[0], declared[2]]}))
    more = {"number": 9, "id": "d1", "label": "D", "type": "text", "searchable": True}
    await world.deploy(bundle({"code": "TST", "fields": [more, *reversed(declared)]}))

    loaded = await deploying.read(world.context, world.admin, "TST")
    assert {slot.field_id: slot.slot for slot in loaded.slots} == {"a1": 0, "b1": 1, "c1": 2, "d1": 3}


async def test_an_app_has_ten_searchable_fields_of_a_kind_over_all_versions(world: World) -> None:
    def with_fields(first: int, count: int) -> dict[str, bytes]:
        declared = [
            {"number": n, "id": f"f{n}", "label": "F", "type": "text", "searchable": True}
            for n in range(first, first + count)
        ]
        return bundle({"code": "TST", "fields": declared})

    await world.deploy(with_fields(0, 8))
    with pytest.raises(InvalidBundle) as refused:
        await world.deploy(with_fields(100, 3))
    assert "too_many_searchable" in {finding.code for finding in refused.value.findings}
    await world.deploy(with_fields(100, 2))


async def test_a_call_of_an_app_that_is_not_there_yet_is_a_warning(world: World) -> None:
    manifest = {"code": "TST", "calls": {"c": {"app": "LATER"}}}

    deployed = await deploying.deploy(
        world.context,
        world.admin,
        bundle(manifest, simple(el("callActivity", "c", calledElement="LATER"), through=("c",))),
    )

    assert [(finding.code, finding.severity) for finding in deployed.warnings] == [("unknown_app", "warning")]


@pytest.mark.parametrize("name", ["product-evaluation", "purchase-request", "field-visit", "file-collection"])
async def test_every_example_deploys_without_a_warning(world: World, name: str) -> None:
    code = await world.deploy_example(name)
    deployed = await deploying.read(world.context, world.admin, code)
    assert json.loads(json.dumps(deployed.manifest.code)) == code
