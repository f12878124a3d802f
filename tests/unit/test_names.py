"""File names."""

import pytest

from satchel.model.errors import BadFile, InvalidRequest
from satchel.model.transfer.names import (
    Disposition,
    FolderNames,
    clean_upload_name,
    content_disposition,
    decode_header,
    extension,
    format_upload_metadata,
    parse_disposition,
    parse_upload_metadata,
    safe_name,
)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("plain.pdf", "plain.pdf"),
        ("Übersicht 2026.pdf", "Übersicht 2026.pdf"),
        ("e\u0301te\u0301.txt", "\u00e9t\u00e9.txt"),
        ('a/b\\c:d*e?f"g<h>i|j.txt', "a_b_c_d_e_f_g_h_i_j.txt"),
        ("line\nbreak\x00\x7f.txt", "line_break__.txt"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("trailing. . .", "trailing"),
        ("  spaced.txt  ", "spaced.txt"),
        ("CON", "_CON"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("lpt¹.txt", "_lpt¹.txt"),
        ("console.txt", "console.txt"),
        ("..", "file"),
        ("", "file"),
        (".bashrc", ".bashrc"),
        ("broken\udcff.txt", "broken_.txt"),
        ("../../etc/passwd", ".._.._etc_passwd"),
    ],
)
def test_a_name_is_made_safe(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_a_long_name_keeps_its_extension() -> None:
    name = safe_name("ä" * 300 + ".tar.gz")
    assert len(name.encode()) <= 255
    assert name.endswith("ä.gz")


def test_an_endless_extension_is_cut_like_the_rest() -> None:
    assert safe_name("a." + "x" * 300) == ("a." + "x" * 300)[:255]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("C:\\Users\\ada\\report.pdf", "report.pdf"),
        ("/srv/scans/report.pdf", "report.pdf"),
        ("a/b\\c.txt", "c.txt"),
        ("report.pdf", "report.pdf"),
    ],
)
def test_an_upload_loses_its_path(given: str, name: str) -> None:
    assert clean_upload_name(given) == name


@pytest.mark.parametrize("given", ["", "folder/", "..", " . ", "C:\\"])
def test_an_upload_needs_a_name(given: str) -> None:
    with pytest.raises(BadFile) as refusal:
        clean_upload_name(given)
    assert refusal.value.code == "empty_file_name"


def test_names_in_a_folder_differ_by_more_than_case_and_composition() -> None:
    folder = FolderNames()
    given = ["a.pdf", "A.PDF", "a.pdf", "\u00e9", "E\u0301", "straße", "STRASSE", "a (2).pdf"]
    assert [folder.take(name) for name in given] == [
        "a.pdf",
        "A (2).PDF",
        "a (3).pdf",
        "\u00e9",
        "\u00c9 (2)",
        "straße",
        "STRASSE (2)",
        "a (2) (2).pdf",
    ]


@pytest.mark.parametrize(
    ("name", "ending"), [("a.PDF", ".pdf"), ("a", ""), (".bashrc", ""), ("a.", ""), ("a.tar.gz", ".gz")]
)
def test_the_extension_is_what_follows_the_last_dot(name: str, ending: str) -> None:
    assert extension(name) == ending


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("plain.pdf", 'attachment; filename="plain.pdf"'),
        ("Preisübersicht.pdf", "attachment; filename=\"Preisubersicht.pdf\"; filename*=UTF-8''Preis%C3%BCbersicht.pdf"),
        ("価格.pdf", "attachment; filename=\"file.pdf\"; filename*=UTF-8''%E4%BE%A1%E6%A0%BC.pdf"),
        ("100%41.txt", "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ('a"; x="b\r\nSet-Cookie: c', 'attachment; filename="a_; x=_b__Set-Cookie_ c"'),
    ],
)
def test_a_disposition_is_written_for_old_and_new_readers(name: str, header: str) -> None:
    assert content_disposition("attachment", name) == header


@pytest.mark.parametrize(
    ("header", "name", "filename"),
    [
        ('form-data; name="file"; filename="a b.pdf"', "file", "a b.pdf"),
        ("form-data; name=file; filename=a.pdf", "file", "a.pdf"),
        ('FORM-DATA; NAME="file"', "file", None),
        ('form-data; name="f"; filename="say %22hi%22.txt"', "f", 'say "hi".txt'),
        ('form-data; name="f"; filename="say \\"hi\\".txt"', "f", 'say "hi".txt'),
        ('form-data; name="f"; filename="C:\\dir\\a.txt"', "f", "C:\\dir\\a.txt"),
        ('form-data; name="f"; filename="x"; filename*=UTF-8\'\'%E4%BE%A1.pdf', "f", "価.pdf"),
        ("attachment; filename*=iso-8859-1'de'%FCber.txt", None, "über.txt"),
    ],
)
def test_a_disposition_is_read(header: str, name: str | None, filename: str | None) -> None:
    read = parse_disposition(header)
    assert (read.name, read.filename) == (name, filename)


def test_a_lone_extended_name_is_told_apart() -> None:
    assert parse_disposition("form-data; name=f; filename*=UTF-8''a") == Disposition(
        kind="form-data", name="f", filename="a", has_plain_filename=False
    )


@pytest.mark.parametrize(
    "header",
    [
        "",
        "; name=a",
        'form-data; name="a"; name="b"',
        'form-data; name="a"; NAME="b"',
        'form-data; name="a',
        'form-data; name="a" filename="b"',
        "form-data; name=",
        "form-data; name=a b",
        'form-data; name="a\x00b"',
        "form-data; name=a; filename*=utf-8''%ff",
        "form-data; name=a; filename*=plain",
        "form-data; name=a; filename*=koi8-r''a",
    ],
)
def test_a_malformed_disposition_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_disposition(header)


def test_a_header_is_utf8_or_else_latin_1() -> None:
    assert decode_header("ü".encode()) == "ü"
    assert decode_header("ü".encode("latin-1")) == "ü"


def test_upload_metadata_goes_both_ways() -> None:
    metadata = {"filename": "価格.pdf", "is_draft": "", "filetype": "application/pdf"}
    assert parse_upload_metadata(format_upload_metadata(metadata)) == metadata
    assert parse_upload_metadata("") == {}
    assert parse_upload_metadata("filename d29ybGQ=, b") == {"filename": "world", "b": ""}


@pytest.mark.parametrize("text", ["filename !!!", "a YQ==,a YQ==", ",", "a YQ==,,b", "ü YQ==", "a /w==", "a" * 9000])
def test_malformed_upload_metadata_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_upload_metadata(text)
