"""What becomes due by itself: timers, tasks that fail for being late, called instances that ended.

Each function handles one thing in one transaction and does nothing where somebody else was first; `satchel.work`
calls them.
"""

from datetime import timedelta

from satchel.actions.context import Context
from satchel.actions.instances import tasks
from satchel.actions.instances.advance import advance
from satchel.actions.instances.run import change, load
from satchel.actions.instances.starting import map_data
from satchel.db import events as event_rows
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db import waits as rows
from satchel.engine.command import CALL_FAILED, FailCall, FinishCall, TimerDue
from satchel.model.actor import system
from satchel.model.errors import EngineStopped, NotFound, SatchelError
from satchel.model.ids import AccountId, InstanceId
from satchel.model.instance import InstanceState, Task, Wait

AT_ONCE = 100
"""How many due things one tick takes up."""

RETRY_AFTER = timedelta(seconds=30)
"""When something is tried again that met a passing fault, such as a lock held for too long."""


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
            await _postpone_failing(context, task, None)
        except SatchelError:
            await _postpone_failing(context, task, RETRY_AFTER)
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


async def _postpone_failing(context: Context, task: Task, delay: timedelta | None) -> None:
    """Move when a task fails that could not be failed; without a delay it stays parked, as a timer does."""
    async with context.database.write() as tx:
        if await instance_rows.lock_instance(tx, task.account_id, task.instance_id) is not None:
            at = None if delay is None else context.clock() + delay
            await task_rows.set_failing(tx, task.account_id, task.id, at)


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
            child = await instance_rows.instance(run.tx, account, child_id)
            if child is not None and child.is_running:
                return
            await rows.delete_wait(run.tx, account, known.instance_id, known.token)
            data = {"element": known.element, "instance": child.identifier if child else None}
            if child is not None and child.state is InstanceState.ENDED:
                called = await load(context, run.tx, actor, child_id, run.ledger)
                await map_data(called, run, run.app.manifest.calls[known.element].out, element=known.element)
                await run.event("call.returned", data=data)
                await advance(run, FinishCall(token=known.token))
            else:
                code = await event_rows.failure_code(run.tx, account, child_id) or CALL_FAILED
                await run.event("call.failed", data={**data, "code": code})
                await advance(run, FailCall(token=known.token, code=code))
    except (NotFound, EngineStopped):
        return
