"""Bytes: the address that a file is uploaded to, and what the account's files add up to."""

from collections.abc import AsyncGenerator

from satchel.actions.files import intake, tickets
from satchel.actions.files.intake import Arrival
from satchel.actions.identity import accounts
from satchel.model.errors import InvalidRequest, TooLarge, Unauthenticated
from satchel.model.ids import UploadId
from satchel.model.uploads import Upload
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.multipart import Part, last_part, read_parts
from satchel.surfaces.navixy import errors, outputs, values
from satchel.surfaces.navixy.addresses import BASE, PREFIX

TOKEN = "token"  # noqa: S105  # the name of a form's field
FORM_OVERHEAD_BYTES = 64 * 1024
"""How much a form may hold besides its file."""


async def upload(exchange: Exchange) -> Reply:
    """Take a file as a multipart form: the fields of `create` first, the file last, under any name."""
    errors.speak(exchange, errors.UPLOAD)
    number = UploadId(exchange.number("upload", "upload"))
    token: str | None = None
    has_file = False
    parts = read_parts(exchange.header("content-type"), exchange.chunks(FORM_OVERHEAD_BYTES + tickets.MAX_SIZE_BYTES))
    async for part in parts:
        if part.filename is None:
            value = await part.text()
            token = value if part.name == TOKEN else token
            continue
        if token is None:
            raise Unauthenticated("The form's token must come before its file.")
        found = await tickets.find(exchange.context, number, token=token, actor=None)
        await _take(exchange, found, last_part(part, parts), part)
        has_file = True
    if has_file:
        return outputs.success()
    if token is None:
        raise Unauthenticated("The form has no token.")
    await tickets.find(exchange.context, number, token=token, actor=None)
    errors.speak(exchange, {InvalidRequest: 233})
    raise InvalidRequest("The form has no file; send it last.")


async def _take(exchange: Exchange, found: Upload, chunks: AsyncGenerator[bytes, None], part: Part) -> None:
    """Receive the file; its bytes end only when the whole form was found to be right."""
    length = exchange.content_length
    if length is not None and length > found.declared_bytes + FORM_OVERHEAD_BYTES:
        raise TooLarge(f"Upload {found.id}", found.declared_bytes, length)
    arrival = Arrival(name=part.filename, media_type=part.media_type)
    await intake.receive(exchange.context, found, chunks, arrival)


async def stats(exchange: Exchange) -> Reply:
    """Return how many files the account has, their bytes, and its quota."""
    found = await accounts.storage(exchange.context, exchange.actor)
    count = await accounts.file_count(exchange.context, exchange.actor)
    value = {"file_count": count, "total_size": found.used_bytes, "quota": found.limit_bytes}
    return outputs.success(value=value)


async def caps(exchange: Exchange) -> Reply:
    """Return the platform's caps."""
    del exchange
    platform = {
        "file_storage": {"hard_max_file_size": values.MAX_FILE_BYTES},
        "form": {
            "max_fields_count": values.MAX_FIELDS,
            "file_field": {
                "max_file_size": values.MAX_FILE_BYTES,
                "max_files_per_field": values.MAX_UNSUBMITTED,
                "max_count": values.MAX_FIELDS,
            },
        },
    }
    return outputs.success(platform=platform)


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{PREFIX}/file/upload/{{upload}}", upload, is_open=True),
    *get_or_post(f"{BASE}/file/stats/read", stats),
    *get_or_post(f"{BASE}/dealer/get_ui_config", caps, is_open=True),
)
"""The routes of this module."""
