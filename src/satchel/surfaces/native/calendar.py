"""The account's calendar of working time."""

from zoneinfo import ZoneInfo

from satchel.actions import calendars
from satchel.actions.calendars import Calendar, OwnDay
from satchel.model.api import people as api
from satchel.model.errors import Forbidden, InvalidValues
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import shows
from satchel.surfaces.native.outputs import absences as outputs


async def _shown(exchange: Exchange, calendar: Calendar) -> Reply:
    year = exchange.context.clock().astimezone(ZoneInfo(calendar.time_zone)).year
    return json_reply(outputs.calendar(calendar, await calendars.holidays_of(calendar, [year, year + 1])))


async def read(exchange: Exchange) -> Reply:
    """Return when the account works."""
    return await _shown(exchange, await calendars.read(exchange.context, exchange.actor))


async def replace(exchange: Exchange) -> Reply:
    """Set when the account works; tasks that are open keep the time at which they are due."""
    given = await exchange.read(inputs.NewCalendar)
    calendar = Calendar(
        time_zone=given.time_zone,
        hours=given.hours,
        country=given.country,
        subdivision=given.subdivision,
        days=[OwnDay(day=own.day, name=own.name, hours=own.hours) for own in given.days],
    )
    await calendars.set_calendar(exchange.context, exchange.actor, calendar)
    return await _shown(exchange, calendar)


ENDPOINTS = (
    endpoint("GET", "/api/v1/calendar", read, answers=shows(api.Calendar)),
    endpoint(
        "PUT",
        "/api/v1/calendar",
        replace,
        body=inputs.NewCalendar,
        answers=shows(api.Calendar),
        refuses=(Forbidden, InvalidValues),
    ),
)
"""The routes of this module."""
