"""Hands mail to the one mail server that the administrator has set; apps say to whom, never through which server."""

import asyncio
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage

from satchel.model.mail import MailServer
from satchel.outbound.failure import CallFailed
from satchel.outbound.guard import Resolve
from satchel.outbound.trust import Trust

_TIMEOUT_S = 30
_FIRST_PERMANENT = 500


async def send(server: MailServer, message: EmailMessage, trust: Trust, resolve: Resolve) -> tuple[int, list[str]]:
    """Send a mail; return its size in bytes, and the addresses that the server refused while it took others.

    Raises:
        CallFailed: `mail` or `dns`: nobody gets it. Temporary where the server could not be reached or says so itself.
    """
    with suppress(OSError, ValueError):  # the library says so too, but where no name server answers it never would
        await resolve(server.host, server.port)
    return await asyncio.to_thread(_send, server, message, trust)


def _send(server: MailServer, message: EmailMessage, trust: Trust) -> tuple[int, list[str]]:
    where = f"The mail server {server.host}:{server.port}"
    try:
        with _connected(server, trust) as connection:
            if server.user is not None:
                connection.login(server.user, server.password)
            return len(message.as_bytes()), sorted(connection.send_message(message))
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _failed(f"{where} takes mail for none of its recipients", max(codes)) from None
    except smtplib.SMTPResponseException as error:
        raise _failed(f"{where} refused", error.smtp_code) from None
    except smtplib.SMTPNotSupportedError as error:
        raise CallFailed("mail", f"{where} cannot do what this mail needs: {str(error)[:200]}") from None
    except ssl.SSLError as error:
        raise CallFailed("mail", f"{where} could not be verified: {error.reason}.", is_temporary=True) from None
    except (OSError, smtplib.SMTPException) as error:
        raise CallFailed(
            "mail", f"{where} cannot be reached, or broke off ({type(error).__name__}).", is_temporary=True
        ) from None


def _connected(server: MailServer, trust: Trust) -> smtplib.SMTP:
    if server.security == "smtps":
        return smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=trust.tls)
    connection = smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S)
    if server.security == "smtp+starttls":
        try:
            connection.starttls(context=trust.tls)
        except BaseException:
            connection.close()
            raise
    return connection


def _failed(what: str, code: int) -> CallFailed:
    return CallFailed("mail", f"{what} (SMTP {code}).", is_temporary=code < _FIRST_PERMANENT, is_sent=True)
