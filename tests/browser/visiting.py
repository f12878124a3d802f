"""Opens the application in the browser as somebody, at a width and in a theme, and watches it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from browser.offices import Login, Office
from browser.watching import Watch

PICTURES = Path(__file__).parents[2] / "build" / "browser"
"""Where failed tests leave pictures of their pages."""

Scheme = Literal["light", "dark"]

HEIGHTS = {1280: 900, 390: 844}

every_look = pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        pytest.param(1280, "dark", marks=pytest.mark.soak),
        pytest.param(390, "light", marks=pytest.mark.soak),
        (390, "dark"),
    ],
)
"""Runs a test at both widths and in both themes; the two other pairs of these are among the slow proofs."""

PATIENCE_MS = 30_000
"""How long anything may take on a machine that is busy: much longer than it does."""


@dataclass(slots=True, kw_only=True)
class Visits:
    """The pages of one test. Calling it opens another, in a context of its own as another person's browser would.

    Attributes:
        url: of the application.
        office: whose people sign in; made when the first does.
        watch: the faults of all pages.
    """

    browser: Browser
    url: str
    office: Office
    watch: Watch
    contexts: list[BrowserContext] = field(default_factory=list[BrowserContext])

    async def __call__(
        self, path: str = "/", *, who: str | None = None, width: int = 1280, scheme: Scheme = "light"
    ) -> Page:
        """Open an address, signed in by the cookie as one of the office's people or not at all.

        Args:
            path: of the address.
            who: key of a person; None opens it as somebody who is not signed in.
            width: 1280, or 390 for a phone with touch.
            scheme: the theme that the system asks for.
        """
        context = await self.context(width=width, scheme=scheme)
        if who is not None:
            await self.sign_in(context, who)
        page = await context.new_page()
        await page.goto(path)
        return page

    async def context(self, *, width: int = 1280, scheme: Scheme = "light") -> BrowserContext:
        """Open a watched context without a page."""
        is_phone = width < 600
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": HEIGHTS[width]},
            has_touch=is_phone,
            is_mobile=is_phone,
            color_scheme=scheme,
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(PATIENCE_MS)
        await self.watch.attend(context)
        self.contexts.append(context)
        return context

    async def sign_in(self, context: BrowserContext, who: str) -> None:
        """Sign one of the office's people in without a page: the context has the session's cookie from then on."""
        name, value = await self.office.session(who)
        await context.add_cookies(
            [{"name": name, "value": value, "url": self.url, "httpOnly": True, "sameSite": "Lax"}]
        )

    async def close(self) -> None:
        """Close every page; what they still report comes before this ends."""
        for context in self.contexts:
            await context.close()

    async def photograph(self, name: str, say: Callable[[str], None]) -> None:
        """Take a picture of every open page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        pages = [page for context in self.contexts for page in context.pages]
        for number, page in enumerate(pages, start=1):
            path = PICTURES / f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}-{number}.png"
            await page.screenshot(path=path, timeout=PATIENCE_MS)
            say(f"{page.url} is shown in {path}")


async def sign_in_on_page(page: Page, login: Login) -> None:
    """Sign in with the form that is on a page."""
    await page.get_by_label("E-mail").fill(login.email)
    await page.get_by_label("Password", exact=True).fill(login.password)
    await page.get_by_role("button", name="Sign in", exact=True).click()
