"""Rule 7 on the loop that the server runs on and over IPv6: counted by the kernel, at sockets that listen inside."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress

import pytest
import uvloop

from peers import peer
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from spellings import INSIDE, LOOPBACK, attempt, offline

FORBIDDEN = sorted({*LOOPBACK, *INSIDE})
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

Run = Callable[[Coroutine[object, object, None]], None]


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Runs a coroutine on one of the loops."""
    with asyncio.Runner(loop_factory=LOOPS[request.param]) as runner:
        yield runner.run


class Listener:
    """A socket that listens and that nobody serves: the kernel completes connections and keeps them to be counted."""

    def __init__(self, host: str, port: int = 0, *, takes_both: bool = False) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if self._socket.family == socket.AF_INET6:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not takes_both))
        self._socket.bind((host, port))
        self._socket.listen(1024)
        self._socket.setblocking(False)  # noqa: FBT003  # the method's own style
        self.port = int(self._socket.getsockname()[1])

    def count(self) -> int:
        """Return how many have connected since the last time."""
        found = 0
        with suppress(BlockingIOError):
            while True:
                self._socket.accept()[0].close()
                found += 1
        return found

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@pytest.fixture
def everywhere() -> Iterator[Listener]:
    """A socket on every address of this machine, of IPv4, IPv6, and IPv4 written as IPv6."""
    try:
        made = Listener("::", takes_both=True)
    except OSError:
        pytest.skip("this machine has no IPv6")
    yield made
    made.close()


def test_the_socket_counts_whoever_comes_however_the_address_is_written(everywhere: Listener) -> None:
    for number, host in enumerate(("127.0.0.1", "127.0.0.2", "127.255.255.254", "::1", "::ffff:127.0.0.1"), start=1):
        with socket.create_connection((host, everywhere.port), timeout=5):
            assert everywhere.count() == 1, number
    assert everywhere.count() == 0


def test_no_spelling_of_a_forbidden_address_gets_a_connection_on_any_loop(run: Run, everywhere: Listener) -> None:
    async def try_all() -> None:
        client = HttpClient(Guard(resolve=offline))
        assert len(FORBIDDEN) >= 60
        for host in FORBIDDEN:
            url = f"http://{host}:{everywhere.port}/"
            assert await attempt(client, url) in ("forbidden_address", "bad_url", "dns"), host

    run(try_all())

    assert everywhere.count() == 0


def test_an_allowed_address_is_reached_and_no_other_spelling_of_it_on_any_loop(run: Run) -> None:
    other = Listener("127.0.0.1")

    async def try_one(host: str, allowed: str) -> str:
        client = HttpClient(Guard(allowed=(parse_allowed(f"{allowed}:{other.port}"),), resolve=offline))
        async with asyncio.timeout(10):
            return await attempt(client, f"http://{host}:{other.port}/", quickly=True)

    async def try_both() -> None:
        assert await try_one("127.0.0.1", "127.0.0.1") == "timeout"  # connected, and nobody serves
        assert await try_one("[::1]", "127.0.0.1") == "forbidden_address"
        assert await try_one("[::ffff:127.0.0.1]", "127.0.0.1") == "forbidden_address"

    run(try_both())

    assert other.count() == 1
    other.close()


def test_a_name_that_moves_to_the_inside_is_not_followed_there_on_any_loop(run: Run) -> None:
    answers = iter((["127.0.0.1"], ["::1"], ["::ffff:127.0.0.2"], ["127.0.0.2", "127.0.0.1"]))

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    async def try_again() -> None:
        async with peer() as outside:
            inside = [Listener("127.0.0.2", outside.port), Listener("::1", outside.port)]
            client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{outside.port}"),), resolve=rebinding))
            url = outside.url(host="rebinding.example")
            assert await attempt(client, url) == "204"
            for _ in range(3):
                assert await attempt(client, url) == "forbidden_address"
            assert (outside.connections, [listener.count() for listener in inside]) == (1, [0, 0])
            for listener in inside:
                listener.close()

    run(try_again())
