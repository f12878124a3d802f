"""Signatures of webhooks' messages: Standard Webhooks, symmetric (`v1`); and a token for others."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from satchel.model.ids import Entropy

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
"""Of the 24 to 64 that the specification allows."""

_TOKEN_PURPOSE: Final = b"satchel webhook token"


def new_secret(entropy: Entropy) -> str:
    """Return a secret, in the format for receivers."""
    return PREFIX + base64.b64encode(entropy(SECRET_BYTES)).decode()


def signature(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature per secret, separated by spaces."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()}" for secret in secrets
    )


def token(secret: str) -> str:
    """Return a token that identifies the sender; it changes with the secret, and does not reveal it."""
    return hmac.digest(_key(secret), _TOKEN_PURPOSE, hashlib.sha256).hex()[:40]


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))
