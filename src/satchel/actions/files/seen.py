"""Files as somebody sees them: with what they may do with each."""

from satchel.actions import access, allowed
from satchel.actions.allowed import FileActions
from satchel.actions.context import Context
from satchel.actions.files import attached
from satchel.actions.loading import LoadedApp
from satchel.db import files as rows
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.errors import NotFound
from satchel.model.files import File
from satchel.model.ids import FileId, InstanceId
from satchel.model.instance import Instance, Task


async def of_instance(context: Context, actor: Actor, instance_id: InstanceId) -> tuple[list[File], FileActions]:
    """Return the files of an instance that the actor may see, by field and position.

    Raises:
        NotFound: there is no such instance, or the actor may not see any of it.
    """
    async with context.database.read() as tx:
        instance = await instance_rows.instance(tx, actor.account_id, instance_id)
        if instance is None:
            raise NotFound("instance", instance_id)
        app = await context.apps.version(tx, actor.account_id, instance.version_id)
        sight = await access.sight(tx, actor, app, instance)
        files = await rows.files_of_instances(tx, actor.account_id, [instance_id])
        return sight.of_files(files), await _allowed(tx, actor, app, instance)


async def read(context: Context, actor: Actor, file_id: FileId) -> tuple[File, FileActions]:
    """Return a file that the actor may see.

    Raises:
        NotFound, Gone: as `satchel.actions.files.attached.read`.
    """
    async with context.database.read() as tx:
        file, app, instance = await attached.find(context, tx, actor, file_id)
        return file, await _allowed(tx, actor, app, instance)


async def _allowed(tx: Reader, actor: Actor, app: LoadedApp, instance: Instance) -> FileActions:
    """Return what the actor may do with files; their tasks are looked up only where they have no right for all."""
    tasks: list[Task] = []
    if not actor.may(Right.MODIFY, instance.app_id):
        tasks = await task_rows.open_tasks_of(tx, actor.account_id, [instance.id])
    return allowed.of_files(actor, app, instance, tasks)
