"""The HTTP edge over real sockets: slow, large, malformed and abrupt clients, and stopping."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from satchel.model.edge import Edge
from satchel.model.errors import Unavailable
from satchel.surfaces.http import listen, serve

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUICK = Edge(header_deadline_s=0.2, keep_alive_s=1, linger_s=0.3, grace_s=5)
PATIENT = Edge(header_deadline_s=30, keep_alive_s=30, linger_s=0.3, grace_s=5)
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}  # as in production: its transports differ from asyncio's


@dataclass
class Application:
    """Answers by path: `/refuse` at once, `/wait` when told, everything else with the body's size."""

    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    was_cut_off: asyncio.Event = field(default_factory=asyncio.Event)
    paths: list[str] = field(default_factory=list)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        self.has_begun.set()
        if scope["path"] == "/refuse":
            await answer(send, 413, b"too large")
            return
        if scope["path"] == "/wait":
            await self.may_go_on.wait()
        size = 0
        while (message := await receive())["type"] == "http.request":
            size += len(message["body"])
            if not message["more_body"]:
                await answer(send, 200, f"{scope['path']} {size}".encode())
                return
        self.was_cut_off.set()


async def answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Connection:
    """A client that says exactly what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def everything(self) -> bytes:
        """Return what comes until the server closes; a reset is an error."""
        return await asyncio.wait_for(self.reader.read(), 10)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Return one answer with a Content-Length."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode()
        status, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers["content-length"]))
        return int(status.split()[1]), headers, body


@asynccontextmanager
async def running(app: Application, edge: Edge = QUICK) -> AsyncGenerator[Callable[[], Awaitable[Connection]], None]:
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    stop, ready = asyncio.Event(), asyncio.Event()
    opened: list[Connection] = []

    async def connect() -> Connection:
        opened.append(Connection(*await asyncio.open_connection("127.0.0.1", port)))
        return opened[-1]

    async with asyncio.TaskGroup() as group:
        group.create_task(serve(app, sockets=sockets, stop=stop, edge=edge, on_ready=ready.set))
        await asyncio.wait_for(ready.wait(), 10)
        try:
            yield connect
        finally:
            for connection in opened:
                connection.writer.close()
            app.may_go_on.set()
            stop.set()


def problem(raw: bytes) -> tuple[int, str]:
    """Return the status and code of a whole answer that is a problem document."""
    head, body = raw.split(b"\r\n\r\n", 1)
    document = json.loads(body)
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert int(head.split()[1]) == document["status"]
    return document["status"], document["code"]


async def test_requests_share_a_connection() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()

        await client.send(GET)
        first = await client.answer()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        second = await client.answer()

        assert (first[0], first[2], second[0], second[2]) == (200, b"/hello 0", 200, b"/body 3")
        assert "date" in first[1]
        assert "server" not in first[1]
        assert "connection" not in second[1]


async def test_headers_that_stop_half_way_are_answered_with_408() -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")

        assert problem(await client.everything()) == (408, "headers_too_slow")


async def test_headers_that_drip_do_not_move_the_deadline() -> None:
    async with running(Application()) as connect:
        client = await connect()

        async def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1000:
                await client.send(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        raw = await client.everything()
        dripping.cancel()

        assert problem(raw) == (408, "headers_too_slow")


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"])
async def test_a_connection_that_asks_nothing_is_closed(sent: bytes) -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(sent)

        raw = await client.everything()

        assert raw == b"" or problem(raw) == (408, "headers_too_slow")


async def test_the_deadline_holds_for_the_second_request_too() -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(GET)
        await client.answer()

        await client.send(b"GET / HT")

        assert problem(await client.everything()) == (408, "headers_too_slow")


async def test_a_body_may_take_longer_than_the_headers_deadline() -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(0.3)  # past the deadline of the headers
        await client.send(b"b")

        assert (await client.answer())[2] == b"/body 2"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000,  # one line that does not end
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 8_000,  # many that do
    ],
    ids=["target", "header", "endless header", "many headers"],
)
async def test_a_header_block_over_its_limit_is_answered_with_431(sent: bytes) -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(sent)

        assert problem(await client.everything()) == (431, "headers_too_large")


async def test_a_header_block_within_its_limit_passes() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"GET /hello HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 30_000 + b"\r\n\r\n")

        assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3,3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS spoken to a plain port
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=lambda sent: sent[:60].decode("latin-1").encode("ascii", "backslashreplace").decode().replace("\r\n", " "),
)
async def test_a_malformed_request_is_answered_with_400_and_reaches_nobody(sent: bytes) -> None:
    app = Application()
    async with running(app, PATIENT) as connect:
        client = await connect()
        await client.send(sent)

        assert problem(await client.everything()) == (400, "malformed_request")
        assert app.paths == []


async def test_a_bad_chunk_cuts_the_application_off() -> None:
    app = Application()
    async with running(app, PATIENT) as connect:
        client = await connect()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")

        raw = await client.everything()
        await asyncio.wait_for(app.was_cut_off.wait(), 10)

        assert problem(raw) == (400, "malformed_request")


@pytest.mark.parametrize(
    "declared", [b"Content-Length: 67108864", b"Transfer-Encoding: chunked", b"Expect: 100-continue"]
)
async def test_an_early_answer_reaches_a_client_that_goes_on_sending(declared: bytes) -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        extra = b"\r\nContent-Length: 67108864" if declared.startswith(b"Expect") else b""
        await client.send(b"POST /refuse HTTP/1.1\r\nHost: x\r\n" + declared + extra + b"\r\n\r\n")

        async def pour() -> None:
            chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n" if b"chunked" in declared else b"x" * 65536
            for _ in range(1024):
                await client.send(chunk)

        pouring = asyncio.create_task(pour())
        status, headers, body = await client.answer()
        pouring.cancel()

        assert (status, headers["connection"], body) == (413, "close", b"too large")


async def test_after_an_early_answer_the_connection_ends_within_the_lingering_time() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nstart")
        await client.answer()

        async def until_it_fails() -> None:
            while True:
                await client.send(b"more")
                await asyncio.sleep(0.05)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(until_it_fails(), 10)


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(GET.replace(b"/hello", b"/1") + GET.replace(b"/hello", b"/2") + GET.replace(b"/hello", b"/3"))

        assert [(await client.answer())[2] for _ in range(3)] == [b"/1 0", b"/2 0", b"/3 0"]


async def test_rubbish_behind_a_running_request_does_not_spoil_its_answer() -> None:
    app = Application()
    async with running(app, PATIENT) as connect:
        client = await connect()
        await client.send(GET.replace(b"/hello", b"/wait") + b"rubbish \x00\r\n\r\n")
        await asyncio.wait_for(app.has_begun.wait(), 10)
        app.may_go_on.set()

        raw = await client.everything()

        assert raw.startswith(b"HTTP/1.1 200 ")
        assert raw.endswith(b"/wait 0")


async def test_http_1_0_is_answered_and_closed() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"GET /old HTTP/1.0\r\n\r\n")

        raw = await client.everything()

        assert raw.startswith(b"HTTP/1.1 200 ")
        assert raw.endswith(b"/old 0")


async def test_head_has_no_body_and_keeps_the_connection() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), 10)
        await client.send(GET)

        assert b"content-length: 4" in head
        assert (await client.answer())[2] == b"/hello 0"


async def test_a_request_to_upgrade_is_answered_as_it_is() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")

        assert (await client.answer())[2] == b"/up 0"


async def test_a_client_that_vanishes_in_its_body_is_told_to_the_application() -> None:
    app = Application()
    async with running(app, PATIENT) as connect:
        client = await connect()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        await asyncio.wait_for(app.has_begun.wait(), 10)

        client.writer.transport.abort()

        await asyncio.wait_for(app.was_cut_off.wait(), 10)


async def connect_until_refused(port: int) -> None:
    while True:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()


async def test_stopping_lets_the_running_request_finish_and_takes_no_other() -> None:
    app = Application()
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(app, sockets=sockets, stop=stop, edge=PATIENT, on_ready=ready.set))
    await ready.wait()
    client = Connection(*await asyncio.open_connection("127.0.0.1", port))
    await client.send(GET.replace(b"/hello", b"/wait"))
    await app.has_begun.wait()

    stop.set()
    with pytest.raises(ConnectionRefusedError):
        await connect_until_refused(port)
    app.may_go_on.set()
    raw = await client.everything()
    await asyncio.wait_for(serving, 10)
    client.writer.close()

    assert raw.endswith(b"/wait 0")


async def test_cancelling_drops_every_connection_and_frees_the_port() -> None:
    app = Application()
    sockets = listen("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    serving = asyncio.create_task(serve(app, sockets=sockets, stop=asyncio.Event()))
    client = Connection(*await asyncio.open_connection("127.0.0.1", port))
    await client.send(GET.replace(b"/hello", b"/wait"))
    await app.has_begun.wait()

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert b" 200 " not in await client.everything()
    listen("127.0.0.1", port)[0].close()
    app.may_go_on.set()
    client.writer.close()


async def test_a_request_that_outlasts_the_grace_is_cut_off() -> None:
    app = Application()
    sockets = listen("127.0.0.1", 0)
    stop = asyncio.Event()
    edge = Edge(grace_s=0)
    serving = asyncio.create_task(serve(app, sockets=sockets, stop=stop, edge=edge))
    client = Connection(*await asyncio.open_connection("127.0.0.1", sockets[0].getsockname()[1]))
    await client.send(GET.replace(b"/hello", b"/wait"))
    await app.has_begun.wait()

    stop.set()

    await asyncio.wait_for(serving, 10)
    assert b" 200 " not in await client.everything()
    client.writer.close()


PROGRAM = """
import asyncio, uvloop
from satchel.surfaces.http import listen, serve, stop_on_signals

async def app(scope, receive, send):
    print("begun", flush=True)
    await asyncio.sleep(0.5)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})

async def main():
    sockets = listen("127.0.0.1", 0)
    async with stop_on_signals() as stop:
        await serve(app, sockets=sockets, stop=stop, on_ready=lambda: print(sockets[0].getsockname()[1], flush=True))
    print("ended", flush=True)

uvloop.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_after_the_running_request(number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # noqa: TID251  # a child's, not a setting
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    client = Connection(*await asyncio.open_connection("127.0.0.1", port))
    await client.send(GET)
    assert await process.stdout.readline() == b"begun\n"

    process.send_signal(number)

    assert (await client.answer())[2] == b"done"
    assert await process.stdout.read() == b"ended\n"
    assert await process.wait() == 0
    client.writer.close()


def test_a_port_that_is_taken_is_told_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(Unavailable, match=f"port {port}"):
            listen("127.0.0.1", port)
