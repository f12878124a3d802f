"""SQL of credentials: who a token or password belongs to, what they may do, and how often somebody guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, AppId, CredentialId, GroupId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """How a user proves who they are; only hashes are stored.

    Attributes:
        parent_id: the credential that it was made from, and ends with.
        scope: what it may be used for, in its surface's words.
    """

    account_id: AccountId
    id: CredentialId
    user_id: UserId
    kind: str
    name: str
    password_hash: str | None
    csrf_hash: bytes | None
    parent_id: CredentialId | None
    scope: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserIdentity:
    """A user who may sign in, with all that an actor carries; and the credential, where one was asked for.

    Attributes:
        rights: (app or None for every app, right), some perhaps twice.
        since: when the credential was created.
    """

    account_id: AccountId
    user_id: UserId
    email: str | None
    name: str
    time_zone: str
    locale: str
    group_ids: list[GroupId]
    rights: list[tuple[AppId | None, str]]
    credential_id: CredentialId | None = None
    kind: str = ""
    scope: str = ""
    since: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A credential to store: one of `password_hash` (argon2id) and `token_hash` (SHA-256) is given."""

    kind: str
    name: str
    password_hash: str | None = None
    token_hash: bytes | None = None
    csrf_hash: bytes | None = None
    parent_id: CredentialId | None = None
    client_id: int | None = None
    scope: str = ""
    expires_at: datetime | None = None


_CREDENTIAL = (
    "account_id, id, user_id, kind, name, password_hash, csrf_hash, parent_id, scope, created_at, expires_at,"
    " revoked_at"
)

# One query for all that a request asks first: it is the hottest of all.
_WHO: LiteralString = (
    "SELECT u.account_id, u.id AS user_id, u.email, u.name, u.time_zone, u.locale,"
    " ARRAY(SELECT m.group_id FROM group_members m WHERE m.account_id = u.account_id AND m.user_id = u.id)"
    " AS group_ids,"
    ' COALESCE((SELECT jsonb_agg(jsonb_build_array(g.app_id, g."right")) FROM grants g JOIN group_members m'
    " ON m.account_id = g.account_id AND m.group_id = g.group_id"
    " WHERE m.account_id = u.account_id AND m.user_id = u.id), '[]') AS rights"
)
_WHO_BY_CREDENTIAL: LiteralString = (
    f"{_WHO}, c.id AS credential_id, c.kind, c.scope, c.created_at AS since, c.expires_at"
    " FROM credentials c JOIN users u ON u.account_id = c.account_id AND u.id = c.user_id"
    " LEFT JOIN credentials p ON p.account_id = c.account_id AND p.id = c.parent_id"
    " WHERE c.revoked_at IS NULL AND p.revoked_at IS NULL AND u.is_active"
)


async def identity_by_token(tx: Reader, token_hash: bytes) -> UserIdentity | None:
    """Return whose token has this SHA-256, unless it or what it came from was revoked; the caller looks at its time."""
    return await tx.row(UserIdentity, f"{_WHO_BY_CREDENTIAL} AND c.token_hash = %s", (token_hash,))


async def identity_by_credential(tx: Reader, account_id: AccountId, credential_id: CredentialId) -> UserIdentity | None:
    """Return whose credential this is, unless it or what it came from was revoked; the caller looks at its time."""
    return await tx.row(
        UserIdentity, f"{_WHO_BY_CREDENTIAL} AND c.account_id = %s AND c.id = %s", (account_id, credential_id)
    )


async def identity(tx: Reader, account_id: AccountId, user_id: UserId) -> UserIdentity | None:
    """Return a user of the account who may sign in."""
    return await tx.row(
        UserIdentity,
        f"{_WHO} FROM users u WHERE u.account_id = %s AND u.id = %s AND u.is_active",
        (account_id, user_id),
    )


async def identities(tx: Reader, account_id: AccountId, user_ids: Sequence[UserId]) -> list[UserIdentity]:
    """Return those of some users of the account who may sign in."""
    return await tx.rows(
        UserIdentity,
        f"{_WHO} FROM users u WHERE u.account_id = %s AND u.id = ANY(%s) AND u.is_active",
        (account_id, list(user_ids)),
    )


async def insert_credential(
    tx: Writer, account_id: AccountId, user_id: UserId, new: NewCredential, now: datetime
) -> CredentialId:
    """Store a credential's hash."""
    created = await tx.value(
        CredentialId,
        "INSERT INTO credentials (account_id, user_id, kind, name, password_hash, token_hash, csrf_hash, parent_id,"
        " client_id, scope, created_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " RETURNING id",
        (
            account_id,
            user_id,
            new.kind,
            new.name,
            new.password_hash,
            new.token_hash,
            new.csrf_hash,
            new.parent_id,
            new.client_id,
            new.scope,
            now,
            new.expires_at,
        ),
    )
    return CredentialId(created or 0)


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


async def application_called(tx: Reader, client_id: str) -> Credential | None:
    """Return the living application that signs in as this, of any account; only signing in may ask."""
    return await tx.row(
        Credential,
        f"SELECT {_CREDENTIAL} FROM credentials WHERE kind = 'application' AND scope = %s AND revoked_at IS NULL",
        (client_id,),
    )


async def set_expiry(tx: Writer, account_id: AccountId, credential_id: CredentialId, expires_at: datetime) -> None:
    """Let a credential live until another moment."""
    tx.put(
        "UPDATE credentials SET expires_at = %s WHERE account_id = %s AND id = %s",
        (expires_at, account_id, credential_id),
    )


async def prolong(tx: Writer, account_id: AccountId, credential_id: CredentialId, expires_at: datetime) -> None:
    """Move the end of a credential to a later moment, unless it was revoked or ends even later."""
    tx.put(
        "UPDATE credentials SET expires_at = %(at)s WHERE account_id = %(account)s AND id = %(id)s"
        " AND expires_at < %(at)s AND revoked_at IS NULL",
        {"account": account_id, "id": credential_id, "at": expires_at},
    )


async def revoke_credential(tx: Writer, account_id: AccountId, credential_id: CredentialId, now: datetime) -> None:
    """End a credential at once."""
    await _revoke(tx, account_id, now, "id = %(id)s", {"id": credential_id})


async def revoke_kind(
    tx: Writer,
    account_id: AccountId,
    user_id: UserId,
    kinds: Sequence[str],
    now: datetime,
    *,
    but: Sequence[CredentialId] = (),
) -> None:
    """End all credentials of these kinds that a user has, but for some."""
    await _revoke(
        tx,
        account_id,
        now,
        "user_id = %(user)s AND kind = ANY(%(kinds)s) AND id <> ALL(%(but)s)",
        {"user": user_id, "kinds": list(kinds), "but": list(but)},
    )


async def move_session(tx: Writer, account_id: AccountId, session: CredentialId, parent: CredentialId) -> bool:
    """Let a session end with another password than the one that opened it; return False where it is no session."""
    moved = await tx.execute(
        "UPDATE credentials SET parent_id = %s WHERE account_id = %s AND id = %s AND kind = 'session'",
        (parent, account_id, session),
    )
    return moved > 0


async def revoke_all(tx: Writer, account_id: AccountId, user_id: UserId, now: datetime) -> None:
    """End every credential that a user has."""
    await _revoke(tx, account_id, now, "user_id = %(user)s", {"user": user_id})


async def _revoke(
    tx: Writer, account_id: AccountId, now: datetime, which: LiteralString, parameters: Mapping[str, object]
) -> None:
    """End credentials and whatever was made from them, and from that, no matter whose it is."""
    tx.put(
        f"WITH RECURSIVE ended AS (SELECT id FROM credentials WHERE account_id = %(account)s AND {which}"
        " UNION SELECT c.id FROM credentials c JOIN ended e ON c.parent_id = e.id WHERE c.account_id = %(account)s)"
        " UPDATE credentials SET revoked_at = %(now)s"
        " WHERE account_id = %(account)s AND id IN (SELECT id FROM ended) AND revoked_at IS NULL",
        {"account": account_id, "now": now, **parameters},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Brake:
    """How tries under one key are slowed down.

    Attributes:
        key: of the row that counts them.
        free: how many may come one right after the other; behind each later one the wait doubles, from a second on.
        longest: the longest wait.
    """

    key: bytes
    free: int
    longest: timedelta


# How long after its last try a row lets the next one through.
_WAIT: LiteralString = (
    "make_interval(secs => CASE WHEN f.failures < %(free)s THEN 0"
    " ELSE least(extract(epoch FROM %(longest)s::interval), power(2, least(f.failures - %(free)s, 30))) END)"
)


async def count_try(tx: Writer, brake: Brake, now: datetime, window: timedelta) -> bool:
    """Count one try with a password; return False, with nothing counted, where it comes too early.

    After a `window` without a try the count starts anew. Of any number of tries at once no more pass than one after the
    other would: each waits for the row, and sees what the one before it counted.
    """
    passed = await tx.value(
        int,
        "INSERT INTO sign_in_failures AS f (key, failures, last_at, window_ends_at)"
        " VALUES (%(key)s, 1, %(now)s, %(end)s)"
        " ON CONFLICT (key) DO UPDATE SET last_at = %(now)s, window_ends_at = %(end)s,"
        " failures = CASE WHEN f.window_ends_at > %(now)s THEN f.failures + 1 ELSE 1 END"
        f" WHERE f.window_ends_at <= %(now)s OR f.last_at + {_WAIT} <= %(now)s RETURNING failures",
        {"key": brake.key, "now": now, "end": now + window, "free": brake.free, "longest": brake.longest},
    )
    return passed is not None


async def next_try_at(tx: Reader, brake: Brake) -> datetime | None:
    """Return when the next try under a key passes; None where none was counted."""
    return await tx.value(
        datetime,
        f"SELECT f.last_at + {_WAIT} FROM sign_in_failures f WHERE f.key = %(key)s",
        {"key": brake.key, "free": brake.free, "longest": brake.longest},
    )


async def is_known(tx: Reader, key: bytes, now: datetime) -> bool:
    """Return whether somebody signed in with this login from this network not long ago."""
    found = await tx.value(int, "SELECT 1 FROM sign_in_failures WHERE key = %s AND known_until > %s", (key, now))
    return found is not None


async def forgive(tx: Writer, key: bytes, *, others: Sequence[bytes], known_until: datetime) -> None:
    """Note that a try was right: its login and network begin anew and are known, and it does not count elsewhere."""
    tx.put(
        "UPDATE sign_in_failures SET failures = 0, known_until = %s WHERE key = %s",
        (known_until, key),
    )
    tx.put("UPDATE sign_in_failures SET failures = greatest(failures - 1, 0) WHERE key = ANY(%s)", (list(others),))


async def touch_tries(tx: Writer, key: bytes) -> None:
    """Write the row of a key without a change, so that the transaction of a failure has one for every login."""
    tx.put("UPDATE sign_in_failures SET failures = failures WHERE key = %s", (key,))


async def forget_failures(tx: Writer, before: datetime, limit: int) -> int:
    """Remove some counts that ended before a moment, unless their network is still known."""
    return await tx.execute(
        "DELETE FROM sign_in_failures WHERE ctid = ANY(ARRAY(SELECT ctid FROM sign_in_failures"
        " WHERE window_ends_at <= %(before)s AND coalesce(known_until, %(before)s) <= %(before)s LIMIT %(limit)s))",
        {"before": before, "limit": limit},
    )


async def forget_ended(tx: Writer, before: datetime, limit: int) -> int:
    """Remove what signing in made and what ended before a moment; those that people made and named stay listed."""
    return await tx.execute(
        "DELETE FROM credentials WHERE (account_id, id) IN (SELECT account_id, id FROM credentials c"
        " WHERE kind IN ('session', 'hash_session', 'oauth_refresh', 'oauth_access', 'application_token',"
        " 'person_token') AND least(expires_at, revoked_at) < %s AND NOT EXISTS"
        " (SELECT FROM credentials m WHERE m.account_id = c.account_id AND m.parent_id = c.id) LIMIT %s)",
        (before, limit),
    )
