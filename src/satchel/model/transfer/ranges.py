"""Conditional and partial requests: Range, If-Range, If-None-Match and the strong ETag of bytes (RFC 9110 §13, §14).

One range is served as 206. Several in one request are answered with the whole content, which the standard allows:
multipart/byteranges would need a parser in every client, and all known clients that request it also work without.
"""

import re
from dataclasses import dataclass

from satchel.model.errors import RangeNotSatisfiable

_UNIT = re.compile(r"\s*bytes\s*=", re.IGNORECASE)
_SPEC = re.compile(r"(\d*)-(\d*)", re.ASCII)
_ENTITY_TAG = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e\x80-\uffff]*")\s*(?:,|$)')
_MOST_DIGITS = 19
_VAST = 10**_MOST_DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Bytes from `start` (inclusive) to `stop` (exclusive) of a content of `size` bytes; never empty."""

    start: int
    stop: int
    size: int

    @property
    def content_range(self) -> str:
        """The Content-Range of a 206."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """Return the range of a Range header, or None for the whole content.

    Also None for headers that the standard says to ignore (another unit, malformed, a range that ends before it begins)
    and for several ranges, of which at least one could be served.

    Raises:
        RangeNotSatisfiable: the header is well formed and entirely outside the content.
    """
    if header is None or not (unit := _UNIT.match(header)):
        return None
    specs = [spec.strip() for spec in header[unit.end() :].split(",")]
    specs = [spec for spec in specs if spec]
    found: list[ByteRange] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or not (match[1] or match[2]):
            return None
        first, last = _number(match[1]), _number(match[2])
        if first is not None and last is not None and last < first:
            return None
        if one := _one_range(first, last, size):
            found.append(one)
    if not specs or (size == 0 and any(spec.startswith("-") and _number(spec[1:]) for spec in specs)):
        return None
    if not found:
        raise RangeNotSatisfiable(size)
    return found[0] if len(specs) == 1 else None


def may_use_range(if_range: str | None, current: str) -> bool:
    """Return whether If-Range allows a Range: it is absent, or equals this strong ETag; a date never does."""
    return if_range is None or if_range.strip() == current


def is_unchanged(if_none_match: str | None, current: str) -> bool:
    """Return whether If-None-Match names the ETag, compared weakly as the standard requires, or is `*`."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    at = 0
    while match := _ENTITY_TAG.match(if_none_match, at):
        if match[1] == current:
            return True
        at = match.end()
    return False


def _one_range(first: int | None, last: int | None, size: int) -> ByteRange | None:
    if first is None:
        start, stop = max(0, size - (last or 0)), size
    else:
        start, stop = first, size if last is None else min(last + 1, size)
    return ByteRange(start=start, stop=stop, size=size) if start < stop else None


def _number(digits: str) -> int | None:
    """Return the number; a very long one is replaced by one past every end, without parsing its digits."""
    if not digits:
        return None
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MOST_DIGITS else _VAST
