"""Forms of tasks as such: given to a task, emptied, and listed over all tasks."""

from datetime import datetime

from satchel.actions import emptying, task_lists, tasks
from satchel.actions.task_lists import ListedTask, TaskFilter
from satchel.model.errors import Conflict, NotFound
from satchel.model.ids import AppId, TaskId
from satchel.surfaces.kit.exchange import Endpoint, Exchange, Reply
from satchel.surfaces.navixy import errors, forms, wire
from satchel.surfaces.navixy.inputs import Inputs, read_inputs, refused
from satchel.surfaces.navixy.tasks import DEFAULT_LIMIT, MAX_LIMIT

MAX_TASKS = 5_000
MAX_ANSWERED = 500
"""The most forms of one answer, whatever limit was given: the next come by offset."""

_ORDERS = {
    "submitted": "submitted_at",
    "task_id": "id",
    "label": "name",
    "from": "opened_at",
    "to": "due_at",
    "status": "state",
    "employee": "holder",
}
_PERIODS = tuple(f"task_{name}_period" for name in ("arrival", "completion", "creation", "from", "to"))


async def create(exchange: Exchange) -> Reply:
    """Say that a task has its form already: it had it from its start."""
    given = await read_inputs(exchange)
    task, template = TaskId(given.integer("task_id")), AppId(given.integer("template_id"))
    await tasks.find(exchange.context, exchange.actor, task)
    await forms.template(exchange, template)
    errors.speak(exchange, {Conflict: 247})
    raise Conflict(f"Task {task} has a form already.")


async def delete(exchange: Exchange) -> Reply:
    """Empty a task's form."""
    given = await read_inputs(exchange)
    await emptying.empty_form(exchange.context, exchange.actor, TaskId(given.integer("task_id")))
    return wire.success()


async def listing(exchange: Exchange) -> Reply:
    """List forms over all tasks; with neither a template nor tasks, none."""
    given = await read_inputs(exchange)
    iso = await wire.wants_iso(exchange)
    wanted = _filter(exchange, given)
    if wanted is None:
        return wire.success(list=[], count=0)
    found, count = await task_lists.listed(exchange.context, exchange.actor, wanted)
    entries = [await _entry(exchange, one, iso=iso) for one in found]
    return wire.success(list=[entry for entry in entries if entry is not None], count=count)


async def _entry(exchange: Exchange, one: ListedTask, *, iso: bool) -> dict[str, object] | None:
    try:
        seen = await tasks.read(exchange.context, exchange.actor, one.task.id)
    except NotFound:  # it went away between the list and now
        return None
    return {
        "task": wire.task(exchange, one.task, one, one.details, iso=iso),
        "form": await forms.form(exchange, seen, iso=iso),
    }


def _filter(exchange: Exchange, given: Inputs) -> TaskFilter | None:
    given.need("include_unsubmitted")
    include = given.flag("include_unsubmitted")
    for name in (*_PERIODS, "filters"):
        if name in given and given.raw(name) not in ("{}", {}):
            raise refused(name, "is not supported; task/list has from and to")
    numbers = given.integers("task_ids")
    if len(numbers) > MAX_TASKS:
        raise refused("task_ids", f"size must be between 1 and {MAX_TASKS}")
    app = AppId(given.integer("template_id")) if "template_id" in given else None
    order = given.text_or("order_by", "submitted", longest=40)
    if order not in _ORDERS:
        raise refused("order_by", f"must be of {', '.join(_ORDERS)}")
    descends = not given.flag("ascending", default=True)
    since, until = _period(exchange, given)
    limit = given.integer_or("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    wanted = TaskFilter(
        app=app,
        ids=[TaskId(number) for number in numbers],
        is_submitted=None if include else True,
        submitted_from=since,
        submitted_until=until,
        sorts=[(_ORDERS[order], descends)],
        offset=given.integer_or("offset", 0),
        limit=min(limit, MAX_ANSWERED),
    )
    return wanted if app is not None or numbers else None


def _period(exchange: Exchange, given: Inputs) -> tuple[datetime | None, datetime | None]:
    period = Inputs(given.mapping_or_empty("submit_period"), within="submit_period")
    return wire.moment(exchange, period, "from"), wire.moment(exchange, period, "to")


ENDPOINTS: tuple[Endpoint, ...] = (
    *wire.call("task/form/create", create),
    *wire.call("task/form/delete", delete),
    *wire.call("task/form/list", listing),
)
"""The routes of this module."""
