"""The main job by actions alone: deploy, start with a file, evaluate, hand in the service's result, find it again."""

from satchel.actions.calls import by_hand
from satchel.actions.files import attached
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import search
from satchel.model.actor import Actor
from satchel.model.instance import InstanceState
from world import PDF, World, sha256


async def test_a_product_is_evaluated_with_its_file_and_found_again(world: World, clerk: Actor, buyer: Actor) -> None:
    code = await world.deploy_example("product-evaluation")
    ticket = await world.upload(clerk, PDF, name="chair.pdf", app=code, field="description")
    number = await world.start(clerk, code, product="Chair", supplier="ACME", amount="12.50", description=[ticket])

    await world.complete(buyer, number, "evaluate", outcome="approve", amount="11")
    call = (await by_hand.waiting(world.context, clerk, after=0, limit=10))[0]
    await by_hand.finish(world.context, clerk, call.id, Submission(values={"request": "PUR-1"}))
    archive = (await by_hand.waiting(world.context, clerk, after=0, limit=10))[0]
    await by_hand.finish(world.context, clerk, archive.id, Submission())

    view = await lifecycle.read(world.context, clerk, number)
    assert view.instance.state is InstanceState.ENDED
    assert view.values == {"product": "Chair", "supplier": "ACME", "amount": "11.00", "request": "PUR-1"}
    content = await attached.content(world.context, clerk, view.files[0].id)
    sent = b"".join([chunk async for chunk in attached.open_bytes(world.context, clerk, content)])
    assert (content.name, content.media_type, sent) == ("chair.pdf", "application/pdf", PDF)
    assert content.digest == sha256(PDF)
    page = await search.find(
        world.context, clerk, {"app": code, "fields": {"supplier": "acme"}, "title": "chair"}, with_count=True
    )
    assert [found.id for found in page.instances] == [number]
    assert page.count == 1
    assert await world.kinds(number) == [
        "instance.started",
        "task.claimed",
        "task.completed",
        *["service.finished"] * 2,
        "instance.ended",
    ]
    assert await world.drift() == []
    assert (await world.storage()).used_bytes == len(PDF)
