"""The tick: looks once a second for what is due.

Every process with a worker ticks. What they do is safe to do at once: each due thing is taken up under its instance's
lock, and the process that comes second finds it done. Each duty, and each item that it finds, fails alone and is then
tried less often (`satchel.actions.backoff`); while the database is away the tick waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from satchel.actions.apps import moves
from satchel.actions.backoff import Backoff
from satchel.actions.calls import attempts
from satchel.actions.context import Context
from satchel.actions.exports import freeze, schedule_runs
from satchel.actions.instances import returning
from satchel.actions.instances.due import AT_ONCE, run_due
from satchel.actions.notifications import mailing, reminders
from satchel.actions.upkeep.sweep import expire_uploads, purge_files
from satchel.actions.webhooks import deliveries
from satchel.db.turns import take_turn
from satchel.model.causes import cause_of
from satchel.model.errors import DatabaseUnavailable
from satchel.work.keeping import wait

PERIOD_S = 1.0

LONGEST_PAUSE_S = 10.0
"""How long the tick waits at most until it looks again whether the database is back."""

LOCK_TIMEOUT = timedelta(seconds=1)
"""How long the tick waits for the lock of one item: the others wait behind it."""

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=1)
"""How long a duty is left alone that fails as a whole."""

Duty = Callable[[Context], Awaitable[int]]
"""Does what is due of one kind and returns how many items that were."""

_log = structlog.get_logger(__name__)


class Tick:
    """Runs due work; `take_over` is called each time, by one process at a time, for the jobs of workers that died."""

    def __init__(self, context: Context, take_over: Callable[[], Awaitable[int]]) -> None:
        self._context = replace(context, database=context.database.with_lock_timeout(LOCK_TIMEOUT))
        self._take_over = take_over
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)
        self._duties: dict[str, Duty] = {
            "timers": run_due,
            "calls": attempts.enqueue_due,
            "deliveries": deliveries.enqueue_due,
            "exports": freeze.enqueue_silent,
            "moves": moves.enqueue_silent,
            "schedules": schedule_runs.enqueue_due,
            "tasks of substitutes": returning.return_due,
            "reminders": reminders.remind,
            "mail": mailing.plan,
            "uploads": expire_uploads,
            "deleted files": purge_files,
            "jobs of dead workers": self._take_over_jobs,
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop` is set."""
        pause_s = PERIOD_S
        while not stop.is_set():
            try:
                handled = await self.once()
            except DatabaseUnavailable as error:
                _log.warning("tick.waits", message=error.message, cause=cause_of(error), pause_s=pause_s)
                await wait(stop, pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
                continue
            pause_s = PERIOD_S
            if handled < AT_ONCE:
                await wait(stop, PERIOD_S)

    async def once(self) -> int:
        """Do what is due now and return how many items that were.

        Raises:
            DatabaseUnavailable: the database is away; try again later.
        """
        handled = 0

        async def do(name: str) -> None:
            nonlocal handled
            handled += await self._duties[name](self._context)

        paused = self._backoff.paused("duty", self._context.clock())
        due = [name for name in self._duties if name not in paused]
        await self._backoff.each("duty", due, do, key=str, clock=self._context.clock)
        return handled

    async def _take_over_jobs(self, context: Context) -> int:
        async with context.database.write() as tx:
            return await self._take_over() if await take_turn(tx) else 0
