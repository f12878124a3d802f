"""Instances: start, read, change, comment, cancel, delete, messages, and an app's own actions."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.access import Sight, SightKind
from satchel.actions.context import Context
from satchel.actions.instances import claims
from satchel.actions.instances.action_forms import action_form, action_of, form_of_action, with_comment
from satchel.actions.instances.advance import begin, cancel
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.forms import Form, Submission, as_submitted, comment_in, everything_editable, submit
from satchel.actions.instances.messages import deliver, receiver
from satchel.actions.instances.new_instances import new_instance
from satchel.actions.instances.results import Result, following, result
from satchel.actions.instances.run import Run, change, check_revision, finish
from satchel.actions.instances.tasks import complete_in
from satchel.actions.loading import LoadedApp
from satchel.actions.own_work import narrowed
from satchel.db import events as event_rows
from satchel.db import files as file_rows
from satchel.db import instances as rows
from satchel.db import tasks as task_rows
from satchel.db import waits as wait_rows
from satchel.db.instances import InstanceName
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.app import COMMENT, Access, Action
from satchel.model.errors import FieldFault, InvalidState, InvalidValues, NotFound
from satchel.model.files import File
from satchel.model.ids import ElementId, InstanceId
from satchel.model.instance import Instance, Task, Wait
from satchel.model.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An instance as one actor may see it.

    Attributes:
        instance: without other values than they may see, where they see it as their own work only.
        sight: how much of it they see, and why.
        values, files: as they are now; values of `sight.submitted` fields, and files that nothing else shows, as the
            actor submitted them.
        tasks: the actor's open ones, and the progress of all others if they see own work; all if they see the whole.
    """

    instance: Instance
    app: LoadedApp
    sight: Sight
    values: dict[str, object]
    files: list[File]
    tasks: list[Task]
    waits: list[Wait]


Then = Callable[[Run], Awaitable[None]]
"""What else happens in a start's own transaction, once the first steps are taken."""


async def start(context: Context, actor: Actor, code: str, given: Submission) -> Result:
    """Start an instance of an app's newest version with what its start form was given.

    Raises:
        NotFound, Forbidden: the actor may not start the app.
        InvalidValues: a value or an upload is refused; nothing was started.
        EngineStopped: the process cannot take its first steps; nothing was started.
    """
    async with _started(context, actor, code, given) as run:
        next_one = following(run)
    return result(run, task=None, next_task=next_one.task)


async def start_as(
    context: Context,
    actor: Actor,
    code: str,
    given: Submission,
    *,
    by_system: bool = False,
    then: Then | None = None,
) -> Instance:
    """Start an instance as `start` does, and return it as it was created.

    Args:
        by_system: whether the system is said to have started it; whose rights count is the actor's all the same.

    Raises:
        NotFound, Forbidden, InvalidValues, EngineStopped: as `start`.
    """
    async with _started(context, actor, code, given, by_system=by_system) as run:
        if then is not None:
            await then(run)
    return run.instance


@asynccontextmanager
async def _started(
    context: Context, actor: Actor, code: str, given: Submission, *, by_system: bool = False
) -> AsyncGenerator[Run]:
    """Yield a new instance after its first steps, within the transaction that creates it."""
    async with context.database.write() as tx:
        new = await new_instance(context, tx, actor, code, given)
        run = new.run(by_system=by_system)
        await start_created(run, given, new.uploads)
        yield run
        await finish(run)


async def start_created(run: Run, given: Submission, uploads: dict[int, Upload]) -> None:
    """Start an instance that `starting.create` made; rights are asked for and uploads locked by now.

    Raises:
        InvalidValues, EngineStopped: as `start`.
    """
    form = Form(access=run.app.manifest.start.fields, scope=ClaimScope(starter=run.actor.user_id))
    await _start(run, form, given, uploads, data={})


async def _start(
    run: Run, form: Form, given: Submission, uploads: dict[int, Upload], *, data: dict[str, object]
) -> None:
    saved = await submit(run, form, given, uploads, complete=True)
    is_theirs = run.instance.starter_id == run.actor.user_id
    submitted = await as_submitted(run, form, task=None) if is_theirs else None
    await run.event("instance.started", data={**saved.as_data(), **data}, submitted=submitted)
    await comment_in(run, given.comment)
    await begin(run)


async def read(context: Context, actor: Actor, name: InstanceName, *, with_files: bool = True) -> View:
    """Return an instance as the actor may see it: whole, as their open tasks show it, or as their own work.

    Args:
        context: of the server.
        actor: who reads.
        name: the instance's number, its identifier such as `PUR-12`, or its UUID.
        with_files: whether its files are read too; otherwise the view has none.

    Raises:
        NotFound: there is none, or the actor may not see any of it.
    """
    async with context.database.read() as tx:
        return await view(context, tx, actor, name, with_files=with_files)


async def view(context: Context, tx: Reader, actor: Actor, name: InstanceName, *, with_files: bool = True) -> View:
    """Return an instance as `read` does, over a connection of the caller's.

    Raises:
        NotFound: as `read`.
    """
    account = actor.account_id
    asked = tx.later(rows.named(account, name))
    asked_tasks = tx.later(task_rows.of_instance(account, name))
    asked_files = tx.later(file_rows.of_instance(account, name)) if with_files else None
    asked_waits = tx.later(wait_rows.of_instance(account, name))
    await tx.trip()
    instance = asked.result
    if instance is None:
        raise NotFound("instance", name)
    app = await context.apps.version(tx, account, instance.version_id)
    tasks = asked_tasks.result
    try:
        sight = await access.sight(tx, actor, app, instance, tasks)
    except NotFound:
        raise NotFound("instance", name) from None
    values = sight.of_values(instance.values)
    return View(
        instance=narrowed(instance, values) if sight.kind is SightKind.OWN else instance,
        app=app,
        sight=sight,
        values=values,
        files=sight.of_files(asked_files.result) if asked_files is not None else [],
        tasks=sight.of_tasks(actor, tasks),
        waits=asked_waits.result if sight.whole else [],
    )


async def history(
    context: Context, actor: Actor, instance_id: InstanceId, *, after: int, limit: int
) -> Sequence[event_rows.Event]:
    """Return a page of an instance's history, oldest first; it needs the right `view`.

    Raises:
        NotFound: there is no such instance, or the actor may not see the whole of it.
    """
    async with context.database.read() as tx:
        await access.viewable(tx, context.apps, actor, instance_id)
        return await event_rows.events_of_instance(tx, actor.account_id, instance_id, after=after, limit=limit)


async def change_values(
    context: Context, actor: Actor, instance_id: InstanceId, given: Submission, *, expected: int | None
) -> None:
    """Change fields of an instance from outside its tasks; a plain save, which ends no upload.

    Raises:
        NotFound, Forbidden: the actor may not modify the instance.
        PreconditionFailed: it is no longer at the revision `expected`.
        InvalidState: it does not run any more.
        InvalidValues: a value or an upload is refused; nothing was saved.
    """
    async with change(context, actor, instance_id, named=given.possible_numbers) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        check_revision("instance", run.instance.revision, expected)
        _require_running(run)
        uploads = await _lock(run, given)
        form = Form(access=everything_editable(run), scope=ClaimScope(instance=True))
        saved = await submit(run, form, given, uploads, complete=False)
        await run.event("instance.changed", data=saved.as_data())
        await comment_in(run, given.comment)


async def comment(context: Context, actor: Actor, instance_id: InstanceId, text: str) -> None:
    """Write a comment into an instance's history, also after it ended.

    Raises:
        NotFound, Forbidden: the actor neither may modify the instance nor holds a task of it.
        InvalidValues: the comment is empty or too long.
    """
    async with change(context, actor, instance_id) as run:
        if not actor.may(Right.MODIFY, run.instance.app_id):
            tasks = await task_rows.open_tasks_of(run.tx, actor.account_id, [instance_id])
            if not any(access.holds(actor, task) for task in tasks):
                await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        if not text.strip():
            raise InvalidValues([FieldFault(field=COMMENT, code="required", message="The comment is empty.")])
        await comment_in(run, text)


async def cancel_instance(context: Context, actor: Actor, instance_id: InstanceId, *, why: str) -> None:
    """Cancel a running instance and those that it called.

    Raises:
        NotFound, Forbidden: the actor may not modify the instance.
        InvalidState, InvalidValues: it does not run any more, or the reason has control characters.
    """
    async with change(context, actor, instance_id) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        await cancel(run, why=why)


async def delete(context: Context, actor: Actor, instance_id: InstanceId, *, expected: int | None) -> None:
    """Delete an instance with its tasks and files; only its history stays. A running one is cancelled first.

    Raises:
        NotFound, Forbidden: the actor lacks the right `delete`.
        PreconditionFailed: it is no longer at the revision `expected`.
    """
    async with change(context, actor, instance_id) as run:
        await delete_in(run, expected=expected)


async def delete_in(run: Run, *, expected: int | None = None) -> None:
    """Delete a locked instance as `delete` does; the run is of no use afterwards.

    Raises:
        NotFound, Forbidden, PreconditionFailed: as `delete`.
    """
    account, instance = run.instance.account_id, run.instance.id
    await access.require_instance_right(run.tx, run.actor, run.app, run.instance, Right.DELETE)
    check_revision("instance", run.instance.revision, expected)
    if run.instance.is_running:
        await cancel(run, why="it was deleted")
    freed = await file_rows.purge_files(run.tx, account, instance, deleted_before=None)
    run.ledger.used_bytes -= freed
    await run.event("instance.deleted", data={"identifier": run.instance.identifier, "freed_bytes": freed})
    await run.save()
    await rows.delete_instance(run.tx, account, instance)
    run.is_deleted = True


async def send_message(
    context: Context,
    actor: Actor,
    instance_id: InstanceId,
    name: str,
    given: Submission,
    *,
    at: ElementId | None = None,
) -> None:
    """Deliver a message, with values and uploads, to what has waited longest for it in the instance.

    Args:
        at: only this element may receive it; None means every one.

    Raises:
        NotFound, Forbidden: the actor may not modify the instance.
        InvalidState: nothing in the instance waits for a message of this name; nothing was saved.
        InvalidValues: a value or an upload is refused; nothing was saved.
        EngineStopped: the process cannot go on; nothing was saved, and an incident tells why.
    """
    async with change(context, actor, instance_id) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        _require_running(run)
        waiting = await receiver(run, name, at=at)
        if waiting is None:
            raise InvalidState(f"{run.instance.identifier} does not wait for a message '{name}' now.")
        declared = run.app.manifest.messages.get(name)
        inputs = declared.inputs if declared else ()
        form = Form(access=dict.fromkeys(inputs, Access.EDIT), scope=ClaimScope(instance=True))
        saved = await submit(run, form, given, await _lock(run, given), complete=False)
        await run.event("message.received", data={"name": name, "element": waiting.element, **saved.as_data()})
        await comment_in(run, given.comment)
        await deliver(run, waiting)


async def run_action(
    context: Context,
    actor: Actor,
    instance_id: InstanceId | None,
    action_id: int,
    given: Submission,
    *,
    app_code: str | None = None,
) -> Result:
    """Run one of an app's actions and return what came of it.

    An action with `create` starts an instance of the app, one with `task` completes that task with its outcome, any
    other changes fields, adds files to the attachments tab and comments.

    Args:
        instance_id: what it runs on; an action with `create` takes its app from it, or from `app_code`.

    Raises:
        NotFound: there is no such action, instance or app, or the actor may not see it.
        Forbidden: the actor lacks the right `modify` (`start` for an action with `create`).
        InvalidState: the instance does not run, or the action's task is not open in it.
        InvalidValues: a value or an upload is refused; nothing was saved.
        EngineStopped: the process cannot go on; nothing was saved.
    """
    if instance_id is None:
        return await _run_creating(context, actor, app_code or "", action_id, given)
    async with context.database.read() as tx:
        app, _ = await access.viewable(tx, context.apps, actor, instance_id)
    action = action_of(app, action_id)
    if action.create:
        return await _run_creating(context, actor, app.manifest.code, action_id, given)
    async with change(context, actor, instance_id) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        _require_running(run)
        task = await _task_of(run, action) if action.task is not None else None
        form = form_of_action(run, action, task)
        given = with_comment(action, given)
        uploads = await _lock(run, given)
        saved = await submit(run, form, given, uploads, complete=True)
        await run.event(
            "action.run",
            task=task.id if task else None,
            data={"action": action_id, "name": action.name, **saved.as_data()},
            submitted=await as_submitted(run, form, task=task.id) if task else None,
        )
        await comment_in(run, given.comment)
        closed = await complete_in(run, task, action.outcome) if task is not None else None
        next_one = following(run)
    return result(run, task=closed, next_task=next_one.task)


async def _run_creating(context: Context, actor: Actor, code: str, action_id: int, given: Submission) -> Result:
    async with context.database.write() as tx:
        new = await new_instance(context, tx, actor, code, given)
        action = action_of(new.app, action_id)
        if not action.create:
            raise InvalidState(f"The action {action_id} of {code} runs on an instance; name one.")
        given = with_comment(action, given)
        run = new.run()
        form = action_form(action, ClaimScope(starter=actor.user_id), new.app.manifest.start.fields)
        await _start(run, form, given, new.uploads, data={"action": action_id, "name": action.name})
        next_one = following(run)
        await finish(run)
    return result(run, task=None, next_task=next_one.task)


async def _task_of(run: Run, action: Action) -> Task:
    for task in await task_rows.open_tasks_of(run.tx, run.instance.account_id, [run.instance.id]):
        if task.element == action.task:
            return task
    raise InvalidState(f"{run.instance.identifier} has no open task for the action '{action.name}' now.")


async def _lock(run: Run, given: Submission) -> dict[int, Upload]:
    return await claims.named_uploads(run, given.numbers(run.app.manifest.fields))


def _require_running(run: Run) -> None:
    if not run.instance.is_running:
        state = run.instance.state.value
        raise InvalidState(f"{run.instance.identifier} is {state}; only running instances can be changed.")
