"""Tells webhooks what happened: attempts, their record, and what follows from their failure.

As with service tasks, an attempt has a row before it acts, and its end is recorded only while that row is its own. A
job that dies in between is made again, so a receiver may hear of one thing twice, under one `webhook-id`.

A webhook that fails rests: while it does, one attempt at a time finds out whether it takes messages again, so that
receivers that hang do not hold the jobs of others up.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from satchel.actions.calls.rest_auth import CallCredentials
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.identity.credentials import actor_of
from satchel.actions.instances.notifications import enqueue
from satchel.actions.webhooks import messages
from satchel.db import deliveries as rows
from satchel.db import webhooks as webhook_rows
from satchel.db.pool import Reader, Writer
from satchel.model.actor import Actor, Right, system
from satchel.model.errors import SatchelError
from satchel.model.ids import AccountId, AppId, DeliveryId
from satchel.model.webhooks import (
    DEADLINE,
    FAILING_FOR,
    PAUSES,
    RESTS,
    Delivery,
    DeliveryState,
    Webhook,
    WebhookEvent,
)
from satchel.outbound.failure import CallFailed
from satchel.outbound.http import Bounds

AT_ONCE = 100
"""How many due attempts one tick enqueues."""

_BOUNDS = Bounds(
    connect=timedelta(seconds=10), idle=timedelta(seconds=15), total=timedelta(seconds=15), reply_bytes=64 * 1024
)
_RUN_BYTES = 12
_GONE = 410
_SHORTEST_REST = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedDelivery:
    """An attempt that was started.

    Attributes:
        issuer: for whom the webhook tells.
        run: names the job that makes it.
    """

    webhook: Webhook
    delivery: Delivery
    issuer: Actor
    number: int
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """How an attempt ended; it failed where there is a reason."""

    status: int | None = None
    reply: str = ""
    reason: str | None = None
    message: str | None = None
    retry_after_s: float | None = None


async def enqueue_due(context: Context) -> int:
    """Enqueue the attempts whose pause is over, in all accounts, and return how many there were."""
    now, backoff = context.clock(), context.backoff
    enqueued = 0
    async with context.database.read() as tx:
        due = await rows.due_deliveries(tx, now, AT_ONCE, backoff.paused("delivery", now))

    async def take_up(known: Delivery) -> None:
        nonlocal enqueued
        async with context.database.write() as tx:
            webhook = await webhook_rows.lock_webhook(tx, known.account_id, known.webhook_id)
            delivery = await rows.lock_delivery(tx, known.account_id, known.id)
            if webhook is None or delivery is None or delivery.due_at is None or delivery.due_at > now:
                return
            if webhook.failing_since is not None:
                if _is_paused(webhook, now):
                    return
                await webhook_rows.set_failing(
                    tx, webhook.account_id, webhook.id, since=webhook.failing_since, rests_until=now + RESTS
                )
            await rows.set_due(tx, delivery.account_id, delivery.id, None)
            await enqueue(context, tx, delivery, is_probe=True)
        enqueued += 1

    await backoff.each("delivery", due, take_up, key=lambda it: it.id, clock=context.clock)
    return enqueued


async def deliver(
    context: Context, account: AccountId, delivery_id: DeliveryId, attempt: int, *, is_probe: bool = False
) -> None:
    """Make one attempt of a delivery, or take over the one of a worker that died.

    Does nothing if that attempt has ended, so that it may be repeated.

    Args:
        is_probe: whether it is made although the webhook rests.
    """
    started = await _begin(context, account, delivery_id, attempt, is_probe=is_probe)
    if started is None:
        return
    clock_s = time.monotonic()
    try:
        outcome = await _send(context, started)
    except SatchelError as error:
        outcome = _failure(error)
    except Exception as error:
        # A fault of ours is recorded as any failed attempt, so that nothing waits unseen; the queue logs it.
        message = f"The server failed unexpectedly ({type(error).__name__}); see its log."
        await _end(context, started, DeliveryResult(reason="fault", message=message), clock_s)
        raise
    await _end(context, started, outcome, clock_s)


def _failure(error: SatchelError) -> DeliveryResult:
    if isinstance(error, CallFailed):
        return DeliveryResult(reason=error.reason, message=error.message)
    return DeliveryResult(reason=error.code, message=error.message)


def _is_paused(webhook: Webhook, now: datetime) -> bool:
    return webhook.rests_until is not None and webhook.rests_until > now


async def _begin(
    context: Context, account: AccountId, delivery_id: DeliveryId, attempt: int, *, is_probe: bool
) -> StartedDelivery | None:
    async with context.database.read() as tx:
        known = await rows.delivery(tx, account, delivery_id)
    if known is None:
        return None
    async with context.database.write() as tx:
        now = context.clock()
        webhook = await webhook_rows.lock_webhook(tx, account, known.webhook_id)
        delivery = await rows.lock_delivery(tx, account, delivery_id)
        if webhook is None or delivery is None or not await _is_next(tx, delivery, attempt):
            return None
        is_test = delivery.happening is WebhookEvent.TEST
        if not webhook.is_active and not is_test:
            await rows.end_delivery(tx, account, delivery_id, is_delivered=False, now=now, reason="switched_off")
            return None
        issuer = await _issuer(tx, webhook)
        if issuer is None:
            await disable(context, tx, webhook, "rights_lost")
            await rows.end_delivery(tx, account, delivery_id, is_delivered=False, now=now, reason="rights_lost")
            return None
        if _is_paused(webhook, now) and not is_probe and not is_test:
            await rows.set_due(tx, account, delivery_id, webhook.rests_until)
            return None
        run = context.entropy(_RUN_BYTES).hex()
        await rows.begin_attempt(tx, account, delivery_id, attempt, run=run, now=now)
    return StartedDelivery(webhook=webhook, delivery=delivery, issuer=issuer, number=attempt, run=run)


async def _is_next(tx: Reader, delivery: Delivery, attempt: int) -> bool:
    """Return whether this attempt is to be made: it is the next one, or runs in the hands of a worker that died."""
    if delivery.state is not DeliveryState.WAITING:
        return False
    if delivery.attempt == attempt:
        made = await rows.attempts(tx, delivery.account_id, delivery.id)
        return bool(made) and made[-1].state == "running"
    return delivery.attempt == attempt - 1


async def _issuer(tx: Reader, webhook: Webhook) -> Actor | None:
    """Return for whom a webhook tells; None where they may not any more."""
    found = await actor_of(tx, webhook.account_id, webhook.user_id)
    return found if found is not None and may_notify(found, webhook.app_id) else None


def may_notify(actor: Actor, app: AppId) -> bool:
    """Return whether an actor may have everything of an app's instances told to an address."""
    return actor.may(Right.MANAGE, app) and actor.may(Right.VIEW, app)


async def _send(context: Context, started: StartedDelivery) -> DeliveryResult:
    request, hidden = await messages.request(context, started.webhook, started.delivery, started.issuer)
    async with context.http.send(request, _BOUNDS) as reply:
        head = await reply.peek()
        told = CallCredentials(hides=tuple(hidden)).hide(head.decode("utf-8", "replace").replace("\0", "\ufffd"))
        if 200 <= reply.status <= 299:  # noqa: PLR2004  # what HTTP calls success
            return DeliveryResult(status=reply.status, reply=told)
        return DeliveryResult(
            status=reply.status,
            reply=told,
            reason="status",
            message=f"{reply.target.shown} answered {reply.status}.",
            retry_after_s=reply.retry_after_s(context.clock()),
        )


async def _end(context: Context, started: StartedDelivery, outcome: DeliveryResult, clock_s: float) -> None:
    """Record how an attempt ended, and what follows."""
    delivery, now = started.delivery, context.clock()
    account = delivery.account_id
    async with context.database.write() as tx:
        webhook = await webhook_rows.lock_webhook(tx, account, delivery.webhook_id)
        if webhook is None or await rows.lock_delivery(tx, account, delivery.id) is None:
            return
        is_own = await rows.end_attempt(
            tx,
            account,
            delivery.id,
            started.run,
            now=now,
            status=outcome.status,
            duration_ms=round((time.monotonic() - clock_s) * 1000),
            reason=outcome.reason,
            message=outcome.message,
            reply=outcome.reply,
        )
        if not is_own:
            return
        if outcome.reason is None:
            await rows.end_delivery(tx, account, delivery.id, is_delivered=True, now=now, reason=None)
            if webhook.failing_since is not None:
                await webhook_rows.set_failing(tx, account, webhook.id, since=None, rests_until=None)
        elif delivery.happening is WebhookEvent.TEST:
            await rows.end_delivery(tx, account, delivery.id, is_delivered=False, now=now, reason=outcome.reason)
        else:
            await _fail(context, tx, started, webhook, outcome)


async def _fail(
    context: Context, tx: Writer, started: StartedDelivery, webhook: Webhook, outcome: DeliveryResult
) -> None:
    """Plan the next attempt or give up; let the webhook rest, or switch it off."""
    delivery, now, account = started.delivery, context.clock(), webhook.account_id
    since = webhook.failing_since or now
    asked = timedelta(seconds=outcome.retry_after_s or 0)
    rest = max(min((now - since) / 10, RESTS), _SHORTEST_REST, asked)
    await webhook_rows.set_failing(tx, account, webhook.id, since=since, rests_until=now + rest)
    why = "gone" if outcome.status == _GONE else "failing" if now - since >= FAILING_FOR else None
    failed = started.number - delivery.counted_from
    due_at = now + max(PAUSES[failed - 1], asked) if failed <= len(PAUSES) else None
    if webhook.is_active and why is not None:
        await disable(context, tx, webhook, why)
    if why is not None or due_at is None or due_at > delivery.counted_since + DEADLINE:
        await rows.end_delivery(tx, account, delivery.id, is_delivered=False, now=now, reason=outcome.reason)
    else:
        await rows.set_due(tx, account, delivery.id, due_at)


async def disable(context: Context, tx: Writer, webhook: Webhook, why: str) -> None:
    """Switch a webhook off in the name of the server; somebody has to fix its cause and switch it on again."""
    await webhook_rows.disable(tx, webhook.account_id, webhook.id, why)
    data = {"webhook": webhook.id, "app": webhook.code, "why": why}
    await write_event(tx, context, system(webhook.account_id), "webhook.disabled", data)
