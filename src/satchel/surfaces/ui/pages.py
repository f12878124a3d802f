"""Answers browsers with the web application: its page at every address that is nobody else's, and its files.

`/assets/` holds files whose names change with their content; they are kept for a year. Everything else is asked for
again each time. A request that does not prefer HTML, as programs' do not, gets from here only files that exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from satchel.model.transfer.ranges import is_unchanged
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.ui.site import Site, SiteFile, qualities

ASSETS = "/assets/"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    "connect-src 'self'; frame-src blob:; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
"""What the application may load: its own files, and pictures and PDFs that it fetched itself (`blob:`)."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self)",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer from here."""

NOT_BUILT = (
    "Satchel is running, but its web application has not been built.\n\n"
    "In a checkout, run `make web` and start Satchel again; `make demo` does both. Wheels from `make wheel` have it.\n"
    "The API works without it; /api/openapi.json describes it.\n"
)

_IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Pages:
    """The application's answers.

    Attributes:
        site: the built files.
    """

    site: Site

    def answers(self, method: str, path: str, accept: str | None) -> bool:
        """Return whether a request that no surface owns is for the application.

        Args:
            method: of the request.
            path: decoded.
            accept: the request's Accept header.
        """
        if method not in ("GET", "HEAD"):
            return False
        return path in self.site.files or (not path.startswith(ASSETS) and _prefers_html(accept))

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of all its addresses."""
        return endpoint("GET", "/*", self._answer, is_open=True)

    async def _answer(self, exchange: Exchange) -> Reply:
        """Return a file of the application, or its page."""
        path = exchange.scope["path"]
        file = self.site.files.get(path)
        if file is not None:
            return _reply(exchange, file, _IMMUTABLE if path.startswith(ASSETS) else "no-cache", "Accept-Encoding")
        if self.site.index is not None:
            return _reply(exchange, self.site.index, "no-cache", "Accept, Accept-Encoding")
        headers = {**HEADERS, "Content-Type": "text/plain; charset=utf-8"}
        return Reply(status=503, body=NOT_BUILT.encode(), headers=headers)


def _reply(exchange: Exchange, file: SiteFile, cache: str, vary: str) -> Reply:
    chosen = file.variant(exchange.header("accept-encoding"))
    headers = {**HEADERS, "Cache-Control": cache, "ETag": chosen.etag, "Vary": vary}
    if is_unchanged(exchange.header("if-none-match"), chosen.etag):
        return Reply(status=304, headers=headers)
    headers["Content-Type"] = file.media_type
    if chosen.encoding:
        headers["Content-Encoding"] = chosen.encoding
    return Reply(body=chosen.content, headers=headers)


def _prefers_html(accept: str | None) -> bool:
    """Return whether HTML is named, and JSON is not preferred: `*/*` alone, as programs send it, does not name it."""
    weights = qualities(accept or "")
    html = weights.get("text/html", 0.0)
    return html > max(0.0, *(weights.get(name, 0.0) for name in ("application/json", "application/problem+json")))
