"""Idempotency keys: the same request under the same key is done once, and answered alike each time."""

from collections.abc import Mapping
from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.db import events as rows
from satchel.db.events import RememberedAnswer
from satchel.model.actor import Actor
from satchel.model.errors import Busy, IdempotencyKeyReused, InvalidRequest
from satchel.model.ids import CredentialId

MAX_KEY_CHARS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a key stands for: a route, and the digest of a body."""

    credential: CredentialId
    route: str
    key: str
    body_digest: str


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
    return known


async def remember(
    context: Context, actor: Actor, request: Request, *, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Keep what a request was answered."""
    async with context.database.write() as tx:
        await rows.remember_answer(
            tx,
            actor.account_id,
            request.credential,
            route=request.route,
            key=request.key,
            status=status,
            headers=headers,
            body=body,
        )


async def release(context: Context, actor: Actor, request: Request) -> None:
    """Free the key of a request that was refused, so that it can be corrected and sent again."""
    async with context.database.write() as tx:
        await rows.release_key(tx, actor.account_id, request.credential, route=request.route, key=request.key)
