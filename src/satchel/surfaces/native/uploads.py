"""Uploads: asks for a ticket, fills it by form, PUT or signature, looks at it, ends it. tus is in its own module.

A ticket's addresses carry its token, so that a client with one needs no other credential; the user who asked for
it may use a credential instead.
"""

from satchel.actions.files import intake, pictures, pieces, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.files.tickets import UploadRequest
from satchel.model.api import files as api
from satchel.model.api.queries import PageQuery, TicketQuery
from satchel.model.chunks import once
from satchel.model.digest import parse_digest
from satchel.model.errors import (
    BadFile,
    Busy,
    Conflict,
    DiskFull,
    Forbidden,
    InvalidRequest,
    InvalidState,
    InvalidValues,
    NotFound,
    OverQuota,
    RangeNotSatisfiable,
    SessionEnded,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    UnsupportedMedia,
    UploadExpired,
)
from satchel.model.ids import FieldId, InstanceId, TaskId, UploadId
from satchel.model.uploads import Upload
from satchel.surfaces.kit.downloads import plan, send_download
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.sending import SIGNATURE_BYTES
from satchel.surfaces.kit.uploads import name_of_body, parts_of, receive_part
from satchel.surfaces.native import inputs
from satchel.surfaces.native.auth import authenticate
from satchel.surfaces.native.description.answers import NOTHING, RANGE, makes, sends, shows
from satchel.surfaces.native.outputs import files as outputs
from satchel.surfaces.native.outputs.files import FILE_FIELD
from satchel.surfaces.native.outputs.paging import page


async def ask(exchange: Exchange) -> Reply:
    """Reserve a ticket: a slot for one file."""
    given = await exchange.read(inputs.NewUpload)
    wish = UploadRequest(
        size_bytes=given.size,
        task=None if given.task is None else TaskId(given.task),
        instance=None if given.instance is None else InstanceId(given.instance),
        app=given.app,
        field=None if given.field is None else FieldId(given.field),
        area=given.area,
        name=given.name,
        media_type=given.media_type,
        sha256=None if given.sha256 is None else parse_digest(given.sha256),
        metadata=given.metadata,
    )
    ticket = await tickets.reserve(exchange.context, exchange.actor, wish)
    shown = outputs.ticket(ticket, exchange.parts.public_url, given.name)
    return json_reply(shown, status=201, headers={"Location": f"/api/v1/uploads/{ticket.id}"})


async def find(exchange: Exchange, *, token: str | None = None) -> Upload:
    """Return the ticket that a request is about, by its token or the one who asked for it.

    Raises:
        Unauthenticated: neither a token nor a credential came.
        NotFound: there is none for them.
    """
    shown = token if token is not None else exchange.query(TicketQuery).token
    upload = UploadId(exchange.number("upload", "upload"))
    if shown is None and await authenticate(exchange) is None:
        raise Unauthenticated
    return await tickets.find(exchange.context, upload, token=shown, actor=exchange.known_actor)


async def listing(exchange: Exchange) -> Reply:
    """List the caller's tickets that have not ended."""
    asked = exchange.query(PageQuery)
    found = await tickets.waiting(exchange.context, exchange.actor, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, api.Uploads, outputs.upload))


async def read(exchange: Exchange) -> Reply:
    """Return a ticket."""
    return json_reply(outputs.upload(await find(exchange)))


async def preview(exchange: Exchange) -> None:
    """Send a small picture of an uploaded image that no form has used yet."""
    upload = UploadId(exchange.number("upload", "upload"))
    found = await pictures.of_upload(exchange.context, exchange.actor, upload)
    answer = plan(
        method=exchange.method,
        size=len(found.data),
        etag=f'"{found.digest}"',
        media_type=found.media_type,
        name=found.name,
        head=found.data[:SIGNATURE_BYTES],
        wants_inline=True,
        range_header=exchange.header("range"),
        if_range=exchange.header("if-range"),
        if_none_match=exchange.header("if-none-match"),
    )
    await send_download(exchange.receive, exchange.send, answer, once(found.data[answer.start : answer.stop]))


async def end(exchange: Exchange) -> Reply:
    """End a ticket and release its reservation."""
    upload = await find(exchange)
    await tickets.end(exchange.context, upload, reason="deleted")
    await pieces.abandon(exchange.context, upload)
    return Reply(status=204)


async def put(exchange: Exchange) -> Reply:
    """Receive a file's bytes as the request's body."""
    upload = await find(exchange)
    arrival = Arrival(name=name_of_body(exchange), media_type=exchange.header("content-type"))
    finished = await intake.receive(
        exchange.context,
        upload,
        exchange.chunks(upload.declared_bytes),
        arrival,
        declared_length=exchange.content_length,
    )
    return json_reply(outputs.upload(finished, arrival.name))


async def form(exchange: Exchange) -> Reply:
    """Receive a file as a multipart form: the token first, the file last."""
    token: str | None = exchange.query(TicketQuery).token
    upload: Upload | None = None
    finished: Upload | None = None
    given: str | None = None
    parts = parts_of(exchange)
    async for part in parts:
        if part.filename is None and part.name != FILE_FIELD:
            value = await part.text()
            token = value if part.name == "token" else token
            continue
        if part.name != FILE_FIELD:
            raise InvalidRequest(f"The file must be in a part named '{FILE_FIELD}', not '{part.name[:64]}'.")
        upload = await find(exchange, token=token)
        finished, given = await receive_part(exchange, upload, part, parts), part.filename
    if finished is None:
        raise InvalidRequest(f"The form has no file; send it last, in a part named '{FILE_FIELD}'.")
    return json_reply(outputs.upload(finished, given))


async def sign(exchange: Exchange) -> Reply:
    """Receive a signature from a pad as SVG path data."""
    given = await exchange.read(inputs.Signature)
    return json_reply(outputs.upload(await intake.sign(exchange.context, await find(exchange), given.path)))


TICKET = (Unauthenticated, SessionEnded, TooManyRequests, UploadExpired)
"""What the addresses of a ticket may be refused with."""

RECEIVED = (*TICKET, Forbidden, BadFile, Busy, Conflict, DiskFull, InvalidState, OverQuota, TooLarge, UnsupportedMedia)
"""What a file's bytes may be refused with."""

ENDPOINTS = (
    endpoint(
        "POST",
        "/api/v1/uploads",
        ask,
        body=inputs.NewUpload,
        answers=makes(api.Ticket, "Location"),
        refuses=(Forbidden, InvalidValues, InvalidState, Conflict, BadFile, TooLarge, OverQuota, NotFound),
    ),
    endpoint("GET", "/api/v1/uploads", listing, query=PageQuery, answers=shows(api.Uploads)),
    endpoint(
        "GET",
        "/api/v1/uploads/{upload}",
        read,
        query=TicketQuery,
        answers=shows(api.Upload),
        refuses=TICKET,
        is_open=True,
    ),
    endpoint(
        "DELETE",
        "/api/v1/uploads/{upload}",
        end,
        query=TicketQuery,
        answers=NOTHING,
        refuses=(*TICKET, Forbidden, Busy, Conflict, InvalidState),
        is_open=True,
    ),
    endpoint(
        "GET",
        "/api/v1/uploads/{upload}/preview",
        preview,
        headers=RANGE,
        answers=sends("*/*", headers=("Content-Security-Policy",)),
        refuses=(InvalidState, UploadExpired, RangeNotSatisfiable),
    ),
    endpoint(
        "PUT",
        "/api/v1/uploads/{upload}/content",
        put,
        takes=("*/*",),
        query=TicketQuery,
        headers=("Content-Disposition",),
        answers=shows(api.Upload),
        refuses=RECEIVED,
        is_open=True,
    ),
    endpoint(
        "POST",
        "/api/v1/uploads/{upload}/form",
        form,
        takes=("multipart/form-data",),
        query=TicketQuery,
        answers=shows(api.Upload),
        refuses=RECEIVED,
        is_open=True,
    ),
    endpoint(
        "POST",
        "/api/v1/uploads/{upload}/signature",
        sign,
        body=inputs.Signature,
        query=TicketQuery,
        answers=shows(api.Upload),
        refuses=RECEIVED,
        is_open=True,
    ),
)
"""The routes of this module."""
