"""What a crash leaves of a server: files that name processes, and processes whose owner is gone.

PostgreSQL believes a lock file for as long as any process of its user has the number in it, and numbers are recycled:
in a container, where there are few, nearly always. Our own lock is reliable, since every process of a server inherits
it; its holder removes those files.

A server can outlive its owner, and then holds the lock: on systems without PDEATHSIG, where root lacks the capability
to signal other users (CAP_KILL; the kernel sends nothing then either), or while it is suspended. It would run until the
machine stops, also while an administrator copies the files of a Satchel that they stopped. So the next process to start
ends it, as the kernel was asked to, and starts a server of its own. The same holds for connections that are busy when
their server is killed: they notice only when they are done. Only Linux shows such processes; elsewhere a server without
an owner is joined.
"""

import asyncio
import contextlib
import json
import os
import select
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from satchel.db.embedded.cluster import known_home
from satchel.db.embedded.process import POLL_S, signal_as

GENTLY = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""How a server without an owner is ended, and how many seconds each signal gets."""

AT_ONCE = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""How connections are ended whose server is gone: the next start recovers in any case."""

PROC = Path("/proc")

_log = structlog.get_logger(__name__)


def clear_lock_files(cluster: Path, socket: Path) -> None:
    """Remove what names the processes of an earlier server. Needs the shelf's lock, and that no other server runs.

    Args:
        cluster: PostgreSQL's data directory.
        socket: the folder of its socket, which is used for this cluster only.
    """
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for left in socket.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def server_on(cluster: Path) -> int | None:
    """Return the process that `postmaster.pid` names if it is a server on this cluster: the number may be recycled."""
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if pid > 0 and _is_server(pid, cluster) else None


async def end_orphans(shelf: Path) -> None:
    """End what runs on the shelf's database without an owner, and wait until it has ended; safe from several at once.

    A process that this one may not end is left as it is.
    """
    home = known_home(shelf)
    if home is None or not (PROC / "self").exists():
        return
    cluster = home / "cluster"
    server = server_on(cluster)
    if server is None:
        orphans = await asyncio.to_thread(_connections_without_server, cluster)
        await _end(orphans, AT_ONCE, lambda pid: _is_connection_without_server(pid, cluster))
        return
    # In this order: an owner records itself before it starts a server.
    parent, owner = _parent(server), _recorded_owner(shelf)
    if parent is not None and owner is not None and parent != owner:
        _log.warning("database.without_owner", pid=server, cluster=str(cluster))
        await _end([server], GENTLY, lambda pid: _is_server(pid, cluster))


def _is_server(pid: int, cluster: Path) -> bool:
    """Return whether a process is a PostgreSQL server on this cluster.

    The root of a container may be kept from seeing another user's working directory; command lines are always visible.
    """
    with contextlib.suppress(PermissionError):
        return _works_in(pid, cluster)
    words = _command(pid)
    if Path(words[0]).name != "postgres":  # a connection's first word is `postgres:`
        return False
    return "-D" not in words or Path([*words[words.index("-D") + 1 :], ""][0]) == cluster


def _connections_without_server(cluster: Path) -> list[int]:
    """Return the connections that a server on this cluster left when it was killed."""
    pids = (int(name) for name in os.listdir(PROC) if name.isdigit())  # noqa: PTH208  # the names are enough
    return [pid for pid in pids if _is_connection_without_server(pid, cluster)]


def _is_connection_without_server(pid: int, cluster: Path) -> bool:
    if not _command(pid)[0].startswith("postgres: "):
        return False
    with contextlib.suppress(PermissionError):
        parent = _parent(pid)
        return _works_in(pid, cluster) and parent is not None and not _is_server(parent, cluster)
    return False


def _works_in(pid: int, folder: Path) -> bool:
    """Return whether a process has this working directory, as each of PostgreSQL's has its cluster.

    Raises:
        PermissionError: this process may not see it.
    """
    try:
        return (PROC / str(pid) / "cwd").resolve(strict=True) == folder.resolve()
    except PermissionError:
        raise
    except OSError:
        return False


def _command(pid: int) -> Sequence[str]:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def _parent(pid: int) -> int | None:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("PPid:")), None)


def _recorded_owner(shelf: Path) -> int | None:
    try:
        return int(json.loads((shelf / "server.json").read_text())["owner"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


async def _end(
    pids: Sequence[int], ways: Sequence[tuple[signal.Signals, float]], is_meant: Callable[[int], bool]
) -> None:
    """Signal processes until they have ended; `is_meant` is asked once more when the number can no longer change."""
    with contextlib.ExitStack() as stack:
        living: list[tuple[int, int]] = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                stack.callback(os.close, handle)
                if is_meant(pid):
                    living.append((pid, handle))
        for number, patience_s in ways:
            for pid, handle in living:
                _signal(pid, handle, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    while living := [one for one in living if not _has_ended(one[1])]:  # noqa: ASYNC110  # see POLL_S
                        await asyncio.sleep(POLL_S)
            if not living:
                return


def _signal(pid: int, handle: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        try:
            signal.pidfd_send_signal(handle, number)
        except PermissionError:
            with contextlib.suppress(OSError):
                facts = (PROC / str(pid)).stat()
                signal_as(facts.st_uid, facts.st_gid, pid, number)


def _has_ended(handle: int) -> bool:
    return bool(select.select([handle], [], [], 0)[0])
