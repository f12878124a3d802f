"""Webhooks: addresses that an app tells what happens to its instances, and what became of each telling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from satchel.model.ids import AccountId, AppId, DeliveryId, InstanceId, UserId, WebhookId


class WebhookEvent(StrEnum):
    """What a webhook is told of."""

    START = "start"
    """An instance started."""
    SAVE = "save"
    """Values or files of an instance were saved, by a person, a program or the process itself."""
    TASK_DONE = "task_done"
    """A person completed a task; one that a timer ended is not done."""
    END = "end"
    """An instance ended, was cancelled, or failed."""
    TEST = "test"
    """Nothing: somebody wants to see whether the address answers. Never subscribed to."""


SUBSCRIBED: Final = (WebhookEvent.START, WebhookEvent.SAVE, WebhookEvent.TASK_DONE, WebhookEvent.END)
"""What a webhook may ask to be told of."""

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
"""What passes between one attempt of a delivery and the next; nine attempts within a day."""

DEADLINE: Final = timedelta(days=2)
"""No attempt is planned for later than this after the first was due, whatever the other side asks."""

FAILING_FOR: Final = timedelta(days=3)
"""A webhook that took nothing for so long is switched off."""

RESTS: Final = timedelta(minutes=1)
"""A webhook whose last attempt failed gets one attempt in so long, until one succeeds."""

SECRET_OVERLAPS: Final = timedelta(days=1)
"""How long a secret that was replaced still signs, beside its successor."""


class DeliveryState(StrEnum):
    """Whether a delivery is still to be made."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A subscription of one app.

    Attributes:
        url: may hold a secret in its query.
        format: by which the body is rendered, such as `native`.
        user_id: who made it or changed it last; it tells what they may see, for as long as they may.
        is_active: whether it is told anything.
        disabled: why Satchel switched it off, or None.
        failing_since: the first failed attempt since the last that succeeded, or None.
        rests_until: while it fails, when the next attempt may be made.
        sealed, previous_sealed: the secret that signs, and the one that signs too until `previous_until`.
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
    """Something that happened and that a webhook is told, until it took it or was tried in vain.

    Attributes:
        uuid: the message's name, the same in every attempt.
        instance_id: None for a test.
        at: when it happened.
        snapshot: what there was to tell when the change was saved.
        attempt: the one that runs or ran last; `counted_from` and `counted_since` tell which count.
        due_at: when the next is due, if it waits for its pause.
        reason: why it failed for good, or None.
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
        """The `webhook-id`, by which receivers know repeats."""
        return f"msg_{self.uuid.hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryAttempt:
    """One attempt of a delivery.

    Attributes:
        run: names the job that makes it.
        state: `running`, `done` or `failed`.
        status: what the other side answered, or None.
        duration_ms: from the first step to the reply.
        reason, message: why it failed.
        reply: the first KiB of what the other side said.
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
