"""Secrets that we hand out: 256 random bits each, of which only the SHA-256 is kept."""

import hashlib
from base64 import urlsafe_b64encode

from satchel.model.ids import Entropy

TOKEN_BYTES = 32


def new_token(entropy: Entropy, prefix: str = "") -> str:
    """Return a fresh secret; the prefix tells people and secret scanners what it is."""
    return prefix + urlsafe_b64encode(entropy(TOKEN_BYTES)).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """Return what is stored and looked up of a secret. Its 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
