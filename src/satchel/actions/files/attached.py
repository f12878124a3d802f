"""Files: look at them, fetch them, add links, describe, copy, delete and restore.

Who may read a file sees its field (or the attachments tab) of its instance. Who may change one has the right
`modify`, or holds an open task whose form lets them change the field.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.actions.instances import claims
from satchel.actions.instances.claims import FileCopy
from satchel.actions.instances.places import (
    FilePlace,
    check_file,
    check_place,
    require_running,
    require_shown,
    require_writable,
)
from satchel.actions.instances.run import Run, change, check_revision
from satchel.actions.loading import LoadedApp
from satchel.db import blobs as blob_rows
from satchel.db import events as event_rows
from satchel.db import files as rows
from satchel.db import instances as instance_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.digest import Digest
from satchel.model.errors import (
    BlobMissing,
    Conflict,
    Gone,
    InvalidState,
    NotFound,
)
from satchel.model.files import File, FileKind
from satchel.model.ids import CredentialId, FileId, InstanceId
from satchel.model.instance import Instance
from satchel.model.linked_files import checked_description, web_link
from satchel.model.transfer.names import clean_upload_name

BY_LINK = CredentialId(0)
"""What stands for the credential in the history where a file was fetched by a signed link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBytes:
    """Stored bytes that an actor may fetch.

    Attributes:
        size_bytes: of the whole.
        digest: its SHA-256; the ETag.
    """

    name: str
    media_type: str
    size_bytes: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(StoredBytes):
    """The bytes of a file."""

    file: File


async def read(context: Context, actor: Actor, file_id: FileId) -> File:
    """Return a file that the actor may see; one that they see as their own work only, as they submitted it.

    Raises:
        NotFound: there is none, or the actor may not see it.
        Gone: it was deleted and can still be restored.
    """
    async with context.database.read() as tx:
        return await _readable(context, tx, actor, file_id)


async def _readable(context: Context, tx: Reader, actor: Actor, file_id: FileId, *, deleted: bool = False) -> File:
    return (await find(context, tx, actor, file_id, deleted=deleted))[0]


async def find(
    context: Context, tx: Reader, actor: Actor, file_id: FileId, *, deleted: bool = False
) -> tuple[File, LoadedApp, Instance]:
    """Return a file as `read` does, with its app and instance, in a transaction of the caller's.

    Args:
        deleted: whether one that was deleted and can be restored will do.

    Raises:
        NotFound, Gone: as `read`.
    """
    asked = tx.later(rows.by_id(actor.account_id, file_id))
    asked_instance = tx.later(instance_rows.of_file(actor.account_id, file_id))
    await tx.trip()
    file, instance = asked.result, asked_instance.result
    if file is None or instance is None:
        raise NotFound("file", file_id)
    app = await context.apps.version(tx, actor.account_id, instance.version_id)
    try:
        sight = await access.sight(tx, actor, app, instance)
    except NotFound:
        raise NotFound("file", file_id) from None
    seen = sight.of_file(file)
    if seen is None:
        raise NotFound("file", file_id)
    if file.deleted_at is not None and not deleted:
        raise Gone(f"The file {file_id} was deleted. It can be restored for a short time.", file=file_id)
    return seen, app, instance


async def content(context: Context, actor: Actor, file_id: FileId) -> Content:
    """Return what is needed to send a file's bytes.

    Raises:
        NotFound, Gone: as `read`.
        Conflict: its bytes are kept elsewhere; use its address.
    """
    async with context.database.read() as tx:
        file = await _readable(context, tx, actor, file_id)
    return stored(file)


def stored(file: File) -> Content:
    """Return what is needed to send the bytes of a file that an actor may see.

    Raises:
        Conflict: they are kept elsewhere; use its address.
    """
    if file.digest is None or file.size_bytes is None:
        raise Conflict(f"The bytes of {file.name} are kept elsewhere; use its address.", url=file.url)
    return Content(
        file=file,
        name=file.name,
        media_type=file.media_type or "application/octet-stream",
        size_bytes=file.size_bytes,
        digest=file.digest,
    )


async def preview(context: Context, actor: Actor, file_id: FileId) -> Content:
    """Return the small picture of an image file.

    Raises:
        NotFound: as `read`; also where there is no preview (yet).
    """
    async with context.database.read() as tx:
        file = await _readable(context, tx, actor, file_id)
        found = await blob_rows.preview(tx, actor.account_id, file.digest) if file.digest else None
    if found is None or found.preview_digest is None:
        raise NotFound("preview of file", file_id)
    size = await context.blobs.size(actor.account_id, found.preview_digest)
    if size is None:
        raise BlobMissing(f"The preview of file {file_id} is damaged; run satchel doctor.")
    return Content(
        file=file,
        name=f"{file.name}.preview",
        media_type=found.media_type or "image/jpeg",
        size_bytes=size,
        digest=found.preview_digest,
    )


def open_bytes(
    context: Context, actor: Actor, what: StoredBytes, start: int = 0, stop: int | None = None
) -> AsyncGenerator[bytes, None]:
    """Give the bytes of a content from `start` up to but without `stop`."""
    return context.blobs.open(actor.account_id, what.digest, start, stop)


async def note_download(context: Context, actor: Actor, file: File) -> None:
    """Write a download into the history: once per credential, file and ten minutes."""
    credential = actor.credential_id or BY_LINK
    now = context.clock()
    since = now - context.policy.download_event_window
    async with context.database.read() as tx:
        if await event_rows.downloaded_since(tx, actor.account_id, credential, file.id, since):
            return
    async with context.database.write() as tx:
        if await event_rows.mark_download(tx, actor.account_id, credential, file.id, now=now, not_since=since):
            await write_event(
                tx,
                context,
                actor,
                event_rows.DOWNLOADED,
                {"by_link": credential == BY_LINK},
                instance=file.instance_id,
                file=file.id,
            )


async def add_link(
    context: Context,
    actor: Actor,
    instance_id: InstanceId,
    *,
    kind: FileKind,
    url: str,
    name: str | None,
    description: str,
    place: FilePlace,
) -> File:
    """Attach a file whose bytes are kept elsewhere; it counts nothing against the quota. Returns it.

    Raises:
        NotFound, Forbidden: the actor may not change the instance.
        InvalidState: it does not run any more.
        InvalidValues: the address is no http(s) URL, or the field takes no links or no more files.
    """
    link = web_link(url, name=name, description=description, kind=kind, area=place.area)
    async with change(context, actor, instance_id) as run:
        await require_writable(run, actor, place.field, adding=True)
        require_running(run)
        require_shown(run, place.field)
        (file_id,) = await claims.attach_links(run, [link], field_id=place.field)
        check_place(run, place)
        await run.event("file.added", file=file_id, data={"kind": kind.value, "field": place.field})
        return run.files_of([file_id])[0]


async def describe(
    context: Context,
    actor: Actor,
    file_id: FileId,
    *,
    name: str | None = None,
    description: str | None = None,
    expected: int | None = None,
    while_running: bool = False,
) -> None:
    """Rename a file or change its description; None leaves what there is.

    Args:
        while_running: whether it is refused once the instance has ended.

    Raises:
        NotFound, Gone, Forbidden: the actor may not change the file.
        InvalidState: the instance has ended.
        PreconditionFailed: it is no longer at the revision `expected`.
        InvalidValues: the field takes no file of this name, or the description is too long.
    """
    async with _changing(context, actor, file_id, while_running=while_running) as (run, file):
        check_revision("file", file.revision, expected)
        renamed = clean_upload_name(name) if name is not None else file.name
        text = checked_description(description) if description is not None else file.description
        check_file(run, replace(file, name=renamed))
        await rows.describe_file(run.tx, actor.account_id, file_id, name=renamed, description=text)
        await run.event("file.described", file=file_id, data={"name": renamed, "was": file.name})


@asynccontextmanager
async def _changing(
    context: Context, actor: Actor, file_id: FileId, *, deleted: bool = False, while_running: bool = False
) -> AsyncGenerator[tuple[Run, File]]:
    """Yield the locked instance of a file that the actor may change, and the file as it is under the lock."""
    async with context.database.read() as tx:
        known = await _readable(context, tx, actor, file_id, deleted=deleted)
    async with change(context, actor, known.instance_id) as run:
        file = await rows.file(run.tx, actor.account_id, file_id)
        if file is None:
            raise NotFound("file", file_id)
        if file.deleted_at is not None and not deleted:
            raise Gone(f"The file {file.id} was deleted meanwhile.", file=file.id)
        await require_writable(run, actor, file.field_id, adding=False, file=file)
        if while_running:
            require_running(run)
        yield run, file
        await run.read_files()


async def delete(
    context: Context, actor: Actor, file_id: FileId, *, expected: int | None = None, while_running: bool = False
) -> timedelta:
    """Delete a file and return how long it can be restored; its bytes count against the quota until then.

    Args:
        while_running: whether it is refused once the instance has ended.

    Raises:
        NotFound, Gone, Forbidden: the actor may not change the file.
        InvalidState: the instance has ended.
        PreconditionFailed: it is no longer at the revision `expected`.
    """
    async with _changing(context, actor, file_id, while_running=while_running) as (run, file):
        check_revision("file", file.revision, expected)
        await rows.set_deleted(run.tx, actor.account_id, [file_id], at=run.now, by=actor.user_id)
        await run.event("file.deleted", file=file_id, data={"name": file.name, "field": file.field_id})
    return context.policy.restore_window


async def restore(context: Context, actor: Actor, file_id: FileId) -> None:
    """Bring a deleted file back to its place.

    Raises:
        NotFound, Forbidden: the actor may not change the file, or it is gone for good.
        InvalidState: it was not deleted.
        InvalidValues: its field is full by now.
    """
    async with _changing(context, actor, file_id, deleted=True) as (run, file):
        if file.deleted_at is None:
            raise InvalidState(f"The file {file_id} was not deleted.")
        if run.now >= file.deleted_at + context.policy.restore_window:
            raise NotFound("file", file_id)
        await rows.set_deleted(run.tx, actor.account_id, [file_id], at=None, by=None)
        await run.read_files()
        check_place(run, FilePlace(field=file.field_id))
        await run.event("file.restored", file=file_id, data={"name": file.name})


async def copy(
    context: Context,
    actor: Actor,
    file_id: FileId,
    instance_id: InstanceId,
    place: FilePlace,
    *,
    name: str | None = None,
) -> File:
    """Copy a file into an instance, the same or another: a new row on the same blob, which counts its full size.

    Returns the copy.

    Raises:
        NotFound, Gone: the actor may not see the file or the instance.
        Forbidden: the actor may not change the instance.
        InvalidState: the instance does not run any more.
        InvalidValues: the field does not take the file.
        OverQuota: it does not fit.
    """
    async with context.database.read() as tx:
        source = await _readable(context, tx, actor, file_id)
    async with change(context, actor, instance_id) as run:
        await require_writable(run, actor, place.field, adding=True)
        require_running(run)
        require_shown(run, place.field)
        if source.digest is not None and not await blob_rows.lock_blobs(run.tx, actor.account_id, [source.digest]):
            raise NotFound("file", file_id)
        renamed = clean_upload_name(name) if name is not None else None
        copy_ = FileCopy(source=source, field_id=place.field, area=place.area, name=renamed)
        (copied,) = await claims.copy_files(run, [copy_])
        check_place(run, place)
        await run.event(
            "file.copied",
            file=copied,
            data={"from": file_id, "from_instance": source.instance_id, "field": place.field},
        )
        return run.files_of([copied])[0]
