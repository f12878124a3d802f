"""Cross-origin requests (fetch.spec.whatwg.org): which pages of other origins may call the native API and tus.

Off unless the operator names origins. Cookies are never accepted from there: such a page signs in with a token, so that
a page that is allowed can do no more than its token, and nothing by a session that a browser happens to have.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from satchel.surfaces.kit.bodies import Receive
from satchel.surfaces.kit.exchange import Send

Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED = (
    *("Authorization", "Content-Type", "Content-Disposition", "Content-Digest", "Repr-Digest", "Idempotency-Key"),
    *("If-Match", "If-None-Match", "If-Range", "Range", "X-API-Key", "X-HTTP-Method-Override"),
    *("Tus-Resumable", "Upload-Checksum", "Upload-Defer-Length", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)
"""Request headers that a page may set."""

EXPOSED = (
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Location", "Retry-After", "WWW-Authenticate"),
    *("Satchel-Cursor", "Satchel-Ignored", "Satchel-Layout", "Satchel-Left-Out", "Satchel-Window", "X-Request-Id"),
    *("Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
    *("Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
)
"""Reply headers that a page may read."""

_MAX_AGE_S = 600


def with_origins(application: Application, prefix: str, origins: Sequence[str]) -> Application:
    """Return an application that lets pages of some origins call the addresses below a prefix; itself where none may.

    Args:
        application: that answers.
        prefix: of the addresses.
        origins: such as `https://app.example`.
    """
    if not origins:
        return application
    known = {origin.encode("ascii"): origin for origin in origins}

    async def answer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if not scope["path"].startswith(prefix):
            await application(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin", b"")
        more = [(b"vary", b"Origin")]
        if origin in known:
            more.append((b"access-control-allow-origin", origin))
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"cookie"]}
        if origin in known and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            more += [
                (b"access-control-allow-methods", METHODS.encode()),
                (b"access-control-allow-headers", ", ".join(ALLOWED).encode()),
                (b"access-control-max-age", str(_MAX_AGE_S).encode()),
            ]
            await send({"type": "http.response.start", "status": 204, "headers": more})
            await send({"type": "http.response.body", "body": b""})
            return
        if origin in known:
            more.append((b"access-control-expose-headers", ", ".join(EXPOSED).encode()))

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await application(scope, receive, sending)

    return answer
