"""Bytes that come: a body taken into a sink, from where it broke if the server can; and from an address elsewhere.

A vendor's server may hand out an address of another host for a file. Such a request carries no credential, and goes
over HTTPS, or to the host of the vendor's own address.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from satchel.client.refusals import Refused, refusal
from satchel.client.steps import Flow, NoReply, Pause, Reply, Request, Retries, accept, is_transient
from satchel.model.errors import Unavailable

MOST_TURNS = 5
"""How often an address may lead to another."""

_RESET = 416
_PARTIAL = 206
_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
_LED_ASTRAY = 310
"""What stands for the status where an address is not asked; no server answers it."""

_NO_ADDRESS = "What was handed out as a file's address is none."
_MOST_SAID = 64 * 1024
"""How much is kept of an answer that is not the body that was asked for."""

_RETRIES = Retries()


class Sink(Protocol):
    """Takes bytes in order and knows how many it has."""

    @property
    def size(self) -> int:
        """How many bytes have come."""
        ...

    def write(self, piece: bytes | memoryview, /) -> object:
        """Take what comes next."""
        ...

    def reset(self) -> None:
        """Forget all that came: the sender begins anew."""
        ...


def receive(
    call: Request,
    sink: Sink,
    *,
    etag: str | None = None,
    retries: Retries = _RETRIES,
    is_body: Callable[[Reply], bool] | None = None,
) -> Flow[None]:
    """Take a body into a sink from where the sink is, going on after each connection that breaks.

    Args:
        call: what answers with the body.
        sink: where it goes.
        etag: what the whole body is known by, without quotes; None takes what the server calls it, and where it
            does not say, or knows no ranges, a break begins anew.
        retries: how often in a row it may break without being further than before.
        is_body: whether an answer's bytes are what was asked for; None takes those of every good one.

    Raises:
        Refused: the server will not send it, or something else came.
        Unavailable: it broke too often.
    """
    tried = 0
    known = None if etag is None else f'"{etag}"'
    while True:
        if sink.size and known is None:
            sink.reset()
        begun = sink.size
        ranged = {"Range": f"bytes={begun}-", "If-Range": known} if begun and known is not None else {}
        taker = _Taker(sink, begun, is_body)
        got: Reply | NoReply = yield replace(call, headers={**call.headers, **ranged}, into=taker.take)
        if isinstance(got, Reply) and got.is_good:
            if taker.other is not None:
                raise refusal(got.status, got.headers.get("content-type", ""), bytes(taker.other))
            return
        if isinstance(got, Reply) and got.status == _RESET and begun:
            if got.headers.get("content-range") == f"bytes */{begun}":
                return  # it had come whole
            sink.reset()
        elif not is_transient(got):
            accept(call, got)
        known = known or taker.etag
        tried = 1 if known is not None and sink.size > begun else tried + 1
        yield wait_for(call, got, tried, retries)


def receive_elsewhere(address: str, sink: Sink, *, home: str) -> Flow[None]:
    """Take the bytes behind an address that a server handed out, also where it leads to another.

    Args:
        address: as it was handed out.
        sink: where they go.
        home: the server's own address, the only host that is asked over plain HTTP.

    Raises:
        Refused: the bytes are not to be had there, or the address is none that may be asked.
        Unavailable: it broke too often.
    """
    for _ in range(MOST_TURNS + 1):
        _check(address, home)
        call = Request(method="GET", path="the address of a file", elsewhere=address)
        try:
            yield from receive(call, sink)
        except Refused as refused:
            if refused.status not in _ELSEWHERE or not refused.location:
                raise
            address = urljoin(address, refused.location)
        else:
            return
    raise Refused(_LED_ASTRAY, "led_astray", f"The address of a file led elsewhere {MOST_TURNS} times.")


def _check(address: str, home: str) -> None:
    try:
        parts, own = urlsplit(address), urlsplit(home)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        raise Refused(_LED_ASTRAY, "bad_address", _NO_ADDRESS) from None
    if not is_good:
        raise Refused(_LED_ASTRAY, "bad_address", _NO_ADDRESS)
    if parts.scheme == "http" and (own.scheme != "http" or parts.hostname != own.hostname):
        raise Refused(_LED_ASTRAY, "bad_address", f"{parts.hostname} is not asked for a file over plain HTTP.")


class _Taker:
    """Hands an answer's bytes on; one that begins anew although the middle was asked for resets the sink.

    Attributes:
        etag: by which the rest can be asked for, if the server gave a strong one and knows ranges.
        other: what came instead of the body; None where the body did.
    """

    def __init__(self, sink: Sink, begun: int, is_body: Callable[[Reply], bool] | None) -> None:
        self._sink = sink
        self._is_fresh = begun > 0
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
