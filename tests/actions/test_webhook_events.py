"""What webhooks are told and when: the four happenings, and that they share the fate of their transaction."""

import pytest

from engine_bpmn import el, simple, user
from peers import Peer
from satchel.actions.files import adding, attached
from satchel.actions.instances import lifecycle, submitting, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.places import FilePlace
from satchel.actions.webhooks import subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.model.actor import Actor
from satchel.model.errors import InvalidValues
from satchel.model.ids import FileId
from webhook_steps import MANIFEST, body, records, run_jobs, subscribe
from world import PDF, TEXT, World, bundle


async def told(world: World, receiver: Peer) -> list[tuple[str, str]]:
    """Deliver what is due, and return what came since the last time as (type, kind)."""
    before = len(receiver.requests)
    await run_jobs(world)
    return [(body(one)["type"], body(one)["data"]["event"]["kind"]) for one in receiver.requests[before:]]


async def test_a_run_of_an_instance_is_told_from_start_to_end(world: World, clerk: Actor, receiver: Peer) -> None:
    await subscribe(world, receiver.url("/hook"))
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")

    number = await world.start(clerk, "HOK", name="Desk", amount="12.50", doc=[doc])
    assert await told(world, receiver) == [("start", "instance.started")]
    task = (await world.open_task(number)).id
    await tasks.save(world.context, clerk, task, Submission(values={"name": "Lamp"}))
    assert await told(world, receiver) == [("save", "task.saved")]
    await tasks.complete(world.context, clerk, task, Submission(), outcome="yes")
    assert await told(world, receiver) == [("task_done", "task.completed"), ("end", "instance.ended")]

    first, _, done, end = (body(one)["data"] for one in receiver.requests)
    assert first["instance"] | {"uuid": "", "started_at": ""} == {
        "id": number,
        "uuid": "",
        "identifier": "HOK-1",
        "title": "Desk",
        "state": "running",
        "starter": clerk.user_id,
        "started_at": "",
        "ended_at": None,
        "revision": first["instance"]["revision"],
    }
    assert first["values"] == {"name": "Desk", "amount": "12.5"}
    (file,) = first["files"]["doc"]
    assert (file["id"], file["name"], file["size"], file["contentType"]) == (doc, "a.pdf", len(PDF), "application/pdf")
    assert (first["app"], first["task"], first["attachments"]) == ("HOK", None, [])
    assert done["task"] == {"id": task, "element": "a", "name": "a", "state": "done", "outcome": "yes"}
    assert done["values"]["name"] == "Lamp"
    assert done["event"]["user"] == clerk.user_id
    assert end["instance"]["state"] == "ended"
    assert end["instance"]["ended_at"] is not None
    order = [one["event"]["id"] for one in (first, done, end)]
    assert order == sorted(order)


async def test_everything_that_changes_values_or_files_is_a_save_and_nothing_else_is(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.url("/"), "save")
    number = await world.start(clerk, "HOK", name="Desk")
    task = await world.open_task(number)
    context, change = world.context, lifecycle.change_values

    await change(context, clerk, number, Submission(values={"name": "Lamp"}), expected=None)
    assert await told(world, receiver) == [("save", "instance.changed")]
    await lifecycle.run_action(context, clerk, number, 10, Submission(values={"name": "Chair"}))
    assert await told(world, receiver) == [("save", "action.run")]
    await submitting.submit_form(context, clerk, task.id, lambda *_: Submission(values={"name": "Stool"}))
    assert await told(world, receiver) == [("save", "task.submitted")]
    note = await world.upload(clerk, TEXT, instance=number)
    await adding.attach(context, clerk, number, [note], FilePlace())
    assert await told(world, receiver) == [("save", "file.added")]
    await attached.delete(context, clerk, FileId(note), expected=None)
    assert await told(world, receiver) == [("save", "file.deleted")]

    await change(context, clerk, number, Submission(values={"name": "Stool"}), expected=None)
    await tasks.save(context, clerk, task.id, Submission(values={"name": "Stool"}))
    await lifecycle.comment(context, clerk, number, "Nothing changed.")
    await tasks.arrive(context, clerk, task.id)
    assert await told(world, receiver) == []


async def test_an_action_that_completes_a_task_is_told_as_that_and_a_cancelled_instance_as_ended(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.url("/"), "task_done", "end")
    by_action = await world.start(clerk, "HOK")
    await lifecycle.run_action(world.context, clerk, by_action, 20, Submission(values={"name": "x"}))
    assert await told(world, receiver) == [("task_done", "action.run"), ("end", "instance.ended")]

    await lifecycle.cancel_instance(world.context, clerk, await world.start(clerk, "HOK"), why="no more")
    assert await told(world, receiver) == [("end", "instance.cancelled")]
    assert body(receiver.requests[-1])["data"]["instance"]["state"] == "cancelled"


async def test_a_service_task_that_sets_values_is_a_save_by_the_process_itself(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    service = {"kind": "rest", "method": "GET", "url": receiver.answers("/say", b'{"n": "new"}')}
    for code, output in (("SET", {"values": {"name": "$.n"}}), ("ASK", None)):
        task = service | ({"output": output} if output else {})
        process = simple(el("serviceTask", "s"), user("u"), through=("s", "u"))
        await world.deploy(
            bundle({**MANIFEST, "code": code, "tasks": {}, "actions": {}, "services": {"s": task}}, process)
        )
        await subscriptions.create(
            world.context, world.admin, code, WebhookSettings(url=receiver.url("/hook"), events=["save"])
        )
    for code in ("SET", "ASK"):
        await world.perform(await world.start(clerk, code, name="old"))

    await run_jobs(world)

    (arrived,) = [one for one in receiver.requests if one.target == "/hook"]
    assert body(arrived)["data"]["app"] == "SET"
    assert body(arrived)["data"]["values"]["name"] == "new"
    assert body(arrived)["data"]["event"]["user"] is None


async def test_nothing_is_told_of_what_was_rolled_back_of_other_apps_or_to_a_webhook_that_is_off(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.url("/"))
    (webhook,) = await subscriptions.listing(world.context, world.admin)
    await world.deploy(bundle({**MANIFEST, "code": "OTH"}))
    await world.start(clerk, "OTH")
    with pytest.raises(InvalidValues):
        await world.start(clerk, "HOK", amount="no number")
    number = await world.start(clerk, "HOK")
    with pytest.raises(InvalidValues):
        await tasks.complete(world.context, clerk, (await world.open_task(number)).id, Submission(), outcome="no")
    await subscriptions.change(world.context, world.admin, webhook.id, WebhookSettings(is_active=False))
    await world.start(clerk, "HOK")

    assert [record.delivery.instance_id for record in await records(world)] == [number]


async def test_a_deleted_instance_takes_with_it_what_was_not_told_yet(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.url("/"))
    number = await world.start(clerk, "HOK")
    await lifecycle.delete(world.context, clerk, number, expected=None)

    await run_jobs(world)

    assert receiver.requests == []
    assert await records(world) == []


async def test_what_is_told_is_what_was_saved_then_however_late_it_is_told(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.url("/"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    number = await world.start(clerk, "HOK", name="Desk", doc=[doc])
    await lifecycle.change_values(world.context, clerk, number, Submission(values={"name": "Lamp"}), expected=None)
    later = await world.upload(clerk, TEXT, instance=number)
    await adding.attach(world.context, clerk, number, [later], FilePlace())
    await attached.delete(world.context, clerk, FileId(doc), expected=None)

    await run_jobs(world)

    data = body(receiver.requests[0])["data"]
    assert data["values"] == {"name": "Desk"}
    assert data["instance"]["title"] == "Desk"
    assert (data["files"], data["attachments"]) == ({"doc": []}, [])
