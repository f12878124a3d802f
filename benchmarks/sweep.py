"""Benchmarks of upkeep: looking through a large store for bytes that nothing names, and the doctor on the same."""

import argparse
import hashlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from satchel.actions.context import Context
from satchel.actions.identity import accounts
from satchel.actions.upkeep import doctor, store_sweep, sweep
from satchel.db.embedded.cluster import remove_database
from satchel.main import Opening, open_context
from satchel.settings import read_settings

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
ORPHANS_IN = 100
"""Every hundredth file of the store has no row."""

UNNAMED = 5_000
"""How many blobs have a row that nothing names any more."""


async def upkeep(folder: Path, options: argparse.Namespace) -> list[str]:
    """Sweep and examine a store of its own, beside no server."""
    data = folder / "upkeep"
    settings = read_settings({}, data_directory=data)
    try:
        async with open_context(settings, Opening.CREATE) as context:
            account = await accounts.create_account(context, "bench", quota_bytes=None)
            return await _measured(context, data / "blobs", int(account), options.blobs)
    finally:
        remove_database(data)


async def _measured(context: Context, store: Path, account: int, count: int) -> list[str]:
    rows = _fill_store(store, account, count)
    async with await psycopg.AsyncConnection.connect(context.database.dsn, autocommit=True) as connection:
        await _fill_rows(connection, account, rows)
        begun = time.perf_counter()
        dropped = await store_sweep.drop_orphans(context)
        orphans_s = time.perf_counter() - begun
        begun = time.perf_counter()
        await store_sweep.drop_leftovers(context)
        leftovers_s = time.perf_counter() - begun
        begun = time.perf_counter()
        report = [report async for report in doctor.examine(context)][-1]
        doctor_s = time.perf_counter() - begun
        await connection.execute(
            "UPDATE blobs SET created_at = %s WHERE digest IN (SELECT digest FROM blobs ORDER BY digest LIMIT %s)",
            (LONG_AGO, UNNAMED),
        )
        begun = time.perf_counter()
        gone = await sweep.drop_blobs(context)
        blobs_s = time.perf_counter() - begun
    return [
        f"orphans: {count} files looked at, {dropped} deleted: {orphans_s:.1f} s, {count / orphans_s:.0f} files/s",
        f"leftovers: {count} files looked at: {leftovers_s:.1f} s",
        f"doctor: {report.blobs} blobs: {doctor_s:.1f} s, {report.blobs / doctor_s:.0f} blobs/s",
        f"unnamed: {gone} blobs deleted: {blobs_s:.1f} s, {gone / blobs_s:.0f} blobs/s",
    ]


def _fill_store(store: Path, account: int, count: int) -> list[tuple[str, int]]:
    """Write small files under their digests, and return those that are to have a row."""
    rows: list[tuple[str, int]] = []
    top = store / str(account)
    for shard in range(256):
        (top / f"{shard:02x}").mkdir(parents=True, exist_ok=True)
    moment = LONG_AGO.timestamp()
    for number in range(count):
        data = b"%d" % number
        digest = hashlib.sha256(data).hexdigest()
        path = top / digest[:2] / digest
        path.write_bytes(data)
        os.utime(path, (moment, moment))
        if number % ORPHANS_IN:
            rows.append((digest, len(data)))
    return rows


async def _fill_rows(
    connection: psycopg.AsyncConnection[tuple[object, ...]], account: int, rows: list[tuple[str, int]]
) -> None:
    now = datetime.now(UTC)  # noqa: TID251  # within the grace time, so that they stay
    async with connection.cursor() as cursor:
        query = "COPY blobs (account_id, digest, size_bytes, created_at) FROM STDIN"
        async with cursor.copy(query) as copy:
            for digest, size in rows:
                await copy.write_row((account, digest, size, now))
    await connection.execute("VACUUM ANALYZE blobs")
