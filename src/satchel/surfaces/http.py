"""The listening server: sockets, signals, and uvicorn within our own event loop.

uvicorn wants to own the process: it takes the signals, exits when a port is taken and configures logging. Here it only
accepts connections and hands them to `kit/connection`; the composition root runs it beside the worker and the database.
"""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn

from satchel.model.edge import Edge
from satchel.model.errors import Unavailable
from satchel.surfaces.kit.accepting import Acceptor
from satchel.surfaces.kit.connection import EdgeProtocol, edge_protocol

BACKLOG = 2048
"""Connections that the kernel accepts on our behalf."""

CANCEL_S = 5.0
"""How long a request that is cancelled may take to clean up."""


def listen(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of `host`; port 0 takes any free one.

    Raises:
        Unavailable: the address is taken or not of this machine; stop the other program or choose another port.
    """
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            taken = socket.socket(family, kind, protocol)
            sockets.append(taken)
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            taken.bind(address)
            taken.listen(BACKLOG)
            taken.setblocking(False)  # noqa: FBT003  # the method's own style
    except OSError as error:
        for taken in sockets:
            taken.close()
        raise Unavailable(
            f"Satchel cannot listen on {host} port {port} ({error.strerror}). "
            "Stop the program that does, or choose another with SATCHEL_HOST and SATCHEL_PORT."
        ) from error
    return sockets


@asynccontextmanager
async def stop_on_signals() -> AsyncGenerator[asyncio.Event, None]:
    """Yield an event that SIGINT or SIGTERM sets; the next signal of the kind then has its usual effect."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)

    def asked() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)

    for number in numbers:
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def serve(
    app: Callable[..., Any],
    *,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    edge: Edge | None = None,
    on_ready: Callable[[], None] | None = None,
    is_shared: bool = False,
) -> None:
    """Serve an ASGI application until `stop` is set and the running requests have ended.

    Lifespan, signals, logs and the event loop are the caller's. Cancelling drops all connections at once.

    Args:
        app: the application.
        sockets: listening, as `listen` makes them; closed at the end.
        stop: stops accepting; requests that run get `edge.grace_s` to finish, then they are cancelled.
        edge: the limits.
        on_ready: called when connections are accepted.
        is_shared: whether other processes accept on the same sockets, and each should get its part.
    """
    edge = edge or Edge()
    protocol = edge_protocol(edge)
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(edge.trusted_proxies),
        forwarded_allow_ips=list(edge.trusted_proxies),
        backlog=BACKLOG,
        timeout_keep_alive=edge.keep_alive_s,
        timeout_graceful_shutdown=edge.grace_s,
    )
    server = _Server(config, protocol, on_ready, sockets if is_shared else ())
    stopping = asyncio.create_task(_stop(server, stop))
    try:
        await server.serve(sockets=[] if is_shared else list(sockets))
    finally:
        stopping.cancel()
        await server.end()
        for taken in sockets:
            taken.close()


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        protocol: Callable[..., asyncio.Protocol],
        on_ready: Callable[[], None] | None,
        shared: Sequence[socket.socket],
    ) -> None:
        super().__init__(config)
        self.servers = []  # uvicorn sets it only once it has started
        self._on_ready = on_ready
        self._shared = shared
        self._protocol_class = protocol

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # a generator of the same
        return nullcontext()  # signals are the caller's

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for one in self._shared:
            self.servers.append(Acceptor(one, self._protocol, lambda: len(self.server_state.connections)))  # type: ignore[arg-type]  # as uvicorn uses them
        if self._on_ready is not None:
            self._on_ready()

    def _protocol(self) -> asyncio.Protocol:
        """Make the protocol of a connection, as uvicorn does for the sockets that it knows of."""
        known = {"config": self.config, "server_state": self.server_state, "app_state": self.lifespan.state}
        return self._protocol_class(**known, _loop=None)

    async def end(self) -> None:
        """Stop accepting before the sockets are closed (uvloop spins on a closed one), and end what is left."""
        for server in self.servers:
            server.close()
        left = list(self.server_state.tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CANCEL_S)
        for connection in list(self.server_state.connections):
            if isinstance(connection, EdgeProtocol):
                connection.transport.abort()


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True
