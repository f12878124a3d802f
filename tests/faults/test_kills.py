"""kill -9 of server and database while clients are at work, with the numbers of the dead given to others at once.

In a container numbers of processes are few and come again soon: here, they come again at once.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from acknowledged import APP, Acknowledged, busy, lost, wait_for_more
from e2e.conftest import free_port
from embedding import linux, somebody, wait_until
from serving import Served, command, eventually

SHORT = ("both", "the database", "the server")
LONG = SHORT * 13 + ("both",)
OF_TWO = (*SHORT, "a web process") * 10
SETTINGS = {"SATCHEL_TICKET_LIFETIME_S": "3600"}


@pytest.fixture
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Served]:
    processes = {"SATCHEL_PROCESSES": str(request.param)} if hasattr(request, "param") else {}
    served = Served(folder / "data", free_port(), settings={**SETTINGS, **processes})
    served.set_up()
    served.start()
    served.deploy(APP)
    yield served
    served.stop()


def _live_through(server: Served, kills: tuple[str, ...]) -> list[float]:
    """Kill what each round names while clients work; return how long the server was away each time."""
    known = Acknowledged()
    away: list[float] = []
    chance = random.Random(11)  # noqa: S311  # which moment does not matter
    for number, victim in enumerate(kills):
        with ExitStack() as stack:
            with busy(server, known, seed=number):
                wait_for_more(known, 10 + chance.randrange(20))
                away.append(_kill(server, victim, stack))
                wait_for_more(known, 5)
            assert lost(server, known) == [], victim
            assert _held_up(server) == [], victim
        known.uploads.clear()  # a ticket may not wait for all of the rounds
        known.offsets.clear()
    server.stop()
    examined = command("doctor", "--read-data", env=server.settings)
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert len(known.files) > 5 * len(kills)
    return away


def _held_up(server: Served) -> list[str]:
    """Return what the logs say of starts that failed; how long one takes tells more of the machine."""
    logs = [server.log, *(server.data / "database").glob("postgres.log*")]
    lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
    return [line for line in lines if "lock file" in line or "database.not_started" in line]


def _kill(server: Served, victim: str, stack: ExitStack) -> float:
    """Kill and return how long it took until all answered again."""
    database = server.database_pid()
    assert database is not None
    if victim == "a web process":
        before = server.web_processes()
        os.kill(min(before), signal.SIGKILL)
        begun = time.monotonic()
        eventually(lambda: len(server.web_processes() - {min(before)}) == len(before))
        return time.monotonic() - begun
    if victim == "the database":
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)  # it would start another before the number is taken
        os.kill(database, signal.SIGKILL)
        wait_until(lambda: not _lives(database))
        stack.enter_context(_taken(server, database))
        server.process.send_signal(signal.SIGCONT)
        return _seconds_until_ready(server)
    if victim == "both":
        os.kill(database, signal.SIGKILL)
    server.kill()
    wait_until(lambda: not _lives(database))
    stack.enter_context(_taken(server, database))
    return server.start()


def _seconds_until_ready(server: Served) -> float:
    begun = time.monotonic()
    eventually(server.is_ready)
    return time.monotonic() - begun


def _lives(pid: int) -> bool:
    """Return whether a process is more than an entry that its parent has not removed yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@contextmanager
def _taken(server: Served, database: int) -> Iterator[None]:
    """Give the number of the dead database to another process: in truth where this may be asked for, else on paper."""
    with ExitStack() as stack:
        process = stack.enter_context(somebody(database))
        if process.pid != database:
            home = server.data / "database"
            for path in (home / "cluster" / "postmaster.pid", home / "socket" / ".s.PGSQL.5432.lock"):
                if path.exists():
                    path.write_text(path.read_text().replace(str(database), str(process.pid), 1))
        yield
        assert process.poll() is None


@linux
def test_killed_servers_and_databases_start_at_once_although_others_have_their_numbers(server: Served) -> None:
    away = _live_through(server, SHORT)

    assert len(away) == len(SHORT)


@linux
@pytest.mark.soak
def test_forty_kills_lose_nothing_and_hold_nothing_up(server: Served) -> None:
    away = _live_through(server, LONG)

    print(f"{len(away)} kills, away for {max(away):.1f} s at most, {sum(away) / len(away):.1f} s on average")  # noqa: T201  # the soak's figure
    assert len(away) == 40


@linux
@pytest.mark.soak
@pytest.mark.parametrize("server", [2], indirect=True)
def test_forty_kills_of_a_server_of_two_processes_lose_nothing(server: Served) -> None:
    away = _live_through(server, OF_TWO)

    print(f"{len(away)} kills of a server of two processes, away for {max(away):.1f} s at most")  # noqa: T201  # the soak's figure
    assert len(away) == 40
