"""Apps: deploy a bundle, look at versions, fields and the diagram; start instances."""

from satchel.actions.apps import deploying
from satchel.actions.instances import lifecycle
from satchel.actions.instances.results import Result
from satchel.model.api import apps as api
from satchel.model.api.instances import WorkResult
from satchel.model.app_yaml.archive import MAX_ARCHIVE_BYTES, unpack_bundle
from satchel.model.errors import Conflict, EngineStopped, Forbidden, InvalidBundle, InvalidValues, UnsupportedMedia
from satchel.model.transfer.names import content_disposition
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import FORM, makes, shows
from satchel.surfaces.native.outputs import apps as outputs
from satchel.surfaces.native.outputs.instances import work_result

_ZIP_TYPES = frozenset({"application/zip", "application/x-zip-compressed", "application/octet-stream"})


async def listing(exchange: Exchange) -> Reply:
    """List the apps for which the caller has any right."""
    found = await deploying.visible(exchange.context, exchange.actor)
    return json_reply(api.Apps(items=[outputs.summary(row) for row in found], next=None))


async def deploy(exchange: Exchange) -> Reply:
    """Deploy a zipped bundle as a new version."""
    if exchange.content_type not in _ZIP_TYPES:
        raise UnsupportedMedia("Send the bundle as a zip with Content-Type: application/zip.")
    files = unpack_bundle(await exchange.whole(MAX_ARCHIVE_BYTES))
    done = await deploying.deploy(exchange.context, exchange.actor, files)
    return json_reply(outputs.deployed(done), status=201, headers={"Location": f"/api/v1/apps/{done.code}"})


async def read(exchange: Exchange) -> Reply:
    """Return an app's newest version: fields, forms, actions."""
    return json_reply(outputs.app(await deploying.read(exchange.context, exchange.actor, exchange.params["app"])))


async def versions(exchange: Exchange) -> Reply:
    """List an app's versions, newest first."""
    found = await deploying.versions(exchange.context, exchange.actor, exchange.params["app"])
    return json_reply(api.Versions(items=[outputs.version(row) for row in found], next=None))


async def diagram(exchange: Exchange) -> Reply:
    """Return the newest version's BPMN document."""
    found = await deploying.versions(exchange.context, exchange.actor, exchange.params["app"])
    headers = {
        "Content-Type": "application/xml",
        "Content-Disposition": content_disposition("attachment", f"{exchange.params['app']}.bpmn"),
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    }
    return Reply(body=found[0].bpmn, headers=headers)


async def start(exchange: Exchange) -> Reply:
    """Start an instance with values and uploads."""
    given = await exchange.read(inputs.Filled)
    done = await lifecycle.start(exchange.context, exchange.actor, exchange.params["app"], given.submission())
    return _started(done)


async def run_creating_action(exchange: Exchange) -> Reply:
    """Run an action that starts an instance."""
    given = await exchange.read(inputs.Filled)
    done = await lifecycle.run_action(
        exchange.context,
        exchange.actor,
        None,
        exchange.number("action", "action"),
        given.submission(),
        app_code=exchange.params["app"],
    )
    return _started(done)


def _started(done: Result) -> Reply:
    headers = {"Location": f"/api/v1/instances/{done.instance.id}"}
    return json_reply(work_result(done), status=201, headers=headers)


ENDPOINTS = (
    endpoint("GET", "/api/v1/apps", listing, answers=shows(api.Apps)),
    endpoint(
        "POST",
        "/api/v1/apps",
        deploy,
        takes=sorted(_ZIP_TYPES),
        answers=makes(api.Deployed, "Location"),
        refuses=(Forbidden, InvalidBundle, InvalidValues, Conflict),
    ),
    endpoint("GET", "/api/v1/apps/{app}", read, answers=shows(api.App)),
    endpoint("GET", "/api/v1/apps/{app}/versions", versions, answers=shows(api.Versions)),
    endpoint(
        "GET",
        "/api/v1/apps/{app}/diagram",
        diagram,
        answers=(Answer(media_types=("application/xml",), headers=("Content-Disposition",)),),
    ),
    endpoint(
        "POST",
        "/api/v1/apps/{app}/instances",
        start,
        body=inputs.Filled,
        answers=makes(WorkResult, "Location"),
        refuses=(*FORM, EngineStopped),
    ),
    endpoint(
        "POST",
        "/api/v1/apps/{app}/actions/{action}",
        run_creating_action,
        body=inputs.Filled,
        answers=makes(WorkResult, "Location"),
        refuses=(*FORM, EngineStopped),
    ),
)
"""The routes of this module."""
