"""Notifications: what people are notified of, how each of it reaches them, and their own choices.

The application lists every notification; by mail it comes at once, in a daily digest, or not at all. A person's own
choice counts before what an app says (`notify` in app.yaml), and that before `DEFAULTS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from satchel.model.ids import AppId, IncidentId, InstanceId, NotificationId, TaskId, UserId


class NotificationKind(StrEnum):
    """What happened."""

    ASSIGNED = "assigned"
    """The process assigned a task to the person."""
    OFFERED = "offered"
    """A task waits for one of several people, and the person may claim it."""
    HANDED_OVER = "handed_over"
    """Somebody assigned a task to the person."""
    DUE_SOON = "due_soon"
    """A task of theirs is due soon (`remind`)."""
    OVERDUE = "overdue"
    """The due time of a task of theirs has passed."""
    ESCALATED = "escalated"
    """A task of others is late (`late` with `to`)."""
    INCIDENT = "incident"
    """An instance of an app that they manage has stopped."""
    MENTIONED = "mentioned"
    """A comment names them."""


class Channel(StrEnum):
    """How a notification reaches a person."""

    AT_ONCE = "at_once"
    """By mail at once, and in the application."""
    DAILY = "daily"
    """By mail once a day, and in the application."""
    LIST = "list"
    """In the application only."""
    NONE = "none"
    """Not at all."""


DEFAULTS: Final[Mapping[NotificationKind, Channel]] = MappingProxyType(
    {
        NotificationKind.ASSIGNED: Channel.AT_ONCE,
        NotificationKind.OFFERED: Channel.DAILY,
        NotificationKind.HANDED_OVER: Channel.AT_ONCE,
        NotificationKind.DUE_SOON: Channel.AT_ONCE,
        NotificationKind.OVERDUE: Channel.AT_ONCE,
        NotificationKind.ESCALATED: Channel.AT_ONCE,
        NotificationKind.INCIDENT: Channel.AT_ONCE,
        NotificationKind.MENTIONED: Channel.AT_ONCE,
    }
)
"""How a notification reaches a person where neither they nor the app say it."""

OF_TASKS: Final = frozenset(NotificationKind) - {NotificationKind.INCIDENT, NotificationKind.MENTIONED}
"""The kinds that are about a task that waits."""

REMINDERS: Final = (NotificationKind.DUE_SOON, NotificationKind.OVERDUE, NotificationKind.ESCALATED)
"""The kinds that time brings, in the order in which a task has them."""

DIGEST_MINUTE: Final = 8 * 60
"""When the daily digest comes, in minutes after midnight in the person's time zone, unless they choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """A person's own choices.

    Attributes:
        mail: whether they get any mail.
        digest_minute: when the daily digest comes, in minutes after midnight in their time zone.
        choices: by kind; a kind without one goes as the app says.
    """

    mail: bool = True
    digest_minute: int = DIGEST_MINUTE
    choices: Mapping[NotificationKind, Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A notification, with what names the things that it is about.

    Attributes:
        count: how many tasks it is about; of several it names none.
        by_name: the name of the user who caused it; None where nobody did.
        text: of the comment, or what the incident says, shortened; empty otherwise.
        is_current: whether what it is about still waits: its task is open, its incident not closed.
    """

    id: NotificationId
    user_id: UserId
    kind: NotificationKind
    at: datetime
    read_at: datetime | None
    count: int
    text: str
    by_id: UserId | None
    by_name: str | None
    instance_id: InstanceId | None
    identifier: str | None
    title: str | None
    app_id: AppId | None
    app_code: str | None
    app_name: str | None
    task_id: TaskId | None
    task_name: str | None
    due_at: datetime | None
    incident_id: IncidentId | None
    is_current: bool

    @property
    def page(self) -> str:
        """The path of the application's page about it."""
        if self.instance_id is None:
            return "/work?due=overdue" if self.kind is NotificationKind.OVERDUE else "/work"
        if self.kind in OF_TASKS and self.task_id is not None:
            return f"/tasks/{self.task_id}"
        part = "/history" if self.kind is NotificationKind.MENTIONED else ""
        return f"/i/{self.identifier}{part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """What a task's people are reminded of next, and when."""

    kind: NotificationKind
    at: datetime
