"""SQL of the mail servers of accounts, and of how mail fares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServerRow:
    """An account's mail server, and how mail fares.

    Attributes:
        host: None where the account sends by the server that all accounts share; so are the others up to `sender`.
        login: None if it requires none.
        sealed: its password.
        failing_since, rests_until: set while it cannot be reached; it is tried again at the end of its rest.
        failure: what went wrong.
    """

    account_id: AccountId
    security: str | None
    host: str | None
    port: int | None
    login: str | None
    sealed: bytes | None
    sender: str | None
    changed_at: datetime | None
    failing_since: datetime | None
    rests_until: datetime | None
    failure: str | None


_ROW = "account_id, security, host, port, login, sealed, sender, changed_at, failing_since, rests_until, failure"


async def mail_server(tx: Reader, account: AccountId) -> MailServerRow | None:
    """Return what there is of an account's mail server."""
    return await tx.row(MailServerRow, f"SELECT {_ROW} FROM mail_servers WHERE account_id = %s", (account,))


async def put_mail_server(tx: Writer, row: MailServerRow) -> None:
    """Set an account's mail server, or (no host) have it send by the shared one; its failures are forgotten."""
    tx.put(
        "INSERT INTO mail_servers (account_id, security, host, port, login, sealed, sender, changed_at)"
        " VALUES (%(account)s, %(security)s, %(host)s, %(port)s, %(login)s, %(sealed)s, %(sender)s, %(at)s)"
        " ON CONFLICT (account_id) DO UPDATE SET security = excluded.security, host = excluded.host,"
        " port = excluded.port, login = excluded.login, sealed = excluded.sealed, sender = excluded.sender,"
        " changed_at = excluded.changed_at, failing_since = NULL, rests_until = NULL, failure = NULL",
        {
            "account": row.account_id,
            "security": row.security,
            "host": row.host,
            "port": row.port,
            "login": row.login,
            "sealed": row.sealed,
            "sender": row.sender,
            "at": row.changed_at,
        },
    )


async def set_failing(tx: Writer, account: AccountId, *, now: datetime, rests_until: datetime, failure: str) -> None:
    """Note that an account's mail cannot be sent, and until when nobody tries."""
    tx.put(
        "INSERT INTO mail_servers (account_id, failing_since, rests_until, failure)"
        " VALUES (%(account)s, %(now)s, %(until)s, %(failure)s)"
        " ON CONFLICT (account_id) DO UPDATE SET failing_since = coalesce(mail_servers.failing_since, %(now)s),"
        " rests_until = %(until)s, failure = %(failure)s",
        {"account": account, "now": now, "until": rests_until, "failure": failure},
    )


async def set_rest(tx: Writer, account: AccountId, until: datetime) -> None:
    """Have nobody try to send an account's mail, which fails, until a time."""
    tx.put(
        "UPDATE mail_servers SET rests_until = %s WHERE account_id = %s AND failing_since IS NOT NULL", (until, account)
    )


async def set_well(tx: Writer, account: AccountId) -> None:
    """Note that an account's mail can be sent again."""
    tx.put(
        "UPDATE mail_servers SET failing_since = NULL, rests_until = NULL, failure = NULL"
        " WHERE account_id = %s AND failing_since IS NOT NULL",
        (account,),
    )


async def accounts_that_cannot_mail(tx: Reader) -> Sequence[AccountId]:
    """Return the accounts without a mail server of their own."""
    return await tx.values(
        AccountId,
        "SELECT a.id FROM accounts a WHERE NOT EXISTS"
        " (SELECT FROM mail_servers m WHERE m.account_id = a.id AND m.host IS NOT NULL)",
    )
