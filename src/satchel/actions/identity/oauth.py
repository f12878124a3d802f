"""OAuth2 for programs: a person allows one, it exchanges its code for tokens, and renews them (RFC 6749, 7636, 9700).

An access token lives 12 hours, a refresh token 30 days; of one person and program ten refresh tokens live at a time,
the oldest goes first. A program without a secret gets a new refresh token with each renewal. A code or a refresh token
that comes a second time was stolen, or its answer was: everything that came of it ends.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity.actors import keep_signed_in
from satchel.actions.identity.sign_in import note_program_failure
from satchel.actions.tokens import new_token, token_hash
from satchel.db import accounts as users
from satchel.db import credentials as credential_rows
from satchel.db import oauth as rows
from satchel.db.credentials import NewCredential
from satchel.db.oauth import AuthorizationCode, OAuthClient
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidRequest, Unauthenticated
from satchel.model.ids import AccountId, CredentialId, UserId

CODE_LIFETIME = timedelta(minutes=1)
ACCESS_LIFETIME = timedelta(hours=12)
REFRESH_LIFETIME = timedelta(days=30)
MAX_REFRESH_TOKENS = 10

SCOPES = ("any", "read")
"""Everything that the person may do; or only what changes nothing."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a program asks a person for.

    Attributes:
        challenge: of PKCE with S256, or None.
        state: given back as it came.
    """

    client: OAuthClient
    redirect_uri: str
    scope: str
    challenge: str | None
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a program is given; both are shown this once."""

    access: str
    refresh: str
    scope: str


def refused(error: str, message: str) -> InvalidRequest:
    """Return a refusal under a code of RFC 6749."""
    return InvalidRequest(message, oauth=error)


async def client(context: Context, public_id: str) -> OAuthClient:
    """Return a program by what it calls itself.

    Raises:
        InvalidRequest: there is none.
    """
    async with context.database.read() as tx:
        found = await rows.client(tx, public_id)
    if found is None:
        raise refused("invalid_client", "There is no such program (client_id).")
    return found


def check_challenge(program: OAuthClient, challenge: str | None, method: str | None) -> str | None:
    """Return the challenge of PKCE, which a program without a secret must send.

    Raises:
        InvalidRequest: it is missing, malformed, or not of S256.
    """
    if challenge is None and program.secret_hash is None:
        raise refused("invalid_request", "This program must send a code_challenge (PKCE).")
    if challenge is not None and (method != "S256" or not _CHALLENGE.fullmatch(challenge)):
        raise refused("invalid_request", "The code_challenge must be one of S256.")
    return challenge


async def allow(context: Context, actor: Actor, request: AuthorizationRequest) -> str:
    """Return the code by which a program gets what a person allows it.

    Raises:
        Forbidden: the person is of another account than the program.
        Unauthenticated: the password was changed meanwhile.
    """
    if actor.user_id is None or actor.account_id != request.client.account_id:
        raise Forbidden("This program is not for your account.")
    now = context.clock()
    secret = new_token(context.entropy)
    code = AuthorizationCode(
        account_id=actor.account_id,
        client_id=request.client.id,
        user_id=actor.user_id,
        redirect_uri=request.redirect_uri,
        scope=request.scope,
        challenge=request.challenge,
        expires_at=now + CODE_LIFETIME,
        refresh_id=None,
    )
    async with context.database.write() as tx:
        await keep_signed_in(tx, actor)
        await rows.insert_code(tx, token_hash(secret), code, now=now)
        data = {"client": request.client.id, "scope": request.scope, "user": actor.user_id}
        await write_event(tx, context, actor, "oauth.allowed", data)
    return secret


async def sign_in(context: Context, public_id: str, secret: str | None, *, address: str | None) -> OAuthClient:
    """Return the program that signs in.

    Raises:
        Unauthenticated: there is none, or its secret is wrong, missing, or not its to have.
    """
    async with context.database.read() as tx:
        found = await rows.client(tx, public_id)
    given = None if secret is None else token_hash(secret)
    if (
        found is None
        or (found.secret_hash is None) != (given is None)
        or (found.secret_hash is not None and not hmac.compare_digest(found.secret_hash, given or b""))
    ):
        data = {} if found is None else {"client": found.id}
        account = None if found is None else found.account_id
        await note_program_failure(context, account, data, way="oauth_client", name=public_id, address=address)
        raise Unauthenticated("The program's id or secret is wrong.")
    return found


async def exchange(
    context: Context, program: OAuthClient, code: str, *, redirect_uri: str, verifier: str | None
) -> Tokens:
    """Return what a code is good for.

    Raises:
        InvalidRequest: it is not this program's, was used or has ended, or the address or verifier is another.
    """
    async with context.database.write() as tx:
        found = await rows.lock_code(tx, token_hash(code))
        mine = found is not None and (found.account_id, found.client_id) == (program.account_id, program.id)
        if found is not None and mine and found.refresh_id is not None:
            await _end_all(tx, context, program, found.user_id)
        elif (
            found is not None and mine and _fits(found, context, redirect_uri, verifier) and await _is_active(tx, found)
        ):
            return await _give(tx, context, program, found.user_id, found.scope, code=token_hash(code))
    raise refused("invalid_grant", "The code was used or has ended, or does not belong to this request.")


async def _is_active(tx: Writer, code: AuthorizationCode) -> bool:
    """Return whether the person may still sign in; nobody deactivates them before the transaction ends."""
    await users.lock_user(tx, code.account_id, code.user_id)
    return await credential_rows.identity(tx, code.account_id, code.user_id) is not None


def _fits(code: AuthorizationCode, context: Context, redirect_uri: str, verifier: str | None) -> bool:
    if code.expires_at <= context.clock() or code.redirect_uri != redirect_uri:
        return False
    if code.challenge is None:
        return verifier is None
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    made = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(made, code.challenge)


async def renew(context: Context, program: OAuthClient, refresh: str, *, scope: str | None) -> Tokens:
    """Return a new access token, and for a program without a secret a new refresh token.

    Raises:
        InvalidRequest: the refresh token is not this program's, has ended or was replaced; or the scope is wider.
    """
    async with context.database.write() as tx:
        found = await rows.lock_refresh(tx, token_hash(refresh))
        mine = found is not None and (found.account_id, found.client_id) == (program.account_id, program.id)
        if found is not None and mine and found.revoked_at is not None and program.secret_hash is None:
            await _end_all(tx, context, program, found.user_id)
        elif found is not None and mine and found.revoked_at is None:
            alive = found.expires_at is not None and found.expires_at > context.clock()
            known = await credential_rows.identity(tx, found.account_id, found.user_id)
            if alive and known is not None:
                wanted = _narrowed(found.scope, scope)
                if program.secret_hash is not None:
                    access = await _access(tx, context, program, found.user_id, scope=wanted, refresh=found.id)
                    return Tokens(access=access, refresh=refresh, scope=wanted or "any")
                await credential_rows.revoke_credential(tx, found.account_id, found.id, context.clock())
                return await _give(tx, context, program, found.user_id, found.scope, narrowed=wanted)
    raise refused("invalid_grant", "The refresh token has ended or does not belong to this program.")


def _narrowed(held: str, asked: str | None) -> str:
    """Return the scope of a token as it is kept: nothing for everything."""
    if asked in (None, "", held) or (asked == "any" and not held):
        return held
    if asked == "read":
        return "read"
    raise refused("invalid_scope", f"The scope is one of {', '.join(SCOPES)}, and not wider than what was allowed.")


async def _end_all(tx: Writer, context: Context, program: OAuthClient, user: UserId) -> None:
    for one in await rows.refresh_tokens(tx, program.account_id, program.id, user):
        await credential_rows.revoke_credential(tx, program.account_id, one, context.clock())


async def _give(
    tx: Writer,
    context: Context,
    program: OAuthClient,
    user: UserId,
    scope: str,
    *,
    code: bytes | None = None,
    narrowed: str | None = None,
) -> Tokens:
    """Create a refresh token and an access token from it; the oldest beyond the tenth end."""
    now = context.clock()
    kept = "" if scope == "any" else scope
    secret = new_token(context.entropy, "or_")
    new = NewCredential(
        kind="oauth_refresh",
        name=program.name,
        token_hash=token_hash(secret),
        client_id=program.id,
        scope=kept,
        expires_at=now + REFRESH_LIFETIME,
    )
    refresh = await credential_rows.insert_credential(tx, program.account_id, user, new, now)
    if code is not None:
        await rows.set_used(tx, code, refresh)
    for old in (await rows.refresh_tokens(tx, program.account_id, program.id, user))[MAX_REFRESH_TOKENS:]:
        await credential_rows.revoke_credential(tx, program.account_id, old, now)
    given = kept if narrowed is None else narrowed
    access = await _access(tx, context, program, user, scope=given, refresh=refresh)
    return Tokens(access=access, refresh=secret, scope=given or "any")


async def _access(
    tx: Writer, context: Context, program: OAuthClient, user: UserId, *, scope: str, refresh: CredentialId
) -> str:
    now = context.clock()
    secret = new_token(context.entropy, "oa_")
    new = NewCredential(
        kind="oauth_access",
        name=program.name,
        token_hash=token_hash(secret),
        parent_id=refresh,
        client_id=program.id,
        scope=scope,
        expires_at=now + ACCESS_LIFETIME,
    )
    await credential_rows.insert_credential(tx, AccountId(program.account_id), user, new, now)
    return secret
