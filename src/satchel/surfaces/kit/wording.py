"""What errors say to clients of other vendors' APIs: without the nouns of our own (uploads, tickets, claims).

Messages are made once, for the native API, whose clients know those words. Where another vendor's client would read
them, a surface asks here first.
"""

from collections.abc import Mapping

from satchel.model.errors import FieldFault, SatchelError

_FAULTS: Mapping[str, str] = {
    "unknown_upload": "This file does not exist, or it is for another place.",
    "upload_used": "This file is in use already.",
    "upload_expired": "This file has expired; send it again.",
    "upload_not_finished": "This file has not arrived yet; send it first.",
}
"""By the code of a fault."""

_ERRORS: Mapping[str, str] = {
    "upload_expired": "The file has expired; send it again.",
    "too_many_unclaimed": "Too many files wait there to be used. Use some of them first.",
    "busy": "Another request is sending this file. Try again shortly.",
}
"""By the code of an error."""


def fault_text(fault: FieldFault) -> str:
    """Return what the fault of a field says."""
    return _FAULTS.get(fault.code, fault.message)


def error_text(error: SatchelError) -> str:
    """Return what an error says."""
    return _ERRORS.get(error.code, error.message)
