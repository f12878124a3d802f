"""Compresses replies: JSON and XML of a KiB or more, by gzip, for clients that accept it.

Compression tells an observer of the line whether a text occurs twice: somebody who can put texts into a reply that
also holds a secret, many times, finds the secret out by the lengths (BREACH). So replies whose type holds one
(`ReplyBody.holds_secret`: sessions with their CSRF token, new credentials, tickets, signed links) are never compressed,
whatever else they contain. Values of other people that a search shows beside the searcher's own text are no secret from
them; and another site cannot have a browser ask: the session's cookie does not go along with its requests.

Downloads, previews and archives are sent by themselves and never pass here: their bytes are compressed already, and
ranges count in their own bytes. Only gzip is offered: brotli and zstd would save a tenth more and need a library each.
"""

import asyncio
import gzip

from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply

SMALLEST_BYTES = 1024
"""Below, a packet's worth, there is nothing to win."""

INLINE_BYTES = 64 * 1024
"""What takes about a millisecond and is compressed at once; more is left to a thread."""

LEVEL = 5

_TYPES = frozenset({"application/json", "application/problem+json", "application/xml"})


async def compressed(exchange: Exchange, endpoint: Endpoint | None, reply: Reply) -> Reply:
    """Return a reply as the client can take it; the same one where that saves nothing or must not be.

    An ETag stays: it names a revision, and not the bytes of one reply.
    """
    essence = reply.headers.get("Content-Type", "").partition(";")[0]
    if len(reply.body) < SMALLEST_BYTES or essence not in _TYPES or (endpoint is not None and _holds_secret(endpoint)):
        return reply
    headers = {**reply.headers, "Vary": "Accept-Encoding"}
    if not accepts_gzip(",".join(exchange.header_values("accept-encoding"))):
        return Reply(status=reply.status, headers=headers, body=reply.body)
    if len(reply.body) <= INLINE_BYTES:
        body = _gzip(reply.body)
    else:
        body = await asyncio.to_thread(_gzip, reply.body)
    return Reply(status=reply.status, headers={**headers, "Content-Encoding": "gzip"}, body=body)


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding takes gzip (RFC 9110 §12.5.3); a missing or empty one asks for none."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = _weight(parameters)
    found = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return found > 0


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=LEVEL, mtime=0)


def _holds_secret(endpoint: Endpoint) -> bool:
    return any(getattr(answer.body, "holds_secret", False) for answer in endpoint.answers)
