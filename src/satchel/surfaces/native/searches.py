"""Saved searches."""

from satchel.actions import processes, saved_criteria, search
from satchel.actions.saved_criteria import Form
from satchel.model.errors import InvalidRequest
from satchel.model.ids import SearchId
from satchel.surfaces.kit import criteria as criteria_kit
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire
from satchel.surfaces.native.instances import shown


def _id(exchange: Exchange) -> SearchId:
    return SearchId(exchange.number("search", "search"))


async def listing(exchange: Exchange) -> Reply:
    """List the saved searches that are one's own or shared with one's groups."""
    after, limit = exchange.page()
    found = await search.all_saved(exchange.context, exchange.actor, after=after, limit=limit + 1)
    return json_reply(render.page(found, limit, render.search))


async def create(exchange: Exchange) -> Reply:
    """Keep a search under a name."""
    given = await exchange.read(wire.NewSearch)
    query = wire.mapping(given.query, "/query")
    created = await search.save(exchange.context, exchange.actor, given.name, query, given.groups)
    found = await search.saved(exchange.context, exchange.actor, created)
    return json_reply(render.search(found), status=201, headers={"Location": f"/api/v1/searches/{created}"})


async def read(exchange: Exchange) -> Reply:
    """Return a saved search."""
    return json_reply(render.search(await search.saved(exchange.context, exchange.actor, _id(exchange))))


async def change(exchange: Exchange) -> Reply:
    """Give a saved search a name, a query and groups."""
    given = await exchange.read(wire.NewSearch)
    query = wire.mapping(given.query, "/query")
    await search.change(
        exchange.context, exchange.actor, _id(exchange), name=given.name, given=query, groups=given.groups
    )
    return await read(exchange)


async def delete(exchange: Exchange) -> Reply:
    """Remove a saved search."""
    await search.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def run(exchange: Exchange) -> Reply:
    """Return a page of what a saved search finds."""
    saved = await search.saved(exchange.context, exchange.actor, _id(exchange))
    cursor = exchange.query("cursor")
    given = {**saved.query, **({"cursor": cursor} if cursor is not None else {})}
    with_count = exchange.query("count") == "true"
    page = await search.find(exchange.context, exchange.actor, given, with_count=with_count)
    return json_reply(shown(page, with_count=with_count, with_files=False))


_TYPES = {Form.QUESTETRA_XML: "application/xml; charset=utf-8", Form.CURL: "text/plain; charset=utf-8"}


async def criteria(exchange: Exchange) -> Reply:
    """Return a saved search as criteria for another program: `as` says which, `items` what they show."""
    said = exchange.query("as") or Form.NATIVE
    if said not in set(Form):
        raise InvalidRequest(f"as is one of {', '.join(Form)}.", pointer="/as")
    form = Form(said)
    text = await saved_criteria.copied(exchange.context, exchange.actor, _id(exchange), form, items=_items(exchange))
    return Reply(body=text.encode(), headers={"Content-Type": _TYPES.get(form, "application/json")})


def _items(exchange: Exchange) -> frozenset[int] | None:
    given = exchange.query("items")
    if given is None:
        return None
    numbers = [text.strip() for text in given.split(",") if text.strip()]
    if not all(text.isascii() and text.isdigit() and len(text) <= _LONGEST_ITEM for text in numbers):
        raise InvalidRequest("items are numbers of fields, with commas between them.", pointer="/items")
    return frozenset(int(text) for text in numbers)


_LONGEST_ITEM = 4


async def read_criteria(exchange: Exchange) -> Reply:
    """Return the query that Questetra's criteria (XML or JSON) mean, and the fields that they show."""
    given = await exchange.read(wire.Criteria)
    context, actor = exchange.context, exchange.actor
    asked = criteria_kit.read_criteria(given.criteria, now=context.clock(), time_zone=actor.time_zone)
    query, fields = await processes.said_natively(context, actor, asked.wanted, asked.shown)
    return json_reply({"query": query, "fields": fields})


ENDPOINTS = (
    endpoint("GET", "/api/v1/searches", listing),
    endpoint("POST", "/api/v1/searches", create, body=wire.NewSearch),
    endpoint("POST", "/api/v1/searches/criteria", read_criteria, body=wire.Criteria),
    endpoint("GET", "/api/v1/searches/{search}", read),
    endpoint("PUT", "/api/v1/searches/{search}", change, body=wire.NewSearch),
    endpoint("DELETE", "/api/v1/searches/{search}", delete),
    endpoint("GET", "/api/v1/searches/{search}/instances", run),
    endpoint("GET", "/api/v1/searches/{search}/criteria", criteria),
)
"""The routes of this module."""
