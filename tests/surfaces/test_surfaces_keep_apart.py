"""Each surface answers for its own addresses in its own words, also where it has nothing there."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from satchel.actions.apps import deploying
from satchel.model.actor import Actor
from satchel.model.errors import SatchelError
from satchel.settings import read_settings
from satchel.surfaces.app import SURFACES, create_app
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.surface import Surface
from world import World, open_world


async def _who(exchange: Exchange) -> Reply:
    """Say who asks, and for what."""
    return Reply(body=f"{exchange.actor.name} {exchange.params['name']} {exchange.scope['raw_path'].decode()}".encode())


async def _app(exchange: Exchange) -> Reply:
    """Say an app's name."""
    return Reply(
        body=(await deploying.read(exchange.context, exchange.actor, exchange.params["name"])).manifest.name.encode()
    )


async def _crash(exchange: Exchange) -> Reply:
    """Fail in a way that nobody expected."""
    raise ZeroDivisionError(exchange.method)


def _worded(error: SatchelError | None, exchange: Exchange) -> Reply:
    return Reply(status=200, body=f"OOPS {error.code if error else 'crash'} {exchange.method}".encode())


def _surface(world: World) -> Surface:
    async def whoever_says_so(exchange: Exchange) -> Actor | None:
        if exchange.header("x-me") == "admin":
            exchange.known_actor = world.admin
        return exchange.known_actor

    return Surface(
        prefix="/other",
        endpoints=(
            endpoint("GET", "/other/who/{name}", _who),
            endpoint("GET", "/other/apps/{name}", _app),
            endpoint("GET", "/other/crash", _crash),
        ),
        document=_worded,
        authenticate=whoever_says_so,
        normal_path=lambda path: path.lower().replace("//", "/"),
    )


@pytest.fixture
async def client(populated_database: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with open_world(populated_database, tmp_path) as world:
        app = create_app(world.context, read_settings({}), [*SURFACES, _surface(world)])
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as made:
            yield made


@pytest.mark.parametrize(
    ("method", "path", "me", "answer"),
    [
        ("GET", "/other/nothing/here", "admin", "OOPS not_found GET"),
        ("GET", "/OTHER", "admin", "OOPS not_found GET"),
        ("DELETE", "/other/crash", "admin", "OOPS method_not_allowed DELETE"),
        ("TRACE", "/other/crash", "admin", "OOPS method_not_allowed TRACE"),
        ("GET", "/other/crash", "", "OOPS unauthenticated GET"),
        ("GET", "/other/crash", "admin", "OOPS crash GET"),
        ("GET", "/other/apps/XYZ", "admin", "OOPS not_found GET"),
    ],
)
async def test_a_surface_words_every_refusal_itself(
    client: httpx.AsyncClient, method: str, path: str, me: str, answer: str
) -> None:
    assert (await client.request(method, path, headers={"X-Me": me})).text == answer


async def test_a_surface_may_take_several_spellings_of_an_address(client: httpx.AsyncClient) -> None:
    answer = await client.get("/Other//WHO/Anna", headers={"X-Me": "admin"})

    assert answer.text.endswith(" anna /Other//WHO/Anna")


@pytest.mark.parametrize("path", ["/others/who/anna", "/nothing", "/api/v1/nothing"])
async def test_what_is_no_surface_s_is_answered_by_a_problem_document(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"X-Me": "admin"})

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


async def test_requests_for_nothing_are_counted_too(client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.get("/nothing")

    assert 'satchel_requests_total{status="4xx"} 3' in (await client.get("/metrics")).text
