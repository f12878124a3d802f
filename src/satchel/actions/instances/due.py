"""What becomes due by itself: timers, tasks that fail for being late, called instances that ended.

Each function handles one thing in one transaction and does nothing where somebody else was first; `satchel.work`
calls them.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from satchel.actions.context import Context
from satchel.actions.instances import tasks
from satchel.actions.instances.advance import advance
from satchel.actions.instances.run import change, load_if_there, open_incident
from satchel.actions.instances.starting import map_data
from satchel.db import events as event_rows
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db import waits as rows
from satchel.engine.command import CALL_FAILED, FailCall, FinishCall, TimerDue
from satchel.model.actor import system
from satchel.model.errors import Busy, DiskFull, EngineStopped, OverQuota, SatchelError, Unavailable
from satchel.model.ids import AccountId, InstanceId
from satchel.model.instance import InstanceState, Task, Wait

AT_ONCE = 100
"""How many due things one tick takes up."""

RETRY_AFTER = timedelta(seconds=30)
"""When something is tried again that met a passing fault, such as a lock held for too long."""

PASSING = (Busy, DiskFull, OverQuota, Unavailable)
"""Faults that go away by themselves, or by what somebody does elsewhere."""

_log = structlog.get_logger(__name__)


async def run_due(context: Context) -> int:
    """Take up what is due in all accounts and return how many things there were; none is due any more afterwards."""
    now = context.clock()
    async with context.database.read() as tx:
        timers = await rows.due_timers(tx, now, AT_ONCE)
        late = await task_rows.tasks_failing(tx, now, AT_ONCE)
    for timer in timers:
        try:
            await _fire(context, timer)
        except Exception as error:  # noqa: BLE001  # ends the handling of one timer: the others must not wait for it
            await _set_aside(context, timer, _refusal(error, timer.element), partial(rows.postpone_wait, row=timer))
    for task in late:
        try:
            await tasks.fail_late(context, system(task.account_id), task.id)
        except Exception as error:  # noqa: BLE001  # as above
            await _set_aside(
                context, task, _refusal(error, task.element), partial(task_rows.postpone_failing, row=task)
            )
    return len(timers) + len(late)


async def _fire(context: Context, timer: Wait) -> None:
    actor = system(timer.account_id)
    async with change(context, actor, timer.instance_id, opens_incident=False) as run:
        waiting = await rows.waits(run.tx, timer.account_id, timer.instance_id)
        current = next((wait for wait in waiting if wait.token == timer.token), None)
        if current is None or current.due_at is None or current.due_at > run.now:
            return
        await rows.delete_wait(run.tx, timer.account_id, timer.instance_id, timer.token)
        await run.event("timer.fired", data={"element": timer.element})
        await advance(run, TimerDue(token=timer.token))


def _refusal(error: Exception, element: str) -> SatchelError:
    if isinstance(error, SatchelError):
        return error
    _log.exception("due.crashed")
    message = f"The server failed in a way that it did not foresee ({type(error).__name__}); its log says more."
    return EngineStopped(reason="fault", element=element, message=message, values={})


async def _set_aside(
    context: Context, what: Wait | Task, error: SatchelError, move: Callable[..., Awaitable[bool]]
) -> None:
    """Postpone what met a passing fault; park what cannot be done, with an incident whose retry makes it due again.

    Both in one transaction, so that nobody retries an incident whose thing is not parked yet. Does nothing where
    somebody changed it meanwhile, or its instance is gone.
    """
    async with context.database.write() as tx:
        if await instance_rows.lock_instance(tx, what.account_id, what.instance_id) is None:
            return
        if isinstance(error, PASSING):
            await move(tx, due_at=context.clock() + RETRY_AFTER)
        elif await move(tx, due_at=None):
            element = error.element if isinstance(error, EngineStopped) else what.element
            actor = system(what.account_id)
            await open_incident(context, tx, actor, what.instance_id, element=element, token=what.token, error=error)


async def return_call(context: Context, account: AccountId, child_id: InstanceId) -> None:
    """Tell a caller that the instance it called has ended, with the values and files that its mapping takes back.

    An error that nothing in the called instance caught goes on in the caller with its code, as one of an embedded
    subprocess does. An instance that was cancelled or deleted counts as one that failed. Does nothing if the caller no
    longer waits, so that it may be repeated.
    """
    actor = system(account)
    async with context.database.read() as tx:
        known = await rows.wait_for_child(tx, account, child_id)
    if known is None:
        return
    try:
        async with change(context, actor, known.instance_id, token=known.token) as run:
            waiting = await rows.waits(run.tx, account, known.instance_id)
            if not any(wait.token == known.token for wait in waiting):
                return
            called = await load_if_there(context, run.tx, actor, child_id, run.ledger)
            child = called.instance if called is not None else None
            if child is not None and child.is_running:
                return
            await rows.delete_wait(run.tx, account, known.instance_id, known.token)
            data = {"element": known.element, "instance": child.identifier if child else None}
            if called is not None and called.instance.state is InstanceState.ENDED:
                await map_data(called, run, run.app.manifest.calls[known.element].out, element=known.element)
                await run.event("call.returned", data=data)
                await advance(run, FinishCall(token=known.token))
            else:
                code = await event_rows.failure_code(run.tx, account, child_id) or CALL_FAILED
                await run.event("call.failed", data={**data, "code": code})
                await advance(run, FailCall(token=known.token, code=code))
    except EngineStopped:  # the incident is there by now
        return
    except PASSING:
        raise  # the queue tries again
    except SatchelError as error:
        async with context.database.write() as tx:
            await open_incident(
                context, tx, actor, known.instance_id, element=known.element, token=known.token, error=error
            )
