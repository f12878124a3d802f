"""Process instances: create, read and update, in the words of both versions."""

from collections.abc import Mapping

from satchel.actions.apps import deploying
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import documents
from satchel.actions.lists.documents import Document
from satchel.model.clock import moment
from satchel.surfaces.flokzu import outputs
from satchel.surfaces.flokzu.addresses import V1, V2
from satchel.surfaces.flokzu.auth import starts_by_system
from satchel.surfaces.flokzu.inputs import Inputs
from satchel.surfaces.flokzu.values import read_values
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.ignored import ignored


async def create(exchange: Exchange) -> Reply:
    """Start an instance of the process `processId` with the values `data`."""
    given = await Inputs.read(exchange)
    made, headers = await _created(exchange, given.text("processId"), given.mapping_or_empty("data"))
    return json_reply(made, headers=headers)


async def create_v1(exchange: Exchange) -> Reply:
    """Start an instance of the process `processCode` with the values that are the body."""
    code = Inputs.of_query(exchange).text("processCode")
    made, headers = await _created(exchange, code, await Inputs.body_members(exchange))
    return json_reply({**made, "reference": made["identifier"]}, headers=headers)


async def _created(
    exchange: Exchange, code: str, data: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, str]]:
    """Start an instance; return what to answer, and the headers of it."""
    context, actor, by_system = exchange.context, exchange.actor, starts_by_system(exchange)
    app = await deploying.read(context, actor, code)
    given = Submission(values=await read_values(exchange, app, data))
    made = await lifecycle.start_as(context, actor, code, given, by_system=by_system)
    answer: dict[str, object] = {
        "identifier": made.identifier,
        "initiationDate": moment(made.started_at),
        "status": outputs.OK,
    }
    return answer, ignored(given)


async def read(exchange: Exchange) -> Reply:
    """Return an instance with the values that one may see, each attachment with a new link."""
    return json_reply({"status": outputs.OK, "data": outputs.version_2(*await _document(exchange))})


async def read_v1(exchange: Exchange) -> Reply:
    """Return an instance as version 1 does: the document itself, its fields a list."""
    return json_reply(outputs.version_1(*await _document(exchange)))


async def _document(exchange: Exchange) -> tuple[Document, outputs.Attachments]:
    identifier = (await Inputs.read(exchange)).text("identifier", "reference")
    return await documents.read(exchange.context, exchange.actor, identifier)


async def update(exchange: Exchange) -> Reply:
    """Change the values `data` of an instance; all others stay."""
    given = await Inputs.read(exchange)
    made, headers = await _updated(exchange, given.text("identifier"), given.mapping_or_empty("data"))
    return json_reply(made, headers=headers)


async def update_v1(exchange: Exchange) -> Reply:
    """Change the values of an instance that are the body; all others stay."""
    identifier = Inputs.of_query(exchange).text("identifier")
    made, headers = await _updated(exchange, identifier, await Inputs.body_members(exchange))
    return json_reply({**made, "reference": made["identifier"]}, headers=headers)


async def _updated(
    exchange: Exchange, identifier: str, data: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, str]]:
    """Change an instance; return what to answer, and the headers of it."""
    context, actor = exchange.context, exchange.actor
    view = await lifecycle.read(context, actor, identifier)
    given = Submission(values=await read_values(exchange, view.app, data, view=view))
    await lifecycle.change_values(context, actor, view.instance.id, given, expected=None)
    answer: dict[str, object] = {
        "identifier": view.instance.identifier,
        "updateDate": moment(context.clock()),
        "status": outputs.OK,
    }
    return answer, ignored(given)


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{V2}/process/instance", create),
    endpoint("GET", f"{V2}/process/instance", read),
    endpoint("PUT", f"{V2}/process/instance", update),
    endpoint("POST", f"{V1}/instance", create_v1),
    endpoint("GET", f"{V1}/instance", read_v1),
    endpoint("PUT", f"{V1}/instance", update_v1),
)
"""The routes of this module."""
