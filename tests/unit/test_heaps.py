"""Freed memory goes back to the system once there was work, and only then."""

import asyncio
import platform
from pathlib import Path

import pytest

from satchel.model.metrics import Metrics
from satchel.work.heaps import return_freed_memory

PIECE = bytes(100 * 1024)
"""Too large for the interpreter's own heap, and too small to be mapped by itself."""


def resident_mib() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS:"))


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory, and can be told to return it"
)
async def test_memory_that_was_freed_returns_to_the_system_after_work() -> None:
    metrics, stop = Metrics("1"), asyncio.Event()
    pieces = [bytearray(PIECE) for _ in range(1000)]
    last = pieces.pop()  # above all others: without it they would be returned at once
    held = resident_mib()
    pieces.clear()
    assert held - resident_mib() < 50

    running = asyncio.create_task(return_freed_memory(metrics, stop, period_s=0.01))
    await asyncio.sleep(0)
    metrics.count_request("PUT", "/", 200, 0.1, received=100 * 2**20, sent=0)
    async with asyncio.timeout(30):
        while held - resident_mib() < 50:  # noqa: ASYNC110  # the system's memory has no event
            await asyncio.sleep(0.01)
    stop.set()
    await running

    assert len(last) == len(PIECE)
