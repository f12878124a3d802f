"""Programs that people let act for them (OAuth2): an administrator registers them, with the addresses of their own.

A program with a secret signs in with it; one without proves by PKCE that it asked for the code that it exchanges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.tokens import new_token, token_hash
from satchel.db import oauth as rows
from satchel.db.oauth import OAuthClient
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.visible_text import is_line

MAX_NAME_CHARS = 100
MAX_REDIRECT_URIS = 10
MAX_URI_CHARS = 2_000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""Hosts to which a code may go without TLS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """A client that was registered; its secret, if it has one, is shown this once."""

    id: int
    public_id: str
    secret: str | None


async def register(
    context: Context, actor: Actor, *, name: str, redirect_uris: Sequence[str], is_public: bool
) -> NewClient:
    """Register a program.

    Args:
        redirect_uris: where codes may go; they are compared letter by letter.
        is_public: whether it cannot keep a secret.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the name or an address is refused.
    """
    access.require_admin(actor)
    faults: list[FieldFault] = []
    if len(name) > MAX_NAME_CHARS or not is_line(name):
        faults.append(_fault("name", f"A name has 1 to {MAX_NAME_CHARS} printable characters."))
    if not 0 < len(redirect_uris) <= MAX_REDIRECT_URIS:
        faults.append(_fault("redirect_uris", f"Give 1 to {MAX_REDIRECT_URIS} addresses to which codes may be sent."))
    faults += [
        _fault("redirect_uris", f"{uri[:200]} is not an https address (http for this machine) without a fragment.")
        for uri in redirect_uris
        if not _is_address(uri)
    ]
    if faults:
        raise InvalidValues(faults)
    public_id = new_token(context.entropy, "oc_")
    secret = None if is_public else new_token(context.entropy, "os_")
    async with context.database.write() as tx:
        created = await rows.insert_client(
            tx,
            actor.account_id,
            public_id=public_id,
            name=name,
            secret_hash=None if secret is None else token_hash(secret),
            redirect_uris=redirect_uris,
            now=context.clock(),
            by=actor.user_id,
        )
        await write_event(tx, context, actor, "oauth_client.created", {"client": created, "name": name})
    return NewClient(id=created, public_id=public_id, secret=secret)


def _fault(field: str, message: str) -> FieldFault:
    return FieldFault(field=field, code="format", message=message)


def _is_address(uri: str) -> bool:
    if len(uri) > MAX_URI_CHARS or not uri.isascii() or any(one <= " " or one in '"<>\\^`{|}' for one in uri):
        return False
    try:
        parts = urlsplit(uri)
        good = bool(parts.hostname) and (parts.port is None or parts.port > 0) and parts.username is None
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return good and secure and "#" not in uri and "*" not in uri and ";" not in parts.netloc and "," not in parts.netloc


async def listing(context: Context, actor: Actor) -> list[OAuthClient]:
    """Return the account's programs.

    Raises:
        Forbidden: the actor is no administrator.
    """
    access.require_admin(actor)
    async with context.database.read() as tx:
        return await rows.clients(tx, actor.account_id)


async def revoke(context: Context, actor: Actor, client: int) -> None:
    """End a program and everything that it was given.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is none.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        if not await rows.revoke_client(tx, actor.account_id, client, context.clock()):
            raise NotFound("client", client)
        await write_event(tx, context, actor, "oauth_client.revoked", {"client": client})
