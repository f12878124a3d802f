"""One request and what is known of it: headers, query, body, who asks; and the reply.

Handlers take an `Exchange` and return a `Reply`; those that stream send by themselves and return None. This is all
that they see of ASGI, so that a handler reads like the action it translates to.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from satchel.actions.context import Context
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, NotFound, PreconditionRequired, Unauthenticated, UnsupportedMedia
from satchel.surfaces.kit import bodies
from satchel.surfaces.kit.bodies import Pace
from satchel.surfaces.kit.passwords import KnownPasswords

T = TypeVar("T")
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_ID = 2**63 - 1
MAX_PAGE = 200
DEFAULT_PAGE = 50
_LONGEST_NUMBER = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a surface is given by `main`, for as long as the process runs.

    Attributes:
        pace: how slowly a body may come.
        x_accel_prefix: an internal location of the proxy that maps to the store, or None.
        known_passwords: those that were right a moment ago.
    """

    context: Context
    known_passwords: KnownPasswords
    max_json_bytes: int
    pace: Pace
    x_accel_prefix: str | None

    @property
    def public_url(self) -> str:
        """The base of every address that is handed out."""
        return self.context.policy.public_url


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer that is sent whole."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])


def json_reply(data: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return data as JSON."""
    return Reply(
        status=status, body=msgspec.json.encode(data), headers={"Content-Type": "application/json", **(headers or {})}
    )


class Exchange:
    """One request.

    Attributes:
        parts: what the surface was given.
        params: the values of the path's parameters, as text.
        request_id: names the request in the log and in problem documents.
        known_actor: who asks, once that was found out; None where nobody signed in.
        secret: what they proved it by; never logged or stored.
    """

    def __init__(
        self, parts: Parts, scope: MutableMapping[str, Any], receive: bodies.Receive, send: Send, request_id: str
    ) -> None:
        self.parts = parts
        self.scope = scope
        self.receive = receive
        self.send = send
        self.request_id = request_id
        self.method: str = scope["method"]
        self.params: dict[str, str] = {name: str(value) for name, value in scope.get("path_params", {}).items()}
        self.known_actor: Actor | None = None
        self.secret = ""
        self._headers: dict[str, str] | None = None

    @property
    def context(self) -> Context:
        """What actions are given."""
        return self.parts.context

    @property
    def actor(self) -> Actor:
        """Who asks.

        Raises:
            Unauthenticated: nobody signed in.
        """
        if self.known_actor is None:
            raise Unauthenticated
        return self.known_actor

    @property
    def address(self) -> str | None:
        """The client's network address."""
        client = self.scope.get("client")
        return str(client[0]) if client else None

    def header(self, name: str) -> str | None:
        """Return a header's value by its lower-case name; of several, the first."""
        if self._headers is None:
            self._headers = {}
            for key, value in self.scope["headers"]:
                self._headers.setdefault(key.decode("latin-1"), value.decode("latin-1"))
        return self._headers.get(name)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query string's pairs, in order.

        Raises:
            InvalidRequest: it is not UTF-8, or has too many of them.
        """
        try:
            raw = self.scope.get("query_string", b"").decode("ascii")
            found = parse_qsl(raw, keep_blank_values=True, max_num_fields=200, errors="strict")
        except ValueError:
            raise InvalidRequest("The query string is malformed.") from None
        if any("\0" in text for pair in found for text in pair):
            raise InvalidRequest("The query string has a NUL character.")
        return found

    def query(self, name: str) -> str | None:
        """Return one value of the query string, or None.

        Raises:
            InvalidRequest: it is there more than once.
        """
        found = [value for key, value in self.pairs if key == name]
        if len(found) > 1:
            raise InvalidRequest(f"{name} is given more than once.", pointer=f"/{name}")
        return found[0] if found else None

    def number(self, name: str, what: str) -> int:
        """Return a path parameter as an id.

        Raises:
            NotFound: it is no number that an id can be.
        """
        text = self.params[name]
        if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER or not 0 < int(text) <= MAX_ID:
            raise NotFound(what, text[:80])
        return int(text)

    def page(self) -> tuple[int, int]:
        """Return (after, limit) of a list that goes by id: `cursor` and `limit` of the query string.

        Raises:
            InvalidRequest: one of them is no number in its range.
        """
        return self.bounded("cursor", 0, 0, MAX_ID), self.bounded("limit", DEFAULT_PAGE, 1, MAX_PAGE)

    def bounded(self, name: str, default: int, low: int, high: int) -> int:
        """Return a number of the query string, `default` where it is left out.

        Raises:
            InvalidRequest: it is no number in its range.
        """
        text = self.query(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER or not low <= int(text) <= high:
            raise InvalidRequest(f"{name} is a whole number from {low} to {high}.", pointer=f"/{name}")
        return int(text)

    def revision(self, *, is_required: bool = False) -> int | None:
        """Return the revision that If-Match names; None where it names none or any (`*`).

        Raises:
            PreconditionRequired: it must be there and is not.
            InvalidRequest: it is no ETag of ours.
        """
        text = self.header("if-match")
        if text is None:
            if is_required:
                raise PreconditionRequired("Send If-Match with the ETag of what you read, so that no change is lost.")
            return None
        bare = text.strip().removeprefix("W/").strip('"')
        if text.strip() == "*":
            return None
        if not (bare.isascii() and bare.isdigit()) or len(bare) > _LONGEST_NUMBER:
            raise InvalidRequest("If-Match must hold the ETag that this resource was read with.")
        return int(bare)

    def chunks(self, max_bytes: int) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes, guarded against being too long, too slow, encoded or cut short."""
        bodies.refuse_encoding(self.header("content-encoding"))
        return bodies.read_chunks(
            self.receive,
            max_bytes=max_bytes,
            declared_length=self.content_length,
            monotonic=time.monotonic,
            pace=self.parts.pace,
        )

    @property
    def content_length(self) -> int | None:
        """The Content-Length, or None."""
        return bodies.content_length(self.header("content-length"))

    @property
    def content_length_said(self) -> int:
        """The Content-Length as far as it can be read, else 0: for counting only."""
        text = self.header("content-length") or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER else 0

    async def whole(self, max_bytes: int | None = None) -> bytes:
        """Return the body whole; read once, then kept."""
        kept: bytes | None = self.scope.get("satchel.body")
        if kept is None:
            limit = self.parts.max_json_bytes if max_bytes is None else max_bytes
            kept = await bodies.read_whole(self.chunks(limit))
            self.scope["satchel.body"] = kept
        return kept

    async def read(self, kind: type[T]) -> T:
        """Return the JSON body as a `kind`.

        Raises:
            UnsupportedMedia: it is not said to be JSON.
            InvalidRequest: it is malformed, or does not fit.
        """
        said = (self.header("content-type") or "").partition(";")[0].strip().lower()
        body = await self.whole()
        if body and said != "application/json" and not said.endswith("+json"):
            raise UnsupportedMedia(f"Send JSON with Content-Type: application/json, not {said[:80] or 'without one'}.")
        return bodies.read_json(body or b"{}", kind, max_bytes=self.parts.max_json_bytes)


Handler = Callable[[Exchange], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path.

    Attributes:
        path: with parameters as `{name}`.
        summary: a line for the API's description.
        body: the type of its JSON body, or None.
        is_open: whether it answers without anybody having signed in; its handler sees to whatever it asks for instead.
        error_headers: what its refusals carry besides their own.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    body: type[msgspec.Struct] | None = None
    is_open: bool = False
    error_headers: Mapping[str, str] = field(default_factory=dict[str, str])


def endpoint(
    method: str,
    path: str,
    handler: Handler,
    *,
    body: type[msgspec.Struct] | None = None,
    is_open: bool = False,
    error_headers: Mapping[str, str] | None = None,
) -> Endpoint:
    """Return an endpoint whose summary is its handler's first line."""
    return Endpoint(
        method=method,
        path=path,
        handler=handler,
        summary=(handler.__doc__ or "").strip().partition("\n")[0],
        body=body,
        is_open=is_open,
        error_headers=error_headers or {},
    )
