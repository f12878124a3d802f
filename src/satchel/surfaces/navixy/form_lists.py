"""Forms of tasks as such: given to a task, emptied, and listed over all tasks."""

from decimal import Decimal

from satchel.actions.instances import emptying, tasks
from satchel.actions.lists import tasks as task_lists
from satchel.actions.lists.tasks import ListedTask, TaskFilter
from satchel.model.errors import Conflict, NotFound
from satchel.model.ids import AppId, TaskId
from satchel.model.search.conditions import Condition, Contains, Equals
from satchel.surfaces.kit.endpoints import Endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy import errors, forms, outputs
from satchel.surfaces.navixy.addresses import BASE
from satchel.surfaces.navixy.conditions import period
from satchel.surfaces.navixy.inputs import Inputs, wants_iso
from satchel.surfaces.navixy.tasks import DEFAULT_LIMIT, MAX_LIMIT

MAX_TASKS = 5_000
MAX_ANSWERED = 500
"""The most forms of one answer, whatever limit was given: the next come by offset."""

_ORDERS = {
    "task_id": "id",
    "created": "created_at",
    "submitted": "submitted_at",
    "task_address": "address",
    "submit_address": "no_text",
    "employee_full_name": "holder",
    "vehicle_label": "no_text",
    "tracker_label": "holder",
    "task_label": "name",
    "task_creation_date": "created_at",
    "task_from": "opened_at",
    "task_to": "due_at",
    "task_arrival_date": "no_time",
    "task_completion_date": "closed_at",
    "form_label": "app",
    "form_description": "app",
}
"""What forms are sorted by; their descriptions go by their labels, for they are not apart from the app."""

_PERIODS = {
    "submit_period": "submitted_at",
    "task_creation_period": "created_at",
    "task_from_period": "opened_at",
    "task_to_period": "due_at",
    "task_arrival_period": "no_time",
    "task_completion_period": "closed_at",
}
_TEXTS = {
    "employee_full_name": "holder",
    "form_label": "app",
    "submit_address": "no_text",
    "task_address": "address",
    "task_label": "name",
    "tracker_label": "holder",
    "vehicle_label": "no_text",
}
"""What `filters` looks for in which column."""

MAX_TEXT_CHARS = 200


async def create(exchange: Exchange) -> Reply:
    """Say that a task has its form already: it had it from its start."""
    given = await Inputs.read(exchange)
    task, template = TaskId(given.integer("task_id")), AppId(given.integer("template_id"))
    await tasks.find(exchange.context, exchange.actor, task)
    await forms.template(exchange, template)
    errors.speak(exchange, {Conflict: 247})
    raise Conflict(f"Task {task} has a form already.")


async def delete(exchange: Exchange) -> Reply:
    """Empty a task's form."""
    given = await Inputs.read(exchange)
    await emptying.empty_form(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    return outputs.success()


async def listing(exchange: Exchange) -> Reply:
    """List forms over all tasks; with neither a template nor tasks, none."""
    given = await Inputs.read(exchange)
    iso = await wants_iso(exchange)
    wanted = await _filter(exchange, given)
    if wanted is None:
        return outputs.success(list=[], count=0)
    found, count = await task_lists.listed(exchange.context, exchange.actor, wanted)
    entries = [await _entry(exchange, one, iso=iso) for one in found]
    return outputs.success(list=[entry for entry in entries if entry is not None], count=count)


async def _entry(exchange: Exchange, one: ListedTask, *, iso: bool) -> dict[str, object] | None:
    try:
        seen = await tasks.read(exchange.context, exchange.actor, one.task.id)
    except NotFound:  # it went away between the list and now
        return None
    return {
        "task": outputs.task(exchange, one.task, one, one.details, iso=iso),
        "form": await forms.form(exchange, seen, iso=iso),
    }


async def _filter(exchange: Exchange, given: Inputs) -> TaskFilter | None:
    given.need("include_unsubmitted")
    include = given.flag("include_unsubmitted")
    numbers = given.integers("task_ids")
    if len(numbers) > MAX_TASKS:
        raise refused("task_ids", f"size must be between 1 and {MAX_TASKS}")
    app = AppId(given.integer("template_id")) if "template_id" in given else None
    order = given.text_or("order_by", "submitted", longest=40)
    if order not in _ORDERS:
        raise refused("order_by", f"must be of {', '.join(_ORDERS)}")
    descends = not given.flag("ascending", default=True)
    periods = [period(exchange, given, name, column) for name, column in _PERIODS.items() if name in given]
    limit = given.integer_or("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    wanted = TaskFilter(
        app=app,
        ids=[TaskId(number) for number in numbers],
        is_submitted=None if include else True,
        conditions=[
            *(one for one in periods if one.since is not None or one.until is not None),
            *await _filters(exchange, Inputs(given.mapping_or_empty("filters"), within="filters")),
        ],
        no_checkins=True,
        sorts=[(_ORDERS[order], descends)],
        offset=given.integer_or("offset", 0),
        limit=min(limit, MAX_ANSWERED),
    )
    if app is not None:
        errors.speak(exchange, {NotFound: 204})
        await forms.template(exchange, app)
    return wanted if app is not None or numbers else None


async def _filters(exchange: Exchange, given: Inputs) -> list[Condition]:
    """Return what `filters` asks for, all of it at once."""
    known_names = {*_TEXTS, "task_id", "form_description"}
    if not given.names <= known_names:
        raise refused("filters", f"must be of {', '.join(sorted(known_names))}")
    found: list[Condition] = [
        Contains(columns=[column], text=given.text(name, longest=MAX_TEXT_CHARS))
        for name, column in _TEXTS.items()
        if name in given
    ]
    if "task_id" in given:
        found.append(Equals(column="id", values=[Decimal(given.integer("task_id"))]))
    if "form_description" in given:
        text = given.text("form_description", longest=MAX_TEXT_CHARS).lower()
        known = await forms.templates(exchange)
        apps = [Decimal(one.app_id) for one in known if text in one.manifest.description.lower()]
        found.append(Equals(column="app", values=apps))
    return found


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{BASE}/task/form/create", create),
    *get_or_post(f"{BASE}/task/form/delete", delete),
    *get_or_post(f"{BASE}/task/form/list", listing),
)
"""The routes of this module."""
