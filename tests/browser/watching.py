"""Watches everything that pages report: whatever a test has not announced fails it.

A fault is a violation of the Content-Security-Policy, an uncaught error, an error on the console, a page that crashed,
a request that broke or was refused, and a request to any other server. Requests that the page itself ended are none.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response

PATIENCE_S = 10
ICON = "/satchel.svg"

_REPORTED = "satchelReportsViolation"
_SCRIPT = f"""
document.addEventListener("securitypolicyviolation", (event) => {{
  window.{_REPORTED}(`${{event.effectiveDirective}} ${{event.blockedURI}} ${{event.sourceFile}}:${{event.lineNumber}}`);
}});
"""
_LOCAL = ("blob:", "data:", "about:", "chrome:", "chrome-extension:")  # the last two are its own viewer of PDFs
_OF_A_REPLY = "Failed to load resource"
"""How Chromium's console repeats a refused request, which is a fault of its own already."""


@dataclass
class Watch:
    """The faults of one test. It has no slots: Playwright notes on an object which of its methods listen.

    Attributes:
        origin: where the application is served.
        faults: what was seen, in order.
        announced: patterns of faults that the test provokes.
    """

    origin: str
    faults: list[str] = field(default_factory=list[str])
    announced: list[str] = field(default_factory=list[str])

    def expect(self, *patterns: str) -> None:
        """Announce faults that the test provokes, by regular expressions; each has to come, and may come often."""
        self.announced += patterns

    async def attend(self, context: BrowserContext) -> None:
        """Watch all pages of a context."""
        await context.expose_function(_REPORTED, lambda text: self.faults.append(f"policy: {text}"))
        await context.add_init_script(_SCRIPT)  # by the protocol: no policy applies to it, and none is switched off
        context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        context.on("page", lambda page: page.on("crash", lambda _: self.faults.append(f"crash: {page.url}")))

    async def seen(self, pattern: str) -> str:
        """Wait for a fault that a regular expression finds, and return it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for one in self.faults:
                if re.search(pattern, one):
                    return one
            await asyncio.sleep(0.01)  # the browser works in its own time
        raise AssertionError("\n".join([f"no fault that matches {pattern} came, but:", *self.faults]))

    @property
    def unexpected(self) -> list[str]:
        """The faults so far that were not announced."""
        return [one for one in self.faults if not any(re.search(each, one) for each in self.announced)]

    def check(self) -> None:
        """Fail on what was not announced, and on what was and did not come."""
        unexpected = self.unexpected
        missing = [each for each in self.announced if not any(re.search(each, one) for one in self.faults)]
        assert not unexpected, "\n".join(["the browser reported faults:", *unexpected])
        assert not missing, "\n".join(["faults were announced and did not come:", *missing, "but:", *self.faults])

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_OF_A_REPLY):
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", *_LOCAL)):
            self.faults.append(f"foreign: {request.method} {request.url}")

    def _failed(self, request: Request) -> None:
        is_icon = urlsplit(request.url).path == ICON  # the browser asks for it whenever it likes
        if request.failure != "net::ERR_ABORTED" and not is_icon:
            self.faults.append(f"request: {request.method} {_path(request.url)} {request.failure}")

    def _response(self, response: Response) -> None:
        asked = f"{response.request.method} {_path(response.url)}"
        is_signed_out = asked == "GET /api/v1/session" and response.status == 401  # how a page finds that out
        is_not_made_yet = re.fullmatch(r"GET /api/v1/files/\d+/preview", asked) and response.status == 404
        if response.status >= 400 and not is_signed_out and not is_not_made_yet:  # the page asks for previews again
            self.faults.append(f"request: {asked} {response.status}")


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
