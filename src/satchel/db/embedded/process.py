"""Processes of the embedded database: the lock they inherit; how they start, are waited for and stop; their log."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from satchel.db.embedded import launch
from satchel.db.embedded.cluster import Identity
from satchel.model.errors import DatabaseUnavailable

POLL_S = 0.01
"""How often to look at a process. Looking is portable and cheap; a thread per process would cost the pool one."""

PATIENCE_S = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""How long each way to stop may take: a fast shutdown, an immediate one (the next start recovers), and force."""


def take_lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock, or None when somebody else does; closing the descriptor lets go of it.

    Processes that inherit the descriptor share the lock: it is free when the last of them has ended.

    Raises:
        DatabaseUnavailable: the file belongs to another user.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseUnavailable(
            f"{path} cannot be opened ({error.strerror}): the database belongs to another user. "
            "Run Satchel as that user, or choose another data directory."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether another process holds the lock; creates nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def spawn(
    program: Sequence[str], *, identity: Identity, lock: int, log: Path, standard_input: bytes | None = None
) -> subprocess.Popen[bytes]:
    """Start one of PostgreSQL's programs as its user; the kernel stops it when this process ends.

    Args:
        program: the program's path and its arguments.
        identity: whom it runs as.
        lock: the descriptor of `take_lock`, which it inherits.
        log: the file that takes what it says.
        standard_input: at most a pipe's worth (4 KiB); nothing when None.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("start the embedded database from the main thread: the kernel ends it with its thread")
    own = (str(os.getpid()), str(identity.uid), str(identity.gid))
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own program and arguments
            [sys.executable, "-I", "-S", launch.__file__, *own, *program],
            stdin=subprocess.DEVNULL if standard_input is None else subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",  # the present one may be closed to the server's user
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            start_new_session=True,  # Ctrl-C in a terminal is for Satchel, which stops the server when it is done
            pass_fds=(lock,),
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(standard_input or b"")
    return process


async def run(
    program: Sequence[str], *, identity: Identity, lock: int, log: Path, standard_input: bytes | None = None
) -> None:
    """Run one of PostgreSQL's programs to its end; cancelling stops it.

    Raises:
        DatabaseUnavailable: it failed; the message holds its reason.
    """
    process = spawn(program, identity=identity, lock=lock, log=log, standard_input=standard_input)
    try:
        while process.poll() is None:  # noqa: ASYNC110  # see POLL_S
            await asyncio.sleep(POLL_S)
    finally:
        await stop(process)
    if process.returncode != 0:
        raise failure("The embedded database cannot be made", log)


async def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process, at first gently, and wait until it has ended."""
    for number, patience_s in PATIENCE_S:
        if process.poll() is not None:
            return
        _signal(process, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while process.poll() is None:  # noqa: ASYNC110  # see POLL_S
                    await asyncio.sleep(POLL_S)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except PermissionError:
        facts = os.stat(f"/proc/{process.pid}")  # noqa: PTH116  # one call, two facts
        signal_as(facts.st_uid, facts.st_gid, process.pid, number)


def signal_as(uid: int, gid: int, pid: int, number: signal.Signals) -> None:
    """Signal a process as its own user, for a root without the capability to signal other users (CAP_KILL)."""
    own = (str(os.getpid()), str(uid), str(gid))
    kill = ("/bin/sh", "-c", f"kill -{int(number)} {pid}")
    subprocess.run(  # noqa: S603  # our own program and arguments
        [sys.executable, "-I", "-S", launch.__file__, *own, *kill], capture_output=True, check=False, timeout=10
    )


def fresh_log(shelf: Path) -> Path:
    """Return an empty log; the former one is kept as `.1`, so that there are never more than two."""
    log = shelf / "postgres.log"
    if log.exists():
        log.replace(shelf / "postgres.log.1")
    log.touch(mode=0o600)
    return log


def failure(what: str, log: Path) -> DatabaseUnavailable:
    """Return the error that says why a program failed, by the last complaint in its log."""
    lines = log.read_text(errors="replace").splitlines()
    told = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "ERROR"))] or lines
    reason = told[-1].strip() if told else "it said nothing"
    if any("No space left on device" in line for line in lines):
        reason = "the disk is full; free space and start again"
    return DatabaseUnavailable(f"{what}: {reason}. The whole log is {log}.")
