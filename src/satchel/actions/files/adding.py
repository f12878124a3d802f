"""Uploads become files of a running instance, outside of its tasks, for those who may modify it."""

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances import claims
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.forms import Form, Submission, submit
from satchel.actions.instances.places import FilePlace, require_running, require_shown
from satchel.actions.instances.run import Run, change
from satchel.model.actor import Actor, Right
from satchel.model.app import Access
from satchel.model.files import File
from satchel.model.ids import InstanceId


async def attach(
    context: Context, actor: Actor, instance_id: InstanceId, uploads: list[int], place: FilePlace
) -> list[File]:
    """Claim uploads that were made for an instance, into a field (beside what it holds) or the attachments tab.

    Returns the files that they became: who adds a file knows it, also where they may not look into its place.

    Raises:
        NotFound, Forbidden: the actor may not change the instance.
        InvalidState: it does not run any more.
        InvalidValues: an upload is refused, or the field takes no more.
    """
    async with change(context, actor, instance_id) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        require_running(run)
        if place.field is None:
            given = Submission(attachments=uploads)
        else:
            given = Submission(values={place.field: [*(int(file.id) for file in run.files_in(place.field)), *uploads]})
        return await _attach_in(run, given)


async def attach_form(context: Context, actor: Actor, instance_id: InstanceId, given: Submission) -> list[File]:
    """Claim the uploads of a form, each into its field (beside what it holds) or the attachments tab, all or none.

    Returns the files that they became.

    Raises:
        NotFound, Forbidden, InvalidState, InvalidValues: as `attach`.
    """
    async with change(context, actor, instance_id) as run:
        await access.require_instance_right(run.tx, actor, run.app, run.instance, Right.MODIFY)
        require_running(run)
        fields = run.app.manifest.fields
        given = given.filled(fields, lambda field_id: [int(file.id) for file in run.files_in(field_id)])
        return await _attach_in(run, given)


async def _attach_in(run: Run, given: Submission) -> list[File]:
    actor, account = run.actor, run.actor.account_id
    locked = await claims.lock_named(run.tx, account, given.numbers(run.app.manifest.fields), run.instance.id)
    if not actor.may(Right.VIEW, run.instance.app_id):  # others' uploads are not there for them
        locked = {number: upload for number, upload in locked.items() if upload.user_id == actor.user_id}
    places = {field.id: Access.EDIT for field in run.app.file_fields if field.id in given.values}
    for place in places:
        require_shown(run, place)
    form = Form(access=places, scope=ClaimScope(instance=True))
    saved = await submit(run, form, given, locked, complete=False)
    await run.event("file.added", file=saved.added[0] if saved.added else None, data=saved.as_data())
    return run.files_of(saved.added)
