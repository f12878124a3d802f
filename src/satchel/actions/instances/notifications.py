"""Notifications of webhooks: which lines of history notify, and the deliveries that follow from them.

Deliveries are written at the end of the transaction that made the change: none is lost, none reports a change that was
rolled back, and each reports what that transaction saved.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.actions.context import Context
from satchel.db import deliveries as rows
from satchel.db import files as file_rows
from satchel.db import instances as instance_rows
from satchel.db.events import RecordedEvent
from satchel.db.pool import Writer
from satchel.db.trips import Later
from satchel.model.ids import AccountId, EventId, InstanceId, TaskId, UserId, uuid7
from satchel.model.instance import Instance
from satchel.model.webhooks import Delivery, WebhookEvent
from satchel.queue.enqueue import DELIVER_WEBHOOK

_EVENTS = {
    "instance.started": WebhookEvent.START,
    "task.completed": WebhookEvent.TASK_DONE,
    "instance.ended": WebhookEvent.END,
    "instance.cancelled": WebhookEvent.END,
    "instance.failed": WebhookEvent.END,
    **dict.fromkeys(
        ("file.added", "file.copied", "file.described", "file.deleted", "file.restored"), WebhookEvent.SAVE
    ),
}
_FORMS = frozenset(
    {
        *("instance.changed", "task.saved", "task.submitted", "message.received", "action.run", "call.returned"),
        *("service.finished", "service.failed"),
    }
)
"""Kinds that count as a save only if values or files changed."""


def webhook_event_of(kind: str, task: TaskId | None, has_changes: Callable[[], bool]) -> WebhookEvent | None:
    """Return the event that webhooks are notified of for a line of an instance's history, or None.

    Args:
        kind: of the line.
        task: that it belongs to.
        has_changes: returns whether values or files of the instance changed.
    """
    if kind == "action.run" and task is not None:
        return WebhookEvent.TASK_DONE
    if kind in _FORMS:
        return WebhookEvent.SAVE if has_changes() else None
    return _EVENTS.get(kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An event of this transaction.

    Attributes:
        recorded: its number, and the webhooks to notify of it.
    """

    happening: WebhookEvent
    recorded: Later[RecordedEvent | None]
    kind: str
    at: datetime
    user_id: UserId | None
    task_id: TaskId | None
    instance_id: InstanceId


async def write_deliveries(
    context: Context, tx: Writer, account: AccountId, notifications: Sequence[Notification]
) -> None:
    """Write the deliveries of webhooks, after everything else of the transaction was saved."""
    if notifications:
        await tx.trip()
    for notification in notifications:
        recorded = notification.recorded.result
        if recorded is None or not recorded.webhooks:
            continue
        instance = await instance_rows.instance(tx, account, notification.instance_id)
        if instance is None:
            continue  # deleted in this same transaction
        snapshot = await _snapshot(tx, instance, notification, recorded.id)
        for webhook in recorded.webhooks:
            written = await rows.insert_delivery(
                tx,
                account,
                webhook,
                uuid=uuid7(notification.at, context.entropy),
                instance_id=instance.id,
                happening=notification.happening,
                at=notification.at,
                snapshot=snapshot,
            )
            if written is not None and written.due_at is None:
                await enqueue(context, tx, written)


async def enqueue(context: Context, tx: Writer, delivery: Delivery, *, is_probe: bool = False) -> None:
    """Have the next attempt of a delivery made.

    Args:
        is_probe: whether it is to find out if a webhook that failed takes messages again.
    """
    arguments = {
        "account": delivery.account_id,
        "delivery": delivery.id,
        "attempt": delivery.attempt + 1,
        "probe": int(is_probe),
    }
    await context.queue.enqueue(tx, DELIVER_WEBHOOK, arguments)


async def _snapshot(tx: Writer, instance: Instance, notification: Notification, event: EventId) -> dict[str, object]:
    return {
        "event": event,
        "kind": notification.kind,
        "user": notification.user_id,
        "task": notification.task_id,
        "title": instance.title,
        "state": instance.state.value,
        "ended_at": instance.ended_at.isoformat() if instance.ended_at is not None else None,
        "revision": instance.revision,
        "values": dict(instance.values),
        "files": await file_rows.file_ids(tx, instance.account_id, instance.id),
    }
