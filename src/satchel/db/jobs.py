"""SQL of new jobs: one call of the function by which Procrastinate enqueues its own.

Its client for Python would wait for each; here a job goes along with the last statements of the transaction that makes
it due. The function belongs to the schema of the version that pyproject.toml pins (migration 0002).
"""

from collections.abc import Mapping, Sequence

from psycopg.types.json import Jsonb

from satchel.db.pool import Writer


def put_jobs(tx: Writer, queue: str, jobs: Sequence[tuple[str, Mapping[str, int | str | None]]]) -> None:
    """Enqueue jobs, each with its arguments, when the transaction commits."""
    if jobs:
        tx.put(
            "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT"
            " ROW(%s, j.name, 0, NULL, NULL, j.arguments, NULL)::procrastinate_job_to_defer_v1"
            " FROM unnest(%s::text[], %s::jsonb[]) WITH ORDINALITY AS j (name, arguments, place) ORDER BY j.place))",
            (queue, [name for name, _ in jobs], [Jsonb(dict(arguments)) for _, arguments in jobs]),
        )
