"""SQL of reminders: open tasks that are due soon, overdue or late, and the notifications that follow, set by set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from satchel.db.notifications import MOST_PEOPLE, TO, WITH_RIGHT
from satchel.db.pool import Reader, Writer, assembled
from satchel.model.ids import AccountId, ElementId, TaskId, VersionId
from satchel.model.notifications import Channel, NotificationKind, Reminder


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReminder:
    """An open task whose reminder is due."""

    account_id: AccountId
    id: TaskId
    version_id: VersionId
    element: ElementId
    reminder: NotificationKind
    remind_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """A reminder, and what follows it.

    Attributes:
        channel: how it reaches those who have not chosen; None where it is past and reaches nobody.
        group: the name of the group that an escalation is for.
    """

    due: DueReminder
    following: Reminder | None
    channel: Channel | None
    group: str | None


_STARTERS: Final = WITH_RIGHT.format(of="d", right="'start'")
_VIEWERS: Final = WITH_RIGHT.format(of="d", right="'view'")
_PEOPLE: Final = (
    "(SELECT d.holder_id AS user_id WHERE d.kind <> 'escalated' AND d.holder_id IS NOT NULL"
    " UNION SELECT m.user_id FROM group_members m WHERE d.kind <> 'escalated' AND d.holder_id IS NULL"
    " AND m.account_id = d.account_id AND m.group_id = d.group_id"
    f" UNION SELECT p.user_id FROM ({_STARTERS} AND d.kind <> 'escalated' AND d.holder_id IS NULL"
    " AND d.group_id IS NULL) p"
    " UNION SELECT m.user_id FROM groups g JOIN group_members m ON m.account_id = g.account_id AND m.group_id = g.id"
    " WHERE d.kind = 'escalated' AND g.account_id = d.account_id AND g.name = d.to_group"
    f" AND m.user_id IN ({_VIEWERS})) LIMIT {MOST_PEOPLE}"
)
# Rows that somebody else has locked are left out: who waited for one with others in hand could wait for ever. The
# conditions are such that only the primary key serves them, and the place where the row lies: a database that has not
# counted its open tasks yet would look through all of them for each.
_REMIND: Final = assembled(
    "WITH given AS (SELECT * FROM unnest(%(accounts)s::bigint[], %(tasks)s::bigint[], %(kinds)s::text[],"
    " %(were_at)s::timestamptz[], %(next)s::text[], %(next_at)s::timestamptz[], %(channels)s::text[],"
    " %(groups)s::text[]) AS g (account_id, id, kind, was_at, next, next_at, channel, to_group)),"
    " free AS MATERIALIZED (SELECT g.*, f.place FROM given g CROSS JOIN LATERAL (SELECT t.ctid AS place FROM tasks t"
    " WHERE t.account_id = g.account_id AND t.id = g.id AND coalesce(t.closed_at, 'infinity') = 'infinity'"
    " AND t.remind_at IS NOT DISTINCT FROM g.was_at FOR UPDATE SKIP LOCKED) f),"
    " due AS (UPDATE tasks t SET reminder = f.next, remind_at = f.next_at FROM free f WHERE t.ctid = f.place"
    " RETURNING t.account_id, t.id AS task_id, t.instance_id, t.app_id, t.holder_id, t.group_id, f.kind, f.channel,"
    " f.to_group),"
    " people AS MATERIALIZED (SELECT d.account_id, d.task_id, d.instance_id, d.kind, d.channel, p.user_id FROM due d"
    f" CROSS JOIN LATERAL ({_PEOPLE}) p WHERE d.channel IS NOT NULL),"
    " chosen AS (SELECT r.account_id, r.user_id, r.kind, r.task_id, r.instance_id, c.channel,"
    " count(*) OVER (PARTITION BY r.account_id, r.user_id, r.kind, c.channel) AS of_kind"
    f" FROM people r{TO})"
    " INSERT INTO notifications (account_id, user_id, kind, at, instance_id, task_id, count, channel, mail_at)"
    " SELECT c.account_id, c.user_id, c.kind, %(now)s::timestamptz, c.instance_id, c.task_id, 1, c.channel,"
    " CASE WHEN c.channel = 'at_once' THEN %(now)s::timestamptz END FROM chosen c WHERE c.of_kind <= %(most)s"
    " UNION ALL SELECT c.account_id, c.user_id, c.kind, %(now)s::timestamptz, NULL, NULL, count(*), c.channel,"
    " CASE WHEN c.channel = 'at_once' THEN %(now)s::timestamptz END FROM chosen c WHERE c.of_kind > %(most)s"
    " GROUP BY c.account_id, c.user_id, c.kind, c.channel"
)


async def due(tx: Reader, now: datetime, limit: int) -> list[DueReminder]:
    """Return open tasks of every account whose reminder is due, the longest first."""
    return await tx.rows(
        DueReminder,
        "SELECT account_id, id, version_id, element, reminder, remind_at, due_at FROM tasks"
        " WHERE closed_at IS NULL AND remind_at <= %s ORDER BY remind_at LIMIT %s",
        (now, limit),
    )


async def remind(tx: Writer, reminded: Sequence[Reminded], *, now: datetime, most: int) -> None:
    """Notify the people of tasks, and set what follows; those that changed meanwhile, or are being changed, are not.

    Args:
        most: a person for whom there are more of one kind gets one notification that counts them.
    """
    tx.put(
        _REMIND,
        {
            "accounts": [one.due.account_id for one in reminded],
            "tasks": [one.due.id for one in reminded],
            "kinds": [one.due.reminder.value for one in reminded],
            "were_at": [one.due.remind_at for one in reminded],
            "next": [None if one.following is None else one.following.kind.value for one in reminded],
            "next_at": [None if one.following is None else one.following.at for one in reminded],
            "channels": [None if one.channel is None else one.channel.value for one in reminded],
            "groups": [one.group for one in reminded],
            "now": now,
            "most": most,
            "by": None,
        },
    )
