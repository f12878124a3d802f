"""Replies about files: their metadata, upload tickets, and links."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from satchel.model.api.kinds import (
    Address,
    FileActionName,
    FileKindName,
    NameChangeName,
    ReplyBody,
    Sha256,
    Size,
    Timestamp,
    UploadStateName,
    Uuid,
    Values,
)


class File(ReplyBody, frozen=True, kw_only=True):
    """A file of an instance.

    Attributes:
        field: the id of the field that holds it; null in the attachments tab.
        area: the named part of the attachments tab, if any.
        size: in bytes, like `media_type` and `sha256` of stored files only.
        url: where a file of another kind is kept.
        metadata: of images: width, height, orientation, taken_at, latitude, longitude; and that of the upload.
        copied_from: the number of the file that it is a copy of.
        created_by: the number of a user.
        deleted_at: until its restore window ends it can be restored.
        revision: its ETag.
        name_changes: in the reply to a request that gave a name: why `name` differs from it (`path`, `composition`,
            `characters`, `ends`, `reserved`, `length`); left out if it does not.
        may: what the caller may do with it: `rename`, `describe`, `replace`, `delete`, `restore`, `copy` it, issue a
            `link`; left out in searches and by the requests that add files.
    """

    id: int
    uuid: Uuid
    instance: int
    field: str | None
    area: str | None
    kind: FileKindName
    name: str
    description: str
    size: Size | None
    media_type: str | None
    sha256: Sha256 | None
    url: str | None
    metadata: Values
    copied_from: int | None
    created_at: Timestamp
    created_by: int | None
    deleted_at: Timestamp | None
    revision: int
    may: Sequence[FileActionName] | None = None
    name_changes: Sequence[NameChangeName] = ()


class Files(ReplyBody, frozen=True, kw_only=True):
    """Files, in the order of their places."""

    items: Sequence[File]
    next: None


class Restorable(ReplyBody, frozen=True, kw_only=True):
    """For how many seconds a deleted file can be restored."""

    restorable_s: Size


class Link(ReplyBody, frozen=True, kw_only=True):
    """A signed address of a file, valid for minutes."""

    holds_secret: ClassVar[bool] = True

    url: Address
    expires_at: Timestamp


class TicketForm(ReplyBody, frozen=True, kw_only=True):
    """How to send a ticket's file as a multipart form: `fields` first, then the file in the part `file_field`."""

    url: Address
    fields: Mapping[str, str]
    file_field: str


class Ticket(ReplyBody, frozen=True, kw_only=True):
    """A reserved slot for one file, with three addresses to upload it; each contains the ticket's token.

    Attributes:
        name: under which the file will be stored, if the request named it.
        name_changes: why `name` differs from the name that was given; left out if it does not.
    """

    holds_secret: ClassVar[bool] = True

    id: int
    expires_at: Timestamp
    form: TicketForm
    put_url: Address
    tus_url: Address
    name: str | None = None
    name_changes: Sequence[NameChangeName] = ()

    @property
    def token(self) -> str:
        """The token that replaces a credential at the ticket's addresses."""
        return self.form.fields["token"]


class Upload(ReplyBody, frozen=True, kw_only=True):
    """A ticket and its state; once it is `uploaded`, its number can be used in a form.

    Attributes:
        task: the task whose form it is for; null if it is for an instance or a start form.
        declared_size: the maximum number of bytes.
        size: of the received bytes, as `sha256` null before.
        name_changes: in the reply to the request that named the file: why `name` differs from what was given; of tus
            always; left out if it does not.
        reason: why it expired.
    """

    id: int
    state: UploadStateName
    app_id: int
    instance: int | None
    task: int | None
    field: str | None
    area: str | None
    name: str | None
    media_type: str | None
    declared_size: Size
    size: Size | None
    sha256: Sha256 | None
    reason: str | None
    created_at: Timestamp
    expires_at: Timestamp
    ended_at: Timestamp | None
    name_changes: Sequence[NameChangeName] = ()


class Uploads(ReplyBody, frozen=True, kw_only=True):
    """A page of tickets, and the cursor of the next one."""

    items: Sequence[Upload]
    next: str | None
