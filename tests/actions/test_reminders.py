"""Reminders, escalations and digests: once each, to those who may see the task, and never a storm."""

from datetime import timedelta

from mailbox_server import Mailbox
from notified import deploy_ask, kinds, notified, send_mail
from satchel.actions.instances import lifecycle, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.notifications import choices, reminders
from satchel.actions.notifications.choices import Change
from satchel.actions.upkeep.sweep import sweep
from satchel.model.actor import Actor, Right
from world import World

HOUR = timedelta(hours=1)


async def test_a_late_task_is_one_reminder_one_that_it_is_overdue_and_one_escalation(
    world: World, clerk: Actor, buyer: Actor, mailbox: Mailbox
) -> None:
    boss = await world.add_person("boss", Right.VIEW)
    await world.add_person("blind", groups=["boss"])
    async with world.context.database.write() as tx:  # in the group, without the right: others may have given it
        await tx.execute("DELETE FROM grants WHERE group_id = %s", (world.groups["boss"],))
    await world.set_member("viewers", "boss", is_member=True)
    await deploy_ask(
        world, due="PT10H", remind="PT2H", late={"after": "PT5H", "to": "boss"}, notify={"assigned": "list"}
    )
    await world.start(clerk, "ASK", subject="Desk", person=buyer.user_id)

    for _ in range(20):
        world.clock.advance(HOUR)
        await send_mail(world)

    assert mailbox.subjects == {
        "buyer@acme.example": ["Due soon: a: ASK-1 Desk", "Overdue: a: ASK-1 Desk"],
        "boss@acme.example": ["Late: a: ASK-1 Desk"],
    }
    assert await kinds(world, buyer) == ["overdue", "due_soon", "assigned"]
    assert await kinds(world, boss) == ["escalated"]


async def test_a_completed_task_reminds_nobody(world: World, clerk: Actor, buyer: Actor, mailbox: Mailbox) -> None:
    await deploy_ask(world, due="PT10H", remind="PT2H", notify={"assigned": "list"})
    instance = await world.start(clerk, "ASK", subject="Desk", person=buyer.user_id)
    world.clock.advance(9 * HOUR)
    await reminders.remind(world.context)  # written, and the task is done before its mail goes

    await tasks.complete(world.context, buyer, (await world.open_task(instance)).id, Submission())
    await send_mail(world)

    assert mailbox.taken == []


async def test_a_digest_comes_once_a_day_when_the_person_wants_it(
    world: World, clerk: Actor, buyer: Actor, mailbox: Mailbox
) -> None:
    async with world.context.database.write() as tx:
        await tx.execute("UPDATE users SET time_zone = 'America/New_York' WHERE id = %s", (buyer.user_id,))
    await choices.update(
        world.context, buyer, Change(digest_at="06:30", choices={"assigned": "daily", "offered": None})
    )
    await deploy_ask(world)
    for subject in ("Desk", "Chair"):  # 04:30 in New York
        await world.start(clerk, "ASK", subject=subject, person=buyer.user_id)
    ended = await world.start(clerk, "ASK", subject="Lamp", person=buyer.user_id)
    await lifecycle.cancel_instance(world.context, clerk, ended, why="no lamp")

    sent: list[int] = []
    for _ in range(30):
        await send_mail(world)
        sent.append(len(mailbox.taken))
        world.clock.advance(HOUR)

    assert (sent[1], sent[2], sent[-1]) == (0, 1, 1)
    assert mailbox.subjects == {"buyer@acme.example": ["2 notifications from your processes"]}
    plain = mailbox.text("buyer@acme.example")
    assert [name in plain for name in ("ASK-1 Desk", "ASK-2 Chair", "Lamp")] == [True, True, False]
    world.clock.advance(timedelta(days=91))
    await sweep(world.context)
    assert await world.rows("SELECT (SELECT count(*) FROM notifications), (SELECT count(*) FROM mailings)") == [(0, 0)]


async def test_thousands_of_tasks_that_are_overdue_at_once_are_few_notifications_and_two_mails(
    world: World, clerk: Actor, buyer: Actor, mailbox: Mailbox
) -> None:
    await deploy_ask(world, due="PT1H", notify={"assigned": "list"})
    await world.start(clerk, "ASK", subject="Desk", person=buyer.user_id)
    async with world.context.database.write() as tx:
        columns = "account_id, instance_id, app_id, version_id, element, name, variables, state, holder_id, due_at"
        await tx.execute(
            f"INSERT INTO tasks (token, opened_at, reminder, remind_at, {columns})"
            f" SELECT 'copy' || n, opened_at, reminder, remind_at, {columns} FROM tasks, generate_series(2, 2500) n"
        )
    world.clock.advance(2 * HOUR)

    handled = [await reminders.remind(world.context) for _ in range(6)]
    for _ in range(10):
        await send_mail(world)
        world.clock.advance(timedelta(seconds=20))

    assert handled == [500] * 5 + [0]
    overdue = [one for one in await notified(world, buyer) if one.kind.value == "overdue"]
    assert [one.count for one in overdue] == [500] * 5
    assert mailbox.subjects == {"buyer@acme.example": ["2500 tasks are overdue."]}
