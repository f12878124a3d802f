"""SQL of OAuth2: the programs that people let act for them, and the codes and tokens that those are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, CredentialId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A program that people let act for them.

    Attributes:
        public_id: what it calls itself by.
        secret_hash: None for one that cannot keep a secret, and proves by PKCE that it asked for its code.
        redirect_uris: where codes may go.
    """

    account_id: AccountId
    id: int
    public_id: str
    name: str
    secret_hash: bytes | None
    redirect_uris: list[str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What a program was promised.

    Attributes:
        challenge: what the verifier must hash to, or None.
        refresh_id: the refresh token that it was exchanged for, once it was.
    """

    account_id: AccountId
    client_id: int
    user_id: UserId
    redirect_uri: str
    scope: str
    challenge: str | None
    expires_at: datetime
    refresh_id: CredentialId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token, also one that has ended."""

    account_id: AccountId
    id: CredentialId
    user_id: UserId
    client_id: int
    scope: str
    expires_at: datetime | None
    revoked_at: datetime | None


_CLIENT = "account_id, id, public_id, name, secret_hash, redirect_uris, created_at"


async def insert_client(
    tx: Writer,
    account: AccountId,
    *,
    public_id: str,
    name: str,
    secret_hash: bytes | None,
    redirect_uris: Sequence[str],
    now: datetime,
    by: UserId | None,
) -> int:
    """Create a client."""
    created = await tx.value(
        int,
        "INSERT INTO oauth_clients (account_id, public_id, name, secret_hash, redirect_uris, created_at, created_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (account, public_id, name, secret_hash, list(redirect_uris), now, by),
    )
    return created or 0


async def client(tx: Reader, public_id: str) -> OAuthClient | None:
    """Return the living client that calls itself so, in any account."""
    return await tx.row(
        OAuthClient, f"SELECT {_CLIENT} FROM oauth_clients WHERE public_id = %s AND revoked_at IS NULL", (public_id,)
    )


async def clients(tx: Reader, account: AccountId) -> list[OAuthClient]:
    """Return the account's living clients, by number."""
    return await tx.rows(
        OAuthClient,
        f"SELECT {_CLIENT} FROM oauth_clients WHERE account_id = %s AND revoked_at IS NULL ORDER BY id",
        (account,),
    )


async def revoke_client(tx: Writer, account: AccountId, client_id: int, now: datetime) -> bool:
    """End a client and all that it was given; return whether there was one."""
    ended = await tx.execute(
        "UPDATE oauth_clients SET revoked_at = %s WHERE account_id = %s AND id = %s AND revoked_at IS NULL",
        (now, account, client_id),
    )
    tx.put("DELETE FROM oauth_codes WHERE account_id = %s AND client_id = %s", (account, client_id))
    tx.put(
        "UPDATE credentials SET revoked_at = %s WHERE account_id = %s AND client_id = %s AND revoked_at IS NULL",
        (now, account, client_id),
    )
    return bool(ended)


async def insert_code(tx: Writer, code_hash: bytes, code: AuthorizationCode, *, now: datetime) -> None:
    """Promise a code, and forget those that have ended."""
    tx.put("DELETE FROM oauth_codes WHERE expires_at < %s - interval '1 hour'", (now,))
    tx.put(
        "INSERT INTO oauth_codes"
        " (code_hash, account_id, client_id, user_id, redirect_uri, scope, challenge, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            code_hash,
            code.account_id,
            code.client_id,
            code.user_id,
            code.redirect_uri,
            code.scope,
            code.challenge,
            code.expires_at,
        ),
    )


async def lock_code(tx: Writer, code_hash: bytes) -> AuthorizationCode | None:
    """Return a code, locked until the transaction ends."""
    return await tx.row(
        AuthorizationCode,
        "SELECT account_id, client_id, user_id, redirect_uri, scope, challenge, expires_at, refresh_id"
        " FROM oauth_codes WHERE code_hash = %s FOR UPDATE",
        (code_hash,),
    )


async def set_used(tx: Writer, code_hash: bytes, refresh: CredentialId) -> None:
    """Note what a code was exchanged for."""
    tx.put("UPDATE oauth_codes SET refresh_id = %s WHERE code_hash = %s", (refresh, code_hash))


async def lock_refresh(tx: Writer, token_hash: bytes) -> RefreshToken | None:
    """Return a refresh token, ended ones too, locked until the transaction ends."""
    return await tx.row(
        RefreshToken,
        "SELECT account_id, id, user_id, client_id, scope, expires_at, revoked_at FROM credentials"
        " WHERE token_hash = %s AND kind = 'oauth_refresh' FOR UPDATE",
        (token_hash,),
    )


async def refresh_tokens(tx: Reader, account: AccountId, client_id: int, user: UserId) -> list[CredentialId]:
    """Return a user's living refresh tokens of a client, newest first."""
    return await tx.values(
        CredentialId,
        "SELECT id FROM credentials WHERE account_id = %s AND client_id = %s AND user_id = %s"
        " AND kind = 'oauth_refresh' AND revoked_at IS NULL ORDER BY id DESC",
        (account, client_id, user),
    )
