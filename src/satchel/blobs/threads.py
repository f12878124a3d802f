"""Runs blocking steps in threads so that a cancelled caller never leaves one running.

`asyncio.to_thread` returns at once when its caller is cancelled, while the thread continues; if the descriptor that
it writes to is closed, it would write into the next file with that number. Here the caller waits for its thread.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def start(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> "asyncio.Future[T]":
    """Start `function` in a thread of the loop's executor; the future ends when the thread has finished it."""
    return asyncio.get_running_loop().run_in_executor(None, partial(function, *args, **kwargs))


async def finish(future: "asyncio.Future[T]") -> T:
    """Wait until the future ends, also when cancelled meanwhile: the cancellation is raised afterwards."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await settle(future)
        raise


async def settle(future: "asyncio.Future[T]") -> None:
    """Wait until the future has ended and ignore its result; a cancellation meanwhile is raised afterwards."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            cancelled = True
    if not future.cancelled():
        future.exception()  # reading it marks it as retrieved
    if cancelled:
        raise asyncio.CancelledError


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a thread and return its result; a cancelled caller still waits for the thread."""
    return await finish(start(function, *args, **kwargs))
