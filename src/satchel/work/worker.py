"""The worker: runs jobs from the queue, beside any number of others on any number of machines.

Procrastinate does the queueing: LISTEN/NOTIFY wakes a worker within milliseconds of a commit, and a heartbeat shows
that it lives. A worker that stops giving signs of life loses its jobs to the others (`take_over`).
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Self

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy

from satchel.queue.enqueue import QUEUE
from satchel.work.handlers import Handler

HEARTBEAT = timedelta(seconds=5)
SILENCE = timedelta(seconds=30)
"""A worker that gave no sign of life for this long is taken to be dead."""

GRACE_S = 10.0
"""How long running jobs get when the worker stops."""

ATTEMPTS = 8
"""How often a job is tried in all; with growing pauses, about ten minutes."""

_log = structlog.get_logger(__name__)


class Worker:
    """Runs jobs until it is stopped."""

    def __init__(self, dsn: str, handlers: Mapping[str, Handler], *, concurrency: int) -> None:
        self._app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=concurrency + 2))
        self._concurrency = concurrency
        for name, handler in handlers.items():
            retry = RetryStrategy(max_attempts=ATTEMPTS, exponential_wait=2)
            self._app.task(name=name, queue=QUEUE, retry=retry)(handler)

    async def __aenter__(self) -> Self:
        await self._app.open_async()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._app.close_async()

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop` is set; those that run then get ten seconds to finish."""
        running = asyncio.create_task(
            self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=self._concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=GRACE_S,
                update_heartbeat_interval=HEARTBEAT.total_seconds(),
                stalled_worker_timeout=SILENCE.total_seconds(),
            )
        )
        waiting = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            running.cancel()
            await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error

    async def take_over(self) -> int:
        """Give the jobs of workers that died to whoever is free, and return how many there were."""
        manager = self._app.job_manager
        stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=SILENCE.total_seconds()))
        for job in stalled:
            _log.warning("job.taken_over", job=job.id, name=job.task_name)
            await manager.retry_job(job)
        return len(stalled)
