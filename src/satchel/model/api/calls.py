"""Replies about outbound calls: service tasks, incidents, webhooks."""

from collections.abc import Sequence
from typing import ClassVar

from satchel.model.api.kinds import (
    AttemptStateName,
    CallStateName,
    DeliveryStateName,
    ReplyBody,
    RunStateName,
    Size,
    SubscribedName,
    Timestamp,
    Values,
    WebhookEventName,
)


class Call(ReplyBody, frozen=True, kw_only=True):
    """A service task that became due.

    Attributes:
        element: the id of the BPMN element.
        variables: of a repeated task: its loop variables.
        error: the error code of its failure.
        next_attempt_at: while it waits between two attempts.
    """

    id: int
    instance: int
    element: str
    kind: str
    state: CallStateName
    variables: Values
    opened_at: Timestamp
    closed_at: Timestamp | None
    error: str | None
    next_attempt_at: Timestamp | None


class CallAttempt(ReplyBody, frozen=True, kw_only=True):
    """One attempt of a service task.

    Attributes:
        reason: why it failed, a stable code; `message` explains it.
        details: the request and the reply, without secrets.
    """

    number: int
    state: AttemptStateName
    started_at: Timestamp
    ended_at: Timestamp | None
    reason: str | None
    message: str | None
    details: Values


class CallRecord(Call, frozen=True, kw_only=True):
    """A service task with every attempt."""

    attempts: Sequence[CallAttempt]


class Calls(ReplyBody, frozen=True, kw_only=True):
    """A page of service tasks, and the cursor of the next one."""

    items: Sequence[Call]
    next: str | None


class SentFile(ReplyBody, frozen=True, kw_only=True):
    """A file whose bytes a request would send."""

    id: int
    name: str
    size: Size | None
    media_type: str | None


class DryRun(ReplyBody, frozen=True, kw_only=True):
    """A request that a service task would send.

    Attributes:
        method: `MAIL` of a mail, whose `url` names the recipients.
        headers: pairs of name and value, without credentials.
        auth: how it would sign in, by the secret's name.
        body: the first 4 KiB as text.
    """

    method: str
    url: str
    headers: Sequence[Sequence[str]]
    auth: str | None
    media_type: str | None
    body_bytes: Size
    body: str
    files: Sequence[SentFile]


class Incident(ReplyBody, frozen=True, kw_only=True):
    """Why an instance could not continue.

    Attributes:
        element: the id of the BPMN element.
        code: stable.
        newer_version: the newest version, where it has other settings for this service task: a retry can use them.
    """

    id: int
    instance: int
    element: str
    code: str
    message: str
    details: Values
    opened_at: Timestamp
    closed_at: Timestamp | None
    newer_version: int | None


class Retried(ReplyBody, frozen=True, kw_only=True):
    """Which settings a retry uses.

    Attributes:
        version: whose settings are used; null where the incident is not one of a service task.
        newer_version: the newest version, where its settings are others and were not used.
    """

    version: int | None
    newer_version: int | None


class Incidents(ReplyBody, frozen=True, kw_only=True):
    """A page of incidents, and the cursor of the next one."""

    items: Sequence[Incident]
    next: str | None


class Webhook(ReplyBody, frozen=True, kw_only=True):
    """A subscription of an app.

    Attributes:
        app: the app's code.
        active: whether it is notified.
        disabled: why Satchel switched it off: `gone`, `failing` or `rights_lost`.
        failing_since: the first failed attempt since the last success.
        user: who created or last changed it; messages contain what they may see.
    """

    id: int
    app: str
    url: str
    events: Sequence[SubscribedName]
    format: str
    active: bool
    disabled: str | None
    failing_since: Timestamp | None
    user: int
    created_at: Timestamp
    changed_at: Timestamp


class WebhookSecret(Webhook, frozen=True, kw_only=True):
    """A webhook with its secret, which is shown only once.

    Attributes:
        token: of the format `flokzu`.
    """

    holds_secret: ClassVar[bool] = True

    secret: str
    token: str | None = None


class Webhooks(ReplyBody, frozen=True, kw_only=True):
    """All webhooks that the caller may manage."""

    items: Sequence[Webhook]
    next: None


class TestSent(ReplyBody, frozen=True, kw_only=True):
    """The number of a test's delivery."""

    delivery: int


class Delivery(ReplyBody, frozen=True, kw_only=True):
    """One message to a webhook.

    Attributes:
        webhook_id: the message's id, the same in every attempt.
        instance: null for a test.
        at: when the event happened.
        reason: why it failed.
        attempt: the number of the newest one.
    """

    id: int
    webhook: int
    webhook_id: str
    instance: int | None
    event: WebhookEventName
    at: Timestamp
    state: DeliveryStateName
    reason: str | None
    attempt: Size
    next_attempt_at: Timestamp | None
    ended_at: Timestamp | None


class Deliveries(ReplyBody, frozen=True, kw_only=True):
    """A page of deliveries, and the cursor of the next one."""

    items: Sequence[Delivery]
    next: str | None


class DeliveryAttempt(ReplyBody, frozen=True, kw_only=True):
    """One attempt of a delivery.

    Attributes:
        status: of the receiver's answer.
        reply: the first KiB of its body.
    """

    number: int
    state: RunStateName
    started_at: Timestamp
    ended_at: Timestamp | None
    duration_ms: Size | None
    status: int | None
    reason: str | None
    message: str | None
    reply: str


class DeliveryRecord(Delivery, frozen=True, kw_only=True):
    """A delivery with every attempt."""

    attempts: Sequence[DeliveryAttempt]
