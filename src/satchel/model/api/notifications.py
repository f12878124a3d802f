"""Replies about notifications: what the caller was notified of, counts, and their choices."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from satchel.model.api.kinds import ReplyBody, Size, Timestamp, one_of
from satchel.model.notifications import Channel, NotificationKind

NotificationKindName = Annotated[str, one_of(NotificationKind)]
ChannelName = Annotated[str, one_of(Channel)]


class Notification(ReplyBody, frozen=True, kw_only=True):
    """What the caller was notified of.

    Attributes:
        count: the number of tasks that it is about; of several it names none, nor their instances.
        current: whether it still waits: the task is open and nobody else has taken it, the incident is open.
        by: the user who caused it; null where nobody did.
        text: of the comment or the incident, shortened; empty otherwise.
        page: the path of the application's page about it.
    """

    id: int
    kind: NotificationKindName
    at: Timestamp
    read: bool
    current: bool
    count: Size
    text: str
    by: int | None
    by_name: str | None
    app: str | None
    app_name: str | None
    instance: int | None
    identifier: str | None
    title: str | None
    task: int | None
    task_name: str | None
    due_at: Timestamp | None
    incident: int | None
    page: str


class Notifications(ReplyBody, frozen=True, kw_only=True):
    """A page of notifications, newest first."""

    items: Sequence[Notification]
    next: str | None


class NotificationCounts(ReplyBody, frozen=True, kw_only=True):
    """How many notifications are unread and current.

    Attributes:
        exact: false where there are more than `unread`.
    """

    unread: Size
    exact: bool


class NotificationSettings(ReplyBody, frozen=True, kw_only=True):
    """How notifications reach the caller.

    Attributes:
        mail: whether they get any mail.
        digest_at: when the daily digest comes, in their time zone, such as `08:00`.
        choices: what they chose, by kind; null where the app's setting counts.
        defaults: by kind, where neither they nor an app says it.
    """

    mail: bool
    digest_at: str
    choices: Mapping[str, ChannelName | None]
    defaults: Mapping[str, ChannelName]
