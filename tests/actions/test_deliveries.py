"""How webhooks are told: signed, until they take it and not for ever, with a record of each attempt."""

import asyncio
from datetime import timedelta

import pytest

from peers import Arrived, Peer
from satchel.actions.files import links
from satchel.actions.upkeep.sweep import DELIVERIES_KEPT, sweep
from satchel.actions.webhooks import deliveries, subscriptions
from satchel.actions.webhooks.subscriptions import DeliveryRecord, WebhookSettings
from satchel.model.actor import Actor
from satchel.model.errors import Gone, InvalidState
from satchel.model.webhooks import FAILING_FOR, PAUSES
from webhook_steps import body, disablings, hook, is_signed, pause, records, run_jobs, subscribe
from world import PDF, World

SECOND = timedelta(seconds=1)


async def only(world: World) -> DeliveryRecord:
    (found,) = await records(world)
    return found


async def test_a_message_is_signed_as_standard_webhooks_say_and_its_attempt_is_on_record(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    secret = await subscribe(world, receiver.answers("/hook", b'{"ok": true}'), "start")
    await world.start(clerk, "HOK", name="Desk")

    await run_jobs(world)

    (arrived,) = receiver.requests
    assert (arrived.method, arrived.target, arrived.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert is_signed(arrived, secret)
    assert not is_signed(arrived, "whsec_" + "A" * 44)
    assert arrived.headers["webhook-timestamp"] == str(int(world.clock().timestamp()))
    record = await only(world)
    assert arrived.headers["webhook-id"] == record.delivery.message_id
    (attempt,) = record.attempts
    assert (record.delivery.state.value, attempt.state, attempt.status) == ("delivered", "done", 200)
    assert attempt.reply == '{"ok": true}'
    assert attempt.duration_ms is not None


async def test_what_fails_is_told_again_under_the_same_id_with_new_addresses_of_files_until_it_is_taken(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    secret = await subscribe(world, receiver.answers("/hook", b"down", status="500 Broken"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    await world.start(clerk, "HOK", name="Desk", doc=[doc])
    await run_jobs(world)

    assert await pause(world, PAUSES[0] - SECOND) == 0
    assert await pause(world, SECOND) == 1
    receiver.answers("/hook", b"")
    assert await pause(world, PAUSES[1]) == 1
    assert await pause(world, timedelta(days=1)) == 0

    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.requests}) == 3
    assert all(is_signed(one, secret) for one in receiver.requests)
    addresses = [body(one)["data"]["files"]["doc"][0]["url"] for one in receiver.requests]
    assert len(set(addresses)) == 3
    record = await only(world)
    assert [(made.state, made.status) for made in record.attempts] == [("failed", 500), ("failed", 500), ("done", 200)]
    assert (record.attempts[0].reason, record.attempts[0].reply) == ("status", "down")
    assert (await hook(world)).failing_since is None


async def test_the_address_of_a_file_gives_its_bytes_for_minutes(world: World, clerk: Actor, receiver: Peer) -> None:
    await subscribe(world, receiver.url("/hook"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    await world.start(clerk, "HOK", doc=[doc])
    await run_jobs(world)
    (file,) = body(receiver.requests[0])["data"]["files"]["doc"]
    token = file["url"].split("/")[-2]

    opened = await links.open_link(world.context, token)
    assert opened.content.size_bytes == len(PDF)
    world.clock.advance(timedelta(minutes=6))
    with pytest.raises(Gone):
        await links.open_link(world.context, token)


async def test_a_receiver_that_asks_for_time_gets_it(world: World, clerk: Actor, receiver: Peer) -> None:
    await subscribe(world, receiver.answers("/hook", b"", "Retry-After: 3600", status="503 Busy"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    assert await pause(world, timedelta(minutes=59)) == 0
    assert await pause(world, timedelta(minutes=1)) == 1


async def test_a_delivery_is_given_up_after_about_a_day_and_can_be_made_again_by_hand(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.answers("/hook", b"", status="404 No"), "start")
    await world.start(clerk, "HOK")
    began = world.clock()
    await run_jobs(world)
    for span in PAUSES:
        assert await pause(world, span) == 1

    assert timedelta(hours=20) < world.clock() - began < timedelta(hours=28)
    record = await only(world)
    assert (record.delivery.state.value, record.delivery.reason, len(record.attempts)) == ("failed", "status", 9)
    assert await pause(world, timedelta(days=1)) == 0

    receiver.answers("/hook", b"")
    await subscriptions.redeliver(world.context, world.admin, record.delivery.id)
    with pytest.raises(InvalidState):
        await subscriptions.redeliver(world.context, world.admin, record.delivery.id)
    assert await run_jobs(world) == 1
    again = await only(world)
    assert (again.delivery.state.value, again.attempts[-1].number) == ("delivered", 10)
    assert receiver.requests[-1].headers["webhook-id"] == receiver.requests[0].headers["webhook-id"]


async def test_a_webhook_that_says_it_is_gone_or_fails_for_days_is_switched_off_with_an_event(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.answers("/hook", b"", status="410 Gone"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    found = await hook(world)
    assert (found.is_active, found.disabled) == (False, "gone")
    assert (await only(world)).delivery.state.value == "failed"
    await world.start(clerk, "HOK")
    assert len(await records(world)) == 1

    receiver.answers("/hook", b"", status="500 Broken")
    await subscriptions.change(world.context, world.admin, found.id, WebhookSettings(is_active=True))
    await world.start(clerk, "HOK")
    await run_jobs(world)
    await world.start(clerk, "HOK")
    assert await pause(world, FAILING_FOR - SECOND) == 1
    assert (await hook(world)).is_active
    world.clock.advance(timedelta(minutes=1))
    await subscriptions.redeliver(world.context, world.admin, (await records(world, "failed"))[0].delivery.id)
    await run_jobs(world)

    assert (await hook(world)).disabled == "failing"
    assert await disablings(world) == [
        {"webhook": found.id, "app": "HOK", "why": "gone"},
        {"webhook": found.id, "app": "HOK", "why": "failing"},
    ]
    await pause(world, timedelta(hours=12))
    assert [record.delivery.reason for record in await records(world)] == ["status", "switched_off", "status"]
    assert await records(world, "waiting") == []


async def test_a_webhook_that_fails_gets_one_attempt_at_a_time_and_the_rest_once_it_takes_messages_again(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.answers("/hook", b"", status="500 Broken"), "start")
    for _ in range(3):
        await world.start(clerk, "HOK")
    await run_jobs(world)  # the first fails, the others wait with it
    await world.start(clerk, "HOK")
    assert await run_jobs(world) == 0
    assert len(receiver.requests) == 1

    for _ in range(3):
        world.clock.advance(timedelta(seconds=30))
        assert await deliveries.enqueue_due(world.context) == 1
        assert await deliveries.enqueue_due(world.context) == 0
        await run_jobs(world)
    assert len(receiver.requests) == 4

    receiver.answers("/hook", b"")
    await pause(world, timedelta(minutes=2))
    assert len(receiver.requests) == 5
    await pause(world, timedelta(minutes=2))
    assert {record.delivery.state.value for record in await records(world)} == {"delivered"}


async def test_a_job_that_runs_twice_or_late_tells_nothing_more(world: World, clerk: Actor, receiver: Peer) -> None:
    await subscribe(world, receiver.url("/hook"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)
    record = await only(world)

    for attempt in (1, 2, 3):
        await deliveries.deliver(world.context, world.account, record.delivery.id, attempt)

    assert len(receiver.requests) == 1


async def test_an_attempt_of_a_worker_that_died_is_made_again_under_its_number(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    came = asyncio.Event()

    async def hang(_arrived: Arrived, _writer: asyncio.StreamWriter) -> None:
        came.set()
        await asyncio.Event().wait()

    receiver.paths["/hook"] = hang
    await subscribe(world, receiver.url("/hook"), "start")
    await world.start(clerk, "HOK")
    number = (await only(world)).delivery.id
    dying = asyncio.create_task(deliveries.deliver(world.context, world.account, number, 1))
    async with asyncio.timeout(10):
        await came.wait()
    dying.cancel()
    await asyncio.wait({dying})
    assert (await only(world)).attempts[0].state == "running"

    receiver.answers("/hook", b"")
    await deliveries.deliver(world.context, world.account, number, 1)

    record = await only(world)
    assert [(made.number, made.state) for made in record.attempts] == [(1, "done")]
    assert record.delivery.state.value == "delivered"
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.2:9/hook", "forbidden_address"),
        ("http://[::ffff:10.0.0.1]/", "forbidden_address"),
        ("http://localhost:1/", "forbidden_address"),
    ],
)
async def test_no_message_goes_to_an_address_inside(
    world: World, clerk: Actor, receiver: Peer, address: str, reason: str
) -> None:
    await subscribe(world, address, "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    (attempt,) = (await only(world)).attempts
    assert (attempt.reason, attempt.status) == (reason, None)
    assert receiver.connections == 0


async def test_a_redirect_is_not_followed_and_counts_as_failed(world: World, clerk: Actor, receiver: Peer) -> None:
    await subscribe(
        world, receiver.answers("/hook", b"", f"Location: {receiver.url('/there')}", status="307 There"), "start"
    )
    await world.start(clerk, "HOK")
    await run_jobs(world)

    assert [arrived.target for arrived in receiver.requests] == ["/hook"]
    assert (await only(world)).attempts[0].status == 307


async def test_the_record_repeats_neither_signature_nor_address_nor_secret(
    world: World, clerk: Actor, receiver: Peer, capfd: pytest.CaptureFixture[str]
) -> None:
    async def echo(arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        url = body(arrived)["data"]["files"]["doc"][0]["url"]
        said = f"{arrived.headers['webhook-signature']} {url} said".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)

    receiver.paths["/hook"] = echo
    secret = await subscribe(world, receiver.url("/hook?key=quiet"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    await world.start(clerk, "HOK", doc=[doc])
    await run_jobs(world)

    (arrived,) = receiver.requests
    assert (await only(world)).attempts[0].reply == "*** *** said"
    token = body(arrived)["data"]["files"]["doc"][0]["url"].split("/")[-2]
    signed = arrived.headers["webhook-signature"].removeprefix("v1,")
    for (table,) in await world.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"):
        held = str(await world.rows(f"SELECT t::text FROM {table} t"))
        for leak in (secret, secret.removeprefix("whsec_"), token, signed):
            assert leak not in held, table
        assert "quiet" not in held or table == "webhooks"
    written = "".join(capfd.readouterr())
    assert not any(leak in written for leak in (secret, token, signed, "quiet"))


async def test_records_of_deliveries_go_after_their_time(world: World, clerk: Actor, receiver: Peer) -> None:
    await subscribe(world, receiver.url("/hook"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    world.clock.advance(DELIVERIES_KEPT)
    await sweep(world.context)
    assert len(await records(world)) == 1
    world.clock.advance(SECOND)
    await sweep(world.context)
    assert await records(world) == []
