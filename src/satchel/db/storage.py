"""SQL of the quota: `used + reserved ≤ limit` at every instant (files.md §4).

Each function is one UPDATE of the account's hot row. Call them last in a transaction: the lock order ends here, and the
row stays locked for the shortest time.
"""

from dataclasses import dataclass
from typing import LiteralString

from satchel.db.pool import Reader, Writer
from satchel.model.errors import OverQuota
from satchel.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """An account's quota and what is taken of it, in bytes.

    Attributes:
        ceiling_bytes: what the operator of the server lets the account have.
        limit_bytes: what counts: the ceiling, or less where the account's administrators set less.
    """

    ceiling_bytes: int
    limit_bytes: int
    used_bytes: int
    reserved_bytes: int

    @property
    def over_bytes(self) -> int:
        """How much more is used and reserved than the limit allows."""
        return max(0, self.used_bytes + self.reserved_bytes - self.limit_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """How many files there are, and their bytes."""

    count: int
    size_bytes: int


async def storage(tx: Reader, account: AccountId) -> Storage:
    """Return the account's four numbers."""
    found = await tx.row(
        Storage,
        "SELECT ceiling_bytes, limit_bytes, used_bytes, reserved_bytes FROM storage WHERE account_id = %s",
        (account,),
    )
    if found is None:
        raise LookupError(f"account {account} has no storage row")
    return found


async def uploaded(tx: Reader, account: AccountId) -> Uploaded:
    """Return the stored files, which make up what is used, and the uploads that wait to be claimed, together."""
    found = await tx.row(
        Uploaded,
        "SELECT count(*) AS count, coalesce(sum(size_bytes), 0)::bigint AS size_bytes FROM ("
        "SELECT size_bytes FROM files WHERE account_id = %(account)s AND kind = 'stored'"
        " UNION ALL SELECT size_bytes FROM uploads"
        " WHERE account_id = %(account)s AND ended_at IS NULL AND state = 'uploaded') AS found",
        {"account": account},
    )
    return found or Uploaded(count=0, size_bytes=0)


async def take(tx: Writer, account: AccountId, *, used: int = 0, reserved: int = 0) -> None:
    """Change what is used and reserved by these signed amounts, in bytes.

    A change that takes more in sum succeeds only while everything still fits; one that gives back or only moves bytes
    from reserved to used always succeeds, also where the quota was lowered beneath what is used.

    Raises:
        OverQuota: it does not fit; the transaction must not go on.
    """
    if used == 0 and reserved == 0:
        return
    more = used + reserved
    change: LiteralString = (
        "UPDATE storage SET used_bytes = used_bytes + %(used)s, reserved_bytes = reserved_bytes + %(reserved)s"
        " WHERE account_id = %(account)s"
    )
    taken = {"used": used, "reserved": reserved, "more": more, "account": account}
    if more <= 0:
        tx.put(change, taken)
    elif not await tx.execute(f"{change} AND used_bytes + reserved_bytes + %(more)s <= limit_bytes", taken):
        raise await over_quota(tx, account, more)


async def over_quota(tx: Reader, account: AccountId, more: int) -> OverQuota:
    """Return the refusal of more bytes than fit."""
    now = await storage(tx, account)
    return OverQuota(
        needed_bytes=more,
        used_bytes=now.used_bytes,
        reserved_bytes=now.reserved_bytes,
        limit_bytes=now.limit_bytes,
    )


async def set_limit(tx: Writer, account: AccountId, limit_bytes: int) -> bool:
    """Set the account's own limit; return False, with nothing changed, where it is above the ceiling.

    What is used already stays even where it is more. A limit at the ceiling is none of its own: it follows the ceiling.
    """
    changed = await tx.execute(
        "UPDATE storage SET limit_bytes = %(limit)s, own_limit_bytes = nullif(%(limit)s, ceiling_bytes)"
        " WHERE account_id = %(account)s AND ceiling_bytes >= %(limit)s",
        {"limit": limit_bytes, "account": account},
    )
    return changed > 0


async def set_ceiling(tx: Writer, account: AccountId, ceiling_bytes: int) -> None:
    """Set what the account may have at most; a lower limit of its own stays."""
    tx.put(
        "UPDATE storage SET ceiling_bytes = %(ceiling)s, limit_bytes = least(%(ceiling)s, own_limit_bytes)"
        " WHERE account_id = %(account)s",
        {"ceiling": ceiling_bytes, "account": account},
    )


_TRUE_SUMS = (
    "(SELECT coalesce(sum(f.size_bytes), 0)::bigint FROM files f"
    " WHERE f.account_id = s.account_id AND f.kind = 'stored') AS used,"
    " (SELECT coalesce(sum(u.reserved_bytes), 0)::bigint FROM uploads u WHERE u.account_id = s.account_id) AS reserved"
)


async def drift(tx: Reader, account: AccountId) -> list[tuple[int, int, str]]:
    """Return (said, true, what) where the account's numbers differ from its files and open uploads, in one snapshot."""
    rows = await tx.pairs(
        f"SELECT s.used_bytes, s.reserved_bytes, {_TRUE_SUMS} FROM storage s WHERE s.account_id = %s", (account,)
    )
    found: list[tuple[int, int, str]] = []
    for row in rows:
        used, reserved, true_used, true_reserved = (int(str(number)) for number in row)
        if used != true_used:
            found.append((used, true_used, "used"))
        if reserved != true_reserved:
            found.append((reserved, true_reserved, "reserved"))
    return found


async def repair(tx: Writer, account: AccountId) -> bool:
    """Set the account's numbers to what its files and open uploads add up to; return whether they differed.

    Waits for every change of the account's bytes that is under way, and makes new ones wait.
    """
    tx.put("LOCK TABLE storage IN SHARE ROW EXCLUSIVE MODE")
    changed = await tx.execute(
        "UPDATE storage SET used_bytes = t.used, reserved_bytes = t.reserved"
        f" FROM (SELECT s.account_id, {_TRUE_SUMS} FROM storage s WHERE s.account_id = %s) t"
        " WHERE storage.account_id = t.account_id"
        " AND (storage.used_bytes <> t.used OR storage.reserved_bytes <> t.reserved)",
        (account,),
    )
    return changed > 0
