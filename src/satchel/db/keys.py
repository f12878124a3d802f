"""SQL of the server's signing keys."""

from dataclasses import dataclass
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.db.trips import Query, row_of, then


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A secret that links are signed with."""

    id: int
    secret: bytes


def newest() -> Query[SigningKey]:
    """Return the query of `newest_key`."""
    query = "SELECT id, secret FROM signing_keys WHERE retired_at IS NULL ORDER BY id DESC LIMIT 1"
    return then(row_of(SigningKey, query), _there)


async def newest_key(tx: Reader) -> SigningKey:
    """Return the key that new links are signed with; `ensure_key` made it at the start."""
    return await tx.ask(newest())


def _there(found: SigningKey | None) -> SigningKey:
    if found is None:
        raise LookupError("there is no signing key; ensure_key runs at every start")
    return found


async def key(tx: Reader, key_id: int) -> SigningKey | None:
    """Return a key that is not retired."""
    return await tx.row(
        SigningKey, "SELECT id, secret FROM signing_keys WHERE id = %s AND retired_at IS NULL", (key_id,)
    )


async def ensure_key(tx: Writer, secret: bytes, now: datetime) -> None:
    """Keep `secret` as a key if there is none; safe from several processes at once."""
    tx.put("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
    tx.put(
        "INSERT INTO signing_keys (secret, created_at) SELECT %s, %s"
        " WHERE NOT EXISTS (SELECT FROM signing_keys WHERE retired_at IS NULL)",
        (secret, now),
    )


async def rotate_key(tx: Writer, secret: bytes, now: datetime) -> None:
    """Sign with a new key from now on and retire all others; safe from several processes at once."""
    tx.put("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
    tx.put("UPDATE signing_keys SET retired_at = %s WHERE retired_at IS NULL", (now,))
    tx.put("INSERT INTO signing_keys (secret, created_at) VALUES (%s, %s)", (secret, now))
