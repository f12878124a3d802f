"""A page of an export as it comes in one answer: which file each piece belongs to, and what did not come."""

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
    """A file that has to lie in the tree, and where."""

    found: SourceInstance
    file: FoundFile
    folders: tuple[str, ...]
    name: str

    @property
    def path(self) -> str:
        """Its path in the tree."""
        return "/".join((*self.folders, self.name))


class RunEnded(Exception):
    """The run has ended; what still comes is not wanted."""


class ProgressSink:
    """A file that is arriving, with somebody who hears of it; a `Sink`."""

    def __init__(self, file: Arriving, watch: ProgressListener, is_wanted: Callable[[], bool] = lambda: True) -> None:
        self.file = file
        self._watch = watch
        self._is_wanted = is_wanted

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self.file.size

    def write(self, piece: bytes | memoryview, /) -> None:
        """Take what comes next.

        Raises:
            RunEnded: nobody wants it any more.
        """
        if not self._is_wanted():
            raise RunEnded
        self.file.write(piece)
        self._watch.arrived(len(piece))

    def reset(self) -> None:
        """Forget all that came."""
        self._watch.arrived(-self.file.size)
        self.file.reset()


class StreamOwner(Protocol):
    """What a stream needs of the run that it belongs to.

    Attributes:
        turn: held by the stream whose files come; others have asked already, and wait for theirs.
    """

    turn: threading.Lock

    def is_wanted(self) -> bool:
        """Return whether the run goes on."""
        ...

    def plan(self, items: Sequence[SourceInstance]) -> list[PlannedFile]:
        """Write instances down and return the files that have to come."""
        ...

    def take(self, job: PlannedFile, file: Arriving) -> None:
        """Check a file that has come and put it in its place.

        Raises:
            WrongBytes, PathOccupied: it is another, or cannot be put there.
        """
        ...


class PageStream:
    """One page. Its flow may be taken in a thread, in which all its methods are called then.

    Args:
        run: it belongs to.
        tree: where the files go.
        watch: hears of them.
        jobs: the files that have to come, where the page was listed before.
        listed: is told the page where the stream itself lists it.
    """

    def __init__(
        self,
        run: StreamOwner,
        tree: ExportTree,
        watch: ProgressListener,
        *,
        jobs: Sequence[PlannedFile] = (),
        listed: Listed | None = None,
    ) -> None:
        self._run, self._tree, self._watch, self._listed = run, tree, watch, listed
        self._waiting: dict[int, PlannedFile] = {job.file.id: job for job in jobs}
        self._arriving: list[Arriving] = []
        self._has_turn = False

    @property
    def waiting(self) -> Mapping[int, PlannedFile]:
        """What has not come."""
        return self._waiting

    def flow(self, source: StreamingSource, cursor: str | None) -> Flow[bool]:
        """Take the page that begins at a cursor; return False where the source does not give it in this way.

        Raises:
            RunEnded: the run ended meanwhile.
            NoRoom, Unavailable: the disk is full or fails.
        """
        listed = None if self._listed is None else self._take_list
        try:
            return (yield from source.stream(cursor, self._begin, self._end, listed))
        finally:
            for file in self._arriving:
                self._watch.arrived(-file.size)
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
        return ProgressSink(self._arriving[-1], self._watch, self._run.is_wanted)

    def _end(self, number: int, _sink: object) -> None:
        file = self._arriving.pop()
        try:
            self._run.take(self._waiting[number], file)
            del self._waiting[number]
        except (WrongBytes, PathOccupied):
            self._tree.drop(file)  # it is tried once more by itself, and fails there if it must
