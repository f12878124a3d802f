"""The server's memory: idle, and the peak of each kind of work after each other kind, on fresh servers.

What one kind of work leaves behind is paid by the next, so the order matters. A peak is what Linux counted since the
step before ended; the figure behind it is what stayed resident once the server had rested.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import alloy
import exports
import files
import rates
from server import BenchServer

REST_S = 3.0
MEGABYTE = 1_000_000

Step = Callable[[BenchServer, argparse.Namespace], Awaitable[list[str]]]

STEPS: dict[str, Step] = {
    "exports": exports.everything_out,
    "32 uploads": files.many_large_uploads,
    "base64": alloy.put_base64,
    "starts": partial(rates.measure, rates.ACTIONS["form"]),
    "lists": partial(rates.measure, rates.ACTIONS["list"]),
}

AIMS = {"exports": 150, "32 uploads": 256}
"""The most megabytes at a step's peak, whatever came before."""

ORDERS = (
    ("exports", "32 uploads", "exports"),
    ("32 uploads", "exports"),
    ("base64", "exports"),
    ("starts", "lists", "exports"),
    ("lists", "exports", "base64", "32 uploads", "exports"),
)


async def orders(folder: Path, options: argparse.Namespace) -> list[str]:
    """Run each order on a server of its own; its line is printed as soon as it is done, for all take minutes."""
    smaller = argparse.Namespace(**{**vars(options), "gib": options.gib / 4, "files": options.files // 4, "seconds": 5})
    for number, order in enumerate(ORDERS):
        place = folder / f"order-{number}"
        place.mkdir()
        async with BenchServer(place) as server:
            await asyncio.sleep(REST_S)
            said = [f"idle {server.resident_bytes() / MEGABYTE:.0f} MB"]
            for name in order:
                server.forget_peak()
                await STEPS[name](server, smaller)
                peak = server.resident_bytes(peak=True) / MEGABYTE
                await asyncio.sleep(REST_S)
                aim = f" (aim {AIMS[name]})" if name in AIMS else ""
                said.append(f"{name} {peak:.0f}{aim}, then {server.resident_bytes() / MEGABYTE:.0f}")
            print(f"order {number}   {'; '.join(said)}", flush=True)
    return []
