"""Writes a body to a file: batches of chunks, written while the next batch is received.

At most two batches of one body are in memory: the one in the writer's thread and the one being collected. A third
thread flushes written data to the disk, so that the fsync at the end has little left to do and the dirty pages of one
upload stay bounded.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack

from satchel.blobs import threads
from satchel.blobs.store import BATCH_BYTES
from satchel.model.errors import TooLarge

FLUSH_BYTES = 32 * 1024 * 1024
"""How much is written between two flushes; the fastest of 8, 32 and 128 MiB."""


async def batches(
    chunks: AsyncIterator[bytes], *, max_bytes: int, limit_bytes: int | None = None, cut_counts: bool = False
) -> AsyncGenerator[bytes, None]:
    """Yield the chunks joined to batches of `BATCH_BYTES` or a little more; only the last one is smaller.

    Args:
        chunks: the body.
        max_bytes: the maximum size.
        limit_bytes: the limit to report in the refusal; `max_bytes` by default.
        cut_counts: whether the collected bytes are yielded before an error of `chunks` is raised. Only for pieces: for
            a whole body, a part must not look like the last batch.

    Raises:
        TooLarge: it is larger than `max_bytes`; raised at the chunk that exceeds them.
    """
    pieces: list[bytes] = []
    held = 0
    total = 0
    while True:
        try:
            chunk = await anext(chunks)
        except StopAsyncIteration:
            break
        except (Exception, asyncio.CancelledError):  # errors of the sender, and a take-over, pass through
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
    """Call `write` in a thread with one batch after the other, and `flush` in another in parallel.

    Both have ended when this returns or raises, cancelled or not.
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
    """A slot for one call in a thread."""

    def __init__(self) -> None:
        self.future: asyncio.Future[None] | None = None

    async def finish(self) -> None:
        """Wait for the call, if there is one, and raise its error."""
        future, self.future = self.future, None
        if future is not None:
            await threads.finish(future)

    async def settle(self) -> None:
        """Wait for the call, if there is one, ignoring its result."""
        future, self.future = self.future, None
        if future is not None:
            await threads.settle(future)
