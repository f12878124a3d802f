"""When schedules run next."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from satchel.model.schedules import next_run

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-10T00:00:00Z", "2026-01-10T01:30:00Z"),
        ("2026-01-10T01:30:00Z", "2026-01-11T01:30:00Z"),
        ("2026-07-10T00:00:00Z", "2026-07-10T00:30:00Z"),
        ("2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),  # 02:30 is left out that night
        ("2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),  # 02:30 comes twice that night
        ("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
    ],
)
def test_the_next_run_is_at_the_owners_time_once_a_day(now: str, expected: str) -> None:
    found = next_run(datetime.fromisoformat(now), 150, BERLIN)
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is UTC
