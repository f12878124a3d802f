"""Copies of a whole database in one file, made and read by PostgreSQL's own programs.

The wheel of the embedded database brings `pg_dump`, `pg_restore` and `psql`. They know servers up to their own release;
for a newer server those of the machine are taken. A password goes to them in the environment, never on the command
line.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from satchel.db.embedded.binaries import MAJOR, find_binaries
from satchel.model.errors import DatabaseUnavailable, Unavailable

_PLAIN = ("--no-owner", "--no-privileges")
"""The rows and tables alone: who owns them is the other database's affair."""

_UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"


async def dump(dsn: str, path: Path) -> None:
    """Write a database into a new file that only this user may read; a running server need not stop.

    Raises:
        DatabaseUnavailable: it cannot be reached, there is no program for its release, or the program failed.
        Unavailable: the file exists already, or cannot be written.
    """
    await asyncio.to_thread(_dump, dsn, path)


async def restore(dsn: str, path: Path) -> None:
    """Fill an empty database from a file: wholly, or not at all.

    Raises:
        DatabaseUnavailable: it cannot be reached or is not empty, there is no program for its release, or the program
            failed.
        Unavailable: the file cannot be read, or is none of `dump`.
    """
    await asyncio.to_thread(_restore, dsn, path)


def _dump(dsn: str, path: Path) -> None:
    program = _program("pg_dump", dsn)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise Unavailable(f"{path} exists already. Choose another name, or remove it.") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error.strerror}).") from error
    address, environment = _address(dsn)
    done = subprocess.run(  # noqa: S603  # a program of PostgreSQL's, and our own arguments
        [program, "--format=custom", *_PLAIN, f"--file={path}", f"--dbname={address}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        path.unlink()
        raise DatabaseUnavailable(f"The database could not be dumped: {' '.join(done.stderr.split())[-500:]}")


def _restore(dsn: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            if file.read(5) != b"PGDMP":
                raise Unavailable(f"{path} is no dump of `satchel admin dump` or of `pg_dump --format=custom`.")
    except OSError as error:
        raise Unavailable(f"{path} cannot be read ({error.strerror}).") from error
    with _connected(dsn) as connection:
        query = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        row = connection.execute(query).fetchone()
        if row != (0,):
            info = connection.info
            raise DatabaseUnavailable(
                f"The database {info.dbname} at {info.host} is not empty; nothing was restored. Restore into a new one."
            )
    _fill(dsn, [_program("pg_restore", dsn), *_PLAIN, "--file=-", str(path)], _program("psql", dsn))


def _fill(dsn: str, reader: Sequence[str], psql: str) -> None:
    """Run the statements of a dump in one transaction, but for what older servers do not know."""
    address, environment = _address(dsn)
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    with tempfile.TemporaryFile() as said:
        read = subprocess.Popen(reader, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)  # noqa: S603  # as below
        run = subprocess.Popen(  # noqa: S603  # a program of PostgreSQL's, and our own arguments
            [psql, *options, f"--dbname={address}"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        with read, run:
            assert read.stdout is not None and run.stdin is not None  # noqa: PT018, S101  # both are pipes
            with suppress(BrokenPipeError), run.stdin as target:
                _pass_on(read.stdout, target)
        if read.returncode or run.returncode:
            said.seek(0)
            why = " ".join(said.read().decode(errors="replace").split())
            raise DatabaseUnavailable(f"The database could not be filled: {why[-500:]}")


def _pass_on(source: IO[bytes], target: IO[bytes]) -> None:
    for line in source:  # a few settings, ahead of all data
        if line != _UNKNOWN_BEFORE_17:
            target.write(line)
        if line.startswith(b"CREATE "):
            break
    shutil.copyfileobj(source, target, 1024 * 1024)


def _connected(dsn: str) -> psycopg.Connection:
    try:
        return psycopg.connect(dsn)
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"The database cannot be reached: {' '.join(str(error).split())}") from error


def _program(name: str, dsn: str) -> str:
    """Return one of PostgreSQL's programs that is not older than the server."""
    with _connected(dsn) as connection:
        release = connection.info.server_version // 10_000
    if release <= MAJOR:
        try:
            bundled = find_binaries().install / "bin" / name
        except DatabaseUnavailable:
            pass  # only the embedded database needs that wheel
        else:
            if bundled.is_file():
                return str(bundled)
    found = shutil.which(name)
    if found is None:
        raise DatabaseUnavailable(
            f"The database is PostgreSQL {release}, and there is no {name} for it here. "
            f"Install PostgreSQL's client programs of that release (Debian: postgresql-client-{release})."
        )
    return found


def _address(dsn: str) -> tuple[str, dict[str, str]]:
    """Return an address without its password, and the environment of a program that is given both."""
    known = conninfo_to_dict(dsn)
    password = known.pop("password", None)
    inherited = dict(os.environ)  # noqa: TID251  # handed on to a child process
    return make_conninfo("", **known), inherited if password is None else {**inherited, "PGPASSWORD": str(password)}
