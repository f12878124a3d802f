"""The sweep: every minute what is past its time, and the whole store when that is due; beside the tick."""

import asyncio
from datetime import timedelta

import structlog

from satchel.actions.backoff import Backoff
from satchel.actions.context import Context
from satchel.actions.upkeep.store_sweep import sweep_store
from satchel.actions.upkeep.sweep import STEPS, SweepReport
from satchel.model.causes import cause_of
from satchel.model.errors import DatabaseUnavailable
from satchel.work.keeping import wait

EVERY = timedelta(minutes=1)
"""How often is looked for what is past its time, and whether the store is due."""

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
"""How long a step is left alone that fails."""

_log = structlog.get_logger(__name__)


class Sweeping:
    """Sweeps until it is stopped; while the database is away, a sweep waits for its next turn."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._backoff = Backoff(FIRST_PAUSE, LONGEST_PAUSE)

    async def run(self, stop: asyncio.Event) -> None:
        """Take away what is past its time, every minute, until `stop` is set."""
        while not stop.is_set():
            try:
                done = await self.once()
                if done.blobs:
                    _log.info("sweep.done", blobs=done.blobs)
            except DatabaseUnavailable as error:
                _log.warning("sweep.waits", message=error.message, cause=cause_of(error))
            await wait(stop, EVERY.total_seconds())

    async def run_store(self, stop: asyncio.Event) -> None:
        """Take away bytes that nothing names, whenever that is due and nobody else does, until `stop` is set."""
        while not stop.is_set():
            try:
                done = await sweep_store(self._context, stop.is_set)
                if done is not None and (done.orphans or done.leftovers):
                    _log.info("store_sweep.done", orphans=done.orphans, leftovers=done.leftovers)
            except DatabaseUnavailable as error:
                _log.warning("store_sweep.waits", message=error.message, cause=cause_of(error))
            await wait(stop, EVERY.total_seconds())

    async def once(self) -> SweepReport:
        """Take each step of a sweep; one that fails is left alone for a while, and the others are taken all the same.

        Raises:
            DatabaseUnavailable: the database is away.
        """
        done = SweepReport()
        clock = self._context.clock
        paused = self._backoff.paused("step", clock())

        async def take(name: str) -> None:
            await STEPS[name](self._context, done)

        steps = [name for name in STEPS if name not in paused]
        await self._backoff.each("step", steps, take, key=str, clock=clock)
        return done
