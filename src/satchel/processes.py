"""The web processes of one server: started together, replaced when they die, and ended with it.

The parent owns what a server has once: the listening sockets, the embedded database, the worker and the tick. Its web
processes are started anew and not forked, so that they inherit no connection, thread or lock. They accept connections
on the same sockets; a connection that waits there while one of them dies is accepted by another.
"""

import asyncio
import pickle
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import structlog

from satchel.channel import Channel, Kind
from satchel.model.errors import InvalidSettings, SettingFault, Unavailable
from satchel.model.metrics import merged
from satchel.settings import Settings
from satchel.work.keeping import FIRST_PAUSE_S, LONGEST_PAUSE_S, STEADY_S, wait

PROGRAM: Final = "satchel.web_process"

LEAST_POOL: Final = 2
"""How many connections each process needs at least."""

MARGIN_S: Final = 10.0
"""How long a process may take to end beyond the grace of its requests, before it is killed."""

COUNTS_S: Final = 1.0
"""How long a process may take to say what it has counted, before what it said last stands for it."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a web process is started with.

    Attributes:
        settings: those of the server, with the address of its database and the process's share of the pool.
        sockets: descriptors of the listening sockets.
    """

    settings: Settings
    sockets: tuple[int, ...]


def share_of(settings: Settings) -> int:
    """Return how many of the server's connections each of its processes gets, the one that runs the jobs included.

    Raises:
        InvalidSettings: there are too few.
    """
    processes = settings.processes + 1 if settings.processes > 1 else 1
    least = LEAST_POOL * processes
    if settings.pool_size < least:
        message = f"must be at least {least} with {settings.processes} processes (it is {settings.pool_size})"
        raise InvalidSettings([SettingFault(name="SATCHEL_POOL_SIZE", message=message)])
    return settings.pool_size // processes


class WebProcess:
    """One web process, from the parent's side.

    Attributes:
        prepared: set once it could serve, or has ended.
        serving: set once it serves, or has ended.
        counts: what it said last that it has counted.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self.pid = process.pid
        self.prepared = asyncio.Event()
        self.serving = asyncio.Event()
        self.has_ended = False
        self.counts = merged([])
        self._process = process
        self._channel = channel
        self._counted = asyncio.Event()

    async def live(self, others: "WebProcesses") -> int:
        """Hear what the process says until it has ended, and return its exit status; a signal's number is negative."""
        try:
            while (said := await self._channel.receive()) is not None:
                match said.kind:
                    case Kind.PREPARED:
                        self.prepared.set()
                    case Kind.SERVES:
                        self.serving.set()
                    case Kind.COUNTS:
                        self.counts = said.content
                        self._counted.set()
                    case Kind.COUNTS_WANTED:
                        others.answer_counts(self)
                    case Kind.ORDERS | Kind.GO:
                        pass  # those are ours
            return await asyncio.to_thread(self._process.wait)
        finally:
            self.has_ended = True
            for event in (self.prepared, self.serving, self._counted):
                event.set()

    def tell(self, kind: Kind, content: bytes = b"") -> None:
        """Say something to the process."""
        self._channel.send(kind, content)

    async def count(self) -> None:
        """Have the process say what it has counted; where it does not, what it said last stands."""
        self._counted.clear()
        self.tell(Kind.COUNTS_WANTED)
        try:
            async with asyncio.timeout(COUNTS_S):
                await self._counted.wait()
        except TimeoutError:
            _log.warning("web_process.silent", pid=self.pid)

    def stop(self) -> None:
        """Have the process finish its requests and end."""
        self._process.terminate()

    async def close(self) -> None:
        """End the process at once, if it has not ended."""
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        self._channel.close()


class WebProcesses:
    """The web processes of a server.

    Args:
        settings: of the server.
        dsn: its database.
        sockets: listening; closed when the processes stop.
        group: runs what watches over them.
        stop: ends them.
        counted: returns what this process has counted itself.
    """

    def __init__(
        self,
        settings: Settings,
        dsn: str,
        sockets: Sequence[socket.socket],
        *,
        group: asyncio.TaskGroup,
        stop: asyncio.Event,
        counted: Callable[[], bytes],
    ) -> None:
        self._settings = replace(settings, database_url=dsn, pool_size=share_of(settings))
        self._sockets = sockets
        self._group = group
        self._stop = stop
        self._counted = counted
        self._running: dict[int, WebProcess] = {}
        self._of_ended = merged([])

    async def start(self) -> None:
        """Start all, let them serve once all are prepared, and keep as many running from then on.

        Raises:
            Unavailable: one ended before it served; the server's log says why.
        """
        started = [await self._spawn(place) for place in range(self._settings.processes)]
        lives = [self._group.create_task(one.live(self)) for one in started]
        for one in started:
            await one.prepared.wait()
        for one in started:
            one.tell(Kind.GO)
        for one in started:
            await one.serving.wait()
        if any(one.has_ended for one in started) and not self._stop.is_set():
            raise Unavailable("A web process ended before it served. The server's log says why.")
        _log.info("web_processes.started", pids=[one.pid for one in started])
        for place, life in enumerate(lives):
            self._group.create_task(self._keep(place, life))
        self._group.create_task(self._close_sockets())

    def answer_counts(self, asking: WebProcess) -> None:
        """Tell a process what all have counted, also those that have ended."""

        async def answer() -> None:
            serving = [one for one in self._running.values() if one.serving.is_set()]
            await asyncio.gather(*(one.count() for one in serving))
            asking.tell(Kind.COUNTS, merged([self._counted(), self._of_ended, *(one.counts for one in serving)]))

        self._group.create_task(answer())

    async def close(self) -> None:
        """End what still runs at once."""
        await asyncio.gather(*(one.close() for one in self._running.values()))

    async def _close_sockets(self) -> None:
        await self._stop.wait()
        for one in self._sockets:
            one.close()  # nobody accepts any more: a new connection must not wait for it

    async def _keep(self, place: int, life: asyncio.Task[int]) -> None:
        clock = asyncio.get_running_loop().time
        pause_s, started_at = 0.0, clock()
        while await self._ended(place, life):
            pause_s = 0.0 if clock() - started_at > STEADY_S else pause_s
            if pause_s:
                await wait(self._stop, pause_s)
            if self._stop.is_set():
                return
            pause_s = min(max(2 * pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
            started_at = clock()
            one = await self._spawn(place)
            life = self._group.create_task(one.live(self))
            self._group.create_task(self._join(place, one))

    async def _join(self, place: int, one: WebProcess) -> None:
        """Let a process serve that takes the place of another."""
        await one.prepared.wait()
        one.tell(Kind.GO)
        await one.serving.wait()
        if not one.has_ended:
            _log.warning("web_process.replaced", place=place, pid=one.pid)

    async def _ended(self, place: int, life: asyncio.Task[int]) -> bool:
        """Wait until a process has ended by itself, and return True; where all are to stop, end it and return False."""
        one = self._running[place]
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({life, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        if self._stop.is_set():
            one.stop()
            done, _ = await asyncio.wait({life}, timeout=self._settings.grace_s + MARGIN_S)
            if not done:
                _log.warning("web_process.killed", place=place, pid=one.pid)
            await one.close()
            return False
        _log.error("web_process.ended", place=place, pid=one.pid, status=life.result())
        self._of_ended = merged([self._of_ended, one.counts])
        one.counts = merged([])
        await one.close()
        return True

    async def _spawn(self, place: int) -> WebProcess:
        ours, theirs = socket.socketpair()
        with theirs:
            listening = tuple(one.fileno() for one in self._sockets)
            process = subprocess.Popen(  # noqa: ASYNC220, S603  # our own module; it starts at once
                [sys.executable, "-m", PROGRAM, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *listening),
            )
        made = WebProcess(process, await Channel.open(ours))
        made.tell(Kind.ORDERS, pickle.dumps(Orders(settings=self._settings, sockets=listening)))
        self._running[place] = made
        return made


@asynccontextmanager
async def web_processes(
    settings: Settings,
    dsn: str,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    *,
    counted: Callable[[], bytes],
) -> AsyncGenerator[None]:
    """Start the web processes of a server; they serve until `stop` is set, and at the end none is left.

    Args:
        settings: of the server.
        dsn: its database.
        sockets: listening; closed when `stop` is set.
        stop: lets running requests finish, and ends the processes.
        counted: returns what this process has counted itself.

    Raises:
        Unavailable: one ended before it served.
        InvalidSettings: there are too few database connections for them.
    """
    group = asyncio.TaskGroup()
    made = WebProcesses(settings, dsn, sockets, group=group, stop=stop, counted=counted)
    try:
        async with group:
            await made.start()
            yield
    except BaseExceptionGroup as error:
        if len(error.exceptions) == 1:  # the block's own error comes out unchanged
            raise error.exceptions[0] from None
        raise
    finally:
        await made.close()
