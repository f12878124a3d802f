"""Two requests of which the second comes while the first has changed everything and not yet committed it.

The second runs until it is answered or waits for a lock; then the first goes on. With each of the first one's
transactions as the moment in turn, whatever reads before it locks is found.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import httpx

from satchel.db.pool import Writer
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api

Answers = tuple[httpx.Response, httpx.Response]
MOST_MOMENTS = 20


async def overtaken(
    api: Api,
    first: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]],
    second: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]],
) -> AsyncIterator[Answers]:
    """Give the answers of both, for each transaction of the first; the caller undoes what they did in between.

    Both get a client of nobody's, and send what proves who they are themselves.
    """
    for moment in range(MOST_MOMENTS):
        held = _Moment(api, moment, second)
        context = replace(api.world.context, database=api.world.context.database.with_every_write(held.reached))
        async with _client(create_app(context, read_settings({}))) as client:
            answer = await first(client)
        if held.other is None:
            return
        yield answer, await held.other


def _client(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=("198.51.100.1", 5000))  # type: ignore[arg-type]  # as httpx names ASGI
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", timeout=60)


class _Moment:
    def __init__(self, api: Api, number: int, second: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> None:
        self._api = api
        self._left = number
        self._second = second
        self.other: asyncio.Task[httpx.Response] | None = None

    async def reached(self, _tx: Writer) -> None:
        """Start the second at its moment, and wait until it is done or waits for a lock."""
        if self._left == 0:
            self.other = asyncio.create_task(self._run())
            while not self.other.done() and not await self._is_waiting():
                await asyncio.wait({self.other}, timeout=0.001)
        self._left -= 1

    async def _run(self) -> httpx.Response:
        async with _client(self._api.app) as client:
            return await self._second(client)

    async def _is_waiting(self) -> bool:
        query = (
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            " AND backend_type = 'client backend'"
        )
        return bool(await self._api.world.rows(query))
