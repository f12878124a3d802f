"""Applications: programs that sign in with an id and a secret, and the tokens of eight hours that sign-ins give.

An application is a credential of a user, made by an administrator. What it does stands in the history under its user
and its own number; the rights of that user's groups do not bind it: it may do everything with every app, but never
administer the account. A person gets a token of the same life for e-mail and password, with their own rights.

A token ends with what it was made from: an application's with its secret or its user, a person's with the password.
Of secrets and tokens only the SHA-256 is kept.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity import credentials
from satchel.actions.identity.actors import keep_signed_in
from satchel.actions.identity.sign_in import note_program_failure
from satchel.actions.tokens import new_token, token_hash
from satchel.db import accounts as users
from satchel.db import credentials as rows
from satchel.db.credentials import NewCredential
from satchel.db.pool import Reader, Writer
from satchel.model.actor import APP_RIGHTS, Actor
from satchel.model.errors import FieldFault, Forbidden, InvalidValues, NotFound, Unauthenticated
from satchel.model.ids import AccountId, CredentialId, UserId
from satchel.model.visible_text import is_line

APPLICATION = "application"
APPLICATION_TOKEN, PERSON_TOKEN = "application_token", "person_token"  # kinds
TOKEN_LIFETIME = timedelta(hours=8)
MAX_NAME_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A program that may sign in; its secret is not known any more.

    Attributes:
        client_id: what it signs in as, for good.
    """

    id: CredentialId
    client_id: str
    name: str
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSecret:
    """An application's id with its secret, which is shown this once."""

    id: CredentialId
    client_id: str
    secret: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token, which is shown this once."""

    secret: str
    expires_at: datetime


async def create(
    context: Context, actor: Actor, user_id: UserId, name: str, *, expires_at: datetime | None = None
) -> ApplicationSecret:
    """Create an application that acts for a user of the account.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such active user.
        InvalidValues: the name is empty or too long, or it would have expired already.
    """
    access.require_admin(actor)
    if len(name) > MAX_NAME_CHARS or not is_line(name):
        message = f"A name has 1 to {MAX_NAME_CHARS} printable characters."
        raise InvalidValues([FieldFault(field="name", code="length", message=message)])
    if expires_at is not None and expires_at <= context.clock():
        message = "It is in the past. Give a later time, or none for an application that does not expire."
        raise InvalidValues([FieldFault(field="expires_at", code="too_early", message=message)])
    client_id = str(UUID(bytes=context.entropy(16), version=4))
    async with context.database.write() as tx:
        await users.lock_user(tx, actor.account_id, user_id)
        if not await users.existing_users(tx, actor.account_id, [user_id]):
            raise NotFound("user", user_id)
        return await _create(tx, context, actor, user_id, name=name, client_id=client_id, expires_at=expires_at)


async def listing(context: Context, actor: Actor, user_id: UserId) -> list[Application]:
    """Return the living applications of oneself, or as an administrator of a user.

    Raises:
        Forbidden, NotFound: the actor may not.
    """
    known = await credentials.of_user(context, actor, user_id)
    return [
        Application(id=one.id, client_id=one.scope, name=one.name, user_id=one.user_id)
        for one in known
        if one.kind == APPLICATION
    ]


async def change_secret(context: Context, actor: Actor, application: CredentialId) -> ApplicationSecret:
    """Give an application another secret; the old one and all tokens made with it end.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is no such application.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        known = await rows.credential(tx, actor.account_id, application)
        if known is not None:  # again, behind the lock: somebody may have changed it meanwhile
            await users.lock_user(tx, actor.account_id, known.user_id)
            known = await rows.credential(tx, actor.account_id, application)
        if known is None or known.kind != APPLICATION or known.revoked_at is not None:
            raise NotFound("application", application)
        await rows.revoke_credential(tx, actor.account_id, application, context.clock())
        data = {"credential": application, "user": known.user_id}
        await write_event(tx, context, actor, "credential.revoked", data)
        return await _create(
            tx,
            context,
            actor,
            known.user_id,
            name=known.name,
            client_id=known.scope,
            expires_at=known.expires_at,
        )


async def _create(
    tx: Writer,
    context: Context,
    actor: Actor,
    user_id: UserId,
    *,
    name: str,
    client_id: str,
    expires_at: datetime | None,
) -> ApplicationSecret:
    secret = new_token(context.entropy, "as_")
    new = NewCredential(
        kind=APPLICATION, name=name, token_hash=token_hash(secret), scope=client_id, expires_at=expires_at
    )
    created = await rows.insert_credential(tx, actor.account_id, user_id, new, context.clock())
    data = {"credential": created, "kind": APPLICATION, "user": user_id}
    await write_event(tx, context, actor, "credential.created", data)
    return ApplicationSecret(id=created, client_id=client_id, secret=secret, expires_at=expires_at)


async def sign_in(context: Context, client_id: str, secret: str, *, address: str | None) -> IssuedToken:
    """Return a token for an application's id and secret.

    Raises:
        Unauthenticated: they do not belong together, or the application has ended.
    """
    now, named = context.clock(), client_id.strip().strip("{}").lower()
    async with context.database.read() as tx:
        found = await rows.identity_by_token(tx, token_hash(secret))
        known = await rows.application_called(tx, named)
    if (
        found is None
        or found.kind != APPLICATION
        or found.credential_id is None
        or not hmac.compare_digest(found.scope.encode(), named.encode())
        or (found.expires_at is not None and found.expires_at <= now)
    ):
        data = {} if known is None else {"credential": known.id, "user": known.user_id}
        account = None if known is None else known.account_id
        await note_program_failure(context, account, data, way=APPLICATION, name=named, address=address)
        raise Unauthenticated
    ends_at = now + TOKEN_LIFETIME if found.expires_at is None else min(now + TOKEN_LIFETIME, found.expires_at)
    owner = Actor(
        account_id=found.account_id, user_id=found.user_id, credential_id=found.credential_id, address=address
    )
    return await _token(context, owner, kind=APPLICATION_TOKEN, expires_at=ends_at)


async def sign_in_person(context: Context, email: str, password: str, *, address: str | None) -> IssuedToken:
    """Return a token for a person's e-mail, or `account/e-mail`, and password.

    Raises:
        Unauthenticated: they do not belong together, or the person may not sign in.
        TooManyRequests: too many wrong passwords.
    """
    actor = await credentials.by_password(context, email, password, kind="password", address=address)
    return await _token(context, actor, kind=PERSON_TOKEN, expires_at=context.clock() + TOKEN_LIFETIME)


async def _token(context: Context, owner: Actor, *, kind: str, expires_at: datetime) -> IssuedToken:
    if owner.user_id is None:
        raise Unauthenticated
    secret = new_token(context.entropy, "at_")
    new = NewCredential(
        kind=kind,
        name="token",
        token_hash=token_hash(secret),
        parent_id=owner.credential_id,
        scope=kind,
        expires_at=expires_at,
    )
    async with context.database.write() as tx:
        await keep_signed_in(tx, owner)
        created = await rows.insert_credential(tx, owner.account_id, owner.user_id, new, context.clock())
        data = {"credential": created, "kind": kind, "user": owner.user_id}
        await write_event(tx, context, owner, "credential.created", data)
    return IssuedToken(secret=secret, expires_at=expires_at)


async def by_token(context: Context, token: str, *, address: str | None) -> Actor:
    """Return whose token this is: a person with their rights, or an application's user with every right on every app.

    Raises:
        Unauthenticated: it is unknown, or has ended.
    """
    kinds = (APPLICATION_TOKEN, PERSON_TOKEN)
    actor = await credentials.by_token(context, token, kinds=kinds, address=address)
    return replace(actor, rights={None: frozenset(APP_RIGHTS)}) if is_application(actor) else actor


def is_application(actor: Actor) -> bool:
    """Return whether a program asks, not a person."""
    return actor.scope == APPLICATION_TOKEN


async def application_of(context: Context, actor: Actor) -> Application:
    """Return the application whose token the actor came with.

    Raises:
        NotFound: the actor is no application.
    """
    async with context.database.read() as tx:
        token = await _credential(tx, actor.account_id, actor.credential_id)
        found = await _credential(tx, actor.account_id, token.parent_id if token is not None else None)
    if found is None or found.kind != APPLICATION:
        raise NotFound("application")
    return Application(id=found.id, client_id=found.scope, name=found.name, user_id=found.user_id)


async def _credential(tx: Reader, account: AccountId, number: CredentialId | None) -> rows.Credential | None:
    return None if number is None else await rows.credential(tx, account, number)


async def acting_for(context: Context, actor: Actor, person: UserId) -> Actor:
    """Return a person as an actor, for whom an application asks; the history names the application's token too.

    Raises:
        Forbidden: the actor is no application.
        NotFound: there is no such active user in the account.
    """
    if not is_application(actor):
        raise Forbidden("Only an application may act for another user.")
    async with context.database.read() as tx:
        found = await credentials.actor_of(tx, actor.account_id, person, address=actor.address)
    if found is None:
        raise NotFound("user", person)
    return replace(found, credential_id=actor.credential_id)
