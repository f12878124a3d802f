"""SQL of absences, and of who stands in for whom.

Who stands in is found within the statements that need it, so that nobody waits longer where nobody is away.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, LiteralString

from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Query, row_of, value_of
from satchel.model.absences import Absence
from satchel.model.ids import AbsenceId, AccountId, UserId

MAX_LINKS: Final = 16
"""How many absent people a chain of substitutes may have; where it is longer, the task stays with the first."""

_ABSENCE: LiteralString = "account_id, id, user_id, substitute_id, first_day, last_day, from_at, until_at, created_at"

STANDING_IN: LiteralString = assembled(
    "away AS (SELECT a.user_id, a.substitute_id FROM absences a WHERE a.account_id = %(account)s"
    " AND a.until_at > %(now)s AND a.from_at <= %(now)s),"
    " chain (user_id, links) AS ("
    "SELECT m.user_id, ARRAY[m.user_id] FROM meant m JOIN away USING (user_id)"
    " UNION ALL SELECT a.substitute_id, c.links || a.substitute_id FROM chain c JOIN away a ON a.user_id = c.user_id"
    f" WHERE a.substitute_id <> ALL (c.links) AND cardinality(c.links) <= {MAX_LINKS}),"
    " standing_in AS (SELECT c.user_id, c.links[1] AS in_place_of FROM chain c"
    " JOIN users u ON u.account_id = %(account)s AND u.id = c.user_id AND u.is_active"
    " WHERE NOT EXISTS (SELECT FROM away a WHERE a.user_id = c.user_id))"
)
"""Parts of a `WITH RECURSIVE` behind `meant (user_id)`, which names one user at most: `standing_in` is who has that
user's tasks while they are away. It is empty where they are not, and where nobody on the chain of their substitutes is
present: the task then stays with the user. It needs `account` and `now`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who gets a task that is meant for an active user.

    Attributes:
        user_id: the user, or who stands in for them.
        in_place_of: the user if they are away, else None.
    """

    user_id: UserId
    in_place_of: UserId | None


def holder_for(account: AccountId, user: UserId, now: datetime) -> Query[Holder | None]:
    """Return the query of who gets a task that is meant for a user; None if there is no such active user."""
    return row_of(
        Holder,
        f"WITH RECURSIVE meant AS (SELECT u.id AS user_id FROM users u WHERE u.account_id = %(account)s"
        f" AND u.id = %(user)s AND u.is_active), {STANDING_IN}"
        " SELECT coalesce(s.user_id, m.user_id) AS user_id, s.in_place_of FROM meant m LEFT JOIN standing_in s ON true",
        {"account": account, "user": user, "now": now},
    )


async def insert_absence(
    tx: Writer,
    account: AccountId,
    user: UserId,
    *,
    substitute: UserId,
    days: tuple[date, date],
    moments: tuple[datetime, datetime],
    now: datetime,
) -> Absence | None:
    """Add an absence and return it."""
    return await tx.row(
        Absence,
        "INSERT INTO absences (account_id, user_id, substitute_id, first_day, last_day, from_at, until_at, created_at)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_ABSENCE}",
        (account, user, substitute, *days, *moments, now),
    )


async def change_absence(
    tx: Writer,
    account: AccountId,
    absence_id: AbsenceId,
    *,
    substitute: UserId,
    days: tuple[date, date],
    moments: tuple[datetime, datetime],
) -> None:
    """Replace what an absence says."""
    tx.put(
        "UPDATE absences SET substitute_id = %s, first_day = %s, last_day = %s, from_at = %s, until_at = %s"
        " WHERE account_id = %s AND id = %s",
        (substitute, *days, *moments, account, absence_id),
    )


async def delete_absence(tx: Writer, account: AccountId, absence_id: AbsenceId) -> None:
    """Remove an absence: from now on the person is present."""
    tx.put("DELETE FROM absences WHERE account_id = %s AND id = %s", (account, absence_id))


async def delete_absences(tx: Writer, account: AccountId, user: UserId) -> None:
    """Remove all absences of a user."""
    tx.put("DELETE FROM absences WHERE account_id = %s AND user_id = %s", (account, user))


async def absences_of(tx: Reader, account: AccountId, user: UserId, *, now: datetime) -> list[Absence]:
    """Return the absences of a user that have not ended, by their days."""
    return await tx.rows(
        Absence,
        f"SELECT {_ABSENCE} FROM absences WHERE account_id = %s AND user_id = %s AND until_at > %s ORDER BY from_at",
        (account, user, now),
    )


def is_away(account: AccountId, user: UserId, now: datetime) -> Query[bool | None]:
    """Return the query of whether an active user is away; None if there is no such active user."""
    return value_of(
        bool,
        "SELECT EXISTS (SELECT FROM absences a WHERE a.account_id = u.account_id AND a.user_id = u.id"
        " AND a.until_at > %s AND a.from_at <= %s) FROM users u WHERE u.account_id = %s AND u.id = %s AND u.is_active",
        (now, now, account, user),
    )


async def forget_ended(tx: Writer, before: datetime, limit: int) -> int:
    """Remove some absences that ended by then."""
    return await tx.execute(
        "DELETE FROM absences WHERE ctid = ANY(ARRAY(SELECT ctid FROM absences WHERE until_at <= %s LIMIT %s))",
        (before, limit),
    )
