"""Credentials: finds out whose a token is, and creates and revokes tokens, keys and passwords.

Passwords that people choose are argon2id hashes (`satchel.actions.identity.sign_in` verifies them); everything else is
256 random bits and found by its SHA-256.
"""

from dataclasses import dataclass
from datetime import datetime

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity.actors import actor_of as actor_of  # noqa: PLC0414  # had here, with whose a token is
from satchel.actions.identity.actors import as_actor, keep_signed_in
from satchel.actions.identity.guesses import FAILURE_WINDOW as FAILURE_WINDOW  # noqa: PLC0414  # same
from satchel.actions.identity.guesses import FAILURES_PER_ADDRESS as FAILURES_PER_ADDRESS  # noqa: PLC0414  # same
from satchel.actions.identity.guesses import FAILURES_PER_LOGIN as FAILURES_PER_LOGIN  # noqa: PLC0414  # same
from satchel.actions.identity.sign_in import API_PASSWORD, PREFIX_FORMAT
from satchel.actions.identity.sign_in import by_password as by_password  # noqa: PLC0414  # same
from satchel.actions.passwords import MAX_PASSWORD_CHARS
from satchel.actions.tokens import new_token, token_hash
from satchel.db import accounts as users
from satchel.db import credentials as rows
from satchel.db.credentials import NewCredential
from satchel.db.pool import Reader, Writer
from satchel.model.actor import Actor
from satchel.model.errors import (
    FieldFault,
    InvalidRequest,
    InvalidValues,
    NotFound,
    Unauthenticated,
)
from satchel.model.ids import AccountId, CredentialId, UserId

MIN_PASSWORD_CHARS = 10
PREFIXES = {"token": "st_", "api_key": "sk_", "session": "ss_"}
NAMED_KEY = "named_key"
"""An API key that counts only together with a user name (`satchel.actions.identity.named_keys`)."""

_NAMED_KEY_BYTES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSecret:
    """A credential with its secret, which is shown this once.

    Attributes:
        csrf: of a session: what a browser must send along with every change.
    """

    id: CredentialId
    secret: str
    expires_at: datetime | None = None
    csrf: str | None = None


async def by_token(context: Context, token: str, *, kinds: tuple[str, ...], address: str | None) -> Actor:
    """Return the actor of a bearer token, API key, session or a surface's own token.

    Raises:
        Unauthenticated: it is unknown, expired, revoked, of another kind, or its user may not sign in.
    """
    async with context.database.read() as tx:
        found = await rows.identity_by_token(tx, token_hash(token))
    if found is None or found.kind not in kinds or _is_over(found.expires_at, context.clock()):
        raise Unauthenticated
    return as_actor(found, address)


def _is_over(expires_at: datetime | None, now: datetime) -> bool:
    return expires_at is not None and expires_at <= now


async def by_known_password(
    context: Context, account: AccountId, credential_id: CredentialId, *, address: str | None
) -> Actor:
    """Return the actor of an API password that was verified shortly before, if it still holds.

    Raises:
        Unauthenticated: it was revoked or replaced, it expired, or its user may not sign in.
    """
    async with context.database.read() as tx:
        found = await rows.identity_by_credential(tx, account, credential_id)
    if found is None or _is_over(found.expires_at, context.clock()):
        raise Unauthenticated
    return as_actor(found, address)


async def create_token(
    context: Context, actor: Actor, user_id: UserId, *, kind: str, name: str, expires_at: datetime | None = None
) -> CredentialSecret:
    """Create a bearer token, API key or named key for oneself, or as an administrator for a user of the account.

    Raises:
        Forbidden: the user is another, and the actor no administrator.
        NotFound: there is no such user.
        InvalidRequest: `kind` is none of `token`, `api_key` and `named_key`.
        InvalidValues: it would have expired already, or the name has control characters.
    """
    if kind not in ("token", "api_key", NAMED_KEY):
        raise InvalidRequest("kind must be token, api_key or named_key.", pointer="/kind")
    if not name.isprintable():
        message = "A name has printable characters only."
        raise InvalidValues([FieldFault(field="name", code="type", message=message)])
    _check_expiry(context, expires_at)
    is_named = kind == NAMED_KEY
    secret = context.entropy(_NAMED_KEY_BYTES).hex() if is_named else new_token(context.entropy, PREFIXES[kind])
    async with context.database.write() as tx:
        await _lock_for_change(tx, actor, user_id)
        created = await rows.insert_credential(
            tx,
            actor.account_id,
            user_id,
            NewCredential(kind=kind, name=name[:200], token_hash=token_hash(secret), expires_at=expires_at),
            context.clock(),
        )
        await write_event(
            tx, context, actor, "credential.created", {"credential": created, "kind": kind, "user": user_id}
        )
    return CredentialSecret(id=created, secret=secret, expires_at=expires_at)


async def set_password(context: Context, actor: Actor, user_id: UserId, password: str) -> None:
    """Set the password that a user signs in with; all their sessions end.

    Raises:
        Forbidden, NotFound: the actor may not.
        InvalidValues: the password is too short or too long.
    """
    hashed = await password_hash(context, password)
    async with context.database.write() as tx:
        await _lock_for_change(tx, actor, user_id)
        await store_password(tx, context, actor, user_id, hashed)


async def password_hash(context: Context, password: str) -> str:
    """Return what is kept of a password that somebody chose.

    Raises:
        InvalidValues: the password is too short or too long.
    """
    check_new_password(password)
    return await context.passwords.hash(password)


def check_new_password(password: str, *, field: str = "password") -> None:
    """Check a password that somebody chose.

    Raises:
        InvalidValues: it is too short or too long.
    """
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        message = f"A password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters."
        raise InvalidValues([FieldFault(field=field, code="length", message=message)])


async def store_password(
    tx: Writer, context: Context, actor: Actor, user_id: UserId, hashed: str, *, keep: CredentialId | None = None
) -> None:
    """Replace a user's password in a transaction that checked who may, and locked the user; all their sessions end.

    Args:
        keep: a session that stays, and from now on ends with the new password.
    """
    now = context.clock()
    new = NewCredential(kind="password", name="password", password_hash=hashed)
    created = await rows.insert_credential(tx, actor.account_id, user_id, new, now)
    kept = [created]
    if keep is not None and await rows.move_session(tx, actor.account_id, keep, created):
        kept.append(keep)
    await rows.revoke_kind(tx, actor.account_id, user_id, ["password", "session"], now, but=kept)
    await write_event(tx, context, actor, "password.set", {"user": user_id})


async def create_api_password(
    context: Context, actor: Actor, user_id: UserId, *, expires_at: datetime | None = None
) -> CredentialSecret:
    """Create the API password of a user, for Basic authentication; it replaces the one before.

    Raises:
        Forbidden, NotFound: the actor may not.
        InvalidValues: it would have expired already.
    """
    _check_expiry(context, expires_at)
    secret = new_token(context.entropy, PREFIX_FORMAT.format(actor.account_id))
    now = context.clock()
    async with context.database.write() as tx:
        await _lock_for_change(tx, actor, user_id)
        await rows.revoke_kind(tx, actor.account_id, user_id, [API_PASSWORD], now)
        new = NewCredential(
            kind=API_PASSWORD, name="API password", token_hash=token_hash(secret), expires_at=expires_at
        )
        created = await rows.insert_credential(tx, actor.account_id, user_id, new, now)
        await write_event(
            tx, context, actor, "credential.created", {"credential": created, "kind": API_PASSWORD, "user": user_id}
        )
    return CredentialSecret(id=created, secret=secret, expires_at=expires_at)


def _check_expiry(context: Context, expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at <= context.clock():
        message = "It is in the past. Give a later time, or none for a credential that does not expire."
        raise InvalidValues([FieldFault(field="expires_at", code="too_early", message=message)])


async def revoke(context: Context, actor: Actor, credential_id: CredentialId) -> None:
    """End a credential of oneself, or as an administrator of a user of the account.

    Raises:
        NotFound: there is none that the actor may end.
    """
    async with context.database.write() as tx:
        found = await rows.credential(tx, actor.account_id, credential_id)
        if found is None or (found.user_id != actor.user_id and not actor.is_admin):
            raise NotFound("credential", credential_id)
        await rows.revoke_credential(tx, actor.account_id, credential_id, context.clock())
        await write_event(
            tx, context, actor, "credential.revoked", {"credential": credential_id, "user": found.user_id}
        )


async def of_user(context: Context, actor: Actor, user_id: UserId) -> list[rows.Credential]:
    """Return the living credentials of oneself, or as an administrator of a user; never their secrets.

    Raises:
        Forbidden, NotFound: the actor may not.
    """
    async with context.database.read() as tx:
        await _require_self_or_admin(tx, actor, user_id)
        return await rows.credentials_of(tx, actor.account_id, user_id)


async def _lock_for_change(tx: Writer, actor: Actor, user_id: UserId) -> None:
    """Pass only those who may change a user's credentials, and let no two do that at once: each sees the other's.

    Nobody is behind the number of a user who was erased: a credential of theirs would only wait to be misused.
    """
    if actor.user_id == user_id:
        await keep_signed_in(tx, actor)
    await users.lock_user(tx, actor.account_id, user_id)
    await _require_self_or_admin(tx, actor, user_id)
    found = await users.user(tx, actor.account_id, user_id)
    if found is None or found.erased_at is not None:
        raise NotFound("user", user_id)


async def _require_self_or_admin(tx: Reader, actor: Actor, user_id: UserId) -> None:
    if actor.user_id != user_id:
        access.require_admin(actor)
    if await users.user(tx, actor.account_id, user_id) is None:
        raise NotFound("user", user_id)
