"""Moves an instance on: one step of the engine, and its effects as rows.

The engine decides, this module records. Effects that need people become tasks, those that need time or somebody else
become waits and calls, and a call activity becomes a new instance in the same transaction. A called instance that
ends tells its caller through a job, because a caller is always locked before those that it called, never after.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from satchel.actions import calendars
from satchel.actions.instances import recipients, starting
from satchel.actions.instances.claims import expire_uploads, open_uploads
from satchel.actions.instances.run import Run, load_if_there
from satchel.db import apps as app_rows
from satchel.db import calls as call_rows
from satchel.db import instances as rows
from satchel.db import tasks as task_rows
from satchel.db import waits as wait_rows
from satchel.db.events import FAILED
from satchel.db.tasks import Assignee
from satchel.engine import effect as effects
from satchel.engine.command import CALL_FAILED, Command, Start
from satchel.engine.step import Step, step
from satchel.model.app import Assignment, TaskForm
from satchel.model.errors import EngineStopped, InvalidState
from satchel.model.ids import ElementId, TokenId
from satchel.model.instance import InstanceState, Task, TaskState
from satchel.model.notifications import NotificationKind
from satchel.model.visible_text import refuse_control
from satchel.model.working_time import HORIZON_DAYS, Due, NoWorkingTimeError, due_text
from satchel.queue.enqueue import PERFORM_CALL, RETURN_CALL


async def advance(run: Run, command: Command) -> None:
    """Give the engine a command and record what follows.

    Raises:
        EngineStopped: the process cannot go on; the transaction must not commit.
        InvalidState: the command names something that is not open any more.
    """
    result = step(
        run.app.definition,
        run.state,
        command,
        now=run.now,
        values=await run.known_values(),
        new_token=run.new_token,
    )
    await record(run, result)
    token = getattr(command, "token", None)
    if token is not None and run.has_incidents:
        await wait_rows.close_incidents(run.tx, run.instance.account_id, run.instance.id, token, run.now)


async def record(run: Run, result: Step) -> None:
    """Record what the engine has decided.

    Raises:
        EngineStopped: an instance that is called cannot be started; the transaction must not commit.
    """
    run.state, run.open_tasks = result.state, result.tasks
    for effect in result.effects:
        await _apply(run, effect)


async def begin(run: Run) -> None:
    """Take the engine's first step and save the instance."""
    await advance(run, Start())
    await run.save()


async def _apply(run: Run, effect: effects.Effect) -> None:  # noqa: C901  # one case an effect, flat on purpose
    account, instance = run.instance.account_id, run.instance.id
    match effect:
        case effects.TaskOpened():
            await _open_task(run, effect)
        case effects.TaskClosed(token=token, reason=reason):
            state = TaskState.FAILED if reason is effects.CloseReason.TIMER else TaskState.CANCELLED
            await close_task(run, token, state)
        case effects.TimerSet(token=token, element=element, due_at=due_at):
            await wait_rows.insert_wait(
                run.tx, account, instance, token=token, kind="timer", element=element, due_at=due_at, now=run.now
            )
        case effects.MessageAwaited(token=token, element=element, name=name):
            await wait_rows.insert_wait(
                run.tx, account, instance, token=token, kind="message", element=element, name=name, now=run.now
            )
        case effects.TimerDropped(token=token) | effects.MessageDropped(token=token):
            await wait_rows.delete_wait(run.tx, account, instance, token)
        case effects.JobDue():
            await _open_call(run, effect)
        case effects.JobDropped(token=token):
            await call_rows.close_call(run.tx, account, instance, token, state="cancelled", now=run.now)
        case effects.CallDue():
            await _start_called(run, effect)
        case effects.CallDropped(token=token):
            await _drop_call(run, token)
        case effects.Ended():
            await run.event("instance.ended")
            await close_instance(run, InstanceState.ENDED)
        case effects.Failed():
            await _fail_instance(run, effect)
        case _:
            assert_never(effect)


async def close_task(run: Run, token: TokenId, state: TaskState) -> None:
    """Close a task if it is open, and end the uploads made for it and not claimed."""
    account, instance = run.instance.account_id, run.instance.id
    closed = task_rows.close_task(run.tx, account, instance, token, state=state, now=run.now)
    run.ledger.made.closed(instance, token)
    if run.has_uploads:
        await run.tx.trip()
        if closed.result is not None:
            await expire_uploads(run, await open_uploads(run, task=closed.result.id), reason="not_claimed")


async def complete_task(run: Run, task: Task, state: TaskState, outcome: str | None) -> Task:
    """Close an open task as the actor's work, end the uploads made for it and not claimed, and return it as it is."""
    account, instance, by = run.instance.account_id, run.instance.id, run.actor.user_id
    task_rows.close_task(run.tx, account, instance, task.token, state=state, now=run.now, by=by, outcome=outcome)
    run.ledger.made.closed(instance, task.token)
    await expire_uploads(run, await open_uploads(run, task=task.id), reason="not_claimed")
    return replace(task, state=state, closed_at=run.now, closed_by=by, outcome=outcome, revision=task.revision + 1)


async def close_instance(run: Run, state: InstanceState) -> None:
    """End an instance with everything that is open in it, and tell its caller."""
    account, instance = run.instance.account_id, run.instance.id
    run.close(state)
    await rows.close_open(run.tx, account, instance, run.now)
    run.ledger.made.ended(instance)
    await expire_uploads(run, await open_uploads(run), reason="instance_ended")
    if run.instance.parent_id is not None:
        run.ledger.enqueue(RETURN_CALL, instance=instance)


async def _fail_instance(run: Run, failed: effects.Failed) -> None:
    """Fail an instance; where one that it called had an error that nothing catches, an incident keeps its code."""
    data = {"element": failed.element, "code": failed.code, "message": failed.message}
    await run.event(FAILED, data=data)
    await close_instance(run, InstanceState.FAILED)
    is_called_ones = failed.element in run.app.manifest.calls and failed.code != CALL_FAILED
    if not is_called_ones or run.instance.parent_id is not None:  # a caller may catch it yet
        return
    await wait_rows.insert_incident(
        run.tx,
        run.instance.account_id,
        run.instance.id,
        element=failed.element,
        token=None,
        code=failed.code,
        message=failed.message,
        details={},
        now=run.now,
        channel=run.app.manifest.channel(NotificationKind.INCIDENT),
    )
    await run.event("incident.opened", data=data)


async def cancel(run: Run, *, why: str) -> None:
    """Cancel a running instance and, below it, every instance that it called and still waits for.

    Raises:
        InvalidState: it does not run any more.
        InvalidValues: the reason has control characters.
    """
    refuse_control("reason", why)
    if not run.instance.is_running:
        raise InvalidState(
            f"{run.instance.identifier} is {run.instance.state.value}; only running ones can be cancelled."
        )
    for child_id in await rows.children(run.tx, run.instance.account_id, run.instance.id):
        child = await load_if_there(run.context, run.tx, run.actor, child_id, run.ledger)
        if child is not None and child.instance.is_running:
            await cancel(child, why=f"its caller {run.instance.identifier} was cancelled")
            await child.save()
    await run.event("instance.cancelled", data={"why": why})
    await close_instance(run, InstanceState.CANCELLED)


async def _drop_call(run: Run, token: TokenId) -> None:
    for wait in await wait_rows.waits(run.tx, run.instance.account_id, run.instance.id):
        if wait.token == token and wait.child_id is not None:
            child = await load_if_there(run.context, run.tx, run.actor, wait.child_id, run.ledger)
            if child is not None and child.instance.is_running:
                await cancel(child, why=f"{run.instance.identifier} no longer waits for it")
                await child.save()
    await wait_rows.delete_wait(run.tx, run.instance.account_id, run.instance.id, token)


async def _open_call(run: Run, due: effects.JobDue) -> None:
    """Record a service task that became due, and have its first attempt made if Satchel does it by itself."""
    service = run.app.manifest.services.get(due.element)
    call = await call_rows.insert_call(
        run.tx,
        run.instance.account_id,
        run.instance.id,
        element=due.element,
        token=due.token,
        kind=service.kind if service else "manual",
        variables=due.variables,
        now=run.now,
    )
    if service is not None and service.task is not None:
        run.ledger.enqueue(PERFORM_CALL, call=call, attempt=1)


async def _start_called(run: Run, due: effects.CallDue) -> None:
    """Start the instance that a call activity asks for, with the values and files that its mapping names.

    Raises:
        EngineStopped: the app is not there, or calls stand too deep.
    """
    mapping = run.app.manifest.calls[due.element]
    depth = starting.depth_below(run, due.element)
    row = await app_rows.app_by_code(run.tx, run.instance.account_id, mapping.app)
    if row is None or row.version_id is None:
        raise EngineStopped(
            reason="unknown_app",
            element=due.element,
            message=f"{due.element} calls the app {mapping.app}, which is not deployed. Deploy it and try again.",
            values={"app": mapping.app},
        )
    if row.retired_at is not None:
        raise EngineStopped(
            reason="retired_app",
            element=due.element,
            message=f"{due.element} calls the app {mapping.app}, which is retired. Bring it back and try again.",
            values={"app": mapping.app},
        )
    app = await run.context.apps.version(run.tx, run.instance.account_id, row.version_id)
    child = await starting.create(
        run.context,
        run.tx,
        run.actor,
        app,
        run.ledger,
        parent=(run.instance.id, due.token),
        depth=depth,
    )
    await wait_rows.insert_wait(
        run.tx,
        run.instance.account_id,
        run.instance.id,
        token=due.token,
        kind="call",
        element=due.element,
        name=mapping.app,
        child=child.instance.id,
        now=run.now,
    )
    await starting.map_data(run, child, mapping.into, element=due.element)
    await child.event("instance.started", data={"called_by": run.instance.identifier})
    await begin(child)


async def _open_task(run: Run, opened: effects.TaskOpened) -> None:
    form = run.app.manifest.tasks.get(opened.element) or TaskForm(assign=Assignment(), fields={})
    due_at = await _due_at(run, opened.element, form.due)
    chosen = _assignee(run, form.assign, opened.variables)
    task = task_rows.insert_task(
        run.tx,
        run.instance.account_id,
        run.instance.id,
        app=run.instance.app_id,
        version=run.instance.version_id,
        element=opened.element,
        token=opened.token,
        name=opened.name,
        variables=opened.variables,
        chosen=chosen,
        due_at=due_at,
        fails_at=due_at if form.fail_when_late else None,
        reminder=form.first_reminder(due_at, run.now),
        notify=recipients.of_opened(run, opened.element, chosen),
    )
    run.ledger.made.opened(run.instance.id, opened.token, task)


async def _due_at(run: Run, element: ElementId, due: Due | None) -> datetime | None:
    """Return when a task is due that opens now; one that is due in working time costs a look at the calendar.

    Raises:
        EngineStopped: the calendar has too little working time.
    """
    if due is None:
        return None
    if isinstance(due, timedelta):
        return run.now + due
    calendar = await calendars.of_account(run.tx, run.instance.account_id)
    try:
        return await calendars.due_by(calendar, due, run.now)
    except NoWorkingTimeError:
        raise EngineStopped(
            reason="no_working_time",
            element=element,
            message=f"{element} is due in {due_text(due)}, but the account's calendar has less working time within"
            f" {HORIZON_DAYS} days. Set more working hours and try again.",
            values={},
        ) from None


def _assignee(run: Run, assign: Assignment, variables: Mapping[str, object]) -> Assignee:
    """Return whom a task is assigned or offered to.

    A group or user that is gone, or a field that is empty, falls back to those who may start the app, so that no task
    is out of everybody's reach.
    """
    if assign.group is not None:
        return Assignee(group_name=assign.group)
    if assign.user is not None:
        return Assignee(email=assign.user)
    candidate: int | None = None
    if assign.starter:
        candidate = run.instance.starter_id
    elif assign.field is not None:
        value = variables.get(assign.field, run.values.get(assign.field))
        field = run.app.manifest.field(assign.field)
        candidate = value if isinstance(value, int) else None
        if field is not None and field.type == "group":
            return Assignee(group=candidate)
    return Assignee(user=candidate, is_known=candidate == run.actor.user_id)
