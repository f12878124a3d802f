"""Emptying a task's form: everything that it may change goes, and it counts as never submitted."""

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances import claims
from satchel.actions.instances.forms import Submission, submit
from satchel.actions.instances.tasks import form_of, open_task
from satchel.db import tasks as rows
from satchel.db import uploads as upload_rows
from satchel.db.events import EMPTIED
from satchel.model.actor import Actor, Right
from satchel.model.fields import FieldType
from satchel.model.ids import TaskId


async def empty_form(context: Context, actor: Actor, task_id: TaskId) -> None:
    """Take the values and files out of the fields that a task's form may change, and end its uploads.

    The holder may, and those with the right `modify` for the app. Files can be restored for a while, as always.

    Raises:
        NotFound, Forbidden: the actor may not.
        InvalidState: the task is closed.
    """
    async with open_task(context, actor, task_id) as (run, task):
        if not actor.may(Right.MODIFY, task.app_id):
            access.require_holder(actor, task)
        form = access.form_of(run.app, task).fields
        nothing: dict[str, object] = {
            field.id: [] if field.is_file_type else None
            for field in run.app.manifest.fields
            if field.type is not FieldType.SEPARATOR and field.id in form and form[field.id].is_writable
        }
        submission = Submission(values=nothing)
        saved = await submit(run, form_of(run, task), submission, {}, complete=False)
        left = await upload_rows.lock_open_uploads(run.tx, actor.account_id, task=task_id)
        await claims.expire_uploads(run, left, reason="form_emptied")
        await rows.touch_task(run.tx, actor.account_id, task_id, by=actor.user_id)
        await run.event(EMPTIED, task=task_id, data=saved.as_data())
