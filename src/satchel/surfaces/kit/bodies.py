"""Request bodies, taken from the ASGI server with the guards of security.md rules 9 and 11.

No more than the route allows, never slower than `Pace`, never encoded.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from satchel.model.errors import BodyCutShort, BodyTooSlow, InvalidRequest, TooLarge, UnsupportedMedia
from satchel.surfaces.kit.texts import whole_number

_MOST_BYTES = 10**18 - 1

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""ASGI's receive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slowly a body may come: at least `min_bytes` in each `window_s` seconds that we wait for it."""

    min_bytes: int = 30 * 1024
    window_s: float = 30.0


async def read_chunks(
    receive: Receive,
    *,
    max_bytes: int,
    declared_length: int | None,
    monotonic: Callable[[], float],
    pace: Pace | None = None,
) -> AsyncGenerator[bytes, None]:
    """Give a body's chunks as they come; only time spent waiting for the client counts against its pace.

    Args:
        receive: ASGI's.
        max_bytes: the most that the route takes.
        declared_length: the Content-Length, or None.
        monotonic: tells seconds that never run backwards.
        pace: `Pace()` by default.

    Raises:
        TooLarge: the body is declared larger than `max_bytes`, or turns out to be.
        BodyTooSlow: it comes too slowly.
        BodyCutShort: the client went away, or sent less than it declared.
    """
    if declared_length is not None and declared_length > max_bytes:
        raise TooLarge("The body", max_bytes, declared_length, is_of_body=True)
    watch = _Stopwatch(monotonic, pace or Pace())
    total = 0
    while True:
        message = await watch.wait(receive)
        if message["type"] == "http.disconnect":
            raise BodyCutShort
        chunk: bytes = message.get("body", b"")
        total += len(chunk)
        if total > max_bytes:
            raise TooLarge("The body", max_bytes, is_of_body=True)
        watch.count(len(chunk))
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            break
    if declared_length is not None and total != declared_length:
        raise BodyCutShort


async def read_whole(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """Return all chunks as one; they are bounded where they come from."""
    return b"".join([chunk async for chunk in chunks])


def refuse_encoding(content_encoding: str | None) -> None:
    """Refuse a body with a Content-Encoding: what it grows to could not be bounded by its length.

    Raises:
        UnsupportedMedia: send the bytes as they are.
    """
    if content_encoding is not None and content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMedia("Send the body without Content-Encoding.")


def content_length(header: str | None) -> int | None:
    """Return the Content-Length, or None if there is none.

    Raises:
        InvalidRequest: it is no number.
    """
    if header is None:
        return None
    found = whole_number(header, high=_MOST_BYTES)
    if found is None:
        raise InvalidRequest("Content-Length is malformed.")
    return found


class _Stopwatch:
    """Adds up the time spent waiting and the bytes that came in it."""

    def __init__(self, monotonic: Callable[[], float], pace: Pace) -> None:
        self._monotonic = monotonic
        self._pace = pace
        self._waited_s = 0.0
        self._bytes = 0

    async def wait(self, receive: Receive) -> MutableMapping[str, Any]:
        while True:
            before = self._monotonic()
            try:
                async with asyncio.timeout(max(0.0, self._pace.window_s - self._waited_s)):
                    message = await receive()
            except TimeoutError:
                self._waited_s = self._pace.window_s
                self._close_window()
            else:
                self._waited_s += self._monotonic() - before
                return message

    def count(self, size: int) -> None:
        self._bytes += size
        if self._waited_s >= self._pace.window_s:
            self._close_window()

    def _close_window(self) -> None:
        if self._bytes < self._pace.min_bytes:
            raise BodyTooSlow
        self._waited_s = 0.0
        self._bytes = 0
