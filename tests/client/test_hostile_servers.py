"""What a broken or hostile server may cost: neither memory nor time without end, and never a crash."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from satchel.client.api import AsyncClient, Client
from satchel.client.bounds import MOST_COLLECTED_BYTES, MOST_IDLE_PAGES
from satchel.client.drivers import AsyncDriver, BlockingDriver, ServerLogin
from satchel.client.refusals import Refused, UnexpectedReply, WrongBytes, refusal
from satchel.client.steps import NO_RETRIES, Request, send
from satchel.model.errors import SatchelError, Unavailable

ACCOUNT = ServerLogin(url="http://127.0.0.1:8080")
GET = Request(method="GET", path="/")
MIB = 1024 * 1024

Answer = Callable[[httpx.Request], httpx.Response]


class Pieces(httpx.AsyncByteStream, httpx.SyncByteStream):
    """A body in pieces, some of which take their time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


def bomb(encoding: str) -> Answer:
    """Return what answers 1 MiB that would be 1 GiB."""
    level = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    body = b"".join(level.compress(bytes(MIB)) for _ in range(1024)) + level.flush()

    def answer(_request: httpx.Request) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        return httpx.Response(200, headers=headers, stream=Pieces(iter([body])))

    return answer


async def both(answer: Answer) -> list[SatchelError]:
    """Return what the two drivers make of an answer."""
    found: list[SatchelError] = []
    waiting = AsyncDriver(ACCOUNT, retries=NO_RETRIES, transport=httpx.MockTransport(answer))
    blocking = BlockingDriver(ACCOUNT, retries=NO_RETRIES, transport=httpx.MockTransport(answer))
    try:
        await waiting.run(send(GET))
    except SatchelError as error:
        found.append(error)
    try:
        blocking.run(send(GET))
    except SatchelError as error:
        found.append(error)
    await waiting.close()
    blocking.http.close()
    return found


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_small_reply_does_not_become_a_large_one(encoding: str) -> None:
    answer = bomb(encoding)
    tracemalloc.start()

    found = await both(answer)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(one) for one in found] == [UnexpectedReply, UnexpectedReply]
    assert most < 4 * MOST_COLLECTED_BYTES


async def test_a_reply_without_end_is_not_collected() -> None:
    def endless(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Pieces(iter(lambda: bytes(MIB), b"")))

    found = await both(endless)

    assert [str(MOST_COLLECTED_BYTES) in one.message for one in found] == [True, True]


async def test_a_small_compressed_refusal_is_read() -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        packed = gzip.compress(b'{"code": "gone", "detail": "It is gone."}')
        headers = {"Content-Type": "application/problem+json", "Content-Encoding": "gzip"}
        return httpx.Response(410, headers=headers, stream=Pieces(iter([packed])))

    assert [(one.code, one.message) for one in await both(answer)] == [("gone", "It is gone.")] * 2


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "x" * 9_999])
async def test_an_encoding_that_was_not_requested_is_named(encoding: str) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Pieces(iter([b"x"])))

    assert [encoding[:40] in one.message for one in await both(answer)] == [True, True]


async def test_a_byte_a_second_is_too_slow() -> None:
    now = [0.0]

    def drops() -> Iterator[bytes]:
        while True:
            now[0] += 1
            yield b"x"

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Pieces(drops()))

    driver = AsyncDriver(ACCOUNT, retries=NO_RETRIES, transport=httpx.MockTransport(answer))
    driver.monotonic = lambda: now[0]
    with pytest.raises(Unavailable, match="less than 1024 bytes a second"):
        await driver.run(send(GET))
    blocking = BlockingDriver(ACCOUNT, retries=NO_RETRIES, transport=httpx.MockTransport(answer))
    blocking.monotonic = lambda: now[0]
    with pytest.raises(Unavailable, match="less than 1024 bytes a second"):
        blocking.run(send(GET))
    assert now[0] < 200
    await driver.close()
    blocking.http.close()


@pytest.mark.parametrize("name", ["message", "self", "status", "members"])
def test_a_problem_may_have_members_of_any_name(name: str) -> None:
    body = json.dumps({"code": "wrong", "detail": "It is wrong.", name: "x"}).encode()

    found = refusal(400, "application/problem+json", body)

    assert isinstance(found, Refused)
    assert (found.code, found.message) == ("wrong", "It is wrong.")


FILE = {
    "id": 1,
    "uuid": "00000000-0000-4000-8000-000000000000",
    "instance": 1,
    "field": "files",
    "area": None,
    "url": None,
    "metadata": {},
    "copied_from": None,
    "created_by": 1,
    "deleted_at": None,
    "revision": 1,
    "kind": "stored",
    "name": "a.txt",
    "description": "",
    "size": 5,
    "media_type": "text/plain",
    "sha256": "0" * 64,
    "created_at": "2026-03-01T12:00:00.000Z",
}


def longer(request: httpx.Request) -> httpx.Response:
    """Return a file of five bytes, and as its content bytes without end."""
    if request.url.path.endswith("/content"):
        return httpx.Response(200, stream=Pieces(iter(lambda: bytes(MIB), b"")))
    return httpx.Response(200, json=FILE)


def test_a_download_ends_where_its_file_does(tmp_path: Path) -> None:
    with Client(ACCOUNT.url, token="x", transport=httpx.MockTransport(longer)) as client:
        with pytest.raises(WrongBytes, match="More bytes than the 5"):
            client.download(1, tmp_path / "a.txt")
        with pytest.raises(WrongBytes, match="More bytes than the 5"):
            client.read(1)
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("following", ["same", "fresh"])
async def test_a_list_without_end_is_left(following: str) -> None:
    asked: list[int] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        asked.append(1)
        page: dict[str, object] = {"items": [], "next": "again" if following == "same" else str(len(asked))}
        return httpx.Response(200, json=page)

    client = AsyncClient(ACCOUNT.url, token="x", transport=httpx.MockTransport(answer))
    with pytest.raises(UnexpectedReply, match="repeats a page, or has no end"):
        _ = [one async for one in client.search()]
    await client.close()
    assert len(asked) <= MOST_IDLE_PAGES + 2
