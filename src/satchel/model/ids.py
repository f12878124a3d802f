"""Identifiers: distinct types for distinct things, and the two that are computed.

Rows have 64-bit integers from sequences, because the vendors' contracts require small integers; instances and files
also have a UUIDv7. `NewType` prevents passing a task's number in place of an instance's.
"""

from datetime import datetime
from typing import NewType, Protocol
from uuid import UUID

AccountId = NewType("AccountId", int)
UserId = NewType("UserId", int)
GroupId = NewType("GroupId", int)
AbsenceId = NewType("AbsenceId", int)
CredentialId = NewType("CredentialId", int)
AppId = NewType("AppId", int)
VersionId = NewType("VersionId", int)
InstanceId = NewType("InstanceId", int)
TaskId = NewType("TaskId", int)
UploadId = NewType("UploadId", int)
FileId = NewType("FileId", int)
EventId = NewType("EventId", int)
SearchId = NewType("SearchId", int)
ExportId = NewType("ExportId", int)
ScheduleId = NewType("ScheduleId", int)
MoveId = NewType("MoveId", int)
IncidentId = NewType("IncidentId", int)
JobId = NewType("JobId", int)
WebhookId = NewType("WebhookId", int)
DeliveryId = NewType("DeliveryId", int)
NotificationId = NewType("NotificationId", int)
MailingId = NewType("MailingId", int)

FieldId = NewType("FieldId", str)
"""A field's id within its app: `[a-z][a-z0-9_]*`, at most 64 characters."""

ElementId = NewType("ElementId", str)
"""The id of a BPMN element."""

TokenId = NewType("TokenId", str)
"""One visit of a token to a BPMN element; assigned by the engine, opaque elsewhere."""

MAX_ID = 2**63 - 1
"""The largest number of a row."""

FIELDS_PER_APP = 1024
"""The maximum number of fields of an app, and so the base of `data_item_id`."""


class Entropy(Protocol):
    """A source of random bytes; the system's in production, a seeded one in tests."""

    def __call__(self, count: int, /) -> bytes:
        """Return `count` random bytes."""
        ...


def data_item_id(instance: InstanceId, field_number: int) -> int:
    """Return the number of one data item of one instance (Questetra's `processDataInstanceId`)."""
    return instance * FIELDS_PER_APP + field_number


def split_data_item_id(number: int) -> tuple[InstanceId, int]:
    """Return the instance and the field number of a `data_item_id`."""
    instance, field_number = divmod(number, FIELDS_PER_APP)
    return InstanceId(instance), field_number


def uuid7(now: datetime, entropy: Entropy) -> UUID:
    """Return a UUIDv7 (RFC 9562 §5.7) of `now`, in milliseconds, and 74 random bits."""
    milliseconds = int(now.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
    random = int.from_bytes(entropy(10), "big")
    high = (milliseconds << 16) | 0x7000 | (random >> 68 & 0x0FFF)
    low = (0b10 << 62) | (random & 0x3FFF_FFFF_FFFF_FFFF)
    return UUID(int=(high << 64) | low)
