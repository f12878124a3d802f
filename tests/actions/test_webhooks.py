"""Webhooks as subscriptions: who may have what told to which address, secrets, tests, and formats."""

from datetime import timedelta

import pytest

from peers import Peer
from satchel.actions.identity import accounts
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.webhook_formats import NATIVE_FORMAT, Format, WebhookMessage, by_name
from satchel.actions.webhooks import subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import WebhookId
from satchel.model.webhooks import MAX_WEBHOOKS_PER_APP, SECRET_OVERLAPS, WebhookEvent
from webhook_steps import body, disablings, hook, is_signed, pause, records, run_jobs, subscribe
from world import World, faults_of


async def test_a_secret_that_is_replaced_signs_too_for_a_day_or_ends_at_once(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    first = await subscribe(world, receiver.url("/hook"), "start")
    number = (await hook(world)).id

    second = (await subscriptions.change_secret(world.context, world.admin, number)).secret
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert is_signed(receiver.requests[-1], first)
    assert is_signed(receiver.requests[-1], second)
    world.clock.advance(SECRET_OVERLAPS)
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert not is_signed(receiver.requests[-1], first)
    assert is_signed(receiver.requests[-1], second)

    third = (await subscriptions.change_secret(world.context, world.admin, number, at_once=True)).secret
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert not is_signed(receiver.requests[-1], second)
    assert is_signed(receiver.requests[-1], third)


async def test_a_test_is_sent_once_also_to_a_webhook_that_is_off_and_changes_nothing_if_it_fails(
    world: World, receiver: Peer
) -> None:
    secret = await subscribe(world, receiver.url("/hook"))
    number = (await hook(world)).id
    await subscriptions.change(world.context, world.admin, number, WebhookSettings(is_active=False))

    await subscriptions.send_test(world.context, world.admin, number)
    await run_jobs(world)
    assert body(receiver.requests[0])["type"] == "test"
    assert is_signed(receiver.requests[0], secret)

    receiver.answers("/hook", b"", status="410 Gone")
    await subscriptions.change(world.context, world.admin, number, WebhookSettings(is_active=True))
    await subscriptions.send_test(world.context, world.admin, number)
    await run_jobs(world)
    assert [record.delivery.state.value for record in await records(world)] == ["delivered", "failed"]
    assert await pause(world, timedelta(days=1)) == 0
    found = await hook(world)
    assert (found.is_active, found.failing_since) == (True, None)


async def test_a_webhook_ends_with_the_rights_of_whoever_answers_for_it(
    world: World, clerk: Actor, manager: Actor, receiver: Peer
) -> None:
    made = await subscriptions.create(world.context, manager, "HOK", WebhookSettings(url=receiver.url("/hook")))
    await world.start(clerk, "HOK")
    assert manager.user_id is not None
    await accounts.set_member(world.context, world.admin, world.groups["managers"], manager.user_id, is_member=False)

    await run_jobs(world)

    assert receiver.requests == []
    assert (await records(world))[0].delivery.reason == "rights_lost"
    assert (await hook(world)).disabled == "rights_lost"
    assert await disablings(world) == [{"webhook": made.webhook.id, "app": "HOK", "why": "rights_lost"}]
    await subscriptions.change(world.context, world.admin, made.webhook.id, WebhookSettings(is_active=True))
    await world.start(clerk, "HOK")
    await run_jobs(world)
    assert len(receiver.requests) == 1


async def test_only_who_may_manage_an_app_and_view_its_instances_has_it_told_to_an_address(
    world: World, clerk: Actor, stranger: Actor, manager: Actor, receiver: Peer
) -> None:
    url = receiver.url("/hook")
    made = await subscriptions.create(world.context, manager, "HOK", WebhookSettings(url=url))
    number = made.webhook.id
    for nobody in (stranger, world.rival):
        with pytest.raises(NotFound):
            await subscriptions.create(world.context, nobody, "HOK", WebhookSettings(url=url))
        with pytest.raises(NotFound):
            await subscriptions.read(world.context, nobody, number)
    with pytest.raises(Forbidden):
        await subscriptions.create(world.context, clerk, "HOK", WebhookSettings(url=url))
    with pytest.raises(Forbidden):
        await subscriptions.read(world.context, clerk, number)
    assert await subscriptions.listing(world.context, clerk) == []
    assert await subscriptions.listing(world.context, world.rival) == []
    await world.rows(
        """DELETE FROM grants WHERE "right" = 'view' AND group_id = %s RETURNING group_id""",
        int(world.groups["managers"]),
    )
    half = await world.actor("manager")
    with pytest.raises(Forbidden):
        await subscriptions.change(world.context, half, number, WebhookSettings(url=url))
    await subscriptions.delete(world.context, half, number)
    assert await subscriptions.listing(world.context, world.admin) == []


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (WebhookSettings(), "url"),
        (WebhookSettings(url="ftp://example.com/"), "url"),
        (WebhookSettings(url="https://me:pw@example.com/"), "url"),
        (WebhookSettings(url="https://example.com/\x00"), "url"),
        (WebhookSettings(url="https://example.com/", events=[]), "events"),
        (WebhookSettings(url="https://example.com/", events=["start", "test"]), "events"),
        (WebhookSettings(url="https://example.com/", format="xml"), "format"),
    ],
)
async def test_a_webhook_that_could_not_be_told_is_refused(
    world: World, receiver: Peer, settings: WebhookSettings, fault: str
) -> None:
    del receiver
    with pytest.raises(InvalidValues) as refused:
        await subscriptions.create(world.context, world.admin, "HOK", settings)
    assert [field for field, _ in faults_of(refused.value)] == [fault]


async def test_an_app_has_only_so_many_webhooks(world: World, receiver: Peer) -> None:
    for _ in range(MAX_WEBHOOKS_PER_APP):
        await subscribe(world, receiver.url("/hook"))
    with pytest.raises(InvalidState):
        await subscribe(world, receiver.url("/hook"))


async def test_a_format_of_a_surface_says_which_happenings_it_knows_and_sends_its_token(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    async def render(_tx: Reader, message: WebhookMessage) -> object:
        return {"Type": message.type, "Of": message.told.instance.identifier if message.told else None}

    types = {WebhookEvent.START: "save", WebhookEvent.SAVE: "save"}
    plain = Format(name="plain", types=types, render=render, token_header="X-Token")
    object.__setattr__(world.context, "webhook_formats", by_name(NATIVE_FORMAT, plain))
    with pytest.raises(InvalidValues):
        await subscriptions.create(
            world.context, world.admin, "HOK", WebhookSettings(url=receiver.url("/"), format="plain", events=["end"])
        )
    made = await subscriptions.create(
        world.context, world.admin, "HOK", WebhookSettings(url=receiver.url("/"), format="plain")
    )
    number = await world.start(clerk, "HOK")
    await lifecycle.change_values(world.context, clerk, number, Submission(values={"name": "x"}), expected=None)
    await lifecycle.cancel_instance(world.context, clerk, number, why="")
    await run_jobs(world)

    assert made.webhook.events == ["start", "save"]
    assert [body(one) for one in receiver.requests] == [{"Type": "save", "Of": "HOK-1"}] * 2
    assert {one.headers["x-token"] for one in receiver.requests} == {made.token}
    assert str(made.token) not in made.secret


async def test_a_webhook_goes_with_everything_that_it_was_to_be_told(
    world: World, clerk: Actor, receiver: Peer
) -> None:
    await subscribe(world, receiver.url("/hook"))
    await world.start(clerk, "HOK")
    await subscriptions.delete(world.context, world.admin, (await hook(world)).id)

    assert await run_jobs(world) == 1
    assert receiver.requests == []
    with pytest.raises(NotFound):
        await subscriptions.read(world.context, world.admin, WebhookId(1))
