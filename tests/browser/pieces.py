"""Watches the pieces in which a page sends files, and holds one up or breaks it."""

import asyncio
import re

from playwright.async_api import Page, Route

PATIENCE_S = 30
TUS = re.compile(r"/api/v1/uploads/\d+/tus$")


class Patches:
    """The pieces that a page sends, by their offsets; the piece at `stop_at` is held up or broken once.

    Attributes:
        offsets: of all pieces, in order.
    """

    def __init__(self, stop_at: int | None = None, *, breaks: bool = False) -> None:
        self.offsets: list[int] = []
        self._stop_at = stop_at
        self._breaks = breaks
        self._held: asyncio.Future[Route] = asyncio.get_running_loop().create_future()

    async def attend(self, page: Page) -> "Patches":
        """Watch the pieces of a page."""
        await page.route(TUS, self._pass)
        return self

    async def go_on(self) -> None:
        """Wait for the piece that is held up, and let it pass."""
        async with asyncio.timeout(PATIENCE_S):
            route = await self._held
        await route.continue_()

    async def _pass(self, route: Route) -> None:
        if route.request.method != "PATCH":
            await route.continue_()
            return
        offset = int(route.request.headers["upload-offset"])
        self.offsets.append(offset)
        if offset != self._stop_at:
            await route.continue_()
            return
        self._stop_at = None
        if self._breaks:
            await route.abort("connectionreset")
        else:
            self._held.set_result(route)
