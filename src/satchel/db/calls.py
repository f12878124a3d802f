"""SQL of service tasks that became due, and of the attempts to do them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, AppId, ElementId, InstanceId, JobId, TokenId, UserId, VersionId
from satchel.model.instance import Attempt, ServiceCall

_CALL = (
    "account_id, id, instance_id, element, token, kind, variables, state, opened_at, closed_at, closed_by, error,"
    " attempt, counted_from, counted_since, due_at, settings_version_id"
)
_ATTEMPT = "account_id, call_id, number, run, state, started_at, ended_at, reason, message, details"
OF_APPS = (
    "(%(all)s OR EXISTS (SELECT FROM instances i"
    " WHERE i.account_id = {0}.account_id AND i.id = {0}.instance_id AND i.app_id = ANY(%(apps)s)))"
)
"""The condition that the instance of a row (its table's name put in) is of some apps, or of any."""


async def insert_call(
    tx: Writer,
    account: AccountId,
    instance_id: InstanceId,
    *,
    element: ElementId,
    token: TokenId,
    kind: str,
    variables: Mapping[str, object],
    now: datetime,
) -> JobId:
    """Record a service task that became due."""
    created = await tx.value(
        JobId,
        "INSERT INTO calls (account_id, instance_id, element, token, kind, variables, state, opened_at, counted_since)"
        " VALUES (%s, %s, %s, %s, %s, %s, 'waiting', %s, %s) RETURNING id",
        (account, instance_id, element, token, kind, Jsonb(dict(variables)), now, now),
    )
    return JobId(created or 0)


async def close_call(
    tx: Writer,
    account: AccountId,
    instance_id: InstanceId,
    token: TokenId,
    *,
    state: str,
    now: datetime,
    by: UserId | None = None,
    error: str | None = None,
) -> None:
    """End a service call; does nothing if it has ended."""
    tx.put(
        "UPDATE calls SET state = %s, closed_at = %s, closed_by = %s, error = %s"
        " WHERE account_id = %s AND instance_id = %s AND token = %s AND state = 'waiting'",
        (state, now, by, error, account, instance_id, token),
    )


async def calls(tx: Reader, account: AccountId, instance_id: InstanceId) -> list[ServiceCall]:
    """Return all service calls of an instance, oldest first."""
    return await tx.rows(
        ServiceCall,
        f"SELECT {_CALL} FROM calls WHERE account_id = %s AND instance_id = %s ORDER BY id",
        (account, instance_id),
    )


async def waiting_calls(
    tx: Reader, account: AccountId, *, apps: Sequence[AppId] | None, after: int, limit: int
) -> list[ServiceCall]:
    """Return a page of the service calls that wait, of some apps or (None) of all, by id."""
    return await tx.rows(
        ServiceCall,
        f"SELECT {_CALL} FROM calls c WHERE account_id = %(account)s AND state = 'waiting' AND id > %(after)s"
        f" AND {OF_APPS.format('c')} ORDER BY id LIMIT %(limit)s",
        {"account": account, "all": apps is None, "apps": list(apps or ()), "after": after, "limit": limit},
    )


async def call(tx: Reader, account: AccountId, call_id: JobId) -> ServiceCall | None:
    """Return one service call of the account."""
    return await tx.row(ServiceCall, f"SELECT {_CALL} FROM calls WHERE account_id = %s AND id = %s", (account, call_id))


async def call_by_token(tx: Reader, account: AccountId, instance_id: InstanceId, token: TokenId) -> ServiceCall | None:
    """Return the service call that the engine knows by this token."""
    return await tx.row(
        ServiceCall,
        f"SELECT {_CALL} FROM calls WHERE account_id = %s AND instance_id = %s AND token = %s",
        (account, instance_id, token),
    )


async def due_calls(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[ServiceCall]:
    """Return calls of every account whose next attempt is due, the longest overdue first, but for some."""
    return await tx.rows(
        ServiceCall,
        f"SELECT {_CALL} FROM calls WHERE state = 'waiting' AND due_at <= %s AND id <> ALL(%s::bigint[])"
        " ORDER BY due_at LIMIT %s",
        (now, list(but), limit),
    )


async def set_due(tx: Writer, account: AccountId, call_id: JobId, due_at: datetime | None) -> None:
    """Say when the next attempt of a call is due; None takes that back."""
    tx.put("UPDATE calls SET due_at = %s WHERE account_id = %s AND id = %s", (due_at, account, call_id))


async def count_anew(tx: Writer, account: AccountId, call_id: JobId, now: datetime) -> None:
    """Have the attempts from now on count as if there had been none."""
    tx.put(
        "UPDATE calls SET counted_from = attempt, counted_since = %s WHERE account_id = %s AND id = %s",
        (now, account, call_id),
    )


async def use_settings(tx: Writer, account: AccountId, call_id: JobId, version: VersionId | None) -> None:
    """Have the next attempts of a call use the settings of a version; None: of the instance's."""
    await tx.execute(
        "UPDATE calls SET settings_version_id = %s WHERE account_id = %s AND id = %s", (version, account, call_id)
    )


async def begin_attempt(
    tx: Writer, account: AccountId, call_id: JobId, number: int, *, run: str, now: datetime
) -> None:
    """Begin an attempt of a call, or take over the one that runs."""
    tx.put("UPDATE calls SET attempt = %s, due_at = NULL WHERE account_id = %s AND id = %s", (number, account, call_id))
    tx.put(
        "INSERT INTO call_attempts (account_id, call_id, number, run, state, started_at)"
        " VALUES (%s, %s, %s, %s, 'running', %s)"
        " ON CONFLICT (account_id, call_id, number) DO UPDATE SET run = excluded.run",
        (account, call_id, number, run, now),
    )


async def end_attempt(
    tx: Writer,
    account: AccountId,
    call_id: JobId,
    run: str,
    *,
    state: str,
    now: datetime,
    reason: str | None = None,
    message: str | None = None,
    details: Mapping[str, object] | None = None,
) -> bool:
    """End the attempt that a job made, and return whether it was still its own."""
    ended = await tx.value(
        int,
        "UPDATE call_attempts SET state = %s, ended_at = %s, reason = %s, message = %s, details = %s"
        " WHERE account_id = %s AND call_id = %s AND run = %s AND state = 'running' RETURNING number",
        (state, now, reason, message, Jsonb(dict(details or {})), account, call_id, run),
    )
    return ended is not None


async def attempts(tx: Reader, account: AccountId, call_id: JobId) -> list[Attempt]:
    """Return the attempts of a call, oldest first."""
    return await tx.rows(
        Attempt,
        f"SELECT {_ATTEMPT} FROM call_attempts WHERE account_id = %s AND call_id = %s ORDER BY number",
        (account, call_id),
    )
