"""Seals secrets with the server's key, and keeps the bearer tokens that were got with them for as long as they work."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from satchel.model.ids import AccountId, Entropy

_NONCE_BYTES: Final = 12  # NIST SP 800-38D, 8.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A token that another system gave, and when it is to be asked for anew."""

    token: str = field(repr=False)
    ends_at: datetime | None


class Vault:
    """Seals and opens by a key of 32 bytes that is not in the database (AES-256-GCM).

    Attributes:
        fingerprint: names the key, and does not disclose it.
        fault: why this is not the key of the server's secrets, in a process that only looks; it then opens none.
        bearers: by everything that they were asked for with; of this process only.
    """

    def __init__(self, key: bytes, *, fault: str | None = None) -> None:
        self.fault = fault
        self.fingerprint = hashlib.sha256(b"satchel:secrets-key:" + key).hexdigest()[:16]
        self._cipher = AESGCM(key)
        self.bearers: dict[tuple[object, ...], Bearer] = {}

    def seal(self, account: AccountId, name: str, value: str, entropy: Entropy) -> bytes:
        """Return a value sealed for one account and name: under another it does not open."""
        nonce = entropy(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, value.encode(), _bound(account, name))

    def open(self, account: AccountId, name: str, sealed: bytes) -> str | None:
        """Return what was sealed; None if it was not sealed with this key, or for another account or name."""
        try:
            data = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(account, name))
        except (InvalidTag, ValueError):
            return None
        return data.decode()


def _bound(account: AccountId, name: str) -> bytes:
    return f"{account}\0{name}".encode()
