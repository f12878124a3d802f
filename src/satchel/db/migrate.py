"""Brings a database to this release's schema.

Safe to call from several processes at once: Alembic runs in one transaction under an advisory lock
(`migrations/env.py`), so the first migrates and the others wait and find nothing to do.

Alembic runs in a process of its own, and only where there is a step to take: it is needed once a release, and would
fill 20 MB of every server for as long as it runs.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import psycopg

from satchel.model.errors import DatabaseUnavailable

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


async def migrate(dsn: str, *, creates: bool = True) -> None:
    """Run every step that the database at `dsn` has not had.

    Args:
        dsn: the database.
        creates: whether an empty one gets its tables.

    Raises:
        DatabaseUnavailable: the database cannot be reached, has no tables of Satchel and is to get none, or a step
            failed; nothing of it was done then.
    """
    await asyncio.to_thread(_migrate, dsn, creates)


def _migrate(dsn: str, creates: bool) -> None:  # noqa: FBT001  # private
    try:
        with psycopg.connect(dsn) as connection:
            revision = _revision(connection)
            if revision == _newest():
                return
            if revision is not None and revision not in _known():
                raise DatabaseUnavailable(
                    f"The database is at step {revision} of the schema, of a newer release of Satchel; this one "
                    f"knows the steps up to {_newest()}. Run the newer release, or restore a backup from "
                    "before the upgrade."
                )
            if revision is None and not creates:
                info = connection.info
                raise DatabaseUnavailable(
                    f"The database {info.dbname} at {info.host} has no tables of Satchel. Check SATCHEL_DATABASE_URL; "
                    "`satchel serve` sets up a new one."
                )
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"The database cannot be reached: {' '.join(str(error).split())}") from error
    command = [sys.executable, "-m", "satchel.db.migrations.upgrade"]
    done = subprocess.run(command, input=dsn, capture_output=True, text=True, check=False)  # noqa: S603  # our own module
    if done.returncode != 0:
        why = done.stderr.strip().rpartition("\n")[2]
        raise DatabaseUnavailable(f"The database could not be brought to this release's schema: {why}")


def _revision(connection: psycopg.Connection) -> str | None:
    """Return the step that a database is at; None before the first."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _newest() -> str:
    """Return the newest step: each has a module whose name begins with its number."""
    return max(_known())


def _known() -> set[str]:
    return {path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py")}
