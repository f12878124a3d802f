"""Rule 7 of security.md: no packet leaves to an address that is not public, however it is written."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

import pytest

from peers import Peer, peer
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Guard
from satchel.outbound.http import Bounds, HttpClient
from satchel.outbound.request import Request
from satchel.outbound.target import Target
from spellings import INSIDE, LOOPBACK, attempt, offline

_connects: list[object] = []
_is_watching = [False]


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _is_watching[0]:
        _connects.append(arguments[1])


@cache
def _listen_in() -> None:
    """Have Python itself report every connection that is begun, whoever begins it.

    A hook cannot be taken out again, and a second one would count everything twice: there is one a process. A fixture
    of the module or the session is no such thing, it is made anew when tests of another module come in between.
    """
    sys.addaudithook(_note)


@contextmanager
def watched() -> Iterator[list[object]]:
    """Lend the list of the addresses that this process began to connect to."""
    _listen_in()
    _connects.clear()
    _is_watching[0] = True
    try:
        yield _connects
    finally:
        _is_watching[0] = False


@pytest.fixture
async def inside() -> AsyncIterator[Peer]:
    """A server on every loopback address that this machine has, that counts who comes."""
    async with peer(host="0.0.0.0") as made:  # noqa: S104  # every spelling of loopback has to be able to reach it
        yield made


def test_there_are_sixty_spellings_and_more() -> None:
    assert len(set(LOOPBACK) | set(INSIDE)) >= 60


async def test_no_spelling_of_a_forbidden_address_gets_a_connection(inside: Peer) -> None:
    client = HttpClient(Guard(resolve=offline))
    with watched() as connects:
        reasons = {host: await attempt(client, f"http://{host}:{inside.port}/") for host in (*LOOPBACK, *INSIDE)}
    assert inside.connections == 0
    assert connects == []
    wrong = {host: reason for host, reason in reasons.items() if reason not in ("forbidden_address", "bad_url", "dns")}
    assert wrong == {}
    assert sum(reason == "forbidden_address" for reason in reasons.values()) >= 60


async def test_the_same_server_is_reached_once_it_is_allowed(inside: Peer) -> None:
    client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.0/8:{inside.port}"),), resolve=offline))
    with watched() as connects:
        assert await attempt(client, f"http://0x7f.1:{inside.port}/") == "204"
        assert await attempt(client, f"http://localhost:{inside.port}/") == "204"
    assert inside.connections == 2
    assert connects == [("127.0.0.1", inside.port)] * 2


async def test_an_allowed_port_opens_no_other_port_and_no_other_address(inside: Peer) -> None:
    async with peer() as other:
        client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{other.port}"),), resolve=offline))
        assert await attempt(client, inside.url()) == "forbidden_address"
        assert await attempt(client, f"http://127.0.0.2:{other.port}/") == "forbidden_address"
        assert await attempt(client, other.url()) == "204"
    assert inside.connections == 0


async def test_a_second_answer_of_the_name_server_changes_nothing() -> None:
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    async with peer() as outside, peer(host="127.0.0.2", port=outside.port) as inner:
        allowed = (parse_allowed(f"127.0.0.1:{outside.port}"),)
        client = HttpClient(Guard(allowed=allowed, resolve=rebinding))
        assert await attempt(client, outside.url(host="rebinding.example")) == "204"
        assert (outside.connections, inner.connections, len(asked)) == (1, 0, 1)
        assert await attempt(client, outside.url(host="rebinding.example")) == "forbidden_address"
        assert (outside.connections, inner.connections) == (1, 0)


async def test_one_forbidden_answer_among_several_refuses_them_all(inside: Peer) -> None:
    async def both(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1", "127.0.0.2"]

    client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{inside.port}"),), resolve=both))
    with watched() as connects:
        assert await attempt(client, inside.url(host="both.example")) == "forbidden_address"
    assert (inside.connections, connects) == (0, [])
    with pytest.raises(CallFailed) as refused:
        await Guard(resolve=both).addresses("both.example", 80)
    assert "127.0.0" not in f"{refused.value.message} {refused.value.members}"  # it is read by those who manage an app


@pytest.mark.parametrize("where", ["http://127.0.0.2:{port}/", "//127.0.0.2:{port}/x", "http://[::1]:{port}/"])
async def test_a_redirect_to_the_inside_is_checked_anew(inside: Peer, where: str) -> None:
    async with peer() as outside:
        outside.answers("/go", b"", f"Location: {where.format(port=inside.port)}", status="302 Found")
        client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{outside.port}"),), resolve=offline))
        with watched() as connects:
            assert await attempt(client, outside.url("/go")) == "forbidden_address"
    assert connects == [("127.0.0.1", outside.port)]
    assert inside.connections == 0


async def test_proxies_of_the_environment_are_not_asked(inside: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, inside.url())
    async with peer() as outside:
        client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{outside.port}"),), resolve=offline))
        assert await attempt(client, outside.url()) == "204"
    assert inside.connections == 0


async def test_ports_of_other_services_get_no_request() -> None:
    async def public(_host: str, _port: int) -> Sequence[str]:
        return ["93.184.215.14"]

    guard = Guard(resolve=public)
    for port in (22, 25, 6667):
        with pytest.raises(CallFailed) as refused:
            await guard.addresses("public.example", port)
        assert refused.value.reason == "forbidden_port"
    assert list(await guard.addresses("public.example", 8443)) == ["93.184.215.14"]


async def test_a_name_opens_no_address_of_cloud_metadata() -> None:
    async def metadata(_host: str, _port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    guard = Guard(allowed=(parse_allowed("archive.internal:80"),), resolve=metadata)
    with pytest.raises(CallFailed, match="not a public address"):
        await guard.addresses("archive.internal", 80)
    meant = Guard(allowed=(parse_allowed("169.254.169.254:80"),), resolve=metadata)
    assert list(await meant.addresses("archive.internal", 80)) == ["169.254.169.254"]


@pytest.mark.parametrize("text", ["", "host", "host:0", "host:70000", "10.0.0.1/33:80", "a b:80", "http://a:80", ":80"])
def test_an_entry_that_is_no_host_and_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its words are the standard library's, in part
        parse_allowed(text)


async def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    async def silent(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    client = HttpClient(Guard(resolve=silent))
    bounds = Bounds(connect=timedelta(milliseconds=50))
    with pytest.raises(CallFailed) as failed:
        async with client.send(Request(method="GET", target=Target.parse("http://slow.example/")), bounds):
            pass
    assert (failed.value.reason, failed.value.is_sent, failed.value.is_temporary) == ("timeout", False, True)
