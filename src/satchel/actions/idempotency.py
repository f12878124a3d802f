"""Idempotency keys: the same request under the same key is done once, and answered alike each time.

Answers may hold what is shown only once (tokens, tickets, links), and the database keeps no secret that works. So an
answer is sealed with the credential's own secret, which only whoever sends the request again has.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from satchel.actions.context import Context
from satchel.db import events as rows
from satchel.db.events import RememberedAnswer
from satchel.model.actor import Actor
from satchel.model.errors import Busy, IdempotencyKeyReused, InvalidRequest
from satchel.model.ids import CredentialId

MAX_KEY_CHARS = 255

_PURPOSE = b"satchel-idempotency-1\0"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a key stands for: a route, and the digest of a body.

    Attributes:
        secret: of the credential, as it was sent; never stored.
    """

    credential: CredentialId
    secret: str
    route: str
    key: str
    body_digest: str

    def cipher(self) -> tuple[AESGCM, bytes]:
        """Return what seals this request's answer, and what the seal is bound to."""
        bound = f"{self.credential}\0{self.route}\0{self.key}".encode()
        return AESGCM(hashlib.sha256(_PURPOSE + self.secret.encode()).digest()), bound


async def begin(context: Context, actor: Actor, request: Request) -> RememberedAnswer | None:
    """Take a key for a request that begins; return the answer where the same request was answered before.

    Raises:
        IdempotencyKeyReused: the key stands for another body.
        Busy: the first request under the key still runs.
        InvalidRequest: the key is empty or too long.
    """
    if not 0 < len(request.key) <= MAX_KEY_CHARS or not request.key.isprintable():
        raise InvalidRequest(f"Idempotency-Key has 1 to {MAX_KEY_CHARS} printable characters.")
    now = context.clock()
    async with context.database.write() as tx:
        if await rows.remember_key(
            tx,
            actor.account_id,
            request.credential,
            route=request.route,
            key=request.key,
            body_digest=request.body_digest,
            now=now,
        ):
            return None
        known = await rows.remembered(tx, actor.account_id, request.credential, route=request.route, key=request.key)
    if known is None:
        raise Busy("The first request under this Idempotency-Key has just ended. Send it again.")
    if known.body_digest != request.body_digest:
        raise IdempotencyKeyReused("This Idempotency-Key was used with another body. Take a new key for a new request.")
    if known.status is None:
        raise Busy("The first request under this Idempotency-Key still runs. Wait, then send it again.")
    return replace(known, body=_opened(request, known.body or b""))


def _opened(request: Request, sealed: bytes) -> bytes:
    cipher, bound = request.cipher()
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise IdempotencyKeyReused("What was answered under this Idempotency-Key is lost. Take a new key.") from None


async def remember(
    context: Context, actor: Actor, request: Request, *, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Keep what a request was answered."""
    cipher, bound = request.cipher()
    nonce = context.entropy(_NONCE_BYTES)
    async with context.database.write() as tx:
        await rows.remember_answer(
            tx,
            actor.account_id,
            request.credential,
            route=request.route,
            key=request.key,
            status=status,
            headers=headers,
            body=nonce + cipher.encrypt(nonce, body, bound),
        )


async def release(context: Context, actor: Actor, request: Request) -> None:
    """Free the key of a request that was refused, so that it can be corrected and sent again."""
    async with context.database.write() as tx:
        await rows.release_key(tx, actor.account_id, request.credential, route=request.route, key=request.key)
