"""Sends several mails over one connection, each in two steps: what can be repeated, and what cannot.

Nobody can repeat the content of a mail: when the connection breaks while it is sent, the server may have taken it. So
`offer` goes as far as the server's consent to sender and recipient, and only then `hand_over` sends the content. Who
calls records in between that the mail is on its way.
"""

import asyncio
import re
import smtplib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Final

from satchel.model.mail import MailServer
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Resolve
from satchel.outbound.mail import Conversation, find, in_thread, refused
from satchel.outbound.trust import Trust

_FIRST_REFUSAL: Final = 400
_SEND_CONTENT: Final = 354
_SERVICE_CLOSES: Final = 421
_DOTS: Final = re.compile(rb"(?m)^\.")


class MailUncertain(Exception):
    """The connection broke, or took too long, while the content was sent: the server may have taken the mail."""


class MailSession:
    """A signed-in connection to a mail server; one step at a time.

    Attributes:
        is_usable: whether another mail can be sent; False after its connection broke.
    """

    def __init__(self, talk: Conversation, connection: smtplib.SMTP, within: timedelta) -> None:
        self._talk = talk
        self._connection = connection
        self._seconds = within.total_seconds()
        self._content = b""
        self.is_usable = True

    async def offer(self, message: EmailMessage) -> None:
        """Have the server agree to a mail to one recipient, without its content.

        Raises:
            CallFailed: `mail` or `timeout`; nothing was sent. Where `is_usable` is still true, it is about this mail
                only; and temporary if the server says so.
        """
        await self._step(lambda: self._offer(message))

    async def hand_over(self) -> None:
        """Send the content of the mail that was offered last.

        Raises:
            CallFailed: the server refused the content; temporary if it says so.
            MailUncertain: it may have taken it.
        """
        try:
            await self._step(self._hand_over)
        except CallFailed as error:
            if error.reason == "timeout":
                raise MailUncertain(error.message) from None
            raise

    def abandon(self) -> None:
        """Cut the connection, so that the server does not take the mail that was offered last."""
        self.is_usable = False
        self._talk.cut()

    async def close(self) -> None:
        """End the connection, with a farewell where it still works."""
        with suppress(CallFailed):
            await self._step(self._close)

    def _close(self) -> None:
        try:
            if self.is_usable:
                self._connection.quit()
        except (OSError, smtplib.SMTPException):
            return  # it is gone already
        finally:
            self._connection.close()

    async def _step(self, step: Callable[[], None]) -> None:
        ends_at = asyncio.get_running_loop().time() + self._seconds
        try:
            await in_thread(self._talk, step, ends_at)
        except CallFailed as error:
            self.is_usable = self.is_usable and error.is_sent and error.reason != "timeout"
            raise

    def _offer(self, message: EmailMessage) -> None:
        sender, to = parseaddr(str(message["From"]))[1], parseaddr(str(message["To"]))[1]
        connection = self._connection
        try:
            is_foreign = not (sender + to).isascii()
            self._require_utf8(is_foreign=is_foreign)
            data = message.as_bytes(policy=policy.SMTPUTF8 if is_foreign else policy.SMTP)
            self._content = _DOTS.sub(b"..", data.rstrip(b"\r\n") + b"\r\n")
            self._expect(*connection.mail(sender, ["SMTPUTF8"] if is_foreign else []))
            self._expect(*connection.rcpt(to))
            self._expect(*connection.docmd("DATA"), wanted=_SEND_CONTENT)
        except CallFailed:
            with suppress(OSError, smtplib.SMTPException):
                connection.rset()
            raise
        except (OSError, smtplib.SMTPException) as error:
            self.is_usable = False
            raise self._talk.failure(error) from None

    def _require_utf8(self, *, is_foreign: bool) -> None:
        if is_foreign and not self._connection.has_extn("smtputf8"):
            raise CallFailed("mail", f"{self._talk.where} takes no addresses beyond ASCII.", is_sent=True)

    def _hand_over(self) -> None:
        try:
            self._connection.send(self._content + b".\r\n")
            code, said = self._connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.is_usable = False
            raise MailUncertain(str(self._talk.failure(error))) from None
        self._expect(code, said)

    def _expect(self, code: int, said: bytes, *, wanted: int | None = None) -> None:
        """Pass a reply that agrees.

        Raises:
            CallFailed: it does not.
        """
        if code >= _FIRST_REFUSAL or (wanted is not None and code != wanted) or code < 0:
            if code == _SERVICE_CLOSES or code < 0:
                self.is_usable = False
            text = said.decode("utf-8", "replace")[:200].replace("\n", " ")
            raise refused(f"{self._talk.where} refused: {text}", code)


@asynccontextmanager
async def open_session(
    server: MailServer, trust: Trust, resolve: Resolve, *, within: timedelta
) -> AsyncGenerator[MailSession]:
    """Yield a connection for mails; each step may take as long as `within`.

    Raises:
        CallFailed: `mail`, `dns` or `timeout`: the server cannot be reached, or does not let us in.
    """
    seconds = within.total_seconds()
    ends_at = asyncio.get_running_loop().time() + seconds
    await find(server, resolve, ends_at, seconds)
    talk = Conversation(server, trust, seconds)
    try:
        session = MailSession(talk, await in_thread(talk, lambda: _opened(talk), ends_at), within)
        try:
            yield session
        finally:
            await session.close()
    finally:
        talk.cut()


def _opened(talk: Conversation) -> smtplib.SMTP:
    try:
        connection = talk.open()
        connection.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as error:
        raise talk.failure(error) from None
    return connection
