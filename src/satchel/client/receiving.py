"""Receives bodies into a sink, resuming a broken one if the server can; also from addresses on other hosts.

A vendor's server may return an address of another host for a file. Such a request carries no credential, and is sent
over HTTPS, or to the host of the vendor's own address.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from satchel.client.refusals import Refused, refusal
from satchel.client.steps import Flow, NoReply, Pause, Reply, Request, Retries, accept, is_transient
from satchel.model.errors import Unavailable

MOST_TURNS = 5
"""Maximum number of redirects."""

_RESET = 416
_PARTIAL = 206
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_LED_ASTRAY = 310
"""The status for an address that is not requested; no server answers with it."""

_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_NO_ADDRESS = "The server returned an invalid address for a file."
_MOST_SAID = 64 * 1024
"""How much is kept of a reply that is not the requested body."""

_RETRIES = Retries()


class Sink(Protocol):
    """Receives bytes in order and counts them."""

    @property
    def size(self) -> int:
        """How many bytes were received."""
        ...

    def write(self, piece: bytes | memoryview, /) -> object:
        """Write the next bytes."""
        ...

    def reset(self) -> None:
        """Discard all received bytes: the sender restarts."""
        ...


def receive(
    call: Request,
    sink: Sink,
    *,
    etag: str | None = None,
    retries: Retries = _RETRIES,
    is_body: Callable[[Reply], bool] | None = None,
) -> Flow[None]:
    """Receive a body into a sink from the sink's position, resuming after each broken connection.

    Args:
        call: the request for the body.
        sink: the target.
        etag: of the whole body, without quotes; None uses the server's, and if there is none, or the server supports
            no ranges, a broken body restarts.
        retries: how often in a row it may break without progress.
        is_body: whether a reply's bytes are the requested ones; None accepts those of every successful reply.

    Raises:
        Refused: the server refuses to send it, or sent something else.
        Unavailable: it broke too often.
    """
    tried = 0
    known = None if etag is None else f'"{etag}"'
    while True:
        if sink.size and known is None:
            sink.reset()
        start = sink.size
        ranged = {"Range": f"bytes={start}-", "If-Range": known} if start and known is not None else {}
        taker = _Taker(sink, start, is_body)
        got: Reply | NoReply = yield replace(call, headers={**call.headers, **ranged}, into=taker.take)
        if isinstance(got, Reply) and got.is_success:
            if taker.other is not None:
                raise refusal(got.status, got.headers.get("content-type", ""), bytes(taker.other))
            return
        if isinstance(got, Reply) and got.status == _RESET and start:
            if got.headers.get("content-range") == f"bytes */{start}":
                return  # it was complete
            sink.reset()
        elif not is_transient(got):
            accept(call, got)
        known = known or taker.etag
        tried = 1 if known is not None and sink.size > start else tried + 1
        yield wait_for(call, got, tried, retries)


def receive_elsewhere(address: str, sink: Sink, *, home: str) -> Flow[None]:
    """Receive the bytes at an address that a server returned, following redirects.

    Args:
        address: as returned.
        sink: the target.
        home: the server's own address, the only host that is requested over plain HTTP.

    Raises:
        Refused: the bytes are not available there, the address is not allowed, or its host is unreachable
            (`unreachable`), which is a fault of this file's too: others may be elsewhere.
    """
    for _ in range(MOST_TURNS + 1):
        _check(address, home)
        call = Request(method="GET", path="the address of a file", elsewhere=address)
        try:
            yield from receive(call, sink)
        except Refused as refused:
            if refused.status not in _ELSEWHERE or not refused.location:
                raise
            address = _joined(address, refused.location)
        except Unavailable as error:
            raise Refused(
                _LED_ASTRAY, "unreachable", f"The address of a file is unreachable: {error.message}"
            ) from None
        else:
            return
    raise Refused(_LED_ASTRAY, "led_astray", f"The address of a file was redirected {MOST_TURNS} times.")


def _joined(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise Refused(_LED_ASTRAY, "bad_address", _NO_ADDRESS) from None


def _check(address: str, home: str) -> None:
    if _UNFIT.search(address):
        raise Refused(_LED_ASTRAY, "bad_address", _NO_ADDRESS)  # urlsplit would leave out a line break
    try:
        parts, own = urlsplit(address), urlsplit(home)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
        is_valid = is_valid and parts.port != 0  # raises where it is no port
    except ValueError:
        raise Refused(_LED_ASTRAY, "bad_address", _NO_ADDRESS) from None
    if not is_valid:
        raise Refused(_LED_ASTRAY, "bad_address", _NO_ADDRESS)
    if parts.scheme == "http" and (own.scheme != "http" or parts.hostname != own.hostname):
        raise Refused(_LED_ASTRAY, "bad_address", f"A file of {parts.hostname} is not fetched over plain HTTP.")


class _Taker:
    """Passes a reply's bytes on; a reply from the start, although a range was requested, resets the sink.

    Attributes:
        etag: to request the rest, if the server sent a strong one and supports ranges.
        other: what was received instead of the body; None if the body was.
    """

    def __init__(self, sink: Sink, start: int, is_body: Callable[[Reply], bool] | None) -> None:
        self._sink = sink
        self._is_fresh = start > 0
        self._is_body = is_body
        self.etag: str | None = None
        self.other: bytearray | None = None

    def take(self, answer: Reply, piece: bytes | memoryview) -> None:
        if self._is_body is not None and not self._is_body(answer):
            self.other = self.other or bytearray()
            self.other += piece[: _MOST_SAID - len(self.other)]
            return
        if self._is_fresh and answer.status != _PARTIAL:
            self._sink.reset()
        self._is_fresh = False
        said = answer.headers.get("etag", "")
        if said.startswith('"') and answer.headers.get("accept-ranges", "").lower() == "bytes":
            self.etag = said
        self._sink.write(piece)


def wait_for(call: Request, got: Reply | NoReply, tried: int, retries: Retries) -> Pause:
    """Return the wait before the next try.

    Raises:
        Refused, Unavailable: it was the last.
    """
    wait = retries.wait(tried, got)
    if wait is None:
        accept(call, got)
        raise Unavailable(f"{call.method} {call.path} failed {tried} times.")
    return wait
