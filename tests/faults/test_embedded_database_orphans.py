"""What outlives the owner of an embedded database: servers, and connections that are busy when theirs is killed."""

import asyncio
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from embedding import Command, as_root, ask, ask_when_back, is_gone, linux, wait_until
from satchel.db.embedded.server import embedded

WITHOUT_KILL = ("setpriv", "--bounding-set", "-kill", "--inh-caps", "-kill")
"""Runs a command as a root who may not signal other users, as in a container that drops the capability."""

without_kill = pytest.mark.skipif(
    shutil.which("setpriv") is None, reason="setpriv drops the capability, and is not here"
)


@linux
def test_a_server_whose_owner_is_gone_is_ended_by_the_next_to_start(data: Path, start: Callable[..., Command]) -> None:
    owner = start(data, is_watched=False)
    orphan = owner.told()
    ask(orphan["dsn"], "CREATE TABLE kept AS SELECT 42 AS answer")
    owner.process.kill()
    owner.process.wait()
    assert ask(orphan["dsn"], "SELECT 1") == 1

    found = start(data).told()

    assert found["pid"] not in (None, orphan["pid"])
    wait_until(lambda: is_gone(orphan["pid"]))  # whoever its parent is now takes note of its end
    assert ask(found["dsn"], "SELECT answer FROM kept") == 42


@linux
def test_a_process_that_joined_replaces_a_server_that_outlives_its_owner(
    data: Path, start: Callable[..., Command]
) -> None:
    owner = start(data, is_watched=False)
    orphan = owner.told()
    joined = start(data)
    assert joined.told()["pid"] is None

    owner.process.kill()

    wait_until(lambda: is_gone(orphan["pid"]))
    asyncio.run(ask_when_back(orphan["dsn"], "SELECT 1"))
    joined.end()


@linux
def test_a_server_that_has_its_owner_is_left_alone_by_those_that_join(
    data: Path, start: Callable[..., Command]
) -> None:
    owner = start(data)
    told = owner.told()

    others = [start(data) for _ in range(3)]

    assert [other.told()["pid"] for other in others] == [None, None, None]
    for other in others:
        other.end()
    assert not is_gone(told["pid"])
    assert ask(told["dsn"], "SELECT 1") == 1


@as_root
@without_kill
def test_root_without_the_right_to_signal_others_stops_its_server(data: Path, start: Callable[..., Command]) -> None:
    owner = start(data, prefix=WITHOUT_KILL)
    told = owner.told()

    owner.end()

    assert owner.process.returncode == 0
    assert is_gone(told["pid"])


@as_root
@without_kill
def test_root_without_the_right_to_signal_others_replaces_what_outlived_its_owner(
    data: Path, start: Callable[..., Command]
) -> None:
    owner = start(data, prefix=WITHOUT_KILL)
    orphan = owner.told()
    owner.process.kill()
    owner.process.wait()
    assert ask(orphan["dsn"], "SELECT 1") == 1  # the kernel sent it nothing

    found = start(data, prefix=WITHOUT_KILL).told()

    assert found["pid"] not in (None, orphan["pid"])
    wait_until(lambda: is_gone(orphan["pid"]))
    assert ask(found["dsn"], "SELECT 1") == 1


@linux
async def test_a_busy_connection_of_a_killed_server_does_not_hold_up_the_next(data: Path) -> None:
    def be_busy(dsn: str) -> None:
        with psycopg.connect(dsn) as connection, pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT sum(n) FROM (SELECT generate_series(1, 1000000000) n) numbers")

    async with embedded(data) as server:
        assert server.pid is not None
        busy = threading.Thread(target=be_busy, args=(server.dsn,))
        busy.start()
        await asyncio.to_thread(wait_until, lambda: is_busy(server.dsn))
        os.kill(server.pid, signal.SIGKILL)
        begun = time.monotonic()

        await ask_when_back(server.dsn, "SELECT 1")

        assert time.monotonic() - begun < 10  # the query takes a minute
        busy.join()


def is_busy(dsn: str) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 1%'"
    return bool(ask(dsn, query) > 1)  # the question itself is one
