"""Apps: deploy a bundle, look at versions, fields and the diagram; start instances."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from satchel.actions.apps import deploying, moves, retirement
from satchel.actions.apps import versions as app_versions
from satchel.actions.apps.versions import Diagram
from satchel.actions.files.form_files import FormTarget
from satchel.actions.instances import form_states, lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.results import Result
from satchel.actions.loading import LoadedApp
from satchel.model.actor import Right
from satchel.model.api import apps as api
from satchel.model.api.instances import WorkResult
from satchel.model.api.queries import AppsQuery
from satchel.model.app_yaml.archive import MAX_ARCHIVE_BYTES, unpack_bundle
from satchel.model.errors import (
    Conflict,
    EngineStopped,
    Forbidden,
    InvalidBundle,
    InvalidState,
    InvalidValues,
    NotFound,
    UnsupportedMedia,
)
from satchel.model.transfer.names import content_disposition
from satchel.model.transfer.ranges import is_unchanged
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import FORM, NOTHING, makes, of_form, shows
from satchel.surfaces.native.filling import Filling, filled
from satchel.surfaces.native.outputs import apps as outputs
from satchel.surfaces.native.outputs.instances import work_result

_MAX_VERSION = 2**31 - 1
_IMMUTABLE = "private, max-age=31536000, immutable"
"""A version never changes; only those who may read it have it, in a cache of their own."""

_ZIP_TYPES = frozenset({"application/zip", "application/x-zip-compressed", "application/octet-stream"})


async def listing(exchange: Exchange) -> Reply:
    """List the apps for which the caller has any right, or a certain one (may=start)."""
    asked = exchange.query(AppsQuery)
    right = None if asked.may is None else Right(asked.may)
    found = await app_versions.newest(exchange.context, exchange.actor, right)
    retired = await retirement.retired(exchange.context, exchange.actor)
    items = [outputs.summary(one, exchange.actor, is_retired=one.app_id in retired) for one in found]
    return json_reply(api.Apps(items=items, next=None))


async def deploy(exchange: Exchange) -> Reply:
    """Deploy a zipped bundle as a new version."""
    if exchange.content_type not in _ZIP_TYPES:
        raise UnsupportedMedia("Send the bundle as a zip with Content-Type: application/zip.")
    files = unpack_bundle(await exchange.whole(MAX_ARCHIVE_BYTES))
    done = await deploying.deploy(exchange.context, exchange.actor, files)
    forecast = await moves.forecast(exchange.context, exchange.actor, done.code) if done.older_instances else None
    return json_reply(outputs.deployed(done, forecast), status=201, headers={"Location": f"/api/v1/apps/{done.code}"})


async def read(exchange: Exchange) -> Reply:
    """Return an app's newest version: fields, forms, actions."""
    found = await deploying.read(exchange.context, exchange.actor, exchange.params["app"])
    return await _shown(exchange, found)


async def versions(exchange: Exchange) -> Reply:
    """List an app's versions, newest first."""
    found = await deploying.versions(exchange.context, exchange.actor, exchange.params["app"])
    return json_reply(api.Versions(items=[outputs.version(row) for row in found], next=None))


async def nodes(exchange: Exchange) -> Reply:
    """List the elements of an app's process, with the numbers by which Questetra's clients address them."""
    found = await deploying.read(exchange.context, exchange.actor, exchange.params["app"])
    return json_reply(outputs.nodes(found))


async def version(exchange: Exchange) -> Reply:
    """Return one version of an app: its fields, forms and actions."""
    found = await app_versions.read(exchange.context, exchange.actor, exchange.params["app"], _number(exchange))
    return await _shown(exchange, found)


async def _shown(exchange: Exchange, found: LoadedApp) -> Reply:
    retired = await retirement.retired(exchange.context, exchange.actor)
    state = form_states.of_start(found, actor=exchange.actor, now=exchange.context.clock())
    return json_reply(outputs.app(found, exchange.actor, state, is_retired=found.app_id in retired))


def _number(exchange: Exchange) -> int:
    number = exchange.number("version", "app version")
    if number > _MAX_VERSION:
        raise NotFound("app version", number)
    return number


async def diagram(exchange: Exchange) -> Reply:
    """Return the newest version's BPMN document."""
    code = exchange.params["app"]
    newest = await deploying.read(exchange.context, exchange.actor, code)
    return _diagram(code, await app_versions.diagram(exchange.context, exchange.actor, code, newest.number), {})


async def diagram_of_version(exchange: Exchange) -> Reply:
    """Return the BPMN document of a version, as it was deployed."""
    code = exchange.params["app"]
    found = await app_versions.diagram(exchange.context, exchange.actor, code, _number(exchange))
    etag = f'"{hashlib.sha256(found.bpmn).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": _IMMUTABLE}
    if is_unchanged(exchange.header("if-none-match"), etag):
        return Reply(status=304, headers=headers)
    return _diagram(code, found, headers)


def _diagram(code: str, found: Diagram, more: Mapping[str, str]) -> Reply:
    headers = {
        "Content-Type": "application/xml",
        "Content-Disposition": content_disposition("attachment", f"{code}.bpmn"),
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "Satchel-Layout": found.layout.value,
        **more,
    }
    return Reply(body=found.bpmn, headers=headers)


async def start(exchange: Exchange) -> Reply:
    """Start an instance with values and uploads."""
    app = exchange.params["app"]

    async def perform(filling: Filling) -> Reply:
        done = await lifecycle.start(exchange.context, exchange.actor, app, filling.given)
        return _started(exchange, done, filling.given)

    return await filled(exchange, inputs.Filled, FormTarget(app=app), perform)


async def retire(exchange: Exchange) -> Reply:
    """Retire an app: nothing new is started from it; what runs goes on."""
    await retirement.set_retired(exchange.context, exchange.actor, exchange.params["app"], is_retired=True)
    return Reply(status=204)


async def restore(exchange: Exchange) -> Reply:
    """Bring a retired app back."""
    await retirement.set_retired(exchange.context, exchange.actor, exchange.params["app"], is_retired=False)
    return Reply(status=204)


async def run_creating_action(exchange: Exchange) -> Reply:
    """Run an action that starts an instance."""
    app, action = exchange.params["app"], exchange.number("action", "action")

    async def perform(filling: Filling) -> Reply:
        context, actor = exchange.context, exchange.actor
        done = await lifecycle.run_action(context, actor, None, action, filling.given, app_code=app)
        return _started(exchange, done, filling.given)

    return await filled(exchange, inputs.Filled, FormTarget(app=app), perform)


def _started(exchange: Exchange, done: Result, given: Submission) -> Reply:
    headers = {"Location": f"/api/v1/instances/{done.instance.id}", **ignored(given)}
    return json_reply(work_result(done, exchange.actor, given), status=201, headers=headers)


_BPMN = Answer(media_types=("application/xml",), headers=("Content-Disposition", "Satchel-Layout"))

ENDPOINTS = (
    endpoint("GET", "/api/v1/apps", listing, query=AppsQuery, answers=shows(api.Apps)),
    endpoint(
        "POST",
        "/api/v1/apps",
        deploy,
        takes=sorted(_ZIP_TYPES),
        answers=makes(api.Deployed, "Location"),
        refuses=(Forbidden, InvalidBundle, InvalidValues, Conflict),
    ),
    endpoint("GET", "/api/v1/apps/{app}", read, answers=shows(api.App)),
    endpoint("POST", "/api/v1/apps/{app}/retire", retire, answers=NOTHING, refuses=(Forbidden, InvalidState)),
    endpoint("POST", "/api/v1/apps/{app}/restore", restore, answers=NOTHING, refuses=(Forbidden, InvalidState)),
    endpoint("GET", "/api/v1/apps/{app}/nodes", nodes, answers=shows(api.Nodes)),
    endpoint("GET", "/api/v1/apps/{app}/versions", versions, answers=shows(api.Versions)),
    endpoint(
        "GET",
        "/api/v1/apps/{app}/diagram",
        diagram,
        answers=(_BPMN,),
    ),
    endpoint("GET", "/api/v1/apps/{app}/versions/{version}", version, answers=shows(api.App)),
    endpoint(
        "GET",
        "/api/v1/apps/{app}/versions/{version}/diagram",
        diagram_of_version,
        headers=("If-None-Match",),
        answers=(
            replace(_BPMN, headers=(*_BPMN.headers, "ETag", "Cache-Control")),
            Answer(status=304, headers=("ETag", "Cache-Control"), note="The client has it already."),
        ),
    ),
    endpoint(
        "POST",
        "/api/v1/apps/{app}/instances",
        start,
        body=inputs.Filled,
        takes_form=True,
        answers=of_form(makes(WorkResult, "Location")),
        refuses=(*FORM, EngineStopped),
    ),
    endpoint(
        "POST",
        "/api/v1/apps/{app}/actions/{action}",
        run_creating_action,
        body=inputs.Filled,
        takes_form=True,
        answers=of_form(makes(WorkResult, "Location")),
        refuses=(*FORM, EngineStopped),
    ),
)
"""The routes of this module."""
