"""Actions: an object is created by one, changed by one, and one may ask whether it can be run."""

from collections.abc import Mapping, Sequence

from satchel.actions.files import arrivals
from satchel.actions.instances import by_name, lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.instances.results import Result
from satchel.actions.loading import LoadedApp
from satchel.model.actor import Right
from satchel.model.app import Action
from satchel.model.errors import Forbidden, InvalidRequest
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.addresses import BASE
from satchel.surfaces.alloy.attachments import Added, AttachmentBody, Places
from satchel.surfaces.alloy.errors import no_action
from satchel.surfaces.alloy.inputs import Inputs, plain_text
from satchel.surfaces.alloy.names import oid
from satchel.surfaces.alloy.objects import class_of, is_html, object_of
from satchel.surfaces.alloy.values import read_values
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.kit.texts import whole_number

ATTACHMENTS = "attachments"
FIELDS = "fields"
CLASS = "objectClass"
_CREATE_KEYS = frozenset({"actionid", FIELDS, ATTACHMENTS, CLASS.lower()})


async def create(exchange: Exchange) -> Reply:
    """Create an object by a create action."""
    async with arrivals.arriving(exchange.context, exchange.actor) as arriving:

        async def choose_app(so_far: object) -> None:
            app, _ = await _create_action(exchange, Inputs.of(so_far))
            arriving.app = app.manifest.code

        paths = [(ATTACHMENTS,), (FIELDS, ATTACHMENTS)]
        body = AttachmentBody(exchange, arriving, paths, before_file=choose_app)
        given = Inputs.of(await body.read())
        unknown = [key for key in given.members if key.lower() not in _CREATE_KEYS]
        if unknown:
            raise InvalidRequest(f"There is no member {unknown[0][:80]}.", pointer=f"/{unknown[0][:80]}")
        app, action = await _create_action(exchange, given)
        arriving.app = app.manifest.code
        fields = Inputs.of(given.raw("Fields") or {})
        listed = [*given.sequence("Attachments"), *fields.sequence("Attachments")]
        added = await _added(body, listed, app, action)
        submission = await _submission(exchange, app, fields.without("Attachments"), added)
        started = await lifecycle.run_action(
            exchange.context, exchange.actor, None, action.id, submission, app_code=app.manifest.code
        )
    return _done(exchange, started, submission)


async def _create_action(exchange: Exchange, given: Inputs) -> tuple[LoadedApp, Action]:
    """Return the create action that a body names, and its app.

    Raises:
        InvalidRequest: it names none (before its first file), or one that several classes have.
        Refused: there is no such action.
        Forbidden: the caller may not create objects of that class.
    """
    text = plain_text("ActionId", given.raw("ActionId")).strip()
    if not text:
        raise InvalidRequest("Send the ActionId, before all Attachments.", pointer="/ActionId")
    number = _number(text)
    name = given.text_or_none(CLASS)
    able = await by_name.apps_that_create(exchange.context, exchange.actor, number)
    if name is not None:
        only = await class_of(exchange, name)
        action = by_name.action_numbered(only, number)
        able = [(only, action)] if action is not None and action.create else []
    startable = [one for one in able if exchange.actor.may(Right.START, one[0].app_id)]
    if not able:
        raise no_action(text)
    if not startable:
        raise Forbidden("You may not create such objects.")
    if len(startable) > 1:
        classes = ", ".join(app.manifest.code for app, _ in startable)
        raise InvalidRequest(f"Several classes have the action {text}: name one of {classes} as {CLASS} beside it.")
    return startable[0]


def _number(text: str) -> int:
    found = whole_number(text)
    if found is None:
        raise no_action(text)
    return found


async def _added(body: AttachmentBody, listed: Sequence[object], app: LoadedApp, action: Action) -> Added:
    if not listed:
        return Added()
    inputs = [field for field in app.file_fields if field.id in action.inputs]
    return await body.added(listed, Places(areas=[area.name for area in action.areas], fields=inputs))


async def _submission(exchange: Exchange, app: LoadedApp, given: Mapping[str, object], added: Added) -> Submission:
    values, comment = await read_values(
        exchange.context, exchange.actor, app.manifest, given, is_html=is_html(exchange)
    )
    return added.submission(values, comment)


async def run(exchange: Exchange) -> Reply:
    """Run an action on an object, with values, a comment and attachments: all or nothing of it is done."""
    view = await object_of(exchange)
    action = _action_of(exchange, view.app)
    async with arrivals.arriving(exchange.context, exchange.actor, instance=view.instance.id) as arriving:
        body = AttachmentBody(exchange, arriving, [(ATTACHMENTS,)])
        given = Inputs.of(await body.read() if exchange.content_length != 0 else {})
        added = await _added(body, given.sequence("Attachments"), view.app, action)
        submission = await _submission(exchange, view.app, given.without("Attachments"), added)
        done = await lifecycle.run_action(exchange.context, exchange.actor, view.instance.id, action.id, submission)
    return _done(exchange, done, submission)


def _action_of(exchange: Exchange, app: LoadedApp) -> Action:
    """Return the action that the address names.

    Raises:
        Refused: the object's class has none of that number that runs on an object.
    """
    text = exchange.params["action"]
    action = by_name.action_numbered(app, _number(text))
    if action is None or action.create:
        raise no_action(text)
    return action


async def check(exchange: Exchange) -> Reply:
    """Say whether an action could be run on an object now by the caller."""
    view = await object_of(exchange)
    action = _action_of(exchange, view.app)
    may = view.sight.whole and exchange.actor.may(Right.MODIFY, view.instance.app_id)
    is_due = action.task is None or any(task.is_open and task.element == action.task for task in view.tasks)
    return outputs.success(exchange, {"Result": may and is_due and view.instance.is_running})


def _done(exchange: Exchange, done: Result, given: Submission) -> Reply:
    """Return the object that an action ran on or created; one that may be created but not seen has its ids too."""
    code, _, number = done.instance.identifier.rpartition("-")
    found = {"Succeed": True, "ObjectID": str(done.instance.uuid), "ObjectOID": oid(code, int(number))}
    reply = outputs.success(exchange, found)
    reply.headers |= ignored(given)
    return reply


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", BASE, create),
    endpoint("POST", f"{BASE}/object/{{oid}}/action/{{action}}", run),
    endpoint("GET", f"{BASE}/object/{{oid}}/action/{{action}}/check", check),
)
"""The routes of this module."""
