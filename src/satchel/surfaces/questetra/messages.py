"""Starting and continuing processes from outside: message start events, receive tasks, and uploads before a start.

Nobody signs in here: the parameter `key` is one of Satchel's API keys, and its user starts and sends. Errors are XML.
"""

from collections.abc import Sequence

from satchel.actions.files.tickets import UploadRequest
from satchel.actions.instances import lifecycle
from satchel.actions.lists import apps, nodes
from satchel.actions.loading import LoadedApp
from satchel.engine.graph import Kind
from satchel.model.actor import Actor
from satchel.model.errors import Forbidden, InvalidState, NotFound, Unauthenticated
from satchel.model.fields import Field
from satchel.model.ids import ElementId, InstanceId
from satchel.surfaces.kit.authorization import by_token
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.questetra import forms, xml
from satchel.surfaces.questetra.addresses import PREFIX
from satchel.surfaces.questetra.forms import Incoming
from satchel.surfaces.questetra.inputs import Inputs

BESIDES = frozenset({"key", "title", "processInstanceId"})
"""Parameters that are no items; a title is made by the app's template."""

_TEXT = "text/plain;charset=UTF-8"
_NOT_KEPT = {"Content-Type": _TEXT, "Pragma": "no-cache", "Cache-Control": "no-store"}


async def start(exchange: Exchange) -> Reply:
    """Start a process with items and files, and return its number."""
    brought = Incoming()

    async def target(name: str) -> tuple[Actor, UploadRequest]:
        actor, app = await _start_of(exchange, brought)
        known = forms.item(app.manifest.fields, name)
        return actor, UploadRequest(size_bytes=0, app=app.manifest.code, field=known.id, is_counted=False)

    try:
        await forms.read_form(exchange, brought, target)
        actor, app = await _start_of(exchange, brought)
        given = await forms.submission(exchange, actor, app.manifest.fields, brought, besides=BESIDES)
        started = await lifecycle.start(exchange.context, actor, app.manifest.code, given)
    except BaseException:
        await forms.forget(exchange, brought)
        raise
    return Reply(body=str(started.instance.id).encode(), headers={**_NOT_KEPT, **ignored(given)})


async def upload(exchange: Exchange) -> Reply:
    """Store files before a start that names them; the answer has their numbers."""
    brought = Incoming()

    async def target(name: str) -> tuple[Actor, UploadRequest]:
        actor, app = await _start_of(exchange, brought)
        known = _only_file(app.manifest.fields, name)
        return actor, UploadRequest(size_bytes=0, app=app.manifest.code, field=known.id)

    try:
        await forms.read_form(exchange, brought, target)
        await _start_of(exchange, brought)
        forms.require_files_alone(exchange, brought, "key")
    except BaseException:
        await forms.forget(exchange, brought)
        raise
    return xml.stored_files([one for stored in brought.files.values() for one in stored])


def _only_file(fields: Sequence[Field], name: str) -> Field:
    """Return the item that a part names; a part of another name is for the only file item that there is."""
    files = [field for field in fields if field.is_file_type]
    if len(files) == 1 and not name.startswith(("q_", "data[")):
        return files[0]
    return forms.item(fields, name)


async def receive(exchange: Exchange) -> Reply:
    """Send a message with items and files to a process that waits for it."""
    brought = Incoming()

    async def target(name: str) -> tuple[Actor, UploadRequest]:
        actor, app, instance, _, _ = await _waiting(exchange, brought)
        known = forms.item(app.manifest.fields, name)
        return actor, UploadRequest(size_bytes=0, instance=instance, field=known.id, is_counted=False)

    try:
        await forms.read_form(exchange, brought, target)
        actor, app, instance, message, at = await _waiting(exchange, brought)
        given = await forms.submission(exchange, actor, app.manifest.fields, brought, besides=BESIDES)
        await lifecycle.send_message(exchange.context, actor, instance, message, given, at=at)
    except BaseException:
        await forms.forget(exchange, brought)
        raise
    return Reply(headers={**_NOT_KEPT, **ignored(given)})


async def check(exchange: Exchange) -> Reply:
    """Say whether a process waits at a receive task."""
    given = await Inputs.known(exchange, "key", "processInstanceId")
    brought = Incoming(texts={name: [str(given.raw(name))] for name in given.names})
    try:
        await _waiting(exchange, brought)
    except InvalidState:
        return Reply(body=b"false", headers=_NOT_KEPT)
    return Reply(body=b"true", headers=_NOT_KEPT)


async def _actor(exchange: Exchange, brought: Incoming) -> Actor:
    """Return whose key it is; asked once."""
    if exchange.known_actor is None:
        key = brought.text("key")
        if not key:
            raise Unauthenticated("The parameter key is missing; it is an API key of Satchel.")
        actor = await by_token(exchange, key, "api_key")
        exchange.known_actor = actor.by_rights_only()
    return exchange.known_actor


async def _start_of(exchange: Exchange, brought: Incoming) -> tuple[Actor, LoadedApp]:
    """Return who starts which app; the address must name its start event."""
    actor = await _actor(exchange, brought)
    app = await apps.numbered(exchange.context, actor, Inputs(exchange.params).integer("processModelInfoId"))
    at = Inputs(exchange.params).integer("nodeNumber")
    if nodes.numbered(app, at).id != nodes.start_of(app).id:
        raise refused(
            "nodeNumber", f"is not that of the start event ({nodes.number_of(app, nodes.start_of(app).id)})", str(at)
        )
    return actor, app


async def _waiting(exchange: Exchange, brought: Incoming) -> tuple[Actor, LoadedApp, InstanceId, str, ElementId]:
    """Return who sends which message to what, and the element that is addressed.

    Raises:
        InvalidState: the process does not wait there now.
    """
    actor = await _actor(exchange, brought)
    at, wanted = Inputs(exchange.params).integer("nodeNumber"), Inputs(exchange.params).integer("processModelInfoId")
    instance = InstanceId(brought.single().integer("processInstanceId"))
    view = await lifecycle.read(exchange.context, actor, instance)
    if view.instance.app_id != wanted:
        raise NotFound("instance", instance)
    if not view.sight.whole:
        raise Forbidden("You need the right 'view' for this app to send messages to its processes.")
    node = nodes.numbered(view.app, at)
    if node.kind not in nodes.WAITING or node.message is None:
        raise refused("nodeNumber", f"is that of a {Kind(node.kind).value}, which receives nothing", str(at))
    if not any(wait.kind == "message" and wait.element == node.id for wait in view.waits):
        raise InvalidState(f"{view.instance.identifier} does not wait at {node.label} now.")
    return actor, view.app, instance, node.message, node.id


_START = f"{PREFIX}/System/Event/MessageStart/{{processModelInfoId}}/{{nodeNumber}}"
_RECEIVE = f"{PREFIX}/System/ReceiveTask/HttpPost/{{processModelInfoId}}/{{nodeNumber}}/receive"

ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{_START}/start", start, is_open=True),
    endpoint("POST", f"{_START}/File/upload", upload, is_open=True),
    endpoint("POST", _RECEIVE, receive, is_open=True),
    *get_or_post(f"{_RECEIVE}/check", check, is_open=True),
    endpoint(
        "POST",
        f"{PREFIX}/System/Event/IntermediateMessage/{{processModelInfoId}}/{{nodeNumber}}/receive",
        receive,
        is_open=True,
    ),
)
"""The routes of this module."""
