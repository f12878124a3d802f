"""Names of files in replies: read however servers write them, completed by what the bytes are."""

import pytest

from satchel.model.transfer.reply_names import address_name, complete_name, disposition_name

PDF = b"%PDF-1.7\n"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("attachment; filename=report.pdf", "report.pdf"),
        ("attachment; filename=bare name.pdf", "bare name.pdf"),
        ("attachment;filename = bare name.pdf ; size=12", "bare name.pdf"),
        ("filename=bare name.pdf", "bare name.pdf"),
        ('ATTACHMENT; FILENAME="a.pdf"', "a.pdf"),
        ('attachment; filename="a;b=c.pdf"', "a;b=c.pdf"),
        (r'attachment; filename="a \"b\".pdf"', "a _b_.pdf"),
        (r'attachment; filename="C:\scans\a.pdf"', "a.pdf"),
        (r"attachment; filename=C:\scans\my file.pdf", "my file.pdf"),
        ('attachment; filename="../../etc/a.pdf"', "a.pdf"),
        ("attachment; filename=/srv/out/a.pdf", "a.pdf"),
        ('attachment; filename="no end.pdf', "no end.pdf"),
        ("attachment; filename='single.pdf'", "'single.pdf'"),
        ('attachment; filename="it\'s 5" disk.pdf"', "it's 5_ disk.pdf"),
        ('attachment; filename="a.pdf"; filename="b.pdf"', "a.pdf"),
        ("attachment; filename*=UTF-8''gr%C3%BCn%20b.pdf", "grün b.pdf"),
        ("attachment; filename*=utf-8'de'gr%C3%BCn.pdf; filename=g.pdf", "grün.pdf"),
        ("attachment; filename=\"g.pdf\"; filename*=UTF-8''gr%C3%BCn.pdf", "grün.pdf"),
        ("attachment; filename*=ISO-8859-1''gr%FCn.pdf", "grün.pdf"),
        ("attachment; filename*=windows-1252''%80%2099.pdf", "\u20ac 99.pdf"),
        ("attachment; filename*=\"UTF-8''gr%C3%BCn.pdf\"", "grün.pdf"),
        ("attachment; filename*=gr%C3%BCn.pdf", "grün.pdf"),
        ("attachment; filename*=UTF-8''%FF%FE; filename=plain.pdf", "plain.pdf"),
        ("attachment; filename*=klingon''a.pdf; filename=plain.pdf", "plain.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fa.pdf", "a.pdf"),
        ("attachment; filename*0*=UTF-8''gr%C3%BCn; filename*1=\" und rot.pdf\"", "grün und rot.pdf"),
        ('attachment; filename*0="a"; filename*1="b.pdf"', "ab.pdf"),
        ('attachment; filename*1="b.pdf"; filename="c.pdf"', "c.pdf"),
        ('attachment; filename="=?UTF-8?B?UHLDvGZ1bmcucGRm?="', "Prüfung.pdf"),
        ("attachment; filename==?UTF-8?B?UHLDvGZ1bmcucGRm?=", "Prüfung.pdf"),
        ('attachment; filename="=?utf-8?q?Pr=C3=BCfung_2026.pdf?="', "Prüfung 2026.pdf"),
        ('attachment; filename="=?ISO-8859-1?Q?Pr=FCfung.pdf?="', "Prüfung.pdf"),
        ('attachment; filename="=?UTF-8?Q?Pr=C3=BC?= =?UTF-8?Q?fung.pdf?="', "Prüfung.pdf"),
        ('attachment; filename="=?UTF-8?Q?Pr=C3=BCfung?= (1).pdf"', "Prüfung (1).pdf"),
        ('attachment; filename="=?klingon?Q?a.pdf?="', "=_klingon_Q_a.pdf_="),
        ('attachment; filename="Pr%C3%BCfung%20neu.pdf"', "Prüfung neu.pdf"),
        ('attachment; filename="100%25 sure %20.pdf"', "100%25 sure %20.pdf"),
        ('attachment; filename="größe.pdf"', "größe.pdf"),
        ("attachment", None),
        ("inline;", None),
        ("", None),
        ("attachment; filename=", None),
        ('attachment; filename=""', None),
        ('attachment; filename="/"', None),
        ('attachment; filename="a\x1fb.pdf"', None),
        ('attachment; filename="a\r\nb.pdf"', None),
        ('attachment; name="a.pdf"', None),
    ],
)
def test_a_name_is_read_however_a_server_writes_it(value: str, name: str | None) -> None:
    assert disposition_name(value) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/archive", "archive"),
        ("/reports/r%C3%A9sum%C3%A9.pdf", "résumé.pdf"),
        ("/archive/", "archive"),
        ("/a/..%2f..%2fpasswd", "passwd"),
        ("/", None),
        ("/%00", "_"),
    ],
)
def test_an_address_names_what_it_gives_by_its_last_segment(path: str, name: str | None) -> None:
    assert address_name(path) == name


@pytest.mark.parametrize(
    ("said", "address", "head", "kind", "name"),
    [
        (None, "archive", PDF, "application/pdf", "archive.pdf"),
        (None, "archive", PDF, None, "archive.pdf"),
        (None, "archive", PDF, "application/octet-stream", "archive.pdf"),
        (None, None, PDF, None, "file.pdf"),
        ("receipt", "archive.txt", PDF, None, "receipt.pdf"),
        ("receipt.txt", "archive", PDF, None, "receipt.txt"),
        (None, "r.txt", PDF, None, "r.txt"),
        (None, "download.php", PDF, None, "download.php.pdf"),
        (None, "v1.2", PDF, None, "v1.2.pdf"),
        ("Contract 1.2", None, PDF, None, "Contract 1.2"),
        (None, "table", b"a,b\n1,2\n", "text/csv; charset=utf-8", "table.csv"),
        (None, "letter", b"PK\x03\x04", DOCX, "letter.docx"),
        (None, "data", b"\x00\x01", "application/octet-stream", "data"),
        (None, "x" * 255, PDF, None, "x" * 251 + ".pdf"),
    ],
)
def test_a_name_without_an_ending_gets_that_of_the_type(
    said: str | None, address: str | None, head: bytes, kind: str | None, name: str
) -> None:
    assert complete_name(said, address, head=head, said_type=kind, accept=()) == name


def test_of_several_endings_of_one_type_the_field_chooses() -> None:
    jpeg = b"\xff\xd8\xff\xe0"
    assert complete_name(None, "photo", head=jpeg, said_type=None, accept=(".jpeg",)) == "photo.jpeg"
    assert complete_name(None, "photo", head=jpeg, said_type=None, accept=(".png",)) == "photo.jpg"
