"""Resolves names with the machine's resolver, in separate threads.

The C library's resolver can neither be cancelled nor given a timeout. A name server that hangs would block the threads
that read and write files, one for each retried call. Here a name uses one thread however many calls request it,
all names together use a few, and a caller may stop waiting whenever its own time is over.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

THREADS = 16

LookUp = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a name as text, blocking; raises OSError if there are none."""

_Question = tuple[str, int]
_Answer = Sequence[str] | OSError | ValueError


def look_up(host: str, port: int) -> Sequence[str]:
    """Resolve a name with the machine's resolver, without a timeout."""
    return _addresses(host, port)


class Resolver:
    """Resolves names for one event loop."""

    def __init__(self, look_up: LookUp = look_up, *, threads: int = THREADS) -> None:
        self._look_up = look_up
        self._free = asyncio.Semaphore(threads)
        self._asked: dict[_Question, asyncio.Future[_Answer]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return a host's addresses as text; an address itself, in any spelling, is not looked up.

        Waits as long as the machine's resolver does; the caller limits that.

        Raises:
            OSError, ValueError: there are none.
        """
        with suppress(OSError, ValueError):
            return _addresses(host, port, flags=socket.AI_NUMERICHOST)
        answer = await asyncio.shield(await self._ask((host, port)))
        if isinstance(answer, OSError | ValueError):
            raise answer
        return answer

    async def _ask(self, question: _Question) -> asyncio.Future[_Answer]:
        """Return a future of the answer; concurrent requests for the same name share it."""
        if question not in self._asked:
            await self._free.acquire()
            if question in self._asked:  # by another call, while this one waited for a thread
                self._free.release()
            else:
                loop = asyncio.get_running_loop()
                self._asked[question] = loop.create_future()
                threading.Thread(target=self._run, args=(question, loop), name="resolver", daemon=True).start()
        return self._asked[question]

    def _run(self, question: _Question, loop: asyncio.AbstractEventLoop) -> None:
        answer: _Answer
        try:
            answer = self._look_up(*question)
        except (OSError, ValueError) as error:
            answer = error
        with suppress(RuntimeError):  # the loop may have ended long ago
            loop.call_soon_threadsafe(self._tell, question, answer)

    def _tell(self, question: _Question, answer: _Answer) -> None:
        self._asked.pop(question).set_result(answer)
        self._free.release()


def _addresses(host: str, port: int, *, flags: int = 0) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))
