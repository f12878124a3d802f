"""The other side of outgoing calls: a real server on loopback that notes what arrives and answers as a test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Arrived:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Respond = Callable[[Arrived, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Peer:
    """A server that answers each path by a function; unknown paths get `204`."""

    port: int = 0
    paths: dict[str, Respond] = field(default_factory=dict)
    requests: list[Arrived] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return the address of a path."""
        return f"{scheme}://{host}:{self.port}{path}"

    def says(self, path: str, raw: bytes) -> str:
        """Answer a path with these bytes and close; return its address."""

        async def respond(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)

        self.paths[path] = respond
        return self.url(path)

    def answers(self, path: str, body: bytes, *headers: str, status: str = "200 OK") -> str:
        """Answer a path with a status, headers and a body of a stated length; return its address."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        return self.says(path, "\r\n".join(lines).encode() + body)

    def never_answers(self, path: str, beginning: bytes = b"") -> str:
        """Send a beginning and then nothing until the client is gone; return the address."""

        async def respond(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
            writer.write(beginning)
            await writer.drain()
            await asyncio.Event().wait()

        self.paths[path] = respond
        return self.url(path)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            arrived = Arrived(method, target, headers, body)
            self.requests.append(arrived)
            respond = self.paths.get(target.partition("?")[0])
            if respond is None:
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                await respond(arrived, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return


@asynccontextmanager
async def peer(*, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Serve on a loopback address for as long as the block runs."""
    made = Peer()
    async with raw_peer(made.serve, host=host, port=port, tls=tls) as served:
        made.port = served.port
        yield made


@asynccontextmanager
async def raw_peer(
    serve: Serve, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """Serve connections by a function; all of them are over and closed when the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(OSError):
                await serve(reader, writer)
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            with suppress(OSError):
                await writer.wait_closed()
            tasks.discard(task)

    server = await asyncio.start_server(handle, host, port, ssl=tls)
    try:
        yield Peer(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        async with asyncio.timeout(10):
            while tasks:
                _, late = await asyncio.wait(tasks, timeout=0.2)
                for task in late:
                    task.cancel()
