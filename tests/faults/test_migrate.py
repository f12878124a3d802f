"""What the server says where it cannot bring its database to this release's schema."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from database import Postgres
from satchel.db.migrate import migrate
from satchel.db.migrations.upgrade import upgrade
from satchel.model.errors import DatabaseUnavailable


async def test_a_database_of_a_newer_release_is_left_as_it_is(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        DatabaseUnavailable,
        match=r"is at step 9999 of the schema, of a newer release of Satchel; .* Run the newer release",
    ):
        await migrate(database)
    async with await psycopg.AsyncConnection.connect(database) as connection:
        rows = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchall()
    assert rows == [("9999",)]


async def test_a_database_that_is_not_there_is_named_in_the_error(database: str) -> None:
    with pytest.raises(DatabaseUnavailable, match='"nowhere" does not exist'):
        await migrate(make_conninfo(database, dbname="nowhere"))


async def test_what_an_account_had_before_is_kept_by_the_step_of_ceilings_logins_and_granted_secrets(
    postgres: Postgres,
) -> None:
    with postgres.empty() as dsn:
        await asyncio.to_thread(upgrade, dsn, "0003")
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            await connection.execute(_BEFORE)
            for code, manifest in (("ONE", _NAMES_KEY), ("TWO", b"services: {}"), ("BAD", b"services: [")):
                await connection.execute(_APP, {"code": code, "manifest": manifest})
        await migrate(dsn)
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            rows = await connection.execute("SELECT name, apps FROM secrets ORDER BY name")
            assert await rows.fetchall() == [("key", ["ONE"]), ("other", [])]
            rows = await connection.execute("SELECT ceiling_bytes, limit_bytes, own_limit_bytes FROM storage")
            assert await rows.fetchall() == [(5000, 5000, None)]
            rows = await connection.execute("SELECT failures, window_ends_at - last_at FROM sign_in_failures")
            assert await rows.fetchall() == [(3, timedelta(minutes=10))]


_BEFORE = """
INSERT INTO accounts (name, max_file_bytes, created_at) VALUES ('A', 1, now());
INSERT INTO storage (account_id, limit_bytes) VALUES (1, 5000);
INSERT INTO secrets (account_id, name, sealed, hosts, changed_at)
    VALUES (1, 'key', 'x', '{}', now()), (1, 'other', 'x', '{}', now());
INSERT INTO sign_in_failures VALUES ('k', 3, now());
"""
_APP = """
WITH app AS (INSERT INTO apps (account_id, code, name, category, created_at)
    VALUES (1, %(code)s, '', '', now()) RETURNING id)
INSERT INTO app_versions (account_id, app_id, number, manifest, bpmn, deployed_at)
    SELECT 1, id, 1, %(manifest)s, '', now() FROM app
"""
_NAMES_KEY = b"services: {s: {kind: rest, auth: {type: basic, user: other, password: key}}}"
