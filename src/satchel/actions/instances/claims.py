"""Claims: turns uploads into files, all or none, in the transaction of the form that names them.

A form's value for a file field is the list of files that the field shall hold, in order: numbers of files that it
holds already, numbers of uploads that were made for it, and links to files that are kept elsewhere. What it held and
the list leaves out is deleted (and can be restored for a while); what the list adds is claimed. An upload and the file
that it becomes share their number.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from satchel.actions.instances.run import Run, possible_numbers
from satchel.blobs.store import Received
from satchel.db import blobs as blob_rows
from satchel.db import files as rows
from satchel.db import uploads as upload_rows
from satchel.db.pool import Writer
from satchel.db.trips import Later
from satchel.model.digest import Digest
from satchel.model.errors import FieldFault
from satchel.model.fields import Field, FieldType, FileLimits
from satchel.model.files import File, FileKind, NewFile
from satchel.model.ids import AccountId, FieldId, FileId, InstanceId, TaskId, UploadId, UserId
from satchel.model.linked_files import NewLinkedFile
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


async def lock_named(
    tx: Writer, account: AccountId, ids: Sequence[int], instance: InstanceId | None, *, with_start: bool = False
) -> dict[int, Upload]:
    """Lock the uploads among some file numbers, then the blobs that they name: in that order, as everywhere.

    Args:
        instance: which is locked; others' uploads are left alone, so that no form can lock what is another
            instance's. None stands for a start form.
        with_start: whether those of start forms are locked too.
    """
    asked = ask_for_named(tx, account, ids, instance, with_start=with_start)
    if asked is None:
        return {}
    await tx.trip()
    return {int(upload.id): upload for upload in asked.result}


def ask_for_named(
    tx: Writer, account: AccountId, ids: Sequence[int], instance: InstanceId | None, *, with_start: bool = False
) -> Later[list[Upload]] | None:
    """Lock what `lock_named` locks as soon as somebody waits; None where no number can be that of an upload."""
    possible = possible_numbers(ids)
    if not possible:
        return None
    uploads = tx.later(upload_rows.locked(account, possible, instance, with_start=with_start))
    tx.later(blob_rows.lock_blobs_of(account, possible))
    return uploads


async def named_uploads(run: Run, ids: Sequence[int]) -> dict[int, Upload]:
    """Return the uploads among some file numbers, locked: as the run has them already, or as `lock_named`."""
    possible = possible_numbers(ids)
    if run.uploads is None or not run.named.issuperset(possible):
        return await lock_named(run.tx, run.instance.account_id, possible, run.instance.id)
    return {int(upload.id): upload for upload in run.uploads if upload.id in possible}


async def open_uploads(run: Run, *, task: TaskId | None = None) -> list[Upload]:
    """Return the tickets for the run's instance and all its tasks, or for one task, that have not ended; locked."""
    if not run.has_uploads:
        return []
    if run.uploads is None:
        if task is not None:
            return await upload_rows.lock_open_uploads(run.tx, run.instance.account_id, task=task)
        return await upload_rows.lock_open_uploads(run.tx, run.instance.account_id, instance=run.instance.id)
    return [upload for upload in run.uploads if not upload.is_ended and (task is None or upload.task_id == task)]


def _forget(run: Run, ended: Collection[int]) -> None:
    """Drop uploads that the run has ended from what it has of them."""
    if run.uploads is not None:
        run.uploads = [upload for upload in run.uploads if upload.id not in ended]


def named_faults(
    run: Run,
    named: Mapping[FieldId, Sequence[int | NewLinkedFile]],
    tab: Sequence[int],
    uploads: Mapping[int, Upload],
    scope: ClaimScope,
) -> list[FieldFault]:
    """Return a fault for each file number and each link that a form may not name."""
    faults: list[FieldFault] = []
    for field_id, ids in named.items():
        held = {file.id for file in run.files_in(field_id)}
        numbers = [one for one in ids if isinstance(one, int) and FileId(one) not in held]
        faults += _faults(run, field_id, numbers, uploads, scope)
        field = run.app.manifest.field(field_id)
        if field is not None and field.files is not None and not field.files.allow_links:
            faults += [_no_links(field, one.name) for one in ids if isinstance(one, NewLinkedFile)]
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
    named: Mapping[FieldId, Sequence[int | NewLinkedFile]],
    tab: Sequence[int],
    uploads: Mapping[int, Upload],
    descriptions: Mapping[int, str],
) -> tuple[list[FileId], list[FileId]]:
    """Make each named field hold exactly what is named, and add to the attachments tab; return (added, removed).

    `named_faults` must have found none.

    Args:
        descriptions: of those that are added, by their numbers.
    """
    added = [one for ids in (*named.values(), tab) for one in ids if isinstance(one, int) and one in uploads]
    removed: list[FileId] = []
    positions: dict[FileId, int] = {}
    new: list[NewFile] = []
    facts = await _image_facts(run, [(uploads[number].digest, uploads[number].media_type) for number in added])
    for field_id, ids in named.items():
        held = {int(file.id): file for file in run.files_in(field_id)}
        removed += sorted(file.id for number, file in held.items() if number not in ids)
        for position, one in enumerate(ids):
            if isinstance(one, NewLinkedFile):
                new.append(_linked(run, one, field_id, position))
            elif one not in held:
                text = descriptions.get(one, "")
                new.append(_claimed(run, uploads[one], field_id, position, facts, description=text))
            elif held[one].position != position:
                positions[FileId(one)] = position
    new += [
        _claimed(run, uploads[number], None, _behind(run, None, nth), facts, description=descriptions.get(number, ""))
        for nth, number in enumerate(tab)
    ]
    rows.set_positions(run.tx, run.instance.account_id, positions)
    attached = await attach_all(run, new)
    if removed:
        await rows.set_deleted(run.tx, run.instance.account_id, removed, at=run.now, by=run.actor.user_id)
    if claimed := [UploadId(int(file.id)) for file in attached if int(file.id) in uploads]:
        await upload_rows.set_claimed(run.tx, run.instance.account_id, claimed, run.now)
        _forget(run, set(claimed))
    run.forget_files(removed)
    run.move_files(positions)
    return [file.id for file in attached], removed


def _claimed(
    run: Run,
    upload: Upload,
    field_id: FieldId | None,
    position: int | None,
    facts: Mapping[Digest, Mapping[str, object]],
    *,
    description: str = "",
) -> NewFile:
    size, digest = upload.size_bytes or 0, upload.digest
    run.ledger.reserved_bytes -= upload.reserved_bytes
    run.ledger.used_bytes += size
    return NewFile(
        number=FileId(int(upload.id)),
        uuid=run.new_uuid(),
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


async def attach_all(run: Run, new: Sequence[NewFile]) -> list[File]:
    """Attach files to the run's instance; return them, in the order given."""
    attached = await rows.insert_files(
        run.tx, run.instance.account_id, new, instance=run.instance.id, now=run.now, by=run.actor.user_id
    )
    run.add_files(attached)
    return attached


async def _image_facts(
    run: Run, given: Sequence[tuple[Digest | None, str | None]]
) -> Mapping[Digest, Mapping[str, object]]:
    """Return what is known of each image among bytes; have that and a preview made, unless it was requested before.

    Args:
        given: the digest and media type of each.
    """
    images = sorted({digest for digest, kind in given if digest is not None and kind is not None and is_image(kind)})
    if not images:
        return {}
    new = run.tx.later(blob_rows.request_previews(run.instance.account_id, images))
    facts = run.tx.later(blob_rows.locked_facts(run.instance.account_id, images))
    await run.tx.trip()
    for digest in sorted(new.result):
        run.ledger.enqueue(MAKE_PREVIEW, digest=digest)
    return {one.digest: one.facts for one in facts.result}


async def attach_received(run: Run, received: Received, *, field_id: FieldId | None, name: str, kind: str) -> FileId:
    """Attach bytes that are in the store and came from another system, behind what the field or tab holds."""
    await blob_rows.insert_blob(run.tx, run.instance.account_id, received.digest, received.size, run.now)
    facts = await _image_facts(run, [(received.digest, kind)])
    new = NewFile(
        uuid=run.new_uuid(),
        field_id=field_id,
        position=_behind(run, field_id),
        name=name,
        size_bytes=received.size,
        media_type=kind,
        digest=received.digest,
        metadata=facts.get(received.digest, {}),
    )
    (attached,) = await attach_all(run, [new])
    run.ledger.used_bytes += received.size
    return attached.id


async def attach_links(run: Run, links: Sequence[NewLinkedFile], *, field_id: FieldId | None) -> list[FileId]:
    """Attach files that are kept elsewhere behind what the field or tab holds; they count nothing against the quota."""
    new = [_linked(run, link, field_id, _behind(run, field_id, nth)) for nth, link in enumerate(links)]
    return [file.id for file in await attach_all(run, new)]


def _linked(run: Run, link: NewLinkedFile, field_id: FieldId | None, position: int | None) -> NewFile:
    return NewFile(
        uuid=run.new_uuid(),
        field_id=field_id,
        area=link.area,
        position=position,
        kind=link.kind,
        name=link.name,
        description=link.description,
        url=link.url,
    )


def _behind(run: Run, field_id: FieldId | None, nth: int = 0) -> int | None:
    """Return the position behind what stands in a field or the tab, and behind so many more; None: SQL finds it."""
    if field_id is not None:
        return len(run.files_in(field_id)) + nth
    if not run.has_tab:
        return None
    return max((file.position + 1 for file in run.files if file.field_id is None), default=0) + nth


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCopy:
    """A file to be copied, and where to.

    Attributes:
        position: None means behind what stands there.
        name: of the copy; None for that of the source.
    """

    source: File
    field_id: FieldId | None
    area: str | None = None
    position: int | None = None
    name: str | None = None


async def copy_files(run: Run, copies: Sequence[FileCopy]) -> list[FileId]:
    """Attach copies of files: new rows on the same blobs, which count their full sizes; no bytes move."""
    facts = await _image_facts(run, [(copy.source.digest, copy.source.media_type) for copy in copies])
    attached = await attach_all(run, [_copied(run, copy, nth, facts) for nth, copy in enumerate(copies)])
    run.ledger.used_bytes += sum(file.size_bytes or 0 for file in attached if file.kind is FileKind.STORED)
    return [file.id for file in attached]


def _copied(run: Run, copy: FileCopy, nth: int, facts: Mapping[Digest, Mapping[str, object]]) -> NewFile:
    source = copy.source
    return NewFile(
        uuid=run.new_uuid(),
        field_id=copy.field_id,
        area=copy.area,
        position=_behind(run, copy.field_id, nth) if copy.position is None else copy.position,
        kind=source.kind,
        name=copy.name or source.name,
        description=source.description,
        size_bytes=source.size_bytes,
        media_type=source.media_type,
        digest=source.digest,
        url=source.url,
        metadata={**(facts.get(source.digest, {}) if source.digest else {}), **source.metadata},
        source_file_id=source.id,
    )


async def expire_uploads(run: Run, uploads: Sequence[Upload], *, reason: str) -> None:
    """End uploads that nobody claimed and give their reservations back; the rows must be locked."""
    living = [upload for upload in uploads if not upload.is_ended]
    if not living:
        return
    ids = [upload.id for upload in living]
    await upload_rows.set_expired(run.tx, run.instance.account_id, ids, reason=reason, now=run.now)
    run.ledger.reserved_bytes -= sum(upload.reserved_bytes for upload in living)
    _forget(run, set(ids))


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
            faults.append(_no_links(field, file.name))
        elif file.kind is FileKind.STORED:
            size, kind = file.size_bytes or 0, file.media_type or ""
            faults += _stored_faults(field, limits, name=file.name, size=size, kind=kind)
    return faults


def _no_links(field: Field, name: str) -> FieldFault:
    message = f"{field.id} accepts no files that are kept elsewhere ({name})."
    return FieldFault(field=field.id, code="links_not_allowed", message=message)


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
