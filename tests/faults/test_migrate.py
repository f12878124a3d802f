"""What the server says where it cannot bring its database to this release's schema."""

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from satchel.db.migrate import migrate
from satchel.model.errors import DatabaseUnavailable


async def test_a_database_of_a_newer_release_is_left_as_it_is(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseUnavailable, match=r"schema: .*9999"):
        await migrate(database)
    async with await psycopg.AsyncConnection.connect(database) as connection:
        rows = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchall()
    assert rows == [("9999",)]


async def test_a_database_that_is_not_there_is_named_in_the_error(database: str) -> None:
    with pytest.raises(DatabaseUnavailable, match='"nowhere" does not exist'):
        await migrate(make_conninfo(database, dbname="nowhere"))
