"""The edge's answers: in order, to clients that vanish, and when the server stops."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from edge import GET, PATIENT, Application, Connection, running
from satchel.model.edge import Edge
from satchel.model.errors import Unavailable
from satchel.surfaces.http import listen, serve


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}  # as in production: its transports differ from asyncio's


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
    """Connect over and over; a connection that waits in the backlog when the port closes is reset, the next refused."""
    while True:
        with suppress(ConnectionResetError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()


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


async def _flood(send: Callable[[dict[str, object]], Awaitable[None]], ended: asyncio.Event) -> None:
    """Send without end; the server's answer to a client that is gone is an error or silence, after which this ends."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    try:
        while not ended.is_set():
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
    finally:
        ended.set()


async def test_a_client_that_takes_in_nothing_is_dropped_and_a_slow_one_is_not() -> None:
    ended = {name: asyncio.Event() for name in (b"/stuck", b"/slow")}

    async def app(scope: dict[str, object], receive: Callable[[], Awaitable[dict[str, object]]], send: object) -> None:
        name = str(scope["path"]).encode()

        async def listen_for_the_end() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue
            ended[name].set()

        listening = asyncio.create_task(listen_for_the_end())
        await _flood(send, ended[name])  # type: ignore[arg-type]  # ASGI's
        await listening

    sockets = listen("127.0.0.1", 0)
    stop = asyncio.Event()
    edge = Edge(stall_s=1.0, grace_s=0)
    serving = asyncio.create_task(serve(app, sockets=sockets, stop=stop, edge=edge))
    stuck, slow = [socket.create_connection(sockets[0].getsockname()) for _ in range(2)]
    for client, path in ((stuck, b"/stuck"), (slow, b"/slow")):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)  # noqa: FBT003  # the method's own style
        await asyncio.get_running_loop().sock_sendall(client, GET.replace(b"/hello", path))

    async def take_in_a_little_at_a_time() -> int:
        taken = 0
        while not ended[b"/stuck"].is_set():
            taken += len(await asyncio.get_running_loop().sock_recv(slow, 256 * 1024))
            await asyncio.sleep(0.01)
        return taken

    try:
        assert await asyncio.wait_for(take_in_a_little_at_a_time(), 30) > 0
        assert not ended[b"/slow"].is_set()
    finally:
        stuck.close()
        slow.close()
        stop.set()
        await asyncio.wait_for(serving, 10)
