"""Processes: lists of them, one of them, its files; deleting, stopping and starring it."""

from satchel.actions.instances import lifecycle
from satchel.actions.lists import processes, search
from satchel.actions.lists.processes import InstanceFilter, InstancePage
from satchel.actions.lists.questetra_criteria import ParsedCriteria, read_criteria
from satchel.model.ids import InstanceId, SearchId
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.kit.sending import send_content
from satchel.surfaces.questetra import sheet
from satchel.surfaces.questetra.addresses import API
from satchel.surfaces.questetra.inputs import Inputs
from satchel.surfaces.questetra.outputs import Items, nothing, process

MAX_START = 2**31 - 1
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 1

MINE = "PROCESS_INSTANCE_STARTED"
"""The one report that is there without being saved: what the caller started."""


async def listing(exchange: Exchange) -> Reply:
    """List the processes that criteria find, with the items that they name."""
    found, shown = await _found(exchange)
    zone = exchange.actor.time_zone
    known: Items = {}
    rows = [process(one, shown, zone, known) for one in found.found]
    return json_reply({"count": found.count, "processInstances": rows})


async def csv(exchange: Exchange) -> Reply:
    """List processes as CSV."""
    found, shown = await _found(exchange)
    return sheet.csv_reply(exchange, sheet.rows_of(found, shown, exchange.actor.time_zone), utf16=False)


async def csv_utf16(exchange: Exchange) -> Reply:
    """List processes as a table in UTF-16 with tabs."""
    found, shown = await _found(exchange)
    return sheet.csv_reply(exchange, sheet.rows_of(found, shown, exchange.actor.time_zone), utf16=True)


async def _found(exchange: Exchange) -> tuple[InstancePage, tuple[int, ...]]:
    """Return the processes that a call asks for, and the numbers of the items to show."""
    given = await Inputs.known(exchange, "criteria", "reportId", "start", "limit")
    start = given.integer_or("start", 0, high=MAX_START)
    limit = given.integer_or("limit", DEFAULT_LIMIT, high=MAX_LIMIT)
    context, actor = exchange.context, exchange.actor
    report = given.text_or("reportId", "").strip()
    if report and given.text_or("criteria", "").strip():
        raise refused("reportId", "stands beside criteria; send one of them", report)
    if report:
        wanted = await _report(exchange, report)
        found = await processes.listing(context, actor, wanted, start=start, limit=limit)
        return found, tuple(field.number for field in found.app.manifest.fields) if found.app else ()
    asked: ParsedCriteria = read_criteria(
        given.text_or("criteria", ""),
        now=context.clock(),
        time_zone=actor.time_zone,
        ignores_unknown=context.policy.questetra_ignores_unknown,
    )
    return await processes.listing(context, actor, asked.wanted, start=start, limit=limit), asked.shown


async def _report(exchange: Exchange, report: str) -> InstanceFilter:
    """Return what a saved search asks for."""
    if report == MINE:
        return InstanceFilter(query={"starter": "me"})
    saved = await search.saved(
        exchange.context, exchange.actor, SearchId(Inputs({"reportId": report}).integer("reportId", low=1))
    )
    return InstanceFilter(query={name: value for name, value in saved.query.items() if name != "limit"})


async def view(exchange: Exchange) -> Reply:
    """Return one process, with all its items."""
    one = await processes.read(exchange.context, exchange.actor, await _process(exchange))
    shown = [field.number for field in one.app.manifest.fields]
    return json_reply({"processInstance": process(one, shown, exchange.actor.time_zone)})


async def delete(exchange: Exchange) -> Reply:
    """Delete a process with its files."""
    await lifecycle.delete(exchange.context, exchange.actor, await _process(exchange), expected=None)
    return nothing()


async def stop(exchange: Exchange) -> Reply:
    """Cancel a running process."""
    why = "it was stopped over the API"
    await lifecycle.cancel_instance(exchange.context, exchange.actor, await _process(exchange), why=why)
    return nothing()


async def add_star(exchange: Exchange) -> Reply:
    """Give a process a star that only the caller sees."""
    await processes.star(exchange.context, exchange.actor, await _path_process(exchange), is_starred=True)
    return nothing()


async def remove_star(exchange: Exchange) -> Reply:
    """Take the caller's star of a process away."""
    await processes.star(exchange.context, exchange.actor, await _path_process(exchange), is_starred=False)
    return nothing()


async def download(exchange: Exchange) -> None:
    """Send a file's bytes; both ids must belong together."""
    given = await Inputs.known(exchange, "id", "processDataInstanceId")
    file, place = given.integer("id"), given.integer("processDataInstanceId")
    what = await processes.content(exchange.context, exchange.actor, file, place)
    await send_content(exchange, exchange.actor, what, wants_inline=False)


async def _process(exchange: Exchange) -> InstanceId:
    return InstanceId((await Inputs.known(exchange, "processInstanceId")).integer("processInstanceId"))


async def _path_process(exchange: Exchange) -> InstanceId:
    await Inputs.known(exchange)
    return InstanceId(Inputs(exchange.params).integer("processInstanceId"))


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{API}/OR/ProcessInstance/list", listing),
    *get_or_post(f"{API}/OR/ProcessInstance/listCsv", csv),
    *get_or_post(f"{API}/OR/ProcessInstance/listCsvUtf16", csv_utf16),
    *get_or_post(f"{API}/OR/ProcessInstance/view", view),
    *get_or_post(f"{API}/OR/ProcessInstance/File/download", download),
    endpoint("POST", f"{API}/OR/ProcessInstance/delete", delete),
    endpoint("POST", f"{API}/OR/ProcessInstance/stop", stop),
    endpoint("POST", f"{API}/OR/ProcessInstance/{{processInstanceId}}/Star/add", add_star),
    endpoint("POST", f"{API}/OR/ProcessInstance/{{processInstanceId}}/Star/remove", remove_star),
)
"""The routes of this module."""
