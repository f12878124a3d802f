"""Tasks: create, read, list, count, assign, delete, and their history."""

from collections.abc import Mapping, Sequence

from satchel.actions import apps, instances, task_details, task_lists, tasks
from satchel.actions.forms import Submission
from satchel.actions.loading import LoadedApp
from satchel.actions.task_lists import TaskFilter
from satchel.model.errors import InvalidValues
from satchel.model.ids import AppId, TaskId, UserId
from satchel.model.instance import TaskState
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Reply
from satchel.surfaces.navixy import errors, forms, values, wire
from satchel.surfaces.navixy.details import read_details
from satchel.surfaces.navixy.inputs import Inputs, read_inputs, refused

DEFAULT_LIMIT = 10_000
MAX_LIMIT = 100_000
MAX_ANSWERED = 10_000
"""The most tasks of one answer, whatever limit was given: the next come by offset."""

_SORTS = {
    "id": "id",
    "employee": "holder",
    "status": "state",
    "label": "name",
    "from": "opened_at",
    "to": "due_at",
    "status_change_date": "closed_at",
    "external_id": "identifier",
    "description": "description",
    "form": "app",
}
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
    given = await read_inputs(exchange)
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
    return wire.success(id=task)


async def update(exchange: Exchange) -> Reply:
    """Say anew what an open task is called, where and when; what is left out is as if it had never been said."""
    given = await read_inputs(exchange)
    wish = given.mapping("task")
    inner = Inputs(wish, within="task")
    task = TaskId(inner.integer("id"))
    given.flag("create_form")
    found = await tasks.find(exchange.context, exchange.actor, task)
    if "form_template_id" in inner and inner.integer("form_template_id") != found.app_id:
        raise refused("task.form_template_id", "cannot be changed: create another task")
    said, due_at = read_details(exchange, wish)
    await task_details.describe(exchange.context, exchange.actor, task, said, due_at=due_at)
    return wire.success()


async def _start_values(exchange: Exchange, app: AppId, form: Mapping[str, object]) -> dict[str, object]:
    loaded = await forms.template(exchange, app)
    start = loaded.manifest.start.fields
    shown = [field for field in loaded.manifest.fields if field.id in start]
    return values.read_values(shown, form)


async def read(exchange: Exchange) -> Reply:
    """Return a task with its form."""
    given = await read_inputs(exchange)
    iso = await wire.wants_iso(exchange)
    seen = await tasks.read(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    said = await task_details.of_task(exchange.context, seen.task)
    found = wire.task(exchange, seen.task, seen.instance, said, iso=iso)
    return wire.success(value={**found, "form": await forms.form(exchange, seen, iso=iso)})


async def listing(exchange: Exchange) -> Reply:
    """List tasks, filtered, sorted and paged."""
    given = await read_inputs(exchange)
    iso = await wire.wants_iso(exchange)
    wanted = _filter(exchange, given)
    found, count = await task_lists.listed(exchange.context, exchange.actor, wanted)
    return wire.success(list=[wire.task(exchange, one.task, one, one.details, iso=iso) for one in found], count=count)


def _filter(exchange: Exchange, given: Inputs) -> TaskFilter:
    for name in ("conditions", "filters", "tag_ids", "location"):
        if name in given and given.raw(name) not in ([], "[]", {}, "{}"):
            raise refused(name, "is not supported")
    trackers = given.integers("trackers")
    if len(set(trackers)) != len(trackers):
        raise refused("trackers", "must not have duplicates")
    return TaskFilter(
        states=_states(given),
        holders=[UserId(tracker) for tracker in trackers],
        app=AppId(given.integer("template_id")) if "template_id" in given else None,
        identifier=given.text_or_none("external_id", longest=100),
        opened_from=wire.moment(exchange, given, "from"),
        due_until=wire.moment(exchange, given, "to"),
        text=given.text_or_none("filter", longest=100),
        sorts=_sorts(given),
        offset=given.integer_or("offset", 0),
        limit=min(given.integer_or("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT), MAX_ANSWERED),
    )


def _states(given: Inputs) -> list[TaskState]:
    found: list[TaskState] = []
    known = {wire.status(state) for state in TaskState}
    for name in given.texts("statuses"):
        if name not in known:
            raise refused("statuses", f"must be of {', '.join(sorted(known))}")
        found += [state for state in TaskState if wire.status(state) == name]
    return found


def _sorts(given: Inputs) -> Sequence[tuple[str, bool]]:
    raw = given.raw("sort")
    wishes = [raw] if isinstance(raw, str) and not raw.startswith("[") else given.texts("sort")
    found: list[tuple[str, bool]] = []
    for wish in wishes:
        name, _, order = wish.partition("=")
        if name not in _SORTS or order not in ("", "asc", "desc") or len(wishes) > len(_SORTS):
            raise refused("sort", f"must be of {', '.join(_SORTS)} with =asc or =desc")
        found.append((_SORTS[name], order == "desc"))
    return found or [("id", False)]


async def count(exchange: Exchange) -> Reply:
    """Return how many tasks one may see."""
    found = await task_lists.counted(exchange.context, exchange.actor, TaskFilter())
    return wire.success(count=sum(found.values()))


async def assign(exchange: Exchange) -> Reply:
    """Give a task to a user; to nobody where none is named."""
    given = await read_inputs(exchange)
    task = TaskId(given.integer("task_id"))
    errors.speak(exchange, {InvalidValues: 201})
    if "tracker_id" in given:
        holder = UserId(given.integer("tracker_id"))
        await task_lists.hand_to(exchange.context, exchange.actor, task, holder)
    else:
        await tasks.release(exchange.context, exchange.actor, task)
    return wire.success()


async def delete(exchange: Exchange) -> Reply:
    """Delete a task with its instance and its files."""
    given = await read_inputs(exchange)
    found = await tasks.find(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    await instances.delete(exchange.context, exchange.actor, found.instance_id, expected=None)
    return wire.success()


async def history(exchange: Exchange) -> Reply:
    """List what happened to a task."""
    given = await read_inputs(exchange)
    iso = await wire.wants_iso(exchange)
    found = await task_lists.history(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    entries = [
        {
            "id": event.id,
            "user_id": event.user_id,
            "task_id": event.task_id,
            "event_date": wire.date(exchange, event.at, iso),
            "operation": _OPERATIONS.get(event.kind, "status_change"),
            "payload": {"event": event.kind, **event.data},
        }
        for event in found
    ]
    return wire.success(list=[wire.without_nulls(entry) for entry in entries])


async def list_templates(exchange: Exchange) -> Reply:
    """List form templates: the apps that one knows of."""
    found = await apps.visible(exchange.context, exchange.actor)
    iso = await wire.wants_iso(exchange)
    deployed = [await apps.read(exchange.context, exchange.actor, row.code) for row in found if row.version_id]
    return wire.success(list=[await _template(exchange, app, iso=iso) for app in deployed])


async def read_template(exchange: Exchange) -> Reply:
    """Return a form template."""
    given = await read_inputs(exchange)
    iso = await wire.wants_iso(exchange)
    loaded = await forms.template(exchange, AppId(given.integer("template_id")))
    return wire.success(value=await _template(exchange, loaded, iso=iso))


async def _template(exchange: Exchange, loaded: LoadedApp, *, iso: bool) -> dict[str, object]:
    versions = await apps.versions(exchange.context, exchange.actor, loaded.manifest.code)
    form = next(iter(loaded.manifest.tasks.values()), None)
    fields = values.shown(loaded.manifest.fields, form) if form is not None else []
    return wire.without_nulls(
        {
            "id": loaded.app_id,
            "label": loaded.manifest.name[:100],
            "description": loaded.manifest.description or None,
            "version": loaded.number,
            "fields": [values.field(one, required=forms.is_required(form, one.id)) for one in fields],
            "created": wire.date(exchange, versions[-1].deployed_at, iso),
            "updated": wire.date(exchange, versions[0].deployed_at, iso),
            "submit_in_zone": False,
            "default": False,
        }
    )


async def template_stats(exchange: Exchange) -> Reply:
    """Return how many tasks of an app there are, by status."""
    given = await read_inputs(exchange)
    app = AppId(given.integer("template_id"))
    await forms.template(exchange, app)
    found = await task_lists.counted(exchange.context, exchange.actor, TaskFilter(app=app))
    counts: dict[str, int] = {}
    for state, number in found.items():
        counts[wire.status(state)] = counts.get(wire.status(state), 0) + number
    return wire.success(tasks=counts, scheduled=0)


ENDPOINTS: tuple[Endpoint, ...] = (
    *wire.call("task/create", create, get=False),
    *wire.call("task/update", update, get=False),
    *wire.call("task/read", read),
    *wire.call("task/list", listing),
    *wire.call("task/count", count),
    *wire.call("task/assign", assign),
    *wire.call("task/delete", delete),
    *wire.call("task/history/list", history),
    *wire.call("form/template/list", list_templates),
    *wire.call("form/template/read", read_template),
    *wire.call("form/template/stats/read", template_stats),
)
"""The routes of this module."""
