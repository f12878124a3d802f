"""SQL of probes and monitoring: sums over the whole server, of no account in particular."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import ReadOnlySqlTransaction

from satchel.db.pool import Reader
from satchel.db.trips import row_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How much the server holds, and what went wrong and still waits for somebody."""

    accounts: int
    used_bytes: int
    reserved_bytes: int
    open_uploads: int
    waiting_calls: int
    open_incidents: int
    waiting_deliveries: int
    failed_deliveries: int
    failing_webhooks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJobs:
    """Jobs of one name in one state of the queue's: todo, doing or failed."""

    name: str
    state: str
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How long the oldest item of a kind has waited since it was due; 0 where none is due."""

    kind: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """All that monitoring asks the database for.

    Attributes:
        queue: the jobs.
        jobs_wait: the oldest job that nobody has taken yet, by name.
        due_waits: the oldest item that the tick has not taken up yet, by kind.
    """

    totals: Totals
    queue: list[QueuedJobs]
    jobs_wait: list[Waiting]
    due_waits: list[Waiting]


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


async def server_state(tx: Reader, queue: str, now: datetime) -> ServerState:
    """Return everything in one round trip.

    Args:
        queue: the name of the queue.
        now: what due times are compared with; jobs are compared with the database's own time.
    """
    totals = tx.later(
        row_of(
            Totals,
            "SELECT (SELECT count(*) FROM accounts) AS accounts,"
            " (SELECT coalesce(sum(used_bytes), 0)::bigint FROM storage) AS used_bytes,"
            " (SELECT coalesce(sum(reserved_bytes), 0)::bigint FROM storage) AS reserved_bytes,"
            " (SELECT count(*) FROM uploads WHERE ended_at IS NULL) AS open_uploads,"
            " (SELECT count(*) FROM calls WHERE state = 'waiting') AS waiting_calls,"
            " (SELECT count(*) FROM incidents WHERE closed_at IS NULL) AS open_incidents,"
            " (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting') AS waiting_deliveries,"
            " (SELECT count(*) FROM webhook_deliveries WHERE state = 'failed') AS failed_deliveries,"
            " (SELECT count(*) FROM webhooks WHERE failing_since IS NOT NULL) AS failing_webhooks",
        )
    )
    jobs = tx.later(
        rows_of(
            QueuedJobs,
            "SELECT task_name AS name, status::text AS state, count(*)::int AS jobs FROM procrastinate_jobs"
            " WHERE queue_name = %s AND status IN ('todo', 'doing', 'failed') GROUP BY 1, 2 ORDER BY 1, 2",
            (queue,),
        )
    )
    # Numbers of jobs rise: the lowest one of a name is its oldest, and only that one's event has to be looked up.
    jobs_wait = tx.later(
        rows_of(
            Waiting,
            "SELECT oldest.name AS kind, greatest(0, extract(epoch FROM"
            " now() - least(oldest.scheduled_at, e.at)))::float8 AS seconds"
            " FROM (SELECT task_name AS name, min(id) FILTER (WHERE scheduled_at IS NULL) AS id,"
            " min(scheduled_at) AS scheduled_at FROM procrastinate_jobs"
            " WHERE queue_name = %s AND status = 'todo' GROUP BY task_name) AS oldest"
            " LEFT JOIN LATERAL (SELECT at FROM procrastinate_events WHERE job_id = oldest.id ORDER BY id LIMIT 1)"
            " AS e ON true ORDER BY 1",
            (queue,),
        )
    )
    due_waits = tx.later(
        rows_of(
            Waiting,
            "SELECT due.kind, coalesce(greatest(0, extract(epoch FROM %(now)s - due.at)), 0)::float8 AS seconds FROM"
            " (SELECT 'timer' AS kind, (SELECT min(due_at) FROM waits) AS at"
            " UNION ALL SELECT 'call', (SELECT min(due_at) FROM calls WHERE state = 'waiting')"
            " UNION ALL SELECT 'delivery', (SELECT min(d.due_at) FROM webhook_deliveries d JOIN webhooks w"
            " ON w.account_id = d.account_id AND w.id = d.webhook_id WHERE d.state = 'waiting'"
            " AND d.due_at <= %(now)s AND (w.rests_until IS NULL OR w.rests_until <= %(now)s))) AS due",
            {"now": now},
        )
    )
    await tx.trip()
    if totals.result is None:
        raise LookupError("a query of sums returned no row")
    return ServerState(totals=totals.result, queue=jobs.result, jobs_wait=jobs_wait.result, due_waits=due_waits.result)
