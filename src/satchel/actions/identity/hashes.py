"""Hash credentials: sessions and keys of 32 hexadecimal digits, for clients that send them in a body or a query.

A session is made from a password and ends with it; it lives 30 days and can be renewed. A key lives until it is
deleted. Of both only the SHA-256 is kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import credentials
from satchel.actions.identity.actors import keep_signed_in
from satchel.actions.identity.credentials import CredentialSecret
from satchel.actions.tokens import token_hash
from satchel.db import accounts as users
from satchel.db import credentials as rows
from satchel.db.credentials import NewCredential
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, FieldFault, Forbidden, InvalidValues, NotFound, Unauthenticated
from satchel.model.ids import AccountId, CredentialId, UserId
from satchel.model.visible_text import is_line

SESSION, KEY = "hash_session", "hash_key"
KINDS = (SESSION, KEY)
SESSION_LIFETIME = timedelta(days=30)
MAX_KEYS = 20
MAX_TITLE_CHARS = 255
_HASH_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is listed; its hash is not known any more."""

    id: CredentialId
    title: str
    created_at: datetime


async def sign_in(
    context: Context, login: str, password: str, *, address: str | None, account: AccountId | None = None
) -> CredentialSecret:
    """Open a session with an e-mail, or `account/e-mail`, and a password; in one account where it is named.

    Raises:
        Unauthenticated: they do not belong together, or the user may not sign in.
        TooManyRequests: too many wrong passwords.
    """
    actor = await credentials.by_password(context, login, password, kind="password", address=address, account=account)
    return await _create(context, actor, actor.user_id, kind=SESSION, name="session", parent=actor.credential_id)


async def by_hash(context: Context, given: str, *, address: str | None) -> Actor:
    """Return whose session or key this is; the actor's scope is its kind.

    Raises:
        Unauthenticated: it is unknown or has ended.
    """
    return await credentials.by_token(context, given, kinds=KINDS, address=address)


async def open_for(context: Context, actor: Actor, user_id: UserId) -> CredentialSecret:
    """Open a session for a user of the account, as its administrator.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such active user.
    """
    await _require_active(context, actor, user_id)
    return await _create(context, actor, user_id, kind=SESSION, name="session", parent=actor.credential_id)


async def renew(context: Context, actor: Actor) -> None:
    """Let the actor's session live 30 more days from now.

    Raises:
        Unauthenticated: it came with a key.
    """
    credential = _session(actor)
    async with context.database.write() as tx:
        await rows.set_expiry(tx, actor.account_id, credential, context.clock() + SESSION_LIFETIME)


async def end(context: Context, actor: Actor) -> None:
    """End the actor's session.

    Raises:
        Unauthenticated: it came with a key.
    """
    await credentials.revoke(context, actor, _session(actor))


def _session(actor: Actor) -> CredentialId:
    if actor.scope != SESSION or actor.credential_id is None:
        raise Unauthenticated("This requires a session, not a key.")
    return actor.credential_id


async def create_key(context: Context, actor: Actor, title: str) -> CredentialSecret:
    """Create a key for the actor, who administers the account and came with a session.

    Raises:
        Unauthenticated: the actor came with a key.
        Forbidden: they are no administrator.
        InvalidValues: the title is empty or too long.
        Conflict: there are 20 keys already.
    """
    _require_manager(actor)
    _check_title(title)
    return await _create(context, actor, actor.user_id, kind=KEY, name=title)


async def create_key_for(context: Context, actor: Actor, user_id: UserId, title: str) -> CredentialSecret:
    """Create a key for a user of the account, as its administrator on the server.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such active user.
        InvalidValues, Conflict: as `create_key`.
    """
    await _require_active(context, actor, user_id)
    _check_title(title)
    return await _create(context, actor, user_id, kind=KEY, name=title)


async def keys(context: Context, actor: Actor) -> list[Key]:
    """Return the actor's keys, without their hashes.

    Raises:
        Unauthenticated, Forbidden: as `create_key`.
    """
    _require_manager(actor)
    if actor.user_id is None:
        return []
    found = await credentials.of_user(context, actor, actor.user_id)
    return [Key(id=one.id, title=one.name, created_at=one.created_at) for one in found if one.kind == KEY]


async def delete_key(context: Context, actor: Actor, given: str) -> None:
    """End one of the actor's keys, told by its hash or its number.

    Raises:
        Unauthenticated, Forbidden: as `create_key`.
        NotFound: there is no such key.
    """
    async with context.database.read() as tx:
        found = await rows.identity_by_token(tx, token_hash(given))
    known = {one.id for one in await keys(context, actor)}
    numbered = CredentialId(int(given)) if given.isascii() and given.isdigit() and len(given) < 19 else None  # noqa: PLR2004  # 64 bits
    number = found.credential_id if found is not None else numbered
    if number is None or number not in known:
        raise NotFound("key")
    await credentials.revoke(context, actor, number)


def _require_manager(actor: Actor) -> None:
    _session(actor)
    if not actor.is_admin:
        raise Forbidden("Only an administrator of the account has keys.")


async def _require_active(context: Context, actor: Actor, user_id: UserId) -> None:
    access.require_admin(actor)
    async with context.database.read() as tx:
        if not await users.existing_users(tx, actor.account_id, [user_id]):
            raise NotFound("user", user_id)


def _check_title(title: str) -> None:
    if len(title) > MAX_TITLE_CHARS or not is_line(title):
        message = f"A title has 1 to {MAX_TITLE_CHARS} printable characters."
        raise InvalidValues([FieldFault(field="title", code="length", message=message)])


async def _create(
    context: Context,
    actor: Actor,
    user_id: UserId | None,
    *,
    kind: str,
    name: str,
    parent: CredentialId | None = None,
) -> CredentialSecret:
    if user_id is None:
        raise Unauthenticated
    now = context.clock()
    secret = context.entropy(_HASH_BYTES).hex()
    expires_at = now + SESSION_LIFETIME if kind == SESSION else None
    new = NewCredential(
        kind=kind, name=name, token_hash=token_hash(secret), parent_id=parent, scope=kind, expires_at=expires_at
    )
    async with context.database.write() as tx:
        if parent is not None:
            await keep_signed_in(tx, actor)
        if kind == KEY:
            await users.lock_user(tx, actor.account_id, user_id)  # so that no two count the keys at once
            held = await rows.credentials_of(tx, actor.account_id, user_id)
            if sum(one.kind == KEY for one in held) >= MAX_KEYS:
                raise Conflict(f"There are {MAX_KEYS} keys already. Delete one first.")
        created = await rows.insert_credential(tx, actor.account_id, user_id, new, now)
        data = {"credential": created, "kind": kind, "user": user_id}
        await write_event(tx, context, actor, "credential.created", data)
    return CredentialSecret(id=created, secret=secret, expires_at=expires_at)
