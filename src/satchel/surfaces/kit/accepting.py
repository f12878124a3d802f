"""Accepts connections on a socket that several processes share, so that each of them gets its part.

Of processes that all accept as soon as they can, the one that runs first takes everything that waits: of 32 connections
at once, one of two processes often got all, for as long as they stayed open. Here a process that has connections pauses
before it takes another, longer the more it has, so that those with fewer come first.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

import structlog

PAUSES: Final = ((64, 0.003), (8, 0.002), (1, 0.001), (0, 0.0))
"""From how many connections on a process pauses for how many seconds; loops count in milliseconds."""

ROUNDS: Final = 4
"""After how many pauses in a row, each followed by as many connections as it might take, it may take one more."""

NO_ROOM: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
NO_ROOM_PAUSE_S: Final = 1.0
"""How long it pauses while the machine has no room for a connection."""

_log = structlog.get_logger(__name__)


class Acceptor:
    """Accepts on one socket, and has the methods of asyncio's servers that uvicorn calls.

    Args:
        listening: the socket; closed with it.
        protocol: makes the protocol of a connection.
        connections: returns how many this process has.
    """

    def __init__(
        self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol], connections: Callable[[], int]
    ) -> None:
        self._listening = listening
        self._protocol = protocol
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[None]] = set()
        self._pausing: asyncio.TimerHandle | None = None
        self._most, self._rounds = 1, 0
        self._loop.add_reader(listening, self._ready)

    def close(self) -> None:
        """Accept no more; what was accepted stays."""
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        elif self._listening.fileno() >= 0:
            self._loop.remove_reader(self._listening)
        self._listening.close()

    async def wait_closed(self) -> None:
        """Wait until it is closed, which it is at once."""

    def _ready(self) -> None:
        has = self._connections() + len(self._connecting)
        pause_s = next(seconds for least, seconds in PAUSES if has >= least)
        if pause_s == 0:
            self._accept()
        else:
            self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listening)
        self._pausing = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._pausing = None
        self._loop.add_reader(self._listening, self._ready)
        if all(self._accept() for _ in range(self._most)):
            self._rounds += 1
            if self._rounds % ROUNDS == 0:  # the others do not keep up
                self._most += 1
        else:
            self._most, self._rounds = 1, 0

    def _accept(self) -> bool:
        """Accept a connection; return whether one waited."""
        try:
            accepted, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            _log.error("connection.refused", error=errno.errorcode[error.errno])  # it is foreseen
            self._pause(NO_ROOM_PAUSE_S)
            return False
        accepted.setblocking(False)  # noqa: FBT003  # the method's own style
        connecting = self._loop.create_task(self._connect(accepted))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)
        return True

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, accepted)
        except OSError:  # the client has left
            accepted.close()
