"""Exports: what is asked for, what an archive holds, and how far the making of it is.

An export freezes a list of files. Its entries name the bytes, so that these stay while the export lives; the names
within the archive are made once, and never again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from satchel.model.digest import Digest
from satchel.model.ids import AccountId, AppId, ExportId, FieldId, SearchId, UserId
from satchel.model.transfer.names import safe_name

MANIFEST = "manifest.jsonl"
"""Where an archive tells of each of its files, one a line."""

INSTANCES = "instances.jsonl"
"""Where an archive has the values of its instances, one a line."""


class ExportState(StrEnum):
    """How far an export is; an `ended` one has expired or was deleted, and names nothing any more."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an export takes of the instances that its query finds.

    Attributes:
        query: the native search's, in its canonical JSON.
        fields: ids of file fields; None means all.
        attachments: whether the attachments tab is taken.
        values: whether the values of the instances are.
    """

    query: Mapping[str, object]
    fields: tuple[FieldId, ...] | None = None
    attachments: bool = True
    values: bool = True

    def takes(self, field: FieldId | None) -> bool:
        """Return whether files of a field (None: the attachments tab) are taken."""
        if field is None:
            return self.attachments
        return self.fields is None or field in self.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportProgress:
    """How far the listing is, and the sums so far.

    Attributes:
        cursor: of the search's next page; None before the first.
        is_listed: whether there is no further page.
        app_ids: the apps that files were taken of.
        left_out: how many files belong to apps that the owner may view but not export.
        missing: how many files have no bytes in the store.
        window: how many of the newest instances a short "contains" looked at, if it did.
        entries: how many there are; the next one's position.
        members: how many of them are in the archive.
        offset: where the next member's header begins.
        directory_bytes: the length of the directory so far.
    """

    cursor: str | None = None
    is_listed: bool = False
    app_ids: tuple[AppId, ...] = ()
    instances: int = 0
    files: int = 0
    file_bytes: int = 0
    left_out: int = 0
    missing: int = 0
    window: int | None = None
    entries: int = 0
    members: int = 0
    offset: int = 0
    directory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A durable export.

    Attributes:
        search_id: the saved search that it was made of, if any.
        size_bytes: of the whole archive, once it is ready.
        error_code, error: why it failed.
        attempt: how often its making was begun again after a fault.
        due_at: when whoever makes it is taken to be dead; None once it is made.
    """

    account_id: AccountId
    id: ExportId
    owner_id: UserId
    state: ExportState
    selection: Selection
    search_id: SearchId | None
    progress: ExportProgress
    size_bytes: int | None
    error_code: str | None
    error: str | None
    attempt: int
    due_at: datetime | None
    created_at: datetime
    ready_at: datetime | None
    expires_at: datetime

    @property
    def name(self) -> str:
        """The archive's file name."""
        return f"export-{self.id}.zip"


class EntryKind(StrEnum):
    """What an entry stands for."""

    FILE = "file"
    """A file; without a path, one that is kept elsewhere or whose bytes are missing: only the manifest tells of it."""
    INSTANCE = "instance"
    """The values of an instance."""
    REPORT = "report"
    """A file that the export itself made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an export's list.

    Attributes:
        position: its place in the list.
        path: its name within the archive; None where it has no bytes there.
        line: what the manifest (or the list of instances) says of it; None for reports.
        offset, record_offset: where its header and its directory record begin, the latter from the directory's own
            beginning.
    """

    position: int
    kind: EntryKind
    path: str | None
    digest: Digest | None
    size_bytes: int
    modified_at: datetime
    line: str | None
    offset: int
    record_offset: int


def instance_folder(number: int, app: str, title: str) -> str:
    """Return the name of an instance's folder; its number is first, so that two instances never meet."""
    return safe_name(f"{number}_{app}_({title})")
