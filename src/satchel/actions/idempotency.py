"""Idempotency keys: the same request under the same key is done once, and answered alike each time.

Answers may hold what is shown only once (tokens, tickets, links), and the database keeps no secret that works. So an
answer is sealed with the credential's own secret, which only the client that sends the request again has.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from satchel.actions.context import Context
from satchel.db import events as rows
from satchel.db.events import KeyClaim, RememberedAnswer
from satchel.model.actor import Actor
from satchel.model.errors import Busy, Conflict, IdempotencyKeyReused, InvalidRequest
from satchel.model.ids import CredentialId

MAX_KEY_CHARS = 255
UNFINISHED = timedelta(minutes=2)
"""How long a key waits for its request: longer than any statement and lock wait of one together."""

_PURPOSE = b"satchel-idempotency-1\0"
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRequest:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedKey:
    """A request that holds its key.

    Attributes:
        context: what to do it with: all that it changes is noted under the key, in the same transaction.
    """

    context: Context
    request: KeyedRequest
    claim: KeyClaim


async def begin(context: Context, actor: Actor, request: KeyedRequest) -> ReservedKey | RememberedAnswer:
    """Take a key for a request that begins; return the answer where the same request was answered before.

    A key whose request neither ended nor changed anything for `UNFINISHED` is taken over: its process has died, or
    it is so slow that its client gave up. Should it still run, nothing that it does from then on is saved.

    Raises:
        IdempotencyKeyReused: the key stands for another body.
        Busy: the first request under the key still runs.
        Conflict: the first request was done, but its process died before the answer could be kept.
        InvalidRequest: the key is empty or too long.
    """
    if not 0 < len(request.key) <= MAX_KEY_CHARS or not request.key.isprintable():
        raise InvalidRequest(f"Idempotency-Key has 1 to {MAX_KEY_CHARS} printable characters.")
    now = context.clock()
    claim = KeyClaim(
        account=actor.account_id, credential=request.credential, route=request.route, key=request.key, at=now
    )
    async with context.database.write() as tx:
        taken = rows.remember_key(tx, claim, body_digest=request.body_digest)
    if taken.result:
        return _begun(context, request, claim)
    async with context.database.write() as tx:
        known = await rows.remembered(tx, claim)
        if known is None:
            raise Busy("The first request under this Idempotency-Key has just ended. Send it again.")
        if known.body_digest != request.body_digest:
            raise IdempotencyKeyReused(
                "This Idempotency-Key was used with another body. Use a new key for a new request."
            )
        since = now - UNFINISHED
        if known.status is None and await rows.take_over_key(tx, claim, unfinished_since=since):
            return _begun(context, request, claim)
    if known.status is not None:
        return replace(known, body=_opened(request, known.body or b""))
    if known.took_effect and known.created_at <= since:
        raise Conflict(
            "The first request under this Idempotency-Key was performed, but the server stopped before it answered."
            " Check its effect before you send it again under a new key."
        )
    raise Busy("The first request under this Idempotency-Key still runs. Wait, then send it again.")


def _begun(context: Context, request: KeyedRequest, claim: KeyClaim) -> ReservedKey:
    refused = Busy("This request took so long that another under its Idempotency-Key has started. Nothing was saved.")
    marking = replace(context, database=context.database.with_guard(rows.mark_effect(claim), refused))
    return ReservedKey(context=marking, request=request, claim=claim)


def _opened(request: KeyedRequest, sealed: bytes) -> bytes:
    cipher, bound = request.cipher()
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)
    except (InvalidTag, ValueError):
        raise IdempotencyKeyReused("The answer under this Idempotency-Key is lost. Use a new key.") from None


async def remember(
    context: Context, reserved: ReservedKey, *, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Keep what a request was answered."""
    cipher, bound = reserved.request.cipher()
    nonce = context.entropy(_NONCE_BYTES)
    sealed = nonce + cipher.encrypt(nonce, body, bound)
    async with context.database.write() as tx:
        await rows.remember_answer(tx, reserved.claim, status=status, headers=headers, body=sealed)


async def release(context: Context, reserved: ReservedKey) -> None:
    """Free the key of a request that was refused, so that it can be corrected and sent again."""
    async with context.database.write() as tx:
        await rows.release_key(tx, reserved.claim)
