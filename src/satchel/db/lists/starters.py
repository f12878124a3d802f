"""SQL of who started instances, as lists show them, and of the stars that users give."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, GroupId, InstanceId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """Who started an instance, and the first of the groups that they are in now, if any."""

    id: UserId
    name: str
    group_id: GroupId | None
    group_name: str | None


async def starters(tx: Reader, account: AccountId, users: Sequence[UserId]) -> dict[UserId, Starter]:
    """Return these users of the account by number."""
    found = await tx.rows(
        Starter,
        "SELECT DISTINCT ON (u.id) u.id, u.name, g.id AS group_id, g.name AS group_name FROM users u"
        " LEFT JOIN group_members m ON m.account_id = u.account_id AND m.user_id = u.id"
        " LEFT JOIN groups g ON g.account_id = m.account_id AND g.id = m.group_id"
        " WHERE u.account_id = %s AND u.id = ANY(%s) ORDER BY u.id, g.id",
        (account, list(users)),
    )
    return {one.id: one for one in found}


async def group_names(tx: Reader, account: AccountId, groups: Sequence[GroupId]) -> dict[GroupId, str]:
    """Return the names of these groups of the account by number."""
    found = await tx.pairs(
        "SELECT id, name FROM groups WHERE account_id = %s AND id = ANY(%s)", (account, list(groups))
    )
    return {GroupId(int(str(number))): str(name) for number, name in found}


async def starred(tx: Reader, account: AccountId, user: UserId, instances: Sequence[InstanceId]) -> set[InstanceId]:
    """Return those of these instances that a user gave a star."""
    found = await tx.values(
        InstanceId,
        "SELECT instance_id FROM stars WHERE account_id = %s AND user_id = %s AND instance_id = ANY(%s)",
        (account, user, list(instances)),
    )
    return set(found)


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
