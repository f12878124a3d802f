"""Media types by content."""

import io
import zipfile

import pytest
from PIL import Image

from satchel.model.transfer.media import (
    essence,
    is_image,
    is_json,
    matches_accept,
    may_show_inline,
    media_type,
    served_type,
)

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
HTML = b"<!-- hello --> <html><script>alert(1)</script>"
SVG = b'<?xml version="1.0"?>\n<!-- a --><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def picture(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, kind)
    return stream.getvalue()


def archive(*members: str, first: tuple[str, str] | None = None) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        if first:
            zipped.writestr(*first)
        for member in members:
            zipped.writestr(member, "x")
    return stream.getvalue()


OOXML = "application/vnd.openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("head", "name", "declared", "expected"),
    [
        (PDF, "a.pdf", None, "application/pdf"),
        (PDF, "a.txt", "text/plain", "application/pdf"),
        (b"not a pdf \x00", "a.pdf", "application/pdf", "application/octet-stream"),
        (b"not a pdf", "a.pdf", "application/pdf", "text/plain"),
        (HTML, "a.png", "image/png", "text/html"),
        (HTML, "a.txt", "text/plain", "text/html"),
        (b"\xef\xbb\xbf  <!DOCTYPE html><p>", "a.csv", None, "text/html"),
        (SVG, "a.png", "image/png", "image/svg+xml"),
        (SVG, "a.svg", None, "image/svg+xml"),
        (b"<root/>", "a.xml", None, "application/xml"),
        (b'<?xml version="1.0"?><definitions/>', "process.bpmn", None, "application/xml"),
        (b"<?xml version='1.0'?><a/>", "a.txt", None, "application/xml"),
        (b"if a < b and c > d: pass", "a.txt", None, "text/plain"),
        (b"a;b\r\n1;2\r\n", "a.csv", "application/vnd.ms-excel", "text/csv"),
        ("Größe;1\n".encode("latin-1"), "a.csv", None, "text/csv"),
        ("Größe;1\n".encode("latin-1"), "a.bin", None, "application/octet-stream"),
        ("ü".encode()[:1], "cut", None, "text/plain"),
        (b"", "a.txt", None, "text/plain"),
        (b"\x00\x01\x02", "a.dwg", "image/vnd.dwg", "application/octet-stream"),
        (b"\x00\x01\x02", "a.step", "Model/STEP; x=y", "model/step"),
        (b"\x00\x01\x02", "a.bin", "text/html", "application/octet-stream"),
        (b"\x00\x01\x02", "a.bin", "application/xhtml+xml", "application/octet-stream"),
        (b"\x00\x01\x02", "a.bin", "not a type\r\n", "application/octet-stream"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "a.xls", None, "application/vnd.ms-excel"),
        (b"ID3\x04", "a.mp3", None, "audio/mpeg"),
        (b"\x00\x00\x00\x18ftypmp42", "a.mp4", None, "video/mp4"),
        (b"\xff\xfeh\x00i\x00", "a.txt", None, "text/plain"),
        (b"a,b\n1,2\n", "file", "text/csv", "text/csv"),
        (b'{"a": 1}', "x", "application/json; charset=utf-8", "application/json"),
        (b'{"a": 1}', "x", "application/vnd.x+json", "application/vnd.x+json"),
        (b"a,b\n", "a.txt", "text/csv", "text/plain"),
        (b"a,b\n", "a.csv", "text/plain", "text/csv"),
        (b"a,b\n", "x", "application/pdf", "text/plain"),
        (b"a,b\n", "x", "image/png", "text/plain"),
        (b"hello", "x", "text/html", "text/plain"),
        (b"hello", "x", "text/javascript", "text/plain"),
        (b"hello", "x", "application/x-www-form-urlencoded", "text/plain"),
        (b"hello", "x", "application/octet-stream", "text/plain"),
        (b"<?xml version='1.0'?><gpx/>", "x", "application/gpx+xml", "application/gpx+xml"),
        (b"<?xml version='1.0'?><a/>", "x", "application/xhtml+xml", "application/xml"),
        (b"", "a.pdf", None, "application/pdf"),
        (b"", "x", "application/pdf", "application/pdf"),
        (b"", "x", None, "text/plain"),
        (b"", "a.png", "image/png", "application/octet-stream"),
        (b"", "x", "text/html", "application/octet-stream"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "x", "application/msword", "application/msword"),
        ("日本".encode("shift_jis"), "a.txt", "text/plain; charset=Shift_JIS", "text/plain; charset=shift_jis"),
        ("日本".encode("shift_jis"), "x", 'text/plain;charset="Shift_JIS"', "text/plain; charset=shift_jis"),
        ("Größe".encode("latin-1"), "a.csv", "text/csv; charset=windows-1252", "text/csv; charset=windows-1252"),
        (b"hello", "a.txt", "text/plain; charset=UTF-8", "text/plain"),
        (b"hello", "a.txt", "text/plain; charset=utf-7", "text/plain"),
        (b"hello", "a.txt", "text/plain; charset=hex", "text/plain"),
        (b"hello", "a.txt", "text/plain; charset=no-such", "text/plain"),
        (PDF, "a.pdf", "text/plain; charset=latin-1", "application/pdf"),
    ],
)
def test_the_content_decides(head: bytes, name: str, declared: str | None, expected: str) -> None:
    assert media_type(head, name, declared) == expected


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "avif", "tiff", "bmp"])
def test_pictures_are_recognised_without_a_name(kind: str) -> None:
    head = picture(kind)
    assert media_type(head, "x", "text/html") == f"image/{kind}"
    assert is_image(f"image/{kind}")
    assert not is_image("image/svg+xml")


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (archive("[Content_Types].xml", "word/document.xml"), "renamed.zip", f"{OOXML}wordprocessingml.document"),
        (archive("[Content_Types].xml", "xl/workbook.xml"), "x", f"{OOXML}spreadsheetml.sheet"),
        (archive("[Content_Types].xml", "ppt/slides.xml"), "x", f"{OOXML}presentationml.presentation"),
        (
            archive(first=("mimetype", "application/vnd.oasis.opendocument.text")),
            "x",
            "application/vnd.oasis.opendocument.text",
        ),
        (archive("a.txt"), "a.zip", "application/zip"),
        (archive("customXml/item.xml"), "a.docx", f"{OOXML}wordprocessingml.document"),
        (archive(), "a.zip", "application/zip"),
    ],
)
def test_zip_containers_are_told_apart(head: bytes, name: str, expected: str) -> None:
    assert media_type(head, name, None) == expected


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (f"{OOXML}wordprocessingml.document", f"{OOXML}wordprocessingml.document"),
        ("application/vnd.google-earth.kmz", "application/vnd.google-earth.kmz"),
        ("application/pdf", "application/zip"),
        ("text/plain", "application/zip"),
        ("application/octet-stream", "application/zip"),
    ],
)
def test_a_zip_container_without_an_ending_is_what_it_was_declared_as(declared: str, expected: str) -> None:
    assert media_type(archive("a.txt"), "x", declared) == expected


@pytest.mark.parametrize(
    ("kind", "head", "is_whole", "expected"),
    [
        ("text/plain", b"hello", True, "text/plain; charset=utf-8"),
        ("text/plain", b"hello", False, "text/plain"),
        ("text/plain", "Größe".encode(), False, "text/plain; charset=utf-8"),
        ("text/plain", "Größe".encode("latin-1"), True, "text/plain"),
        ("text/plain", "hi".encode("utf-16"), True, "text/plain"),
        ("text/plain; charset=shift_jis", "日本".encode("shift_jis"), True, "text/plain; charset=shift_jis"),
        ("text/csv", b"a,b", True, "text/csv"),
    ],
)
def test_a_charset_is_claimed_where_it_was_declared_or_the_bytes_show_it(
    *, kind: str, head: bytes, is_whole: bool, expected: str
) -> None:
    assert served_type(kind, head, is_whole=is_whole) == expected


def test_only_text_may_be_empty_where_a_type_is_asked_for() -> None:
    assert matches_accept((".csv",), "a.csv", media_type(b"", "a.csv"), is_empty=True)
    assert not matches_accept((".pdf",), "a.pdf", media_type(b"", "a.pdf"), is_empty=True)
    assert not matches_accept(("application/pdf",), "a", media_type(b"", "a", "application/pdf"), is_empty=True)


@pytest.mark.parametrize(
    ("accept", "name", "head", "expected"),
    [
        ((), "a.exe", b"MZ\x00", True),
        ((".pdf",), "a.PDF", PDF, True),
        ((".pdf",), "a.pdf", b"MZ\x00", False),
        ((".pdf",), "a.txt", PDF, False),
        (("application/pdf",), "a.pdf", PDF, True),
        (("application/pdf",), "a", PDF, True),
        (("application/pdf",), "a.html", PDF, False),
        (("image/*",), "a.png", HTML, False),
        (("image/*",), "a.jpg", picture("webp"), True),
        (("image/*",), "a.exe.png", picture("png"), True),
        (("image/*",), "a.pdf", picture("png"), False),
        ((".jpeg",), "a.jpg", picture("jpeg"), False),
        ((".png", ".jpg"), "a.jpg", picture("png"), False),
        ((".csv",), "a.csv", b"a,b\n", True),
        ((".zip",), "a.zip", archive("[Content_Types].xml", "word/document.xml"), True),
        ((".docx",), "a.docx", archive("a.txt"), True),
        ((".docx",), "a.docx", PDF, False),
        ((".dwg",), "a.dwg", b"AC1032\x00", True),
        (("*/*",), "a.exe", b"MZ\x00", True),
    ],
)
def test_a_field_accepts_by_name_and_content(
    *, accept: tuple[str, ...], name: str, head: bytes, expected: bool
) -> None:
    assert matches_accept(accept, name, media_type(head, name, None)) is expected


@pytest.mark.parametrize(
    ("kind", "head", "expected"),
    [
        ("application/pdf", PDF, True),
        ("application/pdf", HTML, False),
        ("image/png", picture("png"), True),
        ("image/png", picture("jpeg"), False),
        ("image/svg+xml", SVG, False),
        ("text/html", HTML, False),
        ("text/plain", b"hello", True),
        ("text/plain", HTML, False),
        ("text/plain", SVG, False),
        ("text/plain", b"\x00\x01", False),
        ("text/csv", b"a,b", False),
        ("image/tiff", picture("tiff"), False),
    ],
)
def test_only_harmless_types_are_shown_inline(*, kind: str, head: bytes, expected: bool) -> None:
    assert may_show_inline(kind, head) is expected


def test_hostile_markup_is_read_in_linear_time() -> None:
    assert media_type(b"<!-- --> " * 900 + b"<", "a.txt", None) == "text/plain"
    assert media_type(b"<!--" * 2000, "a.txt", None) == "text/plain"


@pytest.mark.parametrize(
    ("content_type", "kind", "json"),
    [
        ("Application/JSON; charset=utf-8", "application/json", True),
        (" application/problem+json ;v=1", "application/problem+json", True),
        ("text/json", "text/json", False),
        ('multipart/form-data; boundary="application/json"', "multipart/form-data", False),
        ("; charset=utf-8", "", False),
        (None, "", False),
    ],
)
def test_the_parameters_of_a_content_type_say_nothing_of_its_kind(
    *, content_type: str | None, kind: str, json: bool
) -> None:
    assert essence(content_type) == kind
    assert is_json(kind) is json
