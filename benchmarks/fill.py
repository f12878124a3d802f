"""Fills a demo with many instances and files, straight by COPY: the slow part is not what is measured."""

import hashlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import psycopg
from server import BenchServer

from satchel.blobs.local import LocalBlobs
from satchel.db.embedded.server import EmbeddedServer
from satchel.main import system_clock
from satchel.model.ids import AccountId
from satchel.model.search.trigrams import fold, trigrams

BATCH = 20_000
WORDS = ("desk", "lamp", "chair", "shelf", "printer", "cable", "screen", "cabinet", "board", "phone")
SUPPLIERS = ("Nordholz", "Lumen & Co", "Tafelwerk", "Ostwind", "Berg & Tal", "Kontor", "Stahlbau", "Papierhaus")
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
FIRST_NUMBER = 1_000_000
"""Of identifiers: beyond those that the demo gives."""

FIRST_FILE = 1_000_000
"""Of files: beyond those of the demo, and of what other benchmarks upload."""

Connection = psycopg.AsyncConnection[tuple[object, ...]]


@asynccontextmanager
async def connected(server: BenchServer) -> AsyncGenerator[Connection]:
    """Lend a connection to the database of a server."""
    database = EmbeddedServer(server.data)
    await database.start()  # joins the server's
    try:
        async with await psycopg.AsyncConnection.connect(database.dsn, autocommit=True) as connection:
            yield connection
    finally:
        await database.stop()


async def fill_instances(connection: Connection, count: int) -> None:
    """Write instances of the Purchase Request, a third of them running, behind those of earlier calls."""
    row = await (
        await connection.execute(
            "SELECT a.account_id, a.id, a.version_id, (SELECT min(id) FROM users u WHERE u.account_id = a.account_id)"
            " FROM apps a WHERE code = 'PUR'"
        )
    ).fetchone()
    if row is None:
        raise LookupError("the demo has no app PUR")
    account, app, version, starter = row
    query = "SELECT field_id, kind || '_' || slot FROM app_slots WHERE app_id = %s"
    slots = {str(name): str(column) for name, column in await (await connection.execute(query, (app,))).fetchall()}
    columns = (
        "account_id, uuid, app_id, version_id, number, identifier, title, title_folded, state, starter_id, started_at,"
        f' ended_at, "values", grams, {slots["item"]}, {slots["supplier"]}, {slots["amount"]}'
    )
    query = "SELECT coalesce(max(number) + 1, %(first)s) FROM instances WHERE number >= %(first)s"
    (base,) = await _one(connection, query, {"first": FIRST_NUMBER})
    for first in range(0, count, BATCH):
        async with connection.cursor() as cursor, cursor.copy(f"COPY instances ({columns}) FROM STDIN") as copy:
            for n in range(first, min(first + BATCH, count)):
                item, supplier, amount = f"{WORDS[n % 10]} {n}", SUPPLIERS[n % 7], n * 7919 % 100_000 / 100
                title = f"{item} ({supplier})"
                grams = trigrams(title, prefix=f"{account}:") + trigrams(item, prefix=f"{account}.{app}.item:")
                started = FIRST_DAY + timedelta(minutes=n * 1_051_200 // max(count, 1))
                is_running = n % 3 == 0
                await copy.write_row(
                    (
                        account,
                        f"00000000-0000-7000-8000-{base + n:012x}",
                        app,
                        version,
                        base + n,
                        f"PUR-{base + n}",
                        title,
                        fold(title),
                        "running" if is_running else "ended",
                        starter if n % 50 == 0 else None,
                        started,
                        None if is_running else started + timedelta(days=1 + n % 30),
                        f'{{"item": "{item}", "supplier": "{supplier}", "amount": "{amount:.2f}"}}',
                        grams,
                        fold(item),
                        fold(supplier),
                        f"{amount:.2f}",
                    )
                )
    await connection.execute("VACUUM ANALYZE instances")


def sizes(count: int) -> list[int]:
    """Return sizes from 1 KiB to 1 MiB, each doubling as likely as the next; the same every time."""
    chance = random.Random(1)  # noqa: S311  # no secret: sizes
    return [int(1024 * 2 ** chance.uniform(0, 10)) for _ in range(count)]


async def fill_files(connection: Connection, server: BenchServer, count: int, *, with_bytes: bool) -> int:
    """Attach files to the instances that `fill_instances` wrote last, four to each; return how many bytes they have.

    Without bytes, their blobs are rows only: enough for searches, not for downloads.
    """
    account, instance = await _one(
        connection,
        "SELECT account_id, min(id) FROM instances i WHERE number >= %s AND NOT EXISTS (SELECT FROM files f"
        " WHERE f.account_id = i.account_id AND f.instance_id = i.id) GROUP BY 1",
        (FIRST_NUMBER,),
    )
    query = "SELECT coalesce(max(id) + 1, %(first)s) FROM files WHERE id >= %(first)s"
    (base,) = await _one(connection, query, {"first": FIRST_FILE})
    store = LocalBlobs(server.data / "blobs", clock=system_clock)
    wanted = sizes(count)
    noise = random.Random(2).randbytes(2 * 1024 * 1024)  # noqa: S311  # same
    found: list[tuple[str, int]] = []
    for n, size in enumerate(wanted):
        data = n.to_bytes(8, "big") + noise[: size - 8]
        if with_bytes:
            await store.receive(AccountId(account), _once(data), max_bytes=size)
        found.append((hashlib.sha256(data).hexdigest() if with_bytes else f"{base + n:064x}", size))
    now = FIRST_DAY
    async with (
        connection.cursor() as cursor,
        cursor.copy("COPY blobs (account_id, digest, size_bytes, created_at) FROM STDIN") as copy,
    ):
        for digest, size in found:
            await copy.write_row((account, digest, size, now))
    columns = "account_id, id, uuid, instance_id, position, kind, name, size_bytes, media_type, digest, created_at"
    async with connection.cursor() as cursor, cursor.copy(f"COPY files ({columns}) FROM STDIN") as copy:
        for n, (digest, size) in enumerate(found):
            number = base + n
            uuid = f"00000000-0000-7000-9000-{number:012x}"
            place = (instance + n // 4, n % 4, "stored", f"document {n}.bin")
            await copy.write_row((account, number, uuid, *place, size, "application/octet-stream", digest, now))
    await connection.execute("VACUUM ANALYZE files, blobs")
    return sum(wanted)


async def fill_for_exports(connection: Connection, server: BenchServer, count: int) -> int:
    """Write instances with so many files and their bytes, unless that was done before; return their size."""
    query = "SELECT coalesce(sum(size_bytes), 0) FROM files WHERE id >= %s"
    (there,) = await _one(connection, query, (FIRST_FILE,))
    if there:
        return there
    await fill_instances(connection, count // 4)
    return await fill_files(connection, server, count, with_bytes=True)


async def _one(
    connection: Connection, query: LiteralString, parameters: Mapping[str, object] | Sequence[object]
) -> tuple[int, ...]:
    """Return the numbers of the one row of a query."""
    row = await (await connection.execute(query, parameters)).fetchone()
    if row is None:
        raise LookupError("there are no instances to attach to")
    return tuple(int(str(number)) for number in row)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
