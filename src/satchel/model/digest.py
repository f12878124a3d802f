"""SHA-256 digests as a separate type, so that no other text is used as a storage name."""

import re
from typing import NewType

from satchel.model.errors import InvalidRequest

Digest = NewType("Digest", str)
"""A SHA-256 digest: 64 lower-case hexadecimal digits."""

_HEX = re.compile(r"[0-9a-f]{64}")


def parse_digest(text: str) -> Digest:
    """Return `text` as a digest; upper-case digits are accepted.

    Raises:
        InvalidRequest: `text` is not 64 hexadecimal digits; send the SHA-256 of the whole file.
    """
    lowered = text.lower()
    if not _HEX.fullmatch(lowered):
        raise InvalidRequest("sha256 must be 64 hexadecimal digits.", pointer="/sha256")
    return Digest(lowered)
