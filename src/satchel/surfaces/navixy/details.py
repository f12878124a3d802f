"""What a client says of a task besides its form: read from `task` of create and update, and given back as it came.

Ours have no places and no visits: what Navixy's tasks have and ours lack is kept for the client, and nothing follows
from it but the due time, which is `to`.
"""

from collections.abc import Mapping
from datetime import datetime

from satchel.model.instance import TaskDetails
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy.inputs import Inputs, moment

MAX_LABEL_CHARS = 200
MAX_DESCRIPTION_CHARS = 1024
MAX_REFERENCE_CHARS = 100
MAX_ADDRESS_CHARS = 1024
MAX_RADIUS_M = 300_000
MAX_MINUTES = 512_000
MAX_TAGS = 100
MINUTES = ("max_delay", "min_stay_duration", "min_arrival_duration")


def read_details(exchange: Exchange, task: Mapping[str, object]) -> tuple[TaskDetails, datetime | None]:
    """Return what a `task` says and when it is due.

    Raises:
        InvalidRequest: something in it is wrong, or is of a kind that is not kept.
    """
    given = Inputs(task, within="task")
    begins_at, due_at = moment(exchange, given, "from"), moment(exchange, given, "to")
    if due_at is not None and due_at < exchange.context.clock():
        raise refused("task.to", "must not be in the past")
    if begins_at is not None and due_at is not None and begins_at > due_at:
        raise refused("task.from", "must not be after task.to")
    if given.text_or("type", "task", longest=20) != "task":
        raise refused("task.type", "must be task: there are no routes")
    if "fields" in given and given.mapping("fields"):
        raise refused("task.fields", "is not supported: there are no custom fields; put them into the form")
    label = given.line_or_none("label", longest=MAX_LABEL_CHARS)
    reference = given.line_or_none("external_id", longest=MAX_REFERENCE_CHARS)
    return TaskDetails(label=label, reference=reference, begins_at=begins_at, more=_more(given)), due_at


def _more(given: Inputs) -> dict[str, object]:
    more: dict[str, object] = {}
    if "description" in given:
        more["description"] = given.text("description", shortest=0, longest=MAX_DESCRIPTION_CHARS)
    if "location" in given:
        more["location"] = _location(Inputs(given.mapping("location"), within="task.location"))
    for name in MINUTES:
        if name in given:
            more[name] = given.integer(name, high=MAX_MINUTES)
    if "tags" in given:
        tags = given.integers("tags")
        if len(tags) > MAX_TAGS:
            raise refused("task.tags", f"has {MAX_TAGS} items at most")
        more["tags"] = tags
    return more


def _location(given: Inputs) -> dict[str, object]:
    found: dict[str, object] = {
        "lat": given.number("lat", low=-90, high=90),
        "lng": given.number("lng", low=-180, high=180),
    }
    if "address" in given:
        found["address"] = given.text("address", shortest=0, longest=MAX_ADDRESS_CHARS)
    if "radius" in given:
        found["radius"] = given.integer("radius", low=1, high=MAX_RADIUS_M)
    return found
