"""SQL of lists of notifications: what a person may see of what they were notified of, and read marks.

A notification whose instance is gone, or that its person may not see any more, is neither listed nor counted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString

from satchel.db.lists.tasks import TaskVisibility
from satchel.db.mailings import Line
from satchel.db.pool import Reader, Writer, assembled
from satchel.model.ids import AccountId, MailingId, NotificationId, UserId
from satchel.model.notifications import Notification

COUNT_CAP: Final = 1_000
"""Unread ones are counted exactly up to here."""

_FROM: Final[LiteralString] = (
    " FROM notifications n"
    " LEFT JOIN instances i ON i.account_id = n.account_id AND i.id = n.instance_id"
    " LEFT JOIN tasks t ON t.account_id = n.account_id AND t.id = n.task_id"
    " LEFT JOIN incidents c ON c.account_id = n.account_id AND c.id = n.incident_id"
)
_NAMES: Final[LiteralString] = (
    " LEFT JOIN apps a ON a.account_id = i.account_id AND a.id = i.app_id"
    " LEFT JOIN users b ON b.account_id = n.account_id AND b.id = n.by_id"
)
CURRENT: Final[LiteralString] = (
    "CASE WHEN n.incident_id IS NOT NULL THEN coalesce(c.closed_at IS NULL AND c.id IS NOT NULL, false)"
    " WHEN n.task_id IS NOT NULL AND n.kind <> 'mentioned' THEN coalesce(t.closed_at IS NULL"
    " AND (n.kind = 'escalated' OR t.holder_id = n.user_id OR t.holder_id IS NULL), false)"
    " ELSE true END"
)
_COLUMNS: Final[LiteralString] = (
    "n.id, n.user_id, n.kind, n.at, n.read_at, n.count, n.text, n.by_id, b.name AS by_name, n.instance_id,"
    " i.identifier, i.title, i.app_id, a.code AS app_code, a.name AS app_name, n.task_id, t.name AS task_name,"
    f" t.due_at, n.incident_id, {CURRENT} AS is_current"
)
# Incidents and comments need the right `view`; of tasks, their people may see what waits for them or what they did.
_SEEN: Final[LiteralString] = (
    "(n.instance_id IS NULL OR (i.id IS NOT NULL AND (%(all_viewable)s OR i.app_id = ANY(%(viewable)s)"
    " OR (n.incident_id IS NULL AND n.kind <> 'mentioned' AND (t.closed_by = n.user_id OR (t.closed_at IS NULL"
    " AND (t.holder_id = n.user_id OR (t.holder_id IS NULL AND (t.group_id = ANY(%(groups)s)"
    " OR (t.group_id IS NULL AND (%(all_startable)s OR t.app_id = ANY(%(startable)s))))))))))))"
)


async def listed(
    tx: Reader, account: AccountId, reach: TaskVisibility, *, is_unread: bool, before: int, limit: int
) -> list[Notification]:
    """Return a page of a person's notifications, newest first.

    Args:
        is_unread: whether only those are listed that were not marked as read and are current.
        before: the number of the one before the page; 0 for the first page.
    """
    unread = f" AND n.read_at IS NULL AND {CURRENT}" if is_unread else ""
    return await tx.rows(
        Notification,
        assembled(
            f"SELECT {_COLUMNS}{_FROM}{_NAMES} WHERE n.account_id = %(account)s AND n.user_id = %(user)s"
            f" AND (%(before)s = 0 OR n.id < %(before)s) AND {_SEEN}{unread} ORDER BY n.id DESC LIMIT %(limit)s"
        ),
        {**_reach(account, reach), "before": before, "limit": limit},
    )


async def find(
    tx: Reader, account: AccountId, reach: TaskVisibility, notification: NotificationId
) -> Notification | None:
    """Return one of a person's notifications."""
    return await tx.row(
        Notification,
        assembled(
            f"SELECT {_COLUMNS}{_FROM}{_NAMES} WHERE n.account_id = %(account)s AND n.user_id = %(user)s"
            f" AND n.id = %(id)s AND {_SEEN}"
        ),
        {**_reach(account, reach), "id": notification},
    )


async def count_unread(tx: Reader, account: AccountId, reach: TaskVisibility) -> int:
    """Return how many of a person's notifications are unread and current; `COUNT_CAP` + 1 where there are more."""
    text = (
        f"SELECT count(*) FROM (SELECT 1{_FROM} WHERE n.account_id = %(account)s AND n.user_id = %(user)s"
        f" AND n.read_at IS NULL AND {_SEEN} AND {CURRENT} LIMIT {COUNT_CAP + 1}) AS found"
    )
    return await tx.value(int, assembled(text), _reach(account, reach)) or 0


async def of_mails(tx: Reader, account: AccountId, mailings: Sequence[MailingId], *, of_each: int) -> list[Line]:
    """Return the first notifications of some mails, oldest first; whether their people may see them is not asked."""
    within = (
        " FROM unnest(%(mailings)s::bigint[]) AS w (id) CROSS JOIN LATERAL (SELECT * FROM notifications"
        " WHERE account_id = %(account)s AND mailing_id = w.id ORDER BY id LIMIT %(of_each)s) n"
    )
    return await tx.rows(
        Line,
        assembled(
            f"SELECT n.mailing_id, {_COLUMNS}{within}{_FROM.removeprefix(' FROM notifications n')}{_NAMES}"
            " ORDER BY n.id"
        ),
        {"account": account, "mailings": list(mailings), "of_each": of_each},
    )


async def mark(
    tx: Writer, account: AccountId, user: UserId, ids: Sequence[NotificationId], read_at: datetime | None
) -> int:
    """Mark some of a person's notifications as read, or (None) as unread; return how many there are."""
    return await tx.execute(
        "UPDATE notifications SET read_at = CASE WHEN %(at)s::timestamptz IS NULL THEN NULL"
        " ELSE coalesce(read_at, %(at)s) END"
        " WHERE account_id = %(account)s AND user_id = %(user)s AND id = ANY(%(ids)s)",
        {"account": account, "user": user, "ids": list(ids), "at": read_at},
    )


async def mark_up_to(tx: Writer, account: AccountId, user: UserId, last: NotificationId, read_at: datetime) -> None:
    """Mark a person's notifications up to one as read."""
    tx.put(
        "UPDATE notifications SET read_at = %s WHERE account_id = %s AND user_id = %s AND id <= %s AND read_at IS NULL",
        (read_at, account, user, last),
    )


def _reach(account: AccountId, reach: TaskVisibility) -> dict[str, object]:
    return {
        "account": account,
        "user": reach.user,
        "all_viewable": reach.viewable is None,
        "viewable": list(reach.viewable or ()),
        "groups": list(reach.groups),
        "all_startable": reach.startable is None,
        "startable": list(reach.startable or ()),
    }
