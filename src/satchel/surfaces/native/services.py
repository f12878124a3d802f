"""Service tasks that wait for a result, and incidents."""

from satchel.actions import dry_runs, services
from satchel.model.ids import IncidentId, InstanceId, JobId
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire


def _id(exchange: Exchange) -> JobId:
    return JobId(exchange.number("call", "service call"))


async def listing(exchange: Exchange) -> Reply:
    """List the service tasks that wait."""
    after, limit = exchange.page()
    found = await services.waiting(exchange.context, exchange.actor, after=after, limit=limit + 1)
    return json_reply(render.page(found, limit, render.call))


async def reading(exchange: Exchange) -> Reply:
    """Read a service task, with every attempt to do it."""
    found = await services.record(exchange.context, exchange.actor, _id(exchange))
    attempts = [render.attempt(made) for made in found.attempts]
    return json_reply({**render.call(found.call), "attempts": attempts})


async def finish(exchange: Exchange) -> Reply:
    """Hand in the result of a service task."""
    given = await exchange.read(wire.Filled)
    await services.finish(exchange.context, exchange.actor, _id(exchange), given.submission())
    return Reply(status=204)


async def fail(exchange: Exchange) -> Reply:
    """Say that a service task has failed."""
    given = await exchange.read(wire.Failure)
    await services.fail(exchange.context, exchange.actor, _id(exchange), given.code)
    return Reply(status=204)


async def incidents(exchange: Exchange) -> Reply:
    """List open incidents, of all apps or of one instance (instance=...)."""
    after, limit = exchange.page()
    text = exchange.query("instance")
    exchange.params.setdefault("instance", text or "")
    instance = InstanceId(exchange.number("instance", "instance")) if text is not None else None
    found = await services.incidents(
        exchange.context, exchange.actor, instance_id=instance, after=after, limit=limit + 1
    )
    return json_reply(render.page(found, limit, render.incident))


async def retry(exchange: Exchange) -> Reply:
    """Take the step of an incident again."""
    incident = IncidentId(exchange.number("incident", "incident"))
    await services.retry(exchange.context, exchange.actor, incident)
    return Reply(status=204)


async def skip(exchange: Exchange) -> Reply:
    """Go on past a service task that failed, with values set by hand."""
    given = await exchange.read(wire.Filled)
    incident = IncidentId(exchange.number("incident", "incident"))
    await services.skip(exchange.context, exchange.actor, incident, given.submission())
    return Reply(status=204)


async def dry_run(exchange: Exchange) -> Reply:
    """Show what a service task would send now, without sending it."""
    instance = InstanceId(exchange.number("instance", "instance"))
    found = await dry_runs.show(exchange.context, exchange.actor, instance, exchange.params["name"])
    files = [
        {"id": file.id, "name": file.name, "size": file.size_bytes, "media_type": file.media_type}
        for file in found.files
    ]
    return json_reply(
        {
            "method": found.method,
            "url": found.url,
            "headers": [list(header) for header in found.headers],
            "auth": found.auth,
            "media_type": found.media_type,
            "body_bytes": found.body_bytes,
            "body": found.body,
            "files": files,
        }
    )


ENDPOINTS = (
    endpoint("GET", "/api/v1/instances/{instance}/services/{name}/request", dry_run),
    endpoint("GET", "/api/v1/calls", listing),
    endpoint("GET", "/api/v1/calls/{call}", reading),
    endpoint("POST", "/api/v1/calls/{call}/finish", finish, body=wire.Filled),
    endpoint("POST", "/api/v1/calls/{call}/fail", fail, body=wire.Failure),
    endpoint("GET", "/api/v1/incidents", incidents),
    endpoint("POST", "/api/v1/incidents/{incident}/retry", retry),
    endpoint("POST", "/api/v1/incidents/{incident}/skip", skip, body=wire.Filled),
)
"""The routes of this module."""
