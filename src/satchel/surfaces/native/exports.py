"""Exports: begun and fetched later as a zip that can be resumed, or streamed at once, a page of instances at a time."""

from dataclasses import replace

from satchel.actions import export_archive, export_links, export_stream, exports
from satchel.actions.export_stream import Form
from satchel.actions.exports import Wish
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, Unauthenticated
from satchel.model.exports import Export, Selection
from satchel.model.ids import ExportId, FieldId, SearchId, UserId
from satchel.model.search import MAX_LIMIT
from satchel.surfaces.kit.auth import authenticate
from satchel.surfaces.kit.downloads import plan, send_download
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render, wire

_ZIP = "application/zip"
_TAR = "application/x-tar"


def _id(exchange: Exchange) -> ExportId:
    return ExportId(exchange.number("export", "export"))


async def create(exchange: Exchange) -> Reply | None:
    """Begin an export of what a search finds, or (`stream=zip` or `tar`) send a page of it at once."""
    given = await exchange.read(wire.NewExport)
    if given.search is not None and bytes(given.query) != b"{}":
        raise InvalidRequest("Give a query or the number of a saved search, not both.", pointer="/search")
    selection = Selection(
        query=wire.mapping(given.query, "/query"),
        fields=None if given.fields is None else tuple(FieldId(field) for field in given.fields),
        attachments=given.attachments,
        values=given.values,
    )
    wish = Wish(selection=selection, search=None if given.search is None else SearchId(given.search))
    form = exchange.query("stream")
    if form is not None:
        await _stream(exchange, wish, form)
        return None
    created = await exports.begin(exchange.context, exchange.actor, wish)
    found = await exports.read(exchange.context, exchange.actor, created)
    return json_reply(shown(found), status=202, headers={"Location": f"/api/v1/exports/{created}"})


async def _stream(exchange: Exchange, wish: Wish, form: str) -> None:
    if form not in list(Form):
        raise InvalidRequest("stream is zip or tar.", pointer="/stream")
    limit = exchange.bounded("limit", MAX_LIMIT // 2, 1, MAX_LIMIT)
    made = await export_stream.stream(
        exchange.context, exchange.actor, wish, Form(form), cursor=exchange.query("cursor"), limit=limit
    )
    answer = plan(
        method="GET",
        size=made.size_bytes,
        etag='""',
        media_type=_ZIP if form == Form.ZIP else _TAR,
        name=f"export.{form}",
        head=b"",
    )
    left = ("etag", "accept-ranges")  # it cannot be asked for twice
    headers = [pair for pair in answer.headers if pair[0] not in left]
    headers.append(("satchel-left-out", str(made.left_out)))
    if made.cursor is not None:
        headers.append(("satchel-cursor", made.cursor))
    if made.window is not None:
        headers.append(("satchel-window", str(made.window)))
    await send_download(exchange.receive, exchange.send, replace(answer, headers=tuple(headers)), made.chunks)


async def listing(exchange: Exchange) -> Reply:
    """List one's exports, to administrators everybody's."""
    after, limit = exchange.page()
    found = await exports.all_exports(exchange.context, exchange.actor, after=after, limit=limit + 1)
    return json_reply(render.page(found, limit, shown))


async def read(exchange: Exchange) -> Reply:
    """Return how far an export is, its sums, and why it failed."""
    return json_reply(shown(await exports.read(exchange.context, exchange.actor, _id(exchange))))


async def delete(exchange: Exchange) -> Reply:
    """End an export."""
    await exports.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def download(exchange: Exchange) -> None:
    """Send an export's zip, whole or a range of it."""
    found = await exports.fetchable(exchange.context, exchange.actor, _id(exchange))
    await _send(exchange, exchange.actor, found)


async def issue_link(exchange: Exchange) -> Reply:
    """Make a link to an export that works for a while: for oneself or another user who signs in, or for anybody."""
    given = await exchange.read(wire.NewExportLink)
    if given.public and given.user is not None:
        raise InvalidRequest("A public link is for no user; give one of the two.", pointer="/user")
    user = exchange.actor.user_id if given.user is None else UserId(given.user)
    link = await export_links.issue(
        exchange.context,
        exchange.actor,
        _id(exchange),
        audience=None if given.public else user,
        lifetime_s=given.lifetime_s,
    )
    url = f"{exchange.parts.public_url}/api/v1/export-links/{link.token}/{link.name}"
    shown_link = {"url": url, "public": given.public, "expires_at": render.moment(link.expires_at)}
    return json_reply(shown_link, status=201)


async def open_link(exchange: Exchange) -> None:
    """Send the export that a link gives, to whom it was made for."""
    opened = await export_links.open_link(exchange.context, exchange.params["token"])
    if opened.audience is not None and await authenticate(exchange) is None:
        raise Unauthenticated
    export_links.require_audience(opened, exchange.known_actor)
    exchange.known_actor = exchange.known_actor or opened.actor
    await _send(exchange, exchange.known_actor, opened.export, by_link=True)


async def _send(exchange: Exchange, actor: Actor, found: Export, *, by_link: bool = False) -> None:
    size = found.size_bytes or 0
    answer = plan(
        method=exchange.method,
        size=size,
        etag=f'"export-{found.id}-{size}"',
        media_type=_ZIP,
        name=found.name,
        head=b"",
        range_header=exchange.header("range"),
        if_range=exchange.header("if-range"),
        if_none_match=exchange.header("if-none-match"),
    )
    chunks = None
    if answer.start < answer.stop:
        await exports.note_fetched(exchange.context, actor, found, by_link=by_link)
        chunks = export_archive.open_archive(exchange.context, found, answer.start, answer.stop)
    await send_download(exchange.receive, exchange.send, answer, chunks)


def shown(row: Export) -> dict[str, object]:
    """Return what an export is and how far."""
    progress, selection = row.progress, row.selection
    return {
        "id": row.id,
        "state": row.state.value,
        "owner": row.owner_id,
        "search": row.search_id,
        "query": dict(selection.query),
        "fields": None if selection.fields is None else list(selection.fields),
        "attachments": selection.attachments,
        "values": selection.values,
        "instances": progress.instances,
        "files": progress.files,
        "bytes": progress.file_bytes,
        "left_out": progress.left_out,
        "missing": progress.missing,
        "window": progress.window,
        "size": row.size_bytes,
        "error": None if row.error_code is None else {"code": row.error_code, "message": row.error},
        "created_at": render.moment(row.created_at),
        "ready_at": render.moment(row.ready_at),
        "expires_at": render.moment(row.expires_at),
    }


ENDPOINTS = (
    endpoint("GET", "/api/v1/exports", listing),
    endpoint("POST", "/api/v1/exports", create, body=wire.NewExport),
    endpoint("GET", "/api/v1/exports/{export}", read),
    endpoint("DELETE", "/api/v1/exports/{export}", delete),
    endpoint("GET", "/api/v1/exports/{export}/download", download),
    endpoint("POST", "/api/v1/exports/{export}/links", issue_link, body=wire.NewExportLink),
    endpoint("GET", "/api/v1/export-links/{token}/{name}", open_link, is_open=True),
)
"""The routes of this module."""
