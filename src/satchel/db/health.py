"""SQL of probes and monitoring: sums over the whole server, of no account in particular."""

from dataclasses import dataclass

from psycopg.errors import ReadOnlySqlTransaction

from satchel.db.pool import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How much the server holds."""

    accounts: int
    used_bytes: int
    reserved_bytes: int
    open_uploads: int
    waiting_calls: int
    open_incidents: int


async def answer(tx: Reader) -> None:
    """Return if the database answers and takes changes.

    Raises:
        ReadOnlySqlTransaction: it takes none, as any statement that changes something would find out.
    """
    query = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
    if await tx.value(bool, query):
        raise ReadOnlySqlTransaction


async def connection_limit(tx: Reader) -> int:
    """Return how many connections the database lets those in who are no superusers."""
    return (
        await tx.value(
            int,
            "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int",
        )
        or 0
    )


async def totals(tx: Reader) -> Totals:
    """Return the sums."""
    found = await tx.row(
        Totals,
        "SELECT (SELECT count(*) FROM accounts) AS accounts,"
        " (SELECT coalesce(sum(used_bytes), 0)::bigint FROM storage) AS used_bytes,"
        " (SELECT coalesce(sum(reserved_bytes), 0)::bigint FROM storage) AS reserved_bytes,"
        " (SELECT count(*) FROM uploads WHERE ended_at IS NULL) AS open_uploads,"
        " (SELECT count(*) FROM calls WHERE state = 'waiting') AS waiting_calls,"
        " (SELECT count(*) FROM incidents WHERE closed_at IS NULL) AS open_incidents",
    )
    if found is None:
        raise LookupError("a query of sums returned no row")
    return found
