"""Files, uploads and links."""

from collections.abc import Mapping, Sequence

from satchel.actions.allowed import FileActions
from satchel.actions.files import pieces
from satchel.actions.files.tickets import Ticket
from satchel.actions.loading import LoadedApp
from satchel.model.api import files as api
from satchel.model.api.kinds import Timestamp
from satchel.model.files import File
from satchel.model.transfer.names import name_changes
from satchel.model.uploads import Upload

FILE_FIELD = "file"
"""The part of a form that holds the file."""


def file(row: File, may: FileActions | None = None, *, given: str | None = None) -> api.File:
    """Return what a file is, and what may be done with it where that is known; `given` is the name in the request."""
    return api.File(
        id=row.id,
        uuid=str(row.uuid),
        instance=row.instance_id,
        field=row.field_id,
        area=row.area,
        kind=row.kind,
        name=row.name,
        description=row.description,
        size=row.size_bytes,
        media_type=row.media_type,
        sha256=row.digest,
        url=row.url,
        metadata=row.metadata,
        copied_from=row.source_file_id,
        created_at=Timestamp.of(row.created_at),
        created_by=row.created_by,
        deleted_at=Timestamp.of_optional(row.deleted_at),
        revision=row.revision,
        may=None if may is None else may.of(row),
        name_changes=name_changes(given, row.name),
    )


def files(rows: Sequence[File], may: FileActions | None = None, *, given: str | None = None) -> api.Files:
    """Return files as a list; `given` is the name that the request gave the one that it added."""
    return api.Files(next=None, items=[file(row, may, given=given) for row in rows])


def by_field(app: LoadedApp, rows: Sequence[File], may: FileActions) -> Mapping[str, Sequence[api.File]]:
    """Return files by the field that holds them, for every file field that has any."""
    found: dict[str, list[api.File]] = {}
    for field in app.file_fields:
        held = [file(row, may) for row in rows if row.field_id == field.id]
        if held:
            found[field.id] = held
    return found


def attachments(rows: Sequence[File], may: FileActions) -> list[api.File]:
    """Return the files of the attachments tab."""
    return [file(row, may) for row in rows if row.field_id is None]


def upload(row: Upload, given: str | None = None) -> api.Upload:
    """Return what a ticket is, without its secret; `given` is the name that the request gave its file."""
    return api.Upload(
        name_changes=name_changes(given or pieces.name_said(row), row.name),
        id=row.id,
        state=row.state,
        app_id=row.app_id,
        instance=row.instance_id,
        task=row.task_id,
        field=row.field_id,
        area=row.area,
        name=row.name,
        media_type=row.media_type,
        declared_size=row.declared_bytes,
        size=row.size_bytes,
        sha256=row.digest,
        reason=row.reason,
        created_at=Timestamp.of(row.created_at),
        expires_at=Timestamp.of(row.expires_at),
        ended_at=Timestamp.of_optional(row.ended_at),
    )


def ticket(made: Ticket, public_url: str, given: str | None) -> api.Ticket:
    """Return a ticket that was just made, with its addresses; `given` is the name that was asked for."""
    base = f"{public_url}/api/v1/uploads/{made.id}"
    return api.Ticket(
        id=made.id,
        expires_at=Timestamp.of(made.expires_at),
        form=api.TicketForm(url=f"{base}/form", fields={"token": made.token}, file_field=FILE_FIELD),
        put_url=f"{base}/content?token={made.token}",
        tus_url=f"{base}/tus?token={made.token}",
        name=made.name,
        name_changes=name_changes(given, made.name),
    )
