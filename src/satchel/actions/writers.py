"""The uploads that this process is receiving, and how a writer that fell silent is made to leave its ticket.

`satchel.actions.files.taking_over` decides; here is only what a process knows of its own writers, and of answers that
it waits for from others.
"""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from satchel.model.errors import Busy
from satchel.model.ids import AccountId, UploadId

Key = tuple[AccountId, UploadId]


class Writing:
    """A writer of one ticket, for as long as its block runs; leaving after a cut raises Busy.

    Attributes:
        waits_since: since when it waits for bytes from its client; None while it does something else.
    """

    def __init__(self, writers: "Writers", key: Key) -> None:
        self.waits_since: datetime | None = None
        self._writers = writers
        self._key = key
        self._cut = asyncio.timeout(None)
        self._left = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._cut.__aenter__()
        self._writers.enter(self._key, self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writers.leave(self._key, self)
        self._left.set()
        try:
            await self._cut.__aexit__(kind, error, trace)
        except TimeoutError:
            raise Busy(f"Another writer has taken over upload {self._key[1]}.") from error

    def silence(self, now: datetime) -> timedelta:
        """Return for how long it has waited for a byte."""
        return timedelta(0) if self.waits_since is None else now - self.waits_since

    async def make_leave(self, patience_s: float) -> bool:
        """Cancel a writer that waits for its client; return whether it has left its ticket in time."""
        if not self._left.is_set() and self._cut.when() is None:
            self._cut.reschedule(0)
        try:
            async with asyncio.timeout(patience_s):
                await self._left.wait()
        except TimeoutError:
            return False
        return True


@dataclass(slots=True)
class Writers:
    """The writers of this process, by ticket, and who waits for the answer of another process about one."""

    _writers: dict[Key, Writing] = field(default_factory=dict[Key, Writing])
    _askers: dict[Key, list[asyncio.Future[int]]] = field(default_factory=dict[Key, list[asyncio.Future[int]]])

    def writing(self, account: AccountId, upload: UploadId) -> Writing:
        """Return a writer to be entered for a ticket."""
        return Writing(self, (account, upload))

    def of(self, account: AccountId, upload: UploadId) -> Writing | None:
        """Return the writer of a ticket, if this process has it."""
        return self._writers.get((account, upload))

    def enter(self, key: Key, writing: Writing) -> None:
        """Note a writer; the newest of a ticket counts."""
        self._writers[key] = writing

    def leave(self, key: Key, writing: Writing) -> None:
        """Forget a writer."""
        if self._writers.get(key) is writing:
            del self._writers[key]

    @contextmanager
    def asking(self, key: Key) -> Generator[asyncio.Future[int]]:
        """Yield what becomes the answer of another process: in how many seconds to try again, 0 for at once."""
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        askers = self._askers.setdefault(key, [])
        askers.append(answer)
        try:
            yield answer
        finally:
            askers.remove(answer)
            if not askers and self._askers.get(key) is askers:
                del self._askers[key]

    def answered(self, key: Key, seconds: int) -> None:
        """Hand an answer to all who wait for it."""
        for asker in self._askers.get(key, ()):
            if not asker.done():
                asker.set_result(seconds)
