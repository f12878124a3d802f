"""Forms that are submitted while their tasks go on, and when that was: recorded in the history, which only grows."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances import claims
from satchel.actions.instances.forms import Submission, as_submitted, submit
from satchel.actions.instances.run import Run
from satchel.actions.instances.tasks import form_of, open_task
from satchel.db import events as event_rows
from satchel.db import tasks as task_rows
from satchel.db import uploads as upload_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.app import TaskForm
from satchel.model.errors import InvalidState
from satchel.model.fields import Field
from satchel.model.ids import TaskId
from satchel.model.instance import Task
from satchel.model.uploads import Upload, UploadState

Fill = Callable[[Sequence[Field], TaskForm], Submission]
"""Reads what came from outside as a submission of a form, which is known by then, with all the app's fields."""


async def submit_form(
    context: Context,
    actor: Actor,
    task_id: TaskId,
    fill: Fill,
    *,
    named: Sequence[int] = (),
    resubmission: bool = False,
) -> Submission:
    """Submit a task's form whole without finishing the task; uploads whose bytes came and that it does not name end.

    Returns what was filled in.

    The holder may, and those with the right `modify` for the app. What the form requires must be there.

    Args:
        context: of the server.
        actor: who submits.
        task_id: the task.
        fill: reads the submission.
        named: numbers that may be those of uploads in it; those are locked with the task, in one trip.
        resubmission: whether it must have been submitted before.

    Raises:
        NotFound, Forbidden: the actor may not.
        InvalidState: it is closed, or was never submitted.
        InvalidValues: a value or an upload is refused; nothing was saved.
    """
    async with open_task(context, actor, task_id, None, named=named) as (run, task):
        if not actor.may(Right.MODIFY, task.app_id):
            access.require_holder(actor, task)
        if resubmission:
            await require_submitted(run.tx, task)
        given = fill(run.app.manifest.fields, access.form_of(run.app, task))
        uploads = await claims.named_uploads(run, given.numbers(run.app.manifest.fields))
        await submit_form_in(run, task, given, uploads)
    return given


async def submit_form_in(
    run: Run, task: Task, given: Submission, uploads: Mapping[int, Upload], *, completes: bool = False
) -> None:
    """Submit a task's form as `submit_form` does, as part of a change that has asked for the right to.

    Args:
        run: the locked instance.
        task: an open one of it.
        given: what was filled in.
        uploads: those that the submission names, locked.
        completes: whether the same change completes the task (`tasks.complete_in`).
    """
    form = form_of(run, task)
    saved = await submit(run, form, given, uploads, complete=True)
    left = await claims.open_uploads(run, task=task.id)
    unused = [upload for upload in left if upload.state is UploadState.UPLOADED]
    await claims.expire_uploads(run, unused, reason="not_claimed")
    await task_rows.touch_task(run.tx, task.account_id, task.id, by=run.actor.user_id)
    submitted = await as_submitted(run, form, task=task.id) if completes else None
    await run.event(event_rows.SUBMITTED, task=task.id, data=saved.as_data(), submitted=submitted)


async def require_submitted(tx: Reader, task: Task) -> None:
    """Pass only where the task's form was submitted before.

    Raises:
        InvalidState: it never was.
    """
    if await event_rows.submitted_at(tx, task.account_id, task.instance_id, task.id) is None:
        raise InvalidState(f"The form of task {task.id} was never submitted; submit it first.")


async def submitted_at(context: Context, task: Task) -> datetime | None:
    """Return when a task's form was last submitted; the caller has checked that the task may be seen."""
    async with context.database.read() as tx:
        return await event_rows.submitted_at(tx, task.account_id, task.instance_id, task.id)


async def unclaimed(context: Context, task: Task) -> Sequence[Upload]:
    """Return a task's uploads that no form has named yet; the caller has checked that the task may be seen."""
    async with context.database.read() as tx:
        return await upload_rows.open_uploads_of_task(tx, task.account_id, task.id)
