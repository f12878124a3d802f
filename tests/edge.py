"""What the tests of the HTTP edge share: an application that notes what it got, and raw connections to it."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from satchel.model.edge import Edge
from satchel.surfaces.http import listen, serve

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

QUICK = Edge(header_deadline_s=1, keep_alive_s=2, linger_s=0.3, grace_s=5)
"""Deadlines that a test waits for; a busy machine still sends a request's headers before them."""

PATIENT = Edge(header_deadline_s=30, keep_alive_s=30, linger_s=0.3, grace_s=5)
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


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
    opened: list[Connection] = []

    async def connect() -> Connection:
        opened.append(Connection(*await asyncio.open_connection("127.0.0.1", port)))
        return opened[-1]

    async with serving(app, sockets, edge):
        try:
            yield connect
        finally:
            for connection in opened:
                connection.writer.close()
            app.may_go_on.set()


@asynccontextmanager
async def serving(app: Callable[..., Any], sockets: Sequence[socket.socket], edge: Edge) -> AsyncGenerator[None, None]:
    """Serve an application on sockets that listen, as long as this lasts."""
    stop, ready = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(app, sockets=sockets, stop=stop, edge=edge, on_ready=ready.set))
        await asyncio.wait_for(ready.wait(), 10)
        try:
            yield
        finally:
            stop.set()


def problem(raw: bytes) -> tuple[int, str]:
    """Return the status and code of a whole answer that is a problem document."""
    head, body = raw.split(b"\r\n\r\n", 1)
    document = json.loads(body)
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    assert int(head.split()[1]) == document["status"]
    return document["status"], document["code"]
