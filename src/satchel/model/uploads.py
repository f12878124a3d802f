"""Uploads: tickets, each a reserved slot being filled (files.md §1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from satchel.model.digest import Digest
from satchel.model.ids import AccountId, AppId, FieldId, InstanceId, TaskId, UploadId, UserId


class UploadState(StrEnum):
    """`created` → `receiving` → `uploaded` → `claimed`, or `expired` from any of the first three."""

    CREATED = "created"
    RECEIVING = "receiving"
    UPLOADED = "uploaded"
    CLAIMED = "claimed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadTarget:
    """The target of an upload: a task, an instance, or an app's start form; a field of it or the attachments tab.

    Attributes:
        task_id: set for a task's form, together with its instance.
        instance_id: None for a start form.
        field_id: None means the attachments tab.
        area: of the tab.
    """

    app_id: AppId
    instance_id: InstanceId | None = None
    task_id: TaskId | None = None
    field_id: FieldId | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A ticket.

    Attributes:
        declared_bytes: the maximum number of bytes.
        reserved_bytes: its current reservation of the quota; shrinks to the received size, 0 once ended.
        min_bytes, accept, images_only: the field's limits when the ticket was made.
        attempt: counts the writers; a finish counts only for the newest.
        lease_until: until when the current writer counts as alive.
        tus_length: the Upload-Length of a tus upload, or None.
        tus_metadata: the Upload-Metadata that it was created with, unchanged, or None.
        digest, size_bytes: of the received bytes; None before.
        reason: why it expired.
    """

    account_id: AccountId
    id: UploadId
    state: UploadState
    user_id: UserId
    app_id: AppId
    instance_id: InstanceId | None
    task_id: TaskId | None
    field_id: FieldId | None
    area: str | None
    declared_bytes: int
    reserved_bytes: int
    min_bytes: int
    accept: tuple[str, ...]
    images_only: bool
    name: str | None
    media_type: str | None
    expected_digest: Digest | None
    metadata: Mapping[str, object]
    attempt: int
    lease_until: datetime | None
    tus_length: int | None
    tus_metadata: str | None
    digest: Digest | None
    size_bytes: int | None
    reason: str | None
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    @property
    def target(self) -> UploadTarget:
        """The target of the upload."""
        return UploadTarget(
            app_id=self.app_id,
            instance_id=self.instance_id,
            task_id=self.task_id,
            field_id=self.field_id,
            area=self.area,
        )

    @property
    def is_ended(self) -> bool:
        """Whether it was claimed or expired."""
        return self.ended_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLabel:
    """What an upload whose bytes have come is called, its type, and its field, or area of the attachments tab."""

    id: UploadId
    name: str
    media_type: str
    field: FieldId | None
    area: str | None
