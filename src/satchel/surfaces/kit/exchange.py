"""One request and what is known of it: headers, query, body, who asks; and the reply.

Handlers take an `Exchange` and return a `Reply`; those that stream send by themselves and return None. This is all
that they see of ASGI, so that a handler reads like the action it translates to.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from satchel.actions.context import Context
from satchel.model.actor import Actor
from satchel.model.api.kinds import QueryString, encode
from satchel.model.chunks import once
from satchel.model.errors import InvalidRequest, NotFound, PreconditionRequired, Unauthenticated, UnsupportedMedia
from satchel.model.strict_json import read_json
from satchel.model.transfer.media import essence, is_json
from satchel.surfaces.kit import bodies, digests
from satchel.surfaces.kit.bodies import Pace
from satchel.surfaces.kit.passwords import KnownPasswords
from satchel.surfaces.kit.queries import read_query
from satchel.surfaces.kit.rates import Rates
from satchel.surfaces.kit.texts import read_pairs, whole_number

T = TypeVar("T")
Query = TypeVar("Query", bound=QueryString)
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_BODY = "satchel.body"
"""Where a request's scope has its body, once that was read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a surface is given by `main`, for as long as the process runs.

    Attributes:
        pace: how slowly a body may come.
        x_accel_prefix: an internal location of the proxy that maps to the store, or None.
        known_passwords: those that were right a moment ago.
        rates: the requests of the present second.
    """

    context: Context
    known_passwords: KnownPasswords
    rates: Rates
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
    """Return structs or plain data as JSON."""
    return Reply(status=status, body=encode(data), headers={"Content-Type": "application/json", **(headers or {})})


class Exchange:
    """One request.

    Attributes:
        parts: what the surface was given.
        params: the values of the path's parameters, as text.
        request_id: names the request in the log and in problem documents.
        route: the path of its endpoint, with parameters as `{name}`.
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
        self.route = ""
        self.method: str = scope["method"]
        self.params: dict[str, str] = {name: str(value) for name, value in scope.get("path_params", {}).items()}
        self.known_actor: Actor | None = None
        self.secret = ""
        self._headers: dict[str, str] | None = None
        self._query: QueryString | None = None

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

    def header_values(self, name: str) -> list[str]:
        """Return each value of a header by its lower-case name, in order, without spaces around it."""
        raw = name.encode()
        return [value.decode("latin-1").strip() for key, value in self.scope["headers"] if key == raw]

    def cookie(self, name: str) -> str | None:
        """Return a cookie's value, or None; of several, the last."""
        pairs = [one.strip().partition("=") for one in (self.header("cookie") or "").split(";")]
        return {key: value for key, _, value in pairs}.get(name)

    @property
    def authorization(self) -> tuple[str, str] | None:
        """The scheme, in lower case, and the credentials of the header Authorization; None where there is none.

        Raises:
            InvalidRequest: there are several.
        """
        sent = self.header_values("authorization")
        if not sent:
            return None
        if len(sent) > 1:
            raise InvalidRequest("Send one Authorization header: of several it is unclear which one counts.")
        scheme, _, credentials = sent[0].partition(" ")
        return scheme.lower(), credentials.strip()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The query string's pairs, in order.

        Raises:
            InvalidRequest: it is not UTF-8, or has too many of them.
        """
        return read_pairs(self.scope.get("query_string", b""), "The query string")

    def query(self, kind: type[Query]) -> Query:
        """Return the query string as a `kind`.

        Raises:
            InvalidRequest: a parameter is unknown, given twice, or not of its type.
        """
        if not isinstance(self._query, kind):
            self._query = read_query(self.pairs, kind)
        return self._query

    def number(self, name: str, what: str) -> int:
        """Return a path parameter as an id.

        Raises:
            NotFound: it is no number that an id can be.
        """
        found = whole_number(self.params[name], low=1)
        if found is None:
            raise NotFound(what, self.params[name][:80])
        return found

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
        if text.strip() == "*":
            return None
        found = whole_number(text.strip().removeprefix("W/").strip('"'))
        if found is None:
            raise InvalidRequest("If-Match must hold the ETag that this resource was read with.")
        return found

    def chunks(self, max_bytes: int) -> AsyncGenerator[bytes, None]:
        """Give the body as it comes, guarded against being too long, too slow, encoded or cut short.

        One that was read whole already, for its Idempotency-Key, is given from memory.
        """
        kept: bytes | None = self.scope.get(_BODY)
        if kept is not None:
            return once(kept)
        bodies.refuse_encoding(self.header("content-encoding"))
        # The content of a PATCH is a change, and no representation (RFC 9530, 3).
        sent = [*self.header_values("content-digest"), *(self.method != "PATCH") * self.header_values("repr-digest")]
        promised = digests.promised(sent)
        chunks = bodies.read_chunks(
            self.receive,
            max_bytes=max_bytes,
            declared_length=self.content_length,
            monotonic=time.monotonic,
            pace=self.parts.pace,
        )
        return digests.checked(chunks, promised) if promised else chunks

    @property
    def content_type(self) -> str:
        """What the body is said to be, without parameters and in lower case; "" where nothing is said."""
        return essence(self.header("content-type"))

    @property
    def is_form(self) -> bool:
        """Whether the body is said to be a form that may have files."""
        return self.content_type == "multipart/form-data"

    @property
    def content_length(self) -> int | None:
        """The Content-Length, or None."""
        return bodies.content_length(self.header("content-length"))

    @property
    def content_length_said(self) -> int:
        """The Content-Length as far as it can be read, else 0: for counting only."""
        return whole_number(self.header("content-length") or "") or 0

    async def whole(self, max_bytes: int | None = None) -> bytes:
        """Return the body whole; read once, then kept."""
        kept: bytes | None = self.scope.get(_BODY)
        if kept is None:
            limit = self.parts.max_json_bytes if max_bytes is None else max_bytes
            kept = await bodies.read_whole(self.chunks(limit))
            self.scope[_BODY] = kept
        return kept

    async def read(self, kind: type[T]) -> T:
        """Return the JSON body as a `kind`.

        Raises:
            UnsupportedMedia: it is not said to be JSON.
            InvalidRequest: it is malformed, or does not fit.
        """
        return read_json(await self.json_body() or b"{}", kind, max_bytes=self.parts.max_json_bytes)

    async def json_body(self) -> bytes:
        """Return the body if it is said to be JSON, unread; an empty one need not be said to be anything.

        Raises:
            UnsupportedMedia: it is said to be something else, or nothing.
            TooLarge: it is longer than a JSON body may be.
        """
        body = await self.whole()
        if body and not is_json(self.content_type):
            said = self.content_type[:80] or "without one"
            raise UnsupportedMedia(f"Send JSON with Content-Type: application/json, not {said}.")
        return body
