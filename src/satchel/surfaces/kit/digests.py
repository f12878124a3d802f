"""Content-Digest and Repr-Digest (RFC 9530): what a client says of its body is checked as the body comes."""

import hashlib
import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from satchel.model.errors import InvalidRequest

_ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}
"""Those that are checked; others are ignored, as the RFC has it."""

_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):")


@dataclass(frozen=True, slots=True)
class Promise:
    """The digest that a body is to have."""

    algorithm: str
    digest: bytes


def promised(headers: Sequence[str]) -> tuple[Promise, ...]:
    """Return the digests that these headers' values name.

    Raises:
        InvalidRequest: one is malformed.
    """
    found: list[Promise] = []
    for text in (part.strip() for value in headers for part in value.split(",")):
        match = _MEMBER.fullmatch(text)
        try:
            digest = b64decode(match[2], validate=True) if match is not None else None
        except (ValueError, Base64Error):
            digest = None
        if match is None or digest is None:
            raise InvalidRequest("Content-Digest and Repr-Digest are such as sha-256=:BASE64:, separated by commas.")
        if match[1] in _ALGORITHMS:
            found.append(Promise(match[1], digest))
    return tuple(found)


async def checked(chunks: AsyncGenerator[bytes, None], promises: Sequence[Promise]) -> AsyncGenerator[bytes, None]:
    """Give a body's chunks, and refuse it at its end if it is another than was promised.

    Raises:
        InvalidRequest: it has another digest.
    """
    sums = [(promise, hashlib.new(_ALGORITHMS[promise.algorithm])) for promise in promises]
    async with aclosing(chunks):
        async for chunk in chunks:
            for _, digest in sums:
                digest.update(chunk)
            yield chunk
    for promise, digest in sums:
        if not hmac.compare_digest(digest.digest(), promise.digest):
            raise InvalidRequest(f"The body does not have the {promise.algorithm} digest that was sent with it.")
