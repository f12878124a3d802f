"""Forms, however they are cut."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import InvalidRequest
from satchel.surfaces.kit.multipart import read_parts

BOUNDARY = b"Xy"
TYPE = "multipart/form-data; boundary=Xy"

# bytes that look like the delimiter as often as not
CONTENT = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"X", b"Xy", b"\r\n--X", b"\r\n--", b"a", b"\x00"]), max_size=12
).map(b"".join)
CUTS = st.lists(st.integers(0, 400), max_size=12)

Parts = list[tuple[str, str | None, bytes]]


def form(parts: list[bytes]) -> bytes:
    body = b""
    for number, content in enumerate(parts):
        body += b'--Xy\r\nContent-Disposition: form-data; name="n%d"; filename="f"\r\n\r\n' % number + content + b"\r\n"
    return body + b"--Xy--\r\n"


def is_clean(content: bytes) -> bool:
    return b"\r\n--Xy" not in b"\r\n" + content + b"\r\n"


def read(body: bytes, cuts: list[int]) -> Parts:
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]

    async def arriving() -> AsyncIterator[bytes]:
        for start, stop in pairwise(places):
            yield body[start:stop]

    async def gather() -> Parts:
        return [
            (part.name, part.filename, b"".join([chunk async for chunk in part.chunks()]))
            async for part in read_parts(TYPE, arriving())
        ]

    return asyncio.run(gather())


@given(st.lists(CONTENT.filter(is_clean), max_size=4), CUTS)
def test_every_cut_gives_the_same_parts(contents: list[bytes], cuts: list[int]) -> None:
    expected = [(f"n{number}", "f", content) for number, content in enumerate(contents)]
    assert read(form(contents), cuts) == expected


@given(st.lists(CONTENT.filter(is_clean), min_size=1, max_size=3), CUTS, st.data())
def test_a_form_that_ends_early_is_never_taken(contents: list[bytes], cuts: list[int], data: st.DataObject) -> None:
    body = form(contents)
    whole_without_its_last_line_end = len(body) - 2
    length = data.draw(st.integers(0, len(body) - 1).filter(lambda n: n != whole_without_its_last_line_end))
    with pytest.raises(InvalidRequest):
        read(body[:length], cuts)


@given(st.lists(CONTENT, max_size=3).map(form) | st.binary(max_size=80), CUTS, CUTS)
def test_no_cut_changes_whether_a_body_is_a_form(body: bytes, cuts: list[int], other_cuts: list[int]) -> None:
    def outcome(places: list[int]) -> Parts | None:
        try:
            return read(body, places)
        except InvalidRequest:
            return None

    assert outcome(cuts) == outcome(other_cuts)


@given(CONTENT.filter(is_clean), st.binary(max_size=20), st.binary(max_size=20), CUTS)
def test_whatever_is_before_and_after_a_form_is_ignored(
    content: bytes, before: bytes, after: bytes, cuts: list[int]
) -> None:
    preamble = before.replace(b"--Xy", b"") + b"\r\n"
    assert read(preamble + form([content]) + after, cuts) == [("n0", "f", content)]


@given(CONTENT.filter(is_clean), st.binary(min_size=1, max_size=20).filter(lambda tail: tail[:1] not in b"\r \t"), CUTS)
def test_nothing_may_follow_the_closing_boundary_on_its_line(content: bytes, tail: bytes, cuts: list[int]) -> None:
    with pytest.raises(InvalidRequest):
        read(form([content])[:-2] + tail, cuts)
