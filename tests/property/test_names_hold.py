"""Names stay safe whatever the text."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from satchel.model.transfer.names import (
    FolderNames,
    content_disposition,
    extension,
    folder_key,
    parse_disposition,
    safe_name,
)

ANY_TEXT = st.text(st.characters(), max_size=300) | st.text(
    st.sampled_from('a.é /\\:"\u202e\x00ä%\u0301;=\r\n'), max_size=60
)


@given(ANY_TEXT)
def test_a_safe_name_is_safe_and_stays_itself(text: str) -> None:
    name = safe_name(text)
    assert name
    assert safe_name(name) == name
    assert not set(name) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    assert len(name.encode()) <= 255
    assert name == name.strip().rstrip(".")
    assert unicodedata.is_normalized("NFC", name)


@given(st.text(min_size=1, max_size=400), st.sampled_from([".pdf", ".tar.gz", ".JPEG"]))
def test_a_short_extension_survives(stem: str, ending: str) -> None:
    assert extension(safe_name(stem + "x" + ending)) == extension(
        ending.rpartition(".")[0] + "x" + "." + ending.rpartition(".")[2]
    )


@given(
    st.lists(
        st.sampled_from(["a", "A", "a (2)", "a (2) (2)", "b.txt", "B.TXT", "", "é", "e\u0301", "x" * 255]), max_size=30
    )
)
def test_no_two_names_of_a_folder_meet(texts: list[str]) -> None:
    folder = FolderNames()
    names = [folder.take(text) for text in texts]
    assert len({folder_key(name) for name in names}) == len(names)
    assert all(safe_name(name) == name for name in names)


@given(ANY_TEXT)
def test_a_disposition_that_we_write_can_be_read(text: str) -> None:
    header = content_disposition("attachment", text)
    assert header.isascii()
    assert header.isprintable()
    assert parse_disposition(header).filename == safe_name(text)
