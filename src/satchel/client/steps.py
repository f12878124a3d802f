"""The steps of the client's procedures, without I/O; a blocking and an async driver run them alike.

A procedure (`Flow`) is a generator. It yields the next step (a request, a wait, work in the local file system) and is
sent the step's result, so that each procedure is written once for both drivers. `with_retries` stands between the two
and repeats requests that may be repeated.
"""

import secrets
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeAlias, TypeVar

import msgspec

from satchel.client.multipart_forms import Files, MultipartForm, filled_form
from satchel.client.refusals import UnexpectedReply, refusal
from satchel.model.api.kinds import decode
from satchel.model.errors import Unavailable

T = TypeVar("T")
Struct = TypeVar("Struct")

Pairs = tuple[tuple[str, str], ...]

_SERVER_BUSY = frozenset({429, 502, 503, 504})
"""Statuses of failures that may be gone at a later try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request.

    Attributes:
        path: below the server's address.
        params: of the query string.
        form: sent urlencoded, as other vendors' clients do.
        files: a form with files, streamed.
        is_repeatable: whether it is idempotent.
        is_keyed: whether the server remembers an Idempotency-Key, which makes it repeatable.
        is_open: whether it is sent without the credential; its address contains all it needs.
        elsewhere: a complete address that is requested instead, without the credential; `path` then only describes it.
        into: receives a successful reply's bytes as they arrive; None collects them.
    """

    method: str
    path: str
    params: Pairs = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    files: MultipartForm | None = None
    is_repeatable: bool = False
    is_keyed: bool = False
    is_open: bool = False
    elsewhere: str | None = None
    into: "Callable[[Reply, bytes | memoryview], None] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's reply.

    Attributes:
        headers: by lower-case name.
        body: empty if the request's `into` received it.
        server: scheme, host and port that replied.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    server: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the request succeeded."""
        return self.status < 300  # noqa: PLR2004  # redirects are not followed with a credential: one is a refusal

    def read(self, kind: type[Struct]) -> Struct:
        """Return the JSON body as a `kind`.

        Raises:
            UnexpectedReply: it is not; the address is probably that of another kind of server.
        """
        try:
            return decode(self.body, kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnexpectedReply(str(error)) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReply:
    """The reply is missing or incomplete: the server cannot be reached, or the connection ended.

    Attributes:
        server: scheme, host and port that were asked.
    """

    reason: str
    server: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Run local work that may block: read a file, hash."""

    do: Callable[[], object]


Step: TypeAlias = Request | Pause | Work
Flow: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a client retries: `most` further attempts, the waits between them doubling from `first` up to `longest`."""

    most: int = 5
    first: timedelta = timedelta(milliseconds=200)
    longest: timedelta = timedelta(seconds=20)

    def wait(self, tried: int, answer: "Reply | NoReply") -> Pause | None:
        """Return how long to wait after the `tried`th failure; None to give up.

        A server's Retry-After in seconds is respected, up to `longest`.
        """
        if tried > self.most:
            return None
        seconds = min(self.longest.total_seconds(), self.first.total_seconds() * 2 ** (tried - 1))
        said = answer.headers.get("retry-after", "") if isinstance(answer, Reply) else ""
        if said.isascii() and said.isdigit():
            seconds = min(self.longest.total_seconds(), max(seconds, float(said[:6])))
        return Pause(seconds)


NO_RETRIES = Retries(most=0)


def is_transient(answer: Reply | NoReply) -> bool:
    """Return whether a failure may be gone at a later attempt."""
    return isinstance(answer, NoReply) or answer.status in _SERVER_BUSY


def with_retries(flow: Flow[T], retries: Retries) -> Flow[T]:
    """Drive a flow, retrying its repeatable requests after transient failures.

    An unsafe request is repeatable by its Idempotency-Key: the server performs it once, however often it arrives.
    """
    try:
        step = next(flow)
        while True:
            try:
                outcome = (yield from _try(step, retries)) if isinstance(step, Request) else (yield step)
            except Exception as error:  # noqa: BLE001  # local work failed: the flow handles it
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()


def _try(call: Request, retries: Retries) -> Flow[Reply | NoReply]:
    if call.is_keyed:
        headers = {"Idempotency-Key": secrets.token_hex(16), **call.headers}
        call = replace(call, headers=headers, is_repeatable=True)
    tried = 0
    while True:
        got: Reply | NoReply = yield call
        if not call.is_repeatable or not is_transient(got):
            return got
        tried += 1
        wait = retries.wait(tried, got)
        if wait is None:
            return got
        yield wait


def send(call: Request) -> Flow[Reply]:
    """Send a request and return its successful reply.

    Raises:
        Refused: the server refused it; see `code`.
        Unavailable: there was no reply.
    """
    got: Reply | NoReply = yield call
    return accept(call, got)


def accept(call: Request, got: Reply | NoReply) -> Reply:
    """Return a successful reply.

    Raises:
        Refused, Unavailable: it is not successful.
    """
    if isinstance(got, NoReply):
        server = f"The server at {got.server}" if got.server else "The server"
        raise Unavailable(f"{server} did not answer {call.method} {call.path} ({got.reason}). Is it running?")
    if got.is_success:
        return got
    refused = refusal(got.status, got.headers.get("content-type", ""), got.body)
    refused.server = got.server
    refused.location = got.headers.get("location")
    raise refused


def get(path: str, kind: type[Struct], params: Pairs = ()) -> Flow[Struct]:
    """Read a thing."""
    answer = yield from send(Request(method="GET", path=path, params=params, is_repeatable=True))
    return answer.read(kind)


def post(
    path: str,
    body: Mapping[str, object],
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    files: Files | None = None,
) -> Flow[Reply]:
    """Send a JSON body, or a form with files, once however often the connection breaks.

    Args:
        path: below the server's address.
        body: the JSON object.
        key: the Idempotency-Key; None creates one.
        headers: further ones.
        files: to send with it.
    """
    given = dict(headers or {})
    if key is not None:
        given["Idempotency-Key"] = key
    if files:
        form = filled_form(body, files)
        given["Content-Type"] = form.media_type
        given["Content-Length"] = str((yield Work(form.size)))
        return (yield from send(Request(method="POST", path=path, files=form, headers=given, is_keyed=True)))
    given["Content-Type"] = "application/json"
    content = msgspec.json.encode(body)
    return (yield from send(Request(method="POST", path=path, content=content, headers=given, is_keyed=True)))
