"""How many requests somebody makes in a second, counted in one process, for surfaces that limit them."""

from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta

from satchel.model.errors import TooManyRequests


class Rates:
    """The requests of the present second, by who makes them. Earlier ones are forgotten, so it stays small."""

    def __init__(self) -> None:
        self._second = 0
        self._counts: Counter[Hashable] = Counter()

    def count(self, who: Hashable, now: datetime, *, most: int | None) -> None:
        """Count a request.

        Args:
            who: that makes it.
            now: the present moment.
            most: the number of requests a second; None for any.

        Raises:
            TooManyRequests: this second has had so many already; the client should wait for the next.
        """
        if most is None:
            return
        second = int(now.timestamp())
        if second != self._second:
            self._second = second
            self._counts.clear()
        self._counts[who] += 1
        if self._counts[who] > most:
            message = f"At most {most} requests a second are accepted."
            raise TooManyRequests(message, now.replace(microsecond=0) + timedelta(seconds=1))
