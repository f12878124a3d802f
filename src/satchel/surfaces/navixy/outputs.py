"""What answers are made of: success, dates, tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from satchel.model.ids import UserId
from satchel.model.instance import Task, TaskDetails, TaskState
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply

_STATUS = {TaskState.CANCELLED: "failed"}
"""Their names for states where ours differ."""


def success(**members: object) -> Reply:
    """Return a good answer."""
    return json_reply({"success": True, **members})


def without_nulls(found: Mapping[str, object]) -> dict[str, object]:
    """Return an object without its null members: theirs leave them out."""
    return {name: value for name, value in found.items() if value is not None}


def date(exchange: Exchange, moment: datetime, iso: bool) -> str:  # noqa: FBT001  # the request's one wish
    """Return a moment on the user's clock: `2020-02-03 03:04:00`, or with its offset as ISO 8601."""
    local = moment.astimezone(ZoneInfo(exchange.actor.time_zone)).replace(microsecond=0)
    return local.isoformat() if iso else local.strftime("%Y-%m-%d %H:%M:%S")


def date_or_none(exchange: Exchange, moment: datetime | None, iso: bool) -> str | None:  # noqa: FBT001  # same
    """Return a moment, or None for none."""
    return None if moment is None else date(exchange, moment, iso)


def status(state: TaskState) -> str:
    """Return the name of a task's state."""
    return _STATUS.get(state, state.value)


class Named(Protocol):
    """What names the instance of a task."""

    @property
    def identifier(self) -> str:
        """Such as `PUR-12`."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def starter_id(self) -> UserId | None:
        """Who started it."""
        ...


def task(
    exchange: Exchange, found: Task, instance: Named, details: TaskDetails | None, *, iso: bool
) -> dict[str, object]:
    """Return a task; `tracker_id` is its holder, and what its client did not say is told from the instance."""
    changed = found.closed_at or found.opened_at
    said = details or TaskDetails()
    return without_nulls(
        {
            "id": found.id,
            "user_id": instance.starter_id,
            "tracker_id": found.holder_id,
            "location": said.more.get("location"),
            "label": said.label or f"{found.name}: {instance.title}"[:200],
            "description": said.more.get("description", ""),
            "creation_date": date(exchange, found.opened_at, iso),
            "from": date(exchange, said.begins_at or found.opened_at, iso),
            "to": date_or_none(exchange, found.due_at, iso),
            "external_id": said.reference or instance.identifier,
            "status": status(found.state),
            "status_change_date": date(exchange, changed, iso),
            **{name: said.more.get(name, 0) for name in ("max_delay", "min_stay_duration", "min_arrival_duration")},
            "stay_duration": 0,
            "origin": "manual",
            "tags": said.more.get("tags", no_tags()),
            "type": "task",
            "form_template_id": found.app_id,
        }
    )


def no_tags() -> Sequence[str]:
    """Return the tags of a task whose client gave it none."""
    return ()
