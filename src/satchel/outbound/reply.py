"""Replies: status, headers, and a body that is read once, bounded, and only used if complete.

A reply whose end cannot be distinguished from a broken connection, that is longer than allowed (also after
decompression) or shorter than announced, is an error: the caller discards the bytes that were read.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from satchel.model.transfer.media import essence
from satchel.model.transfer.names import decode_header
from satchel.model.transfer.reply_names import address_name, disposition_name
from satchel.outbound.failure import CallFailed
from satchel.outbound.target import Target

HEAD_BYTES = 1024
"""How much of a reply is kept for the record."""

MAX_RETRY_AFTER_S = 24 * 3600.0

_STEP_BYTES = 256 * 1024
_GZIP = b"\x1f"
_ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_NO_BODY = frozenset({204, 205, 304})


class Reply:
    """One reply.

    Attributes:
        status: 200 to 599.
        target: its address, after redirects.
        address: `address:port` of the connection.
        sent_bytes: of the request's body.
        received_bytes: of the reply's body so far, before decompression.
        head: the first KiB of the body, as far as it was read.
    """

    def __init__(
        self,
        *,
        status: int,
        headers: Sequence[tuple[str, bytes]],
        target: Target,
        address: str,
        sent_bytes: int,
        limit_bytes: int,
        content: AsyncIterator[bytes],
        is_closed: Callable[[], bool],
        until_close: bool,
    ) -> None:
        """Start to read a reply.

        Args:
            status, headers, target, address, sent_bytes: of the exchange.
            limit_bytes: the longest body, after decompression.
            content: the body as it arrives.
            is_closed: returns whether TLS has closed the connection, as opposed to a broken one.
            until_close: whether a body may end with a connection that has no TLS.
        """
        self.status = status
        self.target = target
        self.address = address
        self.sent_bytes = sent_bytes
        self.received_bytes = 0
        self.head = b""
        self._headers = headers
        self._limit_bytes = limit_bytes
        self._content = content
        self._is_closed = is_closed
        self._until_close = until_close

    def header(self, name: str) -> str | None:
        """Return the first header of a lower-case name, or None."""
        return next((decode_header(value).strip() for key, value in self._headers if key == name), None)

    @property
    def media_type(self) -> str | None:
        """The Content-Type without its parameters, lower-case; None if there is none."""
        return essence(self.header("content-type")) or None

    @property
    def said_name(self) -> str | None:
        """A safe name of the body, from Content-Disposition."""
        given = self.header("content-disposition")
        return disposition_name(given) if given else None

    @property
    def address_name(self) -> str | None:
        """A safe name of the body, from its address."""
        return address_name(self.target.path)

    def retry_after_s(self, now: datetime) -> float | None:
        """Return how long to wait according to the other side, up to a day, or None."""
        text = self.header("retry-after")
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return min(float(text[:9]), MAX_RETRY_AFTER_S)
        try:
            seconds = (parsedate_to_datetime(text) - now).total_seconds()
        except (ValueError, TypeError):
            return None
        return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the body, decompressed; can be read once.

        Raises:
            CallFailed: `reply_without_length`, `reply_too_large`, `reply_cut_short`, `reply_encoding`, `timeout`.
        """
        if self.status in _NO_BODY:
            return  # 205 may be followed by bytes, which mean nothing
        self._check_framing()
        length = self.header("content-length")
        if length is not None and length.isdigit() and int(length) > self._limit_bytes:
            raise self._too_large()
        unpacker = self._unpacker()
        given = 0
        async for chunk in self._content:
            self.received_bytes += len(chunk)
            for piece in self._pieces(unpacker, chunk):
                given += len(piece)
                if given > self._limit_bytes:
                    raise self._too_large()
                if len(self.head) < HEAD_BYTES:
                    self.head += bytes(piece[: HEAD_BYTES - len(self.head)])
                yield piece
        self._check_end(unpacker)

    async def read(self) -> bytes:
        """Return the whole body; for replies with values, not files.

        Raises:
            CallFailed: as `body`.
        """
        return b"".join([chunk async for chunk in self.body()])

    async def peek(self) -> bytes:
        """Return the body's first KiB for the record of a call whose reply is not used otherwise."""
        try:
            async for _ in self.body():
                if len(self.head) >= HEAD_BYTES:
                    break
        except CallFailed:
            pass  # the received bytes are enough
        return self.head

    @property
    def _ends_with_connection(self) -> bool:
        """Whether the reply ends only with the connection (RFC 9112, 6.3)."""
        return self.header("content-length") is None and self.header("transfer-encoding") is None

    def _check_framing(self) -> None:
        if self._ends_with_connection and not (self.target.scheme == "https" or self._until_close):
            raise CallFailed(
                "reply_without_length",
                f"{self.target.shown} sent a reply without a length: its end cannot be distinguished from a broken "
                "connection; it was discarded. With reply_until_close the task accepts such replies.",
                is_sent=True,
            )

    def _check_end(self, unpacker: "_Unpacker | None") -> None:
        if unpacker is not None and self.received_bytes and not unpacker.is_whole:
            raise CallFailed(
                "reply_cut_short", f"{self.target.shown} sent compressed data that ends too early.", is_sent=True
            )
        if self._ends_with_connection and self.target.scheme == "https" and not self._is_closed():
            raise CallFailed(
                "reply_cut_short",
                f"{self.target.shown} broke the connection without closing it, and its reply may be incomplete; it was "
                "discarded.",
                is_temporary=True,
                is_sent=True,
            )

    def _unpacker(self) -> "_Unpacker | None":
        encoding = (self.header("content-encoding") or "identity").lower()
        if encoding == "identity":
            return None
        if encoding not in _ENCODINGS:
            raise CallFailed(
                "reply_encoding",
                f"{self.target.shown} answers in the encoding {encoding[:40]!r}, which was not requested.",
                is_sent=True,
            )
        return _Unpacker(_ENCODINGS[encoding], self._limit_bytes)

    def _pieces(self, unpacker: "_Unpacker | None", chunk: bytes) -> "Iterable[bytes]":
        if unpacker is None:
            return (chunk,)
        try:
            return unpacker.feed(chunk)
        except zlib.error as error:
            raise CallFailed(
                "reply_encoding", f"{self.target.shown} sent compressed data that is damaged.", is_sent=True
            ) from error

    def _too_large(self) -> CallFailed:
        return CallFailed(
            "reply_too_large",
            f"The reply of {self.target.shown} is larger than the {self._limit_bytes} bytes that are allowed; it was "
            "discarded.",
            is_sent=True,
            limit_bytes=self._limit_bytes,
        )


class _Unpacker:
    """Decompresses in small steps, and stops once the result is larger than allowed."""

    def __init__(self, window_bits: int, limit_bytes: int) -> None:
        self._zlib = zlib.decompressobj(window_bits)
        self._window_bits = window_bits
        self._limit_bytes = limit_bytes

    @property
    def is_whole(self) -> bool:
        """Whether the end of the compressed data was received."""
        return self._zlib.eof

    def feed(self, chunk: bytes) -> list[bytes]:
        """Decompress a chunk, at most one step past the limit."""
        pieces: list[bytes] = []
        size, rest = 0, chunk
        while rest and size <= self._limit_bytes:
            if self._zlib.eof:
                if self._window_bits != _ENCODINGS["gzip"] or rest[:1] != _GZIP:
                    break  # padding
                self._zlib = zlib.decompressobj(self._window_bits)  # one more member (RFC 1952, 2.2)
            pieces.append(self._zlib.decompress(rest, _STEP_BYTES))
            size += len(pieces[-1])
            rest = self._zlib.unconsumed_tail or self._zlib.unused_data
        return pieces
