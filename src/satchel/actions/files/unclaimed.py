"""Uploads whose bytes have arrived and that no form has named yet: their content, for those who may see their place."""

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.files.attached import StoredBytes
from satchel.db import instances as instance_rows
from satchel.db import uploads as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.errors import NotFound
from satchel.model.ids import UploadId
from satchel.model.uploads import Upload, UploadState


async def content(context: Context, actor: Actor, upload_id: UploadId) -> StoredBytes:
    """Return what is needed to send an upload's bytes, to its user and to those who see the field that it is for.

    Raises:
        NotFound: there is no such upload for the actor, it has no bytes yet, or it has ended.
    """
    async with context.database.read() as tx:
        upload = await rows.upload(tx, actor.account_id, upload_id)
        if upload is None or not await _is_seen(context, tx, actor, upload):
            raise NotFound("upload", upload_id)
    if upload.state is not UploadState.UPLOADED or upload.digest is None:
        raise NotFound("upload", upload_id)
    return StoredBytes(
        name=upload.name or "upload",
        media_type=upload.media_type or "application/octet-stream",
        size_bytes=upload.size_bytes or 0,
        digest=upload.digest,
    )


async def _is_seen(context: Context, tx: Reader, actor: Actor, upload: Upload) -> bool:
    if upload.user_id == actor.user_id:
        return True
    instance = None
    if upload.instance_id is not None:
        instance = await instance_rows.instance(tx, actor.account_id, upload.instance_id)
    if instance is None:
        return False
    app = await context.apps.version(tx, actor.account_id, instance.version_id)
    try:
        return (await access.sight(tx, actor, app, instance)).shows(upload.field_id)
    except NotFound:
        return False
