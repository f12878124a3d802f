"""Notifications as replies."""

from collections.abc import Sequence

from satchel.model.api import notifications as api
from satchel.model.api.kinds import Timestamp
from satchel.model.notifications import DEFAULTS, Notification, NotificationKind, Preferences
from satchel.surfaces.native.outputs.paging import page


def notification(seen: Notification) -> api.Notification:
    """Return one notification."""
    return api.Notification(
        id=seen.id,
        kind=seen.kind.value,
        at=Timestamp.of(seen.at),
        read=seen.read_at is not None,
        current=seen.is_current,
        count=seen.count,
        text=seen.text,
        by=seen.by_id,
        by_name=seen.by_name,
        app=seen.app_code,
        app_name=seen.app_name,
        instance=seen.instance_id,
        identifier=seen.identifier,
        title=seen.title,
        task=seen.task_id,
        task_name=seen.task_name,
        due_at=Timestamp.of_optional(seen.due_at),
        incident=seen.incident_id,
        page=seen.page,
    )


def notifications(found: Sequence[Notification], limit: int) -> api.Notifications:
    """Return a page of notifications."""
    return page(found, limit, api.Notifications, notification)


def settings(chosen: Preferences) -> api.NotificationSettings:
    """Return what a person chose, and what goes where they did not."""
    hour, minute = divmod(chosen.digest_minute, 60)
    own = {kind.value: chosen.choices.get(kind) for kind in NotificationKind}
    return api.NotificationSettings(
        mail=chosen.mail,
        digest_at=f"{hour:02}:{minute:02}",
        choices={kind: None if how is None else how.value for kind, how in own.items()},
        defaults={kind.value: how.value for kind, how in DEFAULTS.items()},
    )
