"""Which server takes the mail that Satchel sends."""

from dataclasses import dataclass, field
from types import MappingProxyType

MAIL_PORTS = MappingProxyType({"smtp": 25, "smtp+starttls": 587, "smtps": 465})
"""How the connection is secured, and the usual port: not at all, by STARTTLS (required), or from its first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server, and how to sign in there.

    Attributes:
        security: one of `MAIL_PORTS`.
        user: None where it asks for none.
    """

    security: str
    host: str
    port: int
    user: str | None
    password: str = field(repr=False)
