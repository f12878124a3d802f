"""Questions that are asked often read what an index gives them, where tables are large."""

import psycopg

from counted import Counted, counted
from surfaces.conftest import Api
from world import World, bundle

ROWS = 30_000
WORDS = ("desk", "lamp", "chair", "shelf", "printer", "cable", "screen", "cabinet", "board", "phone")


FILL = (
    (
        "INSERT INTO instances (account_id, uuid, app_id, version_id, number, identifier, title, title_folded, state,"
        ' starter_id, started_at, "values", grams)'
        " SELECT a.account_id, gen_random_uuid(), a.id, a.version_id, n, 'P-' || n, title, title, 'running', %(clerk)s,"
        " %(now)s::timestamptz - n * interval '1 minute', '{}', ARRAY(SELECT %(prefix)s || substr(title, k, 3)"
        " FROM generate_series(1, length(title) - 2) AS k)"
        " FROM apps a, generate_series(1, %(count)s) AS n, LATERAL (SELECT CASE WHEN n = 7 THEN 'zeppelin'"
        " ELSE (%(words)s::text[])[n %% 10 + 1] END || ' ' || n AS title) AS titles WHERE a.account_id = %(account)s"
    ),
    (
        "INSERT INTO tasks (account_id, instance_id, app_id, version_id, element, token, name, variables, state,"
        " group_id, opened_at, closed_at, closed_by)"
        " SELECT account_id, id, app_id, version_id, 'a', 't' || id, 'Task ' || id %% 5, '{}', 'done', %(group)s,"
        " started_at, started_at + interval '1 hour', CASE id %% 50 WHEN 0 THEN starter_id ELSE 1 END FROM instances"
    ),
    (
        "INSERT INTO uploads (account_id, id, state, user_id, app_id, declared_bytes, reserved_bytes, min_bytes,"
        " accept, images_only, metadata, token_hash, created_at, expires_at, ended_at)"
        " SELECT account_id, nextval('file_ids'), 'expired', CASE id %% 9 WHEN 0 THEN starter_id ELSE 1 END, app_id,"
        " 1, 0, 0, '{}', false, '{}', decode(md5(id::text), 'hex'), started_at, started_at, started_at FROM instances"
    ),
    "UPDATE uploads SET state = 'created', ended_at = NULL WHERE id %% 3 = 0",
    (
        "INSERT INTO incidents (account_id, instance_id, element, code, message, details, opened_at, closed_at)"
        " SELECT account_id, id, 'a', 'c', 'm', '{}', started_at,"
        " CASE id %% 100 WHEN 0 THEN NULL ELSE started_at END FROM instances"
    ),
)


async def _fill(world: World) -> None:
    """Write instances with a task each that the clerk or somebody else completed, uploads and incidents."""
    await world.deploy(bundle({"code": "P"}))
    given = {
        "account": world.account,
        "now": world.clock(),
        "clerk": world.people["clerk"],
        "group": world.groups["clerks"],
        "count": ROWS,
        "words": list(WORDS),
        "prefix": f"{world.account}:",
    }
    async with world.context.database.write() as tx:
        for statement in FILL:
            await tx.execute(statement, given)
    async with await psycopg.AsyncConnection.connect(world.context.database.dsn, autocommit=True) as connection:
        await connection.execute("VACUUM ANALYZE")


async def _plans(world: World, asked: Counted) -> list[str]:
    async with await psycopg.AsyncConnection.connect(world.context.database.dsn, autocommit=True) as connection:
        found: list[str] = []
        await connection.execute("SET random_page_cost = 1")  # as if the tables were much larger
        for statement, parameters in zip(asked.statements, asked.parameters, strict=True):
            if statement.startswith(("SELECT", "WITH", "DELETE")):
                rows = await (await connection.execute(f"EXPLAIN {statement}", parameters)).fetchall()
                found.append("\n".join(line for (line,) in rows))
        return found


ASKED = (
    "tasks?filter=done",
    "tasks?filter=done&sort=-closed&limit=20",
    "tasks?filter=all&sort=-opened",
    "tasks?filter=all&q=zeppelin",
    "tasks?filter=done&q=desk&sort=-closed",
    "tasks?filter=all&q=P-29999",
    "tasks?filter=all&q=task%203",
    "uploads",
    "incidents",
)


async def test_lists_and_references_read_no_table_from_end_to_end(api: Api) -> None:
    world = api.world
    await _fill(world)
    client = await api.client("clerk")
    for address in ASKED:
        with counted() as asked:
            answer = await client.get(f"/api/v1/{address}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["items"], address
        for plan in await _plans(world, asked):
            for table in ("tasks", "instances", "uploads", "incidents"):
                assert f"Seq Scan on {table}" not in plan, (address, plan)

    for table, column in (("incidents", "instance_id"), ("tasks", "group_id")):  # as a foreign key's check looks for it
        query = f"SELECT 1 FROM {table} WHERE account_id = %s AND {column} = %s"
        (plan,) = await _plans(world, Counted(statements=[query], parameters=[(world.account, 4711)]))
        assert "Seq Scan" not in plan, plan
