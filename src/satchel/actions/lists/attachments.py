"""Pages of one instance's files, and one of them by its UUID, without reading all the others."""

from uuid import UUID

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances.lifecycle import View
from satchel.db import files as file_rows
from satchel.db.lists import attachments as rows
from satchel.model.actor import Actor
from satchel.model.files import File
from satchel.model.ids import InstanceId
from satchel.model.search.attachments import FilePage


async def page(context: Context, actor: Actor, instance: InstanceId, wanted: FilePage) -> list[File]:
    """Return a page of the files of an instance that the actor sees whole.

    Raises:
        NotFound, Forbidden: they do not see it whole.
    """
    async with context.database.read() as tx:
        await access.viewable(tx, context.apps, actor, instance)
        return await rows.files(tx, actor.account_id, instance, wanted)


async def by_uuid(context: Context, actor: Actor, view: View, uuid: UUID) -> File | None:
    """Return a file of an instance as the actor sees it; None where there is none for them."""
    async with context.database.read() as tx:
        found = await file_rows.file_by_uuid(tx, actor.account_id, uuid)
    if found is None or found.instance_id != view.instance.id or found.deleted_at is not None:
        return None
    return view.sight.of_file(found)
