"""What people are notified of, and that nobody is who may not see it."""

from datetime import timedelta

import pytest

from calling import deploy_task
from counted import counted
from engine_bpmn import multi, simple, user
from mailbox_server import Mailbox
from notified import deploy_ask, kinds, notified, send_mail
from satchel.actions.identity import accounts
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.notifications import listing
from satchel.model.actor import Actor, Right
from satchel.model.ids import UserId
from satchel.model.mentions import possible_names
from world import World, bundle


async def test_an_assignment_is_one_mail_with_what_the_person_may_see(
    world: World, clerk: Actor, buyer: Actor, mailbox: Mailbox
) -> None:
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE users SET time_zone = 'Asia/Tokyo' WHERE id = %s", (buyer.user_id,))
    await deploy_ask(world, due="PT8H")

    await world.start(clerk, "ASK", subject="<b>Desk</b> & chair", person=buyer.user_id)
    await send_mail(world)
    world.clock.advance(timedelta(minutes=5))
    await send_mail(world)

    assert mailbox.subjects == {"buyer@acme.example": ["Your task: a: ASK-1 <b>Desk</b> & chair"]}
    letter = mailbox.letter("buyer@acme.example")
    (one,) = await notified(world, buyer)
    assert (one.kind, one.by_name, one.is_current, one.page) == ("assigned", "Clerk", True, f"/tasks/{one.task_id}")
    plain = mailbox.text("buyer@acme.example")
    assert f"http://127.0.0.1:8080/tasks/{one.task_id}\n" in plain
    assert "Due: Tuesday, 3 March 2026, 02:30 (Asia/Tokyo)" in plain
    assert "ASK-1 &lt;b&gt;Desk&lt;/b&gt; &amp; chair (Questions)" in mailbox.text("buyer@acme.example", "html")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert await kinds(world, clerk) == []


async def test_a_start_notifies_a_group_in_the_statement_that_opens_the_task(world: World, clerk: Actor) -> None:
    async with world.context.database.write() as tx:
        await tx.execute(
            "WITH made AS (INSERT INTO users (account_id, email, name, time_zone, locale, created_at)"
            " SELECT %(account)s, 'u' || n || '@acme.example', 'U' || n, 'UTC', 'en', now()"
            " FROM generate_series(1, 500) n RETURNING id)"
            " INSERT INTO group_members (account_id, group_id, user_id) SELECT %(account)s, %(group)s, id FROM made",
            {"account": world.account, "group": world.groups["technicians"]},
        )
    await deploy_ask(world, assign={"group": "technicians"})
    await world.start(clerk, "ASK")

    with counted() as offered:
        await world.start(clerk, "ASK")
    await deploy_ask(world, assign={"group": "technicians"}, notify={"offered": "none"})
    with counted() as silent:
        await world.start(clerk, "ASK")

    assert len(offered.statements) <= len(silent.statements)  # the new version is loaded once
    assert offered.rows < 20
    assert await world.rows("SELECT count(*), count(DISTINCT user_id) FROM notifications") == [(1000, 500)]


async def test_a_step_that_opens_many_tasks_notifies_a_group_of_the_first_twenty(world: World, clerk: Actor) -> None:
    many = {"code": "ALL", "tasks": {"a": {"assign": {"group": "buyers"}}}}
    await world.deploy(bundle(many, simple(user("a", multi(cardinality="25")))))

    await world.start(clerk, "ALL")

    assert await world.rows("SELECT count(*) FROM tasks") == [(25,)]
    assert await world.rows("SELECT kind, count(*) FROM notifications GROUP BY kind") == [("offered", 20)]


async def test_mail_is_for_those_only_who_may_see_the_task_when_it_is_sent(
    world: World, clerk: Actor, mailbox: Mailbox
) -> None:
    people = [await world.add_person(name, groups=["technicians"]) for name in ("ada", "bob", "cleo", "dora", "eve")]
    ada, *_, eve = people
    await deploy_ask(world, assign={"group": "technicians"}, notify={"offered": "at_once"})
    instance = await world.start(clerk, "ASK", subject="Desk")
    await world.set_member("technicians", "bob", is_member=False)
    await accounts.end_user(world.context, world.admin, world.people["cleo"], erase=False)
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE users SET email = NULL WHERE id = %s", (world.people["dora"],))

    await send_mail(world)

    assert mailbox.subjects == {
        name: ["New task for your group: a: ASK-1 Desk"] for name in ("ada@acme.example", "eve@acme.example")
    }
    assert await kinds(world, await world.actor("bob")) == []
    assert await listing.count_unread(world.context, eve) == (1, True)
    await world.take_task(ada, instance)
    assert await listing.count_unread(world.context, eve) == (0, True)
    assert await kinds(world, eve) == []


async def test_who_is_given_a_task_is_notified_and_who_takes_one_is_not(
    world: World, clerk: Actor, buyer: Actor, manager: Actor, viewer: Actor
) -> None:
    await deploy_ask(world, assign={"group": "buyers"})
    instance = await world.start(clerk, "ASK", subject="Desk")
    task = await world.take_task(buyer, instance)

    await tasks.assign(world.context, buyer, task, UserId(viewer.user_id or 0))
    await tasks.assign(world.context, manager, task, UserId(viewer.user_id or 0))  # again: no news
    await tasks.release(world.context, manager, task)

    assert await kinds(world, viewer) == ["handed_over"]
    assert await kinds(world, buyer) == ["offered", "offered"]
    assert await kinds(world, manager) == []


async def test_an_incident_notifies_those_who_manage_the_app_and_may_see_it(
    world: World, clerk: Actor, manager: Actor, viewer: Actor, mailbox: Mailbox
) -> None:
    blind = await world.add_person("blind", Right.MANAGE)
    await deploy_task(world, kind="rest", method="GET", url="http://10.0.0.1/")
    instance = await world.start(clerk, "RST")

    await world.perform(instance)
    await send_mail(world)

    assert set(mailbox.subjects) == {"manager@acme.example", "admin@acme.example"}
    (one,) = await notified(world, manager)
    assert (one.kind, one.page) == ("incident", "/i/RST-1")
    assert "not a public address" in one.text
    assert [await kinds(world, who) for who in (clerk, viewer, blind)] == [[], [], []]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@Ada Lovelace, look", {"ada", "ada lovelace,", "ada lovelace", "ada lovelace, look"}),
        ("see ada@acme.example.", {"ada@acme.example"}),
        ("(@ada@acme.example)", {"ada@acme.example", "ada@acme.example)"}),
        ("a@b @ nobody \u200b", {"a@b"}),
    ],
)
def test_what_may_name_somebody_is_found(text: str, names: set[str]) -> None:
    assert {name for _, name in possible_names(text)} == names


async def test_a_comment_notifies_those_whom_it_names_and_who_may_read_it(
    world: World, clerk: Actor, viewer: Actor, stranger: Actor, mailbox: Mailbox
) -> None:
    ada, longer = [await world.add_person(name, Right.VIEW) for name in ("ada", "lovelace")]
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE users SET name = 'Ada Lovelace' WHERE id = %s", (longer.user_id,))
    await deploy_ask(world)
    instance = await world.start(clerk, "ASK", subject="Desk", person=clerk.user_id)

    text = "@Ada lovelace: ask viewer@acme.example, @stranger or @clerk. " + "x" * 400
    await lifecycle.comment(world.context, clerk, instance, text)
    await tasks.save(world.context, clerk, (await world.open_task(instance)).id, Submission(comment="@VIEWER again"))
    await send_mail(world)

    assert await kinds(world, longer) == ["mentioned"]
    assert await kinds(world, viewer) == ["mentioned", "mentioned"]
    assert [await kinds(world, who) for who in (ada, stranger)] == [[], []]
    assert "mentioned" not in await kinds(world, clerk)
    assert set(mailbox.subjects) == {"viewer@acme.example", "lovelace@acme.example"}
    assert "Clerk mentioned you in a comment.\n> @Ada lovelace: ask" in mailbox.text("lovelace@acme.example")
