"""Secrets that tests set, and the search for them in whatever the server keeps or tells: no test has to think of it.

Every world has a vault that notes what is sealed. When the world closes, all tables are searched for that; the reply
of every request of a test's client is searched as it comes; and what a test wrote (logs go there) when it has ended.
"""

import base64
import json
from urllib.parse import quote, quote_plus

from satchel.db.pool import Database, assembled

SHORTEST = 8
"""Characters of a secret that can be told from chance, also where its end was cut off."""

_noted: set[str] = set()


def note(secret: str) -> None:
    """Have a secret searched for until the running test has ended."""
    assert len(secret) >= SHORTEST, f"a test's secret has {SHORTEST} characters or more, so that it can be searched for"
    _noted.add(secret)


def forget() -> None:
    """Forget every secret: another test begins."""
    _noted.clear()


def is_anything_noted() -> bool:
    """Return whether the running test has set a secret."""
    return bool(_noted)


def leaks(text: str) -> list[str]:
    """Return the noted secrets of which a text holds at least the beginning, in one spelling or another."""
    return sorted(secret for secret in _noted if any(spelled in text for spelled in spellings(secret)))


def spellings(secret: str) -> set[str]:
    """Return what one would see of a secret where it was kept or told, whole or cut off: in some, its middle."""
    start = secret[:SHORTEST]
    found = {start, quote(start, safe=""), quote_plus(start), json.dumps(start)[1:-1], repr(start)[1:-1]}
    data = secret.encode()
    found.add(data[:SHORTEST].hex())
    for skipped in range(3):  # whatever stands before it, as a user's name does in Basic
        whole = data[skipped : skipped + (len(data) - skipped) // 3 * 3]
        found.add(base64.b64encode(whole).decode())
        found.add(base64.urlsafe_b64encode(whole).decode())
    return found


async def search(database: Database) -> list[str]:
    """Return the tables that hold a noted secret."""
    async with database.read() as tx:
        tables = await tx.values(
            str,
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
        )
        return [
            table
            for table in tables
            for (row,) in await tx.pairs(assembled(f"SELECT t::text FROM {table} t"))
            if leaks(str(row))
        ]
