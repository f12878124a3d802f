"""The HTTP edge over real sockets: slow, large, malformed and abrupt clients, and stopping."""

import asyncio

import pytest

from edge import GET, PATIENT, QUICK, Application, problem, running


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}  # as in production: its transports differ from asyncio's


async def test_requests_share_a_connection() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()

        await client.send(GET)
        first = await client.answer()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
        second = await client.answer()

        assert (first[0], first[2], second[0], second[2]) == (200, b"/hello 0", 200, b"/body 3")
        assert "date" in first[1]
        assert "server" not in first[1]
        assert "connection" not in second[1]


async def test_headers_that_stop_half_way_are_answered_with_408() -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")

        assert problem(await client.everything()) == (408, "headers_too_slow")


async def test_headers_that_drip_do_not_move_the_deadline() -> None:
    async with running(Application()) as connect:
        client = await connect()

        async def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1000:
                await client.send(bytes([byte]))
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        raw = await client.everything()
        dripping.cancel()

        assert problem(raw) == (408, "headers_too_slow")


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"])
async def test_a_connection_that_asks_nothing_is_closed(sent: bytes) -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(sent)

        raw = await client.everything()

        assert raw == b"" or problem(raw) == (408, "headers_too_slow")


async def test_the_deadline_holds_for_the_second_request_too() -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(GET)
        await client.answer()

        await client.send(b"GET / HT")

        assert problem(await client.everything()) == (408, "headers_too_slow")


async def test_a_body_may_take_longer_than_the_headers_deadline() -> None:
    async with running(Application()) as connect:
        client = await connect()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
        await asyncio.sleep(QUICK.header_deadline_s + 0.1)  # past the deadline of the headers
        await client.send(b"b")

        assert (await client.answer())[2] == b"/body 2"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40_000,  # one line that does not end
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 8_000,  # many that do
    ],
    ids=["target", "header", "endless header", "many headers"],
)
async def test_a_header_block_over_its_limit_is_answered_with_431(sent: bytes) -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(sent)

        assert problem(await client.everything()) == (431, "headers_too_large")


async def test_a_header_block_within_its_limit_passes() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"GET /hello HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 30_000 + b"\r\n\r\n")

        assert (await client.answer())[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3,3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS spoken to a plain port
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
    ids=lambda sent: sent[:60].decode("latin-1").encode("ascii", "backslashreplace").decode().replace("\r\n", " "),
)
async def test_a_malformed_request_is_answered_with_400_and_reaches_nobody(sent: bytes) -> None:
    app = Application()
    async with running(app, PATIENT) as connect:
        client = await connect()
        await client.send(sent)

        assert problem(await client.everything()) == (400, "malformed_request")
        assert app.paths == []


async def test_a_bad_chunk_cuts_the_application_off() -> None:
    app = Application()
    async with running(app, PATIENT) as connect:
        client = await connect()
        await client.send(b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")

        raw = await client.everything()
        await asyncio.wait_for(app.was_cut_off.wait(), 10)

        assert problem(raw) == (400, "malformed_request")


@pytest.mark.parametrize(
    "declared", [b"Content-Length: 67108864", b"Transfer-Encoding: chunked", b"Expect: 100-continue"]
)
async def test_an_early_answer_reaches_a_client_that_goes_on_sending(declared: bytes) -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        extra = b"\r\nContent-Length: 67108864" if declared.startswith(b"Expect") else b""
        await client.send(b"POST /refuse HTTP/1.1\r\nHost: x\r\n" + declared + extra + b"\r\n\r\n")

        async def pour() -> None:
            chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n" if b"chunked" in declared else b"x" * 65536
            for _ in range(1024):
                await client.send(chunk)

        pouring = asyncio.create_task(pour())
        status, headers, body = await client.answer()
        pouring.cancel()

        assert (status, headers["connection"], body) == (413, "close", b"too large")


async def test_after_an_early_answer_the_connection_ends_within_the_lingering_time() -> None:
    async with running(Application(), PATIENT) as connect:
        client = await connect()
        await client.send(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nstart")
        await client.answer()

        async def until_it_fails() -> None:
            while True:
                await client.send(b"more")
                await asyncio.sleep(0.05)

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(until_it_fails(), 10)
