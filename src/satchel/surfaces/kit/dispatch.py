"""Takes a request to its handler and brings the reply back: authentication, idempotency, errors, log, counts.

One of these stands behind each path of a surface. What a handler raises becomes the surface's own error document
here, and nowhere else.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from uuid import UUID

import structlog

from satchel.model.causes import cause_of
from satchel.model.errors import Busy, ErrorKind, MethodNotAllowed, NotFound, SatchelError, Unauthenticated, Unavailable
from satchel.model.metrics import Metrics
from satchel.surfaces.kit import bodies
from satchel.surfaces.kit.compression import compressed
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.kit.exchange import Exchange, Parts, Reply, Send
from satchel.surfaces.kit.once import once
from satchel.surfaces.kit.surface import Surface

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
"""Those that get as far as an endpoint, if there is one."""

_OURS = frozenset({ErrorKind.UNAVAILABLE, ErrorKind.STORAGE, ErrorKind.CONFLICT})
"""Refusals behind which an error of the database or of the disk may stand, which the log then names."""

_RETRY_S = 1
"""When a client should try again while a part of the server cannot be reached."""

_MAX_IDEMPOTENT_BYTES = 8 * 1024 * 1024

Asgi = Callable[[MutableMapping[str, Any], bodies.Receive, Send], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Dispatch:
    """Answers requests for one path of a surface.

    Args:
        parts: what the surface was given.
        surface: which API.
        endpoints: the path's, by method; without any, every request finds nothing there.
        metrics: counts requests.
    """

    def __init__(self, parts: Parts, surface: Surface, endpoints: Mapping[str, Endpoint], *, metrics: Metrics) -> None:
        self._parts = parts
        self._surface = surface
        self._endpoints = endpoints
        self._metrics = metrics
        self._route = next((one.path for one in endpoints.values()), f"{surface.prefix}/*")

    async def __call__(self, scope: MutableMapping[str, Any], receive: bodies.Receive, send: Send) -> None:
        """Answer one request."""
        request_id = new_request_id(self._parts)
        exchange = Exchange(self._parts, scope, receive, send, request_id)
        exchange.route = self._route
        exchange.method = self._method(exchange)
        outgoing = _Outgoing(send, request_id)
        exchange.send = outgoing
        begun = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request=request_id):
            endpoint = self._endpoint(exchange.method)
            try:
                reply = await self._reply(exchange, endpoint)
            except SatchelError as error:
                if error.kind in _OURS and (cause := cause_of(error)) is not None:
                    _log.warning("request.failed", route=self._route, code=error.code, cause=cause)
                if outgoing.has_started:  # the server ends the connection of an answer that is not whole
                    _log.warning("answer.broken", route=self._route, code=error.code)
                reply = self._surface.document(error, exchange)
                reply.headers |= endpoint.error_headers if endpoint is not None else {}
                if isinstance(error, Busy | Unavailable):
                    reply.headers["Retry-After"] = str(error.retry_after_s if isinstance(error, Busy) else _RETRY_S)
            except Exception:  # noqa: BLE001  # ends a request: whatever it was, the client gets an answer and the log the reason
                _log.exception("request.crashed", route=self._route)
                reply = self._surface.document(None, exchange)
            if reply is not None and not outgoing.has_started:
                if self._surface.compresses:
                    reply = await compressed(exchange, endpoint, reply)
                await send_reply(outgoing, reply, is_head=exchange.method == "HEAD")
            self._finish(exchange, outgoing, begun)

    def _method(self, exchange: Exchange) -> str:
        """Return the method, or the one that X-HTTP-Method-Override puts in its place (tus 1.0)."""
        override = exchange.header("x-http-method-override")
        if exchange.method == "POST" and override is not None and override.upper() in ("PATCH", "DELETE"):
            return override.upper()
        return exchange.method

    def _finish(self, exchange: Exchange, outgoing: "_Outgoing", begun: float) -> None:
        seconds = time.perf_counter() - begun
        method = exchange.method if exchange.method in METHODS else "other"  # a client may make up any
        self._metrics.count_request(
            method,
            self._route,
            outgoing.status,
            seconds,
            received=exchange.content_length_said,
            sent=outgoing.bytes_sent,
        )
        _log.info(
            "request.finished",
            method=exchange.method,
            route=self._route,
            status=outgoing.status,
            duration_ms=round(seconds * 1000, 1),
            bytes_sent=outgoing.bytes_sent,
            user=exchange.known_actor.user_id if exchange.known_actor else None,
        )

    def _endpoint(self, method: str) -> Endpoint | None:
        found = self._endpoints.get(method)
        return self._endpoints.get("GET") if found is None and method == "HEAD" else found

    async def _reply(self, exchange: Exchange, endpoint: Endpoint | None) -> Reply | None:
        if endpoint is None:
            if exchange.method in METHODS and not self._endpoints:
                raise NotFound("address", exchange.scope["path"][:200])
            raise MethodNotAllowed(exchange.method, sorted(self._endpoints) or METHODS)
        if not endpoint.is_open and await self._surface.authenticate(exchange) is None:
            raise Unauthenticated
        if endpoint.query is not None and not endpoint.query.is_read_by_handler:
            exchange.query(endpoint.query)  # here too, so that no handler can pass a misspelt parameter over
        if endpoint.is_open:  # those whose requests carry their own proof ask for more themselves
            return await endpoint.handler(exchange)
        key = exchange.header("idempotency-key")
        if key is None or endpoint.method != "POST" or (endpoint.takes_form and exchange.is_form):
            return await endpoint.handler(exchange)  # of a form, the handler asks for the key when its files are there
        body = await exchange.whole(_MAX_IDEMPOTENT_BYTES)
        return await once(exchange, body, lambda: endpoint.handler(exchange))


class _Outgoing:
    """Sends an answer and notes its status and size; every answer carries its request's id."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self.status = 0
        self.bytes_sent = 0
        self.has_started = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            self.status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", self._request_id)]}
        elif message["type"] == "http.response.body":
            self.bytes_sent += len(message.get("body", b""))
        await self._send(message)


async def send_reply(send: Send, reply: Reply, *, is_head: bool = False) -> None:
    """Send an answer whole; to HEAD, its headers only."""
    headers = {
        "Content-Length": str(len(reply.body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        **reply.headers,
    }
    if reply.status in (204, 304):  # No Content has none; that of Not Modified would be the content's
        headers.pop("Content-Length")
    raw = [(name.lower().encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if is_head else reply.body})


def new_request_id(parts: Parts) -> str:
    """Return a fresh name for a request."""
    return str(UUID(bytes=parts.context.entropy(16), version=4))
