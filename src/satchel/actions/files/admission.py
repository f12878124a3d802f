"""What an upload is called, and whether its bytes are taken once they are whole: the field's limits on one file."""

from satchel.blobs.store import Admit, Received
from satchel.model.errors import BadFile
from satchel.model.transfer.media import extension_for, is_image, matches_accept, media_type, telling
from satchel.model.transfer.names import clean_upload_name
from satchel.model.uploads import Upload

NAMELESS = "file"
"""What a file is called, with an extension of its type, when nobody gave it a name."""


def admission(upload: Upload, said_name: str | None, said_type: str | None) -> Admit:
    """Return the check of complete bytes against the field's limits.

    Args:
        upload: the ticket.
        said_name, said_type: what the sender said of the bytes.
    """

    def admit(received: Received) -> None:
        name = name_of(upload, said_name, said_type, received.head)
        if received.size < upload.min_bytes:
            message = f"{name} has {received.size} bytes; files there have {upload.min_bytes} at least."
            raise BadFile("file_too_small", message, limit_bytes=upload.min_bytes, size_bytes=received.size)
        if upload.expected_digest is not None and received.digest != upload.expected_digest:
            message = f"The bytes of {name} do not have the SHA-256 that was declared. Send the file again."
            raise BadFile("digest_mismatch", message, expected=upload.expected_digest, actual=received.digest)
        kind = media_type(received.head, name, telling(said_type, upload.media_type))
        if not matches_accept(upload.accept, name, kind, is_empty=received.size == 0):
            message = f"{name} is {kind} by its content; accepted there: {', '.join(upload.accept)}."
            raise BadFile("file_type", message, media_type=kind, accept=list(upload.accept))
        if (upload.images_only or upload.metadata) and not is_image(kind):
            raise BadFile(
                "file_not_image", f"{name} is {kind} by its content; only images are accepted.", media_type=kind
            )

    return admit


def name_of(upload: Upload, said_name: str | None, said_type: str | None, head: bytes) -> str:
    """Return the file's name: the ticket's, the sender's, or one that says its type where neither gave any."""
    if upload.name or said_name:
        return upload.name or clean_upload_name(said_name or "")
    return NAMELESS + extension_for(head, telling(said_type, upload.media_type), upload.accept)
