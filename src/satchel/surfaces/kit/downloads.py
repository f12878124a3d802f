"""Downloads: which status, headers and bytes answer a request for a file, and their sending.

`plan` decides without I/O; `send_download` speaks plain ASGI. What a browser may show, and under which policy, is
security.md rule 3.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from satchel.model.errors import PreconditionFailed
from satchel.model.transfer.media import may_show_inline, served_type
from satchel.model.transfer.names import content_disposition
from satchel.model.transfer.ranges import is_unchanged, may_use_range, parse_range
from satchel.surfaces.kit.bodies import Receive

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
"""ASGI's send."""

Headers = tuple[tuple[str, str], ...]

_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_CACHE = "private, no-cache"
"""Browsers may keep the bytes but ask each time: a user who lost the right to a file must not get it from a cache."""


NO_REFERRER = ("referrer-policy", "no-referrer")
"""The header of what is behind a signed link: a page that is opened from there must not learn the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to answer.

    Attributes:
        status: 200, 206 or 304.
        start, stop: which bytes to send; nothing when they are equal.
    """

    status: int
    headers: Headers
    start: int
    stop: int


def plan(
    *,
    method: str,
    size: int,
    etag: str,
    media_type: str,
    name: str,
    head: bytes,
    wants_inline: bool = False,
    range_header: str | None = None,
    if_range: str | None = None,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Plan:
    """Return how to answer a GET or HEAD for a file.

    Args:
        method: of the request; Range counts for GET only (RFC 9110 §14.2).
        size: of the whole file.
        etag: strong, with its quotes.
        media_type: as `satchel.model.transfer.media` found it.
        name: of the file; made safe here once more.
        head: its first bytes, which must confirm the type before anything is shown inline, and the charset of plain
            text; only needed for these.
        wants_inline: whether it may be shown, if its type allows that.
        range_header: the request's Range.
        if_range: the request's If-Range.
        if_match: the request's If-Match.
        if_none_match: the request's If-None-Match.

    Raises:
        PreconditionFailed: the content is not the one that If-Match names.
        RangeNotSatisfiable: answer 416 with `Content-Range: bytes */<its size_bytes>`.
    """
    _require_match(if_match, etag)
    if is_unchanged(if_none_match, etag):
        return Plan(status=304, headers=(("etag", etag), ("cache-control", _CACHE)), start=0, stop=0)
    is_inline = wants_inline and may_show_inline(media_type, head)
    chosen = None
    if method == "GET" and may_use_range(if_range, etag):
        chosen = parse_range(range_header, size)
    start, stop = (chosen.start, chosen.stop) if chosen else (0, size)
    headers = [
        ("content-type", served_type(media_type, head, is_whole=len(head) >= size)),
        ("content-length", str(stop - start)),
        ("content-disposition", content_disposition("inline" if is_inline else "attachment", name)),
        ("etag", etag),
        ("accept-ranges", "bytes"),
        ("cache-control", _CACHE),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", _POLICY),
    ]
    if chosen:
        headers.append(("content-range", chosen.content_range))
    return Plan(
        status=206 if chosen else 200,
        headers=tuple(headers),
        start=start,
        stop=start if method == "HEAD" else stop,
    )


def _require_match(if_match: str | None, etag: str) -> None:
    """Require If-Match, if there is one, to name a strong ETag (RFC 9110, 13.1.1), or any."""
    if if_match is not None and not any(one.strip() in ("*", etag) for one in if_match.split(",")):
        raise PreconditionFailed("content", etag)


async def send_download(receive: Receive, send: Send, answer: Plan, chunks: AsyncGenerator[bytes, None] | None) -> bool:
    """Send an answer; return whether the client was there to the end.

    The first chunk is read before the headers are sent, so that missing bytes can still become an error of their own.
    The reading stops soon after the client has gone, and `chunks` is closed in every case.

    Args:
        receive: ASGI's; the request's body must have been read or be empty.
        send: ASGI's.
        answer: from `plan`.
        chunks: the bytes from `answer.start` to `answer.stop`; None when those are equal.

    Raises:
        BlobMissing: before or after the headers were sent; in the latter case the connection must not be used further.
    """
    if chunks is None or answer.start == answer.stop:
        if chunks is not None:
            await chunks.aclose()
        await _send_start(send, answer)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True
    async with aclosing(chunks):
        chunk = await anext(chunks, b"")
        await _send_start(send, answer)
        gone = asyncio.create_task(_wait_until_gone(receive))
        try:
            left = answer.stop - answer.start
            while chunk and not gone.done():
                left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
                if left <= 0:
                    return True
                chunk = await anext(chunks, b"")
            return False
        finally:
            gone.cancel()
            await asyncio.wait([gone])


async def _send_start(send: Send, answer: Plan) -> None:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
