"""Service tasks of kind `rest`: a call to another system with values and files, and what is kept of its reply.

The call is made outside any transaction. Its reply's bytes are in the store before the transaction that attaches
them, so that the file that they replace goes only after they are safe.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from satchel.actions.calls.rest_auth import TRY_LATER, CallCredentials, refused, sign
from satchel.actions.calls.rest_bodies import CallInputs, build, escaped
from satchel.actions.calls.users import ServiceJob
from satchel.actions.context import Context
from satchel.actions.instances import starting
from satchel.actions.instances.claims import attach_received
from satchel.actions.instances.places import FilePlace, check_place
from satchel.actions.instances.run import Ledger, Run, load
from satchel.blobs.store import Received
from satchel.db import files as file_rows
from satchel.model.actor import Actor
from satchel.model.chunks import once
from satchel.model.errors import NotFound, TooLarge
from satchel.model.ids import FieldId
from satchel.model.reply_path import value_at
from satchel.model.services import MAX_REDIRECTS, Encoding, KeptFile, RestTask
from satchel.model.template import render
from satchel.model.transfer.media import media_type
from satchel.outbound.failure import CallFailed
from satchel.outbound.http import Bounds
from satchel.outbound.reply import Reply
from satchel.outbound.request import Request
from satchel.outbound.target import Target

_MAX_JSON_BYTES = 10 * 1024 * 1024
_MAX_INSIDE_BYTES = 150 * 1024 * 1024
"""Of a JSON reply that a file in base64 is taken from, which is held in memory."""

_MAX_NAME_CHARS = 1_000
_OK = 200
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class RestResult:
    """What came back.

    Attributes:
        received: the bytes of the file that is kept, in the store.
        name, media_type: of that file.
        values: by field, from a JSON reply.
        details: for the record of the attempt.
    """

    received: Received | None
    name: str
    media_type: str
    values: Mapping[FieldId, object]
    details: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A call as it would be sent, without what signs it in, and the ids of the files that go with it."""

    request: Request
    files: Sequence[int]


async def prepare(context: Context, job: ServiceJob, task: RestTask) -> Prepared:
    """Return the call that would be made now.

    Raises:
        CallFailed: it cannot be made.
        NotFound, Forbidden: the instance is gone, or the user for whom it is made may not sign in any more.
    """
    given, key = await _given(context, job)
    body, query, sent = await build(context, task, given)
    target = Target.parse(escaped(task.url, given, None)).with_parameters(query)
    headers = [(name, render(template, given.values)) for name, template in task.headers.items()]
    request = Request(
        method=task.method,
        target=target,
        headers=headers if key is None else [*headers, ("Idempotency-Key", key)],
        body=body,
    )
    return Prepared(request=request, files=sent)


async def call(context: Context, job: ServiceJob, task: RestTask) -> Outcome:
    """Make the call; whatever goes over the network for it is done within the task's `timeout`, all together.

    Raises:
        CallFailed: it could not be made, or its reply is no success or cannot be used.
        NotFound, Forbidden: as `prepare`.
    """
    prepared = await prepare(context, job, task)
    seconds = task.timeout.total_seconds()
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await _made(context, job, task, prepared)
    except TimeoutError as error:
        if not limit.expired():
            raise
        message = f"{prepared.request.target.shown} was not done within {seconds:g} s in all."
        raise CallFailed("timeout", message, is_temporary=True, is_sent=True) from error


def _bounds(task: RestTask, redirects: int) -> Bounds:
    """Return what bounds each request of a call: its time, and no silence that is shorter."""
    return Bounds(connect=None, idle=None, total=task.timeout, reply_bytes=task.reply_bytes, redirects=redirects)


async def _made(context: Context, job: ServiceJob, task: RestTask, prepared: Prepared) -> Outcome:
    signed = await sign(context, job.actor.account_id, task.auth, prepared.request.target, task.timeout)
    request = replace(prepared.request, secret_headers=signed.headers)
    async with context.http.send(request, _bounds(task, task.redirects)) as reply:
        if not task.success[0] <= reply.status <= task.success[1]:
            raise await _refused(context, reply, signed)
        received, values, name, said = None, dict[FieldId, object](), reply.file_name, reply.media_type
        is_whole = task.keep is not None and task.keep.encoding is Encoding.BINARY
        if is_whole:
            received = await _kept(context, job.actor, reply.body(), task.reply_bytes)
        elif task.values or task.keep is not None:
            document = await _document(reply, _MAX_JSON_BYTES if task.keep is None else _MAX_INSIDE_BYTES)
            values = _values(document, task)
            if task.keep is not None:
                received, name, said = await _inside(context, job.actor, reply, document, task=task, keep=task.keep)
        else:
            await reply.peek()
        details: dict[str, object] = {
            "url": request.target.shown,
            "status": reply.status,
            "sent_bytes": reply.sent_bytes,
            "received_bytes": reply.received_bytes,
            "files_sent": list(prepared.files),
            "reply": "" if is_whole else _told(reply.head, signed),
        }
        kind = media_type(received.head, name, said) if received is not None else ""
        return RestResult(received=received, name=name, media_type=kind, values=values, details=details)


def _told(head: bytes, signed: CallCredentials) -> str:
    """Return the beginning of a reply as it is recorded."""
    return signed.hide(head.decode("utf-8", "replace").replace("\0", "\ufffd"))


async def _given(context: Context, job: ServiceJob) -> tuple[CallInputs, str | None]:
    async with context.database.write() as tx:  # the instance is read under its lock, and not changed
        run = await load(context, tx, job.actor, job.instance_id, Ledger())
        issuer = await job.issuer(context, tx, run.instance)
        given = CallInputs(
            issuer=issuer,
            values=await run.known_values(),
            raw=run.values,
            files={field.id: run.files_in(field.id) for field in run.app.file_fields},
            file_fields={field.id: field for field in run.app.file_fields},
        )
        return given, None if job.call_id is None else f"{run.instance.uuid}-{job.call_id}"


async def _refused(context: Context, reply: Reply, signed: CallCredentials) -> CallFailed:
    head = await reply.peek()
    is_stale = reply.status == _UNAUTHORIZED and refused(context, signed)
    return CallFailed(
        "status",
        f"{reply.target.shown} answered {reply.status}.",
        is_temporary=is_stale or reply.status in TRY_LATER,
        retry_after_s=reply.retry_after_s(context.clock()),
        is_sent=True,
        status=reply.status,
        reply=_told(head, signed),
    )


async def _kept(context: Context, actor: Actor, body: AsyncIterator[bytes], max_bytes: int) -> Received:
    try:
        return await context.blobs.receive(actor.account_id, body, max_bytes=max_bytes)
    except TooLarge as error:
        raise CallFailed("reply_too_large", error.message, is_sent=True) from error


async def _document(reply: Reply, max_bytes: int) -> object:
    data = await reply.read()
    try:
        if len(data) > max_bytes:
            raise ValueError  # noqa: TRY301  # the same refusal as of what is no JSON
        return cast("object", json.loads(data, parse_float=Decimal, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        raise CallFailed(
            "reply_type", f"{reply.target.shown} did not answer with JSON of {max_bytes} bytes at most.", is_sent=True
        ) from None


async def _inside(
    context: Context, actor: Actor, reply: Reply, document: object, *, task: RestTask, keep: KeptFile
) -> tuple[Received, str, str | None]:
    """Keep the file that stands in a JSON reply, as base64 or as an address; return it, its name and its said type."""
    text = value_at(document, keep.path or ())
    if not isinstance(text, str) or not text:
        raise CallFailed("reply_path", f"{reply.target.shown} answered without the file that is kept.", is_sent=True)
    given = value_at(document, keep.name) if keep.name is not None else None
    name = given[:_MAX_NAME_CHARS] if isinstance(given, str) and given else None
    if keep.encoding is Encoding.BASE64:
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            message = f"{reply.target.shown} answered with a file that is no base64."
            raise CallFailed("reply_encoding", message, is_sent=True) from None
        received = await _kept(context, actor, once(data), task.reply_bytes)
        return received, name or reply.file_name, None
    # Another server may be meant: nothing that signs the call in goes there.
    fetched = Request(method="GET", target=reply.target.follow(text))
    async with context.http.send(fetched, _bounds(task, MAX_REDIRECTS)) as file:
        if file.status != _OK:
            raise await _refused(context, file, CallCredentials())
        received = await _kept(context, actor, file.body(), task.reply_bytes)
        return received, name or file.file_name, file.media_type


def _values(document: object, task: RestTask) -> dict[FieldId, object]:
    found = {field: value_at(document, steps) for field, steps in task.values.items()}
    return {
        field: str(value) if isinstance(value, Decimal) else value
        for field, value in found.items()
        if value is not None
    }


def _no_constant(name: str) -> object:
    raise ValueError(name)


async def save(run: Run, task: RestTask, outcome: RestResult) -> dict[str, object]:
    """Attach what came back, in the transaction that ends the task; return what to note of it.

    Raises:
        InvalidValues: a field does not take its value or file; what it held stays.
        OverQuota: the file does not fit; raised when the transaction ends.
    """
    await starting.set_values(run, outcome.values)
    if outcome.received is None:
        return outcome.details
    place = task.keep.place if task.keep is not None else None
    if place is not None and run.app.manifest.field(place) is None:
        raise NotFound("field", place)
    held = [file.id for file in run.files_in(place)] if place is not None else []
    if held:
        await file_rows.set_deleted(run.tx, run.instance.account_id, held, at=run.now, by=None)
        run.files = [file for file in run.files if file.id not in held]
    made = await attach_received(run, outcome.received, field_id=place, name=outcome.name, kind=outcome.media_type)
    await check_place(run, FilePlace(field=place))
    return {**outcome.details, "files_received": [made], "files_removed": held}
