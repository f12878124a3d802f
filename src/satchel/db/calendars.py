"""SQL of calendars of working time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from satchel.db.pool import Writer
from satchel.db.trips import Query, value_of
from satchel.model.ids import AccountId


def settings(account: AccountId) -> Query[dict[str, Any] | None]:
    """Return the query of an account's calendar; None where it has set none."""
    return value_of(dict, "SELECT settings FROM calendars WHERE account_id = %s", (account,))


async def put_settings(tx: Writer, account: AccountId, settings: Mapping[str, object], now: datetime) -> None:
    """Set an account's calendar."""
    tx.put(
        "INSERT INTO calendars (account_id, settings, changed_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (account_id) DO UPDATE SET settings = excluded.settings, changed_at = excluded.changed_at",
        (account, Jsonb(dict(settings)), now),
    )
