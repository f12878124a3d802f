"""Texts in the XML of calls: what no XML document may hold is replaced."""

import pytest

from satchel.model.bodies import escaped
from satchel.model.safe_xml import parse_xml
from satchel.model.services import TextKind


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b", "\ufffe", "\uffff", "\ud800"])
def test_a_character_that_xml_cannot_hold_becomes_the_replacement_character(character: str) -> None:
    text = escaped(f"a{character}b", TextKind.XML)

    assert parse_xml(f"<a>{text}</a>".encode()).text == "a\ufffdb"
