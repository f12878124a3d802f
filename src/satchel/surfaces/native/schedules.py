"""Schedules: saved searches whose new files go to a folder of the server every day."""

from satchel.actions.exports import schedules
from satchel.model.api import searches as api
from satchel.model.api.queries import PageQuery
from satchel.model.errors import Conflict, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import ScheduleId, SearchId
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.outputs import searches as outputs
from satchel.surfaces.native.outputs.paging import page


def _id(exchange: Exchange) -> ScheduleId:
    return ScheduleId(exchange.number("schedule", "schedule"))


async def listing(exchange: Exchange) -> Reply:
    """List the caller's schedules, for administrators all."""
    asked = exchange.query(PageQuery)
    found = await schedules.all_schedules(exchange.context, exchange.actor, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, api.Schedules, outputs.schedule))


async def create(exchange: Exchange) -> Reply:
    """Schedule a daily export of a saved search into a folder of the server."""
    given = await exchange.read(inputs.NewSchedule)
    created = await schedules.create(
        exchange.context, exchange.actor, SearchId(given.search), folder=given.folder, at=given.at
    )
    found = await schedules.read(exchange.context, exchange.actor, created)
    return json_reply(outputs.schedule(found), status=201, headers={"Location": f"/api/v1/schedules/{created}"})


async def read(exchange: Exchange) -> Reply:
    """Return a schedule and when it runs next."""
    return json_reply(outputs.schedule(await schedules.read(exchange.context, exchange.actor, _id(exchange))))


async def delete(exchange: Exchange) -> Reply:
    """Delete a schedule; the files in its folder stay."""
    await schedules.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def run(exchange: Exchange) -> Reply:
    """Run a schedule now."""
    await schedules.run_now(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=202)


async def runs(exchange: Exchange) -> Reply:
    """List a schedule's runs with their reports, oldest first."""
    asked = exchange.query(PageQuery)
    found = await schedules.runs(
        exchange.context, exchange.actor, _id(exchange), after=asked.cursor, limit=asked.limit + 1
    )
    return json_reply(page(found, asked.limit, api.ScheduleRuns, outputs.schedule_run))


ENDPOINTS = (
    endpoint("GET", "/api/v1/schedules", listing, query=PageQuery, answers=shows(api.Schedules)),
    endpoint(
        "POST",
        "/api/v1/schedules",
        create,
        body=inputs.NewSchedule,
        answers=makes(api.Schedule, "Location"),
        refuses=(Forbidden, Conflict, InvalidState, InvalidValues, NotFound),
    ),
    endpoint("GET", "/api/v1/schedules/{schedule}", read, answers=shows(api.Schedule)),
    endpoint("DELETE", "/api/v1/schedules/{schedule}", delete, answers=NOTHING),
    endpoint(
        "POST",
        "/api/v1/schedules/{schedule}/run",
        run,
        answers=(Answer(status=202, note="The run begins at once."),),
        refuses=(Conflict, InvalidState),
    ),
    endpoint(
        "GET",
        "/api/v1/schedules/{schedule}/runs",
        runs,
        query=PageQuery,
        answers=shows(api.ScheduleRuns),
    ),
)
"""The routes of this module."""
