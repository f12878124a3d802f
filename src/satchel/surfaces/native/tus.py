"""tus 1.0 for a ticket: creation, HEAD, PATCH, DELETE, expiration, checksum.

https://tus.io/protocols/resumable-upload. The ticket's `tus_url` is an upload resource: a client goes on with it
(HEAD, PATCH), or begins with a POST to it, which says the length and answers with the same address.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import replace

from satchel.actions.files import pieces, tickets
from satchel.actions.files.pieces import Progress
from satchel.actions.files.tickets import MAX_SIZE_BYTES
from satchel.blobs.store import CHECKSUM_ALGORITHMS, Checksum
from satchel.model.api.queries import TicketQuery
from satchel.model.clock import http_date
from satchel.model.errors import (
    BadFile,
    Busy,
    ChecksumMismatch,
    Conflict,
    InvalidRequest,
    InvalidState,
    TooLarge,
    UnsupportedMedia,
    UnsupportedVersion,
)
from satchel.surfaces.kit.bodies import content_length
from satchel.surfaces.kit.endpoints import Answer, Endpoint, Handler, Refusals, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.native.uploads import RECEIVED, TICKET, find

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,expiration,checksum,termination"
PIECE_TYPE = "application/offset+octet-stream"


def _headers(progress: Progress | None = None) -> dict[str, str]:
    headers = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
    if progress is not None:
        headers["Upload-Offset"] = str(progress.offset_bytes)
        headers["Upload-Expires"] = http_date(progress.expires_at)
        if progress.size_bytes is not None:
            headers["Upload-Length"] = str(progress.size_bytes)
    return headers


def _check_version(exchange: Exchange) -> None:
    said = exchange.header("tus-resumable")
    if said != VERSION:
        raise UnsupportedVersion("Tus-Resumable", said, VERSION)


async def options(exchange: Exchange) -> Reply:
    """Return the supported parts of tus."""
    upload = await find(exchange)
    headers = {
        **_headers(),
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(upload.declared_bytes),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
    }
    return Reply(status=204, headers=headers)


async def create(exchange: Exchange) -> Reply:
    """Declare the length, name and type of a tus upload before its bytes."""
    _check_version(exchange)
    if exchange.header("upload-concat") is not None:
        raise InvalidRequest("Upload-Concat is not supported: send one upload, in pieces if need be.")
    upload = await find(exchange)
    length = content_length(exchange.header("upload-length"))
    deferred = exchange.header("upload-defer-length")
    if deferred not in (None, "1"):
        raise InvalidRequest(f"Upload-Defer-Length is 1 or left out, not {deferred[:40]}.")
    if (length is None) == (deferred is None):
        raise InvalidRequest("Send either Upload-Length, or Upload-Defer-Length: 1.")
    await pieces.announce(exchange.context, upload, length=length, metadata=exchange.header("upload-metadata"))
    query = exchange.query(TicketQuery).token
    address = f"{exchange.parts.public_url}{exchange.scope['path']}" + (f"?token={query}" if query else "")
    return Reply(status=201, headers={**_headers(), "Location": address})


async def head(exchange: Exchange) -> Reply:
    """Return the offset of a tus upload."""
    _check_version(exchange)
    progress = await pieces.progress(exchange.context, await find(exchange))
    said = {} if progress.metadata is None else {"Upload-Metadata": progress.metadata}
    return Reply(status=200, headers={**_headers(progress), **said})


async def patch(exchange: Exchange) -> Reply:
    """Receive a piece of a tus upload."""
    _check_version(exchange)
    if exchange.content_type != PIECE_TYPE:
        raise UnsupportedMedia(f"Send pieces with Content-Type: {PIECE_TYPE}.")
    offset = content_length(exchange.header("upload-offset"))
    if offset is None:
        raise InvalidRequest("Send Upload-Offset.")
    upload = await find(exchange)
    room = max(0, upload.declared_bytes - offset)
    if (exchange.content_length or 0) > room:
        raise TooLarge("The file", upload.declared_bytes, offset + (exchange.content_length or 0))
    progress = await pieces.append(
        exchange.context,
        upload,
        offset,
        exchange.chunks(MAX_SIZE_BYTES),
        checksum=_checksum(exchange.header("upload-checksum")),
        length=content_length(exchange.header("upload-length")),
    )
    return Reply(status=204, headers=_headers(progress))


def _checksum(header: str | None) -> Checksum | None:
    if header is None:
        return None
    algorithm, _, text = header.partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise InvalidRequest(f"Upload-Checksum may use {', '.join(CHECKSUM_ALGORITHMS)}.")
    try:
        return Checksum(algorithm=algorithm, digest=b64decode(text.strip(), validate=True))
    except (ValueError, Base64Error):
        raise InvalidRequest("Upload-Checksum is an algorithm and a digest in base64.") from None


async def terminate(exchange: Exchange) -> Reply:
    """End a tus upload and release its reservation."""
    _check_version(exchange)
    upload = await find(exchange)
    await tickets.end(exchange.context, upload, reason="deleted")
    await pieces.abandon(exchange.context, upload)
    return Reply(status=204, headers=_headers())


_PATH = "/api/v1/uploads/{upload}/tus"
_ERROR_HEADERS = {"Tus-Resumable": VERSION, "Tus-Version": VERSION}
_VERSIONED = (UnsupportedVersion, *TICKET)


def _tus(
    method: str,
    handler: Handler,
    answer: Answer,
    refuses: Refusals,
    *,
    headers: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
) -> Endpoint:
    """Return an endpoint of the one address that tus has."""
    return endpoint(
        method,
        _PATH,
        handler,
        query=TicketQuery,
        headers=headers,
        answers=(replace(answer, headers=("Tus-Resumable", *answer.headers)),),
        refuses=refuses,
        is_open=True,
        error_headers=_ERROR_HEADERS,
        takes=takes,
    )


ENDPOINTS = (
    _tus(
        "OPTIONS",
        options,
        Answer(status=204, headers=("Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm")),
        TICKET,
    ),
    _tus(
        "POST",
        create,
        Answer(status=201, headers=("Location",)),
        (*_VERSIONED, *RECEIVED),
        headers=("Tus-Resumable!", "Upload-Length", "Upload-Defer-Length", "Upload-Metadata"),
    ),
    _tus(
        "HEAD",
        head,
        Answer(headers=("Upload-Offset", "Upload-Expires", "Upload-Length", "Upload-Metadata")),
        (*_VERSIONED, BadFile, Busy, Conflict, InvalidState),
        headers=("Tus-Resumable!",),
    ),
    _tus(
        "PATCH",
        patch,
        Answer(status=204, headers=("Upload-Offset", "Upload-Expires", "Upload-Length")),
        (*_VERSIONED, *RECEIVED, ChecksumMismatch),
        headers=("Tus-Resumable!", "Upload-Offset!", "Upload-Length", "Upload-Checksum"),
        takes=(PIECE_TYPE,),
    ),
    _tus(
        "DELETE",
        terminate,
        Answer(status=204),
        (*_VERSIONED, Busy, Conflict, InvalidState),
        headers=("Tus-Resumable!",),
    ),
)
"""The routes of this module."""
