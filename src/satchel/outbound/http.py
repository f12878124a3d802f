"""The server's one HTTP client: a request out, a reply in, both streamed, both bounded in size and time.

One connection for one request: no state outlives a call, a connection that the other side has silently closed
cannot break a partly sent request, and each call passes the guard. HTTP/1.1, no cookies, no proxies, no
compression requested. The caller decides about redirects.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import Final, cast

import httpcore

from satchel.model.services import MAX_REDIRECTS
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import ExchangeNetwork, Guard, GuardedBackend, unanswered
from satchel.outbound.reply import Reply
from satchel.outbound.request import Request, check_header
from satchel.outbound.target import Target
from satchel.outbound.trust import Trust

USER_AGENT: Final = "Satchel"

_MOVED = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits of one call.

    Attributes:
        connect: to resolve, connect and negotiate TLS; None: only `total` applies.
        idle: the longest pause while sending or receiving; None: only `total` applies.
        total: from the first step to the last byte of the reply.
        ends_at: when all is over even if `total` is not, by the event loop's clock: the rest of the time of a longer
            task, which is what `total` says then.
        reply_bytes: the maximum size of a reply's body, after decompression.
        redirects: how many are followed, 0 to 3.
        until_close: whether a reply without a length is accepted that ends with a connection without TLS.
    """

    connect: timedelta | None = timedelta(seconds=10)
    idle: timedelta | None = timedelta(seconds=30)
    total: timedelta = timedelta(minutes=5)
    reply_bytes: int = 10 * 1024 * 1024
    redirects: int = 0
    until_close: bool = False
    ends_at: float | None = None


class HttpClient:
    """Sends requests; one for the whole process, safe to use from many tasks at once."""

    def __init__(self, guard: Guard, trust: Trust | None = None) -> None:
        """Create a client.

        Args:
            guard: decides which addresses requests may reach.
            trust: how servers are verified; by the system's authorities by default.
        """
        self.guard = guard
        self.trust = trust or Trust()

    @asynccontextmanager
    async def send(self, request: Request, bounds: Bounds) -> AsyncGenerator[Reply]:
        """Send a request and yield the reply, whose body is read inside the block.

        Raises:
            CallFailed: before, while or after sending; also from reading the reply's body.
        """
        for name, value in (*request.headers, *request.secret_headers):
            check_header(name, value)
        seconds = bounds.total.total_seconds()
        ends_at = asyncio.get_running_loop().time() + seconds
        limit = asyncio.timeout_at(ends_at if bounds.ends_at is None else min(ends_at, bounds.ends_at))
        progress, backend = _Progress(), GuardedBackend(self.guard)
        try:
            async with limit:
                for left in range(min(bounds.redirects, MAX_REDIRECTS), -1, -1):
                    async with self._exchange(request, bounds, progress, backend) as reply:
                        location = reply.header("location")
                        if reply.status not in _MOVED or location is None or bounds.redirects == 0:
                            yield reply
                            return
                    if left:
                        request = _redirected(request, reply.status, location)
                raise CallFailed(
                    "redirect",
                    f"{request.target.shown} redirects more than {min(bounds.redirects, MAX_REDIRECTS)} times.",
                    is_sent=True,
                )
        except TimeoutError as error:
            if not limit.expired():
                raise
            if backend.resolving and not progress.is_sent:
                raise unanswered(backend.resolving, seconds) from error
            raise CallFailed(
                "timeout",
                f"{request.target.shown} was not finished within {seconds:g} s in all.",
                is_temporary=True,
                is_sent=progress.is_sent,
            ) from error

    @asynccontextmanager
    async def _exchange(
        self, request: Request, bounds: Bounds, progress: "_Progress", backend: GuardedBackend
    ) -> AsyncGenerator[Reply]:
        """Send one request over its own connection."""
        target = request.target
        progress.sent_bytes = 0
        outgoing = _outgoing(request, bounds, progress)
        network = ExchangeNetwork(backend)
        connection = httpcore.AsyncHTTPConnection(
            origin=outgoing.url.origin,
            ssl_context=self.trust.tls if target.scheme == "https" else None,
            network_backend=network,
        )
        with _Wrapped(target, progress):
            try:
                response = await connection.handle_async_request(outgoing)
                content = response.aiter_stream()
                yield Reply(
                    status=response.status,
                    headers=[(name.decode("latin-1").lower(), value) for name, value in response.headers],
                    target=target,
                    address=_address(response),
                    sent_bytes=progress.sent_bytes,
                    limit_bytes=bounds.reply_bytes,
                    content=_within(content, target, progress),
                    is_closed=lambda: _is_closed(response),
                    until_close=bounds.until_close,
                )
            finally:
                await _close(connection, network)


@dataclass(slots=True)
class _Progress:
    """The progress of sending."""

    is_sent: bool = False
    sent_bytes: int = 0


def _outgoing(request: Request, bounds: Bounds, progress: _Progress) -> httpcore.Request:
    """Return a request in the client's own form."""
    target = request.target
    headers = [
        ("Host", target.authority),
        ("User-Agent", USER_AGENT),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *((name, value) for name, value in request.headers if name.lower() != "user-agent"),
        *request.secret_headers,
    ]
    body = request.body
    if body is not None:
        headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
        headers += [("Content-Type", body.media_type), ("Content-Length", str(body.size_bytes))]
    elif request.method not in ("GET", "DELETE"):
        headers.append(("Content-Length", "0"))

    async def content() -> AsyncIterator[bytes]:
        progress.is_sent = True  # the headers are sent: a request that fails from now on may have had its effect
        if body is None:
            return
        async for chunk in body.open():
            if progress.sent_bytes + len(chunk) > body.size_bytes:
                raise _other_length(target)
            if chunk:
                yield chunk
                progress.sent_bytes += len(chunk)
        if progress.sent_bytes != body.size_bytes:
            raise _other_length(target)

    idle, connect = (None if pause is None else pause.total_seconds() for pause in (bounds.idle, bounds.connect))
    return httpcore.Request(
        method=request.method,
        url=httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.request_target.encode("ascii")
        ),
        headers=[(name.encode("ascii"), value.encode()) for name, value in headers],
        content=content(),
        extensions={"timeout": {"connect": connect, "read": idle, "write": idle}},
    )


def _other_length(target: Target) -> CallFailed:
    return CallFailed("protocol", f"The body for {target.shown} has another length than announced.", is_sent=True)


async def _within(content: AsyncIterator[bytes], target: Target, progress: _Progress) -> AsyncIterator[bytes]:
    """Yield a reply's bytes unchanged, with the client's errors wrapped."""
    with _Wrapped(target, progress, is_reading=True):
        async for chunk in content:
            yield chunk


async def _close(connection: httpcore.AsyncHTTPConnection, network: ExchangeNetwork) -> None:
    async def close() -> None:
        with suppress(OSError, ssl.SSLError, httpcore.NetworkError):  # the other side was faster
            await connection.aclose()
        await network.close()

    await asyncio.shield(asyncio.ensure_future(close()))


def _redirected(request: Request, status: int, location: str) -> Request:
    """Return the request for a redirect.

    Credentials, the app's headers and the body are only sent to their own server (security.md, rule 7).
    """
    there = request.target.follow(location)
    keeps_method = status in _KEEPS_METHOD or request.method == "GET"
    is_same = there.origin == request.target.origin
    if keeps_method and not is_same and request.body is not None:
        raise CallFailed(
            "redirect",
            f"{request.target.shown} redirects the {request.method} to another server; its body was not sent there.",
            is_sent=True,
        )
    moved = replace(request, target=there)
    if not keeps_method:
        moved = replace(moved, method="GET", body=None)
    return moved if is_same else replace(moved, headers=(), secret_headers=())


class _Wrapped:
    """Wraps the client's errors once, here, where they are known."""

    def __init__(self, target: Target, progress: _Progress, *, is_reading: bool = False) -> None:
        self._target = target
        self._progress = progress
        self._is_reading = is_reading

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, CallFailed):
            return
        reason, message = self._words(error)
        if reason:
            raise CallFailed(
                reason, f"{self._target.shown} {message}", is_temporary=True, is_sent=self._progress.is_sent
            ) from error

    def _words(self, error: BaseException) -> tuple[str, str]:
        cause = _tls_cause(error) if isinstance(error, httpcore.NetworkError) else None
        match error:
            case httpcore.ConnectTimeout():
                words = "timeout", "did not answer the connection in time."
            case httpcore.TimeoutException():
                words = "timeout", "stopped sending or receiving for too long."
            case httpcore.NetworkError() if cause is not None:
                words = "tls", f"could not be verified: {cause}."
            case httpcore.ConnectError():
                words = "unreachable", "cannot be reached."
            case httpcore.RemoteProtocolError() | httpcore.NetworkError() if self._is_reading:
                words = "reply_cut_short", "sent less than it announced; its reply was discarded."
            case httpcore.RemoteProtocolError():
                words = "protocol", "did not answer in HTTP, or closed the connection without a reply."
            case httpcore.NetworkError():
                words = "unreachable", "broke the connection."
            case httpcore.LocalProtocolError():
                words = "protocol", "cannot be sent this request, which is not valid HTTP."
            case _:
                words = "", ""
        return words


def _tls_cause(error: BaseException) -> str | None:
    """Return a short description of the other side's TLS failure, if it is one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message[:200].rstrip(".")
        if isinstance(seen, ssl.SSLError):
            return f"its TLS failed ({seen.reason})"
        seen = seen.__cause__ or seen.__context__
    return None


def _extra(response: httpcore.Response, name: str) -> object:
    """Return a property of a response's connection."""
    stream = cast("Mapping[str, object]", response.extensions).get("network_stream")
    return stream.get_extra_info(name) if isinstance(stream, httpcore.AsyncNetworkStream) else None


def _is_closed(response: httpcore.Response) -> bool:
    """Return whether the other side has closed its TLS (close_notify), after the end of the data.

    The client treats a broken connection as the same end; a further read of TLS distinguishes the two.
    """
    tls = _extra(response, "ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        return tls.read(1) == b""
    except ssl.SSLError:
        return False


def _address(response: httpcore.Response) -> str:
    """Return the address of the connection, as `address:port`."""
    peer = _extra(response, "server_addr")
    address = cast("tuple[object, ...]", peer) if isinstance(peer, tuple) else ()
    return f"{address[0]}:{address[1]}" if len(address) > 1 else ""
