"""Instances: search, read, change, comment, cancel, delete, history, actions, messages."""

from collections.abc import Mapping, Sequence

import msgspec

from satchel.actions import files, instances, search, services
from satchel.actions.instances import View
from satchel.actions.search import Page
from satchel.model.errors import NotFound
from satchel.model.ids import InstanceId
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire

_OURS = frozenset({"count", "include"})
"""Members of a search's query string that are not conditions."""


async def listing(exchange: Exchange) -> Reply:
    """Search instances by the conditions of the query string."""
    pairs = exchange.pairs
    wanted = [pair for pair in pairs if pair[0] not in _OURS]
    return await _search(exchange, wanted)


async def find(exchange: Exchange) -> Reply:
    """Search instances by the conditions of a JSON object."""
    raw = await exchange.read(msgspec.Raw)
    return await _search(exchange, wire.mapping(raw, "the top"))


async def _search(exchange: Exchange, given: Sequence[tuple[str, str]] | Mapping[str, object]) -> Reply:
    with_count = exchange.query("count") == "true"
    with_files = exchange.query("include") == "files"
    page = await search.find(exchange.context, exchange.actor, given, with_count=with_count, with_files=with_files)
    return json_reply(shown(page, with_count=with_count, with_files=with_files))


def shown(page: Page, *, with_count: bool, with_files: bool) -> dict[str, object]:
    """Return a page of a search as JSON data."""
    rows: list[dict[str, object]] = []
    for found in page.instances:
        row: dict[str, object] = {**render.instance(found), "values": dict(found.values)}
        if with_files:
            row["files"] = [render.file(file) for file in page.files if file.instance_id == found.id]
        rows.append(row)
    data: dict[str, object] = {"items": rows, "next": page.cursor}
    if with_count:
        data["total"] = {"value": page.count, "exact": page.count_is_exact}
    if page.window is not None:
        data["window"] = page.window
    return data


async def _view(exchange: Exchange) -> View:
    text = exchange.params["instance"]
    if not text.isdigit():
        return await instances.read_by_identifier(exchange.context, exchange.actor, text[:64])
    return await instances.read(exchange.context, exchange.actor, _id(exchange))


def _id(exchange: Exchange) -> InstanceId:
    return InstanceId(exchange.number("instance", "instance"))


async def read(exchange: Exchange) -> Reply:
    """Return an instance by number or identifier, as far as one may see it."""
    seen = await _view(exchange)
    return json_reply(render.view(seen), headers=render.etag(seen.instance.revision))


async def _changed(exchange: Exchange, instance: InstanceId) -> Reply:
    """Return an instance after a change; nothing to somebody who by now may not see it."""
    try:
        seen = await instances.read(exchange.context, exchange.actor, instance)
    except NotFound:
        return Reply(status=204)
    return json_reply(render.view(seen), headers=render.etag(seen.instance.revision))


async def change_values(exchange: Exchange) -> Reply:
    """Change fields; If-Match must name the revision that was read."""
    expected = exchange.revision(is_required=True)
    given = await exchange.read(wire.Filled)
    instance = _id(exchange)
    await instances.change_values(exchange.context, exchange.actor, instance, given.submission(), expected=expected)
    return await _changed(exchange, instance)


async def comment(exchange: Exchange) -> Reply:
    """Write a comment."""
    given = await exchange.read(wire.Comment)
    await instances.comment(exchange.context, exchange.actor, _id(exchange), given.text)
    return Reply(status=204)


async def cancel(exchange: Exchange) -> Reply:
    """Cancel a running instance and those that it called."""
    given = await exchange.read(wire.Reason)
    await instances.cancel_instance(exchange.context, exchange.actor, _id(exchange), why=given.reason)
    return Reply(status=204)


async def delete(exchange: Exchange) -> Reply:
    """Delete an instance with its files."""
    await instances.delete(exchange.context, exchange.actor, _id(exchange), expected=exchange.revision())
    return Reply(status=204)


async def history(exchange: Exchange) -> Reply:
    """List an instance's history, oldest first."""
    after, limit = exchange.page()
    found = await instances.history(exchange.context, exchange.actor, _id(exchange), after=after, limit=limit + 1)
    return json_reply(render.page(found, limit, render.event))


async def files_of(exchange: Exchange) -> Reply:
    """List an instance's files that one may see."""
    found = await files.of_instance(exchange.context, exchange.actor, _id(exchange))
    return json_reply({"items": [render.file(row) for row in found], "next": None})


async def run_action(exchange: Exchange) -> Reply:
    """Run one of the app's actions."""
    given = await exchange.read(wire.Filled)
    action = exchange.number("action", "action")
    ran_on = await instances.run_action(exchange.context, exchange.actor, _id(exchange), action, given.submission())
    return json_reply({"id": ran_on}, headers={"Location": f"/api/v1/instances/{ran_on}"})


async def send_message(exchange: Exchange) -> Reply:
    """Deliver a message with values and uploads to what waits for it."""
    given = await exchange.read(wire.Filled)
    await instances.send_message(
        exchange.context, exchange.actor, _id(exchange), exchange.params["message"], given.submission()
    )
    return Reply(status=204)


async def calls(exchange: Exchange) -> Reply:
    """List an instance's service tasks that became due."""
    found = await services.of_instance(exchange.context, exchange.actor, _id(exchange))
    return json_reply({"items": [render.call(row) for row in found], "next": None})


ENDPOINTS = (
    endpoint("GET", "/api/v1/instances", listing),
    endpoint("POST", "/api/v1/instances/search", find),
    endpoint("GET", "/api/v1/instances/{instance}", read),
    endpoint("DELETE", "/api/v1/instances/{instance}", delete),
    endpoint("PATCH", "/api/v1/instances/{instance}/values", change_values, body=wire.Filled),
    endpoint("POST", "/api/v1/instances/{instance}/comments", comment, body=wire.Comment),
    endpoint("POST", "/api/v1/instances/{instance}/cancel", cancel, body=wire.Reason),
    endpoint("GET", "/api/v1/instances/{instance}/history", history),
    endpoint("GET", "/api/v1/instances/{instance}/files", files_of),
    endpoint("POST", "/api/v1/instances/{instance}/actions/{action}", run_action, body=wire.Filled),
    endpoint("POST", "/api/v1/instances/{instance}/messages/{message}", send_message, body=wire.Filled),
    endpoint("GET", "/api/v1/instances/{instance}/calls", calls),
)
"""The routes of this module."""
