"""The surfaces on a small world: the real application, without a socket between unless a test asks for one."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

import leaks
from described import check_async
from plain import PLAIN
from satchel.actions.identity import credentials
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from satchel.surfaces.kit.dispatch import Asgi
from world import World, open_world

MAKES_SECRET = re.compile(r"POST /api/v1/webhooks(/[0-9]+/secret)?")
"""What makes a secret of the server's own, and tells it this once."""


@dataclass(slots=True)
class Api:
    """Clients of one application, by person.

    Attributes:
        url: where it is served, or None where clients call it without a socket.
    """

    world: World
    app: Asgi
    stack: AsyncExitStack
    url: str | None = None
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def client(self, who: str) -> httpx.AsyncClient:
        """Return a client that is signed in as somebody; `anonymous` is nobody, `rival` the other account's admin."""
        if who not in self.clients:
            headers = {} if who == "anonymous" else {"Authorization": f"Bearer {await self._token(who)}"}
            transport: httpx.AsyncBaseTransport = httpx.AsyncHTTPTransport(verify=PLAIN)
            if self.url is None:
                transport = httpx.ASGITransport(app=self.app)
            client = httpx.AsyncClient(
                transport=transport,
                base_url=self.url or "http://127.0.0.1:8080",
                headers=headers,
                timeout=60,
                event_hooks={"response": [_check, check_async]},
            )
            self.clients[who] = await self.stack.enter_async_context(client)
        return self.clients[who]

    async def _token(self, who: str) -> str:
        world = self.world
        if who in ("admin", "rival"):
            actor = world.admin if who == "admin" else world.rival
        else:
            actor = await world.actor(who)
        assert actor.user_id is not None
        made = await credentials.create_token(world.context, actor, actor.user_id, kind="token", name="test")
        return made.secret

    async def upload(self, who: str, data: bytes, **wish: object) -> int:
        """Ask for a ticket, PUT the bytes to its address and return its number."""
        client = await self.client(who)
        asked = await client.post("/api/v1/uploads", json={"size": len(data), **wish})
        assert asked.status_code == 201, asked.text
        sent = await client.put(asked.json()["put_url"], content=data)
        assert sent.status_code == 200, sent.text
        return int(asked.json()["id"])


async def _check(answer: httpx.Response) -> None:
    """Check that an answer holds no secret that the test has set, or that the server has made earlier."""
    asked = f"{answer.request.method} {answer.request.url.path}"
    if MAKES_SECRET.fullmatch(asked) is None and leaks.is_anything_noted():
        await answer.aread()
        assert leaks.leaks(answer.content.decode("utf-8", "replace")) == [], f"{asked} tells a secret"


@pytest.fixture
async def api(populated_database: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The application on a world of its own."""
    async with open_world(populated_database, tmp_path) as world, AsyncExitStack() as stack:
        yield Api(world, create_app(world.context, read_settings({})), stack)
