"""What a process sets by itself keeps the rules of fields: computed values follow, new instances get defaults."""

import pytest

from engine_bpmn import el, simple, user
from satchel.actions.apps import moves
from satchel.actions.calls import by_hand
from satchel.actions.instances import due, lifecycle
from satchel.actions.instances.forms import Submission
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped
from satchel.model.ids import InstanceId
from world import World, bundle, fields

PRICED = fields(
    {"id": "count", "type": "integer", "default": "2"},
    {"id": "price", "type": "decimal"},
    {"id": "total", "type": "decimal", "compute": "count * price", "max": 1000},
    {"id": "secret", "type": "text", "show_if": "price > 100"},
    {"id": "found", "type": "text"},
)
EDIT = {"count": "edit", "price": "edit", "secret": "edit"}


async def stored(world: World, instance: InstanceId) -> dict[str, object]:
    return dict((await lifecycle.read(world.context, world.admin, instance)).values)


async def deploy_called(world: World) -> None:
    manifest = {"code": "CHI", "fields": PRICED, "start": {"fields": EDIT}, "tasks": {"k": {"fields": EDIT}}}
    await world.deploy(bundle(manifest, simple(user("k"), through=("k",))))


async def test_a_called_instance_gets_defaults_and_the_caller_computes_with_what_comes_back(
    world: World, clerk: Actor
) -> None:
    await deploy_called(world)
    process = simple(el("callActivity", "c", calledElement="CHI"), user("u"), through=("c", "u"))
    calls = {"c": {"app": "CHI", "in": {"price": "price", "secret": "found"}, "out": {"price": "total"}}}
    manifest = {"code": "PAR", "fields": PRICED, "start": {"fields": {**EDIT, "found": "edit"}}, "calls": calls}
    await world.deploy(bundle(manifest, process))

    source = await world.start(clerk, "PAR", price="4", count=None, found="kept")
    child = (await lifecycle.read(world.context, clerk, source)).waits[0].child_id
    assert child is not None
    assert await stored(world, child) == {"count": 2, "price": "4", "total": "8", "secret": "kept"}
    assert await stored(world, source) == {"price": "4", "found": "kept"}

    await world.complete(clerk, child)
    await lifecycle.change_values(world.context, clerk, source, Submission(values={"count": 3}), expected=None)
    await due.return_call(world.context, world.account, child)
    assert await stored(world, source) == {"count": 3, "price": "8", "total": "24", "found": "kept"}

    with pytest.raises(EngineStopped) as stopped:
        await world.start(clerk, "PAR", price="501", count=1)
    assert "total" in stopped.value.message


async def test_a_service_copies_no_computed_value_and_sets_none(world: World, clerk: Actor) -> None:
    await deploy_called(world)
    service = {"kind": "instance", "do": "create", "app": "CHI", "set": "all", "result": "found"}
    manifest = {"code": "PAR", "fields": PRICED, "start": {"fields": EDIT}, "services": {"s": service}}
    await world.deploy(bundle(manifest, simple(el("serviceTask", "s"), user("u"), through=("s", "u"))))
    source = await world.start(clerk, "PAR", price="7", count=3)
    await world.perform(source)
    (made,) = await world.rows("SELECT id FROM instances WHERE identifier = 'CHI-1'")
    assert await stored(world, InstanceId(int(str(made[0])))) == {"count": 3, "price": "7", "total": "21"}

    forced = {"s": {**service, "set": {"total": "price"}}}
    await world.deploy(
        bundle({**manifest, "services": forced}, simple(el("serviceTask", "s"), user("u"), through=("s", "u")))
    )
    source = await world.start(clerk, "PAR", price="7")
    await world.perform(source)
    (found,) = await by_hand.incidents(world.context, world.admin, instance_id=source, after=0, limit=9)
    assert "total: total is computed from other fields and cannot be set" in found.message


async def test_an_instance_that_moves_to_a_version_with_a_computed_field_has_its_value(
    world: World, clerk: Actor
) -> None:
    plain = [{key: value for key, value in field.items() if key != "compute"} for field in PRICED]
    for declared in (plain, PRICED):
        manifest = {"code": "MOV", "fields": declared, "start": {"fields": EDIT}, "tasks": {"a": {"fields": EDIT}}}
        await world.deploy(bundle(manifest))
        if declared is plain:
            source = await world.start(clerk, "MOV", price="4", count=3)
    assert "total" not in await stored(world, source)

    move = await moves.begin(world.context, world.admin, "MOV", {})
    await moves.perform(world.context, world.account, move.id)

    assert await stored(world, source) == {"count": 3, "price": "4", "total": "12"}
