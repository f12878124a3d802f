"""The two drivers of the client's flows: one blocks, one awaits. All HTTP of the client is here."""

import asyncio
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

import httpx

from satchel import __version__
from satchel.client import bulk
from satchel.client.bounds import Collected, Pace, SlowReplyError
from satchel.client.refusals import Refused, UnexpectedReply
from satchel.client.steps import Flow, NoReply, Pause, Reply, Request, Retries, Step, Work, with_retries

T = TypeVar("T")

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
CONNECTIONS = 32
SLICE_BYTES = 64 * 1024

_NOT_REQUESTED = 310
"""The status for an address that is not requested; no server answers with it."""
AGENT = f"satchel/{__version__}"


@dataclass(slots=True, kw_only=True)
class ServerLogin:
    """The server's address and the credential for it.

    Attributes:
        url: of the server; its path is prefixed to every path.
        token: a bearer token or API key.
        basic: an e-mail and its API password.
        headers: further ones for every authenticated request, such as a session's.
    """

    url: str
    token: str | None = None
    basic: tuple[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def request(
        self, call: Request, slices: Callable[[bytes], object], pieces: Callable[[Iterator[bytes]], object]
    ) -> dict[str, object]:
        """Return a request as the arguments of httpx's `build_request`; only this server is sent the credential.

        A large body is passed in slices: httpx's requests are held by reference cycles, which would keep each body in
        memory until the next garbage collection.
        """
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        if not call.is_open and call.elsewhere is None:
            headers |= self._proof()
        made: dict[str, object] = {
            "method": call.method,
            "url": call.elsewhere or self.url.rstrip("/") + call.path,
            "headers": {**headers, **call.headers},
        }
        if call.params:
            made["params"] = call.params
        if call.content is not None and len(call.content) > SLICE_BYTES:
            made["content"] = slices(call.content)
            made["headers"] = {"Content-Length": str(len(call.content)), **headers, **call.headers}
        elif call.content is not None:
            made["content"] = call.content
        if call.files is not None:
            made["content"] = pieces(call.files.pieces())
        if call.form is not None:
            made["data"] = dict(call.form)
        return made

    def _proof(self) -> Mapping[str, str]:
        if self.token:
            return {**self.headers, "Authorization": f"Bearer {self.token}"}
        if self.basic is not None:
            request = httpx.Request("GET", "http://nowhere.invalid/")
            next(httpx.BasicAuth(*self.basic).auth_flow(request))
            return {**self.headers, "Authorization": request.headers["authorization"]}
        return self.headers


class BlockingDriver:
    """Runs flows, blocking.

    Args:
        account: the server and the credential.
        retries: how repeatable requests are retried.
        transport: of httpx.
        pause: waits.
        is_bulk: whether bodies that are streamed to a receiver bypass httpx (`bulk`).

    Attributes:
        monotonic: returns seconds, for the minimum rate of replies.
    """

    def __init__(
        self,
        account: ServerLogin,
        *,
        retries: Retries,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
        is_bulk: bool = False,
    ) -> None:
        self.account = account
        self._retries = retries
        self.pause = pause
        self.monotonic: Callable[[], float] = time.monotonic
        self._is_bulk = is_bulk
        self.http = httpx.Client(timeout=TIMEOUT, transport=transport, limits=_limits(), verify=_trust())

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end and return its result.

        Raises:
            SatchelError: as documented by the flow.
        """
        with closing(with_retries(flow, self._retries)) as steps:
            outcome: object = None
            error: Exception | None = None
            while True:
                try:
                    step: Step = steps.send(outcome) if error is None else steps.throw(error)
                except StopIteration as end:
                    result: T = end.value
                    return result
                outcome, error = None, None
                try:
                    outcome = self._take(step)
                except Exception as raised:  # noqa: BLE001  # raised in the flow, which handles it
                    error = raised

    def _take(self, step: Step) -> object:
        if isinstance(step, Pause):
            self.pause(step.seconds)
            return None
        if isinstance(step, Work):
            return step.do()
        if self._is_bulk and step.into is not None:
            request = self.http.build_request(**self.account.request(step, bytes, iter))  # type: ignore[arg-type]  # as made for it
            if bulk.is_open_to(request.url):
                return _taken_in_bulk(request, step.into, Pace(self.monotonic))
        made = self.account.request(step, _slices, iter)
        try:
            response = self.http.send(self.http.build_request(**made), stream=True)  # type: ignore[arg-type]  # as made for it
            with closing(response):
                taking = _Taking(step, response, Pace(self.monotonic))
                for piece in [response.content] if response.is_stream_consumed else response.iter_raw():
                    taking.take(piece)
                return taking.reply()
        except httpx.InvalidURL as error:
            raise _malformed(error) from None
        except (httpx.TransportError, SlowReplyError) as error:
            return _broken(error, made)


def _taken_in_bulk(
    request: httpx.Request, into: Callable[[Reply, bytes | memoryview], None], pace: Pace
) -> Reply | NoReply:
    try:
        with bulk.answered(request, _trust(), TIMEOUT) as got:
            answer = Reply(status=got.status, headers=got.headers, server=_server(request.url))
            kept = None if answer.is_success else Collected(got.headers.get("content-encoding", ""))
            for piece in got.pieces():
                pace.arrived(len(piece))
                if kept is None:
                    into(answer, piece)
                else:
                    kept.add(piece)
            return answer if kept is None else replace(answer, body=kept.body)
    except (bulk.IncompleteReplyError, SlowReplyError) as error:
        return NoReply(reason=str(error), server=_server(request.url))


class AsyncDriver:
    """Runs flows, awaiting.

    Attributes:
        has_threads: whether `run_in_thread` uses threads.
        monotonic: returns seconds, for the minimum rate of replies.
    """

    def __init__(
        self,
        account: ServerLogin,
        *,
        retries: Retries,
        transport: httpx.AsyncBaseTransport | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.account = account
        self._retries = retries
        self.pause = pause
        self.monotonic: Callable[[], float] = time.monotonic
        self.http = httpx.AsyncClient(timeout=TIMEOUT, transport=transport, limits=_limits(), verify=_trust())
        self.has_threads = transport is None
        self._blocking: BlockingDriver | None = None

    async def close(self) -> None:
        """Close its connections."""
        await self.http.aclose()
        if self._blocking is not None:
            self._blocking.http.close()

    async def run_in_thread(self, flow: Flow[T]) -> T:
        """Run a flow with large bodies in a thread: there, a piece costs half as much as in the event loop.

        The receiver of the pieces is called in that thread. If this is cancelled, the thread ends with its next piece
        if the receiver raises, and with the process at the latest. With a given transport, the driver has no
        thread and does the same as `run`.

        Raises:
            SatchelError: as documented by the flow.
        """
        if not self.has_threads:
            return await self.run(flow)
        if self._blocking is None:
            self._blocking = BlockingDriver(self.account, retries=self._retries, is_bulk=True)
        blocking = self._blocking
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(result)  # type: ignore[arg-type]  # the flow's result, whatever it is
            else:
                done.set_exception(error)

        def work() -> None:
            result, failure = None, None
            try:
                result = blocking.run(flow)
            except BaseException as error:  # noqa: BLE001  # raised where it is awaited
                failure = error
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(settle, result, failure)

        threading.Thread(target=work, daemon=True).start()
        return await done

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end and return its result.

        Raises:
            SatchelError: as documented by the flow.
        """
        with closing(with_retries(flow, self._retries)) as steps:
            outcome: object = None
            error: Exception | None = None
            while True:
                try:
                    step: Step = steps.send(outcome) if error is None else steps.throw(error)
                except StopIteration as end:
                    result: T = end.value
                    return result
                outcome, error = None, None
                try:
                    outcome = await self._take(step)
                except Exception as raised:  # noqa: BLE001  # raised in the flow, which handles it
                    error = raised

    async def _take(self, step: Step) -> object:
        if isinstance(step, Pause):
            await self.pause(step.seconds)
            return None
        if isinstance(step, Work):
            return await asyncio.to_thread(step.do)
        made = self.account.request(step, _awaited_slices, _awaited)
        try:
            response = await self.http.send(self.http.build_request(**made), stream=True)  # type: ignore[arg-type]  # as made for it
            try:
                taking = _Taking(step, response, Pace(self.monotonic))
                if response.is_stream_consumed:
                    taking.take(response.content)
                else:
                    async for piece in response.aiter_raw():
                        taking.take(piece)
                return taking.reply()
            finally:
                await response.aclose()
        except httpx.InvalidURL as error:
            raise _malformed(error) from None
        except (httpx.TransportError, SlowReplyError) as error:
            return _broken(error, made)


class _Taking:
    """Takes a reply's body: to the request's receiver, or into memory."""

    def __init__(self, call: Request, response: httpx.Response, pace: Pace) -> None:
        self._answer, self._pace = _answer(response), pace
        self._into = call.into if self._answer.is_success else None
        # A transport that has read the body has decompressed it too.
        encoding = "" if response.is_stream_consumed else response.headers.get("content-encoding", "")
        self._kept = None if self._into is not None else Collected(encoding)
        if self._into is not None and encoding.strip().lower() not in ("", "identity"):
            raise UnexpectedReply(f"it has the encoding {encoding[:40]!r}, which was not requested")

    def take(self, piece: bytes) -> None:
        self._pace.arrived(len(piece))
        if self._kept is not None:
            self._kept.add(piece)
        elif self._into is not None:
            self._into(self._answer, piece)

    def reply(self) -> Reply:
        return self._answer if self._kept is None else replace(self._answer, body=self._kept.body)


def _slices(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), SLICE_BYTES):
        yield body[start : start + SLICE_BYTES]


async def _awaited_slices(body: bytes) -> AsyncIterator[bytes]:
    for piece in _slices(body):
        yield piece


async def _awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


@cache
def _trust() -> ssl.SSLContext:
    """Return the machine's trusted certificates, read once: it takes 50 ms."""
    return httpx.create_ssl_context()


def _limits() -> httpx.Limits:
    return httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)


def _answer(response: httpx.Response) -> Reply:
    headers, server = dict(response.headers), _server(response.request.url)
    return Reply(status=response.status_code, headers=headers, server=server)


def _broken(error: httpx.TransportError | SlowReplyError, made: Mapping[str, object]) -> NoReply:
    return NoReply(reason=str(error) or type(error).__name__, server=_server(httpx.URL(str(made["url"]))))


def _malformed(error: httpx.InvalidURL) -> Refused:
    return Refused(_NOT_REQUESTED, "bad_address", f"The address of a request is malformed ({error}).")


def _server(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')}"
