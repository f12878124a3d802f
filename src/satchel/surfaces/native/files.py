"""Files: metadata, content with ranges, previews, links, changes, copies."""

from satchel.actions import files, links
from satchel.actions.places import Place
from satchel.model.errors import Gone, InvalidRequest, NotFound
from satchel.model.files import FileKind
from satchel.model.ids import FieldId, FileId, InstanceId
from satchel.model.names import safe_name
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.kit.sending import send_content
from satchel.surfaces.native import render, wire


def _id(exchange: Exchange) -> FileId:
    return FileId(exchange.number("file", "file"))


async def read(exchange: Exchange) -> Reply:
    """Return what a file is."""
    found = await files.read(exchange.context, exchange.actor, _id(exchange))
    return json_reply(render.file(found), headers=render.etag(found.revision))


async def attach(exchange: Exchange) -> Reply:
    """Attach uploads to an instance, or a file that is kept elsewhere."""
    given = await exchange.read(wire.NewFile)
    instance = InstanceId(exchange.number("instance", "instance"))
    place = Place(field=None if given.field is None else FieldId(given.field), area=given.area)
    context, actor = exchange.context, exchange.actor
    if given.kind in (None, "stored"):
        if not given.uploads or given.url is not None:
            raise InvalidRequest("Name uploads, or a kind (link, drive, onedrive) with its url.", pointer="/uploads")
        ids = await files.attach(context, actor, instance, list(given.uploads), place)
    else:
        ids = [await _add_link(exchange, instance, given, place)]
    shown = [await _seen(exchange, file) for file in ids]
    return json_reply({"items": shown, "next": None}, status=201)


async def _seen(exchange: Exchange, file: FileId) -> dict[str, object]:
    """Return a file that was just added; only its number to somebody who may add to a place but not look into it."""
    try:
        return render.file(await files.read(exchange.context, exchange.actor, file))
    except (NotFound, Gone):
        return {"id": file}


async def _after(exchange: Exchange) -> Reply:
    """Return a file after a change; nothing where it is gone by now, because the change was made all the same."""
    try:
        return await read(exchange)
    except (NotFound, Gone):
        return Reply(status=204)


async def _add_link(exchange: Exchange, instance: InstanceId, given: wire.NewFile, place: Place) -> FileId:
    if given.kind not in ("link", "drive", "onedrive") or given.url is None or given.uploads:
        raise InvalidRequest("A link has a kind (link, drive, onedrive) and a url, and no uploads.", pointer="/kind")
    return await files.add_link(
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
    given = await exchange.read(wire.FileChange)
    await files.describe(
        exchange.context,
        exchange.actor,
        _id(exchange),
        name=given.name,
        description=given.description,
        expected=exchange.revision(),
    )
    return await _after(exchange)


async def delete(exchange: Exchange) -> Reply:
    """Delete a file; it can be restored for a short while."""
    window = await files.delete(exchange.context, exchange.actor, _id(exchange), expected=exchange.revision())
    return json_reply({"restorable_s": int(window.total_seconds())})


async def restore(exchange: Exchange) -> Reply:
    """Bring a deleted file back."""
    await files.restore(exchange.context, exchange.actor, _id(exchange))
    return await _after(exchange)


async def copy(exchange: Exchange) -> Reply:
    """Copy a file into an instance; no bytes move."""
    given = await exchange.read(wire.CopyFile)
    place = Place(field=None if given.field is None else FieldId(given.field), area=given.area)
    copied = await files.copy(
        exchange.context, exchange.actor, _id(exchange), InstanceId(given.instance), place, name=given.name
    )
    shown = await _seen(exchange, copied)
    return json_reply(shown, status=201, headers={"Location": f"/api/v1/files/{copied}"})


async def content(exchange: Exchange) -> None:
    """Send a file's bytes, whole or a range of them."""
    what = await files.content(exchange.context, exchange.actor, _id(exchange))
    wants_inline = _disposition(exchange) == "inline"
    await send_content(exchange, exchange.actor, what, wants_inline=wants_inline)


async def preview(exchange: Exchange) -> None:
    """Send the small picture of an image."""
    what = await files.preview(exchange.context, exchange.actor, _id(exchange))
    await send_content(exchange, exchange.actor, what, wants_inline=True, is_event=False)


def _disposition(exchange: Exchange) -> str:
    text = exchange.query("disposition") or "attachment"
    if text not in links.DISPOSITIONS:
        raise InvalidRequest("disposition must be attachment or inline.", pointer="/disposition")
    return text


async def issue_link(exchange: Exchange) -> Reply:
    """Make a signed link that works for minutes without sign-in."""
    given = await exchange.read(wire.NewLink)
    link = await links.issue(
        exchange.context,
        exchange.actor,
        _id(exchange),
        disposition=given.disposition,
        lifetime_s=given.lifetime_s,
    )
    name = _in_path(link.name)
    url = f"{exchange.parts.public_url}/api/v1/links/{link.token}/{name}"
    return json_reply({"url": url, "expires_at": render.moment(link.expires_at)}, status=201)


def _in_path(name: str) -> str:
    """Return a name for the end of a link: only there for people; the link's own signature says which file it is."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in safe_name(name))


async def open_link(exchange: Exchange) -> None:
    """Send the file that a signed link gives."""
    opened = await links.open_link(exchange.context, exchange.params["token"])
    exchange.known_actor = opened.actor
    await send_content(exchange, opened.actor, opened.content, wants_inline=opened.disposition == "inline")


ENDPOINTS = (
    endpoint("POST", "/api/v1/instances/{instance}/files", attach, body=wire.NewFile),
    endpoint("GET", "/api/v1/files/{file}", read),
    endpoint("PATCH", "/api/v1/files/{file}", describe, body=wire.FileChange),
    endpoint("DELETE", "/api/v1/files/{file}", delete),
    endpoint("POST", "/api/v1/files/{file}/restore", restore),
    endpoint("POST", "/api/v1/files/{file}/copies", copy, body=wire.CopyFile),
    endpoint("GET", "/api/v1/files/{file}/content", content),
    endpoint("GET", "/api/v1/files/{file}/preview", preview),
    endpoint("POST", "/api/v1/files/{file}/links", issue_link, body=wire.NewLink),
    endpoint("GET", "/api/v1/links/{token}/{name}", open_link, is_open=True),
)
"""The routes of this module."""
