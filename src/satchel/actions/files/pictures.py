"""Small pictures of image files for what is made of a form at once, such as a PDF: the preview, or one made now."""

import asyncio

from satchel.actions.context import Context
from satchel.actions.files import attached
from satchel.blobs.images import preview
from satchel.model.actor import Actor
from satchel.model.errors import BlobMissing, Gone, NotFound
from satchel.model.files import File
from satchel.model.transfer.media import is_image

MAX_IMAGE_BYTES = 16 * 1024 * 1024
"""Larger images without a preview have no picture: making one would read them whole."""


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
    if (file.size_bytes or 0) > MAX_IMAGE_BYTES:
        return None
    try:
        data = b"".join([chunk async for chunk in context.blobs.open(actor.account_id, file.digest)])
    except BlobMissing:
        return None
    return await asyncio.to_thread(preview, data)
