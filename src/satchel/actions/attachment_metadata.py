"""How a file is told to other systems that are to fetch it: its facts, and an address that works for minutes.

The keys are those of Flokzu's attachments, in its order; `contentType` is ours.
"""

from satchel.actions import links
from satchel.actions.context import Context
from satchel.model.actor import Actor
from satchel.model.clock import moment
from satchel.model.files import File, FileKind

MIME_TYPES = {
    "application/pdf": 31,
    "text/plain": 1001,
    "text/csv": 1002,
    "application/zip": 1003,
    "image/png": 1010,
    "image/jpeg": 1011,
    "image/gif": 1012,
    "image/webp": 1013,
    "application/json": 1020,
    "application/xml": 1021,
}
"""31 is the one number that Flokzu shows; the others are ours, and 0 is everything else."""

SUPER_TYPES = {FileKind.STORED: 0, FileKind.DRIVE: 1, FileKind.ONEDRIVE: 2, FileKind.LINK: 3}


async def metadata(context: Context, issuer: Actor, file: File) -> dict[str, object]:
    """Return what another system is told of a file; each time with a new address.

    Args:
        context: of the server.
        issuer: whose right to the file is checked, now and when the address is used.
        file: of any kind; one that is kept elsewhere has the address that it has there, which does not expire.

    Raises:
        NotFound, Gone: the issuer may not see the file, or it was deleted.
    """
    if file.kind is FileKind.STORED:
        link = await links.issue(context, issuer, file.id)
        url = links.address(context.policy.public_url, link)
    else:
        url = file.url or ""
    return {
        "attachmentId": file.uuid.hex,
        "creationTime": moment(file.created_at),
        "lastEditedUtc": "",
        "mimeType": MIME_TYPES.get(file.media_type or "", 0),
        "name": file.name,
        "size": file.size_bytes or 0,
        "superType": SUPER_TYPES[file.kind],
        "url": url,
        "contentType": file.media_type or "",
    }
