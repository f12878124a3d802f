"""What becomes due by itself: timers, tasks that fail for being late, called instances that ended.

Each function handles one thing in one transaction and does nothing where somebody else was first; `satchel.work`
calls them.
"""

from datetime import timedelta

from satchel.actions import tasks
from satchel.actions.advance import advance
from satchel.actions.context import Context
from satchel.actions.run import change, load
from satchel.actions.starting import map_data
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db import waits as rows
from satchel.engine.command import FailCall, FinishCall, TimerDue
from satchel.model.actor import system
from satchel.model.errors import EngineStopped, NotFound, SatchelError
from satchel.model.ids import AccountId, InstanceId, TaskId
from satchel.model.instance import InstanceState, Wait

AT_ONCE = 100
"""How many due things one tick takes up."""

RETRY_AFTER = timedelta(seconds=30)
"""When a timer is tried again that met a passing fault, such as a lock held for too long."""

CHILD_FAILED = "call_failed"
"""The error code under which a called instance that failed or was cancelled can be caught."""


async def run_due(context: Context) -> int:
    """Take up what is due in all accounts and return how many things there were."""
    now = context.clock()
    async with context.database.read() as tx:
        timers = await rows.due_timers(tx, now, AT_ONCE)
        late = await task_rows.tasks_failing(tx, now, AT_ONCE)
    for timer in timers:
        await _fire(context, timer)
    for task in late:
        try:
            await tasks.fail_late(context, system(task.account_id), task.id)
        except EngineStopped:
            await _park_task(context, task.account_id, task.id)
    return len(timers) + len(late)


async def _fire(context: Context, timer: Wait) -> None:
    actor = system(timer.account_id)
    try:
        async with change(context, actor, timer.instance_id, token=timer.token) as run:
            waiting = await rows.waits(run.tx, timer.account_id, timer.instance_id)
            current = next((wait for wait in waiting if wait.token == timer.token), None)
            if current is None or current.due_at is None or current.due_at > run.now:
                return
            await rows.delete_wait(run.tx, timer.account_id, timer.instance_id, timer.token)
            await run.event("timer.fired", data={"element": timer.element})
            await advance(run, TimerDue(token=timer.token))
    except NotFound:
        return
    except EngineStopped:
        await _postpone(context, timer, None)
    except SatchelError:
        await _postpone(context, timer, RETRY_AFTER)


async def _postpone(context: Context, timer: Wait, delay: timedelta | None) -> None:
    """Move a timer that could not fire; without a delay it stays parked until its incident is retried."""
    async with context.database.write() as tx:
        if await instance_rows.lock_instance(tx, timer.account_id, timer.instance_id) is not None:
            due_at = None if delay is None else context.clock() + delay
            await rows.postpone_wait(tx, timer.account_id, timer.instance_id, timer.token, due_at)


async def _park_task(context: Context, account: AccountId, task_id: TaskId) -> None:
    async with context.database.write() as tx:
        await task_rows.stop_failing(tx, account, task_id)


async def return_call(context: Context, account: AccountId, child_id: InstanceId) -> None:
    """Tell a caller that the instance it called has ended, with the values and files that its mapping takes back.

    Does nothing if the caller no longer waits, so that it may be repeated.
    """
    actor = system(account)
    async with context.database.read() as tx:
        child = await instance_rows.instance(tx, account, child_id)
    if child is None or child.parent_id is None or child.parent_token is None or child.is_running:
        return
    try:
        async with change(context, actor, child.parent_id, token=child.parent_token) as run:
            waiting = await rows.waits(run.tx, account, child.parent_id)
            wait = next((wait for wait in waiting if wait.token == child.parent_token), None)
            if wait is None or not run.instance.is_running:
                return
            await rows.delete_wait(run.tx, account, child.parent_id, wait.token)
            if child.state is InstanceState.ENDED:
                called = await load(context, run.tx, actor, child_id, run.ledger)
                mapping = run.app.manifest.calls[wait.element].out
                await map_data(called, run, {str(into): str(out_of) for into, out_of in mapping.items()})
                await run.event("call.returned", data={"element": wait.element, "instance": child.identifier})
                await advance(run, FinishCall(token=wait.token))
            else:
                await run.event("call.failed", data={"element": wait.element, "instance": child.identifier})
                await advance(run, FailCall(token=wait.token, code=CHILD_FAILED))
    except (NotFound, EngineStopped):
        return
