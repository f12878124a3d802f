"""Webhooks: which addresses an app tells what happens, and the record of what they were told.

Somebody who may manage an app and view all of its instances may have them told to an address, and answers for it: once
they lose one of the two rights, or may not sign in any more, the webhook is switched off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.instances.notifications import enqueue
from satchel.actions.webhook_formats import NATIVE
from satchel.actions.webhooks.deliveries import may_notify
from satchel.actions.webhooks.messages import seal_name
from satchel.db import apps as app_rows
from satchel.db import deliveries as delivery_rows
from satchel.db import webhooks as rows
from satchel.db.pool import Reader, Writer
from satchel.model.actor import Actor, Right
from satchel.model.errors import FieldFault, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import AppId, DeliveryId, UserId, WebhookId, uuid7
from satchel.model.webhook_secrets import new_secret, token
from satchel.model.webhooks import (
    MAX_WEBHOOKS_PER_APP,
    SECRET_OVERLAPS,
    SUBSCRIBED,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Webhook,
    WebhookEvent,
)
from satchel.outbound.failure import CallFailed
from satchel.outbound.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """What a webhook is to be; None leaves a part as it is, or as it is by default."""

    url: str | None = None
    events: Sequence[str] | None = None
    format: str | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSecret:
    """What proves a webhook's messages, shown once.

    Attributes:
        token: of a format that sends one in a header.
    """

    webhook: Webhook
    secret: str = field(repr=False)
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """A delivery with every attempt, oldest first."""

    delivery: Delivery
    attempts: Sequence[DeliveryAttempt]


async def listing(context: Context, actor: Actor, code: str | None = None) -> Sequence[Webhook]:
    """Return the webhooks of an app, or of all apps that the actor may manage, by id.

    Raises:
        NotFound, Forbidden: the actor may not manage the app.
    """
    async with context.database.read() as tx:
        if code is not None:
            return await rows.webhooks(tx, actor.account_id, [await _app(tx, actor, code)])
        managed = actor.apps_with(Right.MANAGE)
        return await rows.webhooks(tx, actor.account_id, None if managed is None else sorted(managed))


async def create(context: Context, actor: Actor, code: str, settings: WebhookSettings) -> WebhookSecret:
    """Have an app tell an address what happens, and return the new webhook with its secret.

    Raises:
        NotFound, Forbidden: the actor may not manage the app and view its instances.
        InvalidValues: the address, an event or the format cannot be used.
        InvalidState: the app has too many.
    """
    known = context.webhook_formats.get(settings.format or NATIVE)
    by_default = known.events if known is not None else ()
    events = settings.events if settings.events is not None else by_default
    wanted = WebhookSettings(url=settings.url or "", events=events, format=settings.format or NATIVE)
    async with context.database.write() as tx:
        app = await _app(tx, actor, code)
        user = _require_issuer(actor, app, code)
        _check(context, wanted)
        await rows.lock_app(tx, actor.account_id, app)
        if len(await rows.webhooks(tx, actor.account_id, [app])) >= MAX_WEBHOOKS_PER_APP:
            raise InvalidState(f"{code} has {MAX_WEBHOOKS_PER_APP} webhooks, the maximum of an app; delete one.")
        made = await rows.insert_webhook(
            tx,
            actor.account_id,
            app,
            url=settings.url or "",
            events=_sorted(events),
            form=settings.format or NATIVE,
            by=user,
            now=context.clock(),
        )
        if settings.is_active is False:
            await _change(context, tx, await _locked(tx, actor, made), settings, user)
        secret = await _give_secret(context, tx, await _locked(tx, actor, made), is_first=True)
        await _note(context, tx, actor, "webhook.created", secret.webhook)
        return secret


async def read(context: Context, actor: Actor, webhook_id: WebhookId) -> Webhook:
    """Return a webhook.

    Raises:
        NotFound, Forbidden: the actor may not manage its app.
    """
    async with context.database.read() as tx:
        return _known(actor, webhook_id, await rows.webhook(tx, actor.account_id, webhook_id))


async def change(context: Context, actor: Actor, webhook_id: WebhookId, settings: WebhookSettings) -> Webhook:
    """Change a webhook; the actor answers for it from now on, and it counts as one that never failed.

    Raises:
        NotFound, Forbidden: the actor may not manage its app and view its instances.
        InvalidValues: the address, an event or the format cannot be used.
    """
    async with context.database.write() as tx:
        found = await _locked(tx, actor, webhook_id)
        user = _require_issuer(actor, found.app_id, found.code)
        _check(context, settings, of=found)
        await _change(context, tx, found, settings, user)
        changed = await _locked(tx, actor, webhook_id)
        await _note(context, tx, actor, "webhook.changed", changed)
        return changed


async def delete(context: Context, actor: Actor, webhook_id: WebhookId) -> None:
    """Remove a webhook with the record of what it was told; what was not delivered is not any more.

    Raises:
        NotFound, Forbidden: the actor may not manage its app.
    """
    async with context.database.write() as tx:
        found = await _locked(tx, actor, webhook_id)
        await rows.delete_webhook(tx, actor.account_id, webhook_id)
        await _note(context, tx, actor, "webhook.deleted", found)


async def change_secret(
    context: Context, actor: Actor, webhook_id: WebhookId, *, at_once: bool = False
) -> WebhookSecret:
    """Give a webhook a new secret; the one before signs too for a day, so that receivers can change over.

    Args:
        at_once: whether the one before ends now, because somebody else has it.

    Raises:
        NotFound, Forbidden: the actor may not manage its app.
    """
    async with context.database.write() as tx:
        found = await _locked(tx, actor, webhook_id)
        secret = await _give_secret(context, tx, found, is_first=at_once)
        await _note(context, tx, actor, "webhook.secret_changed", found)
        return secret


async def send_test(context: Context, actor: Actor, webhook_id: WebhookId) -> DeliveryId:
    """Have a webhook told that this is a test, once, also while it is switched off.

    Raises:
        NotFound, Forbidden: the actor may not manage its app.
    """
    now = context.clock()
    async with context.database.write() as tx:
        await _locked(tx, actor, webhook_id)
        made = await delivery_rows.insert_delivery(
            tx,
            actor.account_id,
            webhook_id,
            uuid=uuid7(now, context.entropy),
            instance_id=None,
            happening=WebhookEvent.TEST,
            at=now,
            snapshot={},
        )
        if made is None:
            raise NotFound("webhook", webhook_id)
        await delivery_rows.set_due(tx, actor.account_id, made.id, None)
        await enqueue(context, tx, made)
        return made.id


async def deliveries(
    context: Context, actor: Actor, webhook_id: WebhookId, *, before: int | None, limit: int, state: str | None
) -> Sequence[Delivery]:
    """Return a page of what a webhook was told, newest first.

    Raises:
        NotFound, Forbidden: the actor may not manage its app.
    """
    await read(context, actor, webhook_id)
    async with context.database.read() as tx:
        return await delivery_rows.deliveries(tx, actor.account_id, webhook_id, before=before, limit=limit, state=state)


async def record(context: Context, actor: Actor, delivery_id: DeliveryId) -> DeliveryRecord:
    """Return a delivery with its attempts.

    Raises:
        NotFound, Forbidden: the actor may not manage the app of its webhook.
    """
    async with context.database.read() as tx:
        found = await delivery_rows.delivery(tx, actor.account_id, delivery_id)
        if found is None:
            raise NotFound("delivery", delivery_id)
        _known(actor, delivery_id, await rows.webhook(tx, actor.account_id, found.webhook_id), what="delivery")
        return DeliveryRecord(delivery=found, attempts=await delivery_rows.attempts(tx, actor.account_id, delivery_id))


async def redeliver(context: Context, actor: Actor, delivery_id: DeliveryId) -> None:
    """Have a delivery that ended made again, under the same `webhook-id`, as often as a new one.

    Raises:
        NotFound, Forbidden: the actor may not manage the app of its webhook.
        InvalidState: it is still being made, or its webhook is switched off.
    """
    known = (await record(context, actor, delivery_id)).delivery
    async with context.database.write() as tx:
        webhook = await _locked(tx, actor, known.webhook_id)
        found = await delivery_rows.lock_delivery(tx, actor.account_id, delivery_id)
        if found is None:
            raise NotFound("delivery", delivery_id)
        if found.state is DeliveryState.WAITING:
            raise InvalidState(f"The delivery {delivery_id} is not finished yet.")
        if not webhook.is_active and found.happening is not WebhookEvent.TEST:
            raise InvalidState(f"The webhook {webhook.id} is switched off; switch it on first.")
        await delivery_rows.count_anew(tx, actor.account_id, delivery_id, context.clock())
        await enqueue(context, tx, found, is_probe=True)


async def _app(tx: Reader, actor: Actor, code: str) -> AppId:
    row = await app_rows.app_by_code(tx, actor.account_id, code)
    if row is None:
        raise NotFound("app", code)
    access.require_right(actor, Right.MANAGE, row.id, code)
    return row.id


def _require_issuer(actor: Actor, app: AppId, code: str) -> UserId:
    if actor.user_id is None or not may_notify(actor, app):
        raise Forbidden(
            f"A webhook sends all values of the instances of {code}: you need the rights 'manage' and 'view' for it."
        )
    return actor.user_id


def _known(actor: Actor, number: int, found: Webhook | None, *, what: str = "webhook") -> Webhook:
    if found is None or not actor.knows(found.app_id):
        raise NotFound(what, number)
    access.require_right(actor, Right.MANAGE, found.app_id, found.code)
    return found


async def _locked(tx: Writer, actor: Actor, webhook_id: WebhookId) -> Webhook:
    return _known(actor, webhook_id, await rows.lock_webhook(tx, actor.account_id, webhook_id))


def _check(context: Context, settings: WebhookSettings, *, of: Webhook | None = None) -> None:
    """Check a settings, with what a present webhook has where it leaves something out."""
    faults: list[FieldFault] = []
    if settings.url is not None:
        try:
            Target.parse(settings.url)
        except CallFailed as error:
            faults.append(FieldFault(field="url", code="format", message=error.message))
    known = context.webhook_formats.get(settings.format or (of.format if of is not None else NATIVE))
    if known is None:
        message = f"use one of: {', '.join(sorted(context.webhook_formats))}."
        faults.append(FieldFault(field="format", code="unknown_value", message=message))
    else:
        events = settings.events if settings.events is not None else (of.events if of is not None else ())
        if not events or not set(events) <= set(known.events):
            message = f"the format {known.name} has the events: {', '.join(known.events)}; name one or more."
            faults.append(FieldFault(field="events", code="unknown_value", message=message))
    if faults:
        raise InvalidValues(faults)


def _sorted(events: Sequence[str]) -> list[str]:
    return [happening.value for happening in SUBSCRIBED if happening.value in events]


async def _change(context: Context, tx: Writer, found: Webhook, settings: WebhookSettings, user: UserId) -> None:
    await rows.change_webhook(
        tx,
        found.account_id,
        found.id,
        url=settings.url if settings.url is not None else found.url,
        events=_sorted(settings.events if settings.events is not None else found.events),
        form=settings.format if settings.format is not None else found.format,
        is_active=settings.is_active if settings.is_active is not None else found.is_active,
        by=user,
        now=context.clock(),
    )


async def _give_secret(context: Context, tx: Writer, webhook: Webhook, *, is_first: bool) -> WebhookSecret:
    secret = new_secret(context.entropy)
    sealed = context.vault.seal(webhook.account_id, seal_name(webhook), secret, context.entropy)
    until = None if is_first else context.clock() + SECRET_OVERLAPS
    await rows.set_secret(tx, webhook.account_id, webhook.id, sealed, previous_until=until)
    known = context.webhook_formats.get(webhook.format)
    has_token = known is not None and known.token_header is not None
    now = await rows.webhook(tx, webhook.account_id, webhook.id)
    return WebhookSecret(webhook=now or webhook, secret=secret, token=token(secret) if has_token else None)


async def _note(context: Context, tx: Writer, actor: Actor, kind: str, webhook: Webhook) -> None:
    parts = urlsplit(webhook.url)
    data = {
        "webhook": webhook.id,
        "app": webhook.code,
        "url": f"{parts.scheme}://{parts.netloc}{parts.path}",
        "events": webhook.events,
        "active": webhook.is_active,
    }
    await write_event(tx, context, actor, kind, data)
