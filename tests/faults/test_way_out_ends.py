"""Where a reply ends: by its length, its last chunk, or a connection that was closed and did not break."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from certificates import certificate
from peers import Peer, peer, raw_peer
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Guard
from satchel.outbound.http import Bounds, HttpClient
from satchel.outbound.request import Request
from satchel.outbound.target import Target
from satchel.outbound.trust import Trust

BOUNDS = Bounds(reply_bytes=100_000)
HOST = "archive.example"
BODY = b"%PDF-1.7 " + b"x" * 50_000
ONE_0, ONE_1 = b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\n"


async def here(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def client_of(other: Peer, folder: Path | None = None) -> HttpClient:
    guard = Guard(allowed=(parse_allowed(f"127.0.0.1:{other.port}"),), resolve=here)
    return HttpClient(guard, Trust(folder / "cert.pem") if folder is not None else None)


async def fetch(client: HttpClient, url: str, bounds: Bounds = BOUNDS) -> bytes | str:
    """Return a reply's body, or why there is none."""
    try:
        async with client.send(Request(method="GET", target=Target.parse(url)), bounds) as reply:
            return await reply.read()
    except CallFailed as failed:
        return failed.reason


@pytest.fixture
async def plain() -> AsyncIterator[Peer]:
    async with peer() as made:
        yield made


@pytest.mark.parametrize("first", [ONE_0, ONE_1])
async def test_a_reply_over_tls_may_end_where_its_connection_is_closed(tmp_path: Path, first: bytes) -> None:
    async with peer(tls=certificate(tmp_path, HOST)) as other:
        other.says("/x", first + b"Content-Type: application/pdf\r\n\r\n" + BODY)
        url = other.url("/x", host=HOST, scheme="https")

        assert await fetch(client_of(other, tmp_path), url) == BODY
        assert await fetch(client_of(other, tmp_path), url, replace(BOUNDS, reply_bytes=50_000)) == "reply_too_large"


@pytest.mark.parametrize("until_close", [True, False])
@pytest.mark.parametrize("body", [BODY, b""])
async def test_a_reply_over_tls_that_ends_with_a_broken_connection_is_cut_short(
    tmp_path: Path, body: bytes, *, until_close: bool
) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ONE_0 + b"\r\n" + body)
        await writer.drain()
        connection: socket.socket = writer.get_extra_info("socket")
        connection.shutdown(socket.SHUT_WR)  # TLS has not said that it ends
        await reader.read()

    async with raw_peer(break_off, tls=certificate(tmp_path, HOST)) as other:
        url = other.url("/x", host=HOST, scheme="https")
        bounds = replace(BOUNDS, until_close=until_close)
        assert await fetch(client_of(other, tmp_path), url, bounds) == "reply_cut_short"


async def test_a_reply_of_a_length_needs_no_close_of_its_tls(tmp_path: Path) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ONE_1 + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        await writer.drain()
        connection: socket.socket = writer.get_extra_info("socket")
        connection.shutdown(socket.SHUT_WR)
        await reader.read()

    async with raw_peer(break_off, tls=certificate(tmp_path, HOST)) as other:
        assert await fetch(client_of(other, tmp_path), other.url("/x", host=HOST, scheme="https")) == BODY


@pytest.mark.parametrize("first", [ONE_0, ONE_1])
async def test_without_tls_a_reply_ends_with_its_connection_only_where_that_is_allowed(
    plain: Peer, first: bytes
) -> None:
    url = plain.says("/x", first + b"\r\n" + BODY)
    client = client_of(plain)
    allowed = replace(BOUNDS, until_close=True)

    assert await fetch(client, url) == "reply_without_length"
    assert await fetch(client, url, allowed) == BODY
    assert await fetch(client, url, replace(allowed, reply_bytes=50_000)) == "reply_too_large"


async def test_a_connection_that_is_reset_is_no_end() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ONE_0 + b"\r\n" + BODY)
        await writer.drain()
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with raw_peer(reset) as other:
        found = await fetch(client_of(other), other.url("/x"), replace(BOUNDS, until_close=True))
        assert found in ("reply_cut_short", "protocol")


@pytest.mark.parametrize("end", [b"", b"0\r\n", b"0", b"0\r\nX-Trailer: 1\r\n", b"5\r\nabc"])
async def test_chunks_without_the_last_one_are_cut_short(plain: Peer, end: bytes) -> None:
    raw = ONE_1 + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + end
    for bounds in (BOUNDS, replace(BOUNDS, until_close=True)):
        assert await fetch(client_of(plain), plain.says("/c", raw), bounds) == "reply_cut_short"


async def test_packed_data_in_several_members_is_unpacked_whole_or_not_at_all(plain: Peer) -> None:
    packed = gzip.compress(b"first, ") + gzip.compress(b"second")
    client = client_of(plain)
    assert await fetch(client, plain.answers("/g", packed, "Content-Encoding: gzip")) == b"first, second"
    assert await fetch(client, plain.answers("/p", packed + bytes(20), "Content-Encoding: gzip")) == b"first, second"
    assert await fetch(client, plain.answers("/c", packed[:-4], "Content-Encoding: gzip")) == "reply_cut_short"
    bomb = gzip.compress(bytes(60_000)) * 3
    assert await fetch(client, plain.answers("/b", bomb, "Content-Encoding: gzip")) == "reply_too_large"
