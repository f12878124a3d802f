"""A name server that hangs: a call waits for it as long as its own time is, and no other call waits."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Guard
from satchel.outbound.http import Bounds, HttpClient
from satchel.outbound.request import Request
from satchel.outbound.resolver import Resolver
from satchel.outbound.target import Target


class NameServer:
    """Answers names, but not those that begin with `hangs` until it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.answers = threading.Event()

    def look_up(self, host: str, port: int) -> Sequence[str]:
        """Answer as a blocking resolver does."""
        del port
        self.asked.append(host)
        self.threads.add(threading.get_ident())
        if host.startswith("hangs"):
            assert self.answers.wait(timeout=60)
        if host.startswith("unknown"):
            raise OSError("no such name")
        return ["93.184.215.14"]


@pytest.fixture
def names() -> Iterator[NameServer]:
    made = NameServer()
    yield made
    made.answers.set()


async def why(resolver: Resolver, host: str) -> CallFailed:
    with pytest.raises(CallFailed) as failed:
        await Guard(resolve=resolver).addresses(host, 443)
    return failed.value


async def test_a_name_that_hangs_takes_one_thread_and_holds_up_no_other(names: NameServer) -> None:
    resolver = Resolver(names.look_up, threads=2)
    guard = Guard(resolve=resolver)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(guard.addresses("hangs.example", 443)) for _ in range(50)]
        for number in range(20):
            assert await guard.addresses(f"{number}.example", 443) == ["93.184.215.14"]
        assert not any(task.done() for task in waiting)
        names.answers.set()
    assert {tuple(task.result()) for task in waiting} == {("93.184.215.14",)}
    assert names.asked.count("hangs.example") == 1


@pytest.mark.parametrize("seconds", [0.05, 0.2])
async def test_a_call_waits_for_a_name_as_long_as_its_time_is_and_says_so(names: NameServer, seconds: float) -> None:
    client = HttpClient(Guard(resolve=Resolver(names.look_up)))
    request = Request(method="GET", target=Target.parse("http://hangs.example/"))

    with pytest.raises(CallFailed) as failed:
        async with client.send(request, Bounds(connect=None, idle=None, total=timedelta(seconds=seconds))):
            pass

    assert (failed.value.reason, failed.value.is_temporary, failed.value.is_sent) == ("dns", True, False)
    assert failed.value.message == (
        f"No name server returned the address of hangs.example within {seconds} s; nothing was sent."
    )


async def test_names_that_hang_take_so_many_threads_and_no_more(names: NameServer) -> None:
    resolver = Resolver(names.look_up, threads=3)

    async def give_up(number: int) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await resolver(f"hangs{number}.example", 443)

    await asyncio.gather(*(give_up(number) for number in range(10)))
    assert len(names.asked) == len(names.threads) == 3
    names.answers.set()
    assert await resolver("other.example", 443) == ["93.184.215.14"]


async def test_an_address_is_asked_of_nobody_and_an_unknown_name_has_none(names: NameServer) -> None:
    resolver = Resolver(names.look_up)
    assert await resolver("0x7f.1", 80) == ["127.0.0.1"]
    assert await resolver("::1", 80) == ["::1"]
    assert names.asked == []
    assert (await why(resolver, "unknown.example")).message == "The host unknown.example has no address."
    assert (await why(Resolver(), "x" * 70 + ".example")).reason == "dns"  # no name can be so long


async def test_the_machines_own_resolver_is_asked() -> None:
    assert "127.0.0.1" in await Resolver()("localhost", 80)
