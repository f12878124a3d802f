"""Files of an instance, in a field or in the attachments tab."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from satchel.model.digest import Digest
from satchel.model.ids import AccountId, FieldId, FileId, InstanceId, UserId


class FileKind(StrEnum):
    """Where a file's bytes are: stored here, or elsewhere and only linked."""

    STORED = "stored"
    LINK = "link"
    DRIVE = "drive"
    ONEDRIVE = "onedrive"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of an instance.

    Attributes:
        field_id: the field that holds it; None means the attachments tab.
        area: the area of the tab, or None.
        position: its place within its field or tab, from 0.
        size_bytes, media_type, digest: of a stored file; None for the kinds kept elsewhere.
        url: of a file kept elsewhere.
        metadata: of images: width, height, orientation, taken_at, latitude, longitude, and the uploader's entries.
        source_file_id: the file that it was copied from.
        deleted_at: when it was deleted; until the restore window ends it can be restored.
    """

    account_id: AccountId
    id: FileId
    uuid: UUID
    instance_id: InstanceId
    field_id: FieldId | None
    area: str | None
    position: int
    kind: FileKind
    name: str
    description: str
    size_bytes: int | None
    media_type: str | None
    digest: Digest | None
    url: str | None
    metadata: Mapping[str, object]
    source_file_id: FileId | None
    created_at: datetime
    created_by: UserId | None
    deleted_at: datetime | None
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """A file to attach; its attributes are those of `File`, with defaults for most.

    Attributes:
        number: that of the upload that it was; None for a new one.
        position: None means behind what stands in the attachments tab.
    """

    number: FileId | None = None
    uuid: UUID
    field_id: FieldId | None
    area: str | None = None
    position: int | None
    kind: FileKind = FileKind.STORED
    name: str
    description: str = ""
    size_bytes: int | None = None
    media_type: str | None = None
    digest: Digest | None = None
    url: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])
    source_file_id: FileId | None = None
