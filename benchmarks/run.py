"""Runs every benchmark against a fresh server and prints one line a figure, with its aim: `make bench`.

Each figure is printed with what it is compared to, measured on the same machine in the same run. Machines are noisy
(1.3 to 2 times): compare figures of one run, or of runs in turns. `make bench ARGS="--only upload,search"` runs some
of them.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import alloy
import calls
import comparisons
import export
import exports
import files
import forms
import limits
import memory
import moves
import navixy
import notifications
import questetra
import rates
import search
import sweep
import web
import worker
from server import BenchServer

BENCHMARKS: dict[str, Callable[[BenchServer, argparse.Namespace], Awaitable[list[str]]]] = {
    **{name: partial(rates.measure, action) for name, action in rates.ACTIONS.items()},
    "limits": limits.limits,
    "upload": files.one_large_upload,
    "memory": files.many_large_uploads,
    "download": files.one_large_download,
    "copy": files.copy_of_a_large_file,
    "moves": moves.running_instances,
    "forms": forms.reacting,
    "calls": calls.files_sent,
    "questetra": questetra.questetra,
    "exports": exports.everything_out,
    "command": export.by_command,
    "navixy": navixy.attached,
    "alloy": alloy.put_base64,
    "search": search.many_instances,
    "web": web.in_the_browser,
}

ALONE = {
    "worker": worker.calls_alone,
    "upkeep": sweep.upkeep,
    "told": notifications.told,
    "orders": memory.orders,
}
"""What has the machine to itself, or servers of its own: it runs before the server starts."""


async def main() -> int:
    """Run what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join([*ALONE, *BENCHMARKS]), help="names with commas between")
    parser.add_argument("--peers", action="store_true", help="also measure other servers, where they can be installed")
    parser.add_argument("--seconds", type=int, default=10, help="how long each rate is measured")
    parser.add_argument("--instances", type=int, default=200_000, help="how many the search runs over")
    parser.add_argument("--files", type=int, default=10_000, help="how many are exported")
    parser.add_argument("--moves", type=int, default=10_000, help="how many running instances are moved")
    parser.add_argument("--gib", type=float, default=1.0, help="size of the large file")
    parser.add_argument("--calls", type=int, default=300, help="how many calls a worker makes")
    parser.add_argument("--blobs", type=int, default=100_000, help="how many files the sweep looks at")
    parser.add_argument("--notifications", type=int, default=10_000, help="how many are written and sent")
    parser.add_argument("--copies", type=int, default=1000, help="how many copies a worker makes")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := [name for name in names if name not in (*ALONE, *BENCHMARKS)]:
        print(f"there is no benchmark {unknown[0]}; known: {', '.join([*ALONE, *BENCHMARKS])}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="satchel-bench-", ignore_cleanup_errors=True) as folder:
        for name in (name for name in names if name in ALONE):
            for line in await ALONE[name](Path(folder), options):
                print(f"{name:<9} {line}", flush=True)
        if not set(names) & set(BENCHMARKS) and not options.peers:
            return 0
        async with BenchServer(Path(folder)) as server:
            for name in names:
                for line in await BENCHMARKS[name](server, options) if name in BENCHMARKS else ():
                    print(f"{name:<9} {line}", flush=True)
            for name, measured in comparisons.PEERS.items() if options.peers else ():
                for line in await measured(server, options):
                    print(f"{name:<9} {line}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
