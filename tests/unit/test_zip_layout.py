"""Archives as Python's own reader and other programs see them."""

import io
import shutil
import subprocess
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from satchel.model.transfer import zip_layout
from satchel.model.transfer.zip_layout import ArchiveMember

AT = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
GIBIBYTE = 2**30


def archive(files: dict[str, bytes]) -> bytes:
    """Return an archive of small files."""
    body, directory = bytearray(), bytearray()
    for path, data in files.items():
        member = ArchiveMember(path=path, size=len(data), crc32=zlib.crc32(data), modified_at=AT)
        directory += zip_layout.record(member, len(body))
        body += zip_layout.header(member) + data
    return bytes(body + directory + zip_layout.ending(len(files), len(body), len(directory)))


class Sparse(io.RawIOBase):
    """A file of which only some places hold anything but zeros."""

    def __init__(self, size: int, places: dict[int, bytes]) -> None:
        self.size, self.places, self.at = size, places, 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + {0: 0, 1: self.at, 2: self.size}[whence]
        return self.at

    def tell(self) -> int:
        return self.at

    def read(self, size: int | None = -1) -> bytes:
        size = self.size - self.at if size is None or size < 0 else min(size, self.size - self.at)
        data = bytearray(size)
        for start, piece in self.places.items():
            first, last = max(start, self.at), min(start + len(piece), self.at + size)
            if first < last:
                data[first - self.at : last - self.at] = piece[first - start : last - start]
        self.at += size
        return bytes(data)


def test_an_archive_is_read_by_pythons_own_reader() -> None:
    files = {"a/one.txt": b"one", "b/ünï☃.bin": bytes(range(256)), "empty": b""}
    with zipfile.ZipFile(io.BytesIO(archive(files))) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == files
        assert read.getinfo("empty").date_time == (2026, 3, 14, 15, 9, 26)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs unzip, which not every machine has")
def test_an_archive_is_read_by_unzip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(archive({"a/one.txt": b"one", "b/ünï☃.bin": bytes(256)}))
    told = subprocess.run(["unzip", "-t", tmp_path / "a.zip"], check=True, capture_output=True)
    assert b"No errors detected" in told.stdout


def test_more_members_than_16_bits_count_are_all_there() -> None:
    files = {f"{n}.txt": b"" for n in range(66_000)}
    with zipfile.ZipFile(io.BytesIO(archive(files))) as read:
        assert len(read.namelist()) == 66_000
        assert read.read("65999.txt") == b""


def test_members_and_offsets_over_four_gibibytes_are_read() -> None:
    large = ArchiveMember(path="large.bin", size=5 * GIBIBYTE, crc32=1, modified_at=AT)
    after = ArchiveMember(path="after.txt", size=5, crc32=zlib.crc32(b"after"), modified_at=AT)
    first = zip_layout.header(large)
    second_at = len(first) + large.size
    second = zip_layout.header(after) + b"after"
    directory_at = second_at + len(second)
    directory = zip_layout.record(large, 0) + zip_layout.record(after, second_at)
    end = zip_layout.ending(2, directory_at, len(directory))
    size = directory_at + len(directory) + len(end)
    places = {0: first, second_at: second, directory_at: directory + end}
    with zipfile.ZipFile(Sparse(size, places)) as read:
        assert read.getinfo("large.bin").file_size == large.size
        assert read.getinfo("after.txt").header_offset == second_at
        assert read.read("after.txt") == b"after"


@pytest.mark.parametrize("size", [0, 1, 2**32 - 2, 2**32 - 1, 2**32, 2**40])
@pytest.mark.parametrize("offset", [0, 2**32 - 2, 2**32 - 1, 2**33])
def test_lengths_are_known_before_the_bytes(size: int, offset: int) -> None:
    member = ArchiveMember(path="ü/name.txt", size=size, crc32=7, modified_at=AT)
    assert len(zip_layout.header(member)) == zip_layout.header_bytes(member.path, size)
    assert len(zip_layout.record(member, offset)) == zip_layout.record_bytes(member.path, size, offset)


@pytest.mark.parametrize("year", [1601, 1970, 9999])
def test_times_that_the_form_cannot_say_become_the_nearest(year: int) -> None:
    member = ArchiveMember(path="a", size=0, crc32=0, modified_at=datetime(year, 1, 1, tzinfo=UTC))
    assert len(zip_layout.header(member)) == zip_layout.header_bytes("a", 0)
