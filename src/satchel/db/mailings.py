"""SQL of mails about notifications: planned, gathered by person, taken by a job, and ended.

A mail that waits takes up what comes for its person until a job takes it; then its notifications are fixed. A job that
takes it names itself (`run`), and only that one may hand it over: so no mail is handed over twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Later, rows_of, value_of
from satchel.model.ids import AccountId, MailingId, UserId
from satchel.model.notifications import DIGEST_MINUTE, Notification

PEOPLE_AT_ONCE: Final = 500
"""For how many people digests are planned in one statement."""

ROWS_AT_ONCE: Final = 5_000
"""How many notifications are gathered in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplanned:
    """A person with notifications for a digest whose time is not set yet."""

    account_id: AccountId
    user_id: UserId
    time_zone: str
    digest_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMailing:
    """A mail that is due, and since when the account's mail fails."""

    account_id: AccountId
    id: MailingId
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenMailing:
    """A mail that a job has taken."""

    id: MailingId
    user_id: UserId
    attempt: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A notification of a mail."""

    mailing_id: MailingId
    notification: Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a mail ended: `sent`, `dropped`, `failed` or `unknown`, and why."""

    id: MailingId
    state: str
    reason: str | None = None
    message: str | None = None


_UNMAILED: Final[LiteralString] = "mailing_id IS NULL AND channel <> 'list'"


async def what_waits(tx: Reader, now: datetime) -> tuple[list[Unplanned], bool]:
    """Return people with notifications for a digest whose time is not set yet, and whether there is anything to do.

    That is to gather what is due by mail, or to release what a job that died had taken.
    """
    planned = tx.later(
        rows_of(
            Unplanned,
            assembled(
                "SELECT u.account_id, u.id AS user_id, u.time_zone, coalesce(s.digest_minute, %s) AS digest_minute"
                f" FROM (SELECT DISTINCT account_id, user_id FROM notifications WHERE {_UNMAILED} AND mail_at IS NULL"
                f" AND channel = 'daily' LIMIT {PEOPLE_AT_ONCE}) n"
                " JOIN users u ON u.account_id = n.account_id AND u.id = n.user_id"
                " LEFT JOIN notification_settings s ON s.account_id = n.account_id AND s.user_id = n.user_id"
            ),
            (DIGEST_MINUTE,),
        )
    )
    waits = await tx.ask(
        value_of(
            bool,
            assembled(
                f"SELECT EXISTS (SELECT FROM notifications WHERE {_UNMAILED} AND mail_at <= %(now)s) OR EXISTS (SELECT"
                " FROM mailings WHERE ended_at IS NULL AND state IN ('taken', 'handed_over') AND due_at <= %(now)s)"
            ),
            {"now": now},
        )
    )
    return planned.result, bool(waits)


async def plan(tx: Writer, moments: Sequence[tuple[AccountId, UserId, datetime]]) -> None:
    """Set when people get what waits for their next digest."""
    tx.put(
        assembled(
            "WITH planned AS MATERIALIZED (SELECT n.place, g.at"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS g (account_id, user_id, at)"
            " CROSS JOIN LATERAL (SELECT ctid AS place FROM notifications WHERE account_id = g.account_id"
            f" AND user_id = g.user_id AND {_UNMAILED} AND channel = 'daily' AND mail_at IS NULL) n)"
            " UPDATE notifications n SET mail_at = p.at FROM planned p WHERE n.ctid = p.place AND n.mailing_id IS NULL"
        ),
        ([one[0] for one in moments], [one[1] for one in moments], [one[2] for one in moments]),
    )


# In steps, each of which finds its rows by an index whatever the database believes of how many there are: mails come in
# floods, between two of its counts. What is changed or taken meanwhile is left for the next time.
_DUE: Final = (
    "WITH due AS MATERIALIZED (SELECT ctid AS place, account_id, user_id FROM notifications"
    f" WHERE {_UNMAILED} AND mail_at <= %(now)s ORDER BY mail_at LIMIT {ROWS_AT_ONCE}),"
    " people AS MATERIALIZED (SELECT DISTINCT account_id, user_id FROM due)"
)
_MAKE: Final = assembled(
    f"{_DUE}, made AS (INSERT INTO mailings (account_id, user_id, state, created_at, due_at)"
    " SELECT p.account_id, p.user_id, 'waiting', %(now)s, greatest(%(now)s, (SELECT max(m.created_at)"
    " FROM mailings m WHERE m.account_id = p.account_id AND m.user_id = p.user_id AND m.state <> 'dropped')"
    " + %(pause)s::interval) FROM people p ORDER BY p.account_id, p.user_id"
    " ON CONFLICT (account_id, user_id) WHERE state = 'waiting' AND attempt = 0 DO NOTHING)"
    " SELECT count(*) FROM due"
)
_ADD: Final = assembled(
    f"{_DUE}, waiting AS MATERIALIZED (SELECT p.account_id, p.user_id, m.id FROM people p CROSS JOIN LATERAL (SELECT id"
    " FROM mailings w WHERE w.account_id = p.account_id AND w.user_id = p.user_id AND w.state = 'waiting'"
    " AND w.attempt = 0 FOR UPDATE SKIP LOCKED) m),"
    " added AS MATERIALIZED (SELECT d.place, w.id FROM due d JOIN waiting w USING (account_id, user_id))"
    " UPDATE notifications n SET mailing_id = a.id FROM added a WHERE n.ctid = a.place AND n.mailing_id IS NULL"
)


async def gather(tx: Writer, now: datetime, pause: timedelta) -> int:
    """Make a mail of what is due for each person, or add it to the one that waits; return how much is due.

    Args:
        pause: between two mails to the same person.
    """
    given = {"now": now, "pause": pause}
    found = await tx.value(int, _MAKE, given)
    tx.put(_ADD, {"now": now})
    return found or 0


async def keep_in_list(tx: Writer, accounts: Sequence[AccountId], limit: int) -> int:
    """Have notifications of accounts that send no mail wait for none, at most so many; return how many."""
    return await tx.execute(
        assembled(
            "UPDATE notifications SET channel = 'list', mail_at = NULL WHERE ctid = ANY(ARRAY(SELECT ctid"
            f" FROM notifications WHERE {_UNMAILED} AND account_id = ANY(%s) LIMIT %s))"
        ),
        (list(accounts), limit),
    )


async def due(tx: Reader, now: datetime, limit: int) -> list[DueMailing]:
    """Return mails that are due, the longest first, but for those of accounts whose mail rests."""
    return await tx.rows(
        DueMailing,
        "SELECT m.account_id, m.id, s.failing_since FROM mailings m"
        " LEFT JOIN mail_servers s ON s.account_id = m.account_id"
        " WHERE m.ended_at IS NULL AND m.state = 'waiting' AND m.due_at <= %(now)s"
        " AND (s.rests_until IS NULL OR s.rests_until <= %(now)s) ORDER BY m.due_at, m.id LIMIT %(limit)s",
        {"now": now, "limit": limit},
    )


async def postpone(tx: Writer, ids: Sequence[MailingId], now: datetime, until: datetime) -> list[MailingId]:
    """Keep due mails from being enqueued again until a time, and return those that were due still."""
    return await tx.values(
        MailingId,
        "UPDATE mailings SET due_at = %s WHERE id = ANY(%s) AND state = 'waiting' AND due_at <= %s RETURNING id",
        (until, list(ids), now),
    )


async def release_lost(tx: Writer, now: datetime) -> None:
    """End what a job that died had handed over, and have others take what it had taken."""
    tx.put(
        "UPDATE mailings SET state = 'unknown', ended_at = %(now)s, due_at = NULL, reason = 'worker_died'"
        " WHERE ended_at IS NULL AND state = 'handed_over' AND due_at <= %(now)s",
        {"now": now},
    )
    tx.put(
        "UPDATE mailings SET state = 'waiting', run = NULL"
        " WHERE ended_at IS NULL AND state = 'taken' AND due_at <= %(now)s",
        {"now": now},
    )


async def take(
    tx: Writer, account: AccountId, ids: Sequence[MailingId], *, run: str, now: datetime, until: datetime
) -> list[TakenMailing]:
    """Have a job take mails, also those of a job that died, and return them; what that had handed over is unknown."""
    given = {"account": account, "ids": list(ids), "run": run, "now": now, "until": until}
    tx.put(
        "UPDATE mailings SET state = 'unknown', ended_at = %(now)s, due_at = NULL, reason = 'worker_died'"
        " WHERE account_id = %(account)s AND id = ANY(%(ids)s) AND state = 'handed_over'",
        given,
    )
    return await tx.rows(
        TakenMailing,
        "UPDATE mailings SET state = 'taken', run = %(run)s, attempt = attempt + 1, due_at = %(until)s"
        " WHERE account_id = %(account)s AND id = ANY(%(ids)s) AND state IN ('waiting', 'taken')"
        " RETURNING id, user_id, attempt, created_at",
        given,
    )


def hand_over(tx: Writer, account: AccountId, mailing: MailingId, *, run: str, until: datetime) -> Later[int]:
    """Note that the content of a mail is sent from now on; it will be 0 where the job does not have it any more."""
    return tx.put(
        "UPDATE mailings SET state = 'handed_over', due_at = %s"
        " WHERE account_id = %s AND id = %s AND run = %s AND state = 'taken'",
        (until, account, mailing, run),
    )


def end(tx: Writer, account: AccountId, ended: Sequence[Ended], *, run: str, now: datetime) -> None:
    """Note how mails of a job ended."""
    if ended:
        tx.put(
            "UPDATE mailings m SET state = g.state, ended_at = %(now)s, due_at = NULL, reason = g.reason,"
            " message = g.message FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[],"
            " %(messages)s::text[]) AS g (id, state, reason, message) WHERE m.account_id = %(account)s"
            " AND m.id = g.id AND m.run = %(run)s AND m.state IN ('taken', 'handed_over', 'unknown')",
            {
                "account": account,
                "run": run,
                "now": now,
                "ids": [one.id for one in ended],
                "states": [one.state for one in ended],
                "reasons": [one.reason for one in ended],
                "messages": [one.message for one in ended],
            },
        )


def try_again(
    tx: Writer, account: AccountId, ids: Sequence[MailingId], *, run: str, due_at: datetime, message: str | None
) -> None:
    """Have mails of a job, which nobody got, tried again at a time."""
    if ids:
        tx.put(
            "UPDATE mailings SET state = 'waiting', run = NULL, due_at = %s, message = %s WHERE account_id = %s"
            " AND id = ANY(%s) AND run = %s AND state IN ('taken', 'handed_over')",
            (due_at, message, account, list(ids), run),
        )


async def forget_ended(tx: Writer, before: datetime, limit: int) -> int:
    """Remove mails that ended before a time, at most so many; return how many."""
    return await tx.execute(
        "DELETE FROM mailings WHERE (account_id, id) IN"
        " (SELECT account_id, id FROM mailings WHERE ended_at < %s LIMIT %s)",
        (before, limit),
    )
