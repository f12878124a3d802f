"""Schedules: saved searches whose new files go to a folder of the server every day."""

from satchel.actions import schedules
from satchel.model.ids import ScheduleId, SearchId
from satchel.model.schedules import Schedule, ScheduleRun
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire


def _id(exchange: Exchange) -> ScheduleId:
    return ScheduleId(exchange.number("schedule", "schedule"))


async def listing(exchange: Exchange) -> Reply:
    """List one's schedules, to administrators everybody's."""
    after, limit = exchange.page()
    found = await schedules.all_schedules(exchange.context, exchange.actor, after=after, limit=limit + 1)
    return json_reply(render.page(found, limit, shown))


async def create(exchange: Exchange) -> Reply:
    """Have a saved search exported into a folder of the server every day."""
    given = await exchange.read(wire.NewSchedule)
    created = await schedules.create(
        exchange.context, exchange.actor, SearchId(given.search), folder=given.folder, at=given.at
    )
    found = await schedules.read(exchange.context, exchange.actor, created)
    return json_reply(shown(found), status=201, headers={"Location": f"/api/v1/schedules/{created}"})


async def read(exchange: Exchange) -> Reply:
    """Return a schedule and when it runs next."""
    return json_reply(shown(await schedules.read(exchange.context, exchange.actor, _id(exchange))))


async def delete(exchange: Exchange) -> Reply:
    """Remove a schedule; what is in its folder stays there."""
    await schedules.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def run(exchange: Exchange) -> Reply:
    """Have a schedule run now."""
    await schedules.run_now(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=202)


async def runs(exchange: Exchange) -> Reply:
    """List a schedule's runs with their reports, oldest first."""
    after, limit = exchange.page()
    found = await schedules.runs(exchange.context, exchange.actor, _id(exchange), after=after, limit=limit + 1)
    return json_reply(render.page(found, limit, _shown_run))


def shown(row: Schedule) -> dict[str, object]:
    """Return what a schedule is."""
    return {
        "id": row.id,
        "owner": row.owner_id,
        "search": row.search_id,
        "folder": row.folder,
        "at": f"{row.minute // 60:02}:{row.minute % 60:02}",
        "runs": row.run,
        "running": row.is_running,
        "next_run_at": None if row.is_running else render.moment(row.due_at),
        "created_at": render.moment(row.created_at),
    }


def _shown_run(row: ScheduleRun) -> dict[str, object]:
    return {
        "number": row.number,
        "state": row.state,
        "started_at": render.moment(row.started_at),
        "ended_at": render.moment(row.ended_at),
        "instances": row.instances,
        "files": row.files,
        "bytes": row.file_bytes,
        "left_out": row.left_out,
        "missing": row.missing,
        "error": None if row.error_code is None else {"code": row.error_code, "message": row.error},
    }


ENDPOINTS = (
    endpoint("GET", "/api/v1/schedules", listing),
    endpoint("POST", "/api/v1/schedules", create, body=wire.NewSchedule),
    endpoint("GET", "/api/v1/schedules/{schedule}", read),
    endpoint("DELETE", "/api/v1/schedules/{schedule}", delete),
    endpoint("POST", "/api/v1/schedules/{schedule}/run", run),
    endpoint("GET", "/api/v1/schedules/{schedule}/runs", runs),
)
"""The routes of this module."""
