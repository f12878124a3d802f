"""SQL of the values of an account's environment."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentValue:
    """A value that is set on this server."""

    name: str
    value: str
    changed_at: datetime


async def values(tx: Reader, account: AccountId) -> list[EnvironmentValue]:
    """Return all values of an account, by name."""
    return await tx.rows(
        EnvironmentValue,
        "SELECT name, value, changed_at FROM environment WHERE account_id = %s ORDER BY name",
        (account,),
    )


async def values_named(tx: Reader, account: AccountId, names: Collection[str]) -> dict[str, str]:
    """Return those of some values that are set."""
    found = await tx.rows(
        EnvironmentValue,
        "SELECT name, value, changed_at FROM environment WHERE account_id = %s AND name = ANY(%s)",
        (account, sorted(names)),
    )
    return {row.name: row.value for row in found}


async def put_value(tx: Writer, account: AccountId, name: str, value: str, *, now: datetime, by: UserId | None) -> None:
    """Set a value, in place of the one of that name if there is one."""
    await tx.execute(
        "INSERT INTO environment (account_id, name, value, changed_at, changed_by) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at,"
        " changed_by = excluded.changed_by",
        (account, name, value, now, by),
    )


async def delete_value(tx: Writer, account: AccountId, name: str) -> bool:
    """Forget a value, and return whether there was one."""
    gone = await tx.value(
        str, "DELETE FROM environment WHERE account_id = %s AND name = %s RETURNING name", (account, name)
    )
    return gone is not None
