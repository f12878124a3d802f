"""SQL of notifications: written set by set, a row for each person, in the transaction of what they are about.

The persons of a statement are found by the database. Everybody is left out who is not active, who did it themselves,
and who chose to hear nothing of it; and all beyond `MOST_PEOPLE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from satchel.db.pool import Writer, assembled
from satchel.db.trips import count_of
from satchel.model.ids import AccountId, AppId, InstanceId, TaskId, UserId
from satchel.model.notifications import Channel, NotificationKind

MOST_PEOPLE: Final = 1_000
"""How many people one event notifies at most; tasks that are offered to more are in everybody's list of work anyway."""

TEXT_CHARS: Final = 300
"""How much of a comment or an incident's message a notification keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTask:
    """Whom to notify of a task, and how: its holder, or those whom it is offered to.

    Attributes:
        held: what the holder is notified of.
        held_channel, offered_channel: of those who have not chosen.
        by: the user who did it, who is not notified.
        is_offered: whether those whom it is offered to are notified.
    """

    held: NotificationKind
    held_channel: Channel
    offered_channel: Channel
    by: UserId | None
    now: datetime
    is_offered: bool = True

    def parameters(self) -> dict[str, object]:
        """Return the parameters of `of_task`."""
        return {
            "held": self.held.value,
            "held_channel": self.held_channel.value,
            "offered_channel": self.offered_channel.value,
            "by": self.by,
            "now": self.now,
            "is_offered": self.is_offered,
        }


# Members of groups with a right for the app of `{of}`.
WITH_RIGHT: LiteralString = (
    "SELECT m.user_id FROM grants g JOIN group_members m ON m.account_id = g.account_id AND m.group_id = g.group_id"
    " WHERE g.account_id = {of}.account_id AND (g.app_id IS NULL OR g.app_id = {of}.app_id)"
    " AND g.\"right\" IN ({right}, 'admin')"
)
# Of recipients `r` with kind and the app's channel: their own choices, and only those who are to be notified. `r` ends
# in OFFSET 0, so that its people are found first, and not each user of the account compared with them.
TO: LiteralString = (
    " JOIN users u ON u.account_id = r.account_id AND u.id = r.user_id AND u.is_active"
    " AND u.id IS DISTINCT FROM %(by)s::bigint"
    " LEFT JOIN notification_settings s ON s.account_id = r.account_id AND s.user_id = r.user_id"
    " CROSS JOIN LATERAL (SELECT coalesce(s.choices ->> r.kind, r.channel) AS chosen) w"
    " CROSS JOIN LATERAL (SELECT CASE WHEN u.email IS NULL OR NOT coalesce(s.mail, true) THEN 'list' ELSE w.chosen END"
    " AS channel) c WHERE w.chosen <> 'none'"
)
_AT: LiteralString = "%(now)s::timestamptz"
_MAIL_AT: LiteralString = f"CASE WHEN c.channel = 'at_once' THEN {_AT} END"


def of_task(tasks: str) -> str:
    """Return the statement that notifies people of the tasks in a table or a part of a `WITH`."""
    offered = "'offered'::text AS kind, %(offered_channel)s::text AS channel"
    nobody = "%(is_offered)s AND t.holder_id IS NULL"
    starters = WITH_RIGHT.format(of="t", right="'start'")
    people = (
        "SELECT t.holder_id AS user_id, %(held)s::text AS kind, %(held_channel)s::text AS channel"
        " WHERE t.holder_id IS NOT NULL"
        f" UNION SELECT m.user_id, {offered} FROM group_members m"
        f" WHERE {nobody} AND m.account_id = t.account_id AND m.group_id = t.group_id"
        f" UNION SELECT p.user_id, {offered} FROM ({starters} AND {nobody} AND t.group_id IS NULL) p"
    )
    return (
        "INSERT INTO notifications (account_id, user_id, kind, at, instance_id, task_id, by_id, channel, mail_at)"
        f" SELECT r.account_id, r.user_id, r.kind, {_AT}, r.instance_id, r.task_id, %(by)s::bigint, c.channel,"
        f" {_MAIL_AT} FROM (SELECT t.account_id, t.instance_id, t.id AS task_id, p.*"
        f" FROM {tasks} t CROSS JOIN LATERAL ({people}) p OFFSET 0) r{TO} LIMIT {MOST_PEOPLE}"
    )


_OF_A_TASK: Final = assembled(
    of_task("(SELECT * FROM tasks WHERE account_id = %(account)s AND id = %(task)s AND closed_at IS NULL)")
)


def notify_of_task(tx: Writer, account: AccountId, task: TaskId, whom: OfTask) -> None:
    """Notify the people of an open task, as it will be then; nobody waits for it."""
    tx.put(_OF_A_TASK, {"account": account, "task": task, **whom.parameters()})


_INCIDENT: Final[LiteralString] = (
    "INSERT INTO notifications (account_id, user_id, kind, at, instance_id, incident_id, by_id, text, channel, mail_at)"
    f" SELECT r.account_id, r.user_id, r.kind, {_AT}, r.instance_id, r.incident_id, NULL, r.text, c.channel, {_MAIL_AT}"
    " FROM (SELECT o.account_id, o.instance_id, o.id AS incident_id, left(o.message, {chars}) AS text, p.user_id,"
    " 'incident'::text AS kind, %(channel)s::text AS channel FROM opened o"
    " JOIN instances i ON i.account_id = o.account_id AND i.id = o.instance_id"
    " CROSS JOIN LATERAL ({managers} INTERSECT {viewers}) p OFFSET 0) r"
)


def of_incident() -> str:
    """Return the statement that notifies those who manage an app of the incident in `opened`, part of a `WITH`."""
    managers = WITH_RIGHT.format(of="i", right="'manage'")
    viewers = WITH_RIGHT.format(of="i", right="'view'")
    return _INCIDENT.format(chars=TEXT_CHARS, managers=managers, viewers=viewers) + f"{TO} LIMIT {MOST_PEOPLE}"


_MENTIONED: Final = assembled(
    "INSERT INTO notifications (account_id, user_id, kind, at, instance_id, task_id, by_id, text, channel, mail_at)"
    f" SELECT r.account_id, r.user_id, r.kind, {_AT}, %(instance)s::bigint, %(task)s::bigint, %(by)s::bigint,"
    f" %(text)s::text, c.channel, {_MAIL_AT} FROM (SELECT DISTINCT %(account)s::bigint AS account_id, m.user_id,"
    " 'mentioned'::text AS kind, %(channel)s::text AS channel FROM (SELECT n.id AS user_id,"
    " rank() OVER (PARTITION BY g.mention ORDER BY length(g.name) DESC) AS place"
    " FROM unnest(%(mentions)s::int[], %(names)s::text[]) AS g (mention, name) JOIN users n"
    " ON n.account_id = %(account)s AND n.is_active AND (lower(n.email) = g.name OR lower(n.name) = g.name)) m"
    " CROSS JOIN (SELECT %(account)s::bigint AS account_id, %(app)s::bigint AS app_id) a"
    f" WHERE m.place = 1 AND m.user_id IN ({WITH_RIGHT.format(of='a', right=chr(39) + 'view' + chr(39))}) OFFSET 0) r"
    f"{TO} LIMIT {MOST_PEOPLE}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A comment that may name people.

    Attributes:
        names: what may be a name or an e-mail, in lower case, each with the number of the mention that it may be; of
            one mention the longest that somebody has counts.
        channel: of those who have not chosen.
    """

    instance_id: InstanceId
    app_id: AppId
    task_id: TaskId | None
    by: UserId | None
    text: str
    names: Sequence[tuple[int, str]]
    channel: Channel
    now: datetime


def notify_mentioned(tx: Writer, account: AccountId, comment: Mention) -> None:
    """Notify those whom a comment names, of those who may read it; nobody waits for it."""
    tx.put(
        _MENTIONED,
        {
            "account": account,
            "instance": comment.instance_id,
            "app": comment.app_id,
            "task": comment.task_id,
            "by": comment.by,
            "text": comment.text[:TEXT_CHARS],
            "mentions": [number for number, _ in comment.names],
            "names": [name for _, name in comment.names],
            "channel": comment.channel.value,
            "now": comment.now,
        },
    )


async def forget(tx: Writer, before: datetime, limit: int) -> int:
    """Remove notifications from before a time, at most so many; return how many."""
    return await tx.ask(
        count_of(
            "DELETE FROM notifications WHERE ctid = ANY(ARRAY(SELECT ctid FROM notifications WHERE at < %s LIMIT %s))",
            (before, limit),
        )
    )
