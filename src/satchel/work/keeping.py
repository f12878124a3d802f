"""Keeps the parts of a server going that nobody waits for: one that fails does so alone, and is started again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""How long a part that failed waits until it is started again: twice as long each time, up to this."""

STEADY_S = 300.0
"""How long a part has to run for its failures to be forgotten."""

_log = structlog.get_logger(__name__)


async def keep_running(name: str, run: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    """Run a part until `stop` is set; whatever it raises is logged, and it begins anew after a pause.

    Args:
        name: of the part, for the log.
        run: runs it until the event that it is given is set.
        stop: ends it.
    """
    pause_s = FIRST_PAUSE_S
    clock = asyncio.get_running_loop().time
    while not stop.is_set():
        begun = clock()
        try:
            await run(stop)
        except Exception:  # noqa: BLE001  # ends one run of a part: the others must not end with it
            pause_s = FIRST_PAUSE_S if clock() - begun > STEADY_S else pause_s
            _log.exception(f"{name}.crashed", pause_s=pause_s)
            await wait(stop, pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait for so long, or until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
