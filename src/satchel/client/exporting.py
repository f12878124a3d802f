"""An export: every file of a source's instances, into a tree, several at a time, each checked by its digest.

Files that exist already with the right digest are not fetched again, so that the next run completes an interrupted one.
A file that cannot be fetched (deleted meanwhile, a right lost) is a line of the report; only a failure of every file
(a full disk, an unreachable server, an expired credential) ends the run.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from satchel.client.bounds import ListGuard
from satchel.client.drivers import AsyncDriver
from satchel.client.layout import FolderLayout
from satchel.client.ledger import ExportLedger, Placed
from satchel.client.page_streams import PageStream, PlannedFile, ProgressSink, RunEnded
from satchel.client.progress import ExportReport, NoProgress, ProgressListener
from satchel.client.refusals import LocalDiskFull, PathOccupied, Refused, UnexpectedReply, WrongBytes
from satchel.client.sources.source import FoundFile, FoundPage, Source, SourceInstance, StreamingSource
from satchel.client.tree import Arriving, ExportTree
from satchel.model.errors import SatchelError, Unavailable

PARALLEL = 8
MOST_FAILURES_KEPT = 1_000
"""Maximum number of failures in the report; all are counted."""

_STREAM_FROM = 8
"""Minimum number of files for a page to be streamed. All of them must be missing, so that nothing is sent twice."""

_UNAUTHENTICATED = 401
_QUEUE_PER_WORKER = 64


@dataclass(frozen=True, slots=True)
class _Batch:
    """A page, and its files to fetch."""

    cursor: str | None
    page: FoundPage
    jobs: list[PlannedFile]


async def measure(driver: AsyncDriver, source: Source, *, since: str | None = None) -> ExportReport:
    """Return what an export would find, fetching nothing."""
    report = ExportReport()
    await driver.run(source.open())
    cursor: str | None = None
    guard = ListGuard()
    while True:
        page = await driver.run(source.page(cursor))
        report.instances += len(page.items)
        report.absent += page.absent
        report.failed += len(page.missing)
        for found in page.items:
            for file in found.files:
                _sort_out(report, file, since)
        cursor = guard.following(page.next, len(page.items) + len(page.missing) + page.absent)
        if cursor is None:
            return report


def _sort_out(report: ExportReport, file: FoundFile, since: str | None) -> bool:
    """Count a file and return whether to fetch its bytes."""
    if file.kind != "stored":
        report.links += 1
        return False
    if since is not None and file.created_at is not None and file.created_at < since:
        report.older += 1
        return False
    report.files += 1
    report.bytes += file.size or 0
    return True


class ExportRun:
    """One run.

    Args:
        driver: runs the source's flows.
        source: of the files.
        tree: an open folder.
        layout: of the folders.
        since: RFC 3339 in UTC; files that were attached earlier are skipped.
        parallel: how many files are fetched at once.
        listener: is notified of progress.
    """

    def __init__(
        self,
        driver: AsyncDriver,
        source: Source,
        tree: ExportTree,
        *,
        layout: FolderLayout,
        since: str | None = None,
        parallel: int = PARALLEL,
        listener: ProgressListener | None = None,
    ) -> None:
        self._driver, self._source, self._tree, self._layout = driver, source, tree, layout
        self._since = since
        self._parallel = parallel
        self._listener: ProgressListener = listener or NoProgress()
        self.ledger = ExportLedger(tree)
        self.report = ExportReport()
        self._queue: asyncio.Queue[PlannedFile] = asyncio.Queue(maxsize=parallel * _QUEUE_PER_WORKER)
        self._batches: asyncio.Queue[_Batch] = asyncio.Queue(maxsize=1)
        self._lock = threading.Lock()
        """Protects the ledger, the report and a file's last step: streams run in separate threads."""
        self._is_over = False
        self._guard = ListGuard()
        self.turn = threading.Lock()

    async def run(self) -> ExportReport:
        """Export everything and return a report; afterwards the ledger can be written out.

        Raises:
            LocalDiskFull: the disk is full; free space and continue.
            Unavailable: the server is unreachable, or the disk fails.
            Refused: the credential ended, or the search is refused.
        """
        self.ledger.open(self._source.address)
        await self._driver.run(self._source.open())
        try:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work()) for _ in range(self._parallel)]
                workers.append(group.create_task(self._take_batches()))
                is_done, cursor = False, None
                if self._tree.was_empty and isinstance(self._source, StreamingSource) and self._source.lists_in_streams:
                    is_done, cursor = await self._stream_pages(self._source)
                if not is_done:
                    await self._list(cursor)
                await self._batches.join()
                await self._queue.join()
                for worker in workers:
                    worker.cancel()
        except ExceptionGroup as errors:  # what `except*` raises is a group again before Python 3.11.4
            known, others = errors.split(SatchelError)
            if known is None or others is not None:
                raise
            raise _first(known) from None
        finally:
            with self._lock:
                self._is_over = True
        return self.report

    def is_wanted(self) -> bool:
        """Return whether the run continues."""
        return not self._is_over

    async def _list(self, cursor: str | None) -> None:
        """Export the pages from a cursor on, listing each before its files are fetched."""
        while True:
            page = await self._driver.run(self._source.page(cursor))
            self._count(page)
            jobs = [job for found in page.items for job in await self._plan(found)]
            await self._batches.put(_Batch(cursor, page, jobs))
            cursor = self._following(page)
            if cursor is None:
                return

    async def _stream_pages(self, source: StreamingSource) -> tuple[bool, str | None]:
        """Export the pages by streams that also list them; return whether that was all, else the next cursor.

        While one page is received, the next is requested.
        """
        cursor: str | None = None
        async with asyncio.TaskGroup() as group:
            while True:
                known: asyncio.Future[FoundPage | None] = asyncio.get_running_loop().create_future()
                stream = group.create_task(self._stream_page(source, cursor, known))
                page = await known
                if page is None:
                    return False, cursor
                self._count(page)
                cursor = self._following(page)
                if cursor is None:
                    return True, None
                if not self._driver.has_threads:
                    await stream

    async def _stream_page(
        self, source: StreamingSource, cursor: str | None, known: "asyncio.Future[FoundPage | None]"
    ) -> None:
        loop = asyncio.get_running_loop()

        def announce(page: FoundPage | None) -> None:
            if not known.done():
                known.set_result(page)

        def listed(page: FoundPage) -> None:
            loop.call_soon_threadsafe(announce, page)

        stream = PageStream(self, self._tree, self._listener, listed=listed)
        await self._driver.run_in_thread(stream.flow(source, cursor))
        loop.call_soon(announce, None)  # after the callbacks of `listed`
        for job in stream.waiting.values():
            await self._queue.put(job)

    def _following(self, page: FoundPage) -> str | None:
        return self._guard.following(page.next, len(page.items) + len(page.missing) + page.absent)

    def _count(self, page: FoundPage) -> None:
        self.report.window = page.window or self.report.window
        self.report.absent += page.absent
        for one in page.missing:
            self._note({"instance": one.identifier, "path": one.identifier, "code": one.code, "message": one.message})

    async def _take_batches(self) -> None:
        while True:
            batch = await self._batches.get()
            jobs = batch.jobs
            if isinstance(self._source, StreamingSource) and len(jobs) >= _STREAM_FROM:
                jobs = await self._stream(self._source, batch)
            for job in jobs:
                await self._queue.put(job)
            self._batches.task_done()

    def plan(self, items: Sequence[SourceInstance]) -> list[PlannedFile]:
        """Return the files to fetch of instances for an empty tree; everything else is recorded or counted."""
        with self._lock:
            return [job for found in items for job, _ in self._wanted(found)]

    async def _plan(self, found: SourceInstance) -> list[PlannedFile]:
        """Return the files to fetch of an instance; everything else is recorded or counted."""
        if self._tree.was_empty:
            return self.plan([found])
        with self._lock:
            jobs = self._wanted(found)
        return [job for job, known in jobs if not await self._is_there(job, known)]

    def _wanted(self, found: SourceInstance) -> list[tuple[PlannedFile, Placed | None]]:
        """Return an instance's files that belong in the tree, each with its record of an earlier run."""
        jobs: list[tuple[PlannedFile, Placed | None]] = []
        if not self.ledger.note_instance(found):
            return jobs
        self.report.instances += 1
        for file in found.files:
            if not _sort_out(self.report, file, self._since):
                if file.kind != "stored":
                    self.ledger.note(found, file, None, size=file.size, sha256=None)
                continue
            known = self.ledger.known(file)
            folders, name = self.ledger.reserve(file, self._layout.folders(found, file), known=known)
            jobs.append((PlannedFile(found, file, folders, name), known))
        return jobs

    async def _is_there(self, job: PlannedFile, known: Placed | None) -> bool:
        """Return whether a file is in its place with the right bytes, according to source and manifest."""
        file = job.file
        wanted = file.sha256 or (known.sha256 if known is not None else None)
        if wanted is None:
            return False
        there = await asyncio.to_thread(self._tree.look, job.folders, job.name, size=file.size)
        if there is None or there[1] != wanted:
            return False
        with self._lock:
            self.ledger.note(job.found, file, job.path, size=there[0], sha256=there[1])
            self.report.kept += 1
        self._listener.placed(there[0], is_new=False)
        return True

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            try:
                await self._fetch(job)
            except (Refused, WrongBytes, PathOccupied, UnexpectedReply) as error:
                self._fail(job, error)
            self._queue.task_done()

    def _fail(self, job: PlannedFile, error: SatchelError) -> None:
        """Record that a file could not be fetched; a failure that would repeat for every other file ends the run.

        Raises:
            Refused: the credential ended.
        """
        if isinstance(error, Refused) and error.status == _UNAUTHENTICATED:
            raise error
        with self._lock:
            self.ledger.forget(job.file)
        about = {"id": job.file.id, "instance": job.file.instance, "path": job.path}
        self._note({**about, "code": error.code, "message": error.message})

    def _note(self, failure: dict[str, object]) -> None:
        self.report.failed += 1
        if len(self.report.failures) < MOST_FAILURES_KEPT:
            self.report.failures.append(failure)

    async def _fetch(self, job: PlannedFile) -> None:
        """Fetch a file and put it in its place.

        Raises:
            Refused, WrongBytes, PathOccupied: it cannot be fetched, or not be placed.
        """
        file = self._tree.arriving()
        sink = ProgressSink(file, self._listener, most=job.file.size)
        try:
            await self._driver.run(self._source.fetch(job.file, sink))
            self.take(job, file)
        except BaseException:
            self._listener.arrived(-file.size)
            self._tree.drop(file)
            raise

    def take(self, job: PlannedFile, file: Arriving) -> None:
        """Check a received file and put it in its place.

        Raises:
            WrongBytes, PathOccupied: its digest differs, or it cannot be placed.
        """
        expected = job.file
        if expected.sha256 not in (None, file.sha256) or expected.size not in (None, file.size):
            raise WrongBytes(f"File {expected.id} was received with other bytes than the server has.")
        with self._lock:
            if self._is_over:
                raise RunEnded
            # Recorded first: a record counts only if the tree confirms it, so a kill between the two does no harm.
            self.ledger.note(job.found, expected, job.path, size=file.size, sha256=file.sha256)
            self._tree.place(file, job.folders, job.name)
            self.report.fetched += 1
            self.report.fetched_bytes += file.size
        self._listener.placed(file.size, is_new=True)

    async def _stream(self, source: StreamingSource, batch: _Batch) -> list[PlannedFile]:
        """Fetch a page whose files are all missing in one stream; return the files that it did not contain."""
        jobs = batch.jobs
        stored = sum(1 for found in batch.page.items for file in found.files if file.kind == "stored")
        if len(jobs) < stored:
            return jobs
        stream = PageStream(self, self._tree, self._listener, jobs=jobs)
        await self._driver.run_in_thread(stream.flow(source, batch.cursor))
        return list(stream.waiting.values())


def _first(errors: ExceptionGroup[SatchelError]) -> SatchelError:
    """Return the most informative of several errors."""
    found = list(_leaves(errors))
    return next((one for kind in (LocalDiskFull, Unavailable) for one in found if isinstance(one, kind)), found[0])


def _leaves(errors: ExceptionGroup[SatchelError]) -> Iterator[SatchelError]:
    for one in errors.exceptions:
        if isinstance(one, ExceptionGroup):
            yield from _leaves(one)
        else:
            yield one
