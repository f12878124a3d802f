"""Bounds of what a server may send: a broken or hostile one costs neither memory nor time without end.

The server's own client (`satchel.outbound`) has the same: a body is collected up to a size, also after decompression,
has to arrive at a minimum rate, and lists have to get on.
"""

import zlib
from collections.abc import Callable

from satchel.client.refusals import UnexpectedReply

MOST_COLLECTED_BYTES = 64 * 1024 * 1024
"""Maximum length of a reply that is collected in memory: JSON, and refusals."""

WINDOW_S = 60.0
MIN_BYTES_S = 1024
"""Minimum rate of a body, in bytes a second over `WINDOW_S`."""

MOST_IDLE_PAGES = 100
"""Maximum number of pages in a row that contain nothing."""

_STEP_BYTES = 256 * 1024
_ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class SlowReplyError(Exception):
    """A body arrives below the minimum rate."""


class Pace:
    """Requires a body to arrive at the minimum rate.

    Args:
        monotonic: returns seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._start = monotonic()
        self._bytes = 0

    def arrived(self, count: int) -> None:
        """Count bytes.

        Raises:
            SlowReplyError: too few came in the last window.
        """
        self._bytes += count
        now = self._monotonic()
        if now - self._start < WINDOW_S:
            return
        if self._bytes < MIN_BYTES_S * (now - self._start):
            raise SlowReplyError(f"the reply arrives at less than {MIN_BYTES_S} bytes a second")
        self._start, self._bytes = now, 0


class Collected:
    """A body that is collected in memory, decompressed if the server compressed it without being asked.

    Args:
        encoding: the reply's Content-Encoding.
    """

    def __init__(self, encoding: str) -> None:
        self._body = bytearray()
        self._zlib = None
        if encoding.strip().lower() not in ("", "identity"):
            window = _ENCODINGS.get(encoding.strip().lower())
            if window is None:
                raise UnexpectedReply(f"it has the encoding {encoding[:40]!r}, which was not requested")
            self._zlib = zlib.decompressobj(window)

    def add(self, piece: bytes | memoryview) -> None:
        """Add the next bytes as they were received.

        Raises:
            UnexpectedReply: the body is too long, or damaged.
        """
        rest = bytes(piece)
        while rest and not (self._zlib is not None and self._zlib.eof):
            try:
                made = rest if self._zlib is None else self._zlib.decompress(rest, _STEP_BYTES)
            except zlib.error as error:
                raise UnexpectedReply(f"its compressed data are damaged: {error}") from None
            self._body += made
            if len(self._body) > MOST_COLLECTED_BYTES:
                raise UnexpectedReply(f"it is longer than {MOST_COLLECTED_BYTES} bytes")
            rest = b"" if self._zlib is None else self._zlib.unconsumed_tail

    @property
    def body(self) -> bytes:
        """The whole body.

        Raises:
            UnexpectedReply: the compressed data end too early.
        """
        if self._zlib is not None and self._body and not self._zlib.eof:
            raise UnexpectedReply("its compressed data end too early")
        return bytes(self._body)


class ListGuard:
    """Requires the pages of a list to lead to an end."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._idle = 0

    def following(self, cursor: str | None, count: int) -> str | None:
        """Return the cursor of the next page, after a page of `count` entries.

        Raises:
            UnexpectedReply: this cursor was there before, or too many pages in a row were empty.
        """
        self._idle = 0 if count else self._idle + 1
        if cursor is None:
            return None
        if cursor in self._seen or self._idle > MOST_IDLE_PAGES:
            raise UnexpectedReply("the list repeats a page, or has no end")
        self._seen.add(cursor)
        return cursor
