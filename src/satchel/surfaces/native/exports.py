"""Exports: begun and fetched later as a zip that can be resumed, or streamed at once, a page of instances at a time."""

from dataclasses import replace

from satchel.actions.exports import archive, links, requests, stream
from satchel.actions.exports.requests import ExportRequest
from satchel.actions.exports.stream import ArchiveFormat
from satchel.model.actor import Actor
from satchel.model.api import searches as api
from satchel.model.api.kinds import Timestamp
from satchel.model.api.queries import AnyQuery, ExportQuery, PageQuery
from satchel.model.errors import (
    BlobMissing,
    Conflict,
    Forbidden,
    Gone,
    InvalidRequest,
    InvalidState,
    InvalidValues,
    NotFound,
    PreconditionFailed,
    RangeNotSatisfiable,
    SessionEnded,
    TooManyRequests,
    Unauthenticated,
)
from satchel.model.ids import ExportId, FieldId, SearchId, UserId
from satchel.model.transfer.exports import Export, Selection
from satchel.surfaces.kit.downloads import NO_REFERRER, plan, send_download
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.auth import authenticate
from satchel.surfaces.native.description.answers import NOTHING, RANGE, makes, sends, shows
from satchel.surfaces.native.outputs import searches as outputs
from satchel.surfaces.native.outputs.paging import page

_ZIP = "application/zip"
_TAR = "application/x-tar"


def _id(exchange: Exchange) -> ExportId:
    return ExportId(exchange.number("export", "export"))


async def create(exchange: Exchange) -> Reply | None:
    """Start an export of a search, or (`stream=zip` or `tar`) send a page of it at once."""
    given = await exchange.read(inputs.NewExport)
    if given.search is not None and bytes(given.query) != b"{}":
        raise InvalidRequest("Give a query or the number of a saved search, not both.", pointer="/search")
    selection = Selection(
        query=inputs.mapping(given.query, "/query"),
        fields=None if given.fields is None else tuple(FieldId(field) for field in given.fields),
        attachments=given.attachments,
        values=given.values,
    )
    wish = ExportRequest(selection=selection, search=None if given.search is None else SearchId(given.search))
    asked = exchange.query(ExportQuery)
    if asked.stream is not None:
        await _stream(exchange, wish, asked)
        return None
    created = await requests.begin(exchange.context, exchange.actor, wish)
    found = await requests.read(exchange.context, exchange.actor, created)
    return json_reply(outputs.export(found), status=202, headers={"Location": f"/api/v1/exports/{created}"})


async def _stream(exchange: Exchange, wish: ExportRequest, asked: ExportQuery) -> None:
    form = ArchiveFormat(asked.stream or ArchiveFormat.ZIP)
    made = await stream.stream(exchange.context, exchange.actor, wish, form, cursor=asked.cursor, limit=asked.limit)
    answer = plan(
        method="GET",
        size=made.size_bytes,
        etag='""',
        media_type=_ZIP if form == ArchiveFormat.ZIP else _TAR,
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
    """List the caller's exports, for administrators all."""
    asked = exchange.query(PageQuery)
    found = await requests.all_exports(exchange.context, exchange.actor, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, api.Exports, outputs.export))


async def read(exchange: Exchange) -> Reply:
    """Return an export: its progress, its sums, and why it failed."""
    return json_reply(outputs.export(await requests.read(exchange.context, exchange.actor, _id(exchange))))


async def delete(exchange: Exchange) -> Reply:
    """End an export."""
    await requests.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def download(exchange: Exchange) -> None:
    """Send an export's zip, whole or a range of it."""
    found = await requests.fetchable(exchange.context, exchange.actor, _id(exchange))
    await _send(exchange, exchange.actor, found)


async def issue_link(exchange: Exchange) -> Reply:
    """Create a temporary link to an export: for the caller or another user who signs in, or for anybody."""
    given = await exchange.read(inputs.NewExportLink)
    if given.public and given.user is not None:
        raise InvalidRequest("A public link is for no user; give one of the two.", pointer="/user")
    user = exchange.actor.user_id if given.user is None else UserId(given.user)
    link = await links.issue(
        exchange.context,
        exchange.actor,
        _id(exchange),
        audience=None if given.public else user,
        lifetime_s=given.lifetime_s,
    )
    url = f"{exchange.parts.public_url}/api/v1/export-links/{link.token}/{link.name}"
    made = api.ExportLink(url=url, public=given.public, expires_at=Timestamp.of(link.expires_at))
    return json_reply(made, status=201)


async def open_link(exchange: Exchange) -> None:
    """Send the export of a signed link, to the user for whom it was made."""
    opened = await links.open_link(exchange.context, exchange.params["token"])
    if opened.audience is not None and await authenticate(exchange) is None:
        raise Unauthenticated
    links.require_audience(opened, exchange.known_actor)
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
        if_match=exchange.header("if-match"),
        if_none_match=exchange.header("if-none-match"),
    )
    if by_link:
        answer = replace(answer, headers=(*answer.headers, NO_REFERRER))
    chunks = None
    if answer.start < answer.stop:
        await requests.note_fetched(exchange.context, actor, found, by_link=by_link)
        chunks = archive.open_archive(exchange.context, found, answer.start, answer.stop)
    await send_download(exchange.receive, exchange.send, answer, chunks)


_SENT = sends(_ZIP)
_UNSENT = (Forbidden, Conflict, Gone, InvalidState, BlobMissing, PreconditionFailed, RangeNotSatisfiable)

ENDPOINTS = (
    endpoint("GET", "/api/v1/exports", listing, query=PageQuery, answers=shows(api.Exports)),
    endpoint(
        "POST",
        "/api/v1/exports",
        create,
        body=inputs.NewExport,
        query=ExportQuery,
        answers=(
            Answer(status=202, body=api.Export, headers=("Location",), note="The export is being made."),
            Answer(
                media_types=(_ZIP, _TAR),
                headers=("Content-Disposition", "Satchel-Left-Out", "Satchel-Cursor", "Satchel-Window"),
                note="With `stream`: a page of the export as an archive.",
            ),
        ),
        refuses=(Forbidden, NotFound, Conflict, InvalidValues, BlobMissing),
    ),
    endpoint("GET", "/api/v1/exports/{export}", read, answers=shows(api.Export), refuses=(Gone,)),
    endpoint("DELETE", "/api/v1/exports/{export}", delete, answers=NOTHING, refuses=(Gone,)),
    endpoint("GET", "/api/v1/exports/{export}/download", download, headers=RANGE, answers=_SENT, refuses=_UNSENT),
    endpoint(
        "POST",
        "/api/v1/exports/{export}/links",
        issue_link,
        body=inputs.NewExportLink,
        answers=makes(api.ExportLink),
        refuses=(Forbidden, Conflict, Gone, InvalidState),
    ),
    endpoint(
        "GET",
        "/api/v1/export-links/{token}/{name}",
        open_link,
        query=AnyQuery,
        headers=RANGE,
        answers=_SENT,
        refuses=(Unauthenticated, SessionEnded, TooManyRequests, *_UNSENT),
        is_open=True,
    ),
)
"""The routes of this module."""
