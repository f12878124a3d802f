"""The `timeout` of a task is what bounds an attempt: no silence that is shorter, and all of its steps together."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace

import pytest

from calling import allow, attempts, deploy_task
from hasty import Haste, hasty
from peers import Arrived, Peer, Respond, peer, raw_peer
from satchel.actions.identity import ceilings, secrets
from satchel.model.actor import Actor
from satchel.model.errors import InvalidBundle
from satchel.model.ids import InstanceId
from satchel.model.mail import MailServer
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from world import PDF, World, sha256

JSON = "Content-Type: application/json"
OAUTH = {"type": "oauth2", "client_id": "satchel", "client_secret": "key"}


@pytest.fixture
async def other(world: World) -> AsyncIterator[Peer]:
    async with peer() as made:
        allow(world, made)
        yield made


@pytest.fixture
async def haste() -> AsyncIterator[Haste]:
    with hasty() as made:
        yield made


def slow(haste: Haste, seconds: float, *pieces: bytes) -> Respond:
    """Return an answer that is silent for so long before each of its pieces."""

    async def respond(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            await haste.pass_by(seconds)
            writer.write(piece)
            await writer.drain()

    return respond


def reply(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def outcome(world: World, instance: InstanceId) -> tuple[str, str | None]:
    await world.perform(instance)
    made = (await attempts(world, instance))[-1]
    return made.state, made.reason


STEPS = ["head", "body", "token", "redirect", "file"]


async def deploy(world: World, other: Peer, haste: Haste, step: str, *, seconds: float, timeout: str) -> None:
    """Deploy a call that fetches a PDF, in which one step takes so long, and the others no time."""
    head, tail = reply(PDF, "Content-Type: application/pdf")[:-9], PDF[-9:]
    token = json.dumps({"access_token": "a token of the test", "token_type": "Bearer"}).encode()
    service: dict[str, object] = {"method": "GET", "url": other.url("/r.pdf"), "output": {"binary": "receipt"}}
    other.paths["/r.pdf"] = slow(haste, 0, head + tail)
    other.paths["/token"] = slow(haste, 0, reply(token, JSON))
    match step:
        case "head":
            other.paths["/r.pdf"] = slow(haste, seconds, head + tail)
        case "body":
            other.paths["/r.pdf"] = slow(haste, seconds / 2, head, tail)
        case "token":
            await secrets.put(world.context, world.admin, "key", "a secret of the test", apps=["*"])
            service["auth"] = {**OAUTH, "token_url": other.url("/token")}
            other.paths["/token"] = slow(haste, seconds, reply(token, JSON))
        case "redirect":
            moved = b"HTTP/1.1 302 Found\r\nLocation: /r.pdf\r\nContent-Length: 0\r\n\r\n"
            other.paths["/a"] = slow(haste, seconds / 2, moved)
            other.paths["/r.pdf"] = slow(haste, seconds / 2, head + tail)
            service |= {"url": other.url("/a"), "redirects": 1}
        case _:
            address = json.dumps({"file": "/r.pdf"}).encode()
            other.paths["/a"] = slow(haste, seconds / 2, reply(address, JSON))
            other.paths["/r.pdf"] = slow(haste, seconds / 2, head + tail)
            inside = {"file": {"to": "receipt", "path": "$.file", "encoding": "url"}}
            service |= {"url": other.url("/a"), "output": inside}
    await deploy_task(world, kind="rest", timeout=timeout, **service)


@pytest.mark.parametrize("step", STEPS)
async def test_a_call_may_be_silent_for_as_long_as_its_timeout(
    world: World, clerk: Actor, other: Peer, haste: Haste, step: str
) -> None:
    await deploy(world, other, haste, step, seconds=100, timeout="PT2M")
    source = await world.start(clerk, "RST")

    assert await outcome(world, source) == ("done", None)

    assert [file.digest for file in await world.files(source)] == [sha256(PDF)]


@pytest.mark.parametrize("step", STEPS)
async def test_a_timeout_bounds_all_steps_of_a_call_together(
    world: World, clerk: Actor, other: Peer, haste: Haste, step: str
) -> None:
    await deploy(world, other, haste, step, seconds=12, timeout="PT10S")
    source = await world.start(clerk, "RST")

    assert await outcome(world, source) == ("failed", "timeout")

    (made,) = await attempts(world, source)
    assert made.message is not None
    assert "within 10 s in all" in made.message
    assert await world.files(source) == []


@pytest.mark.parametrize("kind", ["rest", "mail"])
@pytest.mark.parametrize(("seconds", "timeout"), [(100, "PT2M"), (12, "PT10S")])
async def test_a_name_may_take_as_long_to_resolve_as_the_timeout(
    world: World, clerk: Actor, haste: Haste, kind: str, *, seconds: int, timeout: str
) -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        await haste.pass_by(seconds)
        raise OSError("there is no such name")

    mail_server = MailServer(security="smtp", host="slow.invalid", port=25, user=None, password="")
    world.context = replace(world.context, http=HttpClient(Guard(resolve=resolve)), mail_server=mail_server)
    rest = {"kind": "rest", "method": "GET", "url": "http://slow.invalid/", "output": {"binary": "receipt"}}
    await deploy_task(world, **(MAIL if kind == "mail" else rest), timeout=timeout)
    source = await world.start(clerk, "RST")

    state, reason = await outcome(world, source)

    (made,) = await attempts(world, source)
    is_late = timeout == "PT10S"
    assert (state, reason) == ("failed", "dns" if is_late or kind == "rest" else "mail")
    late = "No name server returned the address of slow.invalid within 10 s; nothing was sent."
    assert (made.message == late) == is_late, made.message


@pytest.mark.parametrize(("timeout", "expected"), [("PT2M", ("done", None)), ("PT20S", ("failed", "timeout"))])
async def test_a_server_may_read_slowly_for_as_long_as_the_timeout(
    world: World, clerk: Actor, haste: Haste, timeout: str, expected: tuple[str, str | None]
) -> None:
    async def read_slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted: socket.socket = writer.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        left = int(length.partition(b":")[2])
        left -= len(await reader.readexactly(1))
        for _ in range(300):  # until the sender has read ahead, and waits for this side
            await asyncio.to_thread(int)
        await haste.pass_by(60)
        while left > 0:
            left -= len(await reader.read(min(left, 1024 * 1024))) or left
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    await ceilings.set_ceiling(world.context, world.account, 10**8)
    async with raw_peer(read_slowly) as other:
        allow(world, other)
        service = {"kind": "rest", "method": "PUT", "url": other.url("/"), "body": "file", "file": "doc"}
        await deploy_task(world, **service, timeout=timeout)
        data = b"x" * 20_000_000
        doc = await world.upload(clerk, data, name="a.txt", field="doc", app="RST")
        source = await world.start(clerk, "RST", doc=doc)

        assert await outcome(world, source) == expected


@pytest.mark.parametrize(("timeout", "reason"), [("PT2M", "tls"), ("PT20S", "timeout")])
async def test_a_handshake_may_take_as_long_as_the_timeout(
    world: World, clerk: Actor, haste: Haste, timeout: str, reason: str
) -> None:
    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read(1)  # the greeting of TLS
        await haste.pass_by(60)

    async with raw_peer(say_nothing) as other:
        allow(world, other)
        await deploy_task(world, kind="rest", method="GET", url=other.url("/", scheme="https"), timeout=timeout)
        source = await world.start(clerk, "RST")

        assert (await outcome(world, source))[1] == reason


@pytest.fixture
def silent_mail(world: World) -> Iterator[MailServer]:
    """A mail server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = MailServer(security="smtp", host="127.0.0.1", port=port, user=None, password="")
        world.context = replace(world.context, mail_server=server)
        yield server


MAIL: Mapping[str, object] = {"kind": "mail", "to": "a@example.com", "subject": "s", "text": "t"}


async def test_a_mail_server_that_is_silent_is_left_after_the_timeout(
    world: World, clerk: Actor, silent_mail: MailServer
) -> None:
    assert silent_mail.port
    await deploy_task(world, **MAIL, timeout="PT1S")
    source = await world.start(clerk, "RST")

    begun = time.monotonic()
    assert await outcome(world, source) == ("failed", "timeout")

    assert time.monotonic() - begun < 10


async def test_a_mail_server_that_keeps_talking_is_left_after_the_timeout_too(world: World, clerk: Actor) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        await reader.readline()
        hung_up = asyncio.ensure_future(reader.read())
        while not hung_up.done():
            writer.write(b"250-more\r\n")
            await writer.drain()
            await asyncio.wait({hung_up}, timeout=0.05)

    async with raw_peer(talk) as other:
        server = MailServer(security="smtp", host="127.0.0.1", port=other.port, user=None, password="")
        world.context = replace(world.context, mail_server=server)
        await deploy_task(world, **MAIL, timeout="PT1S")
        source = await world.start(clerk, "RST")

        assert await outcome(world, source) == ("failed", "timeout")


@pytest.mark.parametrize("timeout", ["PT0S", "1m", 60])
async def test_a_timeout_that_is_no_duration_is_refused_when_it_is_deployed(world: World, timeout: object) -> None:
    with pytest.raises(InvalidBundle):
        await deploy_task(world, **MAIL, timeout=timeout)
