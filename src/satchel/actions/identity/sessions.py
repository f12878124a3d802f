"""Sessions of browsers: opens, lists and ends them, finds out whose they are, and checks the CSRF token of a change.

A session ends when it was not used for `session_lifetime`, and at last `session_max_lifetime` after its sign-in.

Its CSRF token is an HMAC under its secret. So a page that is loaded anew can have it again although the server keeps
only hashes of both, and the token does not give the secret away.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

import structlog

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity.actors import as_actor, keep_signed_in
from satchel.actions.identity.credentials import PREFIXES, CredentialSecret
from satchel.actions.tokens import new_token, token_hash
from satchel.db import credentials as rows
from satchel.db.credentials import NewCredential, UserIdentity
from satchel.model.actor import Actor
from satchel.model.errors import DiskFull, Forbidden, NotFound, SessionEnded, Unauthenticated, Unavailable
from satchel.model.ids import CredentialId

SESSION = "session"  # a kind

_UNNAMED = "session"
"""The name of a session whose browser did not say what it is, and of each that an earlier release opened."""

_MOST_OF_A_NAME = 200

STEPS = 24
"""A use of a session moves its end at most once in this part of its lifetime, so that few requests cost a write."""

_CSRF = b"satchel csrf token"

_log = structlog.get_logger(__name__)


def csrf_of(secret: str) -> str:
    """Return the CSRF token of the session with this secret."""
    return hmac.digest(secret.encode(), _CSRF, hashlib.sha256).hex()


async def open_session(context: Context, actor: Actor, *, device: str = "") -> CredentialSecret:
    """Sign a user in for a while: a session token and the CSRF token that goes with it.

    The session ends with the password that the actor signed in with.

    Args:
        context: the server's parts.
        actor: the user who signs in.
        device: by which they recognize the session in the list of theirs: what the browser calls itself.

    Raises:
        Unauthenticated: the password was changed meanwhile.
    """
    if actor.user_id is None:
        raise Unauthenticated
    now = context.clock()
    secret = new_token(context.entropy, PREFIXES[SESSION])
    csrf, expires_at = csrf_of(secret), _ends_at(context, now, now)
    async with context.database.write() as tx:
        await keep_signed_in(tx, actor)
        created = await rows.insert_credential(
            tx,
            actor.account_id,
            actor.user_id,
            NewCredential(
                kind=SESSION,
                parent_id=actor.credential_id,
                name=_name(device),
                token_hash=token_hash(secret),
                csrf_hash=token_hash(csrf),
                expires_at=expires_at,
            ),
            now,
        )
        await write_event(tx, context, actor, "session.opened", {"credential": created})
    return CredentialSecret(id=created, secret=secret, expires_at=expires_at, csrf=csrf)


async def by_session(context: Context, secret: str, *, address: str | None) -> Actor:
    """Return whose session has this secret, and let it live on, because it is used.

    Raises:
        SessionEnded: it expired or was revoked, its user may not sign in, or there is no such session (any more).
    """
    async with context.database.read() as tx:
        found = await rows.identity_by_token(tx, token_hash(secret))
    now = context.clock()
    if found is None or found.kind != SESSION or found.expires_at is None or found.expires_at <= now:
        raise SessionEnded
    await _keep_alive(context, found, found.expires_at, now)
    return as_actor(found, address)


async def _keep_alive(context: Context, found: UserIdentity, expires_at: datetime, now: datetime) -> None:
    """Move the end of a session that is used; a server that cannot write at the moment still answers its readers."""
    later = _ends_at(context, found.since or now, now)
    if found.credential_id is None or later - expires_at < context.policy.session_lifetime / STEPS:
        return
    try:
        async with context.database.write() as tx:
            await rows.prolong(tx, found.account_id, found.credential_id, later)
    except (DiskFull, Unavailable) as error:
        _log.warning("session.not_prolonged", credential=found.credential_id, code=error.code)


def _ends_at(context: Context, opened_at: datetime, used_at: datetime) -> datetime:
    policy = context.policy
    return min(used_at + policy.session_lifetime, opened_at + policy.session_max_lifetime)


def _name(device: str) -> str:
    printable = "".join(one for one in device if one.isprintable())
    return printable.strip()[:_MOST_OF_A_NAME] or _UNNAMED


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSession:
    """A session of a user that has not ended.

    Attributes:
        device: what the browser called itself at sign-in; empty where that is unknown.
        is_current: whether the request came with it.
    """

    id: CredentialId
    device: str
    opened_at: datetime
    expires_at: datetime
    is_current: bool


async def of_caller(context: Context, actor: Actor) -> list[KnownSession]:
    """Return the actor's own sessions that have not ended, newest first."""
    if actor.user_id is None:
        return []
    now = context.clock()
    async with context.database.read() as tx:
        found = await rows.credentials_of(tx, actor.account_id, actor.user_id)
    return [
        KnownSession(
            id=one.id,
            device="" if one.name == _UNNAMED else one.name,
            opened_at=one.created_at,
            expires_at=one.expires_at,
            is_current=one.id == actor.credential_id,
        )
        for one in reversed(found)
        if one.kind == SESSION and one.expires_at is not None and one.expires_at > now
    ]


async def end_others(context: Context, actor: Actor) -> None:
    """End all of the actor's sessions but the one by which they ask; tokens and keys stay.

    Raises:
        Unauthenticated: the actor is no user, or was signed out meanwhile.
    """
    if actor.user_id is None:
        raise Unauthenticated
    own = [] if actor.credential_id is None else [actor.credential_id]
    async with context.database.write() as tx:
        await keep_signed_in(tx, actor)
        await rows.revoke_kind(tx, actor.account_id, actor.user_id, [SESSION], context.clock(), but=own)
        await write_event(tx, context, actor, "session.others_ended", {"user": actor.user_id})


async def read(context: Context, actor: Actor, secret: str) -> CredentialSecret:
    """Return the session of a request, with its CSRF token.

    Args:
        context: the server's parts.
        actor: who asks.
        secret: what they proved it by.

    Raises:
        NotFound: they signed in with another credential.
    """
    if actor.credential_id is not None:
        async with context.database.read() as tx:
            found = await rows.credential(tx, actor.account_id, actor.credential_id)
        if found is not None and found.kind == SESSION:
            return CredentialSecret(id=found.id, secret=secret, expires_at=found.expires_at, csrf=csrf_of(secret))
    raise NotFound("session")


async def check_csrf(context: Context, actor: Actor, secret: str, token: str | None) -> None:
    """Pass a change by a browser's session only with that session's CSRF token.

    Raises:
        Forbidden: the token is missing or another's.
    """
    if token is not None and hmac.compare_digest(csrf_of(secret).encode(), token.encode()):
        return
    if token is not None and actor.credential_id is not None:
        # Sessions of earlier releases have a token that was made by chance, of which there is the hash.
        async with context.database.read() as tx:
            found = await rows.credential(tx, actor.account_id, actor.credential_id)
        kept = found.csrf_hash if found is not None else None
        if kept is not None and hmac.compare_digest(kept, token_hash(token)):
            return
    raise Forbidden("The CSRF token of this session is missing or wrong. Reload the page and try again.")
