"""SQL of accounts, users, groups, grants and credentials."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from satchel.db.pool import Reader, Writer
from satchel.model.actor import Right
from satchel.model.ids import AccountId, AppId, CredentialId, GroupId, UserId


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How a user proves who they are; only hashes are stored."""

    account_id: AccountId
    id: CredentialId
    user_id: UserId
    kind: str
    name: str
    password_hash: str | None
    csrf_hash: bytes | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


_USER = "account_id, id, email, name, time_zone, locale, is_active, created_at, erased_at"
_CREDENTIAL = "account_id, id, user_id, kind, name, password_hash, csrf_hash, created_at, expires_at, revoked_at"


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
        await tx.execute("INSERT INTO storage (account_id, limit_bytes) VALUES (%s, %s)", (account, quota_bytes))
    return account


async def account_by_name(tx: Reader, name: str) -> Account | None:
    """Return the account with this name."""
    return await tx.row(Account, "SELECT id, name, max_file_bytes, created_at FROM accounts WHERE name = %s", (name,))


async def account(tx: Reader, account_id: AccountId) -> Account:
    """Return an account that is known to exist."""
    found = await tx.row(
        Account, "SELECT id, name, max_file_bytes, created_at FROM accounts WHERE id = %s", (account_id,)
    )
    if found is None:
        raise LookupError(f"account {account_id} vanished")
    return found


async def all_accounts(tx: Reader) -> list[Account]:
    """Return every account, by id."""
    return await tx.rows(Account, "SELECT id, name, max_file_bytes, created_at FROM accounts ORDER BY id")


async def insert_user(
    tx: Writer, account_id: AccountId, *, email: str, name: str, time_zone: str, locale: str, now: datetime
) -> UserId | None:
    """Create a user; return None if the e-mail is taken on this server."""
    return await tx.value(
        UserId,
        "INSERT INTO users (account_id, email, name, time_zone, locale, created_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (lower(email)) DO NOTHING RETURNING id",
        (account_id, email, name, time_zone, locale, now),
    )


async def user_by_email(tx: Reader, email: str) -> User | None:
    """Return the user who signs in with this e-mail, in any account."""
    return await tx.row(User, f"SELECT {_USER} FROM users WHERE lower(email) = lower(%s)", (email,))


async def user(tx: Reader, account_id: AccountId, user_id: UserId) -> User | None:
    """Return a user of the account."""
    return await tx.row(User, f"SELECT {_USER} FROM users WHERE account_id = %s AND id = %s", (account_id, user_id))


async def lock_user(tx: Writer, account_id: AccountId, user_id: UserId | None) -> None:
    """Lock a user's row until the transaction ends; others may still refer to it."""
    await tx.value(
        int, "SELECT 1 FROM users WHERE account_id = %s AND id = %s FOR NO KEY UPDATE", (account_id, user_id)
    )


async def users(tx: Reader, account_id: AccountId, *, after: int, limit: int) -> list[User]:
    """Return a page of the account's users, by id."""
    return await tx.rows(
        User,
        f"SELECT {_USER} FROM users WHERE account_id = %s AND id > %s ORDER BY id LIMIT %s",
        (account_id, after, limit),
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


async def deactivate_user(tx: Writer, account_id: AccountId, user_id: UserId, *, erased_at: datetime | None) -> None:
    """Make a user unable to sign in; with `erased_at`, blank who they were as well."""
    await tx.execute(
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


async def group_by_name(tx: Reader, account_id: AccountId, name: str) -> Group | None:
    """Return the account's group of this name."""
    return await tx.row(
        Group,
        "SELECT account_id, id, name, created_at FROM groups WHERE account_id = %s AND name = %s",
        (account_id, name),
    )


async def groups(tx: Reader, account_id: AccountId) -> list[Group]:
    """Return all groups of the account, by name."""
    return await tx.rows(
        Group, "SELECT account_id, id, name, created_at FROM groups WHERE account_id = %s ORDER BY name", (account_id,)
    )


async def group_members(tx: Reader, account_id: AccountId) -> list[tuple[int, int]]:
    """Return (group, user) of every membership of the account."""
    rows = await tx.pairs(
        "SELECT group_id, user_id FROM group_members WHERE account_id = %s ORDER BY group_id, user_id", (account_id,)
    )
    return [(int(str(group)), int(str(member))) for group, member in rows]


async def add_member(tx: Writer, account_id: AccountId, group: GroupId, member: UserId) -> None:
    """Put a user into a group; does nothing if they are in it."""
    await tx.execute(
        "INSERT INTO group_members (account_id, group_id, user_id) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        (account_id, group, member),
    )


async def remove_member(tx: Writer, account_id: AccountId, group: GroupId, member: UserId) -> None:
    """Take a user out of a group."""
    await tx.execute(
        "DELETE FROM group_members WHERE account_id = %s AND group_id = %s AND user_id = %s",
        (account_id, group, member),
    )


async def group_ids_of(tx: Reader, account_id: AccountId, user_id: UserId) -> list[GroupId]:
    """Return the groups that a user is in."""
    return await tx.values(
        GroupId, "SELECT group_id FROM group_members WHERE account_id = %s AND user_id = %s", (account_id, user_id)
    )


async def rights_of(tx: Reader, account_id: AccountId, user_id: UserId) -> list[tuple[AppId | None, Right]]:
    """Return (app or None for every app, right) of all that a user's groups were granted."""
    rows = await tx.pairs(
        'SELECT DISTINCT g.app_id, g."right" FROM grants g JOIN group_members m'
        " ON m.account_id = g.account_id AND m.group_id = g.group_id"
        " WHERE g.account_id = %s AND m.user_id = %s",
        (account_id, user_id),
    )
    return [(AppId(app) if isinstance(app, int) else None, Right(str(right))) for app, right in rows]


async def insert_grant(tx: Writer, account_id: AccountId, group: GroupId, app: AppId | None, right: Right) -> None:
    """Grant a right to a group; does nothing if it has it."""
    await tx.execute(
        'INSERT INTO grants (account_id, group_id, app_id, "right") VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING',
        (account_id, group, app, right.value),
    )


async def delete_grant(tx: Writer, account_id: AccountId, group: GroupId, app: AppId | None, right: Right) -> None:
    """Take a right from a group."""
    await tx.execute(
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


async def insert_credential(
    tx: Writer,
    account_id: AccountId,
    user_id: UserId,
    *,
    kind: str,
    name: str,
    now: datetime,
    password_hash: str | None = None,
    token_hash: bytes | None = None,
    csrf_hash: bytes | None = None,
    expires_at: datetime | None = None,
) -> CredentialId:
    """Store a credential's hash."""
    created = await tx.value(
        CredentialId,
        "INSERT INTO credentials (account_id, user_id, kind, name, password_hash, token_hash, csrf_hash, created_at,"
        " expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (account_id, user_id, kind, name, password_hash, token_hash, csrf_hash, now, expires_at),
    )
    return CredentialId(created or 0)


async def credential_by_token(tx: Reader, token_hash: bytes) -> Credential | None:
    """Return the credential whose token has this SHA-256, whatever its state."""
    return await tx.row(Credential, f"SELECT {_CREDENTIAL} FROM credentials WHERE token_hash = %s", (token_hash,))


async def passwords_of(tx: Reader, account_id: AccountId, user_id: UserId, kind: str) -> list[Credential]:
    """Return a user's password credentials of one kind that are not revoked, newest first."""
    return await tx.rows(
        Credential,
        f"SELECT {_CREDENTIAL} FROM credentials WHERE account_id = %s AND user_id = %s AND kind = %s"
        " AND revoked_at IS NULL ORDER BY id DESC",
        (account_id, user_id, kind),
    )


async def credentials_of(tx: Reader, account_id: AccountId, user_id: UserId) -> list[Credential]:
    """Return all credentials of a user that are not revoked, by id."""
    return await tx.rows(
        Credential,
        f"SELECT {_CREDENTIAL} FROM credentials WHERE account_id = %s AND user_id = %s AND revoked_at IS NULL"
        " ORDER BY id",
        (account_id, user_id),
    )


async def credential(tx: Reader, account_id: AccountId, credential_id: CredentialId) -> Credential | None:
    """Return one credential of the account."""
    return await tx.row(
        Credential,
        f"SELECT {_CREDENTIAL} FROM credentials WHERE account_id = %s AND id = %s",
        (account_id, credential_id),
    )


async def revoke_credential(tx: Writer, account_id: AccountId, credential_id: CredentialId, now: datetime) -> None:
    """End a credential at once."""
    await tx.execute(
        "UPDATE credentials SET revoked_at = %s WHERE account_id = %s AND id = %s AND revoked_at IS NULL",
        (now, account_id, credential_id),
    )


async def revoke_kind(tx: Writer, account_id: AccountId, user_id: UserId, kinds: Sequence[str], now: datetime) -> None:
    """End all credentials of these kinds that a user has."""
    await tx.execute(
        "UPDATE credentials SET revoked_at = %s WHERE account_id = %s AND user_id = %s AND kind = ANY(%s)"
        " AND revoked_at IS NULL",
        (now, account_id, user_id, list(kinds)),
    )


async def failures(tx: Reader, keys: Sequence[bytes], now: datetime) -> tuple[int, datetime | None]:
    """Return the most wrong passwords counted under any of `keys`, and when that window ends."""
    rows = await tx.pairs(
        "SELECT failures, window_ends_at FROM sign_in_failures WHERE key = ANY(%s) AND window_ends_at > %s"
        " ORDER BY failures DESC LIMIT 1",
        (list(keys), now),
    )
    if not rows:
        return 0, None
    count, ends_at = rows[0]
    return int(str(count)), ends_at if isinstance(ends_at, datetime) else None


async def count_failure(tx: Writer, key: bytes, now: datetime, window: timedelta) -> None:
    """Count one wrong password under `key`; a window that is over starts anew."""
    await tx.execute(
        "INSERT INTO sign_in_failures AS f (key, failures, window_ends_at) VALUES (%(key)s, 1, %(end)s)"
        " ON CONFLICT (key) DO UPDATE SET"
        " failures = CASE WHEN f.window_ends_at > %(now)s THEN f.failures + 1 ELSE 1 END,"
        " window_ends_at = CASE WHEN f.window_ends_at > %(now)s THEN f.window_ends_at ELSE %(end)s END",
        {"key": key, "now": now, "end": now + window},
    )


async def forget_failures(tx: Writer, before: datetime) -> int:
    """Remove the windows that ended before a moment."""
    return await tx.execute("DELETE FROM sign_in_failures WHERE window_ends_at <= %s", (before,))
