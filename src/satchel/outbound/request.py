"""Outgoing requests: a method, an address, headers and a body whose length is known before its first byte is sent."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from satchel.model.chunks import once
from satchel.model.services import HEADER_NAME
from satchel.outbound.failure import CallFailed
from satchel.outbound.target import Target

MAX_HEADER_BYTES = 8 * 1024

_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
RESERVED_HEADERS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"),
        *("accept-encoding", "expect", "proxy-authorization", "proxy-connection"),
    }
)
"""Headers that the client sets itself or never sends; apps may not set them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBody:
    """The bytes of a request.

    Attributes:
        media_type: the Content-Type.
        size_bytes: the Content-Length; `open` must return exactly as many bytes.
        open: returns the bytes, from the start at each call.
    """

    media_type: str
    size_bytes: int
    open: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request.

    Attributes:
        headers: besides those of the body and the connection.
        secret_headers: such as Authorization: sent to the first server only, and never shown.
    """

    method: str
    target: Target
    headers: Sequence[tuple[str, str]] = ()
    secret_headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: RequestBody | None = None


def check_header(name: str, value: str) -> None:
    """Refuse a header that cannot be sent, or that the client sets itself.

    Raises:
        CallFailed: `field`; the value is not shown.
    """
    if not HEADER_NAME.fullmatch(name) or name.lower() in RESERVED_HEADERS:
        raise CallFailed("field", f"The header {name[:80]!r} cannot be sent.")
    if _BAD_VALUE.search(value) or len(value.encode()) > MAX_HEADER_BYTES:
        raise CallFailed(
            "field", f"The value of the header {name} contains a line break or control character, or is too long."
        )


def bytes_body(data: bytes, media_type: str) -> RequestBody:
    """Return a small body in memory."""
    return RequestBody(media_type=media_type, size_bytes=len(data), open=lambda: once(data))
