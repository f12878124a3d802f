"""What becomes due by itself: timers, tasks that fail for being late, called instances that ended.

Each function handles one item in one transaction and does nothing where another process was first; `satchel.work`
calls them. An item that fails blocks none of the others.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from satchel.actions.context import Context
from satchel.actions.instances import tasks
from satchel.actions.instances.advance import advance
from satchel.actions.instances.incidents import open_incident
from satchel.actions.instances.run import change, load_if_there
from satchel.actions.instances.starting import map_data
from satchel.db import events as event_rows
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db import waits as rows
from satchel.db.pool import Writer
from satchel.engine.command import CALL_FAILED, FailCall, FinishCall, TimerDue
from satchel.model.actor import system
from satchel.model.errors import Busy, DiskFull, EngineStopped, SatchelError, Unavailable
from satchel.model.ids import AccountId, InstanceId
from satchel.model.instance import InstanceState, Task, Wait

AT_ONCE = 100
"""How many due items of a kind one tick takes up."""

PASSING = (Busy, DiskFull, Unavailable)
"""Faults that go away by themselves, or that the operator sees. A quota is neither: its people learn by an incident."""


async def run_due(context: Context) -> int:
    """Take up what is due in all accounts and return how many items there were; none is due any more afterwards."""
    now, backoff = context.clock(), context.backoff
    async with context.database.read() as tx:
        timers = await rows.due_timers(tx, now, AT_ONCE, backoff.paused("timer", now))
        late = await task_rows.tasks_failing(tx, now, AT_ONCE, backoff.paused("late task", now))

    async def fire(timer: Wait) -> None:
        await _fire(context, timer)

    async def fail(task: Task) -> None:
        await tasks.fail_late(context, system(task.account_id), task.id)

    async def set_timer_aside(timer: Wait, error: Exception, pause: timedelta) -> None:
        await _set_aside(context, timer, error, pause, partial(rows.postpone_wait, row=timer))

    async def set_task_aside(task: Task, error: Exception, pause: timedelta) -> None:
        await _set_aside(context, task, error, pause, partial(task_rows.postpone_failing, row=task))

    clock = context.clock
    await backoff.each("timer", timers, fire, key=lambda it: it.token, clock=clock, record=set_timer_aside)
    await backoff.each("late task", late, fail, key=lambda it: it.id, clock=clock, record=set_task_aside)
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


async def _set_aside(
    context: Context,
    item: Wait | Task,
    error: Exception,
    pause: timedelta,
    move: Callable[..., Awaitable[bool]],
) -> None:
    """Postpone what met a passing fault; park what cannot be done, with an incident whose retry makes it due again.

    Both in one transaction, so that nobody retries an incident whose item is not parked yet. A fault that nobody
    foresaw gets the incident and is tried again as well: the next release may be able to do it. Does nothing where
    somebody changed the item meanwhile, or its instance is gone.
    """
    is_known = isinstance(error, SatchelError)
    async with context.database.write() as tx:
        if await instance_rows.lock_instance(tx, item.account_id, item.instance_id) is None:
            return
        is_tried_again = not is_known or isinstance(error, PASSING)
        if not await move(tx, due_at=context.clock() + pause if is_tried_again else None) or isinstance(error, PASSING):
            return
        if is_known or not await rows.has_open_incident(tx, item.account_id, item.instance_id, item.token):
            await _open_incident(context, tx, item, error)


async def _open_incident(context: Context, tx: Writer, item: Wait | Task, error: Exception) -> None:
    if not isinstance(error, SatchelError):
        message = f"The server failed in a way that it did not foresee ({type(error).__name__}); its log says more."
        error = EngineStopped(reason="fault", element=item.element, message=message, values={})
    element = error.element if isinstance(error, EngineStopped) else item.element
    actor = system(item.account_id)
    await open_incident(context, tx, actor, item.instance_id, element=element, token=item.token, error=error)


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
