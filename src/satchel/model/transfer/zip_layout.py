"""Zip archives whose every byte follows from names, sizes and CRCs: members stored, not compressed (APPNOTE 6.3).

Nothing here reads or writes. The length of each part follows from names and sizes alone, so that an archive's length is
known before its first byte, and any range of it can be generated without the rest (docs/adr/0014).
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

_LOCAL = struct.Struct("<4s5H3I2H")
_RECORD = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR_64 = struct.Struct("<4sIQI")
_TIMES = struct.Struct("<2HBI")
_LARGE_HEAD = struct.Struct("<2H")

_FULL_16 = 0xFFFF
_FULL_32 = 0xFFFF_FFFF
"""The placeholder in a 32-bit field whose value is in a 64-bit field elsewhere."""

_PLAIN_VERSION = 20
_LARGE_VERSION = 45
_MADE_BY_UNIX = 3 << 8
_UTF_8 = 0x0800
_REGULAR_FILE = 0o100644 << 16
_TIMES_TAG = 0x5455
_LARGE_TAG = 0x0001
_MODIFIED_ONLY = 1
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_LATEST = datetime(2038, 1, 19, tzinfo=UTC)
"""The times that both the old format (from 1980) and the extended one (signed 32 bits) can represent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """One file of an archive; `path` has slashes between its folders, `crc32` is unsigned."""

    path: str
    size: int
    crc32: int
    modified_at: datetime


def header(member: ArchiveMember) -> bytes:
    """Return the header of a member."""
    name = member.path.encode()
    is_large = member.size >= _FULL_32
    size = min(member.size, _FULL_32)
    extra = _times(member.modified_at) + (_large(member.size, member.size) if is_large else b"")
    return (
        _LOCAL.pack(
            b"PK\x03\x04",
            _LARGE_VERSION if is_large else _PLAIN_VERSION,
            _UTF_8,
            0,
            *_dos_time(member.modified_at),
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def header_bytes(path: str, size: int) -> int:
    """Return the length of a member's header."""
    return _LOCAL.size + len(path.encode()) + _TIMES.size + (_large_bytes(2) if size >= _FULL_32 else 0)


def record(member: ArchiveMember, offset: int) -> bytes:
    """Return a member's record in the directory; `offset` is that of its header."""
    name = member.path.encode()
    numbers = _over(member.size, offset)
    size = min(member.size, _FULL_32)
    extra = _times(member.modified_at) + (_large(*numbers) if numbers else b"")
    version = _LARGE_VERSION if numbers else _PLAIN_VERSION
    return (
        _RECORD.pack(
            b"PK\x01\x02",
            _MADE_BY_UNIX | version,
            version,
            _UTF_8,
            0,
            *_dos_time(member.modified_at),
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            _REGULAR_FILE,
            min(offset, _FULL_32),
        )
        + name
        + extra
    )


def record_bytes(path: str, size: int, offset: int) -> int:
    """Return the length of a member's record in the directory."""
    numbers = _over(size, offset)
    return _RECORD.size + len(path.encode()) + _TIMES.size + (_large_bytes(len(numbers)) if numbers else 0)


def ending(members: int, directory_offset: int, directory_bytes: int) -> bytes:
    """Return the end of an archive with this number of members, and a directory at this offset and of this length."""
    is_large = members >= _FULL_16 or directory_offset >= _FULL_32 or directory_bytes >= _FULL_32
    large = b""
    if is_large:
        large = _END_64.pack(
            b"PK\x06\x06",
            _END_64.size - 12,  # the length after this number
            _MADE_BY_UNIX | _LARGE_VERSION,
            _LARGE_VERSION,
            0,
            0,
            members,
            members,
            directory_bytes,
            directory_offset,
        ) + _LOCATOR_64.pack(b"PK\x06\x07", 0, directory_offset + directory_bytes, 1)
    count = min(members, _FULL_16)
    size, offset = min(directory_bytes, _FULL_32), min(directory_offset, _FULL_32)
    return large + _END.pack(b"PK\x05\x06", 0, 0, count, count, size, offset, 0)


def _over(size: int, offset: int) -> list[int]:
    """Return the numbers of a record that need 64 bits, in order: both sizes, then the offset."""
    return [size, size] * (size >= _FULL_32) + [offset] * (offset >= _FULL_32)


def _large(*numbers: int) -> bytes:
    return _LARGE_HEAD.pack(_LARGE_TAG, 8 * len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)


def _large_bytes(numbers: int) -> int:
    return _LARGE_HEAD.size + 8 * numbers


def _times(at: datetime) -> bytes:
    seconds = int(min(max(at, _EARLIEST), _LATEST).timestamp())
    return _TIMES.pack(_TIMES_TAG, _TIMES.size - _LARGE_HEAD.size, _MODIFIED_ONLY, seconds)


def _dos_time(at: datetime) -> tuple[int, int]:
    """Return the time and the date in the old format, in UTC and to two seconds."""
    utc = min(max(at.astimezone(UTC), _EARLIEST), _LATEST)
    return (
        utc.hour << 11 | utc.minute << 5 | utc.second // 2,
        (utc.year - _EARLIEST.year) << 9 | utc.month << 5 | utc.day,
    )
