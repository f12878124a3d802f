"""Service tasks that wait for a result, and incidents."""

from satchel.actions.calls import by_hand, dry_runs, newer_settings
from satchel.model.api import calls as api
from satchel.model.api.queries import IncidentsQuery, PageQuery, RetryQuery
from satchel.model.errors import Conflict, EngineStopped, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import IncidentId, InstanceId, JobId
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import FORM, NOTHING, of_form, shows
from satchel.surfaces.native.outputs import calls as outputs
from satchel.surfaces.native.outputs.paging import page


def _id(exchange: Exchange) -> JobId:
    return JobId(exchange.number("call", "service call"))


async def listing(exchange: Exchange) -> Reply:
    """List the waiting service tasks."""
    asked = exchange.query(PageQuery)
    found = await by_hand.waiting(exchange.context, exchange.actor, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, api.Calls, outputs.call))


async def reading(exchange: Exchange) -> Reply:
    """Read a service task, with every attempt."""
    found = await by_hand.record(exchange.context, exchange.actor, _id(exchange))
    return json_reply(outputs.call_record(found))


async def finish(exchange: Exchange) -> Reply:
    """Complete a service task with its result."""
    given = (await exchange.read(inputs.Filled)).submission()
    await by_hand.finish(exchange.context, exchange.actor, _id(exchange), given)
    return Reply(status=204, headers=ignored(given))


async def fail(exchange: Exchange) -> Reply:
    """Report that a service task has failed."""
    given = await exchange.read(inputs.CallFailure)
    await by_hand.fail(exchange.context, exchange.actor, _id(exchange), given.code)
    return Reply(status=204)


async def incidents(exchange: Exchange) -> Reply:
    """List open incidents, of all apps or of one instance (instance=...)."""
    asked = exchange.query(IncidentsQuery)
    instance = None if asked.instance is None else InstanceId(asked.instance)
    found = await by_hand.incidents(
        exchange.context, exchange.actor, instance_id=instance, after=asked.cursor, limit=asked.limit + 1
    )
    known = await newer_settings.with_newer(exchange.context, exchange.actor.account_id, found)
    return json_reply(page(known, asked.limit, api.Incidents, outputs.incident))


async def retry(exchange: Exchange) -> Reply:
    """Retry the step of an incident, with the settings of its version or (settings=newest) the newest."""
    asked = exchange.query(RetryQuery)
    incident = IncidentId(exchange.number("incident", "incident"))
    newest = asked.settings == "newest"
    found = await by_hand.retry(exchange.context, exchange.actor, incident, newest=newest)
    if not newest and found.newer is None:
        return Reply(status=204)
    return json_reply(api.Retried(version=found.version, newer_version=found.newer))


async def skip(exchange: Exchange) -> Reply:
    """Continue past a failed service task, with values set by hand."""
    given = (await exchange.read(inputs.Filled)).submission()
    incident = IncidentId(exchange.number("incident", "incident"))
    await by_hand.skip(exchange.context, exchange.actor, incident, given)
    return Reply(status=204, headers=ignored(given))


async def dry_run(exchange: Exchange) -> Reply:
    """Show what a service task would send now, without sending it."""
    instance = InstanceId(exchange.number("instance", "instance"))
    found = await dry_runs.show(exchange.context, exchange.actor, instance, exchange.params["name"])
    return json_reply(outputs.dry_run(found))


ENDPOINTS = (
    endpoint(
        "GET",
        "/api/v1/instances/{instance}/services/{name}/request",
        dry_run,
        answers=shows(api.DryRun),
        refuses=(Forbidden, Conflict, InvalidState, InvalidValues, EngineStopped),
    ),
    endpoint("GET", "/api/v1/calls", listing, query=PageQuery, answers=shows(api.Calls)),
    endpoint("GET", "/api/v1/calls/{call}", reading, answers=shows(api.CallRecord)),
    endpoint(
        "POST",
        "/api/v1/calls/{call}/finish",
        finish,
        body=inputs.Filled,
        answers=of_form(NOTHING),
        refuses=(*FORM, EngineStopped),
    ),
    endpoint(
        "POST",
        "/api/v1/calls/{call}/fail",
        fail,
        body=inputs.CallFailure,
        answers=NOTHING,
        refuses=(Forbidden, InvalidState, InvalidValues, EngineStopped),
    ),
    endpoint(
        "GET", "/api/v1/incidents", incidents, query=IncidentsQuery, answers=shows(api.Incidents), refuses=(NotFound,)
    ),
    endpoint(
        "POST",
        "/api/v1/incidents/{incident}/retry",
        retry,
        query=RetryQuery,
        answers=(
            Answer(body=api.Retried, note="There are newer settings, or they were asked for."),
            Answer(status=204, note="Done, with the settings of its version, the newest ones."),
        ),
        refuses=(Forbidden, InvalidState, Conflict, EngineStopped),
    ),
    endpoint(
        "POST",
        "/api/v1/incidents/{incident}/skip",
        skip,
        body=inputs.Filled,
        answers=of_form(NOTHING),
        refuses=(*FORM, EngineStopped),
    ),
)
"""The routes of this module."""
