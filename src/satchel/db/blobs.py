"""SQL of blobs and previews.

How sweep, intake and claim keep apart. The sweep locks a blob's row, deletes it if nothing names it, commits, and only
then asks the store to delete bytes that are older than the grace time. Whoever names a blob (an upload, a file, a
preview) inserts a foreign key to it, which waits for that lock and then finds the row or fails. An intake's bytes are
durable, and new, before it inserts the row. So no committed row ever names bytes that are gone (docs/adr/0010).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.db.trips import Query, rows_of, values_of
from satchel.model.digest import Digest
from satchel.model.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes that the store holds."""

    account_id: AccountId
    digest: Digest
    size_bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The small picture of an image's bytes, and what they say of themselves; `state` is `due`, `made` or `refused`."""

    account_id: AccountId
    digest: Digest
    state: str
    preview_digest: Digest | None
    media_type: str | None
    facts: Mapping[str, object]


_UNNAMED = (
    "NOT EXISTS (SELECT FROM files f WHERE f.account_id = b.account_id AND f.digest = b.digest)"
    " AND NOT EXISTS (SELECT FROM uploads u WHERE u.account_id = b.account_id AND u.digest = b.digest)"
    " AND NOT EXISTS (SELECT FROM previews p WHERE p.account_id = b.account_id AND p.preview_digest = b.digest"
    " AND p.digest <> b.digest)"  # a picture may be its own preview
    " AND NOT EXISTS (SELECT FROM export_entries e WHERE e.account_id = b.account_id AND e.digest = b.digest)"
)


async def insert_blob(tx: Writer, account: AccountId, digest: Digest, size_bytes: int, now: datetime) -> None:
    """Record a blob, or lock its row if it is recorded; waits while the sweep holds it."""
    tx.put(
        "INSERT INTO blobs AS b (account_id, digest, size_bytes, created_at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (account_id, digest) DO UPDATE SET size_bytes = b.size_bytes",
        (account, digest, size_bytes, now),
    )


def lock_blobs_of(account: AccountId, uploads: Sequence[int]) -> Query[list[str]]:
    """Return a query that keeps the blobs of locked uploads from the sweep until the transaction ends, by digest."""
    return values_of(
        str,
        "SELECT digest FROM blobs WHERE account_id = %(account)s AND digest IN (SELECT u.digest FROM uploads u"
        " WHERE u.account_id = %(account)s AND u.id = ANY(%(uploads)s::bigint[])) ORDER BY digest FOR KEY SHARE",
        {"account": account, "uploads": sorted(uploads)},
    )


async def lock_blobs(tx: Writer, account: AccountId, digests: Sequence[Digest]) -> set[Digest]:
    """Keep blobs from the sweep until the transaction ends; return those that exist. Locks by digest."""
    found = await tx.values(
        Digest,
        "SELECT digest FROM blobs WHERE account_id = %s AND digest = ANY(%s) ORDER BY digest FOR KEY SHARE",
        (account, sorted(set(digests))),
    )
    return set(found)


async def crcs(tx: Reader, account: AccountId, digests: Sequence[Digest]) -> dict[Digest, int | None]:
    """Return the CRC-32 of those of `digests` that have a row, None where it was not noted yet."""
    rows = await tx.pairs(
        "SELECT digest, crc32 FROM blobs WHERE account_id = %s AND digest = ANY(%s)", (account, sorted(set(digests)))
    )
    return {Digest(str(digest)): None if crc is None else int(str(crc)) for digest, crc in rows}


async def note_crcs(tx: Writer, account: AccountId, found: Mapping[Digest, int]) -> None:
    """Note CRCs of blobs; locks by digest."""
    digests = sorted(found)
    tx.put(
        "WITH noted AS (SELECT b.digest, n.crc32 FROM blobs b JOIN unnest(%(digests)s::text[], %(crcs)s::bigint[])"
        " AS n (digest, crc32) USING (digest) WHERE b.account_id = %(account)s ORDER BY b.digest"
        " FOR NO KEY UPDATE OF b)"
        " UPDATE blobs b SET crc32 = noted.crc32 FROM noted"
        " WHERE b.account_id = %(account)s AND b.digest = noted.digest",
        {"account": account, "digests": digests, "crcs": [found[digest] for digest in digests]},
    )


async def delete_unnamed(tx: Writer, account: AccountId, digests: Sequence[Digest]) -> list[Digest]:
    """Remove the rows of those blobs that nothing names, with the notes of their previews; return which they were.

    A blob that somebody else has locked is left for the next time.
    """
    locked = await tx.values(
        Digest,
        "SELECT digest FROM blobs WHERE account_id = %s AND digest = ANY(%s) ORDER BY digest FOR UPDATE SKIP LOCKED",
        (account, sorted(digests)),
    )
    # Only now, with the locks, is it certain what names them.
    found = await tx.values(
        Digest,
        f"SELECT digest FROM blobs b WHERE b.account_id = %s AND b.digest = ANY(%s) AND {_UNNAMED} ORDER BY digest",
        (account, locked),
    )
    tx.put("DELETE FROM previews WHERE account_id = %s AND digest = ANY(%s)", (account, found))
    tx.put("DELETE FROM blobs WHERE account_id = %s AND digest = ANY(%s)", (account, found))
    return found


async def unnamed(
    tx: Reader, *, created_before: datetime, after: tuple[int, str], limit: int
) -> list[tuple[AccountId, Digest]]:
    """Return a page of blobs that nothing names and that are not new, by account and digest."""
    rows = await tx.pairs(
        f"SELECT b.account_id, b.digest FROM blobs b WHERE (b.account_id, b.digest) > (%s, %s) AND b.created_at <= %s"
        f" AND {_UNNAMED} ORDER BY b.account_id, b.digest LIMIT %s",
        (*after, created_before, limit),
    )
    return [(AccountId(int(str(account))), Digest(str(digest))) for account, digest in rows]


async def blobs(tx: Reader, *, after: tuple[int, str], limit: int) -> list[Blob]:
    """Return a page of all blobs, by account and digest."""
    return await tx.rows(
        Blob,
        "SELECT account_id, digest, size_bytes, created_at FROM blobs WHERE (account_id, digest) > (%s, %s)"
        " ORDER BY account_id, digest LIMIT %s",
        (*after, limit),
    )


async def existing(tx: Reader, account: AccountId, digests: Sequence[Digest]) -> set[Digest]:
    """Return those of `digests` that have a row."""
    found = await tx.values(
        Digest, "SELECT digest FROM blobs WHERE account_id = %s AND digest = ANY(%s)", (account, list(digests))
    )
    return set(found)


async def existing_of_all(tx: Reader, blobs: Sequence[tuple[AccountId, Digest]]) -> set[tuple[AccountId, Digest]]:
    """Return those of some hundred blobs, of any accounts, that have a row."""
    rows = await tx.pairs(
        "SELECT account_id, digest FROM unnest(%s::bigint[], %s::text[]) AS given (account_id, digest)"
        " JOIN blobs USING (account_id, digest)",
        ([account for account, _ in blobs], [digest for _, digest in blobs]),
    )
    return {(AccountId(int(str(account))), Digest(str(digest))) for account, digest in rows}


async def names_of(tx: Reader, account: AccountId, digest: Digest) -> list[tuple[object, ...]]:
    """Return (instance, file, name) of the files that name a blob."""
    return await tx.pairs(
        "SELECT instance_id, id, name FROM files WHERE account_id = %s AND digest = %s ORDER BY id", (account, digest)
    )


def request_previews(account: AccountId, digests: Sequence[Digest]) -> Query[list[Digest]]:
    """Return a query that notes that previews of some bytes are due, and finds those of which that is new."""
    return values_of(
        Digest,
        "INSERT INTO previews (account_id, digest, state) SELECT %s, d, 'due' FROM unnest(%s::text[]) d ORDER BY d"
        " ON CONFLICT DO NOTHING RETURNING digest",
        (account, sorted(set(digests))),
    )


async def preview(tx: Reader, account: AccountId, digest: Digest) -> Preview | None:
    """Return what is known of the preview of these bytes."""
    return await tx.row(
        Preview,
        "SELECT account_id, digest, state, preview_digest, media_type, facts FROM previews"
        " WHERE account_id = %s AND digest = %s",
        (account, digest),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an image's bytes say of themselves."""

    digest: Digest
    facts: Mapping[str, object]


def locked_facts(account: AccountId, digests: Sequence[Digest]) -> Query[list[Facts]]:
    """Return a query for what images' bytes say of themselves; it stays so until the transaction ends."""
    return rows_of(
        Facts,
        "SELECT digest, facts FROM previews WHERE account_id = %s AND digest = ANY(%s) ORDER BY digest FOR SHARE",
        (account, sorted(set(digests))),
    )


async def set_preview(
    tx: Writer,
    account: AccountId,
    digest: Digest,
    *,
    preview_digest: Digest | None,
    media_type: str | None,
    facts: Mapping[str, object],
) -> None:
    """Record the preview that was made, or that none can be where `preview_digest` is None."""
    tx.put(
        "UPDATE previews SET state = %s, preview_digest = %s, media_type = %s, facts = %s"
        " WHERE account_id = %s AND digest = %s",
        (
            "made" if preview_digest else "refused",
            preview_digest,
            media_type,
            Jsonb(dict(facts)),
            account,
            digest,
        ),
    )
