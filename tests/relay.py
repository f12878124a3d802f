"""A relay before a server that holds its answers back after so many bytes: something is always under way then.

So a test that interrupts a program in the middle needs neither a slow nor a fast machine.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

CHUNK_BYTES = 16 * 1024


class Relay:
    """Relays connections to a port of this machine.

    Args:
        port: the server's.
        most_bytes: how many bytes of answers pass, of all connections together.

    Attributes:
        url: of the relay.
    """

    def __init__(self, port: int, most_bytes: int) -> None:
        self._port = port
        self._left = most_bytes
        self._turn = threading.Condition()
        self._is_closed = False
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._start(self._accept)

    def close(self) -> None:
        """Cut all connections and take no more."""
        with self._turn:
            self._is_closed = True
            self._turn.notify_all()
        for one in [self._listening, *self._sockets]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            self._sockets += [client, server]
            self._start(self._pass, client, server, lambda _: None)
            self._start(self._pass, server, client, self._wait)

    def _pass(self, source: socket.socket, target: socket.socket, hold: Callable[[int], None]) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                hold(len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _wait(self, count: int) -> None:
        """Take bytes from what may pass; where it is used up, wait until the end."""
        with self._turn:
            self._turn.wait_for(lambda: self._is_closed or self._left > 0)
            if self._is_closed:
                raise OSError
            self._left -= count


@contextmanager
def relay(port: int, *, most_bytes: int) -> Iterator[Relay]:
    """Lend a relay; its connections are cut at the end."""
    with ExitStack() as stack:
        made = Relay(port, most_bytes)
        stack.callback(made.close)
        yield made
