"""What commands print of others' texts: shown, and never acted on by the terminal."""

import pytest

from satchel.cli import output
from satchel.model.errors import Finding, InvalidBundle, InvalidRequest, InvalidValues
from satchel.model.faults import FieldFault

TITLE = "\x1b]0;owned\x07\x1b[2J"
FORGED = "x\nerror: another line\r\u2028and one\u202etxt.exe"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return all that was printed."""
    got = capsys.readouterr()
    return got.out + got.err


@pytest.mark.parametrize("text", [TITLE, FORGED, "a\x9bb", "\x00", "\ud800"])
def test_a_cell_of_a_table_is_one_line_of_visible_characters(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["title"], [(text, 1)])

    found = printed(capsys)

    assert found.endswith("\t1\n")
    assert found.count("\n") == 1
    assert all(one.isprintable() for one in found.replace("\n", "").replace("\t", ""))


def test_an_error_is_one_line_whatever_it_quotes(capsys: pytest.CaptureFixture[str]) -> None:
    output.report(InvalidRequest(f"There is no {TITLE}{FORGED}."))

    found = printed(capsys)

    assert found.count("\n") == 1
    assert all(one.isprintable() for one in found.rstrip("\n"))


def test_faults_and_findings_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    output.report(InvalidValues([FieldFault(field=FORGED, code="type", message=TITLE)]))
    output.report(
        InvalidBundle([Finding(code="x", file="app.yaml", line=1, element=None, message=FORGED, severity="error")])
    )

    lines = printed(capsys).splitlines()

    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)


def test_what_quotes_others_is_one_line_without_styles(capsys: pytest.CaptureFixture[str]) -> None:
    output.say(f"deployed [link=https://x.example]{FORGED}[/link]")
    output.note(f"error: {TITLE}", style="red")

    lines = printed(capsys).splitlines()

    assert len(lines) == 2
    assert lines[0].startswith("deployed [link=https://x.example]x error")
    assert all(line.isprintable() for line in lines)


def test_what_is_printed_otherwise_keeps_its_lines_and_loses_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    output.out.print(f"first\nsecond {TITLE}", markup=False)

    assert printed(capsys) == "first\nsecond \ufffd]0;owned\ufffd\ufffd[2J\n"
