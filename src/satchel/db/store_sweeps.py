"""SQL of how far the sweep of the store came: one row, which the sweeping process moves on."""

from datetime import datetime
from typing import Final

from satchel.db.pool import Writer
from satchel.model.ids import AccountId

Position = tuple[AccountId, str]
"""An account and a digest: everything up to them was looked at."""

START: Final[Position] = (AccountId(0), "")


async def claim(tx: Writer, *, now: datetime, until: datetime) -> Position | None:
    """Take the sweep, if it is due, until a moment, and return where it continues; None if it is not due."""
    found = await tx.pairs(
        "UPDATE store_sweep SET due_at = %s WHERE due_at <= %s RETURNING after_account, after_digest", (until, now)
    )
    return (AccountId(int(str(found[0][0]))), str(found[0][1])) if found else None


async def note(tx: Writer, position: Position, reached: Position, *, due_at: datetime) -> bool:
    """Note how far the sweep came since `position`, and when it is due; return False if another process has it."""
    moved = await tx.execute(
        "UPDATE store_sweep SET after_account = %s, after_digest = %s, due_at = %s"
        " WHERE (after_account, after_digest) = (%s, %s)",
        (*reached, due_at, *position),
    )
    return moved > 0
