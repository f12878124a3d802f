"""Enqueues jobs by name and arguments, inside the transaction that makes them due.

Imports no handler: `satchel.work` holds those. A job becomes visible to workers when the transaction commits, and never
if it rolls back. No `queueing_lock` is used: a duplicate would abort the transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from satchel.db.jobs import put_jobs
from satchel.db.pool import Writer

QUEUE: Final = "satchel"
"""The name of our one queue in Procrastinate's tables."""

MAKE_PREVIEW: Final = "preview.make"
RETURN_CALL: Final = "call.return"
PERFORM_CALL: Final = "service.perform"
PREPARE_EXPORT: Final = "export.prepare"
DELIVER_WEBHOOK: Final = "webhook.deliver"
RUN_SCHEDULE: Final = "schedule.run"
MOVE_INSTANCES: Final = "instances.move"
SEND_NOTIFICATIONS: Final = "notifications.send"

NAMES: Final = (
    MAKE_PREVIEW,
    RETURN_CALL,
    PERFORM_CALL,
    PREPARE_EXPORT,
    DELIVER_WEBHOOK,
    RUN_SCHEDULE,
    MOVE_INSTANCES,
)
"""All of them."""

WAITED_FOR: Final = frozenset({RETURN_CALL, PERFORM_CALL, DELIVER_WEBHOOK})
"""The jobs that nothing else would create again: if one were given up, its call or delivery would wait forever."""


class Queue:
    """Enqueues jobs; uses the caller's transaction."""

    async def enqueue(self, tx: Writer, name: str, *arguments: Mapping[str, int | str | None]) -> None:
        """Enqueue a job for each of the arguments, in one statement, when `tx` commits.

        Args:
            tx: the transaction.
            name: one of this module's constants.
            arguments: of the handler, as JSON.
        """
        put_jobs(tx, QUEUE, [(name, one) for one in arguments])

    async def enqueue_all(self, tx: Writer, jobs: Sequence[tuple[str, Mapping[str, int | str | None]]]) -> None:
        """Enqueue several jobs when `tx` commits, each by its name and arguments."""
        put_jobs(tx, QUEUE, jobs)
