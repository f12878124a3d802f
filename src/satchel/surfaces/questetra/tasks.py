"""Tasks: lists of them, and taking them."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from satchel.actions.instances import tasks
from satchel.actions.lists import work_items
from satchel.actions.lists.questetra_criteria import ParsedCriteria, meaning, members, texts, whole
from satchel.actions.lists.work_items import TaskConditions, TaskOfInstance
from satchel.model.errors import SatchelError
from satchel.model.ids import InstanceId, TaskId, UserId
from satchel.model.search import criteria as words
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.questetra import sheet
from satchel.surfaces.questetra.addresses import API
from satchel.surfaces.questetra.inputs import Inputs
from satchel.surfaces.questetra.outputs import nothing, work_item
from satchel.surfaces.questetra.processes import DEFAULT_LIMIT, MAX_LIMIT, MAX_START

MAX_ACCEPTED = 100
"""Tasks of one call."""

SORTS: Mapping[str, str] = {"offerDatetime": "opened_at", "endDatetime": "closed_at"}
HEADINGS = (
    "Task ID",
    "Task Name",
    "Task Status",
    "Operator ID",
    "Operator",
    "Offer Time",
    "Task End Time",
    "Time Limit",
)
"""Before the columns of the task's process."""

Finding = Callable[..., Coroutine[Any, Any, tuple[int, list[TaskOfInstance]]]]


async def _found(exchange: Exchange) -> tuple[int, list[TaskOfInstance], tuple[int, ...]]:
    given = await Inputs.known(exchange, "criteria", "start", "limit")
    start = given.integer_or("start", 0, high=MAX_START)
    limit = given.integer_or("limit", DEFAULT_LIMIT, high=MAX_LIMIT)
    actor = exchange.actor
    ignores_unknown = exchange.context.policy.questetra_ignores_unknown
    said = members(given.text_or("criteria", ""), root=words.XML_TASK_ROOT, ignores_unknown=ignores_unknown)
    now = exchange.context.clock().astimezone(ZoneInfo(actor.time_zone))
    asked: ParsedCriteria = meaning({name: value for name, value in said.items() if not name.startswith("sort")}, now)
    conditions, node = _conditions(said, actor.user_id)
    count, found = await work_items.searched(
        exchange.context, actor, asked.wanted, conditions, node=node, start=start, limit=limit
    )
    return count, found, asked.shown


def _conditions(said: Mapping[str, object], me: UserId | None) -> tuple[TaskConditions, int | None]:
    wanted = texts("state", said.get("state"))
    unknown = [state for state in wanted if state not in words.TASK_STATES.values()]
    if unknown:
        raise refused("state", f"is one of {', '.join(dict.fromkeys(words.TASK_STATES.values()))}", unknown[0])
    holder, instance, node = (said.get(name) for name in ("allocatedQuserId", "processInstanceId", "nodeNumber"))
    sort, direction = said.get("sortProperty") or "offerDatetime", str(said.get("sortDirection") or "DESC").upper()
    if not isinstance(sort, str) or sort not in SORTS:
        raise refused("sortProperty", f"is one of {', '.join(SORTS)}", str(sort))
    if direction not in ("ASC", "DESC"):
        raise refused("sortDirection", "is ASC or DESC", direction)
    conditions = TaskConditions(
        states=[ours for ours, theirs in words.TASK_STATES.items() if theirs in wanted],
        holder=me if holder == "#me" else _id(UserId, "allocatedQuserId", holder),
        instance=_id(InstanceId, "processInstanceId", instance),
        sort=SORTS[sort],
        descending=direction == "DESC",
    )
    return conditions, None if node in (None, "") else whole("nodeNumber", node)


def _id(kind: Callable[[int], Any], name: str, given: object) -> Any:  # noqa: ANN401  # one of our ids, or None
    return None if given in (None, "") else kind(whole(name, given))


async def listing(exchange: Exchange) -> Reply:
    """List the tasks that criteria find, of the apps that the caller may view."""
    count, found, items = await _found(exchange)
    zone = exchange.actor.time_zone
    return json_reply({"count": count, "workitems": [work_item(one, items, zone) for one in found]})


async def csv(exchange: Exchange) -> Reply:
    """List tasks as CSV."""
    return await _sheet(exchange, utf16=False)


async def csv_utf16(exchange: Exchange) -> Reply:
    """List tasks as a table in UTF-16 with tabs."""
    return await _sheet(exchange, utf16=True)


async def _sheet(exchange: Exchange, *, utf16: bool) -> Reply:
    _, found, items = await _found(exchange)
    zone = exchange.actor.time_zone
    headings, *rows = sheet.rows_of_all([one.process for one in found], None, items, zone)
    table: list[list[sheet.Cell]] = [[*HEADINGS, *headings]]
    for one, row in zip(found, rows, strict=True):
        task = one.task
        own: list[sheet.Cell] = [task.id, task.name, words.TASK_STATES[task.state], task.holder_id, one.holder]
        own += [sheet.local(moment, ZoneInfo(zone)) for moment in (task.opened_at, task.closed_at, task.due_at)]
        table.append([*own, *row])
    return sheet.csv_reply(exchange, table, utf16=utf16)


async def allocated(exchange: Exchange) -> Reply:
    """List the open tasks that the caller holds."""
    return await _mine(exchange, work_items.held)


async def offered(exchange: Exchange) -> Reply:
    """List the tasks that the caller may take."""
    return await _mine(exchange, work_items.offered)


async def _mine(exchange: Exchange, finding: Finding) -> Reply:
    given = await Inputs.known(exchange, "start", "limit")
    start = given.integer_or("start", 0, high=MAX_START)
    limit = given.integer_or("limit", MAX_LIMIT, high=MAX_LIMIT)
    count, found = await finding(exchange.context, exchange.actor, start=start, limit=limit)
    zone = exchange.actor.time_zone
    return json_reply({"count": count, "workitems": [work_item(one, (), zone) for one in found]})


async def accept(exchange: Exchange) -> Reply:
    """Take tasks that are offered to the caller, each by itself."""
    wanted = await Inputs.every(exchange, "workitemIds")
    if not 0 < len(wanted) <= MAX_ACCEPTED:
        raise refused("workitemIds", f"are 1 to {MAX_ACCEPTED} tasks")
    ids = [TaskId(Inputs({"workitemIds": text}).integer("workitemIds", low=1)) for text in wanted]
    results: list[dict[str, object]] = []
    for task in ids:
        try:
            await tasks.claim(exchange.context, exchange.actor, task)
            taken = await work_items.one(exchange.context, exchange.actor, task)
        except SatchelError as error:
            results.append({"error": error.message, "success": False, "workitem": None, "workitemId": task})
        else:
            item = work_item(taken, (), exchange.actor.time_zone)
            results.append({"error": None, "success": True, "workitem": item, "workitemId": task})
    return json_reply({"results": results})


async def reallocate(exchange: Exchange) -> Reply:
    """Give a task to somebody else."""
    given = await Inputs.known(exchange, "workitemId", "quserId", "qgroupId")
    task, user = TaskId(given.integer("workitemId", low=1)), UserId(given.integer("quserId", low=1))
    await tasks.assign(exchange.context, exchange.actor, task, user)
    return nothing()


async def start(exchange: Exchange) -> Reply:
    """Start a process with an empty form and take its first task, if it has one by then."""
    given = await Inputs.known(exchange, "processModelInfoId", "nodeNumber")
    app, node = given.integer("processModelInfoId"), given.integer("nodeNumber")
    made = await work_items.start(exchange.context, exchange.actor, app, node)
    item = None if made is None else work_item(made, (), exchange.actor.time_zone)
    return json_reply({"workitem": item})


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{API}/OR/Workitem/list", listing),
    *get_or_post(f"{API}/OR/Workitem/listCsv", csv),
    *get_or_post(f"{API}/OR/Workitem/listCsvUtf16", csv_utf16),
    *get_or_post(f"{API}/PE/Workitem/listAllocated", allocated),
    *get_or_post(f"{API}/PE/Workitem/listOffered", offered),
    endpoint("POST", f"{API}/PE/Workitem/batchAccept", accept),
    endpoint("POST", f"{API}/PIM/Workitem/reallocate", reallocate),
    endpoint("POST", f"{API}/PE/ProcessInstance/start", start),
)
"""The routes of this module."""
