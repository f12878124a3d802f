"""JSON bodies in which some texts are files as base64: each file is decoded as it comes, whatever its size.

Everything else of the body is kept, with the number of its file in the place of each such text, and read at the end by
the same strict reader as every other JSON (`kit/bodies`). So nothing that comes with a malformed body counts: whoever
took the files throws them away when `read` raises.

The invariant: however the network cuts a body into chunks, the same files and the same JSON come of it.
"""

import json
import re
from binascii import Error as Base64Error
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import pybase64

from satchel.model.errors import InvalidRequest, TooLarge
from satchel.model.strict_json import MAX_DEPTH, parse_json

ELEMENT = "*"
"""What an element of an array is called in a path."""

Path = tuple[str, ...]
"""Where a value stands: keys, case-folded, and `ELEMENT`."""

ExactPath = tuple[str | int, ...]
"""Where a value stands: keys as they are written, and positions in arrays."""

Take = Callable[[AsyncGenerator[bytes, None]], Awaitable[int]]
"""Takes a file's bytes and returns its number; a file that it leaves unread is read past."""

_MARK = re.compile(rb'["{}\[\],:]')
_END = re.compile(rb'["\\]')
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LONGEST_ESCAPE = 6
_SPACE = b" "  # every white space is written as an escape, but this
_ESCAPED = {b"/": b"/", b"n": _SPACE, b"r": _SPACE, b"t": _SPACE}
_JUNK = b"!"
_GROUP = 4
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(slots=True)
class _Level:
    """An object or array that is open; `key` and `position` are those of the member which is read."""

    is_object: bool
    key: str = ELEMENT
    position: int = 0
    wants_key: bool = True


class EmbeddedFiles:
    """Reads one body.

    Args:
        chunks: the body, guarded already.
        is_file: whether a text at a path is a file.
        take: is given each such text that is not empty, decoded.
        max_json_bytes: the most that the body may have besides its files.
        is_file_exactly: the same of an exact path; in place of `is_file`.
        parse: reads the rest; the strict reader by default.
        max_depth: how deeply objects and arrays may be nested.

    Attributes:
        files: by the number that stands in the JSON as text, what `take` returned; None for an empty text.
        passed_bytes: how much of the body stands before the file that is taken now.
    """

    def __init__(
        self,
        chunks: AsyncIterator[bytes],
        is_file: Callable[[Path], bool] | None,
        take: Take,
        *,
        max_json_bytes: int,
        is_file_exactly: Callable[[ExactPath], bool] | None = None,
        parse: Callable[[bytes], object] | None = None,
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self.files: list[int | None] = []
        self.passed_bytes = 0
        self._before = 0
        self._chunks = chunks
        self._is_file = is_file
        self._is_file_exactly = is_file_exactly
        self._parse = parse
        self._max_depth = max_depth
        self._take = take
        self._max_bytes = max_json_bytes
        self._chunk = b""
        self._at = 0
        self._kept = bytearray()
        self._levels: list[_Level] = []

    async def read(self) -> object:
        """Return the body's value, in plain Python data, in which each file is the text of its number.

        Raises:
            InvalidRequest: the body is no JSON, or a file's text no base64.
            TooLarge: there is too much besides the files.
        """
        while await self._fill():
            found = _MARK.search(self._chunk, self._at)
            if found is None:
                self._keep(len(self._chunk))
                continue
            self._keep(found.end())
            await self._step(found.group())
        kept = bytes(self._kept).removeprefix(_BYTE_ORDER_MARK)
        return parse_json(kept, max_bytes=self._max_bytes) if self._parse is None else self._parse(kept)

    def so_far(self) -> object:
        """Return what came before the file that is taken now, as if the body ended with it.

        Raises:
            InvalidRequest: it is no JSON.
        """
        ends = b"".join(b"}" if level.is_object else b"]" for level in reversed(self._levels))
        whole = bytes(self._kept).removeprefix(_BYTE_ORDER_MARK) + b'"' + ends
        return parse_json(whole, max_bytes=self._max_bytes + MAX_DEPTH + 1)

    async def _fill(self) -> bool:
        """Make sure that there are bytes to look at; False at the end of the body."""
        while self._at >= len(self._chunk):
            self._before += len(self._chunk)
            self._chunk, self._at = b"", 0
            try:
                self._chunk = await anext(self._chunks)
            except StopAsyncIteration:
                return False
        return True

    def _keep(self, end: int) -> None:
        """Keep what stands before `end` and is no file."""
        self._kept += memoryview(self._chunk)[self._at : end]
        self._at = end
        if len(self._kept) > self._max_bytes:
            raise TooLarge("The body without its files", self._max_bytes, is_of_body=True)

    async def _step(self, mark: bytes) -> None:
        top = self._levels[-1] if self._levels else None
        if mark == b'"':
            await self._text(top)
        elif mark in b"{[":
            if len(self._levels) >= self._max_depth:
                raise InvalidRequest(f"The body is nested more than {self._max_depth} deep.")
            self._levels.append(_Level(is_object=mark == b"{"))
        elif top is None:
            raise InvalidRequest("The body is not JSON: a bracket is closed or a mark stands outside of all brackets.")
        elif mark in b"}]":
            self._levels.pop()
        else:
            top.wants_key = mark == b","
            top.position += top.wants_key

    async def _text(self, top: _Level | None) -> None:
        if top is not None and top.is_object and top.wants_key:
            top.key = self._key(await self._raw())
        elif self._is_at_file():
            number = str(len(self.files))
            self.passed_bytes = self._before + self._at
            self.files.append(await self._file())
            self._kept += number.encode() + b'"'
        else:
            await self._raw()

    def _is_at_file(self) -> bool:
        if self._is_file_exactly is not None:
            return self._is_file_exactly(
                tuple(level.key if level.is_object else level.position for level in self._levels)
            )
        return self._is_file is not None and self._is_file(tuple(level.key.casefold() for level in self._levels))

    async def _raw(self) -> bytes:
        """Keep a text up to its closing quote, and return it as it was written."""
        begun = len(self._kept)
        is_escaped = False
        while await self._fill():
            if is_escaped:
                self._keep(self._at + 1)
                is_escaped = False
                continue
            found = _END.search(self._chunk, self._at)
            self._keep(found.end() if found else len(self._chunk))
            if found and found.group() == b'"':
                return bytes(self._kept[begun:-1])
            is_escaped = found is not None
        raise _not_closed()

    @staticmethod
    def _key(raw: bytes) -> str:
        try:
            key: str = json.loads(b'"' + raw + b'"')
        except ValueError:
            raise InvalidRequest("The body is not JSON: a key is malformed.") from None
        return key

    async def _file(self) -> int | None:
        async with aclosing(self._decoded()) as pieces:
            first = await anext(pieces, b"")
            if not first:
                return None
            async with aclosing(_rejoined(first, pieces)) as whole:
                number = await self._take(whole)
                async for _ in whole:
                    pass
        return number

    async def _decoded(self) -> AsyncGenerator[bytes, None]:
        """Give the bytes of a file's text; what is not plainly base64 is looked at again without its white space."""
        left = b""
        is_padded = False
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                text = left + piece
                whole = len(text) - len(text) % _GROUP
                data = _decode(text[:whole])
                if data is None:
                    text = _without_space(text)
                    whole = len(text) - len(text) % _GROUP
                    data = _decode(text[:whole])
                if data is None or (is_padded and whole):
                    raise _bad_base64()
                left = text[whole:]
                if whole:
                    is_padded = text[whole - 1 : whole] == b"="
                    yield data
        if _without_space(left):
            raise _bad_base64()

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        """Give a file's text without its escapes; what may be the beginning of one waits for the rest."""
        held = b""
        while await self._fill():
            end = self._chunk.find(b'"', self._at)
            stop = len(self._chunk) if end < 0 else end
            raw = held + self._chunk[self._at : stop]
            self._at = stop
            if end >= 0:
                self._at += 1
                yield _unescaped(raw)
                return
            cut = raw.rfind(b"\\", max(0, len(raw) - _LONGEST_ESCAPE))
            held = raw[cut:] if cut >= 0 else b""
            yield _unescaped(raw[:cut] if cut >= 0 else raw)
        raise _not_closed()


def _unescaped(raw: bytes) -> bytes:
    return _ESCAPE.sub(_character, raw) if b"\\" in raw else raw


def _without_space(text: bytes) -> bytes:
    return text.translate(None, _SPACE)


def _character(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        return _ESCAPED.get(found[2], _JUNK)
    character = chr(int(found[1], 16))
    if character in "\t\n\r":
        return _SPACE
    return character.encode() if character.isascii() else _JUNK


def _decode(text: bytes) -> bytes | None:
    """Return what a text of whole groups holds; None if it is no base64."""
    try:
        return pybase64.b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None


async def _rejoined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in rest:
        yield piece


class BadBase64(InvalidRequest):
    """A file's text is no base64."""


def _bad_base64() -> BadBase64:
    return BadBase64("A file's text is no base64: letters, digits, + and /, with = at its end to a multiple of 4.")


def _not_closed() -> InvalidRequest:
    return InvalidRequest("The body is not JSON: a text has no closing quote.")
