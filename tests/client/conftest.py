"""The client library on the real application, without a socket between; and a network that fails as it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from client.starting import Start
from described import check_async
from satchel.client.api import AsyncClient
from satchel.client.steps import Retries
from surfaces.conftest import Api
from surfaces.conftest import api as api  # noqa: PLC0414  # the fixture

ADDRESS = "http://127.0.0.1:8080"

Fault = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Network(httpx.AsyncBaseTransport):
    """Carries requests to the application, and does to their answers what the next fault says.

    Attributes:
        asked: every request, in order.
        faults: by method and the end of a path; each is used once.
        lives: how many more requests for bytes are answered, before the server is gone; None: all.
        first: is done before the next request for bytes, once.
    """

    def __init__(self, app: object) -> None:
        self._inner = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # an ASGI application
        self.asked: list[httpx.Request] = []
        self.faults: list[tuple[str, str, Fault]] = []
        self.lives: int | None = None
        self.first: Callable[[], Awaitable[None]] | None = None

    def fail(self, method: str, ending: str, fault: Fault) -> None:
        """Use a fault on the next request of this method whose path has this ending."""
        self.faults.append((method, ending, fault))

    def times(self, method: str, ending: str) -> int:
        """Return how often something was asked for."""
        return len([one for one in self.asked if one.method == method and one.url.path.endswith(ending)])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        self.asked.append(request)
        if request.url.path.endswith(("/content", "/download")):
            if self.first is not None:
                first, self.first = self.first, None
                await first()
            if self.lives is not None:
                self.lives -= 1
                if self.lives < 0:
                    raise httpx.ConnectError("connection refused", request=request)
        answer = await self._inner.handle_async_request(request)
        answer.request = request
        await check_async(answer)
        for known in self.faults:
            method, ending, fault = known
            if request.method == method and request.url.path.endswith(ending):
                self.faults.remove(known)
                await answer.aread()
                return fault(request, answer)
        return answer


def lost(request: httpx.Request, _answer: httpx.Response) -> httpx.Response:
    """Lose an answer: the server has done it, the client does not know."""
    raise httpx.ReadError("the connection was reset", request=request)


def cut_after(count: int) -> Fault:
    """Cut an answer's body after some bytes."""

    def cut(_request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        body = answer.content

        async def pieces() -> AsyncIterator[bytes]:
            yield body[:count]
            raise httpx.ReadError("the connection was reset")

        return httpx.Response(answer.status_code, headers=answer.headers, content=pieces())

    return cut


def replaced(body: bytes) -> Fault:
    """Answer with other bytes under the same headers."""

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    return lambda _request, answer: httpx.Response(answer.status_code, headers=answer.headers, content=pieces())


def answering(status: int, headers: dict[str, str] | None = None) -> Fault:
    """Answer with another status, as a proxy does whose server restarts."""
    return lambda _request, _answer: httpx.Response(status, headers=headers)


@pytest.fixture
def network(api: Api) -> Network:
    """What lies between the client and the application."""
    return Network(api.app)


@pytest.fixture
async def waits() -> list[float]:
    """The seconds that the client waited, which take no time here."""
    return []


@pytest.fixture
async def client(api: Api, network: Network, waits: list[float]) -> AsyncIterator[AsyncClient]:
    """A client that is signed in as the clerk."""
    async with signed_in(network, await token(api, "clerk"), waits) as made:
        yield made


async def token(api: Api, who: str) -> str:
    """Return a bearer token of somebody."""
    signed = await api.client(who)
    return signed.headers["authorization"].removeprefix("Bearer ")


def signed_in(network: Network, secret: str, waits: list[float]) -> AsyncClient:
    """Return a client over the network, whose waits are only written down."""
    made = AsyncClient(ADDRESS, token=secret, transport=network, retries=Retries(most=3))

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    made.driver.pause = pause
    return made


@pytest.fixture
async def start(api: Api, client: AsyncClient) -> Start:
    """Start an instance with files by name."""
    await api.world.deploy_example("file-collection")

    async def started(subject: str, files: dict[str, bytes] | None = None) -> int:
        sent = [
            (await client.upload(data, app="COL", field="files", name=name)).id for name, data in (files or {}).items()
        ]
        return await client.start("COL", {"subject": subject, "files": sent})

    return started
