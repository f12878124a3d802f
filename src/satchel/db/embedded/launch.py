"""Becomes PostgreSQL: the program that `db/embedded/server` starts, run as a script by a fresh interpreter.

What it does must happen in the child between fork and exec, where Python code is not safe in a process with threads
(`preexec_fn`). Hence a process of its own, which imports nothing of Satchel: it takes the rights that the server runs
with, asks the kernel for a SIGINT (PostgreSQL's fast shutdown) when its parent ends, and replaces itself.

    python -I -S embedded_launch.py PARENT_PID UID GID PROGRAM [ARGUMENT ...]       UID -1: keep the present rights
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Of `linux/prctl.h`."""

ORPHANED = 3
"""Exit status: the parent ended before the kernel was asked to watch it."""


def launch(parent: int, uid: int, gid: int, program: list[str]) -> None:
    """Replace this process by `program`; returns never."""
    if uid >= 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    if sys.platform == "linux":
        # After the change of user, which clears it; exec keeps it.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(ORPHANED)
    os.execv(program[0], program)  # noqa: S606  # no shell on purpose; the program's path is ours


if __name__ == "__main__":
    launch(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
