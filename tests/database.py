"""PostgreSQL for tests: one server a run, one database a test, cloned from a migrated template.

The server is the embedded one, without durability, in a temporary folder; `SATCHEL_TEST_DATABASE_URL` names another.
Under xdist the controlling process runs it, because it starts first and ends last, and the kernel ends it with that.
"""

import asyncio
import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from place import new_folder
from satchel.db.embedded.cluster import remove_database
from satchel.db.embedded.server import EmbeddedServer
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
    _given_back: list[str] = field(default_factory=list)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Make a database without a table and yield its DSN; it is dropped as a copy is."""
        name = f"{self.template}_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield make_conninfo(self.dsn, dbname=name)
        finally:
            self._given_back.append(name)

    @contextmanager
    def clone(self) -> Iterator[str]:
        """Lend a fresh copy of the template and yield its DSN; the copy is dropped when it is known to be idle.

        That is when the next is lent, or all are dropped: the connections of a test that has just ended are about to
        go, and PostgreSQL would wait a tenth of a second for them.
        """
        name = f"{self.template}_{os.getpid()}_{next(_NUMBERS)}"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            self._drop(connection)
            # Half of what wal_log takes; without fsync its checkpoints cost nothing.
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(self.template)
                )
            )
        try:
            yield make_conninfo(self.dsn, dbname=name)
        finally:
            self._given_back.append(name)

    def drop(self) -> None:
        """Drop every copy that was given back."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            self._drop(connection)

    def _drop(self, connection: psycopg.Connection) -> None:
        while self._given_back:
            name = sql.Identifier(self._given_back.pop())
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def url_of(dsn: str) -> str:
    """Return an address as the setting takes it: with the host first."""
    parts = conninfo_to_dict(dsn)
    return f"host={parts.pop('host')} {make_conninfo('', **parts)}"


@contextmanager
def postgres_for_run() -> Iterator[Postgres]:
    """Run a server for as long as the block runs and make the template in it."""
    given = os.environ.get("SATCHEL_TEST_DATABASE_URL")  # noqa: TID251  # a switch of the tests, not a setting
    if given:
        with _template(given) as template:
            yield Postgres(dsn=given, template=template)
        return
    folder = new_folder()
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
