"""Requests under an Idempotency-Key: performed the first time, answered from memory later."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from satchel.actions import idempotency
from satchel.model.ids import CredentialId
from satchel.surfaces.kit.exchange import Exchange, Reply

REPLAYED: Final = "Idempotency-Replayed"
"""The header of a reply from memory."""


async def once(exchange: Exchange, body: bytes, perform: Callable[[], Awaitable[Reply | None]]) -> Reply | None:
    """Answer a request under its Idempotency-Key: the first time by `perform`, later from memory.

    Args:
        exchange: the request, signed in, with a key; its context becomes one that notes under the key what is changed.
        body: what tells it apart from another request with the same key.
        perform: does it.

    Raises:
        As `idempotency.begin`, and whatever `perform` raises, which frees the key.
    """
    actor = exchange.actor
    asked = exchange.scope["path"].encode() + b"?" + exchange.scope.get("query_string", b"")
    acting = f"\0{actor.user_id}\0".encode()  # one credential may act for several users
    request = idempotency.KeyedRequest(
        credential=actor.credential_id or CredentialId(0),
        secret=exchange.secret,
        route=f"{exchange.method} {exchange.route}",
        key=exchange.header("idempotency-key") or "",
        body_digest=hashlib.sha256(asked + acting + body).hexdigest(),
    )
    context = exchange.context
    begun = await idempotency.begin(context, actor, request)
    if not isinstance(begun, idempotency.ReservedKey):
        headers = {**(begun.headers or {}), REPLAYED: "true"}
        return Reply(status=begun.status or 200, headers=headers, body=begun.body or b"")
    exchange.parts = replace(exchange.parts, context=begun.context)
    try:
        reply = await perform()
    except BaseException:
        await idempotency.release(context, begun)
        raise
    if reply is None:
        await idempotency.release(context, begun)
    else:
        await idempotency.remember(context, begun, status=reply.status, headers=reply.headers, body=reply.body)
    return reply
