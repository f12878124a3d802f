"""SQL of what belongs to the database without being in it: the files' folder and the key of secrets."""

from dataclasses import dataclass, field
from uuid import UUID

from satchel.db.pool import Reader, Writer
from satchel.model.digest import Digest
from satchel.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRow:
    """What the database knows of its files' folder and of the key of secrets.

    Attributes:
        database: its name.
        id: the identity that the folder has too; None until the two have met.
        was_in_use: whether the database is older than identities.
        key_check: a constant, sealed with the key; None until a server with the key has started.
        key_fingerprint: of that key.
    """

    database: str
    id: UUID | None
    was_in_use: bool
    key_check: bytes | None = field(repr=False)
    key_fingerprint: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A secret of calls or of a webhook.

    Attributes:
        account: the name of the account.
        name: under which it is sealed.
    """

    account_id: AccountId
    account: str
    name: str
    sealed: bytes = field(repr=False)


async def store(tx: Reader) -> StoreRow:
    """Return the one row."""
    found = await tx.row(
        StoreRow,
        "SELECT current_database()::text AS database, id, was_in_use, key_check, key_fingerprint FROM store",
    )
    if found is None:
        raise LookupError("the table `store` has no row; its migration inserts one")
    return found


async def set_id(tx: Writer, known: UUID | None, new: UUID) -> None:
    """Set the identity, unless another process has set it since it was `known`."""
    tx.put("UPDATE store SET id = %s WHERE id IS NOT DISTINCT FROM %s", (new, known))


async def set_key(tx: Writer, check: bytes, fingerprint: str, *, replaces: bool) -> None:
    """Set what the key is checked against; one that is there stays, unless it is to be replaced."""
    tx.put(
        "UPDATE store SET key_check = %s, key_fingerprint = %s WHERE key_check IS NULL OR %s",
        (check, fingerprint, replaces),
    )


async def some_blobs(tx: Reader, count: int) -> list[tuple[AccountId, Digest]]:
    """Return the `count` oldest and the `count` newest blobs that have a row."""
    rows = await tx.pairs(
        "(SELECT account_id, digest FROM blobs ORDER BY created_at LIMIT %(count)s)"
        " UNION (SELECT account_id, digest FROM blobs ORDER BY created_at DESC LIMIT %(count)s)",
        {"count": count},
    )
    return [(AccountId(int(str(account))), Digest(str(digest))) for account, digest in rows]


async def all_sealed(tx: Reader) -> list[SealedSecret]:
    """Return the secrets of calls and of webhooks, of all accounts."""
    return await tx.rows(
        SealedSecret,
        "SELECT s.account_id, a.name AS account, s.name, s.sealed FROM ("
        " SELECT account_id, name, sealed FROM secrets"
        " UNION ALL SELECT account_id, 'webhook:' || id, sealed FROM webhooks"
        ") s JOIN accounts a ON a.id = s.account_id ORDER BY a.name, s.name",
    )
