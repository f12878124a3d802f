"""Service tasks, incidents and webhooks."""

from msgspec import structs

from satchel.actions.calls.by_hand import CallRecord
from satchel.actions.calls.dry_runs import DryRun
from satchel.actions.calls.newer_settings import KnownIncident
from satchel.actions.webhooks.subscriptions import DeliveryRecord, WebhookSecret
from satchel.model.api import calls as api
from satchel.model.api.kinds import Timestamp
from satchel.model.instance import Attempt, ServiceCall
from satchel.model.webhooks import Delivery, DeliveryAttempt, Webhook


def call(row: ServiceCall) -> api.Call:
    """Return a service task that became due."""
    return api.Call(
        id=row.id,
        instance=row.instance_id,
        element=row.element,
        kind=row.kind,
        state=row.state,
        variables=row.variables,
        opened_at=Timestamp.of(row.opened_at),
        closed_at=Timestamp.of_optional(row.closed_at),
        error=row.error,
        next_attempt_at=Timestamp.of_optional(row.due_at),
    )


def call_record(found: CallRecord) -> api.CallRecord:
    """Return a service task with every attempt."""
    return api.CallRecord(
        **structs.asdict(call(found.call)), attempts=[_call_attempt(attempt) for attempt in found.attempts]
    )


def _call_attempt(row: Attempt) -> api.CallAttempt:
    return api.CallAttempt(
        number=row.number,
        state=row.state,
        started_at=Timestamp.of(row.started_at),
        ended_at=Timestamp.of_optional(row.ended_at),
        reason=row.reason,
        message=row.message,
        details=row.details,
    )


def dry_run(found: DryRun) -> api.DryRun:
    """Return a request that would be sent."""
    return api.DryRun(
        method=found.method,
        url=found.url,
        headers=found.headers,
        auth=found.auth,
        media_type=found.media_type,
        body_bytes=found.body_bytes,
        body=found.body,
        files=[
            api.SentFile(id=file.id, name=file.name, size=file.size_bytes, media_type=file.media_type)
            for file in found.files
        ],
    )


def incident(known: KnownIncident) -> api.Incident:
    """Return why an instance could not continue."""
    row = known.incident
    return api.Incident(
        id=row.id,
        instance=row.instance_id,
        element=row.element,
        code=row.code,
        message=row.message,
        details=row.details,
        opened_at=Timestamp.of(row.opened_at),
        closed_at=Timestamp.of_optional(row.closed_at),
        newer_version=known.newer,
    )


def webhook(row: Webhook) -> api.Webhook:
    """Return a webhook, without its secret."""
    return api.Webhook(
        id=row.id,
        app=row.code,
        url=row.url,
        events=row.events,
        format=row.format,
        active=row.is_active,
        disabled=row.disabled,
        failing_since=Timestamp.of_optional(row.failing_since),
        user=row.user_id,
        created_at=Timestamp.of(row.created_at),
        changed_at=Timestamp.of(row.changed_at),
    )


def webhook_secret(made: WebhookSecret) -> api.WebhookSecret:
    """Return a webhook with its new secret."""
    return api.WebhookSecret(
        **structs.asdict(webhook(made.webhook)),
        secret=made.secret,
        token=None if made.token is None else made.token,
    )


def delivery(row: Delivery) -> api.Delivery:
    """Return what a webhook is sent, and whether it arrived."""
    return api.Delivery(
        id=row.id,
        webhook=row.webhook_id,
        webhook_id=row.message_id,
        instance=row.instance_id,
        event=row.happening,
        at=Timestamp.of(row.at),
        state=row.state,
        reason=row.reason,
        attempt=row.attempt,
        next_attempt_at=Timestamp.of_optional(row.due_at),
        ended_at=Timestamp.of_optional(row.ended_at),
    )


def delivery_record(found: DeliveryRecord) -> api.DeliveryRecord:
    """Return a delivery with every attempt."""
    return api.DeliveryRecord(
        **structs.asdict(delivery(found.delivery)), attempts=[_delivery_attempt(row) for row in found.attempts]
    )


def _delivery_attempt(row: DeliveryAttempt) -> api.DeliveryAttempt:
    return api.DeliveryAttempt(
        number=row.number,
        state=row.state,
        started_at=Timestamp.of(row.started_at),
        ended_at=Timestamp.of_optional(row.ended_at),
        duration_ms=row.duration_ms,
        status=row.status,
        reason=row.reason,
        message=row.message,
        reply=row.reply,
    )
