"""Forms with files: a strict reader of multipart/form-data that streams.

The parser is `multipart` (defnull) in its strict mode. It leaves open what attackers and broken clients send: a part
with two dispositions or two names, `filename*` alone, bytes after the closing boundary within one chunk, a preamble
whose fate depends on how the network cut it. Those are settled here: the first and the closing boundary are found
before the parser sees them, so that it gets exactly the form, and each part's headers are read again by our own grammar
(files.md §3). What comes before the first boundary and after the closing one's line is ignored (RFC 2046 §5.1.1).

The invariant: a body is either one form, whole, or an error; no way of cutting it into chunks changes which.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeAlias

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from satchel.model.errors import BadFile, InvalidRequest, TooLarge, UnsupportedMedia
from satchel.model.transfer.names import parse_disposition, parse_parameters

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_KIND = re.compile(r"\s*multipart/form-data\s*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ENCODINGS = ("binary", "8bit", "7bit")
_LONGEST_PADDING = 64
_CLOSED = re.compile(rb"[ \t]*(?:\r\n|\Z)")
"""What may stand between a closing boundary and whatever follows the form."""

MAX_PREAMBLE_BYTES = 64 * 1024
"""How much is read before a form's first boundary."""

Event: TypeAlias = MultipartSegment | bytes | None
"""What the parser gives: a part's head, some of its bytes, or its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLimits:
    """What a form may hold at most; the size of the whole body is the caller's to bound."""

    parts: int = 64
    headers: int = 8
    header_bytes: int = 4096
    text_bytes: int = 64 * 1024


class Part:
    """One part of a form; its bytes can be read once, and only until the next part is asked for.

    Attributes:
        name: the form field.
        filename: as it came, not yet safe; None for a text field.
        media_type: as declared; None where nothing is.
        refusal: why its content cannot be taken although the form is right, or None.
    """

    def __init__(self, segment: MultipartSegment, events: AsyncIterator[Event], limits: FormLimits) -> None:
        disposition = _checked_disposition(segment.headerlist)
        self.name = disposition[0]
        self.filename = disposition[1]
        self.refusal = _refusal_of_name(self.name, self.filename)
        self.media_type = next((text for name, text in segment.headerlist if name.lower() == "content-type"), None)
        self._events = events
        self._limits = limits
        self._ended = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Give the part's bytes as they come; the last part ends only when the whole form was found to be right.

        Raises:
            BadFile: the part is refused by its name.
            InvalidRequest: while reading, the form turns out malformed or cut short.
        """
        if self.refusal is not None:
            raise self.refusal
        async for chunk in self._raw_chunks():
            yield chunk

    async def _raw_chunks(self) -> AsyncGenerator[bytes, None]:
        while not self._ended:
            try:
                event = await anext(self._events)
            except StopAsyncIteration:  # after an error that the caller caught and went on from
                raise _cut_short() from None
            if not isinstance(event, bytes):
                self._ended = True
                return
            yield event

    async def text(self) -> str:
        """Return the part as text.

        Raises:
            BadFile: the part is refused by its name.
            InvalidRequest: it is no UTF-8.
            TooLarge: it is longer than a text field may be.
        """
        gathered = bytearray()
        async for chunk in self.chunks():
            gathered += chunk
            if len(gathered) > self._limits.text_bytes:
                raise TooLarge(f"The form's field {self.name}", self._limits.text_bytes)
        try:
            return gathered.decode()
        except UnicodeDecodeError:
            raise InvalidRequest(f"The form's field {self.name} is not UTF-8 text.") from None

    async def skip(self) -> None:
        """Read past the part, also if it is refused."""
        async for _ in self._raw_chunks():
            pass


async def read_parts(
    content_type: str | None, chunks: AsyncIterator[bytes], limits: FormLimits | None = None
) -> AsyncGenerator[Part, None]:
    """Give the parts of a form, one after the other; a part that is not read is skipped.

    Args:
        content_type: the request's Content-Type.
        chunks: its body.
        limits: `FormLimits()` by default.

    Raises:
        UnsupportedMedia: the content type is not multipart/form-data.
        InvalidRequest: the form is malformed, cut short or over a limit; nothing that came with it may be recorded.
    """
    limits = limits or FormLimits()
    boundary = _boundary(content_type)
    async with aclosing(_events(boundary, chunks, limits)) as events:
        async for event in events:
            if not isinstance(event, MultipartSegment):
                raise InvalidRequest("The form is malformed: there are bytes outside of its parts.")
            part = Part(event, events, limits)
            yield part
            await part.skip()


async def last_part(part: Part, parts: AsyncGenerator[Part, None]) -> AsyncGenerator[bytes, None]:
    """Give the bytes of a form's file; they end well only if no part comes after it.

    Raises:
        InvalidRequest: one does; what was made of the bytes must not be kept.
    """
    async for chunk in part.chunks():
        yield chunk
    async for _ in parts:
        raise InvalidRequest("The file must be the form's last part.")


async def _events(boundary: bytes, chunks: AsyncIterator[bytes], limits: FormLimits) -> AsyncGenerator[Event, None]:
    """Give the parser's events; those of the last piece only once the body is known to end as it should."""
    parser = PushMultipartParser(
        boundary,
        max_header_size=limits.header_bytes,
        max_header_count=limits.headers,
        max_segment_count=limits.parts,
        strict=True,
    )
    async with aclosing(_framed(boundary, chunks)) as pieces:
        async for piece in pieces:
            for event in _parsed(parser, piece):
                yield event
        _close(parser)


def _parsed(parser: PushMultipartParser, piece: bytes) -> Sequence[Event]:
    try:
        return list(parser.parse(piece))
    except MultipartError as error:
        raise _malformed(error) from error


def _close(parser: PushMultipartParser) -> None:
    try:
        parser.close()
    except MultipartError as error:
        raise _malformed(error) from error


async def _framed(boundary: bytes, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Give the body from its first boundary to the end of its closing one."""
    opening = b"\r\n--" + boundary
    closing = opening + b"--"
    seam = b"\r\n"  # the end of what was given already; a form may begin with its closing boundary
    before = b"\r\n"  # what came before the form, which may begin with its first boundary
    skipped = 0
    has_begun = False
    source = aiter(chunks)
    async for chunk in source:
        piece = chunk
        if not has_begun:
            before += chunk
            at = before.find(opening)
            has_begun = at >= 0
            end_of_preamble = at if has_begun else max(0, len(before) - len(opening) + 1)
            skipped += end_of_preamble
            if skipped > MAX_PREAMBLE_BYTES:
                raise _no_start()
            before = before[end_of_preamble:]
            if not has_begun:
                continue
            piece = before[2:]
        end = _find_end(seam, piece, closing)
        if end is not None:
            await _read_epilogue(piece[end:], source)
            yield piece[:end]
            return
        if piece:
            yield piece
            seam = (seam + piece[-len(closing) :])[-(len(closing) - 1) :]
    raise _cut_short() if has_begun else _no_start()


def _find_end(seam: bytes, piece: bytes, closing: bytes) -> int | None:
    """Return where in `piece` the closing boundary ends, which may have begun in `seam`."""
    joint = seam + piece[: len(closing)]
    at = joint.find(closing)
    if at >= 0 and at < len(seam):
        return at + len(closing) - len(seam)
    at = piece.find(closing)
    return at + len(closing) if at >= 0 else None


async def _read_epilogue(rest: bytes, source: AsyncIterator[bytes]) -> None:
    """Read to the end of the body; the closing boundary may have white space and a line end behind it, then anything.

    Raises:
        InvalidRequest: it has something else behind it, so that it may be none.
    """
    line = rest[:_LONGEST_PADDING]
    async for chunk in source:
        line = (line + chunk)[:_LONGEST_PADDING] if len(line) < _LONGEST_PADDING else line
    if not _CLOSED.match(line):
        raise InvalidRequest("The form is malformed: there are bytes after its closing boundary on the same line.")


def _boundary(content_type: str | None) -> bytes:
    match = _KIND.match(content_type or "")
    if content_type is None or match is None:
        raise UnsupportedMedia("Send the file as multipart/form-data.")
    boundary = parse_parameters(content_type[match.end() :], "Content-Type").get("boundary", "")
    if boundary.startswith('"'):
        boundary = boundary[1:-1]
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidRequest("Content-Type names no boundary, or a malformed one.")
    return boundary.encode()


def _checked_disposition(headers: Sequence[tuple[str, str]]) -> tuple[str, str | None]:
    """Return a part's name and file name.

    Raises:
        InvalidRequest: its headers are not as files.md §3 wants them.
    """
    names = [name for name, _ in headers]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        raise InvalidRequest(f"A part of the form has {doubled} twice.")
    found = dict(headers)
    if any(_CONTROL.search(value) for value in found.values()):
        raise InvalidRequest("A header of a part of the form has a control character.")
    encoding = found.get("Content-Transfer-Encoding", "binary").strip().lower()
    if encoding not in _ENCODINGS:
        raise InvalidRequest("A part of the form has a Content-Transfer-Encoding; send its bytes as they are.")
    disposition = parse_disposition(found.get("Content-Disposition", ""))
    if disposition.kind != "form-data" or disposition.name is None:
        raise InvalidRequest("A part of the form has no name.")
    if _CONTROL.search(disposition.name):
        raise InvalidRequest("A name in the form has a control character.")
    if disposition.filename is not None and not disposition.has_plain_filename:
        raise InvalidRequest("A part of the form has filename* without filename.")
    return disposition.name, disposition.filename


def _refusal_of_name(name: str, filename: str | None) -> BadFile | None:
    """Return why a part's names are refused: a tab in one is white space to a header and no part of a name."""
    if "\t" not in name and "\t" not in (filename or ""):
        return None
    shown = " ".join(name.split())[:64]
    message = f"The part '{shown}' of the form has a tab in its name or file name. Send it without."
    return BadFile("file_name", message, part=shown)


def _no_start() -> InvalidRequest:
    return InvalidRequest("The form is malformed: it does not begin with the boundary that its Content-Type names.")


def _cut_short() -> InvalidRequest:
    return InvalidRequest("The form is cut short: its closing boundary is missing. Send it again.")


def _malformed(error: MultipartError) -> InvalidRequest:
    reason = str(error.args[0]) if error.args else "unreadable"
    return InvalidRequest(f"The form is malformed: {reason}.")
