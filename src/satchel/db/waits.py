"""SQL of what instances wait for besides people (timers, messages, called instances), and of incidents."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from psycopg.types.json import Jsonb

from satchel.db.calls import OF_APPS
from satchel.db.instances import InstanceName, number_of
from satchel.db.notifications import of_incident
from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Query, rows_of
from satchel.model.ids import AccountId, AppId, ElementId, IncidentId, InstanceId, TokenId
from satchel.model.instance import Incident, Wait
from satchel.model.notifications import Channel

_WAIT = "account_id, instance_id, token, kind, element, name, due_at, child_id, opened_at"
_INCIDENT = "account_id, id, instance_id, element, token, code, message, details, opened_at, closed_at"


async def insert_wait(
    tx: Writer,
    account: AccountId,
    instance_id: InstanceId,
    *,
    token: TokenId,
    kind: str,
    element: ElementId,
    now: datetime,
    name: str | None = None,
    due_at: datetime | None = None,
    child: InstanceId | None = None,
) -> None:
    """Note what the instance waits for from now on."""
    tx.put(
        "INSERT INTO waits (account_id, instance_id, token, kind, element, name, due_at, child_id, opened_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (account, instance_id, token, kind, element, name, due_at, child, now),
    )


async def delete_wait(tx: Writer, account: AccountId, instance_id: InstanceId, token: TokenId) -> None:
    """End a wait; does nothing if it has ended."""
    tx.put("DELETE FROM waits WHERE account_id = %s AND instance_id = %s AND token = %s", (account, instance_id, token))


def of_instance(account: AccountId, instance: InstanceName) -> Query[list[Wait]]:
    """Return the query of `waits`, by any name of the instance."""
    return rows_of(
        Wait,
        f"SELECT {_WAIT} FROM waits WHERE account_id = %(account)s AND instance_id = {number_of(instance)}"
        " ORDER BY opened_at, token",
        {"account": account, "instance": instance},
    )


async def waits(tx: Reader, account: AccountId, instance_id: InstanceId) -> list[Wait]:
    """Return what an instance waits for, oldest first."""
    return await tx.ask(of_instance(account, instance_id))


async def wait_for_child(tx: Reader, account: AccountId, child: InstanceId) -> Wait | None:
    """Return the wait of the instance that called `child` and has not gone on since."""
    return await tx.row(Wait, f"SELECT {_WAIT} FROM waits WHERE account_id = %s AND child_id = %s", (account, child))


async def is_open(tx: Reader, account: AccountId, instance_id: InstanceId, token: TokenId) -> bool:
    """Return whether an instance still is where the engine has this token: at a wait, a task or a service task."""
    found = await tx.value(
        bool,
        "SELECT EXISTS (SELECT FROM waits WHERE account_id = %(account)s AND instance_id = %(id)s AND token = %(at)s)"
        " OR EXISTS (SELECT FROM tasks WHERE account_id = %(account)s AND instance_id = %(id)s AND token = %(at)s"
        " AND closed_at IS NULL)"
        " OR EXISTS (SELECT FROM calls WHERE account_id = %(account)s AND instance_id = %(id)s AND token = %(at)s"
        " AND state = 'waiting')",
        {"account": account, "id": instance_id, "at": token},
    )
    return bool(found)


async def set_due(tx: Writer, account: AccountId, instance_id: InstanceId, token: TokenId, due_at: datetime) -> None:
    """Set when a timer is due."""
    tx.put(
        "UPDATE waits SET due_at = %s WHERE account_id = %s AND instance_id = %s AND token = %s",
        (due_at, account, instance_id, token),
    )


async def postpone_wait(tx: Writer, *, row: Wait, due_at: datetime | None) -> bool:
    """Move a timer that could not fire, and return whether it still stood as in `row`; None parks it."""
    moved = await tx.execute(
        "UPDATE waits SET due_at = %s WHERE account_id = %s AND instance_id = %s AND token = %s AND due_at = %s",
        (due_at, row.account_id, row.instance_id, row.token, row.due_at),
    )
    return moved > 0


async def due_timers(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[Wait]:
    """Return timers of every account that are due, the longest overdue first, but for some by their tokens."""
    return await tx.rows(
        Wait,
        f"SELECT {_WAIT} FROM waits WHERE due_at <= %s AND token <> ALL(%s::text[]) ORDER BY due_at LIMIT %s",
        (now, list(but), limit),
    )


_INSERT_INCIDENT: Final = assembled(
    "WITH opened AS (INSERT INTO incidents (account_id, instance_id, element, token, code, message, details, opened_at)"
    " VALUES (%(account)s, %(instance)s, %(element)s, %(token)s, %(code)s, %(message)s, %(details)s, %(now)s)"
    f" RETURNING account_id, id, instance_id, message), notified AS ({of_incident()}) SELECT id FROM opened"
)


async def insert_incident(
    tx: Writer,
    account: AccountId,
    instance_id: InstanceId,
    *,
    element: str,
    token: TokenId | None,
    code: str,
    message: str,
    details: Mapping[str, object],
    now: datetime,
    channel: Channel,
) -> IncidentId:
    """Note that the instance cannot go on; one open incident per element, refreshed if it happens again.

    Those who manage the app are notified, by `channel` where they have not chosen.
    """
    tx.put(
        "UPDATE incidents SET closed_at = %s"
        " WHERE account_id = %s AND instance_id = %s AND element = %s AND closed_at IS NULL",
        (now, account, instance_id, element),
    )
    created = await tx.value(
        IncidentId,
        _INSERT_INCIDENT,
        {
            "account": account,
            "instance": instance_id,
            "element": element,
            "token": token,
            "code": code,
            "message": message,
            "details": Jsonb(dict(details)),
            "now": now,
            "channel": channel.value,
            "by": None,
        },
    )
    return IncidentId(created or 0)


async def has_open_incident(tx: Reader, account: AccountId, instance_id: InstanceId, token: TokenId) -> bool:
    """Return whether an incident about one token of an instance is open."""
    query = "SELECT 1 FROM incidents WHERE account_id = %s AND instance_id = %s AND token = %s AND closed_at IS NULL"
    return await tx.value(int, query, (account, instance_id, token)) is not None


async def close_incidents(
    tx: Writer, account: AccountId, instance_id: InstanceId, token: TokenId, now: datetime
) -> None:
    """Close the open incidents of an instance that are about one token."""
    tx.put(
        "UPDATE incidents SET closed_at = %s WHERE account_id = %s AND instance_id = %s AND token = %s"
        " AND closed_at IS NULL",
        (now, account, instance_id, token),
    )


async def close_incident(tx: Writer, account: AccountId, incident_id: IncidentId, now: datetime) -> None:
    """Close one incident."""
    tx.put(
        "UPDATE incidents SET closed_at = %s WHERE account_id = %s AND id = %s AND closed_at IS NULL",
        (now, account, incident_id),
    )


async def incidents(
    tx: Reader,
    account: AccountId,
    *,
    instance_id: InstanceId | None,
    apps: Sequence[AppId] | None,
    after: int,
    limit: int,
) -> list[Incident]:
    """Return a page of open incidents, of one instance or all, of some apps or (None) all, by id."""
    return await tx.rows(
        Incident,
        f"SELECT {_INCIDENT} FROM incidents c WHERE account_id = %(account)s AND closed_at IS NULL AND id > %(after)s"
        " AND (%(instance)s::bigint IS NULL OR instance_id = %(instance)s)"
        f" AND {OF_APPS.format('c')} ORDER BY id LIMIT %(limit)s",
        {
            "account": account,
            "instance": instance_id,
            "all": apps is None,
            "apps": list(apps or ()),
            "after": after,
            "limit": limit,
        },
    )


async def incident(tx: Reader, account: AccountId, incident_id: IncidentId) -> Incident | None:
    """Return one incident of the account."""
    return await tx.row(
        Incident, f"SELECT {_INCIDENT} FROM incidents WHERE account_id = %s AND id = %s", (account, incident_id)
    )
