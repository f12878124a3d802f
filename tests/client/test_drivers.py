"""What the two drivers do with bodies: large ones are let go of at once."""

import gc
import tracemalloc
from collections.abc import Iterator

import httpx
import pytest

from satchel.client.drivers import AsyncDriver, BlockingDriver, ServerLogin
from satchel.client.steps import NO_RETRIES, Request, send

BODY_BYTES = 4 * 1024 * 1024
ACCOUNT = ServerLogin(url="http://127.0.0.1:8080")


class Swallowing(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """Takes a body whole and answers nothing."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Take it as it is awaited."""
        assert isinstance(request.stream, httpx.AsyncByteStream)
        return self._answer(request, [len(piece) async for piece in request.stream])

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Take it at once."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        return self._answer(request, [len(piece) for piece in request.stream])

    def _answer(self, request: httpx.Request, sizes: list[int]) -> httpx.Response:
        assert request.headers["content-length"] == str(sum(sizes)) == str(BODY_BYTES)
        assert "transfer-encoding" not in request.headers
        return httpx.Response(200)


@pytest.fixture
def without_collector() -> Iterator[None]:
    """No garbage collector, so that what only it would free is seen."""
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


def _body() -> Request:
    return Request(method="PUT", path="/", content=bytes(BODY_BYTES))


@pytest.mark.usefixtures("without_collector")
async def test_a_body_that_was_sent_is_not_held_until_the_collector_comes() -> None:
    waiting = AsyncDriver(ACCOUNT, retries=NO_RETRIES, transport=Swallowing())
    blocking = BlockingDriver(ACCOUNT, retries=NO_RETRIES, transport=Swallowing())
    for _ in range(4):
        await waiting.run(send(_body()))
        blocking.run(send(_body()))
    held, _ = tracemalloc.get_traced_memory()
    assert held < BODY_BYTES
