"""One connection: the protocol between a socket and the application.

uvicorn's parser is strict about message framing, but it waits for ever for a slow request, takes headers of any size
and, when an answer is complete before the request is, either reads the rest however long it is or resets the
connection, by which the client loses the answer. `EdgeProtocol` fixes these: every wait has an end, every buffer a
bound, and every refusal is a problem document. How fast a body must come is the business of `kit/bodies`, which knows
the route.
"""

import asyncio
import fcntl
import json
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from satchel.model.edge import Edge

DRAIN_BYTES = 16 * 1024 * 1024
"""How much of an unwanted body is read and thrown away before the client is left to fill its own buffers."""


REFUSALS: Mapping[str, tuple[HTTPStatus, str]] = {
    "malformed_request": (HTTPStatus.BAD_REQUEST, "The request is no well-formed HTTP/1.1."),
    "headers_too_slow": (HTTPStatus.REQUEST_TIMEOUT, "The request's headers did not come in time."),
    "headers_too_large": (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The request line and the headers have more bytes than the server takes.",
    ),
}
"""The codes of what is refused before any surface sees it, with status and meaning; the connection ends with it."""


class _Refused(Exception):  # not an error of ours: it stops the parser from within its callback
    """The request is refused while its headers are read."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, _ = REFUSALS[code]
        self.code = code
        self.detail = detail


_MALFORMED = _Refused(
    "malformed_request",
    "This is not a well-formed HTTP/1.1 request. Correct it and send it again.",
)
_HOST = _Refused("malformed_request", "A request names its host exactly once. Correct the Host header.")
_CODING = _Refused(
    "malformed_request",
    "A request's only transfer coding is `chunked`. Correct Transfer-Encoding.",
)
_SLOW = _Refused(
    "headers_too_slow",
    "The request's headers did not come in time. Send the request again.",
)


class _LingeringTransport:
    """A transport whose `close` lets the protocol linger first."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None], is_closing: Callable[[], bool]) -> None:
        self._transport = transport
        self.close = close
        self.is_closing = is_closing

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # everything else is the transport's own
        return getattr(self._transport, name)


class EdgeProtocol(HttpToolsProtocol):
    """One connection.

    Attributes:
        edge: the limits; `edge_protocol` makes a class with others.
    """

    edge: ClassVar[Edge] = Edge()

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # uvicorn's, passed on
        super().__init__(*arguments, **named)
        self._socket: asyncio.Transport
        self._head_timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._is_in_body = False  # of the newest request; otherwise what comes belongs to a header block
        self._raw_bytes = 0  # of a header block that has not ended, as they came
        self._head_bytes = 0  # of a header block, as the parser tells of them
        self._drained_bytes = 0
        self._keeps_alive = True
        self._takes_input = True
        self._is_shutting_down = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clock for the first request's headers."""
        self._socket = transport
        lingering = _LingeringTransport(transport, self._close, self._is_closing)
        super().connection_made(lingering)  # type: ignore[arg-type]  # it delegates all the rest
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        self._stop_watching_head()
        self._stop_watching_answer()
        if self._linger_timer is not None:
            self._linger_timer.cancel()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """End a lingering connection as soon as the client has."""
        if self._linger_timer is not None:
            self._socket.close()

    def shutdown(self) -> None:
        """Let the running request finish and close after it; close an idle connection now."""
        self._is_shutting_down = True
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the bounds."""
        if not self._takes_input:
            self._drained_bytes += len(data)
            if self._drained_bytes > DRAIN_BYTES:
                self.flow.pause_reading()
            return
        self._unset_keepalive_if_required()
        was_in_body = self._is_in_body
        if not was_in_body:
            self._watch_head()
        try:
            self.parser.feed_data(data)  # pyright: ignore[reportOptionalMemberAccess]  # None only after the end
        except httptools.HttpParserUpgrade:
            pass  # there is no protocol to change to: the request is answered as it is
        except httptools.HttpParserError as error:
            self._refuse(error.__context__ if isinstance(error.__context__, _Refused) else _MALFORMED)
            return
        if not self._is_in_body and not was_in_body:
            self._raw_bytes += len(data)
            if self._raw_bytes > self.edge.header_bytes:
                self._refuse(self._too_large())

    def on_message_begin(self) -> None:
        """Begin a request's headers."""
        self._head_bytes = 0
        self._watch_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target, within the bound."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, within the bound."""
        self._count_head(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start the request; promise to keep the connection only once the body is complete."""
        parser = self.parser
        is_old = parser.get_http_version() == "1.0"  # pyright: ignore[reportOptionalMemberAccess]  # same
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and not is_old):
            raise _HOST
        # Refused before the application is asked; the parser itself would tell only afterwards.
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings and (codings != [b"chunked"] or is_old):
            raise _CODING
        self._stop_watching_head()
        self._raw_bytes = 0
        self._is_in_body = True
        super().on_headers_complete()
        self._keeps_alive = self.cycle.keep_alive and not parser.should_upgrade()  # pyright: ignore[reportOptionalMemberAccess]  # same
        self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """End a request's body."""
        self._is_in_body = False
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keeps_alive and not self._is_shutting_down
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request, unless nothing may follow on this connection."""
        is_last = not self._takes_input and not self.pipeline
        super().on_response_complete()
        if is_last:
            self._close()

    def pause_writing(self) -> None:
        """Start the clock for the client to take in what waits for it."""
        super().pause_writing()
        self._watch_answer(self._unsent_bytes())

    def resume_writing(self) -> None:
        """Go on sending."""
        self._stop_watching_answer()
        super().resume_writing()

    def _watch_answer(self, waiting_bytes: int) -> None:
        self._stall_timer = self.loop.call_later(self.edge.stall_s, self._answer_is_stuck, waiting_bytes)

    def _stop_watching_answer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _answer_is_stuck(self, before_bytes: int) -> None:
        """Drop a client that took nothing in; a slow one goes on."""
        waiting = self._unsent_bytes()
        if waiting >= before_bytes:
            self._socket.abort()
        else:
            self._watch_answer(waiting)

    def _unsent_bytes(self) -> int:
        """Return what waits for the client here and, where the kernel tells, in its own buffer."""
        waiting = self._socket.get_write_buffer_size()
        with suppress(OSError):
            queued = fcntl.ioctl(self._socket.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
            waiting += int.from_bytes(queued, sys.byteorder)
        return waiting

    def _watch_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.edge.header_deadline_s, self._head_is_late)

    def _stop_watching_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._is_closing():
            return
        if self.flow.read_paused:
            self._watch_head()  # we made the client wait
        elif self._raw_bytes == 0 and not self._is_answering():
            self._close()
        else:
            self._refuse(_SLOW)

    def _count_head(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > self.edge.header_bytes:
            raise self._too_large()

    def _too_large(self) -> _Refused:
        return _Refused(
            "headers_too_large",
            f"Request line and headers may hold {self.edge.header_bytes} bytes at most. Send fewer or shorter ones.",
        )

    def _is_answering(self) -> bool:
        if self.cycle is None:  # pyright: ignore[reportUnnecessaryComparison]  # before the first request
            return False  # type: ignore[unreachable]  # uvicorn does not declare that
        return bool(self.pipeline) or not self.cycle.response_complete

    def _refuse(self, reason: _Refused) -> None:
        """Take nothing more from this connection; answer, unless answers to earlier requests are still under way."""
        self._takes_input = False
        self._stop_watching_head()
        if self._is_in_body and self._is_answering():
            broken = self.cycle
            broken.disconnected = True
            broken.message_event.set()
            if self.pipeline:
                self.pipeline.popleft()  # the newest: it has not begun, and an earlier one runs
                return
            if broken.response_started:
                self._close()
                return
        elif self._is_answering():
            return
        self._socket.write(_problem(reason, self.server_state.default_headers))
        self._close()

    def _is_closing(self) -> bool:
        return self._linger_timer is not None or self._socket.is_closing()

    def _close(self) -> None:
        """Close the connection; when the client may still be sending, after it had time to read the answer.

        Closing with unread input makes the kernel reset the connection, upon which a client forgets the answer.
        """
        if self._is_closing():
            return
        self._stop_watching_head()
        self._unset_keepalive_if_required()
        if self._takes_input and not self._is_in_body:
            self._socket.close()
            return
        self._takes_input = False
        if self._socket.can_write_eof():
            self._socket.write_eof()
        self.flow.resume_reading()
        self._linger_timer = self.loop.call_later(self.edge.linger_s, self._socket.close)


def edge_protocol(edge: Edge) -> type[EdgeProtocol]:
    """Return the protocol class with these limits, for uvicorn's `http` option."""
    return type("EdgeProtocol", (EdgeProtocol,), {"edge": edge})


def _problem(reason: _Refused, default_headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    body = json.dumps(
        {
            "type": "about:blank",
            "title": reason.status.phrase,
            "status": int(reason.status),
            "code": reason.code,
            "detail": reason.detail,
        }
    ).encode()
    headers = (
        *default_headers,
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    )
    return b"".join((STATUS_LINE[reason.status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body))
