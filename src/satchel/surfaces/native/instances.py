"""Instances: search, read, change, comment, cancel, delete, history, actions, messages."""

from collections.abc import Mapping, Sequence

import msgspec

from satchel.actions.calls import by_hand
from satchel.actions.files import seen
from satchel.actions.files.form_files import FormTarget
from satchel.actions.instances import lifecycle, progress
from satchel.actions.instances.lifecycle import View
from satchel.actions.lists import history as histories
from satchel.actions.lists import processes, search
from satchel.actions.lists.history import HistoryFilter
from satchel.model.api import instances as api
from satchel.model.api.calls import Calls
from satchel.model.api.files import Files
from satchel.model.api.progress import History, Progress
from satchel.model.api.queries import HistoryQuery, InstancesQuery, SearchOptions
from satchel.model.errors import Conflict, EngineStopped, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import InstanceId
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.kit.queries import read_query
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import (
    CHANGED,
    CHANGED_OR_MISSING,
    FORM,
    IF_MATCH,
    IF_MATCH_REQUIRED,
    NOTHING,
    of_form,
    shows,
    shows_if_visible,
)
from satchel.surfaces.native.filling import Filling, filled
from satchel.surfaces.native.outputs import calls as call_outputs
from satchel.surfaces.native.outputs import files as file_outputs
from satchel.surfaces.native.outputs import instances as outputs
from satchel.surfaces.native.outputs import progress as progress_outputs
from satchel.surfaces.native.outputs.paging import etag, page

_OPTIONS = frozenset({"count", "include"})
"""Members of a search's query string that are not conditions."""


async def listing(exchange: Exchange) -> Reply:
    """Search instances by the conditions of the query string."""
    return await _search(exchange, [pair for pair in exchange.pairs if pair[0] not in _OPTIONS])


async def find(exchange: Exchange) -> Reply:
    """Search instances by the conditions of a JSON object."""
    raw = await exchange.read(msgspec.Raw)
    return await _search(exchange, inputs.mapping(raw, "the top"))


async def _search(exchange: Exchange, given: Sequence[tuple[str, str]] | Mapping[str, object]) -> Reply:
    asked = read_query([pair for pair in exchange.pairs if pair[0] in _OPTIONS], SearchOptions)
    with_files = asked.include == "files"
    page = await search.find(exchange.context, exchange.actor, given, with_count=asked.count, with_files=with_files)
    return json_reply(outputs.found(page, with_count=asked.count, with_files=with_files))


async def _view(exchange: Exchange) -> View:
    text = exchange.params["instance"]
    if not text.isdigit():
        return await lifecycle.read(exchange.context, exchange.actor, text[:64])
    return await lifecycle.read(exchange.context, exchange.actor, _id(exchange))


def _id(exchange: Exchange) -> InstanceId:
    return InstanceId(exchange.number("instance", "instance"))


async def read(exchange: Exchange) -> Reply:
    """Return the visible parts of an instance, by number or identifier."""
    found = await _view(exchange)
    return json_reply(outputs.view(found, exchange.actor), headers=etag(found.instance.revision))


async def read_progress(exchange: Exchange) -> Reply:
    """Return where an instance stands: its elements, with times and people, and the flows that were taken."""
    found = await progress.read(exchange.context, exchange.actor, _id(exchange))
    return json_reply(progress_outputs.progress(found))


async def _changed(exchange: Exchange, instance: InstanceId) -> Reply:
    """Return an instance after a change; nothing to somebody who by now may not see it."""
    try:
        found = await lifecycle.read(exchange.context, exchange.actor, instance)
    except NotFound:
        return Reply(status=204)
    return json_reply(outputs.view(found, exchange.actor), headers=etag(found.instance.revision))


async def change_values(exchange: Exchange) -> Reply:
    """Change values of fields; If-Match must name the revision that was read."""
    expected = exchange.revision(is_required=True)
    given = (await exchange.read(inputs.Filled)).submission()
    instance = _id(exchange)
    await lifecycle.change_values(exchange.context, exchange.actor, instance, given, expected=expected)
    reply = await _changed(exchange, instance)
    reply.headers |= ignored(given)
    return reply


async def comment(exchange: Exchange) -> Reply:
    """Write a comment."""
    given = await exchange.read(inputs.Comment)
    await lifecycle.comment(exchange.context, exchange.actor, _id(exchange), given.text)
    return Reply(status=204)


async def cancel(exchange: Exchange) -> Reply:
    """Cancel a running instance and those that it called."""
    given = await exchange.read(inputs.Reason)
    await lifecycle.cancel_instance(exchange.context, exchange.actor, _id(exchange), why=given.reason)
    return Reply(status=204)


async def delete(exchange: Exchange) -> Reply:
    """Delete an instance with its files."""
    await lifecycle.delete(exchange.context, exchange.actor, _id(exchange), expected=exchange.revision())
    return Reply(status=204)


async def history(exchange: Exchange) -> Reply:
    """List an instance's history, oldest or newest first, with the names of people and elements."""
    asked = exchange.query(HistoryQuery)
    kinds = [kind.strip() for kind in (asked.kind or "").split(",") if kind.strip()]
    wanted = HistoryFilter(
        kinds=kinds,
        has_downloads={"with": True, "without": False, "only": None}[asked.downloads],
        is_newest_first=asked.sort == "-at",
    )
    found = await histories.of_instance(
        exchange.context, exchange.actor, _id(exchange), wanted, after=asked.cursor, limit=asked.limit + 1
    )
    return json_reply(page(found, asked.limit, History, progress_outputs.history_line))


async def files_of(exchange: Exchange) -> Reply:
    """List an instance's visible files."""
    found, may = await seen.of_instance(exchange.context, exchange.actor, _id(exchange))
    return json_reply(file_outputs.files(found, may))


async def run_action(exchange: Exchange) -> Reply:
    """Run one of the app's actions."""
    instance, action = _id(exchange), exchange.number("action", "action")

    async def perform(filling: Filling) -> Reply:
        done = await lifecycle.run_action(exchange.context, exchange.actor, instance, action, filling.given)
        headers = {"Location": f"/api/v1/instances/{done.instance.id}", **ignored(filling.given)}
        return json_reply(outputs.work_result(done, exchange.actor, filling.given), headers=headers)

    return await filled(exchange, inputs.Filled, FormTarget(instance=instance), perform)


async def send_message(exchange: Exchange) -> Reply:
    """Deliver a message with values and uploads to what has waited longest for it in the instance."""
    instance, message = _id(exchange), exchange.params["message"]

    async def perform(filling: Filling) -> Reply:
        await lifecycle.send_message(exchange.context, exchange.actor, instance, message, filling.given)
        return Reply(status=204, headers=ignored(filling.given))

    return await filled(exchange, inputs.Filled, FormTarget(instance=instance), perform)


async def add_star(exchange: Exchange) -> Reply:
    """Mark an instance with a star that only the caller sees."""
    await processes.star(exchange.context, exchange.actor, _id(exchange), is_starred=True)
    return Reply(status=204)


async def remove_star(exchange: Exchange) -> Reply:
    """Remove the caller's star from an instance."""
    await processes.star(exchange.context, exchange.actor, _id(exchange), is_starred=False)
    return Reply(status=204)


async def calls(exchange: Exchange) -> Reply:
    """List an instance's service tasks that became due."""
    found = await by_hand.of_instance(exchange.context, exchange.actor, _id(exchange))
    return json_reply(Calls(items=[call_outputs.call(row) for row in found], next=None))


ENDPOINTS = (
    endpoint(
        "GET",
        "/api/v1/instances",
        listing,
        query=InstancesQuery,
        answers=shows(api.FoundInstances),
        refuses=(Forbidden, NotFound),
    ),
    endpoint(
        "POST",
        "/api/v1/instances/search",
        find,
        body=inputs.Conditions,
        query=SearchOptions,
        answers=shows(api.FoundInstances),
        refuses=(Forbidden, NotFound),
    ),
    endpoint("GET", "/api/v1/instances/{instance}", read, answers=shows(api.InstanceView, "ETag")),
    endpoint("GET", "/api/v1/instances/{instance}/progress", read_progress, answers=shows(Progress)),
    endpoint(
        "DELETE",
        "/api/v1/instances/{instance}",
        delete,
        headers=IF_MATCH,
        answers=NOTHING,
        refuses=(Forbidden, InvalidState, Conflict, *CHANGED),
    ),
    endpoint(
        "PATCH",
        "/api/v1/instances/{instance}/values",
        change_values,
        body=inputs.Filled,
        headers=IF_MATCH_REQUIRED,
        answers=of_form(shows_if_visible(api.InstanceView, "instance")),
        refuses=(*FORM, *CHANGED_OR_MISSING),
    ),
    endpoint(
        "POST",
        "/api/v1/instances/{instance}/comments",
        comment,
        body=inputs.Comment,
        answers=NOTHING,
        refuses=(Forbidden, InvalidValues, InvalidState),
    ),
    endpoint(
        "POST",
        "/api/v1/instances/{instance}/cancel",
        cancel,
        body=inputs.Reason,
        answers=NOTHING,
        refuses=(Forbidden, InvalidState, InvalidValues, EngineStopped),
    ),
    endpoint(
        "GET",
        "/api/v1/instances/{instance}/history",
        history,
        query=HistoryQuery,
        answers=shows(History),
        refuses=(Forbidden,),
    ),
    endpoint("GET", "/api/v1/instances/{instance}/files", files_of, answers=shows(Files)),
    endpoint(
        "POST",
        "/api/v1/instances/{instance}/actions/{action}",
        run_action,
        body=inputs.Filled,
        takes_form=True,
        answers=of_form(shows(api.WorkResult, "Location")),
        refuses=(*FORM, EngineStopped),
    ),
    endpoint(
        "POST",
        "/api/v1/instances/{instance}/messages/{message}",
        send_message,
        body=inputs.Filled,
        takes_form=True,
        answers=of_form(NOTHING),
        refuses=(*FORM, EngineStopped),
    ),
    endpoint("PUT", "/api/v1/instances/{instance}/star", add_star, answers=NOTHING, refuses=(Forbidden,)),
    endpoint("DELETE", "/api/v1/instances/{instance}/star", remove_star, answers=NOTHING, refuses=(Forbidden,)),
    endpoint("GET", "/api/v1/instances/{instance}/calls", calls, answers=shows(Calls), refuses=(Forbidden,)),
)
"""The routes of this module."""
