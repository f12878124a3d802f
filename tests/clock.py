"""Time and chance that tests hold in their hands."""

import random
from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Let time pass and return the new moment."""
        if by < timedelta(0):
            raise ValueError("time does not run backwards")
        self._now += by
        return self._now


class SeededEntropy:
    """Random bytes that are the same in every run."""

    def __init__(self, seed: int = 20260302) -> None:
        self._random = random.Random(seed)  # noqa: S311  # the same on purpose

    def __call__(self, count: int) -> bytes:
        """Return `count` bytes."""
        return self._random.randbytes(count)
