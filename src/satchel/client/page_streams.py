"""A page of an export, received in one reply: the file of each piece, and the files that are missing."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from satchel.client.progress import ProgressListener
from satchel.client.refusals import PathOccupied, WrongBytes
from satchel.client.sources.source import FoundFile, FoundPage, Listed, SourceInstance, StreamingSource
from satchel.client.steps import Flow
from satchel.client.tree import Arriving, ExportTree


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that belongs in the tree, and its path."""

    found: SourceInstance
    file: FoundFile
    folders: tuple[str, ...]
    name: str

    @property
    def path(self) -> str:
        """Its path in the tree."""
        return "/".join((*self.folders, self.name))


class RunEnded(Exception):
    """The run has ended; further bytes are ignored."""


class ProgressSink:
    """A file that is being received, with a listener; a `Sink`.

    Args:
        file: in the tree.
        listener: is notified of bytes.
        is_wanted: whether the run continues.
        most: the size that the source returned; more bytes end the transfer, or are ignored in a stream.
        is_alone: whether the transfer is of this file alone.
    """

    def __init__(
        self,
        file: Arriving,
        listener: ProgressListener,
        is_wanted: Callable[[], bool] = lambda: True,
        *,
        most: int | None = None,
        is_alone: bool = True,
    ) -> None:
        self._most, self._is_alone = most, is_alone
        self.file = file
        self._listener = listener
        self._is_wanted = is_wanted

    @property
    def size(self) -> int:
        """How many bytes were received."""
        return self.file.size

    def write(self, piece: bytes | memoryview, /) -> None:
        """Write the next bytes.

        Raises:
            RunEnded: the run has ended.
            WrongBytes: there are more than the file has.
        """
        if not self._is_wanted():
            raise RunEnded
        if self._most is not None and self.file.size > self._most:
            return  # of a stream; the size shows that it is another file
        if self._is_alone and self._most is not None and self.file.size + len(piece) > self._most:
            raise WrongBytes(f"More bytes than the {self._most} of the file were sent.")
        self.file.write(piece)
        self._listener.arrived(len(piece))

    def reset(self) -> None:
        """Discard all received bytes."""
        self._listener.arrived(-self.file.size)
        self.file.reset()


class StreamOwner(Protocol):
    """A stream's interface to its run.

    Attributes:
        turn: held by the stream whose files are being received; others have sent their request, and wait.
    """

    turn: threading.Lock

    def is_wanted(self) -> bool:
        """Return whether the run continues."""
        ...

    def plan(self, items: Sequence[SourceInstance]) -> list[PlannedFile]:
        """Record instances and return the files to receive."""
        ...

    def take(self, job: PlannedFile, file: Arriving) -> None:
        """Check a received file and put it in its place.

        Raises:
            WrongBytes, PathOccupied: its digest differs, or it cannot be placed.
        """
        ...


class PageStream:
    """One page. Its flow may run in a thread, in which all its methods are then called.

    Args:
        run: of the page.
        tree: for the files.
        listener: is notified of progress.
        jobs: the files to receive, if the page was listed before.
        listed: receives the page if the stream itself lists it.
    """

    def __init__(
        self,
        run: StreamOwner,
        tree: ExportTree,
        listener: ProgressListener,
        *,
        jobs: Sequence[PlannedFile] = (),
        listed: Listed | None = None,
    ) -> None:
        self._run, self._tree, self._listener, self._listed = run, tree, listener, listed
        self._waiting: dict[int, PlannedFile] = {job.file.id: job for job in jobs}
        self._arriving: list[Arriving] = []
        self._has_turn = False

    @property
    def waiting(self) -> Mapping[int, PlannedFile]:
        """The files that were not received yet."""
        return self._waiting

    def flow(self, source: StreamingSource, cursor: str | None) -> Flow[bool]:
        """Receive the page at a cursor; return False if the source does not stream it.

        Raises:
            RunEnded: the run ended meanwhile.
            LocalDiskFull, Unavailable: the disk is full or fails.
        """
        listed = None if self._listed is None else self._take_list
        try:
            return (yield from source.stream(cursor, self._begin, self._end, listed))
        finally:
            for file in self._arriving:
                self._listener.arrived(-file.size)
                self._tree.drop(file)
            if self._has_turn:
                self._run.turn.release()

    def _take_list(self, page: FoundPage) -> None:
        self._run.turn.acquire()
        self._has_turn = True
        if not self._run.is_wanted():
            raise RunEnded
        self._waiting = {job.file.id: job for job in self._run.plan(page.items)}
        if self._listed is not None:
            self._listed(page)

    def _begin(self, number: int) -> ProgressSink | None:
        if number not in self._waiting:
            return None
        self._arriving.append(self._tree.arriving())
        most = self._waiting[number].file.size
        return ProgressSink(self._arriving[-1], self._listener, self._run.is_wanted, most=most, is_alone=False)

    def _end(self, number: int, _sink: object) -> None:
        file = self._arriving.pop()
        try:
            self._run.take(self._waiting[number], file)
            del self._waiting[number]
        except (WrongBytes, PathOccupied):
            self._tree.drop(file)  # it is fetched once more on its own, and may fail there
