"""Service tasks of kind `message`: values and files for another instance that waits for them."""

import pytest

from calling import attempts, deploy_task, incident
from engine_bpmn import MESSAGE, el, message, simple, user
from satchel.actions.instances import lifecycle
from satchel.model.actor import Actor
from world import PDF, World, bundle, fields, sha256

FIELDS = fields({"id": "note", "type": "text"}, {"id": "paper", "type": "file"}, {"id": "shut", "type": "text"})
SEND = {"kind": "message", "app": "WAI", "identifier": "{{ name }}", "message": "reply"}


async def deploy_waiting(world: World) -> None:
    process = simple(el("intermediateCatchEvent", "w", message()), user("u"), outside=MESSAGE, through=("w", "u"))
    await world.deploy(
        bundle({"code": "WAI", "fields": FIELDS, "messages": {"reply": {"inputs": ["note", "paper"]}}}, process)
    )


async def test_a_message_brings_values_and_files_and_lets_the_other_go_on(world: World, clerk: Actor) -> None:
    await deploy_waiting(world)
    waiting = await world.start(clerk, "WAI")
    await deploy_task(world, **SEND, set={"note": "identifier"}, copy={"paper": "doc"})
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="RST")
    source = await world.start(clerk, "RST", name="WAI-1", doc=doc)

    await world.perform(source)

    assert (await world.open_task(waiting)).element == "u"
    assert (await lifecycle.read(world.context, clerk, waiting)).values == {"note": "RST-1"}
    (copy,) = await world.files(waiting)
    assert (copy.field_id, copy.digest) == ("paper", sha256(PDF))
    assert (await world.open_task(source)).element == "u"
    assert await world.drift() == []


async def test_a_message_that_nothing_waits_for_yet_is_sent_again(world: World, clerk: Actor) -> None:
    await deploy_waiting(world)
    waiting = await world.start(clerk, "WAI")
    await deploy_task(world, **SEND)
    for _ in range(2):
        source = await world.start(clerk, "RST", name="WAI-1")
        await world.perform(source)

    (made,) = await attempts(world, source)
    assert (made.state, made.reason) == ("failed", "not_waiting")
    assert (await world.open_task(waiting)).element == "u"


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [("WAI-9", {}, "WAI"), ("WAI-1", {"set": {"shut": "name"}}, "shut: The message 'reply' of WAI does not set it")],
)
async def test_a_message_that_cannot_be_taken_changes_nothing(
    world: World, clerk: Actor, name: str, settings: dict[str, object], said: str
) -> None:
    await deploy_waiting(world)
    waiting = await world.start(clerk, "WAI")
    await deploy_task(world, **SEND, **settings)
    source = await world.start(clerk, "RST", name=name)

    await world.perform(source)

    assert said in await incident(world, source)
    assert (await lifecycle.read(world.context, clerk, waiting)).values == {}
