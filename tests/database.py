"""PostgreSQL for tests: one server a run, one database a test, cloned from a migrated template.

The server is the embedded one, without durability, in a temporary folder; `SATCHEL_TEST_DATABASE_URL` names another.
Under xdist the controlling process runs it, because it starts first and ends last, and the kernel ends it with that.
"""

import asyncio
import itertools
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from satchel.db.embedded import EmbeddedServer
from satchel.db.embedded_cluster import remove_database
from satchel.db.migrate import migrate

_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A server for this run.

    Attributes:
        dsn: a database to give orders from (`CREATE DATABASE`), not to test in.
        template: the migrated database that tests get clones of.
    """

    dsn: str
    template: str

    @contextmanager
    def clone(self) -> Iterator[str]:
        """Lend a fresh copy of the template and yield its DSN; the copy is dropped afterwards."""
        name = f"{self.template}_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            # Measured: 40 ms, half of what wal_log takes; without fsync its checkpoints cost nothing.
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(self.template)
                )
            )
            try:
                yield make_conninfo(self.dsn, dbname=name)
            finally:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def postgres_for_run() -> Iterator[Postgres]:
    """Run a server for as long as the block runs and make the template in it."""
    given = os.environ.get("SATCHEL_TEST_DATABASE_URL")  # noqa: TID251  # a switch of the tests, not a setting
    if given:
        with _template(given) as template:
            yield Postgres(dsn=given, template=template)
        return
    folder = Path(tempfile.mkdtemp(prefix="satchel-test-"))
    folder.chmod(0o711)  # as root the server runs as another user, who has to pass through
    with asyncio.Runner() as runner:
        server = EmbeddedServer(folder / "data", is_durable=False, shared_buffers_mib=64, max_connections=400)
        try:
            runner.run(server.start())
            with _template(server.dsn) as template:
                yield Postgres(dsn=server.dsn, template=template)
        finally:
            runner.run(server.stop())
            remove_database(folder / "data")
            shutil.rmtree(folder)


@contextmanager
def _template(dsn: str) -> Iterator[str]:
    name = f"satchel_test_{secrets.token_hex(4)}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            asyncio.run(migrate(make_conninfo(dsn, dbname=name)))
            yield name
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
