"""Attachments: read as base64 or bytes, added one or many at once, described and removed."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import quote

import msgspec
import pybase64

from satchel.actions.files import arrivals, attached
from satchel.actions.files.arrivals import Arrivals, Label
from satchel.actions.files.attached import Content
from satchel.actions.files.embedded import ELEMENT, EmbeddedFiles, Path
from satchel.actions.files.tickets import MAX_SIZE_BYTES
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import attachments
from satchel.model.actor import Actor
from satchel.model.errors import Conflict, InvalidRequest
from satchel.model.fields import Field
from satchel.model.files import File, FileKind
from satchel.model.linked_files import NewLinkedFile, checked_description
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.attachment_lists import LIST
from satchel.surfaces.alloy.errors import INVALID_COMBINATION, AlloyRefusal, no_attachment
from satchel.surfaces.alloy.inputs import Inputs
from satchel.surfaces.alloy.names import read_guid
from satchel.surfaces.alloy.objects import object_of
from satchel.surfaces.kit.downloads import Plan, send_download
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.sending import send_content

MAX_ATTACHMENTS = 100
"""How many attachments one request adds at most."""

_DATA = "data"
_BASE64_IN, _BASE64_OUT = 3, 4
_KEYS = frozenset({"filename", "description", "data", "islink"})
_AREA = "attachmentarea"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the attachments of an action go: the areas of its form, and its inputs that hold files."""

    areas: Sequence[str]
    fields: Sequence[Field]


@dataclass(slots=True, kw_only=True)
class Added:
    """The attachments of one request, as a form takes them.

    Attributes:
        fields: those that go into fields.
    """

    uploads: list[int] = field(default_factory=list[int])
    fields: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    descriptions: dict[int, str] = field(default_factory=dict[int, str])
    links: list[NewLinkedFile] = field(default_factory=list[NewLinkedFile])
    labels: dict[int, Label] = field(default_factory=dict[int, Label])

    def submission(self, values: Mapping[str, object] | None = None, comment: str | None = None) -> Submission:
        """Return them as what somebody filled in, with values and a comment."""
        return Submission(
            values=values or {},
            attachments=self.uploads,
            added=self.fields,
            descriptions=self.descriptions,
            links=self.links,
            comment=comment,
        )


class AttachmentBody:
    """A body with attachments whose files are taken in while it comes.

    Args:
        exchange: the request.
        arriving: takes the files.
        paths: where lists of attachments, or one, stand in the body.
        before_file: is given what came before each file.
    """

    def __init__(
        self,
        exchange: Exchange,
        arriving: Arrivals,
        paths: Sequence[Path],
        before_file: Callable[[object], Awaitable[None]] | None = None,
    ) -> None:
        self._exchange = exchange
        self._arriving = arriving
        self._places = {(*path, _DATA) for path in paths} | {(*path, ELEMENT, _DATA) for path in paths}
        self._before_file = before_file
        self._body: EmbeddedFiles | None = None

    async def read(self) -> object:
        """Return the body, with the numbers of its files in their place.

        Raises:
            InvalidRequest: it has no Content-Length, is no JSON, or a file's text is no base64.
            UnsupportedMedia: it is said to be no JSON.
            Forbidden, InvalidState, TooLarge, OverQuota, DiskFull, BadFile: a file is not taken.
        """
        Inputs.check_type(self._exchange)
        if self._exchange.content_length is None:
            raise InvalidRequest("Say by Content-Length how long the body is, so that room can be kept for its files.")
        async with aclosing(self._exchange.chunks(MAX_SIZE_BYTES)) as chunks:
            limit = self._exchange.parts.max_json_bytes
            self._body = EmbeddedFiles(chunks, self._places.__contains__, self._take, max_json_bytes=limit)
            return await self._body.read()

    async def _take(self, chunks: AsyncGenerator[bytes, None]) -> int:
        if self._body is not None and self._before_file is not None:
            await self._before_file(self._body.so_far())
        passed = self._body.passed_bytes if self._body is not None else 0
        left = max(0, (self._exchange.content_length or 0) - passed)
        return await self._arriving.take(chunks, most_bytes=left * _BASE64_IN // _BASE64_OUT)

    async def added(self, given: Sequence[object], places: Places | None) -> Added:
        """Return the attachments of a list, each file labelled.

        Args:
            given: the elements of a list that `read` gave.
            places: those that there are to choose from; None where attachments have none.

        Raises:
            InvalidRequest, InvalidValues, BadFile: an attachment is malformed, or its area unknown.
            AlloyRefusal: it is a link and has a file too.
        """
        if not 0 < len(given) <= MAX_ATTACHMENTS:
            raise InvalidRequest(f"Add 1 to {MAX_ATTACHMENTS} attachments at once.")
        found = Added()
        for one in given:
            await self._add(found, Inputs.of(one), places)
        await self._arriving.label(found.labels)
        return found

    async def _add(self, found: Added, given: Inputs, places: Places | None) -> None:
        known = _KEYS if places is None else _KEYS | {_AREA}
        unknown = [key for key in given.members if key.casefold() not in known]
        if unknown:
            raise InvalidRequest(f"An attachment has no {unknown[0][:80]}.", pointer=f"/{unknown[0][:80]}")
        name = (given.text_or_none("FileName") or "").strip()
        if not name:
            raise InvalidRequest("FileName must not be empty.", pointer="/FileName")
        place = None if places is None else _place(given.text_or_none("AttachmentArea"), places)
        area, into = (None, place) if isinstance(place, Field) else (place, None)
        description = given.text_or_none("Description") or ""
        data = given.text_or_none("Data")
        number = None if data is None or self._body is None else self._body.files[int(data)]
        if given.flag("IsLink"):
            if number is not None:
                message = "Invalid combination: Data must be empty when IsLink is true."
                raise AlloyRefusal(INVALID_COMBINATION, message)
            if into is not None:
                raise InvalidRequest(f"The field {into.label} takes files and no links.", pointer="/AttachmentArea")
            found.links.append(arrivals.link(name, description=description, area=area))
            return
        if data is None:
            raise InvalidRequest("Data must hold the file as base64; for an empty file it is an empty text.")
        if number is None:
            number = await self._arriving.take(_nothing(), most_bytes=0)
        found.labels[number] = Label(name=name, area=area, field=None if into is None else into.id)
        (found.uploads if into is None else found.fields.setdefault(into.id, [])).append(number)
        found.descriptions[number] = checked_description(description)


async def _nothing() -> AsyncGenerator[bytes, None]:
    pieces: tuple[bytes, ...] = ()
    for piece in pieces:
        yield piece


def _place(given: str | None, places: Places) -> str | Field:
    """Return the area or the field that an attachment is for; an only area, or else an only field, may be left out."""
    name, areas, fields = (given or "").strip().casefold(), places.areas, places.fields
    if not areas and not fields:
        raise InvalidRequest("The action's form has no attachment area.", pointer="/AttachmentArea")
    if not name:
        first: list[str] | list[Field] = list(areas) or list(fields)
        if len(first) > 1:
            known = ", ".join([*areas, *(str(field.id) for field in fields)])
            raise InvalidRequest(f"Name the AttachmentArea: one of {known}.", pointer="/AttachmentArea")
        return first[0]
    area = next((area for area in areas if area.casefold() == name), None)
    into = next((one for one in fields if name in (one.id.casefold(), one.label.casefold())), None)
    return area or into or (given or "").strip()


async def add(exchange: Exchange) -> Reply:
    """Add files and links to an object: one, or all of a list or none."""
    view = await object_of(exchange, with_files=False)
    async with arrivals.arriving(exchange.context, exchange.actor, instance=view.instance.id) as arriving:
        body = AttachmentBody(exchange, arriving, [()])
        given = await body.read()
        listed_ = cast("list[object]", given) if isinstance(given, list) else [given]
        added = await body.added(listed_, None)
        await arrivals.attach(exchange.context, exchange.actor, view.instance.id, added.submission())
    return outputs.success(exchange, None)


async def attachment_of(exchange: Exchange) -> File:
    """Return the attachment that the address names, if it is of the object that it names too and may be seen.

    Raises:
        AlloyRefusal: there is none.
    """
    view = await object_of(exchange, with_files=False)
    given = exchange.params["attachment"]
    uuid = read_guid(given)
    found = None if uuid is None else await attachments.by_uuid(exchange.context, exchange.actor, view, uuid)
    if found is None:
        raise no_attachment(given.upper())
    return found


async def download(exchange: Exchange) -> None:
    """Send an attachment's bytes, its name in a header of its own."""
    file = await attachment_of(exchange)
    what = await _bytes_of(exchange, file)
    name = ("attachment-file-name", quote(what.name, safe=""))
    await send_content(exchange, exchange.actor, what, wants_inline=False, more_headers=(name,))


async def _bytes_of(exchange: Exchange, file: File) -> Content:
    try:
        return await attached.content(exchange.context, exchange.actor, file.id)
    except Conflict:
        raise InvalidRequest("The attachment is a link: it has an address and no bytes.") from None


async def content(exchange: Exchange) -> Reply | None:
    """Send an attachment's bytes as base64, with its name, description and size."""
    file = await attachment_of(exchange)
    if file.kind is not FileKind.STORED:
        found = {"Data": "", "FileName": file.url or "", "Description": file.description, "Size": 0}
        return outputs.success(exchange, found)
    what = await _bytes_of(exchange, file)
    before, after = _around(exchange, what)
    encoded = -(-what.size_bytes // _BASE64_IN) * _BASE64_OUT
    total = len(before) + encoded + len(after)
    kind = outputs.XML_TYPE if outputs.wants_xml(exchange) else "application/json"
    headers = (
        ("content-type", kind),
        ("content-length", str(total)),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )
    is_head = exchange.method == "HEAD"
    if not is_head:
        await attached.note_download(exchange.context, exchange.actor, file)
    plan = Plan(status=200, headers=headers, start=0, stop=0 if is_head else total)
    chunks = None if is_head else _encoded(exchange, exchange.actor, what, before, after)
    await send_download(exchange.receive, exchange.send, plan, chunks)
    return None


def _around(exchange: Exchange, what: Content) -> tuple[bytes, bytes]:
    """Return what stands in the answer before and after the base64."""
    mark = "{}"
    found = {"Data": mark, "FileName": what.name, "Description": what.file.description, "Size": what.size_bytes}
    answer = outputs.success(exchange, found).body
    encoded = f"<Data>{mark}</Data>".encode() if outputs.wants_xml(exchange) else b'"Data":' + msgspec.json.encode(mark)
    before, _, after = answer.partition(encoded)
    begin, _, end = encoded.partition(mark.encode())
    return before + begin, end + after


async def _encoded(
    exchange: Exchange, actor: Actor, what: Content, before: bytes, after: bytes
) -> AsyncGenerator[bytes, None]:
    """Give the answer with the file's bytes as base64 in it, a chunk at a time."""
    left = b""
    head = before
    async with aclosing(attached.open_bytes(exchange.context, actor, what)) as chunks:
        async for chunk in chunks:
            data = left + chunk if left else chunk
            whole = len(data) - len(data) % _BASE64_IN
            left = data[whole:]
            yield head + pybase64.b64encode(memoryview(data)[:whole])
            head = b""
    yield head + pybase64.b64encode(left) + after


async def describe(exchange: Exchange) -> Reply:
    """Change an attachment's description; nothing else of it can be changed."""
    file = await attachment_of(exchange)
    given = await Inputs.of_body(exchange)
    text = given.text_or_none("Description")
    if text is None or given.without("Description"):
        raise InvalidRequest("Send the Description, and nothing else: only it can be changed.", pointer="/Description")
    await attached.describe(exchange.context, exchange.actor, file.id, description=text, while_running=True)
    return outputs.success(exchange, None)


async def remove(exchange: Exchange) -> Reply:
    """Remove an attachment."""
    file = await attachment_of(exchange)
    await attached.delete(exchange.context, exchange.actor, file.id, while_running=True)
    return outputs.success(exchange, None)


_ONE = f"{LIST}/{{attachment}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("PUT", LIST, add),
    endpoint("GET", f"{_ONE}/content", content),
    endpoint("GET", f"{_ONE}/download", download),
    endpoint("PATCH", _ONE, describe),
    endpoint("DELETE", _ONE, remove),
)
"""The routes of this module."""
