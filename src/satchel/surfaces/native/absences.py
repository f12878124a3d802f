"""Absences: the caller's own, and for administrators those of anybody."""

from satchel.actions.identity import absences
from satchel.actions.identity.absences import AbsenceDays
from satchel.model.api import people as api
from satchel.model.errors import Conflict, Forbidden, InvalidState, InvalidValues, NotFound, Unauthenticated
from satchel.model.ids import AbsenceId, UserId
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.outputs import absences as outputs


def _user(exchange: Exchange) -> UserId:
    """Return the user that the address names; without one, the caller."""
    if "user" in exchange.params:
        return UserId(exchange.number("user", "user"))
    if exchange.actor.user_id is None:
        raise Unauthenticated
    return exchange.actor.user_id


async def _listing(exchange: Exchange) -> Reply:
    found = await absences.listed(exchange.context, exchange.actor, _user(exchange))
    now = exchange.context.clock()
    return json_reply(api.Absences(items=[outputs.absence(one, now) for one in found], next=None))


async def _create(exchange: Exchange) -> Reply:
    given = await exchange.read(inputs.NewAbsence)
    days = AbsenceDays(first_day=given.first_day, last_day=given.last_day, substitute=UserId(given.substitute))
    created = await absences.create(exchange.context, exchange.actor, _user(exchange), days)
    return json_reply(outputs.absence(created, exchange.context.clock()), status=201)


async def _change(exchange: Exchange) -> Reply:
    given = await exchange.read(inputs.AbsenceChange)
    changed = await absences.change(
        exchange.context,
        exchange.actor,
        _user(exchange),
        AbsenceId(exchange.number("absence", "absence")),
        first_day=given.first_day,
        last_day=given.last_day,
        substitute=None if given.substitute is None else UserId(given.substitute),
    )
    return json_reply(outputs.absence(changed, exchange.context.clock()))


async def _end(exchange: Exchange) -> Reply:
    absence = AbsenceId(exchange.number("absence", "absence"))
    await absences.end(exchange.context, exchange.actor, _user(exchange), absence)
    return Reply(status=204)


async def own(exchange: Exchange) -> Reply:
    """List the caller's absences that have not ended."""
    return await _listing(exchange)


async def set_own(exchange: Exchange) -> Reply:
    """Set when the caller is away, and who stands in for them."""
    return await _create(exchange)


async def change_own(exchange: Exchange) -> Reply:
    """Change an absence of the caller."""
    return await _change(exchange)


async def end_own(exchange: Exchange) -> Reply:
    """End an absence of the caller at once; tasks that the substitute has not started come back."""
    return await _end(exchange)


async def of_user(exchange: Exchange) -> Reply:
    """List a user's absences that have not ended."""
    return await _listing(exchange)


async def set_of_user(exchange: Exchange) -> Reply:
    """Set when a user is away, and who stands in for them."""
    return await _create(exchange)


async def change_of_user(exchange: Exchange) -> Reply:
    """Change an absence of a user."""
    return await _change(exchange)


async def end_of_user(exchange: Exchange) -> Reply:
    """End an absence of a user at once; tasks that the substitute has not started go back."""
    return await _end(exchange)


_OWN, _OF_USER = "/api/v1/me/absences", "/api/v1/users/{user}/absences"

ENDPOINTS = (
    endpoint("GET", _OWN, own, answers=shows(api.Absences), refuses=(NotFound,)),
    endpoint(
        "POST",
        _OWN,
        set_own,
        body=inputs.NewAbsence,
        answers=makes(api.Absence),
        refuses=(NotFound, InvalidValues, Conflict),
    ),
    endpoint(
        "PATCH",
        f"{_OWN}/{{absence}}",
        change_own,
        body=inputs.AbsenceChange,
        answers=shows(api.Absence),
        refuses=(InvalidValues, Conflict, InvalidState),
    ),
    endpoint("DELETE", f"{_OWN}/{{absence}}", end_own, answers=NOTHING),
    endpoint("GET", _OF_USER, of_user, answers=shows(api.Absences), refuses=(Forbidden,)),
    endpoint(
        "POST",
        _OF_USER,
        set_of_user,
        body=inputs.NewAbsence,
        answers=makes(api.Absence),
        refuses=(Forbidden, InvalidValues, Conflict),
    ),
    endpoint(
        "PATCH",
        f"{_OF_USER}/{{absence}}",
        change_of_user,
        body=inputs.AbsenceChange,
        answers=shows(api.Absence),
        refuses=(Forbidden, InvalidValues, Conflict, InvalidState),
    ),
    endpoint("DELETE", f"{_OF_USER}/{{absence}}", end_of_user, answers=NOTHING, refuses=(Forbidden,)),
)
"""The routes of this module."""
