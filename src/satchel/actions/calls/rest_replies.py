"""What is kept of the reply to a REST call: its bytes, a file inside its JSON, or values by field.

A reply that brings nothing changes nothing: neither 204 nor an empty 200 is a file of no bytes. A part, which 206 says
that it is, is never taken for the whole.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import cast

from satchel.actions.calls.rest_auth import TRY_LATER, CallCredentials, refused
from satchel.actions.context import Context
from satchel.actions.files.embedded import BadBase64, EmbeddedFiles
from satchel.blobs.store import Received
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, TooLarge
from satchel.model.fields import Field
from satchel.model.ids import FieldId
from satchel.model.reply_path import value_at
from satchel.model.scalars import is_empty
from satchel.model.services import MAX_REDIRECTS, Encoding, KeptFile, RestTask
from satchel.model.transfer.names import extension
from satchel.model.transfer.reply_names import cleaned_name, complete_name
from satchel.outbound.failure import CallFailed
from satchel.outbound.http import Bounds
from satchel.outbound.reply import Reply
from satchel.outbound.request import Request

NO_FILE, NO_VALUES = "no file came", "no values came"
"""What the record of an attempt notes where nothing came and nothing had to."""

_MAX_JSON_BYTES = 10 * 1024 * 1024
"""Of a JSON reply, without the file in base64 that is taken from it."""

_MAX_DEPTH = 500
_MAX_NAME_CHARS = 1_000
_OK, _PARTIAL, _UNAUTHORIZED = 200, 206, 401
_EMPTY = frozenset({204, 205})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFile:
    """A file that came.

    Attributes:
        received: its bytes, in the store.
        said_name: what the other side calls it; safe.
        address_name: what its address calls it; safe.
        said_type: what the other side says that it is.
    """

    received: Received
    said_name: str | None
    address_name: str | None
    said_type: str | None

    def name(self, field: Field | None) -> str:
        """Return its name in a field (None: the attachments tab), with an extension of its type."""
        accept = field.files.accept if field is not None and field.files is not None else ()
        return complete_name(
            self.said_name, self.address_name, head=self.received.head, said_type=self.said_type, accept=accept
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a reply.

    Attributes:
        values: by field.
        note: for the record of the attempt.
    """

    file: ReplyFile | None = None
    values: Mapping[FieldId, object] = field(default_factory=dict[FieldId, object])
    note: str | None = None


def bounds(task: RestTask, redirects: int) -> Bounds:
    """Return what bounds each request of a call: its time, and no silence that is shorter."""
    return Bounds(
        connect=None,
        idle=None,
        total=task.timeout,
        reply_bytes=task.reply_bytes,
        redirects=redirects,
        until_close=task.until_close,
    )


async def keep(context: Context, actor: Actor, task: RestTask, reply: Reply) -> Kept:
    """Read a reply of success, and put the bytes that are kept of it into the store.

    Raises:
        CallFailed: the reply is not whole, not of the kind that the task says, or without what the task requires.
    """
    if task.keep is None and not task.values:
        await reply.peek()
        return Kept()
    _refuse_part(reply)
    if task.keep is not None and task.keep.encoding is Encoding.BINARY:
        return _checked(task, reply, await _body(context, actor, task, reply, name=None), {})
    if task.keep is not None and task.keep.encoding is Encoding.BASE64:
        document, file = await _with_base64(context, actor, reply, task, task.keep)
    else:
        document = await _document(reply)
        file = None if task.keep is None else await _addressed(context, actor, reply, task, document)
    return _checked(task, reply, file, _values(document, task))


def _checked(task: RestTask, reply: Reply, file: ReplyFile | None, values: Mapping[FieldId, object]) -> Kept:
    """Return what came, if that is enough."""
    lacks_file = task.keep is not None and file is None
    missing = [name for name in task.values if name not in values]
    if task.is_required and (lacks_file or missing):
        what = "a file" if lacks_file else f"a value for {', '.join(missing)}"
        raise CallFailed(
            "nothing_came",
            f"{reply.target.shown} answered {reply.status} without {what}, which the task requires.",
            is_sent=True,
            status=reply.status,
        )
    note = NO_FILE if lacks_file else NO_VALUES if task.values and not values else None
    return Kept(file=file, values=values, note=note)


def _refuse_part(reply: Reply) -> None:
    if reply.status == _PARTIAL:
        raise CallFailed(
            "reply_partial",
            f"{reply.target.shown} answered 206 with a part of what was asked for, not the whole; it was discarded.",
            is_sent=True,
            status=reply.status,
        )


async def _stored(context: Context, actor: Actor, body: AsyncIterator[bytes], max_bytes: int) -> Received | None:
    """Put a body into the store; None where it has no bytes, and nothing is stored."""
    first = b""
    async for chunk in body:
        if chunk:
            first = chunk
            break
    if not first:
        return None

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for chunk in body:
            yield chunk

    try:
        return await context.blobs.receive(actor.account_id, whole(), max_bytes=max_bytes)
    except TooLarge as error:
        raise CallFailed("reply_too_large", error.message, is_sent=True) from error


async def _document(reply: Reply) -> object:
    """Return a JSON reply; an empty one is as null, which has nothing in it."""
    try:
        return _parsed(await reply.read())
    except (ValueError, RecursionError):
        raise _no_json(reply) from None


def _parsed(data: bytes) -> object:
    if not data.strip():
        return None
    if len(data) > _MAX_JSON_BYTES:
        raise ValueError
    return cast("object", json.loads(data, parse_float=Decimal, parse_constant=_no_constant))


def _no_json(reply: Reply) -> CallFailed:
    message = f"{reply.target.shown} did not answer with JSON of {_MAX_JSON_BYTES} bytes at most."
    return CallFailed("reply_type", message, is_sent=True)


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _values(document: object, task: RestTask) -> dict[FieldId, object]:
    """Return the values that came: an empty one leaves its field as it is."""
    found = {name: value_at(document, steps) for name, steps in task.values.items()}
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in found.items()
        if not is_empty(value)
    }


async def _with_base64(
    context: Context, actor: Actor, reply: Reply, task: RestTask, keep: KeptFile
) -> tuple[object, ReplyFile | None]:
    """Return a JSON reply and the file that stands in it as base64, which goes into the store while it comes."""
    files: list[Received] = []
    path = keep.path or ()

    async def take(chunks: AsyncGenerator[bytes, None]) -> int:
        received = await _stored(context, actor, chunks, task.reply_bytes)
        files.extend([] if received is None else [received])
        return 0

    body = EmbeddedFiles(
        reply.body(),
        None,
        take,
        max_json_bytes=_MAX_JSON_BYTES,
        is_file_exactly=path.__eq__,
        parse=_parsed,
        max_depth=_MAX_DEPTH,
    )
    try:
        document = await body.read()
    except BadBase64:
        message = f"{reply.target.shown} answered with a file that is no base64."
        raise CallFailed("reply_encoding", message, is_sent=True) from None
    except (ValueError, RecursionError, InvalidRequest, TooLarge):
        raise _no_json(reply) from None
    if not files:
        if not body.files and not is_empty(value_at(document, path)):
            raise _no_file(reply)
        return document, None
    address = reply.address_name  # it names the document that the file stands in, as in /orders.json
    stem = address.removesuffix(extension(address)) if address is not None else None
    name = _name_inside(document, keep)
    # Of a key that stands twice in its object, the last counts.
    return document, ReplyFile(received=files[-1], said_name=name, address_name=stem, said_type=None)


def _name_inside(document: object, keep: KeptFile) -> str | None:
    given = value_at(document, keep.name) if keep.name is not None else None
    return cleaned_name(given[:_MAX_NAME_CHARS]) if isinstance(given, str) else None


def _no_file(reply: Reply) -> CallFailed:
    message = f"{reply.target.shown} answered without the file that is kept."
    return CallFailed("reply_path", message, is_sent=True)


async def _addressed(
    context: Context, actor: Actor, reply: Reply, task: RestTask, document: object
) -> ReplyFile | None:
    """Keep the file whose address stands in a JSON reply; None where none does."""
    keep = task.keep
    text = value_at(document, keep.path or ()) if keep is not None else None
    if keep is None or is_empty(text):
        return None
    if not isinstance(text, str):
        raise _no_file(reply)
    name = _name_inside(document, keep)
    # Another server may be meant: nothing that signs the call in goes there.
    fetched = Request(method="GET", target=reply.target.follow(text))
    async with context.http.send(fetched, bounds(task, MAX_REDIRECTS)) as there:
        _refuse_part(there)
        if there.status in _EMPTY:
            return None
        if there.status != _OK:
            raise await refusal(context, there, CallCredentials())
        return await _body(context, actor, task, there, name=name)


async def _body(context: Context, actor: Actor, task: RestTask, reply: Reply, *, name: str | None) -> ReplyFile | None:
    """Keep a reply's body; `name` is what something else calls it."""
    received = await _stored(context, actor, reply.body(), task.reply_bytes)
    if received is None:
        return None
    return ReplyFile(
        received=received,
        said_name=name or reply.said_name,
        address_name=reply.address_name,
        said_type=reply.header("content-type"),
    )


async def refusal(context: Context, reply: Reply, signed: CallCredentials) -> CallFailed:
    """Return the error of a reply whose status is no success; it tells how the reply begins."""
    head = await reply.peek()
    is_stale = reply.status == _UNAUTHORIZED and refused(context, signed)
    return CallFailed(
        "status",
        f"{reply.target.shown} answered {reply.status}.",
        is_temporary=is_stale or reply.status in TRY_LATER,
        retry_after_s=reply.retry_after_s(context.clock()),
        is_sent=True,
        status=reply.status,
        reply=shown(head, signed),
    )


def shown(head: bytes, signed: CallCredentials) -> str:
    """Return the beginning of a reply as it is recorded."""
    return signed.hide(head.decode("utf-8", "replace").replace("\0", "\ufffd"))
