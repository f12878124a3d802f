"""What somebody filled in: as JSON that names uploads, or as a form that brings its files along.

A form (multipart/form-data) has the members of the JSON as text parts: `values` as JSON, `comment`, `outcome`, and
`attachments` once for each upload; and values of fields under their ids, for HTML forms and `curl -F`. A part with a
file name is a file for the field that it is named by, for `attachments`, or for `attachments[AREA]`. No other media
type is read as either: what a JSON body says of files are numbers of uploads, and nothing else.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import msgspec

from satchel.actions.files.form_files import FormFiles, FormTarget, coming
from satchel.actions.files.tickets import MAX_SIZE_BYTES
from satchel.actions.instances.forms import Submission
from satchel.model.errors import InvalidRequest, LengthRequired, TooLarge
from satchel.surfaces.kit.exchange import Exchange, Reply
from satchel.surfaces.kit.multipart import FormLimits, Part, read_parts
from satchel.surfaces.kit.once import REPLAYED, once
from satchel.surfaces.kit.texts import whole_number
from satchel.surfaces.native import inputs

MAX_PARTS = 500

_ATTACHMENTS, _VALUES, _COMMENT, _OUTCOME = "attachments", "values", "comment", "outcome"
_AREA = re.compile(r"attachments\[([^\[\]]+)\]")

Perform = Callable[["Filling"], Awaitable[Reply]]
"""Does what was asked with what was filled in, and answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What was filled in, and the outcome where the form has one."""

    given: Submission
    outcome: str | None = None


async def filled(exchange: Exchange, kind: type[inputs.Filled], target: FormTarget, perform: Perform) -> Reply:
    """Answer a request with a filled-in form, JSON of a `kind` or multipart.

    Raises:
        UnsupportedMedia, InvalidRequest: the body is neither.
        As `filled_form`, and whatever `perform` raises.
    """
    if exchange.is_form:
        return await filled_form(exchange, target, perform, has_outcome=issubclass(kind, inputs.Completed))
    read = await exchange.read(kind)
    outcome = read.outcome if isinstance(read, inputs.Completed) else None
    return await perform(Filling(given=read.submission(), outcome=outcome))


async def filled_form(
    exchange: Exchange, target: FormTarget, perform: Perform, *, has_outcome: bool = False, has_comment: bool = True
) -> Reply:
    """Answer a request whose body is a form with files; refused or cut short, it leaves nothing behind.

    Raises:
        LengthRequired: it has no Content-Length.
        InvalidRequest, TooLarge: it is malformed, or has too much text.
        NotFound, Forbidden, InvalidState, InvalidValues, BadFile, OverQuota, DiskFull: a file is refused.
    """
    if exchange.content_length is None:
        raise LengthRequired("Send a form with its Content-Length, not in chunks: room is reserved for its files.")
    reader = _Reader(exchange=exchange, has_outcome=has_outcome, has_comment=has_comment)
    async with coming(exchange.context, exchange.actor, target) as files:
        filling = await reader.read(files)
        if exchange.header("idempotency-key") is None:
            return await perform(filling)
        reply = await once(exchange, reader.told(files), lambda: perform(filling)) or Reply(status=204)
        if REPLAYED in reply.headers:  # these files came a second time
            await files.incoming.discard()
        return reply


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Reads one form."""

    exchange: Exchange
    has_outcome: bool
    has_comment: bool
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    names: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _text_bytes: int = 0
    _passed_bytes: int = 0

    async def read(self, files: FormFiles) -> Filling:
        limits = FormLimits(parts=MAX_PARTS, text_bytes=self.exchange.parts.max_json_bytes)
        chunks = self.exchange.chunks(MAX_SIZE_BYTES)
        async for part in read_parts(self.exchange.header("content-type"), chunks, limits):
            if part.filename is None:
                await self._text(part)
            elif part.filename:
                await self._file(part, files)
            elif await part.text():
                raise InvalidRequest(f"The file of the part {part.name[:80]!r} has no name.")
            # else a browser's input for files that nobody used
        return self._filling(files)

    async def _text(self, part: Part) -> None:
        most = self.exchange.parts.max_json_bytes
        text = await part.text()
        self._text_bytes += len(part.name) + len(text.encode())
        self._passed_bytes += len(text.encode())
        if self._text_bytes > most:
            raise TooLarge("The form without its files", most, is_of_body=True)
        self.texts.setdefault(part.name, []).append(text)

    async def _file(self, part: Part, files: FormFiles) -> None:
        area = _AREA.fullmatch(part.name)
        if part.name in (_VALUES, _COMMENT, _OUTCOME):
            raise InvalidRequest(f"The part {part.name} is text; send it without a file name.", pointer=f"/{part.name}")
        place = None if area is not None or part.name == _ATTACHMENTS else part.name
        self.names.append((part.name, part.filename or ""))
        await files.take(
            self._counted(part),
            place=place,
            area=area[1] if area is not None else None,
            name=part.filename or "",
            media_type=part.media_type,
            most_bytes=max(0, (self.exchange.content_length or 0) - self._passed_bytes),
        )

    async def _counted(self, part: Part) -> AsyncGenerator[bytes, None]:
        async for chunk in part.chunks():
            self._passed_bytes += len(chunk)
            yield chunk

    def _filling(self, files: FormFiles) -> Filling:
        texts = dict(self.texts)
        values = texts.pop(_VALUES, [])
        comments = texts.pop(_COMMENT, []) if self.has_comment else []
        outcomes = texts.pop(_OUTCOME, []) if self.has_outcome else []
        for name, found in ((_VALUES, values), (_COMMENT, comments), (_OUTCOME, outcomes)):
            if len(found) > 1:
                raise InvalidRequest(f"The form has {name} more than once.", pointer=f"/{name}")
        uploads = [_upload(text) for text in texts.pop(_ATTACHMENTS, []) if text.strip()]
        given = Submission(
            values=inputs.mapping(msgspec.Raw(values[0].encode()), "/values") if values and values[0].strip() else {},
            attachments=[*uploads, *files.attachments],
            comment=comments[0] if comments else None,
            texts=texts,
            added=files.added,
        )
        doubled = next((name for name in texts if name in given.values), None)
        if doubled is not None:
            raise InvalidRequest(f"{doubled[:80]} is in values and a part of its own; send one.", pointer="/values")
        return Filling(given=given, outcome=(outcomes[0] or None) if outcomes else None)

    def told(self, files: FormFiles) -> bytes:
        """Return what tells this form from another: its texts, and the names and digests of its files."""
        return msgspec.json.encode([self.texts, self.names, files.digests])


def _upload(text: str) -> int:
    found = whole_number(text.strip(), low=1)
    if found is None:
        message = "An attachment is a file, or the number of an upload of yours."
        raise InvalidRequest(message, pointer=f"/{_ATTACHMENTS}")
    return found
