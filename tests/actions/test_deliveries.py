"""How webhooks are told: signed, until they take it and not for ever, with a record of each attempt."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from calling import allow
from peers import Arrived, Peer, peer
from satchel.actions import accounts, deliveries, instances, links, webhooks
from satchel.actions.forms import Submission
from satchel.actions.sweep import DELIVERIES_KEPT, sweep
from satchel.actions.webhook_formats import NATIVE_FORMAT, Format, Message, by_name
from satchel.actions.webhooks import Record, Wish
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, Gone, InvalidState, InvalidValues, NotFound
from satchel.model.ids import WebhookId
from satchel.model.webhooks import FAILING_FOR, MAX_WEBHOOKS_PER_APP, PAUSES, SECRET_OVERLAPS, Happening, Webhook
from telling import body, deploy, is_signed, records, run_jobs, subscribe
from world import PDF, World, faults_of

SECOND = timedelta(seconds=1)


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        await deploy(world)
        yield made


async def pause(world: World, span: timedelta) -> int:
    """Let time pass, do what is due then as tick and worker would, and return how many jobs that were."""
    world.clock.advance(span)
    await deliveries.enqueue_due(world.context)
    return await run_jobs(world)


async def only(world: World) -> Record:
    (found,) = await records(world)
    return found


async def hook(world: World) -> Webhook:
    (found,) = await webhooks.listing(world.context, world.admin)
    return found


async def disablings(world: World) -> list[object]:
    found = await world.rows("SELECT data FROM events WHERE kind = 'webhook.disabled' AND user_id IS NULL ORDER BY id")
    return [data for (data,) in found]


async def test_a_message_is_signed_as_standard_webhooks_say_and_its_attempt_is_on_record(
    world: World, clerk: Actor, other: Peer
) -> None:
    secret = await subscribe(world, other.answers("/hook", b'{"ok": true}'), "start")
    await world.start(clerk, "HOK", name="Desk")

    await run_jobs(world)

    (arrived,) = other.requests
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
    world: World, clerk: Actor, other: Peer
) -> None:
    secret = await subscribe(world, other.answers("/hook", b"down", status="500 Broken"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    await world.start(clerk, "HOK", name="Desk", doc=[doc])
    await run_jobs(world)

    assert await pause(world, PAUSES[0] - SECOND) == 0
    assert await pause(world, SECOND) == 1
    other.answers("/hook", b"")
    assert await pause(world, PAUSES[1]) == 1
    assert await pause(world, timedelta(days=1)) == 0

    assert len({one.headers["webhook-id"] for one in other.requests}) == 1
    assert len({one.headers["webhook-timestamp"] for one in other.requests}) == 3
    assert all(is_signed(one, secret) for one in other.requests)
    addresses = [body(one)["data"]["files"]["doc"][0]["url"] for one in other.requests]
    assert len(set(addresses)) == 3
    record = await only(world)
    assert [(made.state, made.status) for made in record.attempts] == [("failed", 500), ("failed", 500), ("done", 200)]
    assert (record.attempts[0].reason, record.attempts[0].reply) == ("status", "down")
    assert (await hook(world)).failing_since is None


async def test_the_address_of_a_file_gives_its_bytes_for_minutes(world: World, clerk: Actor, other: Peer) -> None:
    await subscribe(world, other.url("/hook"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    await world.start(clerk, "HOK", doc=[doc])
    await run_jobs(world)
    (file,) = body(other.requests[0])["data"]["files"]["doc"]
    token = file["url"].split("/")[-2]

    opened = await links.open_link(world.context, token)
    assert opened.content.size_bytes == len(PDF)
    world.clock.advance(timedelta(minutes=6))
    with pytest.raises(Gone):
        await links.open_link(world.context, token)


async def test_a_receiver_that_asks_for_time_gets_it(world: World, clerk: Actor, other: Peer) -> None:
    await subscribe(world, other.answers("/hook", b"", "Retry-After: 3600", status="503 Busy"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    assert await pause(world, timedelta(minutes=59)) == 0
    assert await pause(world, timedelta(minutes=1)) == 1


async def test_a_delivery_is_given_up_after_about_a_day_and_can_be_made_again_by_hand(
    world: World, clerk: Actor, other: Peer
) -> None:
    await subscribe(world, other.answers("/hook", b"", status="404 No"), "start")
    await world.start(clerk, "HOK")
    began = world.clock()
    await run_jobs(world)
    for span in PAUSES:
        assert await pause(world, span) == 1

    assert timedelta(hours=20) < world.clock() - began < timedelta(hours=28)
    record = await only(world)
    assert (record.delivery.state.value, record.delivery.reason, len(record.attempts)) == ("failed", "status", 9)
    assert await pause(world, timedelta(days=1)) == 0

    other.answers("/hook", b"")
    await webhooks.redeliver(world.context, world.admin, record.delivery.id)
    with pytest.raises(InvalidState):
        await webhooks.redeliver(world.context, world.admin, record.delivery.id)
    assert await run_jobs(world) == 1
    again = await only(world)
    assert (again.delivery.state.value, again.attempts[-1].number) == ("delivered", 10)
    assert other.requests[-1].headers["webhook-id"] == other.requests[0].headers["webhook-id"]


async def test_a_webhook_that_says_it_is_gone_or_fails_for_days_is_switched_off_with_an_event(
    world: World, clerk: Actor, other: Peer
) -> None:
    await subscribe(world, other.answers("/hook", b"", status="410 Gone"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    found = await hook(world)
    assert (found.is_active, found.disabled) == (False, "gone")
    assert (await only(world)).delivery.state.value == "failed"
    await world.start(clerk, "HOK")
    assert len(await records(world)) == 1

    other.answers("/hook", b"", status="500 Broken")
    await webhooks.change(world.context, world.admin, found.id, Wish(is_active=True))
    await world.start(clerk, "HOK")
    await run_jobs(world)
    await world.start(clerk, "HOK")
    assert await pause(world, FAILING_FOR - SECOND) == 1
    assert (await hook(world)).is_active
    world.clock.advance(timedelta(minutes=1))
    await webhooks.redeliver(world.context, world.admin, (await records(world, "failed"))[0].delivery.id)
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
    world: World, clerk: Actor, other: Peer
) -> None:
    await subscribe(world, other.answers("/hook", b"", status="500 Broken"), "start")
    for _ in range(3):
        await world.start(clerk, "HOK")
    await run_jobs(world)  # the first fails, the others wait with it
    await world.start(clerk, "HOK")
    assert await run_jobs(world) == 0
    assert len(other.requests) == 1

    for _ in range(3):
        world.clock.advance(timedelta(seconds=30))
        assert await deliveries.enqueue_due(world.context) == 1
        assert await deliveries.enqueue_due(world.context) == 0
        await run_jobs(world)
    assert len(other.requests) == 4

    other.answers("/hook", b"")
    await pause(world, timedelta(minutes=2))
    assert len(other.requests) == 5
    await pause(world, timedelta(minutes=2))
    assert {record.delivery.state.value for record in await records(world)} == {"delivered"}


async def test_a_job_that_runs_twice_or_late_tells_nothing_more(world: World, clerk: Actor, other: Peer) -> None:
    await subscribe(world, other.url("/hook"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)
    record = await only(world)

    for attempt in (1, 2, 3):
        await deliveries.deliver(world.context, world.account, record.delivery.id, attempt)

    assert len(other.requests) == 1


async def test_an_attempt_of_a_worker_that_died_is_made_again_under_its_number(
    world: World, clerk: Actor, other: Peer
) -> None:
    came = asyncio.Event()

    async def hang(_arrived: Arrived, _writer: asyncio.StreamWriter) -> None:
        came.set()
        await asyncio.Event().wait()

    other.paths["/hook"] = hang
    await subscribe(world, other.url("/hook"), "start")
    await world.start(clerk, "HOK")
    number = (await only(world)).delivery.id
    dying = asyncio.create_task(deliveries.deliver(world.context, world.account, number, 1))
    async with asyncio.timeout(10):
        await came.wait()
    dying.cancel()
    await asyncio.wait({dying})
    assert (await only(world)).attempts[0].state == "running"

    other.answers("/hook", b"")
    await deliveries.deliver(world.context, world.account, number, 1)

    record = await only(world)
    assert [(made.number, made.state) for made in record.attempts] == [(1, "done")]
    assert record.delivery.state.value == "delivered"
    assert len({one.headers["webhook-id"] for one in other.requests}) == 1


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.2:9/hook", "forbidden_address"),
        ("http://[::ffff:10.0.0.1]/", "forbidden_address"),
        ("http://localhost:1/", "forbidden_address"),
    ],
)
async def test_no_message_goes_to_an_address_inside(
    world: World, clerk: Actor, other: Peer, address: str, reason: str
) -> None:
    await subscribe(world, address, "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    (attempt,) = (await only(world)).attempts
    assert (attempt.reason, attempt.status) == (reason, None)
    assert other.connections == 0


async def test_a_redirect_is_not_followed_and_counts_as_failed(world: World, clerk: Actor, other: Peer) -> None:
    await subscribe(world, other.answers("/hook", b"", f"Location: {other.url('/there')}", status="307 There"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    assert [arrived.target for arrived in other.requests] == ["/hook"]
    assert (await only(world)).attempts[0].status == 307


async def test_the_record_repeats_neither_signature_nor_address_nor_secret(
    world: World, clerk: Actor, other: Peer, capfd: pytest.CaptureFixture[str]
) -> None:
    async def echo(arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        url = body(arrived)["data"]["files"]["doc"][0]["url"]
        said = f"{arrived.headers['webhook-signature']} {url} said".encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)

    other.paths["/hook"] = echo
    secret = await subscribe(world, other.url("/hook?key=quiet"), "start")
    doc = await world.upload(clerk, PDF, name="a.pdf", field="doc", app="HOK")
    await world.start(clerk, "HOK", doc=[doc])
    await run_jobs(world)

    (arrived,) = other.requests
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


async def test_a_secret_that_is_replaced_signs_too_for_a_day_or_ends_at_once(
    world: World, clerk: Actor, other: Peer
) -> None:
    first = await subscribe(world, other.url("/hook"), "start")
    number = (await hook(world)).id

    second = (await webhooks.change_secret(world.context, world.admin, number)).secret
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert is_signed(other.requests[-1], first)
    assert is_signed(other.requests[-1], second)
    world.clock.advance(SECRET_OVERLAPS)
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert not is_signed(other.requests[-1], first)
    assert is_signed(other.requests[-1], second)

    third = (await webhooks.change_secret(world.context, world.admin, number, at_once=True)).secret
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert not is_signed(other.requests[-1], second)
    assert is_signed(other.requests[-1], third)


async def test_a_test_is_sent_once_also_to_a_webhook_that_is_off_and_changes_nothing_if_it_fails(
    world: World, other: Peer
) -> None:
    secret = await subscribe(world, other.url("/hook"))
    number = (await hook(world)).id
    await webhooks.change(world.context, world.admin, number, Wish(is_active=False))

    await webhooks.send_test(world.context, world.admin, number)
    await run_jobs(world)
    assert body(other.requests[0])["type"] == "test"
    assert is_signed(other.requests[0], secret)

    other.answers("/hook", b"", status="410 Gone")
    await webhooks.change(world.context, world.admin, number, Wish(is_active=True))
    await webhooks.send_test(world.context, world.admin, number)
    await run_jobs(world)
    assert [record.delivery.state.value for record in await records(world)] == ["delivered", "failed"]
    assert await pause(world, timedelta(days=1)) == 0
    found = await hook(world)
    assert (found.is_active, found.failing_since) == (True, None)


async def test_a_webhook_ends_with_the_rights_of_whoever_answers_for_it(
    world: World, clerk: Actor, manager: Actor, other: Peer
) -> None:
    made = await webhooks.create(world.context, manager, "HOK", Wish(url=other.url("/hook")))
    await world.start(clerk, "HOK")
    assert manager.user_id is not None
    await accounts.set_member(world.context, world.admin, world.groups["managers"], manager.user_id, is_member=False)

    await run_jobs(world)

    assert other.requests == []
    assert (await only(world)).delivery.reason == "rights_lost"
    assert (await hook(world)).disabled == "rights_lost"
    assert await disablings(world) == [{"webhook": made.webhook.id, "app": "HOK", "why": "rights_lost"}]
    await webhooks.change(world.context, world.admin, made.webhook.id, Wish(is_active=True))
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert len(other.requests) == 1


async def test_only_who_may_manage_an_app_and_view_its_instances_has_it_told_to_an_address(
    world: World, clerk: Actor, stranger: Actor, manager: Actor, other: Peer
) -> None:
    url = other.url("/hook")
    made = await webhooks.create(world.context, manager, "HOK", Wish(url=url))
    number = made.webhook.id
    for nobody in (stranger, world.rival):
        with pytest.raises(NotFound):
            await webhooks.create(world.context, nobody, "HOK", Wish(url=url))
        with pytest.raises(NotFound):
            await webhooks.read(world.context, nobody, number)
    with pytest.raises(Forbidden):
        await webhooks.create(world.context, clerk, "HOK", Wish(url=url))
    with pytest.raises(Forbidden):
        await webhooks.read(world.context, clerk, number)
    assert await webhooks.listing(world.context, clerk) == []
    assert await webhooks.listing(world.context, world.rival) == []
    await world.rows(
        """DELETE FROM grants WHERE "right" = 'view' AND group_id = %s RETURNING group_id""",
        int(world.groups["managers"]),
    )
    half = await world.actor("manager")
    with pytest.raises(Forbidden):
        await webhooks.change(world.context, half, number, Wish(url=url))
    await webhooks.delete(world.context, half, number)
    assert await webhooks.listing(world.context, world.admin) == []


@pytest.mark.parametrize(
    ("wish", "fault"),
    [
        (Wish(), "url"),
        (Wish(url="ftp://example.com/"), "url"),
        (Wish(url="https://me:pw@example.com/"), "url"),
        (Wish(url="https://example.com/\x00"), "url"),
        (Wish(url="https://example.com/", events=[]), "events"),
        (Wish(url="https://example.com/", events=["start", "test"]), "events"),
        (Wish(url="https://example.com/", format="xml"), "format"),
    ],
)
async def test_a_webhook_that_could_not_be_told_is_refused(world: World, other: Peer, wish: Wish, fault: str) -> None:
    del other
    with pytest.raises(InvalidValues) as refused:
        await webhooks.create(world.context, world.admin, "HOK", wish)
    assert [field for field, _ in faults_of(refused.value)] == [fault]


async def test_an_app_has_only_so_many_webhooks(world: World, other: Peer) -> None:
    for _ in range(MAX_WEBHOOKS_PER_APP):
        await subscribe(world, other.url("/hook"))
    with pytest.raises(InvalidState):
        await subscribe(world, other.url("/hook"))


async def test_a_format_of_a_surface_says_which_happenings_it_knows_and_sends_its_token(
    world: World, clerk: Actor, other: Peer
) -> None:
    async def render(_tx: Reader, message: Message) -> object:
        return {"Type": message.type, "Of": message.told.instance.identifier if message.told else None}

    types = {Happening.START: "save", Happening.SAVE: "save"}
    plain = Format(name="plain", types=types, render=render, token_header="X-Token")
    object.__setattr__(world.context, "webhook_formats", by_name(NATIVE_FORMAT, plain))
    with pytest.raises(InvalidValues):
        await webhooks.create(
            world.context, world.admin, "HOK", Wish(url=other.url("/"), format="plain", events=["end"])
        )
    made = await webhooks.create(world.context, world.admin, "HOK", Wish(url=other.url("/"), format="plain"))
    number = await world.start(clerk, "HOK")
    await instances.change_values(world.context, clerk, number, Submission(values={"name": "x"}), expected=None)
    await instances.cancel_instance(world.context, clerk, number, why="")
    await run_jobs(world)

    assert made.webhook.events == ["start", "save"]
    assert [body(one) for one in other.requests] == [{"Type": "save", "Of": "HOK-1"}] * 2
    assert {one.headers["x-token"] for one in other.requests} == {made.token}
    assert str(made.token) not in made.secret


async def test_records_of_deliveries_go_after_their_time(world: World, clerk: Actor, other: Peer) -> None:
    await subscribe(world, other.url("/hook"), "start")
    await world.start(clerk, "HOK")
    await run_jobs(world)

    world.clock.advance(DELIVERIES_KEPT)
    await sweep(world.context)
    assert len(await records(world)) == 1
    world.clock.advance(SECOND)
    await sweep(world.context)
    assert await records(world) == []


async def test_a_webhook_goes_with_everything_that_it_was_to_be_told(world: World, clerk: Actor, other: Peer) -> None:
    await subscribe(world, other.url("/hook"))
    await world.start(clerk, "HOK")
    await webhooks.delete(world.context, world.admin, (await hook(world)).id)

    assert await run_jobs(world) == 1
    assert other.requests == []
    with pytest.raises(NotFound):
        await webhooks.read(world.context, world.admin, WebhookId(1))
