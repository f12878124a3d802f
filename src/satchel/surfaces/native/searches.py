"""Saved searches."""

from satchel.actions.lists import processes, saved_criteria, search
from satchel.actions.lists import questetra_criteria as criteria_kit
from satchel.actions.lists.saved_criteria import CriteriaFormat
from satchel.model.api import searches as api
from satchel.model.api.instances import FoundInstances
from satchel.model.api.queries import CriteriaQuery, PageQuery, SavedSearchQuery
from satchel.model.errors import Conflict, Forbidden, InvalidRequest, InvalidState, InvalidValues, NotFound
from satchel.model.ids import SearchId
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.outputs import instances as instance_outputs
from satchel.surfaces.native.outputs import searches as outputs
from satchel.surfaces.native.outputs.paging import page


def _id(exchange: Exchange) -> SearchId:
    return SearchId(exchange.number("search", "search"))


async def listing(exchange: Exchange) -> Reply:
    """List the caller's saved searches, and those shared with their groups."""
    asked = exchange.query(PageQuery)
    found = await search.all_saved(exchange.context, exchange.actor, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, api.SavedSearches, outputs.saved_search))


async def create(exchange: Exchange) -> Reply:
    """Save a search under a name."""
    given = await exchange.read(inputs.NewSearch)
    query = inputs.mapping(given.query, "/query")
    created = await search.save(exchange.context, exchange.actor, given.name, query, given.groups)
    found = await search.saved(exchange.context, exchange.actor, created)
    return json_reply(outputs.saved_search(found), status=201, headers={"Location": f"/api/v1/searches/{created}"})


async def read(exchange: Exchange) -> Reply:
    """Return a saved search."""
    return json_reply(outputs.saved_search(await search.saved(exchange.context, exchange.actor, _id(exchange))))


async def change(exchange: Exchange) -> Reply:
    """Replace a saved search's name, query and groups."""
    given = await exchange.read(inputs.NewSearch)
    query = inputs.mapping(given.query, "/query")
    await search.change(
        exchange.context, exchange.actor, _id(exchange), name=given.name, given=query, groups=given.groups
    )
    return await read(exchange)


async def delete(exchange: Exchange) -> Reply:
    """Delete a saved search."""
    await search.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def run(exchange: Exchange) -> Reply:
    """Return a page of a saved search's instances."""
    saved = await search.saved(exchange.context, exchange.actor, _id(exchange))
    asked = exchange.query(SavedSearchQuery)
    given = {**saved.query, **({"cursor": asked.cursor} if asked.cursor is not None else {})}
    found = await search.find(exchange.context, exchange.actor, given, with_count=asked.count)
    return json_reply(instance_outputs.found(found, with_count=asked.count, with_files=False))


_TYPES = {
    CriteriaFormat.QUESTETRA_XML: "application/xml; charset=utf-8",
    CriteriaFormat.CURL: "text/plain; charset=utf-8",
}


async def criteria(exchange: Exchange) -> Reply:
    """Return a saved search as criteria for another program: `as` is the format, `items` the fields to display."""
    asked = exchange.query(CriteriaQuery)
    form, items = CriteriaFormat(asked.as_), _items(asked.items)
    text = await saved_criteria.copied(exchange.context, exchange.actor, _id(exchange), form, items=items)
    return Reply(body=text.encode(), headers={"Content-Type": _TYPES.get(form, "application/json")})


def _items(given: str | None) -> frozenset[int] | None:
    if given is None:
        return None
    numbers = [text.strip() for text in given.split(",") if text.strip()]
    if not all(text.isascii() and text.isdigit() and len(text) <= _LONGEST_ITEM for text in numbers):
        raise InvalidRequest("items are numbers of fields, with commas between them.", pointer="/items")
    return frozenset(int(text) for text in numbers)


_LONGEST_ITEM = 4


async def read_criteria(exchange: Exchange) -> Reply:
    """Return Questetra's criteria (XML or JSON) as a query, and the fields that they display."""
    given = await exchange.read(inputs.Criteria)
    context, actor = exchange.context, exchange.actor
    asked = criteria_kit.read_criteria(
        given.criteria,
        now=context.clock(),
        time_zone=actor.time_zone,
        ignores_unknown=context.policy.questetra_ignores_unknown,
    )
    query, fields = await processes.native_query(context, actor, asked.wanted, asked.shown)
    return json_reply(api.CriteriaMeaning(query=query, fields=fields))


_REFUSED = (Forbidden, NotFound, Conflict, InvalidValues)

ENDPOINTS = (
    endpoint("GET", "/api/v1/searches", listing, query=PageQuery, answers=shows(api.SavedSearches)),
    endpoint(
        "POST",
        "/api/v1/searches",
        create,
        body=inputs.NewSearch,
        answers=makes(api.SavedSearch, "Location"),
        refuses=_REFUSED,
    ),
    endpoint(
        "POST",
        "/api/v1/searches/criteria",
        read_criteria,
        body=inputs.Criteria,
        answers=shows(api.CriteriaMeaning),
        refuses=(NotFound,),
    ),
    endpoint("GET", "/api/v1/searches/{search}", read, answers=shows(api.SavedSearch)),
    endpoint(
        "PUT",
        "/api/v1/searches/{search}",
        change,
        body=inputs.NewSearch,
        answers=shows(api.SavedSearch),
        refuses=_REFUSED,
    ),
    endpoint("DELETE", "/api/v1/searches/{search}", delete, answers=NOTHING, refuses=(Forbidden,)),
    endpoint(
        "GET",
        "/api/v1/searches/{search}/instances",
        run,
        query=SavedSearchQuery,
        answers=shows(FoundInstances),
        refuses=(Forbidden,),
    ),
    endpoint(
        "GET",
        "/api/v1/searches/{search}/criteria",
        criteria,
        query=CriteriaQuery,
        answers=(Answer(media_types=("application/json", "application/xml", "text/plain")),),
        refuses=(Conflict, InvalidState),
    ),
)
"""The routes of this module."""
