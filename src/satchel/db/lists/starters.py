"""SQL of who started instances, as lists show them, and of the stars that users give."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.db.pool import Writer
from satchel.db.trips import Query, pairs_of, rows_of, then, values_of
from satchel.model.ids import AccountId, GroupId, InstanceId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """Who started an instance, and the first of the groups that they are in now, if any."""

    id: UserId
    name: str
    group_id: GroupId | None
    group_name: str | None


def starters(account: AccountId, users: Sequence[UserId]) -> Query[dict[UserId, Starter]]:
    """Return a query for these users of the account by number."""
    found = rows_of(
        Starter,
        "SELECT DISTINCT ON (u.id) u.id, u.name, g.id AS group_id, g.name AS group_name FROM users u"
        " LEFT JOIN group_members m ON m.account_id = u.account_id AND m.user_id = u.id"
        " LEFT JOIN groups g ON g.account_id = m.account_id AND g.id = m.group_id"
        " WHERE u.account_id = %s AND u.id = ANY(%s) ORDER BY u.id, g.id",
        (account, list(users)),
    )
    return then(found, lambda rows: {one.id: one for one in rows})


def group_names(account: AccountId, groups: Sequence[GroupId]) -> Query[dict[GroupId, str]]:
    """Return a query for the names of these groups of the account by number."""
    found = pairs_of("SELECT id, name FROM groups WHERE account_id = %s AND id = ANY(%s)", (account, list(groups)))
    return then(found, lambda rows: {GroupId(int(str(number))): str(name) for number, name in rows})


def starred(account: AccountId, user: UserId | None, instances: Sequence[InstanceId]) -> Query[set[InstanceId]]:
    """Return a query for those of these instances that a user gave a star."""
    found = values_of(
        InstanceId,
        "SELECT instance_id FROM stars WHERE account_id = %s AND user_id = %s AND instance_id = ANY(%s)",
        (account, user, list(instances)),
    )
    return then(found, set[InstanceId])


async def set_star(tx: Writer, account: AccountId, user: UserId, instance: InstanceId, *, is_starred: bool) -> bool:
    """Give an instance a user's star, or take it away; doing it twice changes nothing.

    Returns False, with nothing changed, if the instance was deleted meanwhile.
    """
    there = await tx.value(
        int, "SELECT id FROM instances WHERE account_id = %s AND id = %s FOR KEY SHARE", (account, instance)
    )
    if there is None:
        return False
    if is_starred:
        tx.put(
            "INSERT INTO stars (account_id, user_id, instance_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (account, user, instance),
        )
    else:
        tx.put(
            "DELETE FROM stars WHERE account_id = %s AND user_id = %s AND instance_id = %s", (account, user, instance)
        )
    return True
