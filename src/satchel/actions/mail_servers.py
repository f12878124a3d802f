"""What sends an account's mail: its own server, or else the one that the server's settings name for all accounts.

Only the server's own administration sets it (`satchel admin mail`): mail goes past the guard of outbound calls, because
mail servers are often in the private network.
"""

import re
from dataclasses import replace
from datetime import timedelta
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import mail_servers as rows
from satchel.db.mail_servers import MailServerRow
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.ids import AccountId
from satchel.model.mail import Mailer, MailServer
from satchel.outbound import mail
from satchel.outbound.failure import CallFailed

NO_SERVER = (
    "This server sends no mail: its administrator has set neither SATCHEL_SMTP_URL nor a mail server of the account"
    " (satchel admin mail)."
)
TEST_TIMEOUT = timedelta(seconds=30)

_SEALED_AS = "mail server"
_ADDRESS = re.compile(r"[^@\s<>(),;:\"\\]{1,64}@[A-Za-z0-9.-]{1,189}")


async def mailer(context: Context, account: AccountId) -> Mailer | None:
    """Return what sends an account's mail; None where nothing does.

    Raises:
        CallFailed: `secret`: the password of the account's server was sealed with another key.
    """
    async with context.database.read() as tx:
        row = await rows.mail_server(tx, account)
    return of_row(context, account, row)


def of_row(context: Context, account: AccountId, row: MailServerRow | None) -> Mailer | None:
    """Return what `mailer` does, from the account's row.

    Raises:
        CallFailed: `secret`: the password of the account's server was sealed with another key.
    """
    if row is None or row.host is None:
        shared = context.mail_server
        return None if shared is None else Mailer(server=shared, sender=context.policy.mail_from, is_own=False)
    password: str | None = ""
    if row.sealed is not None:
        password = context.vault.open(account, _SEALED_AS, row.sealed)
    if password is None:
        message = (
            "The password of the account's mail server was sealed with another key than this server's; restore that"
            " key, or set the mail server again: satchel admin mail URL."
        )
        raise CallFailed("secret", message)
    server = MailServer(
        security=row.security or "", host=row.host, port=row.port or 0, user=row.login, password=password
    )
    return Mailer(server=server, sender=row.sender or context.policy.mail_from, is_own=True)


async def put(context: Context, actor: Actor, server: MailServer, sender: str) -> None:
    """Set the mail server of the actor's account, for notifications and service tasks.

    Raises:
        InvalidValues: the sender is no address.
    """
    check_address("from", parseaddr(sender)[1])
    sealed = None
    if server.user is not None:
        sealed = context.vault.seal(actor.account_id, _SEALED_AS, server.password, context.entropy)
    row = MailServerRow(
        account_id=actor.account_id,
        security=server.security,
        host=server.host,
        port=server.port,
        login=server.user,
        sealed=sealed,
        sender=sender,
        changed_at=context.clock(),
        failing_since=None,
        rests_until=None,
        failure=None,
    )
    await _write(context, actor, row)


async def delete(context: Context, actor: Actor) -> None:
    """Have the actor's account send by the server that all accounts share, if there is one."""
    async with context.database.read() as tx:
        row = await rows.mail_server(tx, actor.account_id)
    if row is not None:
        gone = replace(row, security=None, host=None, port=None, login=None, sealed=None, sender=None)
        await _write(context, actor, replace(gone, changed_at=context.clock()))


async def _write(context: Context, actor: Actor, row: MailServerRow) -> None:
    async with context.database.write() as tx:
        await rows.put_mail_server(tx, row)
        data = {"host": row.host, "port": row.port, "sender": row.sender}
        await write_event(tx, context, actor, "mail_server.set" if row.host else "mail_server.deleted", data)


async def health(context: Context, account: AccountId) -> MailServerRow | None:
    """Return what there is of an account's mail server, and how mail fares."""
    async with context.database.read() as tx:
        return await rows.mail_server(tx, account)


async def send_test(context: Context, account: AccountId, to: str) -> Mailer:
    """Send a mail to an address, as notifications are sent, and return by what.

    Raises:
        InvalidValues: it is no address.
        CallFailed: the mail could not be sent; the message says why.
    """
    check_address("to", to)
    found = await mailer(context, account)
    if found is None:
        raise CallFailed("mail", NO_SERVER)
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = found.sender, to
    message["Subject"] = "Satchel can send mail"
    message["Date"] = format_datetime(context.clock())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"This is a test. The mail server is {found.server.host}:{found.server.port}.\n")
    trust, resolve = context.http.trust, context.http.guard.resolve
    await mail.send(found.server, message, trust, resolve, within=TEST_TIMEOUT)
    async with context.database.write() as tx:
        await rows.set_well(tx, account)
    return found


def check_address(field: str, address: str) -> None:
    """Check that mail can be sent to an address.

    Raises:
        InvalidValues: it cannot.
    """
    if not is_address(address):
        message = f"{address[:80]!r} is not an e-mail address."
        raise InvalidValues([FieldFault(field=field, code="type", message=message)])


def is_address(address: str) -> bool:
    """Return whether mail can be sent to an address."""
    if not _ADDRESS.fullmatch(address) or not address.isprintable():
        return False
    message = EmailMessage(policy=policy.SMTP)
    try:
        message["To"] = address
    except (MessageError, ValueError, IndexError):
        return False
    return True
