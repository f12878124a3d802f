"""API passwords that were verified a moment ago, so that Basic authentication does not cost an argon2 hash a request.

What is kept is an HMAC of e-mail and password under a key of this process, for a minute, and which credential they
proved. Whether that credential still holds is asked of the database each time.
"""

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable

from satchel.model.ids import AccountId, CredentialId

KEPT_S = 60.0
KEPT_ENTRIES = 10_000


class KnownPasswords:
    """The passwords of one process that were right.

    Args:
        key: random bytes of this process.
        monotonic: tells seconds that never run backwards.
    """

    def __init__(self, key: bytes, monotonic: Callable[[], float]) -> None:
        self._key = key
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, tuple[float, AccountId, CredentialId]] = OrderedDict()

    def find(self, email: str, password: str) -> tuple[AccountId, CredentialId] | None:
        """Return the account and credential that these proved within the last minute."""
        name = self._name(email, password)
        found = self._known.get(name)
        if found is None:
            return None
        ends_at, account, credential = found
        if ends_at <= self._monotonic():
            del self._known[name]
            return None
        return account, credential

    def keep(self, email: str, password: str, account: AccountId, credential: CredentialId) -> None:
        """Note that these were right."""
        name = self._name(email, password)
        self._known[name] = (self._monotonic() + KEPT_S, account, credential)
        self._known.move_to_end(name)
        if len(self._known) > KEPT_ENTRIES:
            self._known.popitem(last=False)

    def forget(self, email: str, password: str) -> None:
        """Note that these are right no longer."""
        self._known.pop(self._name(email, password), None)

    def _name(self, email: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{len(email)}:{email}{password}".encode(), hashlib.sha256)
