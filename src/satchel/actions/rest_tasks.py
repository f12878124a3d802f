"""Service tasks of kind `rest`: a call to another system with values and files, and what is kept of its reply.

The call is made outside any transaction. Its reply's bytes are in the store before the transaction that attaches
them, so that the file that they replace goes only after they are safe.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from satchel.actions import instance_tasks, starting
from satchel.actions.claims import attach_received
from satchel.actions.context import Context
from satchel.actions.places import Place, check_place
from satchel.actions.rest_bodies import Given, build, escaped
from satchel.actions.run import Ledger, Run, load
from satchel.blobs.store import Received
from satchel.db import files as file_rows
from satchel.model.actor import Actor
from satchel.model.errors import NotFound, TooLarge
from satchel.model.ids import FieldId, InstanceId, JobId
from satchel.model.media import media_type
from satchel.model.reply_path import value_at
from satchel.model.services import RestTask
from satchel.model.template import render
from satchel.outbound.failure import CallFailed
from satchel.outbound.http import Bounds
from satchel.outbound.reply import Reply
from satchel.outbound.request import Request
from satchel.outbound.target import Target

_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
_MAX_JSON_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came back.

    Attributes:
        received: the bytes of a reply that is kept as a file, in the store.
        name, media_type: of that file.
        values: by field, from a JSON reply.
        details: for the record of the attempt.
    """

    received: Received | None
    name: str
    media_type: str
    values: Mapping[FieldId, object]
    details: dict[str, object]


async def call(context: Context, actor: Actor, instance_id: InstanceId, call_id: JobId, task: RestTask) -> Outcome:
    """Make the call.

    Raises:
        CallFailed: it could not be made, or its reply is no success or cannot be used.
        NotFound, Forbidden: the instance is gone, or who deployed its app may not sign in any more.
    """
    given, key = await _given(context, actor, instance_id, call_id)
    body, query, sent = await build(context, task, given)
    target = Target.parse(escaped(task.url, given, None)).with_parameters(query)
    headers = [(name, render(template, given.values)) for name, template in task.headers.items()]
    request = Request(method=task.method, target=target, headers=[*headers, ("Idempotency-Key", key)], body=body)
    bounds = Bounds(total=task.timeout, reply_bytes=task.reply_bytes)
    async with context.http.send(request, bounds) as reply:
        if not task.success[0] <= reply.status <= task.success[1]:
            raise await _refused(context, reply)
        received, values = None, dict[FieldId, object]()
        if task.keeps:
            received = await _kept(context, actor, reply, task)
        elif task.values:
            values = await _values(reply, task)
        else:
            await reply.peek()
        details: dict[str, object] = {
            "url": target.shown,
            "status": reply.status,
            "sent_bytes": reply.sent_bytes,
            "received_bytes": reply.received_bytes,
            "files_sent": sent,
            "reply": reply.head.decode("utf-8", "replace").replace("\0", "\ufffd") if received is None else "",
        }
        kind = media_type(received.head, reply.file_name, reply.media_type) if received is not None else ""
        return Outcome(received=received, name=reply.file_name, media_type=kind, values=values, details=details)


async def _given(context: Context, actor: Actor, instance_id: InstanceId, call_id: JobId) -> tuple[Given, str]:
    async with context.database.write() as tx:  # the instance is read under its lock, and not changed
        run = await load(context, tx, actor, instance_id, Ledger())
        issuer = await instance_tasks.service_user(context, tx, run.instance)
        given = Given(
            issuer=issuer,
            values=await run.known_values(),
            raw=run.values,
            files={field.id: run.files_in(field.id) for field in run.app.file_fields},
            file_fields={field.id: field for field in run.app.file_fields},
        )
        return given, f"{run.instance.uuid}-{call_id}"


async def _refused(context: Context, reply: Reply) -> CallFailed:
    head = await reply.peek()
    return CallFailed(
        "status",
        f"{reply.target.shown} answered {reply.status}.",
        is_temporary=reply.status in _TRY_LATER,
        retry_after_s=reply.retry_after_s(context.clock()),
        is_sent=True,
        status=reply.status,
        reply=head.decode("utf-8", "replace").replace("\0", "\ufffd"),
    )


async def _kept(context: Context, actor: Actor, reply: Reply, task: RestTask) -> Received:
    try:
        return await context.blobs.receive(actor.account_id, reply.body(), max_bytes=task.reply_bytes)
    except TooLarge as error:
        raise CallFailed("reply_too_large", error.message, is_sent=True) from error


async def _values(reply: Reply, task: RestTask) -> dict[FieldId, object]:
    data = await reply.read()
    try:
        if len(data) > _MAX_JSON_BYTES:
            raise ValueError  # noqa: TRY301  # the same refusal as of what is no JSON
        document = cast("object", json.loads(data, parse_float=Decimal, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        raise CallFailed(
            "reply_type",
            f"{reply.target.shown} did not answer with JSON of {_MAX_JSON_BYTES} bytes at most.",
            is_sent=True,
        ) from None
    found = {field: value_at(document, steps) for field, steps in task.values.items()}
    return {
        field: str(value) if isinstance(value, Decimal) else value
        for field, value in found.items()
        if value is not None
    }


def _no_constant(name: str) -> object:
    raise ValueError(name)


async def save(run: Run, task: RestTask, outcome: Outcome) -> dict[str, object]:
    """Attach what came back, in the transaction that ends the task; return what to note of it.

    Raises:
        InvalidValues: a field does not take its value or file; what it held stays.
        OverQuota: the file does not fit; raised when the transaction ends.
    """
    await starting.set_values(run, outcome.values)
    if outcome.received is None:
        return outcome.details
    if task.keep_in is not None and run.app.manifest.field(task.keep_in) is None:
        raise NotFound("field", task.keep_in)
    held = [file.id for file in run.files_in(task.keep_in)] if task.keep_in is not None else []
    if held:
        await file_rows.set_deleted(run.tx, run.instance.account_id, held, at=run.now, by=None)
        run.files = [file for file in run.files if file.id not in held]
    made = await attach_received(
        run, outcome.received, field_id=task.keep_in, name=outcome.name, kind=outcome.media_type
    )
    await check_place(run, Place(field=task.keep_in))
    return {**outcome.details, "files_received": [made], "files_removed": held}
