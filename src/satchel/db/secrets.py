"""SQL of secrets: what the calls of an account sign in with elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, UserId

EVERY_APP = "*"
"""Among the apps of a secret: all that there are and will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRow:
    """A secret; `sealed` opens with the server's key only, `hosts` is empty where it may go anywhere.

    Attributes:
        apps: the codes of those whose calls may use it.
    """

    name: str
    sealed: bytes = field(repr=False)
    hosts: list[str]
    apps: list[str]
    changed_at: datetime

    def is_granted(self, app: str) -> bool:
        """Return whether an app's calls may use it."""
        return app in self.apps or EVERY_APP in self.apps


async def secrets(tx: Reader, account: AccountId) -> list[SecretRow]:
    """Return all secrets of an account, by name."""
    return await tx.rows(
        SecretRow,
        "SELECT name, sealed, hosts, apps, changed_at FROM secrets WHERE account_id = %s ORDER BY name",
        (account,),
    )


async def secret(tx: Reader, account: AccountId, name: str) -> SecretRow | None:
    """Return one secret."""
    return await tx.row(
        SecretRow,
        "SELECT name, sealed, hosts, apps, changed_at FROM secrets WHERE account_id = %s AND name = %s",
        (account, name),
    )


async def put_secret(
    tx: Writer,
    account: AccountId,
    name: str,
    *,
    sealed: bytes | None,
    hosts: Sequence[str] | None,
    apps: Sequence[str] | None,
    now: datetime,
    by: UserId | None,
) -> SecretRow | None:
    """Keep a secret, in place of the one of that name if there is one, and return it; what is None stays.

    Returns None, with nothing changed, where there is none of that name and no value either.
    """
    parameters = {
        "account": account,
        "name": name,
        "sealed": sealed,
        "hosts": None if hosts is None else list(hosts),
        "apps": None if apps is None else list(apps),
        "now": now,
        "by": by,
    }
    if sealed is None:
        return await tx.row(
            SecretRow,
            "UPDATE secrets SET hosts = coalesce(%(hosts)s::text[], hosts), apps = coalesce(%(apps)s::text[], apps),"
            " changed_at = %(now)s, changed_by = %(by)s WHERE account_id = %(account)s AND name = %(name)s"
            " RETURNING name, sealed, hosts, apps, changed_at",
            parameters,
        )
    return await tx.row(
        SecretRow,
        "INSERT INTO secrets AS s (account_id, name, sealed, hosts, apps, changed_at, changed_by)"
        " VALUES (%(account)s, %(name)s, %(sealed)s, coalesce(%(hosts)s::text[], '{}'),"
        " coalesce(%(apps)s::text[], '{}'), %(now)s, %(by)s)"
        " ON CONFLICT (account_id, name) DO UPDATE SET sealed = excluded.sealed, hosts = excluded.hosts,"
        " apps = coalesce(%(apps)s::text[], s.apps), changed_at = excluded.changed_at, changed_by = excluded.changed_by"
        " RETURNING name, sealed, hosts, apps, changed_at",
        parameters,
    )


async def delete_secret(tx: Writer, account: AccountId, name: str) -> bool:
    """Forget a secret, and return whether there was one."""
    gone = await tx.value(
        str, "DELETE FROM secrets WHERE account_id = %s AND name = %s RETURNING name", (account, name)
    )
    return gone is not None
