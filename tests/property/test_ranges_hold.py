"""Ranges against the plain meaning of the words."""

from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import RangeNotSatisfiable
from satchel.model.transfer.ranges import parse_range


@given(
    st.text(max_size=40) | st.from_regex(r"bytes=[0-9]{0,3}-[0-9]{0,3}(,[0-9]{0,3}-[0-9]{0,3})*"), st.integers(0, 300)
)
def test_whatever_comes_a_range_lies_within_and_is_not_empty(header: str, size: int) -> None:
    try:
        found = parse_range(header, size)
    except RangeNotSatisfiable:
        return
    if found is not None:
        assert 0 <= found.start < found.stop <= size == found.size


@given(st.binary(min_size=1, max_size=200), st.integers(0, 250), st.integers(0, 250))
def test_a_range_names_the_bytes_that_it_says(content: bytes, first: int, last: int) -> None:
    first, last = sorted((first, last))
    expected = content[first : last + 1]
    try:
        found = parse_range(f"bytes={first}-{last}", len(content))
    except RangeNotSatisfiable:
        assert expected == b""
    else:
        assert found is not None
        assert content[found.start : found.stop] == expected
