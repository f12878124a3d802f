"""Benchmarks of searches over many instances: the first page of each filter and sort."""

import argparse
import asyncio
import time
from statistics import quantiles

import psycopg
from server import BenchServer

from satchel.db.embedded import EmbeddedServer
from satchel.model.trigrams import fold, trigrams

ROUNDS = 30
BATCH = 20_000
WORDS = ("desk", "lamp", "chair", "shelf", "printer", "cable", "screen", "cabinet", "board", "phone")
SUPPLIERS = ("Nordholz", "Lumen & Co", "Tafelwerk", "Ostwind", "Berg & Tal", "Kontor", "Stahlbau", "Papierhaus")

QUERIES = {
    "newest": "app=PUR",
    "state": "app=PUR&state=running",
    "title contains": "app=PUR&title=cabinet",
    "field equals": "app=PUR&field.supplier=Kontor",
    "field range": "app=PUR&field.amount.from=500&field.amount.to=510",
    "field contains": "app=PUR&field.item.contains=print",
    "rare contains": "app=PUR&field.item.contains=phone+19999",
    "sort by amount": "app=PUR&sort=field:amount",
    "sort by title": "app=PUR&sort=-title",
    "equals, sorted": "app=PUR&field.supplier=Kontor&sort=field:amount",
    "started range": "started_from=2026-01-05&started_to=2026-01-06",
}


async def fill(server: BenchServer, count: int) -> None:
    """Write instances of the Purchase Request straight into the tables: the slow part is not what is measured."""
    database = EmbeddedServer(server.data)
    await database.start()  # joins the server's
    async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as connection:
        row = await (
            await connection.execute("SELECT account_id, id, version_id FROM apps WHERE code = 'PUR'")
        ).fetchone()
        if row is None:
            raise LookupError("the demo has no app PUR")
        account, app, version = row
        query = "SELECT field_id, kind || '_' || slot FROM app_slots WHERE app_id = %s"
        slots: dict[str, str] = dict(await (await connection.execute(query, (app,))).fetchall())
        columns = (
            "account_id, uuid, app_id, version_id, number, identifier, title, title_folded, state, started_at,"
            f' ended_at, "values", grams, {slots["item"]}, {slots["supplier"]}, {slots["amount"]}'
        )
        for first in range(0, count, BATCH):
            async with connection.cursor() as cursor, cursor.copy(f"COPY instances ({columns}) FROM STDIN") as copy:
                for n in range(first, min(first + BATCH, count)):
                    item, supplier, amount = f"{WORDS[n % 10]} {n}", SUPPLIERS[n % 7], n * 7919 % 100_000 / 100
                    title = f"{item} ({supplier})"
                    grams = trigrams(title, prefix=f"{account}:") + trigrams(item, prefix=f"{account}.{app}.item:")
                    values = f'{{"item": "{item}", "supplier": "{supplier}", "amount": "{amount:.2f}"}}'
                    state = ("running", "ended")[n % 3 > 0]
                    await copy.write_row(
                        (
                            account,
                            f"00000000-0000-7000-8000-{n:012x}",
                            app,
                            version,
                            1_000_000 + n,
                            f"PUR-{1_000_000 + n}",
                            title,
                            fold(title),
                            state,
                            f"2026-01-{1 + n // 1000 % 28:02d}T{n % 24:02d}:{n % 60:02d}:00Z",
                            None if state == "running" else "2026-02-01T00:00:00Z",
                            values,
                            grams,
                            fold(item),
                            fold(supplier),
                            f"{amount:.2f}",
                        )
                    )
        await connection.execute("VACUUM ANALYZE instances")
    await database.stop()


async def many_instances(server: BenchServer, options: argparse.Namespace) -> list[str]:
    """Measure the first page of each query."""
    await fill(server, options.instances)
    lines = []
    async with server.client() as client:
        for name, query in QUERIES.items():
            times = []
            found = 0
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                answer = await client.get(f"/api/v1/instances?{query}&limit=50")
                times.append((time.perf_counter() - begun) * 1000)
                answer.raise_for_status()
                found = len(answer.json()["items"])
            cuts = quantiles(times, n=20)
            took = f"p50 {cuts[9]:.1f} ms, p95 {cuts[18]:.1f} ms (aim 20 ms)"
            lines.append(f"{name:<16} {options.instances} instances, {found} on the page: {took}")
        begun = time.perf_counter()
        pages = 100

        async def page() -> None:
            for _ in range(pages // 4):
                (await client.get("/api/v1/instances?app=PUR&limit=100")).raise_for_status()

        await asyncio.gather(*(page() for _ in range(4)))
        lines.append(f"list of 100 instances: {pages / (time.perf_counter() - begun):.0f}/s (aim 1,000/s)")
    return lines
