"""Apps: which can be started, which there are, and their data items."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from satchel.actions.lists import apps
from satchel.actions.lists.apps import ListedApp
from satchel.model.actor import Right
from satchel.model.errors import Forbidden
from satchel.model.fields import FieldType
from satchel.surfaces.kit.endpoints import Endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.questetra.addresses import API
from satchel.surfaces.questetra.inputs import Inputs
from satchel.surfaces.questetra.processes import MAX_LIMIT, MAX_START
from satchel.surfaces.questetra.values import data_type, moment, subtype

_NODES_PER_VERSION = 1_024
_NARROWING = ("category", "query", "start", "limit")


async def definitions(exchange: Exchange) -> Reply:
    """List the data items of an app."""
    given = await Inputs.known(exchange, "processModelInfoId")
    app = await apps.numbered(exchange.context, exchange.actor, given.integer("processModelInfoId"))
    found = [
        {
            "dataType": data_type(field),
            "name": field.label,
            "processDataDefinitionNumber": field.number,
            "subType": subtype(field),
            "viewOrder": order,
        }
        for order, field in enumerate(app.manifest.fields, start=1)
        if field.type is not FieldType.SEPARATOR
    ]
    return json_reply({"definitions": found})


async def startable(exchange: Exchange) -> Reply:
    """List the start events that the caller may start processes with."""
    given = await Inputs.known(exchange, *_NARROWING)
    found = await _wanted(exchange, given, Right.START)
    zone = ZoneInfo(exchange.actor.time_zone)
    shown: list[dict[str, object]] = []
    for one in _page(given, found):
        node = one.start_node
        shown.append(
            {
                "id": one.app.version_id * _NODES_PER_VERSION + one.start_number,
                "nodeName": node.label,
                "nodeNumber": one.start_number,
                "processModelActivateDatetime": moment(one.deployed_at, zone),
                "processModelId": one.app.version_id,
                "processModelInfoCategory": one.row.category,
                "processModelInfoId": one.row.id,
                "processModelInfoName": one.row.name,
                "processModelInfoShortExplanation": one.app.manifest.description,
                "processModelInfoViewPriority": 0,
                "processModelVersion": one.app.number,
            }
        )
    return json_reply({"count": len(found), "startableActivities": shown})


async def every(exchange: Exchange) -> Reply:
    """List the apps that the caller manages."""
    given = await Inputs.known(exchange, *_NARROWING, "starredOnly", "dbFile")
    found: Sequence[ListedApp] = await _wanted(exchange, given, Right.MANAGE)
    if not found and exchange.actor.apps_with(Right.MANAGE) == frozenset():
        raise Forbidden("You need the right 'manage' for an app to list apps here.")
    if given.text_or_none("starredOnly") == "true":
        found = found[:0]  # apps have no stars
    shown = [
        {
            "processModelInfoCategory": one.row.category,
            "processModelInfoCreateQuserName": one.creator,
            "processModelInfoHasActiveProcessModel": True,
            "processModelInfoId": one.row.id,
            "processModelInfoName": one.row.name,
            "processModelInfoNote": one.app.manifest.description,
            "processModelVersion": one.app.number,
            "starred": False,
        }
        for one in _page(given, found)
    ]
    return json_reply({"count": len(found), "processModelInfos": shown})


async def _wanted(exchange: Exchange, given: Inputs, right: Right) -> Sequence[ListedApp]:
    category, query = given.text_or("category", "").strip(), given.text_or("query", "").strip().casefold()
    return [
        one
        for one in await apps.with_right(exchange.context, exchange.actor, right)
        if (not category or one.row.category == category) and query in one.row.name.casefold()
    ]


def _page(given: Inputs, found: Sequence[ListedApp]) -> Sequence[ListedApp]:
    start = given.integer_or("start", 0, high=MAX_START)
    return found[start : start + given.integer_or("limit", MAX_LIMIT, high=MAX_LIMIT)]


ENDPOINTS: tuple[Endpoint, ...] = (
    *get_or_post(f"{API}/OR/ProcessDataDefinition/list", definitions),
    *get_or_post(f"{API}/PE/ProcessModel/listStartable", startable),
    *get_or_post(f"{API}/Admin/ProcessModel/list", every),
)
"""The routes of this module."""
