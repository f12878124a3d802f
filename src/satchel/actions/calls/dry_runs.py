"""What a service task would send now, without sending it: for users who may change the instance, by their rights."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from satchel.actions import access, mail_servers
from satchel.actions.calls import mail, rest
from satchel.actions.calls.users import ServiceJob
from satchel.actions.context import Context
from satchel.actions.identity import environment
from satchel.db import files as file_rows
from satchel.db import instances as instance_rows
from satchel.model.actor import Actor, Right
from satchel.model.errors import InvalidState, NotFound
from satchel.model.files import File
from satchel.model.ids import ElementId, InstanceId
from satchel.model.services import Auth, MailTask, RestTask
from satchel.outbound.failure import CallFailed

SHOWN_BYTES = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """A request that would be sent.

    Attributes:
        method, url: as they would be sent; of a mail `MAIL` and its recipients.
        headers: without what signs it in, and without those of the connection.
        auth: how it would sign in, by the secret's name.
        body_bytes: the Content-Length, or the size of the mail.
        body: the first 4 KiB, as text.
        files: those whose bytes go along.
    """

    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    auth: str | None
    media_type: str | None
    body_bytes: int
    body: str
    files: Sequence[File]


async def show(context: Context, actor: Actor, instance_id: InstanceId, element: str) -> DryRun:
    """Return what a service task of an instance would send if it were due now.

    Addresses of files in it are signed for the one who looks and not for the user of the task: looking opens nothing.

    Raises:
        NotFound, Forbidden: the actor may not modify the instance, or its app has no such service task.
        InvalidState: the task sends nothing, or could not be sent: for the reason that a real attempt would give.
    """
    async with context.database.read() as tx:
        instance = await instance_rows.instance(tx, actor.account_id, instance_id)
        if instance is None:
            raise NotFound("instance", instance_id)
        app = await context.apps.version(tx, actor.account_id, instance.version_id)
        await access.require_instance_right(tx, actor, app, instance, Right.MODIFY)
        held = await file_rows.files_of_instances(tx, actor.account_id, [instance_id])
    service = app.manifest.services.get(ElementId(element))
    if service is None:
        raise NotFound("service task", element)
    try:
        service = await environment.filled_in(context, actor.account_id, service)
        job = ServiceJob(actor=actor, instance_id=instance_id, call_id=None, service=service)
        if isinstance(service.task, RestTask):
            return await _request(context, job, service.task, held)
        if isinstance(service.task, MailTask):
            return await _mail(context, job, service.task, held)
    except CallFailed as error:
        raise InvalidState(f"{element} could not be sent: {error.message}") from error
    raise InvalidState(f"{element} is of the kind {service.kind} and sends no request.")


async def _request(context: Context, job: ServiceJob, task: RestTask, held: Sequence[File]) -> DryRun:
    prepared = await rest.prepare(context, job, task)
    request, shown = prepared.request, b""
    if request.body is not None:
        async for chunk in request.body.open():
            shown += chunk
            if len(shown) >= SHOWN_BYTES:
                break
    target = request.target
    return DryRun(
        method=request.method,
        url=f"{target.scheme}://{target.authority}{target.request_target}",
        headers=request.headers,
        auth=_told(task.auth),
        media_type=request.body.media_type if request.body is not None else None,
        body_bytes=request.body.size_bytes if request.body is not None else 0,
        body=shown[:SHOWN_BYTES].decode("utf-8", "replace"),
        files=[file for file in held if file.id in prepared.files],
    )


async def _mail(context: Context, job: ServiceJob, task: MailTask, held: Sequence[File]) -> DryRun:
    mailer = await mail_servers.mailer(context, job.actor.account_id)
    message, sent = await mail.compose(context, job, task, mailer.sender if mailer else context.policy.mail_from)
    data = await asyncio.to_thread(message.as_bytes)  # with its files it may have many MiB
    return DryRun(
        method="MAIL",
        url=str(message["To"]),
        headers=[(name, str(value)) for name, value in message.items()],
        auth=None,
        media_type=message.get_content_type(),
        body_bytes=len(data),
        body=data[:SHOWN_BYTES].decode("utf-8", "replace"),
        files=[file for file in held if file.id in sent],
    )


def _told(auth: Auth | None) -> str | None:
    return None if auth is None else f"{auth.kind.value}, with the secret {auth.secret}"
