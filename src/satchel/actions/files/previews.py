"""Previews of images: a small picture of their bytes, made once by a job however many files share them."""

import asyncio
from collections.abc import Mapping

from satchel.actions.context import Context
from satchel.blobs.images import describe, preview
from satchel.db import blobs as rows
from satchel.db import files as file_rows
from satchel.db import instances as instance_rows
from satchel.model.chunks import once
from satchel.model.digest import Digest
from satchel.model.errors import BlobMissing
from satchel.model.ids import AccountId
from satchel.model.transfer.media import media_type

MAX_IMAGE_BYTES = 64 * 1024 * 1024
"""Larger images get no preview: making one would read them whole."""

MAX_PREVIEW_BYTES = 4 * 1024 * 1024


async def make(context: Context, account: AccountId, digest: Digest) -> None:
    """Make the preview of an image's bytes and note its size, orientation and place; may be repeated."""
    async with context.database.read() as tx:
        known = await rows.preview(tx, account, digest)
    size = await context.blobs.size(account, digest)
    if known is None or size is None:
        return
    if known.state != "due":
        await _note(context, account, digest, known.facts)  # a job that died between the two steps left them out
        return
    facts, picture = None, None
    if size <= MAX_IMAGE_BYTES:
        try:
            data = b"".join([chunk async for chunk in context.blobs.open(account, digest)])
        except BlobMissing:
            return
        facts = await asyncio.to_thread(describe, data)
        picture = await asyncio.to_thread(preview, data) if facts is not None else None
    made = await context.blobs.receive(account, once(picture), max_bytes=MAX_PREVIEW_BYTES) if picture else None
    noted: Mapping[str, object] = facts.metadata() if facts is not None else dict[str, object]()
    async with context.database.write() as tx:
        if digest not in await rows.lock_blobs(tx, account, [digest]):
            return
        if made is not None:
            await rows.insert_blob(tx, account, made.digest, made.size, context.clock())
        await rows.set_preview(
            tx,
            account,
            digest,
            preview_digest=made.digest if made else None,
            media_type=media_type(picture, "preview") if picture else None,
            facts=noted,
        )
    await _note(context, account, digest, noted)


async def _note(context: Context, account: AccountId, digest: Digest, facts: Mapping[str, object]) -> None:
    """Add facts to the files that were there before them: each instance in a transaction, its row locked first.

    Whatever is attached from now on takes the facts along (`satchel.actions.instances.claims`).
    """
    async with context.database.read() as tx:
        instances = await file_rows.instances_with(tx, account, digest) if facts else []
    for instance in instances:
        async with context.database.write() as tx:
            await instance_rows.lock_instance(tx, account, instance)
            await file_rows.add_metadata(tx, account, instance, digest, facts)
