"""What a surface serves at which address, and what it says of it: the one way to declare an endpoint."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from satchel.model.api.kinds import QueryString
from satchel.model.errors import SatchelError
from satchel.surfaces.kit.exchange import Exchange, Reply

Handler = Callable[[Exchange], Awaitable[Reply | None]]

Refusals = tuple[type[SatchelError], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request may be answered with when it was done.

    Attributes:
        body: the type of the JSON, or None where there is none.
        media_types: of a body that is no JSON.
        headers: names of those that say something about this answer.
        note: what this answer means, where an endpoint has several.
    """

    status: int = 200
    body: type[msgspec.Struct] | None = None
    media_types: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path.

    Attributes:
        path: with parameters as `{name}`.
        summary: a line for the API's description.
        body: the type of its JSON body, or None.
        takes: the media types of a body that is no JSON.
        takes_form: whether the JSON may come as multipart/form-data instead, with its files.
        query: the type of its query string, which the dispatch checks; None leaves that to the handler.
        headers: the request headers that it reads, those that it needs with a `!` behind.
        answers: what it may answer when all is well.
        refuses: what it may raise beyond what every endpoint of its kind does.
        is_open: whether it answers without anybody having signed in; its handler sees to whatever it asks for instead.
        error_headers: what its refusals carry besides their own.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    body: type[msgspec.Struct] | None = None
    takes: tuple[str, ...] = ()
    takes_form: bool = False
    query: type[QueryString] | None = None
    headers: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    refuses: Refusals = ()
    is_open: bool = False
    error_headers: Mapping[str, str] = field(default_factory=dict[str, str])


def endpoint(
    method: str,
    path: str,
    handler: Handler,
    *,
    body: type[msgspec.Struct] | None = None,
    takes: Sequence[str] = (),
    takes_form: bool = False,
    query: type[QueryString] | None = None,
    headers: Sequence[str] = (),
    answers: Sequence[Answer] = (),
    refuses: Sequence[type[SatchelError]] = (),
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
        takes=tuple(takes),
        takes_form=takes_form,
        query=query,
        headers=tuple(headers),
        answers=tuple(answers),
        refuses=tuple(refuses),
        is_open=is_open,
        error_headers=error_headers or {},
    )


def get_or_post(path: str, handler: Handler, *, is_open: bool = False) -> tuple[Endpoint, Endpoint]:
    """Return the endpoints of a call that clients make by GET or by POST, as suits them."""
    return endpoint("GET", path, handler, is_open=is_open), endpoint("POST", path, handler, is_open=is_open)
