"""Signed addresses: parts, each length-prefixed, under HMAC-SHA-256 with one of the server's keys.

The purpose is signed along with the parts and is not among them, so that what was signed for one never passes for
another.
"""

import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass

from satchel.model.errors import Forbidden

KEY_BYTES = 32
NONCE_BYTES = 9

_METHOD = b"GET"
_SIGNATURE_BYTES = 32
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a token says, before its signature was checked."""

    parts: Sequence[bytes]
    body: bytes
    signature: bytes


def sign(secret: bytes, purpose: bytes, parts: Sequence[bytes]) -> str:
    """Return the token of some parts."""
    body = _pack(parts)
    return urlsafe_b64encode(body + _signature(secret, purpose, body)).rstrip(b"=").decode()


def read(token: str, *, parts: int) -> Claimed:
    """Return what a token of so many parts says; it is worth nothing until `is_ours`.

    Raises:
        Forbidden: it is no token.
    """
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, Base64Error):
        raise refused() from None
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise refused()  # another spelling of the same bytes: a link has one address
    if len(raw) <= _SIGNATURE_BYTES:
        raise refused()
    body = raw[:-_SIGNATURE_BYTES]
    found = _unpack(body)
    if len(found) != parts:
        raise refused()
    return Claimed(parts=found, body=body, signature=raw[-_SIGNATURE_BYTES:])


def is_ours(secret: bytes, purpose: bytes, claimed: Claimed) -> bool:
    """Return whether what a token says was signed with this key for this purpose; in constant time."""
    return hmac.compare_digest(_signature(secret, purpose, claimed.body), claimed.signature)


def refused() -> Forbidden:
    """Return the error for an address that was not signed here."""
    return Forbidden("This link was not issued by this server, or was changed. Request a new one.")


def _signature(secret: bytes, purpose: bytes, body: bytes) -> bytes:
    return hmac.new(secret, _pack([purpose, _METHOD, body]), hashlib.sha256).digest()


def _pack(parts: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _unpack(body: bytes) -> list[bytes]:
    parts: list[bytes] = []
    rest = body
    while rest:
        length = struct.unpack(">I", rest[:_LENGTH_BYTES])[0] if len(rest) >= _LENGTH_BYTES else -1
        part, rest = rest[_LENGTH_BYTES : _LENGTH_BYTES + length], rest[_LENGTH_BYTES + length :]
        if len(part) != length:
            raise refused()
        parts.append(part)
    return parts
