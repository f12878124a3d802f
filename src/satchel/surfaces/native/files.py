"""Files: metadata, content with ranges, previews, links, changes, copies."""

from satchel.actions.files import adding, attached, links, seen
from satchel.actions.files.form_files import FormTarget
from satchel.actions.instances.places import FilePlace
from satchel.model.api import files as api
from satchel.model.api.kinds import Timestamp
from satchel.model.api.queries import AnyQuery, DispositionQuery
from satchel.model.errors import (
    BadFile,
    BlobMissing,
    Conflict,
    Forbidden,
    Gone,
    InvalidRequest,
    InvalidState,
    InvalidValues,
    NotFound,
    OverQuota,
    PreconditionFailed,
    RangeNotSatisfiable,
)
from satchel.model.files import File, FileKind
from satchel.model.ids import FieldId, FileId, InstanceId
from satchel.model.transfer.names import safe_name
from satchel.surfaces.kit.downloads import NO_REFERRER
from satchel.surfaces.kit.endpoints import endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.sending import send_content
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import (
    CHANGED,
    FORM,
    IF_MATCH,
    RANGE,
    makes,
    sends,
    shows,
    shows_if_visible,
)
from satchel.surfaces.native.filling import Filling, filled_form
from satchel.surfaces.native.outputs import files as outputs
from satchel.surfaces.native.outputs.paging import etag


def _id(exchange: Exchange) -> FileId:
    return FileId(exchange.number("file", "file"))


async def read(exchange: Exchange) -> Reply:
    """Return a file's metadata."""
    return await _shown(exchange)


async def _shown(exchange: Exchange, name: str | None = None) -> Reply:
    found, may = await seen.read(exchange.context, exchange.actor, _id(exchange))
    return json_reply(outputs.file(found, may, given=name), headers=etag(found.revision))


async def attach(exchange: Exchange) -> Reply:
    """Attach uploads to an instance, or a file that is kept elsewhere."""
    instance = InstanceId(exchange.number("instance", "instance"))
    if exchange.is_form:
        return await _attach_form(exchange, instance)
    given = await exchange.read(inputs.NewFile)
    place = FilePlace(field=None if given.field is None else FieldId(given.field), area=given.area)
    context, actor = exchange.context, exchange.actor
    if given.kind in (None, "stored"):
        if not given.uploads or given.url is not None:
            raise InvalidRequest("Name uploads, or a kind (link, drive, onedrive) with its url.", pointer="/uploads")
        added = await adding.attach(context, actor, instance, list(given.uploads), place)
    else:
        added = [await _add_link(exchange, instance, given, place)]
    return json_reply(outputs.files(added, given=given.name), status=201)


async def _attach_form(exchange: Exchange, instance: InstanceId) -> Reply:
    async def perform(filling: Filling) -> Reply:
        if not filling.given.attachments and not filling.given.added:
            raise InvalidRequest("The form has no file; send each in a part named by its field, or by attachments.")
        added = await adding.attach_form(exchange.context, exchange.actor, instance, filling.given)
        return json_reply(outputs.files(added), status=201)

    return await filled_form(exchange, FormTarget(instance=instance), perform, has_comment=False)


async def _after(exchange: Exchange, name: str | None = None) -> Reply:
    """Return a file after a change; nothing where it is gone by now, because the change was made all the same."""
    try:
        return await _shown(exchange, name)
    except (NotFound, Gone):
        return Reply(status=204)


async def _add_link(exchange: Exchange, instance: InstanceId, given: inputs.NewFile, place: FilePlace) -> File:
    if given.kind not in ("link", "drive", "onedrive") or given.url is None or given.uploads:
        raise InvalidRequest("A link has a kind (link, drive, onedrive) and a url, and no uploads.", pointer="/kind")
    return await attached.add_link(
        exchange.context,
        exchange.actor,
        instance,
        kind=FileKind(given.kind),
        url=given.url,
        name=given.name,
        description=given.description,
        place=place,
    )


async def describe(exchange: Exchange) -> Reply:
    """Rename a file or change its description."""
    given = await exchange.read(inputs.FileChange)
    await attached.describe(
        exchange.context,
        exchange.actor,
        _id(exchange),
        name=given.name,
        description=given.description,
        expected=exchange.revision(),
    )
    return await _after(exchange, given.name)


async def delete(exchange: Exchange) -> Reply:
    """Delete a file; it can be restored for a short time."""
    window = await attached.delete(exchange.context, exchange.actor, _id(exchange), expected=exchange.revision())
    return json_reply(api.Restorable(restorable_s=int(window.total_seconds())))


async def restore(exchange: Exchange) -> Reply:
    """Restore a deleted file."""
    await attached.restore(exchange.context, exchange.actor, _id(exchange))
    return await _after(exchange)


async def copy(exchange: Exchange) -> Reply:
    """Copy a file into an instance, without copying its bytes."""
    given = await exchange.read(inputs.CopyFile)
    place = FilePlace(field=None if given.field is None else FieldId(given.field), area=given.area)
    copied = await attached.copy(
        exchange.context, exchange.actor, _id(exchange), InstanceId(given.instance), place, name=given.name
    )
    return json_reply(
        outputs.file(copied, given=given.name), status=201, headers={"Location": f"/api/v1/files/{copied.id}"}
    )


async def content(exchange: Exchange) -> None:
    """Send a file's bytes, whole or a range of them."""
    what = await attached.content(exchange.context, exchange.actor, _id(exchange))
    wants_inline = exchange.query(DispositionQuery).disposition == "inline"
    await send_content(exchange, exchange.actor, what, wants_inline=wants_inline)


async def preview(exchange: Exchange) -> None:
    """Send the preview of an image."""
    what = await attached.preview(exchange.context, exchange.actor, _id(exchange))
    await send_content(exchange, exchange.actor, what, wants_inline=True, is_event=False)


async def issue_link(exchange: Exchange) -> Reply:
    """Create a signed link that is valid for minutes without sign-in."""
    given = await exchange.read(inputs.NewLink)
    link = await links.issue(
        exchange.context,
        exchange.actor,
        _id(exchange),
        disposition=given.disposition,
        lifetime_s=given.lifetime_s,
    )
    name = _in_path(link.name)
    url = f"{exchange.parts.public_url}/api/v1/links/{link.token}/{name}"
    return json_reply(api.Link(url=url, expires_at=Timestamp.of(link.expires_at)), status=201)


def _in_path(name: str) -> str:
    """Return a name for the end of a link: only there for people; the link's own signature says which file it is."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in safe_name(name))


async def open_link(exchange: Exchange) -> None:
    """Send the file of a signed link."""
    opened = await links.open_link(exchange.context, exchange.params["token"])
    exchange.known_actor = opened.actor
    is_shown = opened.disposition == "inline"
    await send_content(exchange, opened.actor, opened.content, wants_inline=is_shown, more_headers=(NO_REFERRER,))


_CHANGES = (Forbidden, InvalidState, InvalidValues, Conflict, Gone, *CHANGED)
_SENT = sends("*/*", headers=("Content-Security-Policy",))
_UNSENT = (Conflict, Gone, BlobMissing, PreconditionFailed, RangeNotSatisfiable)

ENDPOINTS = (
    endpoint(
        "POST",
        "/api/v1/instances/{instance}/files",
        attach,
        body=inputs.NewFile,
        takes_form=True,
        answers=makes(api.Files),
        refuses=(*FORM, Gone),
    ),
    endpoint("GET", "/api/v1/files/{file}", read, answers=shows(api.File, "ETag"), refuses=(Gone,)),
    endpoint(
        "PATCH",
        "/api/v1/files/{file}",
        describe,
        body=inputs.FileChange,
        headers=IF_MATCH,
        answers=shows_if_visible(api.File, "file"),
        refuses=(*_CHANGES, BadFile),
    ),
    endpoint(
        "DELETE",
        "/api/v1/files/{file}",
        delete,
        headers=IF_MATCH,
        answers=shows(api.Restorable),
        refuses=_CHANGES,
    ),
    endpoint(
        "POST",
        "/api/v1/files/{file}/restore",
        restore,
        answers=shows_if_visible(api.File, "file"),
        refuses=(*_CHANGES, BadFile, OverQuota),
    ),
    endpoint(
        "POST",
        "/api/v1/files/{file}/copies",
        copy,
        body=inputs.CopyFile,
        answers=makes(api.File, "Location"),
        refuses=(*FORM, Gone),
    ),
    endpoint(
        "GET",
        "/api/v1/files/{file}/content",
        content,
        query=DispositionQuery,
        headers=RANGE,
        answers=_SENT,
        refuses=_UNSENT,
    ),
    endpoint("GET", "/api/v1/files/{file}/preview", preview, headers=RANGE, answers=_SENT, refuses=_UNSENT),
    endpoint(
        "POST",
        "/api/v1/files/{file}/links",
        issue_link,
        body=inputs.NewLink,
        answers=makes(api.Link),
        refuses=(Forbidden, Conflict, Gone, InvalidValues),
    ),
    endpoint(
        "GET",
        "/api/v1/links/{token}/{name}",
        open_link,
        query=AnyQuery,
        headers=RANGE,
        answers=_SENT,
        refuses=(Forbidden, *_UNSENT),
        is_open=True,
    ),
)
"""The routes of this module."""
