"""What the C library keeps of freed memory: as little as can be, without slowing the work that needs it.

Buffers of half a MiB and more are freed as soon as they were hashed or sent, but glibc keeps them: after 32 uploads at
once, 65 MB of a server's 190 were free and nobody else's. To have each buffer mapped by itself would return them at
once and cost a sixth of a transfer's speed. So they are returned when work has ended: 30 ms for those 65 MB, 0.5 ms
where there is little, in a thread. Elsewhere than on glibc nothing is done.
"""

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress

from satchel.model.metrics import Metrics
from satchel.work.keeping import wait

PERIOD_S = 2.0
"""How often is looked for work that has ended."""

_M_ARENA_MAX = -8  # as malloc.h has it


def share_heap() -> None:
    """Make all threads share one heap if the C library is glibc, before there are any threads.

    By default up to eight threads a core have their own heap, whose free memory the others cannot use: 10 MB more, and
    3 with two heaps. Threads of Python rarely allocate at the same time, so that nothing is slower.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


async def return_freed_memory(metrics: Metrics, stop: asyncio.Event, *, period_s: float = PERIOD_S) -> None:
    """Return freed memory to the system after work, until `stop` is set.

    Args:
        metrics: of this process; they change when something was done.
        stop: ends it.
        period_s: how often is looked.
    """
    trim = _trim()
    done = metrics.done
    while not stop.is_set():
        await wait(stop, period_s)
        if trim is not None and metrics.done != done:
            done = metrics.done
            await asyncio.to_thread(trim, 0)


def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim  # which runs without the interpreter's lock
    except (OSError, AttributeError):
        return None
    return trim
