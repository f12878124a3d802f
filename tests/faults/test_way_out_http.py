"""The HTTP client of outgoing calls against a real server that misbehaves on purpose."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certificates import certificate
from peers import Arrived, Peer, peer, raw_peer
from satchel.model.transfer.reply_names import complete_name
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Guard
from satchel.outbound.http import Bounds, HttpClient
from satchel.outbound.request import Request, RequestBody, bytes_body
from satchel.outbound.target import Target
from satchel.outbound.trust import Trust

SMALL = Bounds(reply_bytes=1000)
MEBIBYTE = 1024 * 1024


@pytest.fixture
async def other() -> AsyncIterator[Peer]:
    async with peer() as made:
        yield made


def client_of(*peers: Peer) -> HttpClient:
    return HttpClient(Guard(allowed=tuple(parse_allowed(f"127.0.0.1:{one.port}") for one in peers)))


async def fetch(client: HttpClient, url: str, bounds: Bounds = SMALL) -> bytes:
    async with client.send(Request(method="GET", target=Target.parse(url)), bounds) as reply:
        return await reply.read()


async def reason_of(client: HttpClient, url: str, bounds: Bounds = SMALL) -> str:
    with pytest.raises(CallFailed) as failed:
        await fetch(client, url, bounds)
    return failed.value.reason


async def test_a_streamed_body_arrives_whole_under_its_known_length(other: Peer) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 100_000

    body = RequestBody(media_type="application/pdf", size_bytes=500_000, open=pieces)
    request = Request(
        method="PUT",
        target=Target.parse(other.url("/a?b=c")),
        headers=[("X-Kind", "PDF, größer")],
        secret_headers=[("Authorization", "Bearer hidden")],
        body=body,
    )
    async with client_of(other).send(request, SMALL) as reply:
        assert (reply.status, reply.sent_bytes) == (204, 500_000)
        assert reply.address == f"127.0.0.1:{other.port}"
    arrived = other.requests[0]
    assert (arrived.method, arrived.target, arrived.body) == ("PUT", "/a?b=c", b"x" * 500_000)
    assert arrived.headers["content-length"] == "500000"
    assert arrived.headers["accept-encoding"] == "identity"
    assert arrived.headers["x-kind"] == "PDF, größer"
    assert arrived.headers["authorization"] == "Bearer hidden"
    assert "hidden" not in repr(request)


@pytest.mark.parametrize(("said", "reason"), [(9, "protocol"), (11, "protocol")])
async def test_a_body_of_another_length_than_announced_is_no_call(other: Peer, said: int, reason: str) -> None:
    request = Request(
        method="POST",
        target=Target.parse(other.url()),
        body=RequestBody(media_type="text/plain", size_bytes=said, open=bytes_body(b"0123456789", "text/plain").open),
    )
    with pytest.raises(CallFailed) as failed:
        async with client_of(other).send(request, SMALL):
            pass
    assert failed.value.reason == reason
    assert other.requests == []


async def test_a_chunked_reply_is_read_whole(other: Peer) -> None:
    url = other.says("/c", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert await fetch(client_of(other), url) == b"abcde"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "reply_cut_short"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "reply_cut_short"),
        (b"HTTP/1.1 200 OK\r\n\r\nwho knows", "reply_without_length"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001, "reply_too_large"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n",
         "reply_too_large"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: br\r\n\r\nabcd", "reply_encoding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nabcd", "reply_encoding"),
        (b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n", "protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol"),
        (b"", "protocol"),
    ],
)  # fmt: skip
async def test_a_reply_that_is_not_whole_is_no_reply(other: Peer, raw: bytes, reason: str) -> None:
    client = client_of(other)
    assert await reason_of(client, other.says("/bad", raw)) == reason
    assert await fetch(client, other.answers("/good", b"fine")) == b"fine"


async def test_a_compressed_bomb_is_stopped_at_the_limit(other: Peer) -> None:
    bomb = gzip.compress(bytes(50 * MEBIBYTE))
    url = other.answers("/bomb", bomb, "Content-Encoding: gzip")
    tracemalloc.start()
    try:
        assert await reason_of(client_of(other), url, Bounds(reply_bytes=MEBIBYTE)) == "reply_too_large"
        assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
    finally:
        tracemalloc.stop()


async def test_a_compressed_reply_that_nobody_asked_for_is_unpacked_whole(other: Peer) -> None:
    client = client_of(other)
    assert (
        await fetch(client, other.answers("/g", gzip.compress(b"text" * 100), "Content-Encoding: gzip"))
        == b"text" * 100
    )
    assert await fetch(client, other.answers("/d", zlib.compress(b"text"), "Content-Encoding: deflate")) == b"text"
    cut = gzip.compress(bytes(500))[:-9]
    assert await reason_of(client, other.answers("/cut", cut, "Content-Encoding: gzip")) == "reply_cut_short"


async def test_an_endless_reply_ends_at_the_limit(other: Peer) -> None:
    async def endless(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    other.paths["/endless"] = endless
    assert await reason_of(client_of(other), other.url("/endless")) == "reply_too_large"


async def test_an_endless_reply_ends_at_the_deadline_too(other: Peer) -> None:
    async def drip(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    other.paths["/drip"] = drip
    bounds = Bounds(total=timedelta(milliseconds=200))
    with pytest.raises(CallFailed, match=r"within 0\.2 s") as failed:
        await fetch(client_of(other), other.url("/drip"), bounds)
    assert (failed.value.reason, failed.value.is_sent) == ("timeout", True)


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
async def test_a_server_that_stops_talking_is_left(other: Peer, beginning: bytes) -> None:
    url = other.never_answers("/silent", beginning)
    bounds = Bounds(idle=timedelta(milliseconds=100))
    with pytest.raises(CallFailed, match="for too long") as failed:
        await fetch(client_of(other), url, bounds)
    assert (failed.value.reason, failed.value.is_sent, failed.value.is_temporary) == ("timeout", True, True)


async def test_a_port_that_nobody_listens_on_is_unreachable() -> None:
    async with peer() as gone:
        pass
    with pytest.raises(CallFailed) as failed:
        await fetch(client_of(gone), gone.url())
    assert (failed.value.reason, failed.value.is_sent, failed.value.is_temporary) == ("unreachable", False, True)


async def test_an_early_refusal_is_heard_while_the_body_still_goes() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!")
        await writer.drain()
        while await reader.read(65536):
            pass

    async with raw_peer(refuse) as other:
        request = Request(
            method="POST", target=Target.parse(other.url()), body=bytes_body(bytes(4 * MEBIBYTE), "application/pdf")
        )
        async with client_of(other).send(request, SMALL) as reply:
            assert (reply.status, await reply.read()) == (413, b"no!")


async def test_redirects_are_replies_unless_they_are_asked_for(other: Peer) -> None:
    url = other.answers("/from", b"", "Location: /to", status="302 Found")
    other.answers("/to", b"there")
    client = client_of(other)
    async with client.send(Request(method="GET", target=Target.parse(url)), SMALL) as reply:
        assert reply.status == 302
    assert await fetch(client, url, Bounds(redirects=1)) == b"there"
    loop = other.answers("/loop", b"", "Location: /loop", status="307 Temporary Redirect")
    with pytest.raises(CallFailed, match="more than 3 times"):
        await fetch(client, loop, Bounds(redirects=3))
    assert [arrived.target for arrived in other.requests].count("/loop") == 4
    odd = other.answers("/odd", b"", "Location: file:///etc/passwd", status="302 Found")
    assert await reason_of(client, odd, Bounds(redirects=3)) == "redirect"


async def test_credentials_and_bodies_stay_with_the_server_they_were_meant_for(other: Peer) -> None:
    async with peer() as elsewhere:
        client = client_of(other, elsewhere)
        for status in ("302 Found", "307 Temporary Redirect"):
            other.answers("/go", b"", f"Location: {elsewhere.url('/there')}", status=status)
            for method in ("GET", "POST"):
                body = bytes_body(b"secret body", "text/plain") if method == "POST" else None
                request = Request(
                    method=method,
                    target=Target.parse(other.url("/go")),
                    headers=[("X-Own", "mine")],
                    secret_headers=[("Authorization", "Bearer hidden")],
                    body=body,
                )
                if (method, status[:3]) == ("POST", "307"):
                    with pytest.raises(CallFailed, match="its body was not sent there"):
                        async with client.send(request, Bounds(redirects=1)):
                            pass
                    continue
                async with client.send(request, Bounds(redirects=1)) as reply:
                    assert reply.status == 204
        assert [arrived.method for arrived in elsewhere.requests] == ["GET", "GET", "GET"]
        for arrived in elsewhere.requests:
            assert "authorization" not in arrived.headers
            assert "x-own" not in arrived.headers
            assert arrived.body == b""


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "http://", "http:///x", "//a.example/",
        "http://user:secret@a.example/", "http://a.example:0/", "http://a.example:99999/", "http://a example/",
        "http://a.example\\@b.example/", "http://a.example/\r\nX: y", "http://[::1/", "http://a.example/%2e%2e/x",
        "http://a.example/../x", "http://" + "a" * 9000, "http://xn--ü.example/", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_an_address_that_parsers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(CallFailed) as failed:
        Target.parse(url)
    assert failed.value.reason == "bad_url"
    assert "secret" not in failed.value.message


def test_an_address_is_sent_as_it_is_held() -> None:
    target = Target.parse("HTTPS://Bücher.example:8443/größe/a%2Fb?q=ü&x=1#part")
    assert target.authority == "xn--bcher-kva.example:8443"
    assert target.request_target == "/gr%C3%B6%C3%9Fe/a%2Fb?q=%C3%BC&x=1"
    assert target.shown == "https://xn--bcher-kva.example:8443/gr%C3%B6%C3%9Fe/a%2Fb"


@pytest.mark.parametrize("header", [("Host", "a"), ("X-A", "b\r\nX-C: d"), ("X A", "b"), ("Content-Length", "1")])
async def test_a_header_that_would_change_the_request_is_refused(other: Peer, header: tuple[str, str]) -> None:
    request = Request(method="GET", target=Target.parse(other.url()), headers=[header])
    with pytest.raises(CallFailed) as failed:
        async with client_of(other).send(request, SMALL):
            pass
    assert failed.value.reason == "field"
    assert other.connections == 0


@pytest.mark.parametrize(
    ("headers", "path", "name"),
    [
        (['Content-Disposition: attachment; filename="receipt.pdf"'], "/x", "receipt.pdf"),
        (["Content-Disposition: attachment; filename*=UTF-8''gr%C3%BCn.pdf; filename=g.pdf"], "/x", "grün.pdf"),
        (['Content-Disposition: attachment; filename="../../etc/passwd"'], "/x", "passwd"),
        (['Content-Disposition: attachment; filename="..\\\\..\\\\win.ini"'], "/x", "win.ini"),
        (['Content-Disposition: attachment; filename="a\x1fb"'], "/x", "x"),
        (["Content-Disposition: attachment"], "/reports/r%C3%A9sum%C3%A9.pdf", "résumé.pdf"),
        ([], "/reports/%2e%2e%2fpasswd", "passwd"),
        ([], "/", "file"),
    ],
)  # fmt: skip
async def test_a_reply_is_named_safely(other: Peer, headers: list[str], path: str, name: str) -> None:
    url = other.answers(path, b"%PDF-1.7", *headers)
    async with client_of(other).send(Request(method="GET", target=Target.parse(url)), SMALL) as reply:
        named = complete_name(reply.said_name, reply.address_name, head=b"\0", said_type=None, accept=())
        assert named == name


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120.0), ("0", 0.0), ("Mon, 02 Mar 2026 09:31:00 GMT", 60.0), ("Mon, 02 Mar 2020 09:31:00 GMT", 0.0),
     ("999999999999999", 86400.0), ("soon", None), ("-5", None)],
)  # fmt: skip
async def test_a_wish_to_be_asked_later_is_read(other: Peer, text: str, seconds: float | None) -> None:
    url = other.answers("/busy", b"", f"Retry-After: {text}", status="503 Busy")
    async with client_of(other).send(Request(method="GET", target=Target.parse(url)), SMALL) as reply:
        assert reply.retry_after_s(datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) == seconds


async def test_a_server_is_verified_against_the_name_that_was_called(tmp_path: Path) -> None:
    async def here(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with peer(tls=certificate(tmp_path, "archive.example")) as secure:
        secure.answers("/x", b"over TLS")
        guard = Guard(allowed=(parse_allowed(f"127.0.0.1:{secure.port}"),), resolve=here)
        trusting = HttpClient(guard, Trust(tmp_path / "cert.pem"))
        assert await fetch(trusting, secure.url("/x", host="archive.example", scheme="https")) == b"over TLS"
        assert await reason_of(trusting, secure.url("/x", host="other.example", scheme="https")) == "tls"
        assert await reason_of(trusting, secure.url("/x", scheme="https")) == "tls"
        assert await reason_of(HttpClient(guard), secure.url("/x", host="archive.example", scheme="https")) == "tls"
        assert len(secure.requests) == 1


async def test_a_server_that_speaks_no_tls_is_not_spoken_to() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ready\r\n")
        await writer.drain()

    async with raw_peer(greet) as plain:
        assert await reason_of(client_of(plain), plain.url("/x", scheme="https")) == "tls"


async def _receive(size: int) -> None:
    async def large(_arrived: Arrived, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // MEBIBYTE):
            writer.write(bytes(MEBIBYTE))
            await writer.drain()

    async with peer() as other:
        other.paths["/large"] = large
        tracemalloc.start()
        try:
            request = Request(method="GET", target=Target.parse(other.url("/large")))
            async with client_of(other).send(request, Bounds(reply_bytes=size)) as reply:
                came = 0
                async for chunk in reply.body():
                    came += len(chunk)
            assert came == reply.received_bytes == size
            assert tracemalloc.get_traced_memory()[1] < 8 * MEBIBYTE
        finally:
            tracemalloc.stop()


async def test_a_large_reply_is_never_held_whole() -> None:
    await _receive(48 * MEBIBYTE)


@pytest.mark.soak
async def test_a_reply_of_a_gibibyte_is_never_held_whole() -> None:
    await _receive(1024 * MEBIBYTE)
