"""Hashes passwords and verifies them: argon2id, off the event loop, and as slowly for nobody as for somebody."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MAX_PASSWORD_CHARS: Final = 1_000


class Passwords:
    """Hashes at one cost; what was hashed at another is verified at that."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """Make it, by default at the cost that the library advises (RFC 9106, the second choice)."""
        self._hasher = hasher or PasswordHasher()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Return whether a password is the one that was kept; for none (an unknown user) it takes as long."""
        return await asyncio.to_thread(self._verify, stored, password)

    async def matches_each(self, stored: Sequence[str | None], password: str) -> list[bool]:
        """Return for each kept password whether it is the one; all are tried, one after the other."""
        return await asyncio.to_thread(lambda: [self._verify(one, password) for one in stored])

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            self._hasher.verify(stored or self._nobodys, password[:MAX_PASSWORD_CHARS])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None
