"""Retries with growing pauses for work that nobody waits for: what fails is tried less often, and blocks nothing else.

The pauses are kept in the process, so that they hold while nothing can be written, too; each process finds its own.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from satchel.model.causes import cause_of
from satchel.model.clock import Clock
from satchel.model.errors import DatabaseUnavailable, SatchelError

Item = TypeVar("Item")

FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""How long an item that failed is left alone: twice as long each time, up to this."""

_MOST_DOUBLINGS: Final = 32

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Failed:
    failures: int
    until: datetime


class Backoff:
    """Remembers which items failed, and until when each is left alone.

    Args:
        first: the pause after an item's first failure.
        longest: the longest pause.
    """

    def __init__(self, first: timedelta = FIRST_PAUSE, longest: timedelta = LONGEST_PAUSE) -> None:
        self._first = first
        self._longest = longest
        self._failed: dict[tuple[str, Hashable], _Failed] = {}

    def paused(self, kind: str, now: datetime) -> list[Hashable]:
        """Return the keys of a kind's items that are left alone now."""
        return [key for (of, key), known in self._failed.items() if of == kind and known.until > now]

    async def each(
        self,
        kind: str,
        items: Sequence[Item],
        run: Callable[[Item], Awaitable[object]],
        *,
        key: Callable[[Item], Hashable],
        clock: Clock,
        record: Callable[[Item, Exception, timedelta], Awaitable[None]] | None = None,
    ) -> None:
        """Run each item; one that fails is logged and paused, and the others are run all the same.

        Args:
            kind: what the items are, for the log.
            items: what to run.
            run: runs one.
            key: identifies one within its kind.
            clock: the time.
            record: stores for all processes that an item failed and how long it is paused; this process then relies
                on that.

        Raises:
            DatabaseUnavailable: the database is away, so that the other items would fail as well.
        """
        for item in items:
            name = (kind, key(item))
            try:
                await run(item)
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  # ends one item, whatever it was: the others have to be run
                pause = self._pause(name, clock())
                _log_failure("failed", name, error, pause)
                if record is not None and await self._record(name, record(item, error, pause), pause):
                    self._failed[name].until = clock()
            else:
                self._failed.pop(name, None)

    def _pause(self, name: tuple[str, Hashable], now: datetime) -> timedelta:
        """Count a failure and return how long the item is left alone."""
        # What nobody has tried for long was done by another process, or is gone.
        self._failed = {one: known for one, known in self._failed.items() if known.until > now - 2 * self._longest}
        known = self._failed.setdefault(name, _Failed(0, now))
        known.failures += 1
        pause = self._first
        for _ in range(min(known.failures - 1, _MOST_DOUBLINGS)):
            pause = min(2 * pause, self._longest)
        known.until = now + pause
        return pause

    async def _record(self, name: tuple[str, Hashable], recording: Awaitable[None], pause: timedelta) -> bool:
        """Return whether a failure was stored for all processes."""
        try:
            await recording
        except DatabaseUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # as above; the item is paused in this process in any case
            _log_failure("not_recorded", name, error, pause)
            return False
        return True


def _log_failure(what: str, name: tuple[str, Hashable], error: Exception, pause: timedelta) -> None:
    kind, key = name
    details: dict[str, object] = {"kind": kind, "key": key, "pause_s": pause.total_seconds()}
    if isinstance(error, SatchelError):
        _log.warning(f"due.{what}", code=error.code, message=error.message, cause=cause_of(error), **details)
    else:
        _log.error(f"due.{what}", exc_info=error, **details)
