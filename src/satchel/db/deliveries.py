"""SQL of deliveries: what webhooks are told, and the attempts to tell it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, DeliveryId, InstanceId, WebhookId
from satchel.model.webhooks import Delivery, DeliveryAttempt, DeliveryState, WebhookEvent

_DELIVERY: LiteralString = (
    "account_id, id, uuid, webhook_id, instance_id, happening, at, snapshot, state, attempt, counted_from,"
    " counted_since, due_at, ended_at, reason"
)
_ATTEMPT: LiteralString = (
    "account_id, delivery_id, number, run, state, started_at, ended_at, status, duration_ms, reason, message, reply"
)


async def insert_delivery(
    tx: Writer,
    account: AccountId,
    webhook_id: WebhookId,
    *,
    uuid: UUID,
    instance_id: InstanceId | None,
    happening: WebhookEvent,
    at: datetime,
    snapshot: Mapping[str, object],
) -> Delivery | None:
    """Add what a webhook is to be told.

    It is due for the tick where the webhook fails at present; otherwise its first attempt is the caller's to enqueue.
    Returns None where the webhook is gone by now.
    """
    return await tx.row(
        Delivery,
        "INSERT INTO webhook_deliveries (account_id, uuid, webhook_id, instance_id, happening, at, snapshot, state,"
        " counted_since, due_at)"
        " SELECT account_id, %(uuid)s, id, %(instance)s, %(happening)s, %(at)s, %(snapshot)s, 'waiting', %(at)s,"
        " CASE WHEN failing_since IS NOT NULL THEN %(at)s::timestamptz END"
        f" FROM webhooks WHERE account_id = %(account)s AND id = %(webhook)s RETURNING {_DELIVERY}",
        {
            "account": account,
            "uuid": uuid,
            "webhook": webhook_id,
            "instance": instance_id,
            "happening": happening.value,
            "at": at,
            "snapshot": Jsonb(dict(snapshot)),
        },
    )


async def delivery(tx: Reader, account: AccountId, delivery_id: DeliveryId) -> Delivery | None:
    """Return one delivery of the account."""
    return await tx.row(
        Delivery,
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE account_id = %s AND id = %s",
        (account, delivery_id),
    )


async def lock_delivery(tx: Writer, account: AccountId, delivery_id: DeliveryId) -> Delivery | None:
    """Return one delivery, locked until the transaction ends; its webhook is locked before, where both are."""
    return await tx.row(
        Delivery,
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE account_id = %s AND id = %s FOR UPDATE",
        (account, delivery_id),
    )


async def deliveries(
    tx: Reader, account: AccountId, webhook_id: WebhookId, *, before: int | None, limit: int, state: str | None
) -> list[Delivery]:
    """Return a page of what a webhook was told, newest first."""
    return await tx.rows(
        Delivery,
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE account_id = %(account)s AND webhook_id = %(webhook)s"
        " AND (%(before)s::bigint IS NULL OR id < %(before)s) AND (%(state)s::text IS NULL OR state = %(state)s)"
        " ORDER BY id DESC LIMIT %(limit)s",
        {"account": account, "webhook": webhook_id, "before": before, "limit": limit, "state": state},
    )


async def due_deliveries(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[Delivery]:
    """Return deliveries of every account whose next attempt is due, the oldest first.

    Left out are those of webhooks that rest, and some by their numbers.
    """
    return await tx.rows(
        Delivery,
        f"SELECT d.{_DELIVERY.replace(', ', ', d.')} FROM webhook_deliveries d"
        " JOIN webhooks w ON w.account_id = d.account_id AND w.id = d.webhook_id"
        " WHERE d.state = 'waiting' AND d.due_at <= %(now)s AND (w.rests_until IS NULL OR w.rests_until <= %(now)s)"
        " AND d.id <> ALL(%(but)s::bigint[]) ORDER BY d.due_at, d.id LIMIT %(limit)s",
        {"now": now, "limit": limit, "but": list(but)},
    )


async def set_due(tx: Writer, account: AccountId, delivery_id: DeliveryId, due_at: datetime | None) -> None:
    """Say when the next attempt is due; None takes that back."""
    tx.put(
        "UPDATE webhook_deliveries SET due_at = %s WHERE account_id = %s AND id = %s", (due_at, account, delivery_id)
    )


async def count_anew(tx: Writer, account: AccountId, delivery_id: DeliveryId, now: datetime) -> None:
    """Have a delivery made again, as if there had been no attempts."""
    tx.put(
        "UPDATE webhook_deliveries SET state = 'waiting', ended_at = NULL, reason = NULL, due_at = NULL,"
        " counted_from = attempt, counted_since = %s WHERE account_id = %s AND id = %s",
        (now, account, delivery_id),
    )


async def end_delivery(
    tx: Writer, account: AccountId, delivery_id: DeliveryId, *, is_delivered: bool, now: datetime, reason: str | None
) -> None:
    """End a delivery: it was taken, or is given up for a reason."""
    state = DeliveryState.DELIVERED if is_delivered else DeliveryState.FAILED
    tx.put(
        "UPDATE webhook_deliveries SET state = %s, ended_at = %s, reason = %s, due_at = NULL"
        " WHERE account_id = %s AND id = %s",
        (state.value, now, reason, account, delivery_id),
    )


async def begin_attempt(
    tx: Writer, account: AccountId, delivery_id: DeliveryId, number: int, *, run: str, now: datetime
) -> None:
    """Begin an attempt of a delivery, or take over the one that runs."""
    tx.put(
        "UPDATE webhook_deliveries SET attempt = %s, due_at = NULL WHERE account_id = %s AND id = %s",
        (number, account, delivery_id),
    )
    tx.put(
        "INSERT INTO webhook_attempts (account_id, delivery_id, number, run, state, started_at)"
        " VALUES (%s, %s, %s, %s, 'running', %s)"
        " ON CONFLICT (account_id, delivery_id, number) DO UPDATE SET run = excluded.run",
        (account, delivery_id, number, run, now),
    )


async def end_attempt(
    tx: Writer,
    account: AccountId,
    delivery_id: DeliveryId,
    run: str,
    *,
    now: datetime,
    status: int | None,
    duration_ms: int,
    reason: str | None,
    message: str | None,
    reply: str,
) -> bool:
    """End the attempt that a job made, as failed where there is a reason; return whether it was still its own."""
    ended = await tx.value(
        int,
        "UPDATE webhook_attempts SET state = %s, ended_at = %s, status = %s, duration_ms = %s, reason = %s,"
        " message = %s, reply = %s WHERE account_id = %s AND delivery_id = %s AND run = %s AND state = 'running'"
        " RETURNING number",
        (
            "done" if reason is None else "failed",
            now,
            status,
            duration_ms,
            reason,
            message,
            reply,
            account,
            delivery_id,
            run,
        ),
    )
    return ended is not None


async def attempts(tx: Reader, account: AccountId, delivery_id: DeliveryId) -> list[DeliveryAttempt]:
    """Return the attempts of a delivery, oldest first."""
    return await tx.rows(
        DeliveryAttempt,
        f"SELECT {_ATTEMPT} FROM webhook_attempts WHERE account_id = %s AND delivery_id = %s ORDER BY number",
        (account, delivery_id),
    )


async def forget_ended(tx: Writer, before: datetime, limit: int) -> int:
    """Remove deliveries that ended before a moment, some at once; return how many."""
    return await tx.execute(
        "DELETE FROM webhook_deliveries WHERE (account_id, id) IN (SELECT account_id, id FROM webhook_deliveries"
        " WHERE ended_at < %s ORDER BY ended_at LIMIT %s)",
        (before, limit),
    )
