"""The tick: looks once a second for what is due, and now and then sweeps.

Every process with a worker ticks. What they do is safe to do at once: each due thing is taken up under its instance's
lock, and whoever comes second finds it done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from satchel.actions.calls import attempts
from satchel.actions.context import Context
from satchel.actions.exports import freeze, schedule_runs
from satchel.actions.instances.due import AT_ONCE, run_due
from satchel.actions.upkeep.sweep import expire_uploads, purge_files, sweep
from satchel.actions.webhooks import deliveries
from satchel.db.turns import take_turn
from satchel.model.errors import SatchelError

PERIOD_S = 1.0
SWEEP_EVERY = timedelta(minutes=1)
STORE_SWEEP_EVERY = timedelta(hours=6)

_log = structlog.get_logger(__name__)


class Tick:
    """Does what is due; `take_over` is called each time, by one process at once, for the jobs of workers that died."""

    def __init__(self, context: Context, take_over: Callable[[], Awaitable[int]]) -> None:
        self._context = context
        self._take_over = take_over
        self._swept_at: datetime | None = None
        self._store_swept_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop` is set; a fault is logged, and the next tick tries again."""
        while not stop.is_set():
            try:
                handled = await self.once()
            except SatchelError as error:
                _log.warning("tick.failed", code=error.code, message=error.message)
                handled = 0
            if handled < AT_ONCE:
                await _wait(stop, PERIOD_S)

    async def once(self) -> int:
        """Do what is due now and return how many things that were."""
        context, now = self._context, self._context.clock()
        handled = await run_due(context)
        handled += await attempts.enqueue_due(context)
        handled += await deliveries.enqueue_due(context)
        handled += await freeze.enqueue_silent(context)
        handled += await schedule_runs.enqueue_due(context)
        handled += await expire_uploads(context)
        handled += await purge_files(context)
        async with context.database.write() as tx:
            if await take_turn(tx):
                handled += await self._take_over()
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            with_store = self._store_swept_at is None or now - self._store_swept_at >= STORE_SWEEP_EVERY
            if with_store:
                self._store_swept_at = now
            done = await sweep(context, with_store=with_store)
            if done.blobs or done.orphans or done.leftovers:
                _log.info("sweep.done", blobs=done.blobs, orphans=done.orphans, leftovers=done.leftovers)
        return handled


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
