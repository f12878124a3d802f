"""Small pictures of images that have no preview yet, made at once: for a PDF of a form, and of uploads before it."""

import asyncio
from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.actions.files import attached, tickets
from satchel.blobs.images import preview
from satchel.model.actor import Actor
from satchel.model.digest import Digest
from satchel.model.errors import BlobMissing, Gone, InvalidState, NotFound, UploadExpired
from satchel.model.files import File
from satchel.model.ids import UploadId
from satchel.model.transfer.media import is_image, media_type
from satchel.model.uploads import UploadState

MAX_IMAGE_BYTES = 16 * 1024 * 1024
"""Larger images without a preview have no picture: making one would read them whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A small picture that was made just now.

    Attributes:
        digest: of the bytes that it was made of; the same bytes give the same picture.
    """

    data: bytes
    digest: Digest
    name: str

    @property
    def media_type(self) -> str:
        """Its type, by its bytes."""
        return media_type(self.data, "preview")


async def small(context: Context, actor: Actor, file: File) -> bytes | None:
    """Return a small picture of a file that the actor may see; None where it is no image, or cannot be had."""
    if not is_image(file.media_type or "") or file.digest is None:
        return None
    try:
        made = await attached.preview(context, actor, file.id)
        return b"".join([chunk async for chunk in attached.open_bytes(context, actor, made)])
    except Gone:
        return None
    except (NotFound, BlobMissing):
        pass  # it was not made yet, or cannot be made
    return await _made(context, actor, file.digest, file.size_bytes or 0)


async def of_upload(context: Context, actor: Actor, upload_id: UploadId) -> Picture:
    """Return a small picture of an upload that waits to be claimed, to the user who asked for its ticket.

    Nothing of it is kept: the preview of a file is made when the upload becomes one.

    Raises:
        NotFound: there is no such upload for the actor, or it is no image that can be shown.
        InvalidState: its bytes have not arrived yet, or it is a file by now, which has a preview of its own.
        UploadExpired: it has ended.
    """
    upload = await tickets.find(context, upload_id, token=None, actor=actor)
    if upload.state is UploadState.EXPIRED:
        raise UploadExpired(upload_id, upload.reason or "expired")
    if upload.state is not UploadState.UPLOADED or upload.digest is None:
        what = "is already a file" if upload.state is UploadState.CLAIMED else "has not arrived yet"
        raise InvalidState(f"Upload {upload_id} {what}; only an upload that waits to be used has a preview here.")
    data = None
    if is_image(upload.media_type or ""):
        data = await _made(context, actor, upload.digest, upload.size_bytes or 0)
    if data is None:
        raise NotFound("preview of upload", upload_id)
    return Picture(data=data, digest=upload.digest, name=f"{upload.name or 'upload'}.preview")


async def _made(context: Context, actor: Actor, digest: Digest, size_bytes: int) -> bytes | None:
    if size_bytes > MAX_IMAGE_BYTES:
        return None
    try:
        data = b"".join([chunk async for chunk in context.blobs.open(actor.account_id, digest)])
    except BlobMissing:
        return None
    return await asyncio.to_thread(preview, data)
