"""SQL of the history, of download marks and of remembered idempotency keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from satchel.db import submitted_forms
from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Later, Query, count_of, row_of
from satchel.model.ids import AccountId, AppId, CredentialId, EventId, FileId, InstanceId, TaskId, UserId, WebhookId
from satchel.model.submitted_forms import SubmittedForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of history: who did what to which thing, when, from where."""

    account_id: AccountId
    id: EventId
    at: datetime
    kind: str
    instance_id: InstanceId | None
    task_id: TaskId | None
    file_id: FileId | None
    user_id: UserId | None
    credential_id: CredentialId | None
    address: str | None
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """A line of history that was just written, and the webhooks that are to be told of it."""

    id: EventId
    webhooks: list[WebhookId]


_EVENT = "account_id, id, at, kind, instance_id, task_id, file_id, user_id, credential_id, address, data"


_INSERT: LiteralString = (
    "INSERT INTO events (account_id, at, kind, instance_id, task_id, file_id, user_id, credential_id, address, data)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
# In the same statement, so that a change of an app without webhooks takes no round trip more.
_SUBSCRIBED: LiteralString = (
    f"{_INSERT} RETURNING id, ARRAY(SELECT w.id FROM webhooks w WHERE w.account_id = events.account_id"
    " AND w.app_id = %s AND w.is_active AND w.events @> ARRAY[%s::text] ORDER BY w.id) AS webhooks"
)
# Likewise: a submitted form costs no round trip of its own.
_SUBMITTED: LiteralString = f"WITH submitted AS ({submitted_forms.INSERT}) "


def insert_event(
    tx: Writer,
    account: AccountId,
    *,
    at: datetime,
    kind: str,
    user_id: UserId | None,
    credential_id: CredentialId | None,
    address: str | None,
    instance_id: InstanceId | None = None,
    task_id: TaskId | None = None,
    file_id: FileId | None = None,
    data: Mapping[str, object] | None = None,
    submitted: SubmittedForm | None = None,
    told_as: tuple[AppId, str] | None = None,
) -> Later[RecordedEvent | None] | None:
    """Add a line to the history; nobody waits for it.

    Args:
        submitted: the form that was submitted with it; it is kept beside the history, not in it.
        told_as: the app and the happening that webhooks are told of; None where they are told nothing.
    """
    row: tuple[object, ...] = (
        *(submitted_forms.parameters(submitted) if submitted is not None else ()),
        *(account, at, kind, instance_id, task_id, file_id, user_id, credential_id, address, Jsonb(dict(data or {}))),
    )
    before: LiteralString = _SUBMITTED if submitted is not None else ""
    if told_as is None:
        tx.put(f"{before}{_INSERT}", row)
        return None
    return tx.later(row_of(RecordedEvent, f"{before}{_SUBSCRIBED}", (*row, *told_as)))


async def events_of_instance(
    tx: Reader, account: AccountId, instance: InstanceId, *, after: int, limit: int
) -> list[Event]:
    """Return a page of an instance's history, oldest first."""
    return await tx.rows(
        Event,
        f"SELECT {_EVENT} FROM events WHERE account_id = %s AND instance_id = %s AND id > %s ORDER BY id LIMIT %s",
        (account, instance, after, limit),
    )


async def events_of_kinds(tx: Reader, account: AccountId, instance: InstanceId, kinds: Sequence[str]) -> list[Event]:
    """Return the lines of an instance's history of some kinds, oldest first."""
    return await tx.rows(
        Event,
        f"SELECT {_EVENT} FROM events WHERE account_id = %s AND instance_id = %s AND kind = ANY(%s) ORDER BY id",
        (account, instance, list(kinds)),
    )


DOWNLOADED = "file.downloaded"
"""The event of a file that was fetched: in the history of most instances, the most frequent one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which lines of an instance's history are asked for, in which order.

    Attributes:
        kinds: whole kinds, or what stands before their dot; empty means all.
        has_downloads: whether downloads are among them, or (None) nothing else is.
    """

    kinds: Sequence[str] = ()
    has_downloads: bool | None = True
    is_newest_first: bool = False


async def history(
    tx: Reader, account: AccountId, instance: InstanceId, wanted: HistoryFilter, *, after: int, limit: int
) -> list[Event]:
    """Return a page of an instance's history, behind the event with the number `after` (0: from the beginning)."""
    order, behind = ("DESC", "<") if wanted.is_newest_first else ("ASC", ">")
    where = f"AND (%(after)s = 0 OR id {behind} %(after)s)"
    return await tx.rows(
        Event,
        assembled(
            f"SELECT {_EVENT} FROM events WHERE account_id = %(account)s AND instance_id = %(instance)s {where}"
            " AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s) OR split_part(kind, '.', 1) = ANY(%(kinds)s))"
            " AND (%(all)s OR (kind = %(downloaded)s) = %(only)s)"
            f" ORDER BY id {order} LIMIT %(limit)s"
        ),
        {
            "account": account,
            "instance": instance,
            "after": after,
            "kinds": list(wanted.kinds) or None,
            "all": wanted.has_downloads is True,
            "only": wanted.has_downloads is None,
            "downloaded": DOWNLOADED,
            "limit": limit,
        },
    )


FAILED = "instance.failed"
"""The event of an instance that failed; its data has the error code."""

SUBMITTED, EMPTIED = "task.submitted", "task.emptied"
"""The events of a task's form that was submitted while the task went on, and of one that was emptied."""
SUBMISSIONS = (SUBMITTED, "task.completed")


async def submitted_at(tx: Reader, account: AccountId, instance: InstanceId, task: TaskId) -> datetime | None:
    """Return when a task's form was last submitted or completed; None where it never was, or was emptied since."""
    rows = await tx.pairs(
        "SELECT kind, at FROM events WHERE account_id = %s AND instance_id = %s AND task_id = %s AND kind = ANY(%s)"
        " ORDER BY id DESC LIMIT 1",
        (account, instance, task, [*SUBMISSIONS, EMPTIED]),
    )
    return next((at for kind, at in rows if kind != EMPTIED and isinstance(at, datetime)), None)


async def failure_code(tx: Reader, account: AccountId, instance: InstanceId) -> str | None:
    """Return the error code that an instance failed with, also of one that was deleted; None if it did not fail."""
    return await tx.value(
        str,
        "SELECT data->>'code' FROM events WHERE account_id = %s AND instance_id = %s AND kind = %s"
        " ORDER BY id DESC LIMIT 1",
        (account, instance, FAILED),
    )


async def events_of_account(tx: Reader, account: AccountId, *, after: int, limit: int) -> list[Event]:
    """Return a page of the whole account's history, oldest first."""
    return await tx.rows(
        Event,
        f"SELECT {_EVENT} FROM events WHERE account_id = %s AND id > %s ORDER BY id LIMIT %s",
        (account, after, limit),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which lines of an account's history are asked for; None and empty leave a condition out.

    Attributes:
        since, until: both count as within.
        verbs: what stands behind the dot of a kind.
    """

    since: datetime | None = None
    until: datetime | None = None
    users: Sequence[UserId] = ()
    verbs: Sequence[str] = ()
    offset: int = 0
    limit: int = 1_000


async def events_matching(tx: Reader, account: AccountId, wanted: EventFilter) -> list[Event]:
    """Return a page of the lines of the account's history that match, oldest first."""
    return await tx.rows(
        Event,
        f"SELECT {_EVENT} FROM events WHERE account_id = %(account)s"
        " AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)"
        " AND (%(until)s::timestamptz IS NULL OR at <= %(until)s)"
        " AND (%(users)s::bigint[] IS NULL OR user_id = ANY(%(users)s))"
        " AND (%(verbs)s::text[] IS NULL OR split_part(kind, '.', 2) = ANY(%(verbs)s))"
        " ORDER BY id OFFSET %(offset)s LIMIT %(limit)s",
        {
            "account": account,
            "since": wanted.since,
            "until": wanted.until,
            "users": list(wanted.users) or None,
            "verbs": list(wanted.verbs) or None,
            "offset": wanted.offset,
            "limit": wanted.limit,
        },
    )


async def mark_download(
    tx: Writer, account: AccountId, credential: CredentialId, file: FileId, *, now: datetime, not_since: datetime
) -> bool:
    """Note that a credential fetches a file; return whether it had not since `not_since`."""
    changed = await tx.execute(
        "INSERT INTO download_marks AS m (account_id, credential_id, file_id, at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (account_id, credential_id, file_id) DO UPDATE SET at = excluded.at WHERE m.at <= %s",
        (account, credential, file, now, not_since),
    )
    return changed > 0


async def downloaded_since(
    tx: Reader, account: AccountId, credential: CredentialId, file: FileId, since: datetime
) -> bool:
    """Return whether the credential fetched the file after `since`."""
    found = await tx.value(
        int,
        "SELECT 1 FROM download_marks WHERE account_id = %s AND credential_id = %s AND file_id = %s AND at > %s",
        (account, credential, file, since),
    )
    return found is not None


async def forget_downloads(tx: Writer, before: datetime, limit: int) -> int:
    """Remove some download marks older than a moment; the events stay."""
    return await tx.execute(
        "DELETE FROM download_marks WHERE ctid = ANY(ARRAY(SELECT ctid FROM download_marks WHERE at <= %s LIMIT %s))",
        (before, limit),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedAnswer:
    """What was answered under an Idempotency-Key.

    Attributes:
        status: None until the first request is answered.
        took_effect: whether that request changed anything for good.
    """

    body_digest: str
    status: int | None
    took_effect: bool
    headers: Mapping[str, str] | None
    body: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyClaim:
    """An Idempotency-Key as one request took it.

    Attributes:
        at: when; tells the request from one that took the key over later.
    """

    account: AccountId
    credential: CredentialId
    route: str
    key: str
    at: datetime

    @property
    def parameters(self) -> dict[str, object]:
        """The claim as a query's parameters."""
        return {
            "account": self.account,
            "credential": self.credential,
            "route": self.route,
            "key": self.key,
            "at": self.at,
        }


_KEY: LiteralString = (
    "account_id = %(account)s AND credential_id = %(credential)s AND route = %(route)s AND key = %(key)s"
)
_CLAIM: LiteralString = f"{_KEY} AND created_at = %(at)s"


def remember_key(tx: Writer, claim: KeyClaim, *, body_digest: str) -> Later[int]:
    """Take an idempotency key for a request that begins; it will be how many were taken, 0 if it is another's."""
    return tx.put(
        "INSERT INTO idempotency_keys (account_id, credential_id, route, key, body_digest, created_at)"
        " VALUES (%(account)s, %(credential)s, %(route)s, %(key)s, %(digest)s, %(at)s) ON CONFLICT DO NOTHING",
        {**claim.parameters, "digest": body_digest},
    )


async def remembered(tx: Reader, claim: KeyClaim) -> RememberedAnswer | None:
    """Return what is known under an idempotency key, no matter who took it."""
    return await tx.row(
        RememberedAnswer,
        f"SELECT body_digest, status, took_effect, headers, body, created_at FROM idempotency_keys WHERE {_KEY}",
        claim.parameters,
    )


async def take_over_key(tx: Writer, claim: KeyClaim, *, unfinished_since: datetime) -> bool:
    """Take a key whose request began by then and neither ended nor changed anything; return whether it was so."""
    return (
        await tx.execute(
            f"UPDATE idempotency_keys SET created_at = %(at)s WHERE {_KEY}"
            " AND status IS NULL AND NOT took_effect AND created_at <= %(since)s",
            {**claim.parameters, "since": unfinished_since},
        )
        > 0
    )


def mark_effect(claim: KeyClaim) -> Query[int]:
    """Return a statement that notes that its transaction's changes are those of a key's request.

    It touches no row if the key is another's by now.
    """
    return count_of(f"UPDATE idempotency_keys SET took_effect = true WHERE {_CLAIM}", claim.parameters)


async def remember_answer(tx: Writer, claim: KeyClaim, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Store what the request of a claim was answered; nothing where the key is another's by now."""
    tx.put(
        f"UPDATE idempotency_keys SET status = %(status)s, headers = %(headers)s, body = %(body)s WHERE {_CLAIM}",
        {**claim.parameters, "status": status, "headers": Jsonb(dict(headers)), "body": body},
    )


async def release_key(tx: Writer, claim: KeyClaim) -> None:
    """Free a key whose request failed, so that it can be tried again; nothing where the key is another's by now."""
    tx.put(f"DELETE FROM idempotency_keys WHERE {_CLAIM}", claim.parameters)


async def forget_keys(tx: Writer, before: datetime, limit: int) -> int:
    """Remove some keys that were taken before a moment."""
    return await tx.execute(
        "DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(SELECT ctid FROM idempotency_keys WHERE created_at <= %s"
        " LIMIT %s))",
        (before, limit),
    )
