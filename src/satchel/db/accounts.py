"""SQL of accounts, users, groups and grants."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from satchel.db.pool import Reader, Writer
from satchel.db.trips import Query, row_of, rows_of, value_of
from satchel.model.actor import Right
from satchel.model.ids import AccountId, AppId, GroupId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A tenant."""

    id: AccountId
    name: str
    max_file_bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person of an account; `email` is None once the person was erased."""

    account_id: AccountId
    id: UserId
    email: str | None
    name: str
    time_zone: str
    locale: str
    is_active: bool
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of users, to which rights are granted."""

    account_id: AccountId
    id: GroupId
    name: str
    created_at: datetime


_USER = "account_id, id, email, name, time_zone, locale, is_active, created_at, erased_at"


async def insert_account(
    tx: Writer, *, name: str, quota_bytes: int, max_file_bytes: int, now: datetime
) -> AccountId | None:
    """Create an account with its storage row; return None if the name is taken."""
    account = await tx.value(
        AccountId,
        "INSERT INTO accounts (name, max_file_bytes, created_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO NOTHING RETURNING id",
        (name, max_file_bytes, now),
    )
    if account is not None:
        tx.put(
            "INSERT INTO storage (account_id, ceiling_bytes, limit_bytes) VALUES (%s, %s, %s)",
            (account, quota_bytes, quota_bytes),
        )
    return account


async def account_by_name(tx: Reader, name: str) -> Account | None:
    """Return the account with this name."""
    return await tx.row(Account, "SELECT id, name, max_file_bytes, created_at FROM accounts WHERE name = %s", (name,))


def by_id(account_id: AccountId) -> Query[Account | None]:
    """Return the query of `account`."""
    return row_of(Account, "SELECT id, name, max_file_bytes, created_at FROM accounts WHERE id = %s", (account_id,))


async def account(tx: Reader, account_id: AccountId) -> Account:
    """Return an account that is known to exist."""
    found = await tx.ask(by_id(account_id))
    if found is None:
        raise LookupError(f"account {account_id} vanished")
    return found


async def all_accounts(tx: Reader) -> list[Account]:
    """Return every account, by id."""
    return await tx.rows(Account, "SELECT id, name, max_file_bytes, created_at FROM accounts ORDER BY id")


async def insert_user(
    tx: Writer, account_id: AccountId, *, email: str, name: str, time_zone: str, locale: str, now: datetime
) -> UserId | None:
    """Create a user; return None if somebody of the account has the e-mail."""
    return await tx.value(
        UserId,
        "INSERT INTO users (account_id, email, name, time_zone, locale, created_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (account_id, lower(email)) DO NOTHING RETURNING id",
        (account_id, email, name, time_zone, locale, now),
    )


async def user_by_email(tx: Reader, account_id: AccountId, email: str) -> User | None:
    """Return the account's user with this e-mail, in any case of its letters."""
    return await tx.row(
        User, f"SELECT {_USER} FROM users WHERE account_id = %s AND lower(email) = lower(%s)", (account_id, email)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user as signing in finds them: by an e-mail that several accounts may have."""

    account_id: AccountId
    account: str
    id: UserId
    email: str


async def users_signing_in(tx: Reader, emails: Sequence[str]) -> list[Member]:
    """Return the users of every account with one of these e-mails, by account; only signing in may ask."""
    return await tx.rows(
        Member,
        "SELECT u.account_id, a.name AS account, u.id, u.email FROM users u JOIN accounts a ON a.id = u.account_id"
        " WHERE lower(u.email) IN (SELECT lower(e) FROM unnest(%s::text[]) e) ORDER BY u.account_id, u.id",
        (list(emails),),
    )


def users_numbered(account_id: AccountId, user_ids: Collection[UserId]) -> Query[list[User]]:
    """Return a query for users of the account by their numbers."""
    return rows_of(User, f"SELECT {_USER} FROM users WHERE account_id = %s AND id = ANY(%s)", (account_id, [*user_ids]))


async def user(tx: Reader, account_id: AccountId, user_id: UserId) -> User | None:
    """Return a user of the account."""
    return await tx.row(User, f"SELECT {_USER} FROM users WHERE account_id = %s AND id = %s", (account_id, user_id))


def locked_user(account_id: AccountId, user_id: UserId | None) -> Query[int | None]:
    """Return the query of `lock_user`."""
    query = "SELECT 1 FROM users WHERE account_id = %s AND id = %s FOR NO KEY UPDATE"
    return value_of(int, query, (account_id, user_id))


async def lock_user(tx: Writer, account_id: AccountId, user_id: UserId | None) -> None:
    """Lock a user's row until the transaction ends; others may still refer to it."""
    tx.later(locked_user(account_id, user_id))


async def lock_account(tx: Writer, account_id: AccountId) -> None:
    """Lock an account's row until the transaction ends; others may still refer to it."""
    await tx.value(int, "SELECT 1 FROM accounts WHERE id = %s FOR NO KEY UPDATE", (account_id,))


async def has_administrator(tx: Reader, account_id: AccountId) -> bool:
    """Return whether an active user of the account may administer it."""
    found = await tx.value(
        int,
        "SELECT 1 FROM grants JOIN group_members USING (account_id, group_id)"
        " JOIN users ON users.account_id = grants.account_id AND users.id = user_id"
        ' WHERE grants.account_id = %s AND is_active AND "right" = %s AND app_id IS NULL LIMIT 1',
        (account_id, Right.ADMIN.value),
    )
    return found is not None


async def users(tx: Reader, account_id: AccountId, *, after: int, limit: int) -> list[User]:
    """Return a page of the account's users, by id."""
    return await tx.rows(
        User,
        f"SELECT {_USER} FROM users WHERE account_id = %s AND id > %s ORDER BY id LIMIT %s",
        (account_id, after, limit),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """Which users are asked for; None leaves a condition out.

    Attributes:
        text: contained in the name, in any case of its letters.
        in_emails: whether `text` is looked for in e-mails too.
    """

    ids: Sequence[int] | None = None
    text: str | None = None
    in_emails: bool = False
    group: GroupId | None = None


async def users_matching(
    tx: Reader, account_id: AccountId, wanted: UserFilter, *, after: int, limit: int
) -> list[User]:
    """Return a page of the account's users that match, by id."""
    return await tx.rows(
        User,
        f"SELECT {_USER} FROM users u WHERE account_id = %(account)s AND id > %(after)s"
        " AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s))"
        " AND (%(text)s::text IS NULL OR strpos(lower(name), lower(%(text)s)) > 0"
        " OR (%(in_emails)s AND strpos(lower(email), lower(%(text)s)) > 0))"
        " AND (%(group)s::bigint IS NULL OR EXISTS (SELECT FROM group_members m WHERE m.account_id = u.account_id"
        " AND m.user_id = u.id AND m.group_id = %(group)s)) ORDER BY id LIMIT %(limit)s",
        {
            "account": account_id,
            "after": after,
            "ids": None if wanted.ids is None else list(wanted.ids),
            "text": wanted.text,
            "in_emails": wanted.in_emails,
            "group": wanted.group,
            "limit": limit,
        },
    )


async def user_names(tx: Reader, account_id: AccountId, ids: Sequence[int]) -> dict[int, str]:
    """Return the names of users of the account, by number; who is not there is left out."""
    rows = await tx.pairs("SELECT id, name FROM users WHERE account_id = %s AND id = ANY(%s)", (account_id, list(ids)))
    return {int(str(number)): str(name) for number, name in rows}


async def users_called(tx: Reader, account_id: AccountId, name: str) -> list[UserId]:
    """Return the account's users with this name or e-mail, in any case of its letters."""
    return await tx.values(
        UserId,
        "SELECT id FROM users WHERE account_id = %s AND (lower(name) = lower(%s) OR lower(email) = lower(%s))"
        " ORDER BY id",
        (account_id, name, name),
    )


async def existing_users(tx: Reader, account_id: AccountId, ids: Sequence[int]) -> set[int]:
    """Return those of `ids` that are active users of the account."""
    found = await tx.values(
        int, "SELECT id FROM users WHERE account_id = %s AND id = ANY(%s) AND is_active", (account_id, list(ids))
    )
    return set(found)


async def existing_groups(tx: Reader, account_id: AccountId, ids: Sequence[int]) -> set[int]:
    """Return those of `ids` that are groups of the account."""
    found = await tx.values(
        int, "SELECT id FROM groups WHERE account_id = %s AND id = ANY(%s)", (account_id, list(ids))
    )
    return set(found)


async def keep_groups(tx: Writer, account_id: AccountId, ids: Sequence[int]) -> set[int]:
    """Return those of `ids` that are groups of the account; none of them is deleted before the transaction ends."""
    found = await tx.values(
        int,
        "SELECT id FROM groups WHERE account_id = %s AND id = ANY(%s) FOR KEY SHARE",
        (account_id, list(ids)),
    )
    return set(found)


async def update_user(tx: Writer, account_id: AccountId, user_id: UserId, *, email: str, name: str) -> bool:
    """Set a user's e-mail and name; return False, with the transaction spoilt, if somebody has the e-mail."""
    try:
        await tx.execute(
            "UPDATE users SET email = %s, name = %s WHERE account_id = %s AND id = %s",
            (email, name, account_id, user_id),
        )
    except UniqueViolation:
        return False
    return True


async def set_profile(
    tx: Writer, account_id: AccountId, user_id: UserId, *, name: str, time_zone: str, locale: str
) -> None:
    """Set what a user says of themselves."""
    tx.put(
        "UPDATE users SET name = %s, time_zone = %s, locale = %s WHERE account_id = %s AND id = %s",
        (name, time_zone, locale, account_id, user_id),
    )


async def activate_user(tx: Writer, account_id: AccountId, user_id: UserId) -> None:
    """Let a user sign in again; what they signed in with has ended, though."""
    tx.put("UPDATE users SET is_active = true WHERE account_id = %s AND id = %s", (account_id, user_id))


async def deactivate_user(tx: Writer, account_id: AccountId, user_id: UserId, *, erased_at: datetime | None) -> None:
    """Make a user unable to sign in; with `erased_at`, blank who they were as well."""
    tx.put(
        "UPDATE users SET is_active = false WHERE account_id = %s AND id = %s",
        (account_id, user_id),
    )
    if erased_at is not None:
        await tx.execute(
            "UPDATE users SET email = NULL, name = '(erased)', time_zone = 'UTC', locale = 'en', erased_at = %s"
            " WHERE account_id = %s AND id = %s",
            (erased_at, account_id, user_id),
        )


async def insert_group(tx: Writer, account_id: AccountId, *, name: str, now: datetime) -> GroupId | None:
    """Create a group; return None if the account has one of this name."""
    return await tx.value(
        GroupId,
        "INSERT INTO groups (account_id, name, created_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (account_id, name) DO NOTHING RETURNING id",
        (account_id, name, now),
    )


async def rename_group(tx: Writer, account_id: AccountId, group: GroupId, name: str) -> bool:
    """Set a group's name; return False, with the transaction spoilt, if the account has another one of this name."""
    query = "UPDATE groups SET name = %s WHERE account_id = %s AND id = %s"
    try:
        await tx.execute(query, (name, account_id, group))
    except UniqueViolation:
        return False
    return True


async def delete_group(tx: Writer, account_id: AccountId, group: GroupId) -> bool:
    """Remove a group with its rights; return False, with the transaction spoilt, if tasks were offered to it."""
    try:
        await tx.execute("DELETE FROM groups WHERE account_id = %s AND id = %s", (account_id, group))
    except ForeignKeyViolation:
        return False
    return True


async def group_by_name(tx: Reader, account_id: AccountId, name: str) -> Group | None:
    """Return the account's group of this name."""
    return await tx.row(
        Group,
        "SELECT account_id, id, name, created_at FROM groups WHERE account_id = %s AND name = %s",
        (account_id, name),
    )


def groups_of(account_id: AccountId) -> Query[list[Group]]:
    """Return the query of `groups`."""
    query = "SELECT account_id, id, name, created_at FROM groups WHERE account_id = %s ORDER BY name"
    return rows_of(Group, query, (account_id,))


async def groups(tx: Reader, account_id: AccountId) -> list[Group]:
    """Return all groups of the account, by name."""
    return await tx.ask(groups_of(account_id))


async def group_members(tx: Reader, account_id: AccountId) -> list[tuple[int, int]]:
    """Return (group, user) of every membership of the account."""
    rows = await tx.pairs(
        "SELECT group_id, user_id FROM group_members WHERE account_id = %s ORDER BY group_id, user_id", (account_id,)
    )
    return [(int(str(group)), int(str(member))) for group, member in rows]


async def add_member(tx: Writer, account_id: AccountId, group: GroupId, member: UserId) -> None:
    """Put a user into a group; does nothing if they are in it."""
    tx.put(
        "INSERT INTO group_members (account_id, group_id, user_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (account_id, group, member),
    )


async def remove_member(tx: Writer, account_id: AccountId, group: GroupId, member: UserId) -> None:
    """Take a user out of a group."""
    tx.put(
        "DELETE FROM group_members WHERE account_id = %s AND group_id = %s AND user_id = %s",
        (account_id, group, member),
    )


async def insert_grant(tx: Writer, account_id: AccountId, group: GroupId, app: AppId | None, right: Right) -> None:
    """Grant a right to a group; does nothing if it has it."""
    tx.put(
        'INSERT INTO grants (account_id, group_id, app_id, "right") VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING',
        (account_id, group, app, right.value),
    )


async def delete_grant(tx: Writer, account_id: AccountId, group: GroupId, app: AppId | None, right: Right) -> None:
    """Take a right from a group."""
    tx.put(
        "DELETE FROM grants WHERE account_id = %s AND group_id = %s AND app_id IS NOT DISTINCT FROM %s"
        ' AND "right" = %s',
        (account_id, group, app, right.value),
    )


async def grants(tx: Reader, account_id: AccountId) -> list[tuple[object, ...]]:
    """Return (group, app or None, right) of every grant of the account."""
    return await tx.pairs(
        'SELECT group_id, app_id, "right" FROM grants WHERE account_id = %s ORDER BY group_id, app_id, "right"',
        (account_id,),
    )
