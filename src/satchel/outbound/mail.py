"""Sends mail through the administrator's mail server; apps choose the recipients, never the server."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage
from typing import TypeVar

from satchel.model.mail import MailServer
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Resolve, unanswered
from satchel.outbound.trust import Trust

T = TypeVar("T")

_FIRST_PERMANENT = 500
_GRACE_S = 1.0
"""How long an aborted conversation may take to end."""

_LATER_S = 5.0
"""How much longer the library's own timeouts are, whose errors say less."""


async def send(
    server: MailServer, message: EmailMessage, trust: Trust, resolve: Resolve, *, within: timedelta
) -> tuple[int, list[str]]:
    """Send a mail; return its size in bytes, and the addresses that the server refused while it accepted others.

    Args:
        server: the mail server.
        message: the mail.
        trust: how the server is verified.
        resolve: resolves its address.
        within: how long it may take from the first step to the server's last reply, however the server pauses.

    Raises:
        CallFailed: `mail`, `dns` or `timeout`: nobody gets it, as far as is known. Temporary if the server could not
            be reached or reports so itself.
    """
    clock, seconds = asyncio.get_running_loop().time, within.total_seconds()
    ends_at = clock() + seconds
    await find(server, resolve, ends_at, seconds)
    talk = _Conversation(server, trust, seconds)
    try:
        return await in_thread(talk, lambda: talk.send(message), ends_at)
    finally:
        talk.cut()


async def find(server: MailServer, resolve: Resolve, ends_at: float, seconds: float) -> None:
    """Wait until a server's address is resolved, at most until a time of the loop's clock.

    Raises:
        CallFailed: `dns`: no name server answers.
    """
    try:
        async with asyncio.timeout_at(ends_at):
            with suppress(OSError, ValueError):  # the library reports it too, but not if no name server answers
                await resolve(server.host, server.port)
    except TimeoutError:
        raise unanswered(server.host, seconds) from None


async def in_thread(talk: "Conversation", step: Callable[[], T], ends_at: float) -> T:
    """Take a blocking step of a conversation in a thread, and abort the conversation if it takes too long.

    Raises:
        CallFailed: `timeout`, or what the step raises.
    """
    clock = asyncio.get_running_loop().time
    talking = asyncio.ensure_future(asyncio.to_thread(step))
    talking.add_done_callback(_forget)
    try:
        await asyncio.wait({talking}, timeout=ends_at - clock())
        if not talking.done():
            talk.cut()
            await asyncio.wait({talking}, timeout=_GRACE_S)
    except BaseException:
        talk.cut()
        raise
    if not talking.done():  # it has no connection yet, and sends nothing over one that it may still get
        raise talk.timed_out()
    return await talking


def _forget(talking: asyncio.Future[T]) -> None:
    """Retrieve the result of a conversation that is no longer awaited."""
    if not talking.cancelled():
        talking.exception()


class Conversation:
    """A connection of the blocking library to a mail server, which another thread may abort.

    Attributes:
        where: names the server, at the start of a message.
    """

    def __init__(self, server: MailServer, trust: Trust, seconds: float) -> None:
        self._server = server
        self._trust = trust
        self._seconds = seconds
        self.where = f"The mail server {server.host}:{server.port}"
        self._connection: smtplib.SMTP | None = None
        self._is_cut = False

    def open(self) -> smtplib.SMTP:
        """Return a new connection that is signed in, blocking."""
        connection = self._connected()
        try:
            if self._server.user is not None:
                connection.login(self._server.user, self._server.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def failure(self, error: Exception) -> CallFailed:
        """Return the error of a step that the library could not take."""
        if isinstance(error, smtplib.SMTPResponseException):
            return self.timed_out() if self._is_cut else refused(f"{self.where} refused", error.smtp_code)
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return CallFailed("mail", f"{self.where} lacks a feature that this mail requires: {str(error)[:200]}")
        if self._is_cut or isinstance(error, TimeoutError):
            return self.timed_out()
        if isinstance(error, ssl.SSLError):
            return CallFailed("mail", f"{self.where} could not be verified: {error.reason}.", is_temporary=True)
        name = type(error).__name__
        return CallFailed("mail", f"{self.where} cannot be reached, or hung up ({name}).", is_temporary=True)

    def _connected(self) -> smtplib.SMTP:
        host, port = self._server.host, self._server.port
        if self._server.security == "smtps":
            made: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self._seconds + _LATER_S, context=self._trust.tls)
        else:
            made = smtplib.SMTP(host, port, timeout=self._seconds + _LATER_S)
        self._connection = made
        try:
            if self._server.security == "smtp+starttls":
                made.starttls(context=self._trust.tls)
            if self._is_cut:  # before there was anything to cut
                raise TimeoutError  # noqa: TRY301  # handled as one of the library's own
        except BaseException:
            made.close()
            raise
        return made

    def cut(self) -> None:
        """Abort the conversation at any point; does nothing after its end."""
        self._is_cut = True
        connected = getattr(self._connection, "sock", None)
        if isinstance(connected, socket.socket):
            with suppress(OSError):
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # TLS has no part in it: a thread is reading

    def timed_out(self) -> CallFailed:
        """Return the error of a conversation that took too long."""
        message = f"{self.where} did not accept the mail within {self._seconds:g} s."
        return CallFailed("timeout", message, is_temporary=True, is_sent=True)


class _Conversation(Conversation):
    """One mail sent over a connection of its own."""

    def send(self, message: EmailMessage) -> tuple[int, list[str]]:
        """Send the mail, blocking."""
        try:
            with self.open() as connection:
                return len(message.as_bytes()), sorted(connection.send_message(message))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise refused(f"{self.where} accepts mail for none of its recipients", max(codes)) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self.failure(error) from None


def refused(what: str, code: int) -> CallFailed:
    """Return the error of a reply that refuses something."""
    return CallFailed("mail", f"{what} (SMTP {code}).", is_temporary=code < _FIRST_PERMANENT, is_sent=True)
