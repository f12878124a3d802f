"""The ledger of a transaction: what it owes at its end, settled last, the quota's row at the very end."""

from dataclasses import dataclass, field

from satchel.actions.context import Context
from satchel.actions.instances.made import Made
from satchel.actions.instances.notifications import Notification, write_deliveries
from satchel.db import storage
from satchel.db.pool import Writer
from satchel.model.actor import Actor


@dataclass(slots=True)
class Ledger:
    """What a transaction owes: signed bytes to the quota, jobs to the queue, and what happened to webhooks.

    Attributes:
        made: what it has made so far.
        offers: how many of the tasks that it has opened are offered to several people.
    """

    used_bytes: int = 0
    reserved_bytes: int = 0
    notifications: list[Notification] = field(default_factory=list[Notification])
    jobs: list[tuple[str, dict[str, int | str | None]]] = field(default_factory=list)
    made: Made = field(default_factory=Made)
    offers: int = 0

    def enqueue(self, name: str, **arguments: int | str | None) -> None:
        """Owe a job."""
        self.jobs.append((name, arguments))

    async def settle(self, context: Context, tx: Writer, actor: Actor) -> None:
        """Write deliveries, enqueue the jobs, then move the bytes: the transaction's last statements.

        Raises:
            OverQuota: the bytes do not fit; the transaction must not go on.
        """
        await write_deliveries(context, tx, actor.account_id, self.notifications)
        jobs = [(name, {"account": actor.account_id, **arguments}) for name, arguments in self.jobs]
        await context.queue.enqueue_all(tx, jobs)
        await storage.take(tx, actor.account_id, used=self.used_bytes, reserved=self.reserved_bytes)
