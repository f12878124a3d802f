"""Service tasks of kind `rest`: a call to another system with values and files, and what is kept of its reply.

The call is made outside any transaction. Its reply's bytes are in the store before the transaction that attaches
them, so that the file that they replace goes only after they are safe.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from satchel.actions.calls.rest_auth import CallCredentials, check, sign
from satchel.actions.calls.rest_bodies import CallInputs, address, build, text
from satchel.actions.calls.rest_records import parts_of, recorded
from satchel.actions.calls.rest_replies import Kept, bounds, keep, refusal, shown
from satchel.actions.calls.users import ServiceJob
from satchel.actions.context import Context
from satchel.actions.instances import starting
from satchel.actions.instances.claims import attach_received
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.places import FilePlace, check_place
from satchel.actions.instances.run import Run, load
from satchel.db import files as file_rows
from satchel.model.errors import NotFound
from satchel.model.services import Encoding, RestTask
from satchel.model.transfer.media import media_type
from satchel.outbound.failure import CallFailed
from satchel.outbound.request import Request
from satchel.outbound.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class RestResult:
    """What came back: what is kept of it, and the details for the record of the attempt."""

    kept: Kept
    details: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A call as it would be sent, without what signs it in.

    Attributes:
        files: the ids of those that go with it.
        parts: of a multipart body, as they are recorded.
        app: the code of the app that makes it.
    """

    request: Request
    files: Sequence[int]
    parts: Sequence[Mapping[str, object]]
    app: str


async def prepare(context: Context, job: ServiceJob, task: RestTask) -> Prepared:
    """Return the call that would be made now.

    Raises:
        CallFailed: it cannot be made.
        NotFound, Forbidden: the instance is gone, or the user for whom it is made may not sign in any more.
    """
    given, app, key = await _given(context, job)
    body, query, sent = await build(context, task, given)
    target = Target.parse(address(task.url, given)).with_parameters(query)
    headers = [(name, text(template, given)) for name, template in task.headers.items()]
    if job.call_id is None:
        await check(context, job.actor.account_id, app, task.auth, target)
    request = Request(
        method=task.method,
        target=target,
        headers=headers if key is None else [*headers, ("Idempotency-Key", key)],
        body=body,
    )
    return Prepared(request=request, files=sent, parts=parts_of(task, given), app=app)


async def call(context: Context, job: ServiceJob, task: RestTask) -> RestResult:
    """Make the call; whatever goes over the network for it is done within the task's `timeout`, all together.

    Raises:
        CallFailed: it could not be made, or its reply is no success or cannot be used.
        NotFound, Forbidden: as `prepare`.
    """
    prepared = await prepare(context, job, task)
    request = prepared.request
    ends_at = asyncio.get_running_loop().time() + task.timeout.total_seconds()
    signed = await sign(context, job.actor.account_id, prepared.app, task.auth, request.target, within=task.timeout)
    request = replace(request, secret_headers=signed.headers)
    sent = recorded(request, prepared.parts, signed)
    try:
        result = await _exchange(context, job, task, replace(prepared, request=request), signed, ends_at=ends_at)
    except CallFailed as error:
        error.members = {**error.members, "request": sent, "files_sent": list(prepared.files)}
        raise
    return replace(result, details={**result.details, "request": sent})


async def _exchange(
    context: Context, job: ServiceJob, task: RestTask, prepared: Prepared, signed: CallCredentials, *, ends_at: float
) -> RestResult:
    """Send a call, and keep what comes back."""
    request = prepared.request
    async with context.http.send(request, replace(bounds(task, task.redirects), ends_at=ends_at)) as reply:
        if not task.success[0] <= reply.status <= task.success[1]:
            raise await refusal(context, reply, signed)
        kept = await keep(context, job.actor, task, reply)
        is_whole = task.keep is not None and task.keep.encoding is Encoding.BINARY
        details: dict[str, object] = {
            "url": request.target.shown,
            "status": reply.status,
            "sent_bytes": reply.sent_bytes,
            "received_bytes": reply.received_bytes,
            "files_sent": list(prepared.files),
            "reply": "" if is_whole else shown(reply.head, signed),
        }
        return RestResult(kept=kept, details=details if kept.note is None else {**details, "note": kept.note})


async def _given(context: Context, job: ServiceJob) -> tuple[CallInputs, str, str | None]:
    """Return what the call is made of, its app's code, and its Idempotency-Key if it is made."""
    async with context.database.write() as tx:  # the instance is read under its lock, and not changed
        run = await load(context, tx, job.actor, job.instance_id, Ledger())
        issuer = await job.issuer(context, tx, run.instance)
        given = CallInputs(
            issuer=issuer,
            values=await run.known_values(),
            stored=run.values,
            files={field.id: run.files_in(field.id) for field in run.app.file_fields},
            fields={field.id: field for field in run.app.manifest.fields},
        )
        key = None if job.call_id is None else f"{run.instance.uuid}-{job.call_id}"
        return given, run.app.manifest.code, key


async def save(run: Run, task: RestTask, outcome: RestResult) -> dict[str, object]:
    """Attach what came back, in the transaction that ends the task; return what to note of it.

    Raises:
        InvalidValues: a field does not take its value or file; what it held stays.
        OverQuota: the file does not fit; raised when the transaction ends.
    """
    await starting.set_values(run, outcome.kept.values)
    file = outcome.kept.file
    if file is None:
        return outcome.details
    place = task.keep.place if task.keep is not None else None
    field = run.app.manifest.field(place) if place is not None else None
    if place is not None and field is None:
        raise NotFound("field", place)
    held = [old.id for old in run.files_in(place)] if place is not None else []
    if held:
        await file_rows.set_deleted(run.tx, run.instance.account_id, held, at=run.now, by=None)
        run.forget_files(held)
    name = file.name(field)
    kind = media_type(file.received.head, name, file.said_type)
    made = await attach_received(run, file.received, field_id=place, name=name, kind=kind)
    check_place(run, FilePlace(field=place))
    return {**outcome.details, "files_received": [made], "files_removed": held}
