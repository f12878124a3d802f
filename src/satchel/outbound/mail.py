"""Sends mail through the administrator's mail server; apps choose the recipients, never the server."""

import asyncio
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage

from satchel.model.mail import MailServer
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Resolve, unanswered
from satchel.outbound.trust import Trust

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
    try:
        async with asyncio.timeout_at(ends_at):
            with suppress(OSError, ValueError):  # the library reports it too, but not if no name server answers
                await resolve(server.host, server.port)
    except TimeoutError:
        raise unanswered(server.host, seconds) from None
    talk = _Conversation(server, trust, seconds)
    talking = asyncio.ensure_future(asyncio.to_thread(talk.send, message))
    talking.add_done_callback(_forget)
    try:
        await asyncio.wait({talking}, timeout=ends_at - clock())
        if not talking.done():
            talk.cut()
            await asyncio.wait({talking}, timeout=_GRACE_S)
    finally:
        talk.cut()
    if not talking.done():  # it has no connection yet, and sends nothing over one that it may still get
        raise talk.timed_out()
    return await talking


def _forget(talking: asyncio.Future[tuple[int, list[str]]]) -> None:
    """Retrieve the result of a conversation that is no longer awaited."""
    if not talking.cancelled():
        talking.exception()


class _Conversation:
    """One mail sent by the blocking library, which another thread may abort."""

    def __init__(self, server: MailServer, trust: Trust, seconds: float) -> None:
        self._server = server
        self._trust = trust
        self._seconds = seconds
        self._where = f"The mail server {server.host}:{server.port}"
        self._connection: smtplib.SMTP | None = None
        self._is_cut = False

    def send(self, message: EmailMessage) -> tuple[int, list[str]]:
        """Send the mail, blocking."""
        try:
            with self._connected() as connection:
                if self._server.user is not None:
                    connection.login(self._server.user, self._server.password)
                return len(message.as_bytes()), sorted(connection.send_message(message))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _failed(f"{self._where} accepts mail for none of its recipients", max(codes)) from None
        except smtplib.SMTPResponseException as error:
            raise (self.timed_out() if self._is_cut else _failed(f"{self._where} refused", error.smtp_code)) from None
        except smtplib.SMTPNotSupportedError as error:
            raise CallFailed(
                "mail", f"{self._where} lacks a feature that this mail requires: {str(error)[:200]}"
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._broken(error) from None

    def _broken(self, error: Exception) -> CallFailed:
        if self._is_cut or isinstance(error, TimeoutError):
            return self.timed_out()
        if isinstance(error, ssl.SSLError):
            return CallFailed("mail", f"{self._where} could not be verified: {error.reason}.", is_temporary=True)
        name = type(error).__name__
        return CallFailed("mail", f"{self._where} cannot be reached, or hung up ({name}).", is_temporary=True)

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
        message = f"{self._where} did not accept the mail within {self._seconds:g} s."
        return CallFailed("timeout", message, is_temporary=True, is_sent=True)


def _failed(what: str, code: int) -> CallFailed:
    return CallFailed("mail", f"{what} (SMTP {code}).", is_temporary=code < _FIRST_PERMANENT, is_sent=True)
