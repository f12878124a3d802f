"""Tasks: mine and offered; claim, release, assign, arrive, save, complete; and fail when late.

State changes (architecture §1): offered → `unassigned`; claimed or assigned → `assigned`; the holder says they began →
`arrived`; completed in time → `done`, after the due time → `delayed`, with a fault outcome → `faulty`; late with
`late: fail`, or ended by its boundary timer → `failed`; its instance or path ended → `cancelled`.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from satchel.actions import access
from satchel.actions.access import Sight
from satchel.actions.context import Context
from satchel.actions.instances import claims, form_states, holders, recipients
from satchel.actions.instances.advance import advance, close_task, complete_task
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.form_states import AS_DECLARED, FormState
from satchel.actions.instances.forms import Form, Submission, as_submitted, comment_in, submit
from satchel.actions.instances.results import Result, following, result
from satchel.actions.instances.run import Run, change_of_task, check_revision
from satchel.actions.instances.task_sight import seen_after, task_sight, why_seen
from satchel.actions.loading import LoadedApp
from satchel.actions.own_work import narrowed
from satchel.db import files as file_rows
from satchel.db import instances as instance_rows
from satchel.db import tasks as rows
from satchel.db.notifications import notify_of_task
from satchel.engine.command import LATE, CompleteTask, FailTask
from satchel.model.actor import Actor, Right
from satchel.model.app import TaskForm
from satchel.model.errors import FieldFault, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.files import File
from satchel.model.ids import TaskId, UserId
from satchel.model.instance import Instance, Task, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task with its form and what the form shows.

    Attributes:
        instance: without other values than these, where the task is seen as own work only.
        sight: how the task is seen, and why.
        form: as it is to be filled in now, by its rules; as app.yaml has it, where it is seen as own work.
        values, files: of the fields that the form shows, as they are now; of own work, those of `sight.submitted`
            fields as they were submitted.
        state: what the form's rules say of them.
    """

    task: Task
    instance: Instance
    app: LoadedApp
    sight: Sight
    form: TaskForm
    values: dict[str, object]
    files: list[File]
    state: FormState = AS_DECLARED


async def mine(context: Context, actor: Actor, *, after: int, limit: int) -> Sequence[Task]:
    """Return a page of the open tasks that the actor holds, by id."""
    if actor.user_id is None:
        return []
    async with context.database.read() as tx:
        return await rows.tasks_held(tx, actor.account_id, actor.user_id, after=after, limit=limit)


async def offered(context: Context, actor: Actor, *, after: int, limit: int) -> Sequence[Task]:
    """Return a page of the unassigned tasks that the actor may claim, by id."""
    startable = actor.apps_with(Right.START)
    async with context.database.read() as tx:
        return await rows.tasks_offered(
            tx,
            actor.account_id,
            groups=sorted(actor.group_ids),
            startable=None if startable is None else sorted(startable),
            after=after,
            limit=limit,
        )


async def find(context: Context, actor: Actor, task_id: TaskId) -> Task:
    """Return a task without its form.

    Its holder, those to whom it is offered, and those who may view the app find it whole; who completed it finds its
    progress.

    Raises:
        NotFound: there is no such task, or the actor may not see it.
    """
    async with context.database.read() as tx:
        task = await rows.task(tx, actor.account_id, task_id)
    if task is None:
        raise NotFound("task", task_id)
    return seen_after(actor, task)


async def read(context: Context, actor: Actor, task_id: TaskId) -> TaskView:
    """Return a task with its form, to those who `find` it; to somebody who only completed it, as they submitted it.

    Raises:
        NotFound: there is no such task, or the actor may not see it.
    """
    account = actor.account_id
    async with context.database.read() as tx:
        asked = tx.later(rows.by_id(account, task_id))
        asked_instance = tx.later(instance_rows.of_task(account, task_id))
        asked_files = tx.later(file_rows.of_task(account, task_id))
        await tx.trip()
        task, instance, files = asked.result, asked_instance.result, asked_files.result
        if task is None or instance is None:
            raise NotFound("task", task_id)
        app = await context.apps.version(tx, account, task.version_id)
        sight = await task_sight(tx, actor, app, instance, task)
    form = access.form_of(app, task)
    if sight.own is not None:
        values = sight.of_values(instance.values)
        return TaskView(
            task=sight.own.progress(task),
            instance=narrowed(instance, values),
            app=app,
            sight=sight,
            form=form,
            values=values,
            files=sight.of_files(files),
        )
    now = context.clock()
    state = form_states.of_task(app, task.element, form, instance.values, files, actor=actor, now=now)
    form = state.of(form)
    shown = access.shown_by(form)
    return TaskView(
        task=task,
        instance=instance,
        app=app,
        sight=sight,
        form=form,
        values={name: value for name, value in instance.values.items() if name in shown},
        files=[file for file in files if (sight.tab if file.field_id is None else file.field_id in shown)],
        state=state,
    )


@asynccontextmanager
async def open_task(
    context: Context,
    actor: Actor,
    task_id: TaskId,
    expected: int | None = None,
    *,
    named: Sequence[int] = (),
    opens_incident: bool = True,
) -> AsyncGenerator[tuple[Run, Task]]:
    """Yield the locked instance of an open task, and the task as it is under the lock.

    Args:
        context: the server's parts.
        actor: who asks.
        task_id: the task.
        expected: the revision that it must be at; None means that any will do.
        named: numbers that may be those of uploads which the change claims.
        opens_incident: whether an incident is opened when the engine stops.

    Raises:
        NotFound: there is no such task, or the actor may not see it.
        PreconditionFailed: it is no longer at the revision `expected`.
        InvalidState: it is closed.
    """
    async with change_of_task(context, actor, task_id, named=named, opens_incident=opens_incident) as run:
        task = run.task
        if task is None:
            raise NotFound("task", task_id)
        if not actor.is_system and not actor.may(Right.MANAGE, task.app_id) and task.closed_by != actor.user_id:
            why_seen(actor, task)
        if not task.is_open:
            raise InvalidState(f"Task {task_id} is closed ({task.state.value}) already; nothing was changed.")
        check_revision("task", task.revision, expected)
        yield run, task


async def claim(context: Context, actor: Actor, task_id: TaskId, *, expected: int | None = None) -> Task:
    """Take a task that is offered to the actor, and return it.

    Raises:
        NotFound: there is no such task, or the actor may not see it.
        Forbidden: it is not offered to the actor.
        InvalidState: it is closed, or somebody holds it.
    """
    async with open_task(context, actor, task_id, expected) as (run, task):
        if task.holder_id is not None:
            whose = "already yours" if access.holds(actor, task) else "held by another user"
            raise InvalidState(f"Task {task_id} is {whose}.")
        if actor.user_id is None or not access.is_offered_to(actor, task):
            raise Forbidden(f"Task {task_id} is not offered to you.")
        return await holders.give(run, task, actor.user_id, "task.claimed")


async def release(context: Context, actor: Actor, task_id: TaskId, *, expected: int | None = None) -> Task:
    """Offer a task again that the actor holds, and return it.

    Raises:
        NotFound, Forbidden: the actor does not hold it and does not manage the app.
        InvalidState: it is closed, or nobody holds it.
    """
    async with open_task(context, actor, task_id, expected) as (run, task):
        if not actor.may(Right.MANAGE, task.app_id):
            access.require_holder(actor, task)
        if task.holder_id is None:
            raise InvalidState(f"Nobody holds task {task_id}.")
        await run.event("task.released", task=task_id)
        offered = await holders.set_holder(run, task, TaskState.UNASSIGNED, None)
        notify_of_task(run.tx, task.account_id, task.id, recipients.of_task(run, task.element))
        return offered


async def assign(
    context: Context, actor: Actor, task_id: TaskId, user_id: UserId, *, expected: int | None = None
) -> Task:
    """Give a task to a user: by its holder, or by somebody with the right `manage` for the app. Returns it.

    Raises:
        NotFound, Forbidden: the actor may not assign it.
        InvalidState: it is closed.
        InvalidValues: the account has no such active user.
    """
    async with open_task(context, actor, task_id, expected) as (run, task):
        if not actor.may(Right.MANAGE, task.app_id):
            access.require_holder(actor, task)
        given = await holders.assign_in(run, task, user_id)
        if given is None:
            message = f"There is no active user {user_id} in this account."
            raise InvalidValues([FieldFault(field="user", code="unknown_user", message=message)])
        return given


async def arrive(context: Context, actor: Actor, task_id: TaskId, *, expected: int | None = None) -> Task:
    """Say that the holder has begun, and return the task.

    Raises:
        NotFound, Forbidden: the actor does not hold it.
        InvalidState: it is closed, or was begun already.
    """
    async with open_task(context, actor, task_id, expected) as (run, task):
        access.require_holder(actor, task)
        if task.state is TaskState.ARRIVED:
            raise InvalidState(f"Task {task_id} was started already.")
        await run.event("task.arrived", task=task_id)
        return await holders.set_holder(run, task, TaskState.ARRIVED, task.holder_id, in_place_of=task.in_place_of)


async def save(
    context: Context, actor: Actor, task_id: TaskId, given: Submission, *, expected: int | None = None
) -> Task:
    """Save a task's form without finishing it; gaps are allowed, and uploads that it does not name stay. Returns it.

    Raises:
        NotFound, Forbidden: the actor does not hold it.
        InvalidState: it is closed.
        InvalidValues: a value or an upload is refused; nothing was saved.
    """
    async with open_task(context, actor, task_id, expected, named=given.possible_numbers) as (run, task):
        access.require_holder(actor, task)
        saved = await _submit(run, form_of(run, task), given, complete=False)
        await rows.touch_task(run.tx, actor.account_id, task_id, by=actor.user_id)
        await run.event("task.saved", task=task_id, data=saved)
        await comment_in(run, given.comment, task=task_id)
        return replace(task, revision=task.revision + 1)


async def complete(
    context: Context,
    actor: Actor,
    task_id: TaskId,
    given: Submission,
    *,
    outcome: str | None = None,
    expected: int | None = None,
) -> Result:
    """Complete a task: save its form, close it, end the uploads that it does not name, and let the process go on.

    Raises:
        NotFound, Forbidden: the actor does not hold it.
        PreconditionFailed: it is no longer at the revision `expected`.
        InvalidState: it is closed.
        InvalidValues: a value, an upload or the outcome is refused; nothing was saved.
        EngineStopped: the process cannot go on; nothing was saved, and an incident tells why.
    """
    async with open_task(context, actor, task_id, expected, named=given.possible_numbers) as (run, task):
        access.require_holder(actor, task)
        closed = await complete_open(run, task, given, outcome)
        next_one = following(run)
    return result(run, task=closed, next_task=next_one.task)


async def complete_open(
    run: Run, task: Task, given: Submission, outcome: str | None, data: Mapping[str, object] | None = None
) -> Task:
    """Complete an open task, as part of a change that has asked for the right to; `data` goes into its event.

    Raises:
        InvalidValues, EngineStopped: as `complete`; the transaction must not commit.
    """
    _check_outcome(access.form_of(run.app, task), outcome)
    form = form_of(run, task)
    saved = await _submit(run, form, given, complete=True)
    await run.event(
        "task.completed",
        task=task.id,
        data={"outcome": outcome, **(data or {}), **saved},
        submitted=await as_submitted(run, form, task=task.id),
    )
    await comment_in(run, given.comment, task=task.id)
    return await complete_in(run, task, outcome)


async def _submit(run: Run, form: Form, given: Submission, *, complete: bool) -> dict[str, object]:
    named = given.numbers(run.app.manifest.fields)
    uploads = await claims.named_uploads(run, named)
    saved = await submit(run, form, given, uploads, complete=complete)
    return saved.as_data()


def form_of(run: Run, task: Task) -> Form:
    """Return what the form of an open task of the run takes."""
    return Form(
        access=access.form_of(run.app, task).fields,
        scope=ClaimScope(task_id=task.id),
        rules=run.app.rules_of(task.element),
    )


def _check_outcome(form: TaskForm, outcome: str | None) -> None:
    known = [declared.id for declared in form.outcomes]
    if not known and outcome is None:
        return
    if outcome not in known:
        message = f"The outcome must be one of: {', '.join(known)}." if known else "This task has no outcomes."
        raise InvalidValues([FieldFault(field="outcome", code="unknown_outcome", message=message)])


async def complete_in(run: Run, task: Task, outcome: str | None) -> Task:
    """Close an open task as completed, let the process go on, and return the task as it is then.

    It is part of a change that saved the task's form, and that kept it as submitted with its event.

    Raises:
        EngineStopped: the process cannot go on; the transaction must not commit.
    """
    declared = {known.id: known for known in access.form_of(run.app, task).outcomes}
    if outcome is not None and outcome in declared and declared[outcome].fault:
        state = TaskState.FAULTY
    elif task.due_at is not None and run.now > task.due_at:
        state = TaskState.DELAYED
    else:
        state = TaskState.DONE
    closed = await complete_task(run, task, state, outcome)
    await advance(run, CompleteTask(token=task.token, outcome=outcome))
    return closed


async def fail_late(context: Context, actor: Actor, task_id: TaskId) -> None:
    """Fail an open task whose `late: fail` is due; does nothing if that was moved meanwhile.

    Raises:
        NotFound, InvalidState: the task is gone or closed; or something that the process goes on to is.
        EngineStopped: the process cannot go on; the caller opens the incident.
    """
    async with open_task(context, actor, task_id, None, opens_incident=False) as (run, task):
        if task.fails_at is None or task.fails_at > run.now:
            return
        await run.event("task.failed", task=task_id, data={"why": LATE})
        await close_task(run, task.token, TaskState.FAILED)
        await advance(run, FailTask(token=task.token, code=LATE))
