"""Tasks: create, read, list, count, assign, delete, and their history."""

from collections.abc import Mapping, Sequence

from satchel.actions.instances import lifecycle, task_details, tasks
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import tasks as task_lists
from satchel.actions.lists.tasks import TaskFilter
from satchel.model.errors import InvalidValues
from satchel.model.ids import AppId, TaskId, UserId
from satchel.model.instance import TaskState
from satchel.model.search.conditions import Condition, Contains, HasAny
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.navixy import errors, forms, outputs, values
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.conditions import Known, circle, read_conditions, read_sorts
from satchel.surfaces.navixy.details import MAX_TAGS, read_details
from satchel.surfaces.navixy.inputs import Inputs, moment, wants_iso

DEFAULT_LIMIT = 10_000
MAX_LIMIT = 100_000
MAX_ANSWERED = 10_000
"""The most tasks of one answer, whatever limit was given: the next come by offset."""

STATUSES = {
    outputs.status(state): [other.value for other in TaskState if outputs.status(other) == outputs.status(state)]
    for state in TaskState
}
"""Our names of states by theirs."""

COLUMNS: Mapping[str, Known] = {
    "id": Known(column="id"),
    "employee": Known(column="holder"),
    "status": Known(column="state", words=STATUSES),
    "label": Known(column="name"),
    "location": Known(column="address"),
    "from": Known(column="opened_at", is_time=True),
    "to": Known(column="due_at", is_time=True),
    "status_change_date": Known(column="changed_at", is_time=True),
    "arrival_date": Known(column="no_time", is_time=True),
    "stay_duration": Known(column="no_duration"),
    "description": Known(column="description"),
    "external_id": Known(column="identifier"),
    "form": Known(column="app"),
}
"""What tasks are found and sorted by."""

_ANYWHERE = ("name", "description", "address", "identifier", "holder", "app")
"""Where `filter` looks."""

_DESCRIBED = ("name", "description", "address")
"""Where each of `filters` looks."""

MAX_FILTERS = 20

_OPERATIONS = {
    "task.claimed": "assign",
    "task.assigned": "assign",
    "task.released": "assign",
    "task.described": "update",
    "task.emptied": "update",
    "task.saved": "update",
    "task.submitted": "update",
}
"""Their names of our events; any other of a task is a change of its status."""


async def create(exchange: Exchange) -> Reply:
    """Start an app and answer its first task."""
    given = await Inputs.read(exchange)
    wish = given.mapping_or_empty("task")
    inner = Inputs(wish, within="task")
    given.flag("create_form")
    template, name = (given, "template_id") if "template_id" in given else (inner, "form_template_id")
    app = AppId(template.integer(name))
    holder = UserId(inner.integer("tracker_id")) if "tracker_id" in inner else None
    said, due_at = read_details(exchange, wish)
    submission = Submission(values=await _start_values(exchange, app, given.mapping_or_empty("values")))
    task = await task_lists.start_for(
        exchange.context,
        exchange.actor,
        app,
        submission,
        holder=holder,
        details=said if wish else None,
        due_at=due_at,
    )
    reply = outputs.success(id=task)
    reply.headers |= ignored(submission)
    return reply


async def update(exchange: Exchange) -> Reply:
    """Say anew what an open task is called, where and when; what is left out is as if it had never been said."""
    given = await Inputs.read(exchange)
    wish = given.mapping("task")
    inner = Inputs(wish, within="task")
    task = TaskId(inner.integer("id"))
    given.flag("create_form")
    found = await tasks.find(exchange.context, exchange.actor, task)
    if "form_template_id" in inner and inner.integer("form_template_id") != found.app_id:
        raise refused("task.form_template_id", "cannot be changed: create another task")
    said, due_at = read_details(exchange, wish)
    await task_details.describe(exchange.context, exchange.actor, task, said, due_at=due_at)
    return outputs.success()


async def _start_values(exchange: Exchange, app: AppId, form: Mapping[str, object]) -> dict[str, object]:
    loaded = await forms.template(exchange, app)
    start = loaded.manifest.start.fields
    shown = [field for field in loaded.manifest.fields if field.id in start]
    return values.read_values(shown, form)


async def read(exchange: Exchange) -> Reply:
    """Return a task with its form."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    said = await task_details.of_task(exchange.context, seen.task)
    found = outputs.task(exchange, seen.task, seen.instance, said, iso=iso)
    return outputs.success(value={**found, "form": await forms.form(exchange, seen, iso=iso)})


async def listing(exchange: Exchange) -> Reply:
    """List tasks, filtered, sorted and paged."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    wanted = _filter(exchange, given)
    found, count = await task_lists.listed(exchange.context, exchange.actor, wanted)
    return outputs.success(
        list=[outputs.task(exchange, one.task, one, one.details, iso=iso) for one in found], count=count
    )


def _filter(exchange: Exchange, given: Inputs) -> TaskFilter:
    trackers = given.integers("trackers")
    if len(set(trackers)) != len(trackers):
        raise refused("trackers", "must not have duplicates")
    sorts = {name: known.column for name, known in COLUMNS.items()}
    return TaskFilter(
        states=_states(given),
        holders=[UserId(tracker) for tracker in trackers],
        app=AppId(given.integer("template_id")) if "template_id" in given else None,
        identifier=given.text_or_none("external_id", longest=100),
        opened_from=moment(exchange, given, "from"),
        due_until=moment(exchange, given, "to"),
        conditions=[*read_conditions(exchange, given, COLUMNS), *_texts(given), *_tags(given), *_circle(given)],
        no_checkins=True,
        sorts=read_sorts(given, sorts, [("id", False)]),
        offset=given.integer_or("offset", 0),
        limit=min(given.integer_or("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT), MAX_ANSWERED),
    )


def _texts(given: Inputs) -> Sequence[Condition]:
    texts = given.texts("filters")
    if len(texts) > MAX_FILTERS:
        raise refused("filters", f"has {MAX_FILTERS} items at most")
    found = [Contains(columns=_DESCRIBED, text=text) for text in texts]
    anywhere = given.text_or_none("filter", longest=100)
    return [*found, Contains(columns=_ANYWHERE, text=anywhere)] if anywhere is not None else found


def _tags(given: Inputs) -> Sequence[Condition]:
    tags = given.integers("tag_ids")
    if len(tags) > MAX_TAGS:
        raise refused("tag_ids", f"has {MAX_TAGS} items at most")
    return [HasAny(column="tags", numbers=tags)] if tags else []


def _circle(given: Inputs) -> Sequence[Condition]:
    return circle(given, latitude="latitude", longitude="longitude")


def _states(given: Inputs) -> list[TaskState]:
    found: list[TaskState] = []
    for name in given.texts("statuses"):
        if name not in STATUSES:
            raise refused("statuses", f"must be of {', '.join(sorted(STATUSES))}")
        found += [TaskState(state) for state in STATUSES[name]]
    return found


async def count(exchange: Exchange) -> Reply:
    """Return how many tasks one may see."""
    found = await task_lists.counted(exchange.context, exchange.actor, TaskFilter(no_checkins=True))
    return outputs.success(count=sum(found.values()))


async def assign(exchange: Exchange) -> Reply:
    """Give a task to a user; to nobody where none is named."""
    given = await Inputs.read(exchange)
    task = TaskId(given.integer("task_id"))
    errors.speak(exchange, {InvalidValues: 201})
    if "tracker_id" in given:
        holder = UserId(given.integer("tracker_id"))
        await task_lists.hand_to(exchange.context, exchange.actor, task, holder)
    else:
        await tasks.release(exchange.context, exchange.actor, task)
    return outputs.success()


async def delete(exchange: Exchange) -> Reply:
    """Delete a task with its instance and its files."""
    given = await Inputs.read(exchange)
    found = await tasks.find(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    await lifecycle.delete(exchange.context, exchange.actor, found.instance_id, expected=None)
    return outputs.success()


async def history(exchange: Exchange) -> Reply:
    """List what happened to a task."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    found = await task_lists.history(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    entries = [
        {
            "id": event.id,
            "user_id": event.user_id,
            "task_id": event.task_id,
            "event_date": outputs.date(exchange, event.at, iso),
            "operation": _OPERATIONS.get(event.kind, "status_change"),
            "payload": {"event": event.kind, **event.data},
        }
        for event in found
    ]
    return outputs.success(list=[outputs.without_nulls(entry) for entry in entries])


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{BASE}/task/create", create),
    endpoint("POST", f"{BASE}/task/update", update),
    *get_or_post(f"{BASE}/task/read", read),
    *get_or_post(f"{BASE}/task/list", listing),
    *get_or_post(f"{BASE}/task/count", count),
    *get_or_post(f"{BASE}/task/assign", assign),
    *get_or_post(f"{BASE}/task/delete", delete),
    *get_or_post(f"{BASE}/task/history/list", history),
)
"""The routes of this module."""
