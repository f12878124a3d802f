"""How a file is told to other systems that are to fetch it: its facts, and an address that works for minutes.

The keys are those of Flokzu's attachments, in its order; `contentType` is ours.
"""

from collections.abc import Iterable, Mapping

from satchel.actions.context import Context
from satchel.actions.files import links
from satchel.actions.files.links import Link
from satchel.model.actor import Actor
from satchel.model.clock import moment
from satchel.model.files import File, FileKind
from satchel.model.ids import FieldId, FileId
from satchel.model.transfer.media import essence

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
    link = await links.issue(context, issuer, file.id) if file.kind is FileKind.STORED else None
    return _told(context, file, link)


async def metadata_by_place(
    context: Context, issuer: Actor, files: Iterable[File]
) -> dict[FieldId | None, list[dict[str, object]]]:
    """Return the metadata of files that the issuer was shown a moment ago, by field (None: the tab).

    However many there are, it takes one look-up.
    """
    shown = list(files)
    return told_by_place(context, shown, await links.issue_shown(context, issuer, shown))


def told_by_place(
    context: Context, files: Iterable[File], issued: Mapping[FileId, Link]
) -> dict[FieldId | None, list[dict[str, object]]]:
    """Return the metadata of files by field (None: the tab), those that are stored with the links that were issued."""
    told: dict[FieldId | None, list[dict[str, object]]] = {}
    for file in files:
        told.setdefault(file.field_id, []).append(_told(context, file, issued.get(file.id)))
    return told


def _told(context: Context, file: File, link: Link | None) -> dict[str, object]:
    return {
        "attachmentId": file.uuid.hex,
        "creationTime": moment(file.created_at),
        "lastEditedUtc": "",
        "mimeType": MIME_TYPES.get(essence(file.media_type), 0),
        "name": file.name,
        "size": file.size_bytes or 0,
        "superType": SUPER_TYPES[file.kind],
        "url": (file.url or "") if link is None else links.address(context.policy.public_url, link),
        "contentType": file.media_type or "",
    }
