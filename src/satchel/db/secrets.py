"""SQL of secrets: what the calls of an account sign in with elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRow:
    """A secret; `sealed` opens with the server's key only, `hosts` is empty where it may go anywhere."""

    name: str
    sealed: bytes = field(repr=False)
    hosts: list[str]
    changed_at: datetime


async def secrets(tx: Reader, account: AccountId) -> list[SecretRow]:
    """Return all secrets of an account, by name."""
    return await tx.rows(
        SecretRow,
        "SELECT name, sealed, hosts, changed_at FROM secrets WHERE account_id = %s ORDER BY name",
        (account,),
    )


async def secret(tx: Reader, account: AccountId, name: str) -> SecretRow | None:
    """Return one secret."""
    return await tx.row(
        SecretRow,
        "SELECT name, sealed, hosts, changed_at FROM secrets WHERE account_id = %s AND name = %s",
        (account, name),
    )


async def put_secret(
    tx: Writer, account: AccountId, name: str, *, sealed: bytes, hosts: Sequence[str], now: datetime, by: UserId | None
) -> None:
    """Keep a secret, in place of the one of that name if there is one."""
    await tx.execute(
        "INSERT INTO secrets (account_id, name, sealed, hosts, changed_at, changed_by) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (account_id, name) DO UPDATE SET sealed = excluded.sealed, hosts = excluded.hosts,"
        " changed_at = excluded.changed_at, changed_by = excluded.changed_by",
        (account, name, sealed, list(hosts), now, by),
    )


async def delete_secret(tx: Writer, account: AccountId, name: str) -> bool:
    """Forget a secret, and return whether there was one."""
    gone = await tx.value(
        str, "DELETE FROM secrets WHERE account_id = %s AND name = %s RETURNING name", (account, name)
    )
    return gone is not None
