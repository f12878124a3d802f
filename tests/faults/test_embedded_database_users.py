"""The embedded database under several users: root, nobody, and people after root."""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from embedding import (
    NOBODY,
    Command,
    as_root,
    ask,
    closed,
    ordinary,
    python_for_everybody,
)
from satchel.db.embedded import binaries
from satchel.db.embedded import cluster as embedded_cluster
from satchel.db.embedded.binaries import find_binaries
from satchel.db.embedded.cluster import remove_database
from satchel.db.embedded.server import EmbeddedServer, embedded
from satchel.model.errors import DatabaseUnavailable


@as_root
async def test_root_runs_it_as_nobody_and_nobody_else_gets_in(data: Path) -> None:
    async with embedded(data, is_durable=False) as server:
        cluster = data / "database" / "cluster"
        place = Path(str(conninfo_to_dict(server.dsn)["host"]))
        assert Path(f"/proc/{server.pid}").stat().st_uid == NOBODY.pw_uid
        assert (cluster.stat().st_uid, cluster.stat().st_mode & 0o777) == (NOBODY.pw_uid, 0o700)
        assert place.stat().st_mode & 0o777 == 0o700

        # `nobody` may enter the folder of the socket; the server asks the kernel who is there.
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            await asyncio.to_thread(ask_as_nobody, server.dsn)


def ask_as_nobody(dsn: str) -> None:
    """Connect with nobody's rights, from a forked process that sends back what it was told."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setresuid(NOBODY.pw_uid, NOBODY.pw_uid, NOBODY.pw_uid)
            ask(dsn, "SELECT 1")
        except psycopg.OperationalError as error:
            os.write(writer, str(error).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        answer = told.read()
    os.waitpid(child, 0)
    if answer:
        raise psycopg.OperationalError(answer)


@as_root
async def test_below_roots_home_the_database_lies_outside_and_is_found_again(folder: Path, outside: Path) -> None:
    with closed(folder) as home:
        data = home / "data"
        async with embedded(data, is_durable=False) as server:
            ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        async with embedded(data, is_durable=False) as server:
            assert ask(server.dsn, "SELECT answer FROM kept") == 42

        assert len(list(outside.iterdir())) == 1
        assert not (data / "database" / "cluster").exists()
        assert home.stat().st_mode & 0o777 == 0o700
        remove_database(data)
        assert list(outside.iterdir()) == []


@as_root
async def test_a_data_directory_that_was_moved_finds_its_database_and_a_copy_is_refused(
    folder: Path, outside: Path
) -> None:
    with closed(folder) as home:
        async with embedded(home / "first", is_durable=False) as server:
            ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")

        (home / "first").rename(home / "moved")
        async with embedded(home / "moved", is_durable=False) as server:
            assert ask(server.dsn, "SELECT answer FROM kept") == 42

        shutil.copytree(home / "moved", home / "copy")
        with pytest.raises(DatabaseUnavailable, match="is a copy of"):
            await EmbeddedServer(home / "copy").start()
        assert len(list(outside.iterdir())) == 1


@as_root
async def test_a_data_directory_that_was_removed_gets_a_new_database_and_the_old_one_stays(
    folder: Path, outside: Path
) -> None:
    with closed(folder) as home:
        async with embedded(home / "data", is_durable=False) as server:
            ask(server.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
        shutil.rmtree(home / "data")

        async with embedded(home / "data", is_durable=False) as server:
            assert ask(server.dsn, "SELECT to_regclass('kept')") is None

        assert len(list(outside.iterdir())) == 2


@as_root
async def test_a_data_directory_whose_database_is_gone_is_not_given_an_empty_one(folder: Path, outside: Path) -> None:
    with closed(folder) as home:
        async with embedded(home / "data", is_durable=False):
            pass
        shutil.rmtree(outside)

        with pytest.raises(DatabaseUnavailable, match="it is not there"):
            await EmbeddedServer(home / "data").start()


@as_root
async def test_programs_that_nobody_may_execute_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closed(folder) as home:
        found = find_binaries()
        hidden = home / "site-packages"
        for package in (binaries.PACKAGE, f"{binaries.PACKAGE}.libs"):
            if (found.root / package).is_dir():
                shutil.copytree(found.root / package, hidden / package, ignore=shutil.ignore_patterns("pginstall"))
        monkeypatch.setattr(embedded_cluster, "find_binaries", lambda: binaries.Binaries(root=hidden))
        data = folder / "data"
        for _ in range(2):
            async with embedded(data, is_durable=False) as server:
                assert ask(server.dsn, "SELECT 1") == 1
                assert str(Path(f"/proc/{server.pid}/exe").readlink()).startswith(str(data))

        assert len(list((data / "database").glob("postgresql-*"))) == 1


@as_root
def test_an_ordinary_user_after_root_has_a_database_of_their_own(folder: Path, start: Callable[..., Command]) -> None:
    prefix, python = ordinary(), python_for_everybody()
    first = start(folder / "roots")
    first.told()
    first.end()
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, NOBODY.pw_uid, NOBODY.pw_gid)

    refused = start(folder / "roots", prefix=prefix, python=python).told()
    own = start(theirs / "data", prefix=prefix, python=python)

    assert "belongs to another user" in refused["error"]
    assert own.told()["pid"] is not None
    own.end()


@as_root
def test_root_may_use_an_ordinary_users_database_and_give_it_back(folder: Path, start: Callable[..., Command]) -> None:
    prefix, python = ordinary(), python_for_everybody()
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, NOBODY.pw_uid, NOBODY.pw_gid)
    for options in ({"prefix": prefix, "python": python}, {}, {"prefix": prefix, "python": python}):
        command = start(theirs / "data", **options)
        told = command.told()
        assert told.get("pid") is not None, told
        command.end()


@as_root
def test_a_file_that_root_was_writing_when_it_was_killed_is_replaced(
    folder: Path, start: Callable[..., Command]
) -> None:
    prefix, python = ordinary(), python_for_everybody()
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, NOBODY.pw_uid, NOBODY.pw_gid)
    first = start(theirs / "data", prefix=prefix, python=python)
    first.told()
    first.end()
    (theirs / "data" / "database" / "hba.conf.new").touch(mode=0o600)

    told = start(theirs / "data", prefix=prefix, python=python).told()

    assert told.get("pid") is not None, told
