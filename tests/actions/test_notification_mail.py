"""Mail about notifications to servers that refuse, hang or die, and by workers that were too slow."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from mailbox_server import Mailbox
from notified import deploy_ask, send_mail
from satchel.actions.notifications import mailing, sending
from satchel.db import mailings as rows
from satchel.model.actor import Actor
from satchel.model.ids import MailingId
from world import World

PEOPLE = ("ada", "bob", "cleo")
HOUR = timedelta(hours=1)


@pytest.fixture
async def waiting(world: World, clerk: Actor, mailbox: Mailbox) -> Sequence[MailingId]:
    """Mails to three people that are enqueued."""
    for name in PEOPLE:
        await world.add_person(name, groups=["technicians"])
    await world.set_member("technicians", "clerk", is_member=False)
    await deploy_ask(world, assign={"group": "technicians"}, notify={"offered": "at_once"})
    await world.start(clerk, "ASK", subject="Desk")
    await mailing.plan(world.context)
    async with world.context.database.write() as tx:  # the tests run the job themselves
        await tx.execute("DELETE FROM procrastinate_jobs")
    assert mailbox.taken == []
    return [MailingId(int(str(number))) for (number,) in await world.rows("SELECT id FROM mailings ORDER BY id")]


async def states(world: World) -> list[tuple[object, ...]]:
    """Return the state of each mail, and why."""
    return await world.rows("SELECT state, reason FROM mailings ORDER BY id")


def recipients(mailbox: Mailbox) -> list[str]:
    """Return who got a mail, in order."""
    return [to.partition("@")[0] for (to,), _ in mailbox.taken]


async def test_a_refusal_is_about_one_mail_and_ends_it_unless_it_is_for_now(
    world: World, mailbox: Mailbox, waiting: Sequence[MailingId]
) -> None:
    mailbox.refusals += ["550 no such mailbox", "451 greylisted"]

    await sending.send(world.context, world.account, waiting)
    at_first = recipients(mailbox)
    world.clock.advance(HOUR)
    await send_mail(world)
    await send_mail(world)

    assert at_first == ["cleo"]
    assert recipients(mailbox) == ["cleo", "bob"]
    assert await states(world) == [("failed", "refused"), ("sent", None), ("sent", None)]


async def test_a_server_that_hangs_rests_and_nothing_is_lost(
    world: World, clerk: Actor, mailbox: Mailbox, waiting: Sequence[MailingId]
) -> None:
    world.context = replace(world.context, policy=replace(world.context.policy, mail_timeout=timedelta(seconds=0.3)))
    mailbox.holds["ada@acme.example"] = "rcpt"

    await sending.send(world.context, world.account, waiting)
    await world.start(clerk, "ASK", subject="Chair")
    at_rest = await send_mail(world)
    mailbox.holds.clear()
    world.clock.advance(HOUR)
    probes = [await send_mail(world) for _ in range(3)]

    assert (at_rest, probes[0], recipients(mailbox)[:1]) == (0, 1, ["ada"])
    assert sorted(recipients(mailbox)) == sorted(PEOPLE * 2)
    assert {state for state, _ in await states(world)} == {"sent"}
    assert await world.rows("SELECT failing_since, failure FROM mail_servers") == [(None, None)]


async def test_a_mail_whose_content_was_being_sent_is_never_sent_again(
    world: World, mailbox: Mailbox, waiting: Sequence[MailingId]
) -> None:
    world.context = replace(world.context, policy=replace(world.context.policy, mail_timeout=timedelta(seconds=0.3)))
    mailbox.holds["ada@acme.example"] = "data"  # the server has it, and does not say so

    await sending.send(world.context, world.account, waiting)
    world.clock.advance(HOUR)
    await send_mail(world)

    assert recipients(mailbox) == ["ada", "bob", "cleo"]
    assert await states(world) == [("unknown", "connection_lost"), ("sent", None), ("sent", None)]


async def test_a_job_that_was_taken_over_hands_nothing_over(
    world: World, mailbox: Mailbox, waiting: Sequence[MailingId]
) -> None:
    mailbox.holds["ada@acme.example"] = "rcpt"
    slow = asyncio.create_task(sending.send(world.context, world.account, waiting))
    await mailbox.arrived.wait()
    mailbox.holds.clear()
    async with world.context.database.write() as tx:
        now = world.clock()
        taken = await rows.take(tx, world.account, waiting, run="other", now=now, until=now + HOUR)
    mailbox.release.set()
    await slow

    assert len(taken) == len(PEOPLE)
    assert mailbox.taken == []
    world.clock.advance(2 * HOUR)  # the other one died too
    await send_mail(world)
    assert sorted(recipients(mailbox)) == sorted(PEOPLE)


async def test_old_news_is_not_sent_after_days_without_a_server(
    world: World, mailbox: Mailbox, waiting: Sequence[MailingId]
) -> None:
    world.clock.advance(timedelta(days=2, hours=1))

    await sending.send(world.context, world.account, waiting)

    assert mailbox.taken == []
    assert await states(world) == [("failed", "too_late")] * len(PEOPLE)


async def test_an_account_without_a_mail_server_only_lists_what_happens(
    world: World, clerk: Actor, mailbox: Mailbox
) -> None:
    world.context = replace(world.context, mail_server=None)
    await world.add_person("ada", groups=["technicians"])
    await deploy_ask(world, assign={"group": "technicians"}, notify={"offered": "at_once"})
    await world.start(clerk, "ASK", subject="Desk")

    jobs = await send_mail(world)
    world.context = replace(world.context, mail_server=mailbox.server)
    jobs += await send_mail(world)

    assert (jobs, mailbox.taken) == (0, [])
    assert await world.rows("SELECT DISTINCT channel FROM notifications") == [("list",)]
