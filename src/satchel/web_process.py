"""One web process of a server that has several: the program that `satchel.processes` starts.

    python -m satchel.web_process CHANNEL           CHANNEL: the descriptor of its end of the channel

It opens the database and the store, says that it is prepared, and serves once the server says so. It stops, letting its
requests finish, when the server asks it to or has ended; where the server ends while it stops, it ends at once. Ctrl-C
in a terminal is for the server.
"""

import asyncio
import gc
import pickle
import signal
import socket
import sys
from functools import partial
from typing import Final

import structlog
from uvloop import new_event_loop

from satchel import __version__
from satchel.channel import Channel, Kind
from satchel.main import Opening, open_context, set_up_logs
from satchel.model.errors import SatchelError, Unavailable
from satchel.model.metrics import Family, Metrics, packed, unpacked
from satchel.processes import Orders
from satchel.surfaces.app import create_app
from satchel.surfaces.probes import of_process
from satchel.web_server import serve_web, waits_of_requests
from satchel.work.heaps import return_freed_memory, share_heap
from satchel.work.keeping import keep_running

COUNTS_S: Final = 5.0
"""How long the server may take to say what all of its processes have counted."""

REFUSED: Final = 1
"""The exit status of a process that could not serve; the log says why."""

_log = structlog.get_logger(__name__)


def main(descriptor: int) -> None:
    """Serve until the server asks to stop, or has ended."""
    share_heap()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_run(socket.socket(fileno=descriptor)))
    except SatchelError as error:
        _log.error("web_process.refused", code=error.code, message=error.message)  # it is foreseen
        sys.exit(REFUSED)


async def _run(end: socket.socket) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    channel = await Channel.open(end)
    said = await channel.receive()
    if said is not None:
        orders: Orders = pickle.loads(said.content)  # noqa: S301  # from our own parent, over a socket of no name
        set_up_logs(orders.settings)
        process = _Process(channel, stop)
        try:
            await process.serve(orders)
        finally:
            channel.close()


class _Process:
    """The process, as it hears and serves."""

    def __init__(self, channel: Channel, stop: asyncio.Event) -> None:
        self._channel = channel
        self._stop = stop
        self._may_go = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._metrics = Metrics(__version__)
        self._waiting: list[asyncio.Future[bytes]] = []

    async def serve(self, orders: Orders) -> None:
        settings = orders.settings
        async with open_context(settings, Opening.SERVE, waits=waits_of_requests(settings)) as context:
            app = create_app(context, settings, metrics=self._metrics, collect=self._counts_of_all)
            returning = partial(return_freed_memory, self._metrics)
            beside = [
                asyncio.create_task(self._hear()),
                asyncio.create_task(keep_running("memory", returning, self._stop)),
            ]
            self._channel.send(Kind.PREPARED)
            await self._may_go.wait()
            sockets = [_listening(number) for number in orders.sockets]
            serving = serve_web(app, context, settings, sockets=sockets, stop=self._stop, on_ready=self._says_it_serves)
            self._serving = asyncio.create_task(serving)
            try:
                await self._serving
            finally:
                for one in beside:
                    one.cancel()

    def _says_it_serves(self) -> None:
        gc.collect()
        gc.freeze()  # what is there by now stays
        self._channel.send(Kind.SERVES)

    async def _hear(self) -> None:
        while (said := await self._channel.receive()) is not None:
            match said.kind:
                case Kind.GO:
                    self._may_go.set()
                case Kind.COUNTS_WANTED:
                    self._channel.send(Kind.COUNTS, packed([*self._metrics.families(), *of_process()]))
                case Kind.COUNTS:
                    waiting, self._waiting = self._waiting, []
                    for one in waiting:
                        if not one.done():
                            one.set_result(said.content)
                case Kind.ORDERS | Kind.PREPARED | Kind.SERVES:
                    pass  # those are said once, or by us
        if self._stop.is_set() and self._serving is not None:
            self._serving.cancel()
        self._stop.set()
        self._may_go.set()

    async def _counts_of_all(self) -> list[Family]:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._channel.send(Kind.COUNTS_WANTED)
        try:
            async with asyncio.timeout(COUNTS_S):
                return unpacked(await answer)
        except TimeoutError:
            raise Unavailable("The other processes did not say in time what they have counted. Try again.") from None


def _listening(descriptor: int) -> socket.socket:
    found = socket.socket(fileno=descriptor)
    found.setblocking(False)  # noqa: FBT003  # the method's own style
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]))
