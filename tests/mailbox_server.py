"""A real mail server on loopback that keeps what it takes, and refuses or holds what a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP

from satchel.model.mail import MailServer


@dataclass
class Mailbox:
    """What a mail server took, and what it answers to the next recipients.

    Attributes:
        holds: addresses whose mails are held, and not answered for: `rcpt` or `data` by address.
        arrived: set when one is held.
        release: lets those go on that are held.
    """

    taken: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    holds: dict[str, str] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    server: MailServer = field(
        default_factory=lambda: MailServer(security="smtp", host="", port=0, user=None, password="")
    )

    @property
    def subjects(self) -> dict[str, list[str]]:
        """The subjects of what was taken, by recipient."""
        found: dict[str, list[str]] = {}
        for (to, *_), message in self.taken:
            found.setdefault(to, []).append(str(message["Subject"]))
        return found

    def letter(self, to: str) -> EmailMessage:
        """Return the one mail to an address."""
        (message,) = [message for recipients, message in self.taken if recipients == [to]]
        return message

    def text(self, to: str, kind: str = "plain") -> str:
        """Return the text of the one mail to an address, as plain text or HTML."""
        body = self.letter(to).get_body((kind,))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    async def _hold(self, point: str, address: str) -> None:
        if self.holds.get(address) == point:
            self.arrived.set()
            await self.release.wait()

    async def handle_RCPT(  # noqa: N802  # the name that the server looks for
        self, _server: object, _session: object, envelope: object, address: str, _options: object
    ) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        await self._hold("rcpt", address)
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]  # aiosmtpd declares no types
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802  # as above
        message = message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[attr-defined]  # as above
        assert isinstance(message, EmailMessage)
        self.taken.append((list(envelope.rcpt_tos), message))  # type: ignore[attr-defined]  # as above
        await self._hold("data", envelope.rcpt_tos[0])  # type: ignore[attr-defined]  # as above
        return "250 OK"


@asynccontextmanager
async def open_mailbox() -> AsyncIterator[Mailbox]:
    """Yield a mail server that runs until the block ends."""
    made = Mailbox()
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(made), "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    made.server = MailServer(security="smtp", host="127.0.0.1", port=port, user=None, password="")
    async with listening:
        yield made
