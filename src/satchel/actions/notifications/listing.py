"""What a person was notified of, for the application: lists, counts, read marks."""

from collections.abc import Sequence

from satchel.actions.context import Context
from satchel.actions.lists.tasks import reach_of
from satchel.db.lists import notifications as rows
from satchel.model.actor import Actor
from satchel.model.errors import NotFound, Unauthenticated
from satchel.model.ids import NotificationId, UserId
from satchel.model.notifications import Notification


async def listed(context: Context, actor: Actor, *, is_unread: bool, before: int, limit: int) -> Sequence[Notification]:
    """Return a page of the actor's notifications that they may still see, newest first."""
    if actor.user_id is None:
        return []
    async with context.database.read() as tx:
        return await rows.listed(tx, actor.account_id, reach_of(actor), is_unread=is_unread, before=before, limit=limit)


async def count_unread(context: Context, actor: Actor) -> tuple[int, bool]:
    """Return how many notifications are unread and still current, and whether there are no more than that."""
    if actor.user_id is None:
        return 0, True
    async with context.database.read() as tx:
        found = await rows.count_unread(tx, actor.account_id, reach_of(actor))
    return min(found, rows.COUNT_CAP), found <= rows.COUNT_CAP


async def mark(context: Context, actor: Actor, notification: NotificationId, *, is_read: bool) -> Notification:
    """Mark one of the actor's notifications as read or unread, and return it.

    Raises:
        NotFound: the actor has no such notification, or may not see it any more.
    """
    user = _user(actor)
    async with context.database.write() as tx:
        await rows.mark(tx, actor.account_id, user, [notification], context.clock() if is_read else None)
        found = await rows.find(tx, actor.account_id, reach_of(actor), notification)
        if found is None:
            raise NotFound("notification", notification)
    return found


async def mark_up_to(context: Context, actor: Actor, last: NotificationId) -> None:
    """Mark all of the actor's notifications up to one as read; those that came later stay unread."""
    user = _user(actor)
    async with context.database.write() as tx:
        await rows.mark_up_to(tx, actor.account_id, user, last, context.clock())


def _user(actor: Actor) -> UserId:
    if actor.user_id is None:
        raise Unauthenticated
    return actor.user_id
