"""What is sent to a webhook: the message of a delivery, rendered and signed anew for each attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

import msgspec

from satchel.actions.context import Context
from satchel.actions.files.handed_on import metadata_by_place
from satchel.actions.webhook_formats import InstanceChange, WebhookMessage
from satchel.db import files as file_rows
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.model.actor import Actor
from satchel.model.errors import NotFound
from satchel.model.ids import EventId, FileId, TaskId, UserId
from satchel.model.instance import InstanceState
from satchel.model.webhook_secrets import signature, token
from satchel.model.webhooks import Delivery, Webhook
from satchel.outbound.failure import CallFailed
from satchel.outbound.request import Request, bytes_body
from satchel.outbound.target import Target

MAX_FILES = 200
"""How many files one message tells of."""


def seal_name(webhook: Webhook) -> str:
    """Return under what name a webhook's secret is sealed; no secret of connectors can have it."""
    return f"webhook:{webhook.id}"


async def request(
    context: Context, webhook: Webhook, delivery: Delivery, issuer: Actor
) -> tuple[Request, Sequence[str]]:
    """Return what is sent now, and the texts of it that the record must not repeat.

    Args:
        issuer: for whom the webhook tells; the addresses of files work for as long as they may see them.

    Raises:
        CallFailed: `format` or `secret`, `bad_url`: it cannot be made.
        NotFound: the instance was deleted meanwhile.
    """
    known = context.webhook_formats.get(webhook.format)
    if known is None:
        raise CallFailed("format", f"This server has no webhook format {webhook.format}.")
    secrets = _opened(context, webhook)
    told, addresses = await _change(context, delivery, issuer)
    message = WebhookMessage(
        id=delivery.message_id,
        happening=delivery.happening,
        type=known.type_of(delivery.happening),
        at=delivery.at,
        told=told,
    )
    async with context.database.read() as tx:
        body = msgspec.json.encode(await known.render(tx, message))
    sent_at = int(context.clock().timestamp())
    secret_headers = [("Webhook-Signature", signature(secrets, message.id, sent_at, body))]
    if known.token_header is not None:
        secret_headers.append((known.token_header, token(secrets[0])))
    made = Request(
        method="POST",
        target=Target.parse(webhook.url),
        headers=[("Webhook-Id", message.id), ("Webhook-Timestamp", str(sent_at))],
        secret_headers=secret_headers,
        body=bytes_body(body, "application/json"),
    )
    return made, [*addresses, *(value for _, value in secret_headers)]


def _opened(context: Context, webhook: Webhook) -> list[str]:
    """Return the secrets that sign for a webhook at this moment, the newest first."""
    sealed = [webhook.sealed]
    if webhook.previous_sealed is not None and webhook.previous_until is not None:
        sealed += [webhook.previous_sealed] if context.clock() < webhook.previous_until else []
    found = [context.vault.open(webhook.account_id, seal_name(webhook), one) for one in sealed]
    if found[0] is None:
        raise CallFailed(
            "secret",
            f"The secret of webhook {webhook.id} was sealed with another key than this server's; restore that key, or"
            " give the webhook a new secret.",
        )
    return [secret for secret in found if secret is not None]


async def _change(context: Context, delivery: Delivery, issuer: Actor) -> tuple[InstanceChange | None, Sequence[str]]:
    """Return what is told, and the addresses of files in it."""
    snapshot = delivery.snapshot
    if delivery.instance_id is None:
        return None, ()
    account = delivery.account_id
    async with context.database.read() as tx:
        row = await instance_rows.instance(tx, account, delivery.instance_id)
        if row is None:
            raise NotFound("instance", delivery.instance_id)
        app = await context.apps.version(tx, account, row.version_id)
        files = await file_rows.files_of_instances(tx, account, [row.id])
        number = cast("int | None", snapshot["task"])
        task = await task_rows.task(tx, account, TaskId(number)) if number is not None else None
    ended_at = cast("str | None", snapshot["ended_at"])
    instance = replace(
        row,
        title=cast("str", snapshot["title"]),
        state=InstanceState(cast("str", snapshot["state"])),
        ended_at=datetime.fromisoformat(ended_at) if ended_at is not None else None,
        revision=cast("int", snapshot["revision"]),
        values=cast("Mapping[str, object]", snapshot["values"]),
    )
    then = frozenset(cast("list[FileId]", snapshot["files"]))
    there = [file for file in files if file.id in then]
    shown = there[:MAX_FILES]
    by_place = await metadata_by_place(context, issuer, shown)
    user = cast("int | None", snapshot["user"])
    told = InstanceChange(
        event_id=EventId(cast("int", snapshot["event"])),
        kind=cast("str", snapshot["kind"]),
        user_id=UserId(user) if user is not None else None,
        app=app,
        instance=instance,
        task=task,
        files=by_place,
        held=shown,
        files_left_out=max(0, len(there) - MAX_FILES),
    )
    addresses = [str(one["url"]) for place in by_place.values() for one in place]
    return told, [address for address in addresses if address]
