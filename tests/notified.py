"""What tests of notifications share: an app whose task is for somebody, and the mail that goes out now."""

from collections.abc import Mapping

from satchel.actions.notifications import listing, mailing, reminders, sending
from satchel.model.actor import Actor
from satchel.model.notifications import Notification
from world import World, bundle, fields

_JOBS = "SELECT id, args ->> 'mailings' FROM procrastinate_jobs WHERE task_name = 'notifications.send' ORDER BY id"


async def deploy_ask(world: World, *, assign: Mapping[str, object] | None = None, **task: object) -> None:
    """Deploy the app ASK, whose one task is for the person in a field, or as `assign` says."""
    manifest = {
        "code": "ASK",
        "name": "Questions",
        "title": "{{ subject }}",
        "fields": fields({"id": "subject", "type": "text"}, {"id": "person", "type": "user"}),
        "start": {"fields": {"subject": "edit", "person": "edit"}},
        "tasks": {"a": {"assign": assign or {"field": "person"}, "fields": {"subject": "read"}, **task}},
    }
    await world.deploy(bundle(manifest))


async def send_mail(world: World) -> int:
    """Do what the tick and a worker would do now, and return how many jobs that were."""
    await reminders.remind(world.context)
    await mailing.plan(world.context)
    jobs = await world.rows(_JOBS)
    for number, mailings in jobs:
        await sending.send(world.context, world.account, mailing.named(str(mailings)))
        async with world.context.database.write() as tx:
            await tx.execute("DELETE FROM procrastinate_jobs WHERE id = %s", (number,))
    return len(jobs)


async def notified(world: World, actor: Actor) -> list[Notification]:
    """Return what somebody was notified of, newest first."""
    return list(await listing.listed(world.context, actor, is_unread=False, before=0, limit=100))


async def kinds(world: World, actor: Actor) -> list[str]:
    """Return the kinds of what somebody was notified of, newest first."""
    return [one.kind.value for one in await notified(world, actor)]
