"""Bundles out of zips that may be hostile."""

import io
import stat
import struct
import zipfile

import pytest

from satchel.model.app_yaml.archive import MAX_ARCHIVE_BYTES, MAX_MEMBERS, unpack_bundle
from satchel.model.errors import InvalidBundle

FILES = {"app.yaml": b"code: A\n", "process.bpmn": b"<x/>"}


def zipped(files: dict[str, bytes], *, folder: str = "", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression=compression) as archive:
        for name, data in files.items():
            archive.writestr(folder + name, data)
    return out.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(InvalidBundle) as raised:
        unpack_bundle(data)
    (finding,) = raised.value.findings
    return finding.code


@pytest.mark.parametrize("folder", ["", "product-evaluation/"])
def test_the_two_files_are_found_at_the_top_or_in_one_folder(folder: str) -> None:
    extra = {"README.md": b"read me", "icons/a.png": b"\x89PNG"}

    assert unpack_bundle(zipped(FILES | extra, folder=folder)) == FILES


def test_what_an_operating_system_leaves_in_a_zip_is_ignored() -> None:
    data = zipped({"a/app.yaml": b"x", "a/process.bpmn": b"y", "a/.DS_Store": b"z", "__MACOSX/a/._app.yaml": b"z"})

    assert unpack_bundle(data) == {"app.yaml": b"x", "process.bpmn": b"y"}


def test_files_deeper_than_one_folder_are_not_found() -> None:
    assert unpack_bundle(zipped(FILES, folder="a/b/")) == {}


@pytest.mark.parametrize(
    "name", ["../app.yaml", "/app.yaml", "a/../app.yaml", "a\\app.yaml", "C:/app.yaml", "a//b", "./a"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    assert refused(zipped({**FILES, name: b""})) == "archive_name"


def test_a_name_that_stands_twice_is_refused_whatever_its_case() -> None:
    assert refused(zipped({**FILES, "APP.yaml": b""})) == "archive_name"


def test_a_file_that_unpacks_beyond_its_limit_is_refused() -> None:
    assert refused(zipped({**FILES, "app.yaml": b"#" * 60_000_000})) == "document_too_large"


def test_a_bomb_beside_the_two_files_is_never_unpacked() -> None:
    assert unpack_bundle(zipped({**FILES, "bomb.bin": b"\0" * 200_000_000})) == FILES


def test_a_size_that_lies_unpacks_no_more_than_it_says() -> None:
    data = bytearray(zipped({**FILES, "app.yaml": b"#" * 5000}))
    place = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x01\x02"))
    struct.pack_into("<I", data, place + 24, 10)

    assert refused(bytes(data)) == "archive"


def test_too_many_members_or_bytes_are_refused() -> None:
    assert refused(zipped({f"f{number}": b"" for number in range(MAX_MEMBERS + 1)})) == "archive_too_large"
    assert refused(b"P" * (MAX_ARCHIVE_BYTES + 1)) == "archive_too_large"


def test_an_encrypted_file_is_refused() -> None:
    data = bytearray(zipped({"app.yaml": b"x"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(signature) + offset] |= 1

    assert refused(bytes(data)) == "archive"


def test_a_symbolic_link_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo("app.yaml")
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")

    assert refused(out.getvalue()) == "archive_name"


def test_unusual_compression_is_refused() -> None:
    assert refused(zipped(FILES, compression=zipfile.ZIP_LZMA)) == "archive"


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip", zipped(FILES)[:-30], zipped(FILES)[40:]])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    assert refused(data) == "archive"


def test_damaged_bytes_are_refused() -> None:
    data = bytearray(zipped({"app.yaml": b"code: A\n" * 100}, compression=zipfile.ZIP_STORED))
    data[60] ^= 0xFF

    assert refused(bytes(data)) == "archive"
