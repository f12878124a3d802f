"""Webhooks: addresses that are notified of an app's events, and their deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from satchel.model.ids import AccountId, AppId, DeliveryId, InstanceId, UserId, WebhookId


class WebhookEvent(StrEnum):
    """The events that webhooks are notified of."""

    START = "start"
    """An instance started."""
    SAVE = "save"
    """Values or files of an instance were saved, by a person, a program or the process itself."""
    TASK_DONE = "task_done"
    """A person completed a task; a task that a timer ended does not count."""
    END = "end"
    """An instance ended, was cancelled, or failed."""
    TEST = "test"
    """A test of whether the address answers. Cannot be subscribed to."""


SUBSCRIBED: Final = (WebhookEvent.START, WebhookEvent.SAVE, WebhookEvent.TASK_DONE, WebhookEvent.END)
"""The events that a webhook may subscribe to."""

MAX_WEBHOOKS_PER_APP: Final = 20

PAUSES: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=8),
    timedelta(hours=8),
)
"""The pauses between the attempts of a delivery; nine attempts within a day."""

DEADLINE: Final = timedelta(days=2)
"""No attempt is planned for later than this after the first was due, whatever the receiver requests."""

FAILING_FOR: Final = timedelta(days=3)
"""A webhook that accepted nothing for this long is switched off."""

RESTS: Final = timedelta(minutes=1)
"""A webhook whose last attempt failed gets one attempt per period, until one succeeds."""

SECRET_OVERLAPS: Final = timedelta(days=1)
"""How long a replaced secret also signs."""


class DeliveryState(StrEnum):
    """The state of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription of one app.

    Attributes:
        url: may contain a secret in its query.
        format: of the body, such as `native`.
        user_id: who created or last changed it; messages contain what they may see, as long as they may.
        is_active: whether it is notified.
        disabled: why Satchel switched it off, or None.
        failing_since: the first failed attempt since the last success, or None.
        rests_until: while it fails, when the next attempt may be made.
        sealed, previous_sealed: the secret that signs, and the previous one, which also signs until `previous_until`.
    """

    account_id: AccountId
    id: WebhookId
    app_id: AppId
    code: str
    url: str
    events: list[str]
    format: str
    user_id: UserId
    is_active: bool
    disabled: str | None
    failing_since: datetime | None
    rests_until: datetime | None
    created_at: datetime
    changed_at: datetime
    sealed: bytes = field(repr=False)
    previous_sealed: bytes | None = field(repr=False)
    previous_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to a webhook, until it was accepted or has failed.

    Attributes:
        uuid: the message's id, the same in every attempt.
        instance_id: None for a test.
        at: when the event happened.
        snapshot: the data of the message when the change was saved.
        attempt: the one that runs or ran last; `counted_from` and `counted_since` limit which count.
        due_at: when the next is due, if it waits for its pause.
        reason: why it failed, or None.
    """

    account_id: AccountId
    id: DeliveryId
    uuid: UUID
    webhook_id: WebhookId
    instance_id: InstanceId | None
    happening: WebhookEvent
    at: datetime
    snapshot: Mapping[str, object] = field(repr=False)
    state: DeliveryState
    attempt: int
    counted_from: int
    counted_since: datetime
    due_at: datetime | None
    ended_at: datetime | None
    reason: str | None

    @property
    def message_id(self) -> str:
        """The `webhook-id`, by which receivers detect duplicates."""
        return f"msg_{self.uuid.hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One attempt of a delivery.

    Attributes:
        run: the job that makes it.
        state: `running`, `done` or `failed`.
        status: of the receiver's answer, or None.
        duration_ms: from the first step to the reply.
        reason, message: why it failed.
        reply: the first KiB of the receiver's answer.
    """

    account_id: AccountId
    delivery_id: DeliveryId
    number: int
    run: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    status: int | None
    duration_ms: int | None
    reason: str | None
    message: str | None
    reply: str
