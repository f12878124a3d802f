"""From a body to a file: batches of chunks, written while the next batch is received.

At most two batches of one body are in memory: the one in the writer's thread and the one being gathered. A third thread
has the disk take in what was written, so that the fsync at the end finds little left to do and the dirty pages of one
upload stay bounded.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack

from satchel.blobs import threads
from satchel.blobs.store import BATCH_BYTES
from satchel.model.errors import TooLarge

FLUSH_BYTES = 32 * 1024 * 1024
"""How much is written between two flushes; measured best of 8, 32 and 128 MiB."""


async def batches(
    chunks: AsyncIterator[bytes], *, max_bytes: int, limit_bytes: int | None = None, cut_counts: bool = False
) -> AsyncGenerator[bytes, None]:
    """Give the chunks joined to batches of `BATCH_BYTES` or a little more; only the last one is smaller.

    Args:
        chunks: the body.
        max_bytes: the most that may come.
        limit_bytes: what to name as the limit in the refusal; `max_bytes` by default.
        cut_counts: whether what was gathered is given before `chunks`' own error is raised. Only for pieces: whoever
            takes a body whole must not see a part of it as the last batch.

    Raises:
        TooLarge: more than `max_bytes` came; raised with the chunk that passes them.
    """
    pieces: list[bytes] = []
    held = 0
    total = 0
    while True:
        try:
            chunk = await anext(chunks)
        except StopAsyncIteration:
            break
        except (Exception, asyncio.CancelledError):  # whatever the sender's end raises, and a take-over, passes through
            if cut_counts and pieces:
                yield b"".join(pieces)
            raise
        total += len(chunk)
        if total > max_bytes:
            raise TooLarge("The file", max_bytes if limit_bytes is None else limit_bytes)
        pieces.append(chunk)
        held += len(chunk)
        if held >= BATCH_BYTES:
            batch = b"".join(pieces)
            pieces.clear()
            held = 0
            yield batch
    if pieces:
        yield b"".join(pieces)


async def pump(source: AsyncIterator[bytes], *, write: Callable[[bytes], None], flush: Callable[[], None]) -> None:
    """Call `write` in a thread with one batch after the other, and `flush` in another beside it.

    Neither runs any more when this returns or raises, cancelled or not.
    """
    unflushed = 0
    async with AsyncExitStack() as stack:
        writing = _Slot()
        stack.push_async_callback(writing.settle)
        flushing = _Slot()
        stack.push_async_callback(flushing.settle)
        async for batch in source:
            await writing.finish()
            writing.future = threads.start(write, batch)
            unflushed += len(batch)
            if unflushed >= FLUSH_BYTES:
                unflushed = 0
                await flushing.finish()
                flushing.future = threads.start(flush)
        await writing.finish()
        await flushing.finish()


class _Slot:
    """Room for one call in a thread."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] | None = None

    async def finish(self) -> None:
        """Wait for the call, if there is one, and raise what it raised."""
        future, self.future = self.future, None
        if future is not None:
            await threads.finish(future)

    async def settle(self) -> None:
        """Wait for the call, if there is one, whatever came of it."""
        future, self.future = self.future, None
        if future is not None:
            await threads.settle(future)
