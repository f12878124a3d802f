"""Webhooks in Flokzu's format: what arrives is its envelope, whose payload is what version 1 answers."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from calling import allow
from golden.flokzu_world import flokzu as flokzu_world
from peers import Peer, peer
from satchel.actions.webhook_formats import NATIVE_FORMAT, by_name
from satchel.actions.webhooks import subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.model.errors import InvalidValues
from satchel.model.ids import InstanceId
from satchel.surfaces.flokzu.addresses import BASE
from satchel.surfaces.flokzu.webhooks import FORMAT
from surfaces.conftest import Api
from webhook_steps import run_jobs

EVENTS = ("start", "save", "task_done")


@pytest.fixture
async def receiver(api: Api) -> AsyncIterator[Peer]:
    """A receiver that Flokzu called before."""
    async with peer() as made:
        allow(api.world, made)
        yield made


async def test_saves_and_completions_come_in_the_documented_envelope(api: Api, receiver: Peer) -> None:
    world = api.world
    world.context = replace(world.context, webhook_formats=by_name(NATIVE_FORMAT, FORMAT))
    keys = await flokzu_world(api)
    wish = WebhookSettings(url=receiver.url("/hook"), events=EVENTS, format="flokzu")
    made = await subscriptions.create(world.context, world.admin, "EVA", wish)
    client = await api.client("anonymous")

    created = await client.post(f"{BASE}/{keys['clerk']}/instance?processCode=EVA", json={"Product": "Lamp"})
    await client.put(f"{BASE}/{keys['clerk']}/instance?identifier=EVA-1", json={"Amount": "3"})
    await world.complete(await world.actor("buyer"), InstanceId(int(str(keys["number"]))))
    assert await run_jobs(world) == 3

    messages = [json.loads(arrived.body) for arrived in receiver.requests]
    assert [set(message) for message in messages] == [{"Timestamp", "Type", "Payload"}] * 3
    assert [message["Type"] for message in messages] == ["save", "save", "task_complete"]
    assert all(message["Timestamp"].endswith("Z") for message in messages)
    start, save, done = (message["Payload"] for message in messages)
    assert (start["reference"], start["documentCreator"]) == (created.json()["identifier"], "system")
    answer = (await client.get(f"{BASE}/{keys['clerk']}/instance?identifier=EVA-1")).json()
    assert set(save) == set(answer)
    assert {"Amount": "3"} in save["fields"]
    assert set(done) - set(answer) == {"last_participant"}
    assert done["last_participant"] == "buyer@acme.example"
    (description,) = [field["Description (PDF)"] for field in done["fields"] if "Description (PDF)" in field]
    (read,) = [field["Description (PDF)"] for field in answer["fields"] if "Description (PDF)" in field]
    assert {**description, "url": ""} == {**read, "url": ""}
    tokens = {arrived.headers["x-flokzu-token"] for arrived in receiver.requests}
    assert tokens == {made.token}


async def test_a_test_has_an_empty_payload_and_endings_cannot_be_subscribed_to(api: Api, receiver: Peer) -> None:
    world = api.world
    world.context = replace(world.context, webhook_formats=by_name(NATIVE_FORMAT, FORMAT))
    await flokzu_world(api)
    with pytest.raises(InvalidValues):
        await subscriptions.create(
            world.context, world.admin, "EVA", WebhookSettings(url=receiver.url("/"), events=("end",), format="flokzu")
        )
    made = await subscriptions.create(
        world.context, world.admin, "EVA", WebhookSettings(url=receiver.url("/"), format="flokzu")
    )

    await subscriptions.send_test(world.context, world.admin, made.webhook.id)
    await run_jobs(world)

    message = json.loads(receiver.requests[0].body)
    assert (message["Type"], message["Payload"]) == ("test", {})
