"""Processor time of a server and of its database, as Linux counts it for their processes.

Rates depend on the machine and on what else it does; processor time of an operation does so much less. It is counted
in steps of 10 ms, so measure for a second at least.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    name: str
    own_s: float
    ended_children_s: float


class Meter:
    """Counts from when its block begins.

    Args:
        pid: of the server: its database, workers and other children are found below it.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = (0.0, 0.0)
        self.server_s = 0.0
        self.database_s = 0.0

    def __enter__(self) -> Self:
        self._before = _used(self._pid)
        return self

    def __exit__(self, *raised: object) -> None:
        server_s, database_s = _used(self._pid)
        self.server_s, self.database_s = server_s - self._before[0], database_s - self._before[1]

    def each(self, operations: int) -> str:
        """Return what one operation took, as a figure."""
        server, database = (seconds * 1000 / max(operations, 1) for seconds in (self.server_s, self.database_s))
        of_database = f" and {database:.2f} of the database's" if database else ""
        return f"{server:.2f} ms of the server's processor time{of_database} each"


def _used(pid: int) -> tuple[float, float]:
    """Return the seconds of a process and its children: of all but PostgreSQL's, and of those."""
    known = {process.pid: process for process in _processes()}
    server_s = database_s = 0.0
    for process in known.values():
        if not _is_below(process, pid, known):
            continue
        if process.name != "postgres":
            server_s += process.own_s
        else:  # the first of them has waited for all connections that have ended
            database_s += process.own_s + process.ended_children_s
    return server_s, database_s


def _is_below(process: _Process, pid: int, known: dict[int, _Process]) -> bool:
    while process.pid != pid:
        parent = known.get(process.parent)
        if parent is None:
            return False
        process = parent
    return True


def _processes() -> Iterator[_Process]:
    for place in Path("/proc").glob("[0-9]*"):
        try:
            head, _, rest = (place / "stat").read_text().rpartition(")")
        except OSError:
            continue  # it has ended
        fields = rest.split()
        user, system, children_user, children_system = (int(ticks) / _TICKS for ticks in fields[11:15])
        yield _Process(
            int(place.name), int(fields[1]), head.partition("(")[2], user + system, children_user + children_system
        )
