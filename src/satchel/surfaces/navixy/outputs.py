"""What answers are made of: success, dates, tasks, and the routes that calls are served at."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from satchel.model.ids import UserId
from satchel.model.instance import Task, TaskDetails, TaskState
from satchel.surfaces.kit.endpoints import Endpoint, Handler, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.navixy.inputs import Inputs, read_inputs

PREFIX = "/navixy"
BASE = f"{PREFIX}/v2/"
FIELD_SERVICE = "fsm/"
ISO_HEADER = "nvx-iso-datetime"

_STATUS = {TaskState.CANCELLED: "failed"}
"""Their names for states where ours differ."""


def call(path: str, handler: Handler, *, is_open: bool = False, get: bool = True) -> tuple[Endpoint, ...]:
    """Return the routes of a call: POST, and GET unless the call must not be made so."""
    methods = ("POST", "GET") if get else ("POST",)
    return tuple(endpoint(method, BASE + path, handler, is_open=is_open) for method in methods)


def normal_path(path: str) -> str:
    """Return an address as the routes spell it: without the field-service base and a slash at the end."""
    bare = path.rstrip("/")
    if bare.startswith(BASE + FIELD_SERVICE):
        return BASE + bare.removeprefix(BASE + FIELD_SERVICE)
    return bare


def success(**members: object) -> Reply:
    """Return a good answer."""
    return json_reply({"success": True, **members})


def without_nulls(found: Mapping[str, object]) -> dict[str, object]:
    """Return an object without its null members: theirs leave them out."""
    return {name: value for name, value in found.items() if value is not None}


async def wants_iso(exchange: Exchange) -> bool:
    """Return whether dates are asked for as ISO 8601."""
    header = (exchange.header(ISO_HEADER) or "").strip().lower()
    return header == "true" or (await read_inputs(exchange)).flag("iso_datetime")


def date(exchange: Exchange, moment: datetime, iso: bool) -> str:  # noqa: FBT001  # the request's one wish
    """Return a moment on the user's clock: `2020-02-03 03:04:00`, or with its offset as ISO 8601."""
    local = moment.astimezone(ZoneInfo(exchange.actor.time_zone)).replace(microsecond=0)
    return local.isoformat() if iso else local.strftime("%Y-%m-%d %H:%M:%S")


def date_or_none(exchange: Exchange, moment: datetime | None, iso: bool) -> str | None:  # noqa: FBT001  # same
    """Return a moment, or None for none."""
    return None if moment is None else date(exchange, moment, iso)


def moment(exchange: Exchange, given: Inputs, name: str) -> datetime | None:
    """Return a moment that a parameter gives, by the user's clock or as ISO 8601; None where it is absent.

    Raises:
        InvalidRequest: it is no date and time.
    """
    text = given.text_or_none(name, longest=40)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(exchange.actor.time_zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise given.refusal(name, "must be a date and time such as 2020-02-03 03:04:00") from None


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
