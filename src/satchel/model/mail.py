"""The mail server that Satchel uses."""

from dataclasses import dataclass, field
from types import MappingProxyType

MAIL_PORTS = MappingProxyType({"smtp": 25, "smtp+starttls": 587, "smtps": 465})
"""The connection's security, and its default port: none, STARTTLS (required), or TLS from the first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server, and how to sign in there.

    Attributes:
        security: one of `MAIL_PORTS`.
        user: None if it requires none.
    """

    security: str
    host: str
    port: int
    user: str | None
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailer:
    """What sends an account's mail.

    Attributes:
        sender: the address in `From`, perhaps with a name.
        is_own: whether it is the account's own server, not the one that all accounts share.
    """

    server: MailServer
    sender: str
    is_own: bool
