"""The handlers of jobs: by name, a function that runs an action.

A job may run twice (a worker that stalled but is alive, a crash after the action's commit), so every action called
here is idempotent.
"""

from collections.abc import Awaitable, Callable, Mapping

from satchel.actions.apps import moves
from satchel.actions.calls import attempts
from satchel.actions.context import Context
from satchel.actions.exports import freeze, schedule_runs
from satchel.actions.files import previews
from satchel.actions.instances import due
from satchel.actions.notifications import mailing, sending
from satchel.actions.webhooks import deliveries
from satchel.model.digest import parse_digest
from satchel.model.ids import AccountId, DeliveryId, ExportId, InstanceId, JobId, MoveId, ScheduleId
from satchel.queue.enqueue import (
    DELIVER_WEBHOOK,
    MAKE_PREVIEW,
    MOVE_INSTANCES,
    PERFORM_CALL,
    PREPARE_EXPORT,
    RETURN_CALL,
    RUN_SCHEDULE,
    SEND_NOTIFICATIONS,
)

Handler = Callable[..., Awaitable[None]]
"""A coroutine function that takes a job's arguments by name."""


def handlers(context: Context) -> Mapping[str, Handler]:
    """Return the handler of every job, by name."""

    async def make_preview(*, account: int, digest: str) -> None:
        await previews.make(context, AccountId(account), parse_digest(digest))

    async def return_call(*, account: int, instance: int) -> None:
        await due.return_call(context, AccountId(account), InstanceId(instance))

    async def perform_call(*, account: int, call: int, attempt: int) -> None:
        await attempts.perform(context, AccountId(account), JobId(call), attempt)

    async def prepare_export(*, account: int, export: int) -> None:
        await freeze.prepare(context, AccountId(account), ExportId(export))

    async def deliver_webhook(*, account: int, delivery: int, attempt: int, probe: int) -> None:
        await deliveries.deliver(context, AccountId(account), DeliveryId(delivery), attempt, is_probe=probe == 1)

    async def run_schedule(*, account: int, schedule: int) -> None:
        await schedule_runs.run(context, AccountId(account), ScheduleId(schedule))

    async def move_instances(*, account: int, move: int) -> None:
        await moves.perform(context, AccountId(account), MoveId(move))

    async def send_notifications(*, account: int, mailings: str) -> None:
        await sending.send(context, AccountId(account), mailing.named(mailings))

    return {
        SEND_NOTIFICATIONS: send_notifications,
        MAKE_PREVIEW: make_preview,
        RETURN_CALL: return_call,
        PERFORM_CALL: perform_call,
        PREPARE_EXPORT: prepare_export,
        DELIVER_WEBHOOK: deliver_webhook,
        RUN_SCHEDULE: run_schedule,
        MOVE_INSTANCES: move_instances,
    }
