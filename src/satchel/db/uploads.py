"""SQL of uploads (tickets). Lock order: the instance first, then uploads by id, then blobs, the quota last."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Later, Query, row_of, rows_of, value_of
from satchel.model.digest import Digest
from satchel.model.ids import AccountId, InstanceId, TaskId, UploadId, UserId
from satchel.model.uploads import Upload, UploadLabel, UploadState, UploadTarget

_UPLOAD: LiteralString = (
    "account_id, id, state, user_id, app_id, instance_id, task_id, field_id, area, declared_bytes, reserved_bytes,"
    " min_bytes, accept, images_only, name, media_type, expected_digest, metadata, attempt, lease_until, tus_length,"
    " tus_metadata, digest, size_bytes, reason, created_at, expires_at, ended_at"
)

_RESERVE: LiteralString = (
    "WITH taken AS (UPDATE storage SET reserved_bytes = reserved_bytes + %(declared)s WHERE account_id = %(account)s"
    " AND (%(declared)s = 0 OR used_bytes + reserved_bytes + %(declared)s <= limit_bytes) RETURNING account_id AS"
    " taken_by) INSERT INTO uploads (account_id, id, state, user_id, app_id, instance_id, task_id, field_id, area,"
    " declared_bytes, reserved_bytes, min_bytes, accept, images_only, name, media_type, expected_digest, metadata,"
    " token_hash, created_at, expires_at, attempt, lease_until) SELECT taken_by, nextval('file_ids'), %(state)s,"
    " %(user)s, %(app)s, %(instance)s, %(task)s, %(field)s, %(area)s, %(declared)s, %(declared)s, %(min)s,"
    " %(accept)s, %(images)s, %(name)s, %(type)s, %(digest)s, %(metadata)s, %(token)s, %(now)s, %(expires)s,"
    f" %(attempt)s, %(lease)s FROM taken RETURNING {_UPLOAD}"
)


def reserve_upload(
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
) -> Later[Upload | None]:
    """Create a ticket and reserve `declared_bytes` for it; nothing of both is done where they do not fit (None).

    One statement, the transaction's last, sent with the commit: it locks the quota's row, as `db.storage` does.

    Args:
        lease_until: the end of the lease of a writer that has begun already; None where nobody has.
    """
    query = row_of(
        Upload,
        _RESERVE,
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
    return tx.later(query)


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


def locked_one(account: AccountId, upload_id: UploadId) -> Query[Upload | None]:
    """Return the query of `lock_upload`."""
    return row_of(
        Upload, f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND id = %s FOR UPDATE", (account, upload_id)
    )


async def lock_upload(tx: Writer, account: AccountId, upload_id: UploadId) -> Upload | None:
    """Return a ticket, locked until the transaction ends."""
    return await tx.ask(locked_one(account, upload_id))


def locked(
    account: AccountId, ids: Sequence[int], instance: InstanceId | None, *, with_start: bool = False
) -> Query[list[Upload]]:
    """Return a query for those of `ids` that are for one instance (None, or `with_start`: for a start form).

    It locks them by id.
    """
    return rows_of(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND id = ANY(%s::bigint[])"
        " AND (instance_id IS NOT DISTINCT FROM %s OR (%s AND instance_id IS NULL)) ORDER BY id FOR UPDATE",
        (account, sorted(ids), instance, with_start),
    )


def locked_of_instance(
    account: AccountId, instance: str, parameters: Mapping[str, object], ids: Sequence[int]
) -> Query[list[Upload]]:
    """Return a query for the tickets of one instance, named by an expression, that have not ended or are among `ids`.

    It locks them by id.
    """
    mine = f"account_id = %(account)s AND instance_id = {instance}"
    return rows_of(
        Upload,
        assembled(
            f"SELECT {_UPLOAD} FROM uploads WHERE ({mine} AND ended_at IS NULL)"
            f" OR ({mine} AND id = ANY(%(named)s::bigint[])) ORDER BY id FOR UPDATE"
        ),
        {**parameters, "account": account, "named": sorted(ids)},
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


def count_open(account: AccountId, target: UploadTarget, user: UserId) -> Query[int | None]:
    """Return a query for how many tickets for one target are not claimed; for a start form, of this user's."""
    if target.task_id is not None:
        condition = "task_id = %(task)s"
    elif target.instance_id is not None:
        condition = "instance_id = %(instance)s AND task_id IS NULL"
    else:
        condition = "instance_id IS NULL AND app_id = %(app)s AND user_id = %(user)s"
    return value_of(
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


async def uploads_of(tx: Reader, account: AccountId, user: UserId, *, after: int, limit: int) -> list[Upload]:
    """Return a page of a user's tickets that have not ended, by id."""
    return await tx.rows(
        Upload,
        f"SELECT {_UPLOAD} FROM uploads WHERE account_id = %s AND user_id = %s AND ended_at IS NULL AND id > %s"
        " ORDER BY id LIMIT %s",
        (account, user, after, limit),
    )


def begin_attempt(
    tx: Writer,
    account: AccountId,
    upload_id: UploadId,
    *,
    now: datetime,
    lease_until: datetime,
    tus_length: int | None = None,
) -> Later[int | None]:
    """Make a ticket `receiving` for a new writer, and return the attempt's number.

    None where it takes no bytes, or another writer's lease has not ended.
    """
    query = value_of(
        int,
        "UPDATE uploads SET state = 'receiving', attempt = attempt + 1, lease_until = %s,"
        " tus_length = coalesce(%s, tus_length) WHERE account_id = %s AND id = %s AND state IN ('created', 'receiving')"
        " AND expires_at > %s AND (lease_until IS NULL OR lease_until <= %s) RETURNING attempt",
        (lease_until, tus_length, account, upload_id, now, now),
    )
    return tx.later(query)


async def set_tus(
    tx: Writer, account: AccountId, upload_id: UploadId, *, length: int | None, metadata: str | None
) -> None:
    """Note what a tus client said when it created its upload."""
    tx.put(
        "UPDATE uploads SET tus_length = coalesce(%s, tus_length), tus_metadata = %s WHERE account_id = %s AND id = %s",
        (length, metadata, account, upload_id),
    )


async def extend_lease(
    tx: Writer, account: AccountId, upload_id: UploadId, *, attempt: int, lease_until: datetime
) -> bool:
    """Show that a writer is alive; return False if it is no longer the newest or the ticket ended."""
    changed = await tx.execute(
        "UPDATE uploads SET lease_until = %s"
        " WHERE account_id = %s AND id = %s AND attempt = %s AND state = 'receiving'",
        (lease_until, account, upload_id, attempt),
    )
    return changed > 0


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
    tx.put(
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


def finish_attempt(
    tx: Writer,
    upload: Upload,
    attempt: int,
    *,
    digest: Digest,
    size_bytes: int,
    name: str,
    media_type: str,
    now: datetime,
) -> Later[Upload | None]:
    """Record the bytes of a ticket's newest attempt: the blob's row, the ticket, and what it need not reserve any more.

    It will be the ticket as it is then; None, with nothing done, where the attempt does not receive any more. The
    ticket must be locked, and the transaction does nothing else: its last lock is the quota's.
    """
    known = {
        "account": upload.account_id,
        "id": upload.id,
        "attempt": attempt,
        "digest": digest,
        "size": size_bytes,
        "name": name,
        "type": media_type,
        "now": now,
    }
    receiving: LiteralString = (
        "FROM uploads WHERE account_id = %(account)s AND id = %(id)s AND state = 'receiving' AND attempt = %(attempt)s"
    )
    tx.put(
        "INSERT INTO blobs AS b (account_id, digest, size_bytes, created_at)"
        f" SELECT %(account)s, %(digest)s, %(size)s, %(now)s {receiving}"
        " ON CONFLICT (account_id, digest) DO UPDATE SET size_bytes = b.size_bytes",
        known,
    )
    query = row_of(
        Upload,
        f"WITH old AS (SELECT reserved_bytes {receiving}),"
        " done AS (UPDATE uploads u SET state = 'uploaded', lease_until = NULL, digest = %(digest)s,"
        " size_bytes = %(size)s, reserved_bytes = %(size)s, name = %(name)s, media_type = %(type)s FROM old"
        " WHERE u.account_id = %(account)s AND u.id = %(id)s RETURNING u.*),"
        " freed AS (UPDATE storage s SET reserved_bytes = s.reserved_bytes + %(size)s - old.reserved_bytes FROM old"
        f" WHERE s.account_id = %(account)s) SELECT {_UPLOAD} FROM done",
        known,
    )
    return tx.later(query)


def set_labels(tx: Writer, account: AccountId, labels: Sequence[UploadLabel]) -> None:
    """Give uploads whose bytes have come their names, types, and fields, or areas of the attachments tab."""
    of = ("id", "name", "media_type", "field", "area")
    tx.put(
        "UPDATE uploads u SET name = n.name, media_type = n.type, field_id = n.field, area = n.area"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS n (id, name, type, field, area)"
        " WHERE u.account_id = %s AND u.id = n.id AND u.state = 'uploaded'",
        (*([getattr(one, column) for one in labels] for column in of), account),
    )


async def set_claimed(tx: Writer, account: AccountId, ids: Sequence[UploadId], now: datetime) -> None:
    """End tickets as claimed: their files exist from now on."""
    tx.put(
        "UPDATE uploads SET state = 'claimed', reserved_bytes = 0, digest = NULL, ended_at = %s"
        " WHERE account_id = %s AND id = ANY(%s)",
        (now, account, list(ids)),
    )


async def set_expired(tx: Writer, account: AccountId, ids: Sequence[UploadId], *, reason: str, now: datetime) -> None:
    """End tickets as expired; the caller gives their reservations back."""
    tx.put(
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
