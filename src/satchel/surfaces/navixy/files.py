"""Bytes: the address that a file is uploaded to, and what the account's files add up to."""

from satchel.actions.files import tickets
from satchel.actions.identity import accounts
from satchel.model.errors import InvalidRequest, Unauthenticated
from satchel.model.ids import UploadId
from satchel.surfaces.kit.endpoints import Endpoint, endpoint, get_or_post
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.uploads import parts_of, receive_part
from satchel.surfaces.navixy import errors, outputs, values
from satchel.surfaces.navixy.addresses import BASE, PREFIX

TOKEN = "token"  # noqa: S105  # the name of a form's field


async def upload(exchange: Exchange) -> Reply:
    """Take a file as a multipart form: the fields of `create` first, the file last, under any name."""
    errors.speak(exchange, errors.UPLOAD)
    number = UploadId(exchange.number("upload", "upload"))
    token: str | None = None
    has_file = False
    parts = parts_of(exchange)
    async for part in parts:
        if part.filename is None:
            value = await part.text()
            token = value if part.name == TOKEN else token
            continue
        if token is None:
            raise Unauthenticated("The form's token must come before its file.")
        found = await tickets.find(exchange.context, number, token=token, actor=None)
        await receive_part(exchange, found, part, parts)
        has_file = True
    if has_file:
        return outputs.success()
    if token is None:
        raise Unauthenticated("The form has no token.")
    await tickets.find(exchange.context, number, token=token, actor=None)
    errors.speak(exchange, {InvalidRequest: 233})
    raise InvalidRequest("The form has no file; send it last.")


async def stats(exchange: Exchange) -> Reply:
    """Return how many files were uploaded, their bytes, and the account's quota."""
    found = await accounts.uploaded(exchange.context, exchange.actor)
    limit = (await accounts.storage(exchange.context, exchange.actor)).limit_bytes
    return outputs.success(value={"file_count": found.count, "total_size": found.size_bytes, "quota": limit})


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
                "max_count": values.MAX_FILE_FIELDS,
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
