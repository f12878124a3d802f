"""SQL of uploads (tickets). Lock order: the instance first, then uploads by id, then blobs, the quota last."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.digest import Digest
from satchel.model.ids import AccountId, InstanceId, TaskId, UploadId, UserId
from satchel.model.uploads import Upload, UploadState, UploadTarget

_UPLOAD = (
    "account_id, id, state, user_id, app_id, instance_id, task_id, field_id, area, declared_bytes, reserved_bytes,"
    " min_bytes, accept, images_only, name, media_type, expected_digest, metadata, attempt, lease_until, tus_length,"
    " tus_metadata, digest, size_bytes, reason, created_at, expires_at, ended_at"
)


async def insert_upload(
    tx: Writer,
    account: AccountId,
    *,
    user: UserId,
    target: UploadTarget,
    declared_bytes: int,
    min_bytes: int,
    accept: Sequence[str],
    images_only: bool,
    name: str | None,
    media_type: str | None,
    expected_digest: Digest | None,
    metadata: Mapping[str, object],
    token_hash: bytes,
    now: datetime,
    expires_at: datetime,
    lease_until: datetime | None = None,
) -> Upload:
    """Create a ticket that reserves `declared_bytes`; the quota itself is taken by `storage.take`, last.

    Args:
        lease_until: the end of the lease of a writer that has begun already; None where nobody has.
    """
    (created,) = await tx.rows(
        Upload,
        "INSERT INTO uploads (account_id, id, state, user_id, app_id, instance_id, task_id, field_id, area,"
        " declared_bytes, reserved_bytes, min_bytes, accept, images_only, name, media_type, expected_digest, metadata,"
        " token_hash, created_at, expires_at, attempt, lease_until)"
        " VALUES (%(account)s, nextval('file_ids'), %(state)s, %(user)s, %(app)s, %(instance)s, %(task)s, %(field)s,"
        " %(area)s, %(declared)s, %(declared)s, %(min)s, %(accept)s, %(images)s, %(name)s, %(type)s, %(digest)s,"
        " %(metadata)s, %(token)s, %(now)s, %(expires)s, %(attempt)s, %(lease)s)"
        f" RETURNING {_UPLOAD}",
        {
            "account": account,
            "user": user,
            "app": target.app_id,
            "instance": target.instance_id,
            "task": target.task_id,
            "field": target.field_id,
            "area": target.area,
            "declared": declared_bytes,
            "min": min_bytes,
            "accept": list(accept),
            "images": images_only,
            "name": name,
            "type": media_type,
            "digest": expected_digest,
            "metadata": Jsonb(dict(metadata)),
            "token": token_hash,
            "now": now,
            "expires": expires_at,
            "state": (UploadState.CREATED if lease_until is None else UploadState.RECEIVING).value,
            "attempt": int(lease_until is not None),
            "lease": lease_until,
        },
    )
    return created


async def lock_living(tx: Writer, account: AccountId, ids: Sequence[UploadId]) -> list[Upload]:
    """Return those of some tickets that have not ended, locked by id."""
    return await tx.rows(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND id = ANY(%s::bigint[]) AND ended_at IS NULL"
        " ORDER BY id FOR UPDATE",
        (account, sorted(ids)),
    )


async def upload(tx: Reader, account: AccountId, upload_id: UploadId) -> Upload | None:
    """Return a ticket of the account."""
    return await tx.row(
        Upload, f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND id = %s", (account, upload_id)
    )


async def upload_by_token(tx: Reader, upload_id: UploadId, token_hash: bytes) -> Upload | None:
    """Return the ticket with this number whose token has this SHA-256."""
    return await tx.row(
        Upload, f"SELECT {_UPLOAD} FROM uploads WHERE token_hash = %s AND id = %s", (token_hash, upload_id)
    )


async def lock_upload(tx: Writer, account: AccountId, upload_id: UploadId) -> Upload | None:
    """Return a ticket, locked until the transaction ends."""
    return await tx.row(
        Upload, f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND id = %s FOR UPDATE", (account, upload_id)
    )


async def lock_uploads(
    tx: Writer, account: AccountId, ids: Sequence[int], instance: InstanceId | None, *, with_start: bool
) -> list[Upload]:
    """Return those of `ids` that are for one instance (None, or `with_start`: for a start form), locked by id."""
    return await tx.rows(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND id = ANY(%s::bigint[])"
        " AND (instance_id IS NOT DISTINCT FROM %s OR (%s AND instance_id IS NULL)) ORDER BY id FOR UPDATE",
        (account, sorted(ids), instance, with_start),
    )


async def lock_open_uploads(
    tx: Writer, account: AccountId, *, task: TaskId | None = None, instance: InstanceId | None = None
) -> list[Upload]:
    """Return the tickets of a task, or of an instance and all its tasks, that have not ended; locked by id."""
    condition = "task_id = %(task)s" if task is not None else "instance_id = %(instance)s"
    return await tx.rows(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %(account)s AND {condition} AND ended_at IS NULL"
        " ORDER BY id FOR UPDATE",
        {"account": account, "task": task, "instance": instance},
    )


async def open_uploads_of_task(tx: Reader, account: AccountId, task: TaskId) -> list[Upload]:
    """Return the tickets of a task that have not ended, by id."""
    return await tx.rows(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND task_id = %s AND ended_at IS NULL ORDER BY id",
        (account, task),
    )


async def count_open(tx: Reader, account: AccountId, target: UploadTarget, user: UserId) -> int:
    """Return how many tickets for one target are not claimed; for a start form, how many of this user's."""
    if target.task_id is not None:
        condition = "task_id = %(task)s"
    elif target.instance_id is not None:
        condition = "instance_id = %(instance)s AND task_id IS NULL"
    else:
        condition = "instance_id IS NULL AND app_id = %(app)s AND user_id = %(user)s"
    found = await tx.value(
        int,
        "SELECT count(*) FROM uploads WHERE account_id = %(account)s AND ended_at IS NULL"
        f" AND field_id IS NOT DISTINCT FROM %(field)s AND {condition}",
        {
            "account": account,
            "field": target.field_id,
            "task": target.task_id,
            "instance": target.instance_id,
            "app": target.app_id,
            "user": user,
        },
    )
    return found or 0


async def uploads_of(tx: Reader, account: AccountId, user: UserId, *, after: int, limit: int) -> list[Upload]:
    """Return a page of a user's tickets that have not ended, by id."""
    return await tx.rows(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND user_id = %s AND ended_at IS NULL AND id > %s"
        " ORDER BY id LIMIT %s",
        (account, user, after, limit),
    )


async def begin_attempt(
    tx: Writer, account: AccountId, upload_id: UploadId, *, lease_until: datetime, tus_length: int | None = None
) -> int:
    """Make a ticket `receiving` for a new writer; return the attempt's number."""
    attempt = await tx.value(
        int,
        "UPDATE uploads SET state = 'receiving', attempt = attempt + 1, lease_until = %s,"
        " tus_length = coalesce(%s, tus_length) WHERE account_id = %s AND id = %s RETURNING attempt",
        (lease_until, tus_length, account, upload_id),
    )
    return attempt or 0


async def set_tus(
    tx: Writer, account: AccountId, upload_id: UploadId, *, length: int | None, metadata: str | None
) -> None:
    """Note what a tus client said when it created its upload."""
    await tx.execute(
        "UPDATE uploads SET tus_length = coalesce(%s, tus_length), tus_metadata = %s WHERE account_id = %s AND id = %s",
        (length, metadata, account, upload_id),
    )


async def extend_lease(
    tx: Writer, account: AccountId, upload_id: UploadId, *, attempt: int, lease_until: datetime
) -> bool:
    """Show that a writer is alive; return False if it is no longer the newest or the ticket ended."""
    return (
        await tx.execute(
            "UPDATE uploads SET lease_until = %s"
            " WHERE account_id = %s AND id = %s AND attempt = %s AND state = 'receiving'",
            (lease_until, account, upload_id, attempt),
        )
        > 0
    )


async def end_lease(
    tx: Writer,
    account: AccountId,
    upload_id: UploadId,
    *,
    attempt: int,
    state: UploadState,
    expires_at: datetime | None = None,
    forgets_pieces: bool = False,
) -> None:
    """Free a ticket for another writer: back to `created`, or still `receiving` where a tus offset stands.

    Does nothing unless `attempt` is the newest and still receives.

    Args:
        expires_at: when the ticket expires from now on; None leaves that.
        forgets_pieces: whether what a tus client announced is forgotten too.
    """
    await tx.execute(
        "UPDATE uploads SET state = %(state)s, lease_until = NULL, expires_at = coalesce(%(expires)s, expires_at),"
        " tus_length = CASE WHEN %(forgets)s THEN NULL ELSE tus_length END,"
        " tus_metadata = CASE WHEN %(forgets)s THEN NULL ELSE tus_metadata END"
        " WHERE account_id = %(account)s AND id = %(upload)s AND attempt = %(attempt)s AND state = 'receiving'",
        {
            "state": state.value,
            "expires": expires_at,
            "forgets": forgets_pieces,
            "account": account,
            "upload": upload_id,
            "attempt": attempt,
        },
    )


async def set_uploaded(
    tx: Writer,
    row: Upload,
    *,
    digest: Digest,
    size_bytes: int,
    name: str,
    media_type: str,
    metadata: Mapping[str, object],
) -> None:
    """Record the bytes that came; the reservation shrinks to their size."""
    await tx.execute(
        "UPDATE uploads SET state = 'uploaded', lease_until = NULL, digest = %s, size_bytes = %s, reserved_bytes = %s,"
        " name = %s, media_type = %s, metadata = %s WHERE account_id = %s AND id = %s",
        (digest, size_bytes, size_bytes, name, media_type, Jsonb(dict(metadata)), row.account_id, row.id),
    )


async def set_label(
    tx: Writer, account: AccountId, upload_id: UploadId, *, name: str, area: str | None, media_type: str
) -> None:
    """Give an upload whose bytes have come its name, type and area of the attachments tab."""
    await tx.execute(
        "UPDATE uploads SET name = %s, area = %s, media_type = %s WHERE account_id = %s AND id = %s"
        " AND state = 'uploaded'",
        (name, area, media_type, account, upload_id),
    )


async def set_claimed(tx: Writer, account: AccountId, ids: Sequence[UploadId], now: datetime) -> None:
    """End tickets as claimed: their files exist from now on."""
    await tx.execute(
        "UPDATE uploads SET state = 'claimed', reserved_bytes = 0, digest = NULL, ended_at = %s"
        " WHERE account_id = %s AND id = ANY(%s)",
        (now, account, list(ids)),
    )


async def set_expired(tx: Writer, account: AccountId, ids: Sequence[UploadId], *, reason: str, now: datetime) -> None:
    """End tickets as expired; the caller gives their reservations back."""
    await tx.execute(
        "UPDATE uploads SET state = 'expired', reserved_bytes = 0, digest = NULL, lease_until = NULL, reason = %s,"
        " ended_at = %s WHERE account_id = %s AND id = ANY(%s) AND ended_at IS NULL",
        (reason, now, account, list(ids)),
    )


async def expiring(
    tx: Reader, *, now: datetime, start_uploaded_before: datetime, limit: int, but: Sequence[object] = ()
) -> list[tuple[AccountId, UploadId]]:
    """Return tickets of every account, but for some, that are past their time: see files.md §1 for which may be.

    A writer with a living lease is left alone until the lease ends.
    """
    rows = await tx.pairs(
        "(SELECT account_id, id FROM uploads WHERE state IN ('created', 'receiving') AND expires_at <= %(now)s"
        " AND (lease_until IS NULL OR lease_until <= %(now)s) AND id <> ALL(%(but)s::bigint[])"
        " ORDER BY expires_at LIMIT %(limit)s)"
        " UNION ALL"
        " (SELECT account_id, id FROM uploads WHERE state = 'uploaded' AND instance_id IS NULL"
        " AND created_at <= %(started)s AND id <> ALL(%(but)s::bigint[]) LIMIT %(limit)s)",
        {"now": now, "started": start_uploaded_before, "limit": limit, "but": list(but)},
    )
    return [(AccountId(int(str(account))), UploadId(int(str(upload_id)))) for account, upload_id in rows]


async def forget_ended(tx: Writer, before: datetime, limit: int) -> int:
    """Remove some rows of tickets that ended before a moment; until then a late client gets a clear answer."""
    return await tx.execute(
        "DELETE FROM uploads WHERE (account_id, id) IN"
        " (SELECT account_id, id FROM uploads WHERE ended_at <= %s LIMIT %s FOR UPDATE SKIP LOCKED)",
        (before, limit),
    )


async def living_partials(tx: Reader) -> set[tuple[int, int]]:
    """Return (account, upload) of every ticket that is receiving: their partial bytes must stay."""
    rows = await tx.pairs("SELECT account_id, id FROM uploads WHERE state = 'receiving'")
    return {(int(str(account)), int(str(upload_id))) for account, upload_id in rows}
