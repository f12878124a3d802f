"""An event loop whose clock a test moves on, so that what is cut after a silence is cut without waiting for it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Haste:
    """How far the loop's clock is ahead of the machine's."""

    ahead_s: float = 0.0

    async def pass_by(self, seconds: float) -> None:
        """Let seconds go by, and let whatever is due by then happen."""
        self.ahead_s += seconds
        for _ in range(50):
            await asyncio.sleep(0)


@contextmanager
def hasty() -> Iterator[Haste]:
    """Move the clock of the running loop; what the loop counts from then on keeps its distance."""
    loop = asyncio.get_running_loop()
    haste, real = Haste(), loop.time
    loop.time = lambda: real() + haste.ahead_s  # type: ignore[method-assign]  # the one way to its clock
    try:
        yield haste
    finally:
        loop.time = real  # type: ignore[method-assign]  # as above
