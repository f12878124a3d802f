"""Incidents: opened where a process cannot go on, beside the change that was rolled back for it."""

from collections.abc import Mapping

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import instances as rows
from satchel.db import waits as wait_rows
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped, SatchelError
from satchel.model.ids import InstanceId, TokenId
from satchel.model.notifications import NotificationKind


async def note_stop(
    context: Context, actor: Actor, instance_id: InstanceId, token: TokenId | None, stopped: EngineStopped
) -> None:
    """Open an incident about a change that was rolled back because the engine stopped."""
    async with context.database.write() as tx:
        await open_incident(context, tx, actor, instance_id, element=stopped.element, token=token, error=stopped)


async def open_incident(
    context: Context,
    tx: Writer,
    actor: Actor,
    instance_id: InstanceId,
    *,
    element: str,
    token: TokenId | None,
    error: SatchelError,
) -> None:
    """Open an incident about what could not be done, unless that has been settled meanwhile.

    It has where the instance does not run any more, or does not wait at the token any more.
    """
    account = actor.account_id
    instance = await rows.lock_instance(tx, account, instance_id)
    if instance is None or not instance.is_running:
        return
    if token is not None and not await wait_rows.is_open(tx, account, instance_id, token):
        return
    stopped = error if isinstance(error, EngineStopped) else None
    code = error.code if stopped is None else stopped.reason
    values: Mapping[str, object] = {} if stopped is None else stopped.values
    app = await context.apps.version(tx, account, instance.version_id)
    await wait_rows.insert_incident(
        tx,
        account,
        instance_id,
        element=element,
        token=token,
        code=code,
        message=error.message,
        details={"values": {name: _plain(value) for name, value in values.items()}},
        now=context.clock(),
        channel=app.manifest.channel(NotificationKind.INCIDENT),
    )
    data = {"code": code, "element": element, "message": error.message}
    await write_event(tx, context, actor, "incident.opened", data, instance=instance_id)


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | bool) else str(value)
