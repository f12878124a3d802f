"""Durations and moments are read as ISO 8601 says."""

from datetime import UTC, datetime, timedelta

import pytest

from satchel.engine.timer import parse_duration, parse_moment

START = datetime(2024, 1, 31, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P3D", datetime(2024, 2, 3, 23, 30, tzinfo=UTC)),
        ("PT10M", datetime(2024, 1, 31, 23, 40, tzinfo=UTC)),
        ("P1M", datetime(2024, 2, 29, 23, 30, tzinfo=UTC)),
        ("P1Y1M", datetime(2025, 2, 28, 23, 30, tzinfo=UTC)),
        ("P11M", datetime(2024, 12, 31, 23, 30, tzinfo=UTC)),
        ("P2W", datetime(2024, 2, 14, 23, 30, tzinfo=UTC)),
        ("P1DT1H1M1.5S", datetime(2024, 2, 2, 0, 31, 1, 500_000, tzinfo=UTC)),
        ("PT36H", datetime(2024, 2, 2, 11, 30, tzinfo=UTC)),
        ("PT0,5S", START + timedelta(milliseconds=500)),
        (" P0D ", START),
    ],
)
def test_a_duration_is_counted_from_a_moment(text: str, expected: datetime) -> None:
    duration = parse_duration(text)
    assert duration is not None
    assert duration.after(START) == expected


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "3D", "P1H", "PT1D", "P-1D", "P1.5D", "P101Y", "PT9999999H", "p1d", "P1D2", "P\u0661D"],
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_a_duration_past_the_end_of_the_calendar_overflows() -> None:
    for text in ("P100Y", "P300D"):
        duration = parse_duration(text)
        assert duration is not None
        with pytest.raises(OverflowError):
            duration.after(datetime(9999, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5-05:00", datetime(2026, 1, 31, 17, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_moment_is_in_utc(text: str, expected: datetime) -> None:
    assert parse_moment(text) == expected


@pytest.mark.parametrize(
    "text", ["", "2026-02-31", "31.1.2026", "2026-W05-1", "20260131", "now", "0001-01-01T00:00:00+10:00"]
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert parse_moment(text) is None
