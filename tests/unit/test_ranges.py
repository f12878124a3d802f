"""Range, If-Range and If-None-Match."""

import pytest

from satchel.model.errors import RangeNotSatisfiable
from satchel.model.transfer.ranges import is_unchanged, may_use_range, parse_range

TAG = '"' + "ab" * 32 + '"'


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=90-1000", 90, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-1000", 0, 100),
        ("Bytes = 5-6 ", 5, 7),
        ("bytes=,5-6,", 5, 7),
        ("bytes=0-" + "9" * 5000, 0, 100),
        ("bytes=-" + "9" * 5000, 0, 100),
        ("bytes=" + "0" * 5000 + "5-6", 5, 7),
    ],
)
def test_one_range_is_served(header: str, start: int, stop: int) -> None:
    found = parse_range(header, 100)
    assert found is not None
    assert (found.start, found.stop) == (start, stop)
    assert found.content_range == f"bytes {start}-{stop - 1}/100"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=a-b",
        "bytes=5-2",
        "bytes=-",
        "bytes=--5",
        "bytes=1-2-3",
        "bytes=+1-2",
        "bytes=\u0661-\u0662",
        "lines=1-2",
        "bytes=0-1,5-",
        "bytes=0-1,200-",
        "bytes=0-1,5-2",
    ],
)
def test_nonsense_and_several_ranges_give_the_whole(header: str | None) -> None:
    assert parse_range(header, 100) is None


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=-0", "bytes=100-200", "bytes=200-,300-400", "bytes=" + "9" * 5000 + "-"]
)
def test_a_range_outside_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refusal:
        parse_range(header, 100)
    assert refusal.value.size_bytes == 100


def test_an_empty_file_has_no_first_byte_but_an_end() -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range("bytes=0-", 0)
    assert parse_range("bytes=-5", 0) is None


@pytest.mark.parametrize(
    ("if_range", "expected"),
    [(None, True), (TAG, True), (f"W/{TAG}", False), ('"other"', False), ("Wed, 21 Oct 2026 07:28:00 GMT", False)],
)
def test_a_range_counts_only_for_the_same_bytes(*, if_range: str | None, expected: bool) -> None:
    assert may_use_range(if_range, TAG) is expected


@pytest.mark.parametrize(
    ("if_none_match", "expected"),
    [
        (None, False),
        ("*", True),
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"a", W/"b" , {TAG}', True),
        ('"a,b"', False),
        (TAG.strip('"'), False),
        ("", False),
    ],
)
def test_a_known_etag_means_unchanged(*, if_none_match: str | None, expected: bool) -> None:
    assert is_unchanged(if_none_match, TAG) is expected
