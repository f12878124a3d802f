"""Claims: turns uploads into files, all or none, in the transaction of the form that names them.

A form's value for a file field is the list of file numbers that the field shall hold, in order: files that it holds
already, and uploads that were made for it. What it held and the list leaves out is deleted (and can be restored for a
while); what the list adds is claimed. An upload and the file that it becomes share their number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satchel.actions.instances.run import Run
from satchel.blobs.store import Received
from satchel.db import blobs as blob_rows
from satchel.db import files as rows
from satchel.db import uploads as upload_rows
from satchel.db.pool import Writer
from satchel.model.digest import Digest
from satchel.model.errors import FieldFault
from satchel.model.fields import Field, FieldType, FileLimits
from satchel.model.files import File, FileKind, NewFile
from satchel.model.ids import AccountId, FieldId, FileId, InstanceId, TaskId, UploadId, UserId, uuid7
from satchel.model.transfer.media import is_image, matches_accept
from satchel.model.uploads import Upload, UploadState
from satchel.queue.enqueue import MAKE_PREVIEW

TAB = "attachments"
"""How faults name the attachments tab."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimScope:
    """For whom uploads must have been made to be claimed here: one task, the instance, or a start form.

    Attributes:
        task_id: uploads for this task's form.
        instance: whether uploads for the instance itself count.
        starter: uploads that this user made for the app's start form.
    """

    task_id: TaskId | None = None
    instance: bool = False
    starter: UserId | None = None

    def covers(self, upload: Upload, run: Run) -> bool:
        """Return whether an upload was made for this."""
        if upload.app_id != run.instance.app_id:
            return False
        if upload.instance_id is None:
            return self.starter is not None and upload.user_id == self.starter
        if upload.instance_id != run.instance.id:
            return False
        return upload.task_id == self.task_id if upload.task_id is not None else self.instance


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLinkedFile:
    """A file whose bytes are kept elsewhere, to be attached; all of it is checked already.

    Attributes:
        url: where it is.
    """

    url: str
    name: str
    description: str = ""
    area: str | None = None
    kind: FileKind = FileKind.LINK


async def lock_named(
    tx: Writer, account: AccountId, ids: Sequence[int], instance: InstanceId | None, *, with_start: bool = False
) -> dict[int, Upload]:
    """Lock the uploads among some file numbers, then the blobs that they name: in that order, as everywhere.

    Args:
        instance: which is locked; others' uploads are left alone, so that no form can lock what is another
            instance's. None stands for a start form.
        with_start: whether those of start forms are locked too.
    """
    possible = [number for number in ids if 0 < number < 2**63]
    if not possible:
        return {}
    uploads = await upload_rows.lock_uploads(tx, account, possible, instance, with_start=with_start)
    await blob_rows.lock_blobs(tx, account, [upload.digest for upload in uploads if upload.digest])
    return {int(upload.id): upload for upload in uploads}


def named_faults(
    run: Run,
    named: Mapping[FieldId, Sequence[int]],
    tab: Sequence[int],
    uploads: Mapping[int, Upload],
    scope: ClaimScope,
) -> list[FieldFault]:
    """Return a fault for each file number that a form may not name."""
    faults: list[FieldFault] = []
    for field_id, ids in named.items():
        held = {file.id for file in run.files_in(field_id)}
        faults += _faults(run, field_id, [i for i in ids if FileId(i) not in held], uploads, scope)
    if len(set(tab)) != len(tab):
        faults.append(FieldFault(field=TAB, code="duplicate", message="An attachment is named twice."))
    return faults + _faults(run, None, tab, uploads, scope)


def _faults(
    run: Run, field_id: FieldId | None, ids: Sequence[int], uploads: Mapping[int, Upload], scope: ClaimScope
) -> list[FieldFault]:
    faults: list[FieldFault] = []
    field = run.app.manifest.field(field_id) if field_id is not None else None
    for number in ids:
        upload = uploads.get(number)
        code, message = "", ""
        if upload is None or not scope.covers(upload, run) or upload.field_id != field_id:
            code, message = "unknown_upload", f"{number} is neither a file of this field nor an upload made for it."
        elif upload.state is UploadState.CLAIMED:
            code, message = "upload_used", f"Upload {number} was claimed already."
        elif upload.state is UploadState.EXPIRED:
            code, message = "upload_expired", f"Upload {number} has ended ({upload.reason}); send the file again."
        elif upload.state is not UploadState.UPLOADED:
            code, message = "upload_not_finished", f"Upload {number} is incomplete; finish it first."
        if code:
            faults.append(FieldFault(field=field_id or TAB, code=code, message=message))
        elif upload is not None and field is not None and field.files is not None:
            # Again: a start form's ticket may be older than the app's newest version.
            size, name, kind = upload.size_bytes or 0, upload.name or "", upload.media_type or ""
            faults += _stored_faults(field, field.files, name=name, size=size, kind=kind)
    return faults


async def claim(
    run: Run,
    named: Mapping[FieldId, Sequence[int]],
    tab: Sequence[int],
    uploads: Mapping[int, Upload],
    descriptions: Mapping[int, str],
) -> tuple[list[FileId], list[FileId]]:
    """Make each named field hold exactly what is named, and add to the attachments tab; return (added, removed).

    `named_faults` must have found none.

    Args:
        descriptions: of those for the tab, by their numbers.
    """
    added: list[FileId] = []
    removed: list[FileId] = []
    facts = await _facts_of_all(
        run, [uploads[number] for ids in (*named.values(), tab) for number in ids if number in uploads]
    )
    for field_id, ids in named.items():
        held = {file.id for file in run.files_in(field_id)}
        removed += sorted(held.difference(FileId(number) for number in ids))
        for position, number in enumerate(ids):
            if FileId(number) in held:
                await rows.set_position(run.tx, run.instance.account_id, FileId(number), position)
            else:
                await _insert(run, uploads[number], field_id, position, facts)
                added.append(FileId(number))
    for offset, number in enumerate(tab):
        place = len(run.files_in(None)) + offset
        await _insert(run, uploads[number], None, place, facts, description=descriptions.get(number, ""))
        added.append(FileId(number))
    if removed:
        await rows.set_deleted(run.tx, run.instance.account_id, removed, at=run.now, by=run.actor.user_id)
    if added:
        claimed = [UploadId(number) for number in added]
        await upload_rows.set_claimed(run.tx, run.instance.account_id, claimed, run.now)
    if added or removed:
        run.files = await rows.files_of_instances(run.tx, run.instance.account_id, [run.instance.id])
    return added, removed


async def _facts_of_all(run: Run, uploads: Sequence[Upload]) -> dict[Digest, Mapping[str, object]]:
    """Return what is known of each image among uploads; asks by digest, since asking locks."""
    kinds = {upload.digest: upload.media_type for upload in uploads if upload.digest is not None}
    return {digest: await _image_facts(run, digest, kinds[digest]) for digest in sorted(kinds)}


async def _insert(
    run: Run,
    upload: Upload,
    field_id: FieldId | None,
    position: int,
    facts: Mapping[Digest, Mapping[str, object]],
    *,
    description: str = "",
) -> None:
    size, digest = upload.size_bytes or 0, upload.digest
    claimed = NewFile(
        field_id=field_id,
        area=upload.area,
        position=position,
        name=upload.name or "file",
        description=description,
        size_bytes=size,
        media_type=upload.media_type,
        digest=digest,
        metadata={**(facts.get(digest, {}) if digest else {}), **upload.metadata},
    )
    await _attach(run, claimed, number=FileId(int(upload.id)))
    run.ledger.reserved_bytes -= upload.reserved_bytes
    run.ledger.used_bytes += size


async def _attach(run: Run, new: NewFile, *, number: FileId | None = None) -> FileId:
    """Attach a file to the run's instance under a new number, or under that of its upload."""
    file_id = await rows.next_file_id(run.tx) if number is None else number
    await rows.insert_file(
        run.tx,
        run.instance.account_id,
        file_id,
        new,
        uuid=uuid7(run.now, run.context.entropy),
        instance=run.instance.id,
        now=run.now,
        by=run.actor.user_id,
    )
    return file_id


async def _image_facts(run: Run, digest: Digest | None, media_type: str | None) -> Mapping[str, object]:
    """Return what is known of an image's bytes; have that and a preview made, unless it was asked before."""
    if digest is None or media_type is None or not is_image(media_type):
        return {}
    if await blob_rows.request_preview(run.tx, run.instance.account_id, digest):
        run.ledger.enqueue(MAKE_PREVIEW, digest=digest)
    return await blob_rows.lock_facts(run.tx, run.instance.account_id, digest)


async def attach_received(run: Run, received: Received, *, field_id: FieldId | None, name: str, kind: str) -> FileId:
    """Attach bytes that are in the store and came from another system, behind what the field or tab holds."""
    await blob_rows.insert_blob(run.tx, run.instance.account_id, received.digest, received.size, run.now)
    new = NewFile(
        field_id=field_id,
        position=len(run.files_in(field_id)),
        name=name,
        size_bytes=received.size,
        media_type=kind,
        digest=received.digest,
        metadata=await _image_facts(run, received.digest, kind),
    )
    file_id = await _attach(run, new)
    run.ledger.used_bytes += received.size
    return file_id


async def attach_link(run: Run, link: NewLinkedFile, *, field_id: FieldId | None) -> FileId:
    """Attach a file that is kept elsewhere, behind what the field or tab holds; it counts nothing against the quota."""
    new = NewFile(
        field_id=field_id,
        area=link.area,
        position=len(run.files_in(field_id)),
        kind=link.kind,
        name=link.name,
        description=link.description,
        url=link.url,
    )
    file_id = await _attach(run, new)
    run.files = await rows.files_of_instances(run.tx, run.instance.account_id, [run.instance.id])
    return file_id


async def copy_file(
    run: Run, source: File, *, field_id: FieldId | None, area: str | None, position: int, name: str | None = None
) -> FileId:
    """Attach a copy of a file: a new row on the same blob, which counts its full size; no bytes move."""
    copied = NewFile(
        field_id=field_id,
        area=area,
        position=position,
        kind=source.kind,
        name=name or source.name,
        description=source.description,
        size_bytes=source.size_bytes,
        media_type=source.media_type,
        digest=source.digest,
        url=source.url,
        metadata={**await _image_facts(run, source.digest, source.media_type), **source.metadata},
        source_file_id=source.id,
    )
    file_id = await _attach(run, copied)
    if source.kind is FileKind.STORED:
        run.ledger.used_bytes += source.size_bytes or 0
    run.files = await rows.files_of_instances(run.tx, run.instance.account_id, [run.instance.id])
    return file_id


async def expire_uploads(run: Run, uploads: Sequence[Upload], *, reason: str) -> None:
    """End uploads that nobody claimed and give their reservations back; the rows must be locked."""
    living = [upload for upload in uploads if not upload.is_ended]
    if not living:
        return
    ids = [upload.id for upload in living]
    await upload_rows.set_expired(run.tx, run.instance.account_id, ids, reason=reason, now=run.now)
    run.ledger.reserved_bytes -= sum(upload.reserved_bytes for upload in living)


def limit_faults(field: Field, files: Sequence[File]) -> list[FieldFault]:
    """Return why some files may not stand in a field: too many, of a wrong kind or size, not an image."""
    limits = field.files
    if limits is None:
        return [FieldFault(field=field.id, code="not_a_file_field", message=f"{field.id} has no files.")]
    faults: list[FieldFault] = []
    if limits.max_files is not None and len(files) > limits.max_files:
        message = f"{field.id} accepts {limits.max_files} file(s) at most; there would be {len(files)}."
        faults.append(FieldFault(field=field.id, code="too_many_files", message=message))
    for file in files:
        if file.kind is not FileKind.STORED and not limits.allow_links:
            message = f"{field.id} accepts no files that are kept elsewhere ({file.name})."
            faults.append(FieldFault(field=field.id, code="links_not_allowed", message=message))
        elif file.kind is FileKind.STORED:
            size, kind = file.size_bytes or 0, file.media_type or ""
            faults += _stored_faults(field, limits, name=file.name, size=size, kind=kind)
    return faults


def _stored_faults(field: Field, limits: FileLimits, *, name: str, size: int, kind: str) -> list[FieldFault]:
    faults: list[FieldFault] = []
    if size < limits.min_bytes or (limits.max_bytes is not None and size > limits.max_bytes):
        message = f"{name} has {size} bytes, which is outside the limits of {field.id}."
        faults.append(FieldFault(field=field.id, code="file_size", message=message))
    if not matches_accept(limits.accept, name, kind, is_empty=size == 0):
        message = f"{name} ({kind}) is not of a type that {field.id} accepts: {', '.join(limits.accept)}."
        faults.append(FieldFault(field=field.id, code="file_type", message=message))
    if field.type is not FieldType.FILE and not is_image(kind):
        message = f"{name} is {kind}; {field.id} accepts images only."
        faults.append(FieldFault(field=field.id, code="file_not_image", message=message))
    return faults
