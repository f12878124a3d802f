"""The worker: runs jobs from the queue, beside any number of others on any number of machines.

Procrastinate does the queueing: LISTEN/NOTIFY wakes a worker within milliseconds of a commit, and a heartbeat shows
that it is alive. A worker without heartbeats loses its jobs to the others (`take_over`). One whose database
was unavailable for a while restarts as soon as it is back.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Self

import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.worker import Worker as QueueWorker

from satchel.db.connections import Connections, database_error
from satchel.db.refusals import database_errors
from satchel.model.causes import cause_of
from satchel.model.metrics import Metrics
from satchel.queue.enqueue import QUEUE, WAITED_FOR
from satchel.work.handlers import Handler
from satchel.work.keeping import wait

SILENCE = timedelta(seconds=30)
"""How long a job may stay with a worker that died."""

HEARTBEATS = 6
"""How many heartbeats fit into that; all but the last must be missing, so that there is time to take over."""

POLL_S = 1.0
"""How often a worker polls for jobs without a notification: those that were taken over or are retried."""

FORGET_S = 3600.0
"""How long the row of a worker is kept after its last heartbeat. Without its row, a worker that was only suspended
could no longer take a job."""

NEVER_S = 10.0**9
"""The interval of the library's own heartbeats; see `Worker._beat`."""

PAUSE_S = 1.0
"""How long a worker that lost its database waits before it begins anew, or records a job's end once more."""

GRACE_S = 10.0
"""How long running jobs get when the worker stops."""

ATTEMPTS = 8
"""How often a job that nothing waits for is tried; with growing pauses, about ten minutes."""

LONGEST_PAUSE_S = 300
"""The maximum pause before a job's next attempt."""

TAKEN_AWAY = "P0001"
"""The SQLSTATE with which the queue's functions say that a job is no longer this worker's."""

_log = structlog.get_logger(__name__)


class JobRetryStrategy(BaseRetryStrategy):
    """Retries a job after 2, 4, 8 and more seconds.

    An attempt of a service task or of a delivery records its own failures; its job fails only
    if that record could not be written. Such a job is never given up.
    """

    def __init__(self, *, attempts: int | None) -> None:
        self._attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002  # the library's
        """Return when a failed job is retried; None gives it up."""
        if self._attempts is not None and job.attempts >= self._attempts:
            return None
        doublings = min(job.attempts, LONGEST_PAUSE_S.bit_length())
        return RetryDecision(retry_in={"seconds": min(2 ** (doublings + 1), LONGEST_PAUSE_S)})


class Worker:
    """Runs jobs until it is stopped."""

    def __init__(
        self,
        dsn: str,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int,
        silence: timedelta = SILENCE,
        metrics: Metrics | None = None,
    ) -> None:
        self._app = App(connector=PsycopgConnector(pool_factory=partial(_connections, dsn, concurrency + 2)))
        self._concurrency = concurrency
        self._heartbeat_s = silence.total_seconds() / HEARTBEATS
        for name, handler in handlers.items():
            retry = JobRetryStrategy(attempts=None if name in WAITED_FOR else ATTEMPTS)
            run = handler if metrics is None else _counted(name, handler, metrics)
            self._app.task(name=name, queue=QUEUE, retry=retry)(run)

    async def __aenter__(self) -> Self:
        with database_errors():
            await self._app.open_async()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._app.close_async()

    async def run(self, stop: asyncio.Event) -> None:
        """Run jobs until `stop` is set; running ones then get ten seconds to finish."""
        _log.info("worker.started", concurrency=self._concurrency)
        while not stop.is_set():
            try:
                await self._run_once(stop)
            except ConnectorException as error:
                _log.warning("worker.failed", cause=cause_of(error))
            if not stop.is_set():
                _log.warning("worker.restarts")
                await wait(stop, PAUSE_S)
        _log.info("worker.stopped")

    async def take_over(self) -> int:
        """Release the jobs of workers that died, and return their number.

        Must not be called concurrently: the second call would take a job from the worker that just got it.

        Raises:
            DatabaseUnavailable: the database is away.
            SatchelError: it refuses for another reason.
        """
        manager = self._app.job_manager
        silence_s = self._heartbeat_s * (HEARTBEATS - 1)
        with database_errors():
            stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=silence_s))
        taken = 0
        for job in stalled:
            try:
                await manager.retry_job(job)
            except ConnectorException:
                continue  # the worker was alive, and has just finished it
            _log.warning("job.taken_over", job=job.id, name=job.task_name)
            taken += 1
        return taken

    async def _run_once(self, stop: asyncio.Event) -> None:
        worker = _QueueWorker(
            self._app,
            queues=[QUEUE],
            concurrency=self._concurrency,
            install_signal_handlers=False,
            delete_jobs=DeleteJobCondition.SUCCESSFUL,
            shutdown_graceful_timeout=GRACE_S,
            fetch_job_polling_interval=POLL_S,
            update_heartbeat_interval=NEVER_S,
            stalled_worker_timeout=FORGET_S,
        )
        running = asyncio.create_task(worker.run())  # type: ignore[no-untyped-call]  # the library leaves out its return type
        waiting = asyncio.create_task(stop.wait())
        beating = asyncio.create_task(self._beat(worker))
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            running.cancel()
            await asyncio.wait({running})
            beating.cancel()
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error

    async def _beat(self, worker: QueueWorker) -> None:
        """Send heartbeats.

        The library's own heartbeat ends silently at the first database error: the others would then take over every
        job of a live worker, again and again.
        """
        while True:
            await asyncio.sleep(self._heartbeat_s)
            if worker.worker_id is not None:
                try:
                    await self._app.job_manager.update_heartbeat(worker.worker_id)
                except ConnectorException as error:
                    _log.warning("worker.heartbeat_failed", cause=cause_of(error))


class _QueueWorker(QueueWorker):
    """The library's worker, which does not forget a job whose end it cannot record.

    The library would leave such a job in the hands of a worker that lives and never looks at it again.
    """

    async def _persist_job_status(self, job: Job, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # the library's
        while True:
            try:
                await super()._persist_job_status(job, *args, **kwargs)
            except ConnectorException as error:
                known = database_error(error)
                if known is not None and known.sqlstate == TAKEN_AWAY:
                    return
                _log.warning("job.end_not_recorded", job=job.id, cause=cause_of(error))
                if self._stop_event.is_set():
                    raise  # the job goes to another worker
                await wait(self._stop_event, PAUSE_S)
            else:
                return


def _counted(name: str, handler: Handler, metrics: Metrics) -> Handler:
    """Return a handler that counts its runs and how long they take."""

    async def run(**arguments: Any) -> None:  # noqa: ANN401  # as the handler's
        begun = time.perf_counter()
        is_done = False
        try:
            await handler(**arguments)
            is_done = True
        finally:
            metrics.count_job(name, time.perf_counter() - begun, is_done=is_done)

    return run


def _connections(dsn: str, most: int, **asked: object) -> Connections:
    """Return the queue's own pool; what the library asks for is done by ours in another way."""
    del asked
    return Connections(dsn, min_size=1, max_size=most, name="queue")
