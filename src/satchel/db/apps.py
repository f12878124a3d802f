"""SQL of apps, their versions, sequences of numbers and search slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Query, row_of, rows_of
from satchel.model.ids import AccountId, AppId, InstanceId, UserId, VersionId


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRow:
    """An app; `version_id` is its newest version, which new instances run, or None where it was withdrawn.

    Attributes:
        retired_at: since when nothing new is started from it, if it is retired.
    """

    account_id: AccountId
    id: AppId
    code: str
    name: str
    category: str
    version_id: VersionId | None
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One deployed bundle, as it came."""

    account_id: AccountId
    id: VersionId
    app_id: AppId
    number: int
    manifest: bytes
    bpmn: bytes
    deployed_at: datetime
    deployed_by: UserId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Where a searchable field's value stands in `instances`: column `<kind>_<slot>`."""

    field_id: str
    kind: str
    slot: int


_APP = "account_id, id, code, name, category, version_id, created_at, retired_at"
_VERSION = "account_id, id, app_id, number, manifest, bpmn, deployed_at, deployed_by"


def by_code(account: AccountId, code: str) -> Query[AppRow | None]:
    """Return the query of `app_by_code`."""
    return row_of(AppRow, f"SELECT {_APP} FROM apps WHERE account_id = %s AND code = %s", (account, code))


async def app_by_code(tx: Reader, account: AccountId, code: str) -> AppRow | None:
    """Return the account's app with this code."""
    return await tx.ask(by_code(account, code))


async def app(tx: Reader, account: AccountId, app_id: AppId) -> AppRow | None:
    """Return an app of the account."""
    return await tx.row(AppRow, f"SELECT {_APP} FROM apps WHERE account_id = %s AND id = %s", (account, app_id))


async def apps(tx: Reader, account: AccountId) -> list[AppRow]:
    """Return all apps of the account, by code."""
    return await tx.rows(AppRow, f"SELECT {_APP} FROM apps WHERE account_id = %s ORDER BY code", (account,))


def numbered(account: AccountId, app_ids: Sequence[AppId]) -> Query[list[AppRow]]:
    """Return a query for apps of the account by their numbers."""
    return rows_of(AppRow, f"SELECT {_APP} FROM apps WHERE account_id = %s AND id = ANY(%s)", (account, list(app_ids)))


async def names(tx: Reader, account: AccountId, app_ids: Sequence[AppId]) -> dict[AppId, str]:
    """Return the present names of apps of the account."""
    rows = await tx.pairs("SELECT id, name FROM apps WHERE account_id = %s AND id = ANY(%s)", (account, list(app_ids)))
    return {AppId(int(str(number))): str(name) for number, name in rows}


async def lock_or_insert_app(
    tx: Writer, account: AccountId, *, code: str, name: str, category: str, now: datetime
) -> AppRow:
    """Return the app with this code, locked against other deployers; create it with its numbers if there is none."""
    is_new = await tx.execute(
        "INSERT INTO apps (account_id, code, name, category, created_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (account, code, name, category, now),
    )
    row = await tx.row(
        AppRow, f"SELECT {_APP} FROM apps WHERE account_id = %s AND code = %s FOR NO KEY UPDATE", (account, code)
    )
    if row is None:
        raise LookupError(f"app {code} vanished")
    if is_new:
        tx.put(assembled(f"CREATE SEQUENCE {_numbers(row.id)}"))
    return row


async def lock_app(tx: Writer, account: AccountId, app_id: AppId) -> None:
    """Lock an app against deployers until the transaction ends."""
    await tx.execute("SELECT 1 FROM apps WHERE account_id = %s AND id = %s FOR NO KEY UPDATE", (account, app_id))


def _numbers(app_id: AppId) -> str:
    """Return the name of the sequence that the numbers of an app's instances come from."""
    return f"app_numbers_{int(app_id)}"


async def insert_version(
    tx: Writer, row: AppRow, *, name: str, category: str, manifest: bytes, bpmn: bytes, by: UserId | None, now: datetime
) -> tuple[VersionId, int]:
    """Add a version and make it the app's newest; return its id and number. The app's row must be locked."""
    number = await tx.value(
        int,
        "SELECT coalesce(max(number), 0) + 1 FROM app_versions WHERE account_id = %s AND app_id = %s",
        (row.account_id, row.id),
    )
    version = await tx.value(
        VersionId,
        "INSERT INTO app_versions (account_id, app_id, number, manifest, bpmn, deployed_at, deployed_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (row.account_id, row.id, number, manifest, bpmn, now, by),
    )
    tx.put(
        "UPDATE apps SET version_id = %s, name = %s, category = %s WHERE account_id = %s AND id = %s",
        (version, name, category, row.account_id, row.id),
    )
    return VersionId(version or 0), number or 0


async def set_retired(tx: Writer, account: AccountId, app_id: AppId, at: datetime | None) -> bool:
    """Retire an app, or (None) bring it back; return whether that changed anything."""
    changed = await tx.value(
        int,
        "UPDATE apps SET retired_at = %s WHERE account_id = %s AND id = %s AND (retired_at IS NULL) <> %s RETURNING 1",
        (at, account, app_id, at is None),
    )
    return changed is not None


async def withdraw(tx: Writer, account: AccountId, app_id: AppId) -> None:
    """Leave an app without a newest version: nothing can be started from it until the next version comes."""
    tx.put("UPDATE apps SET version_id = NULL WHERE account_id = %s AND id = %s", (account, app_id))


async def version(tx: Reader, account: AccountId, version_id: VersionId) -> VersionRow | None:
    """Return one version of an app of the account."""
    return await tx.row(
        VersionRow, f"SELECT {_VERSION} FROM app_versions WHERE account_id = %s AND id = %s", (account, version_id)
    )


async def versions(tx: Reader, account: AccountId, app_id: AppId) -> list[VersionRow]:
    """Return all versions of an app, newest first."""
    return await tx.rows(
        VersionRow,
        f"SELECT {_VERSION} FROM app_versions WHERE account_id = %s AND app_id = %s ORDER BY number DESC",
        (account, app_id),
    )


async def version_numbered(tx: Reader, account: AccountId, code: str, number: int) -> VersionRow | None:
    """Return the version of the app with this code that has this number."""
    return await tx.row(
        VersionRow,
        f"SELECT {_VERSION} FROM app_versions WHERE account_id = %(account)s AND number = %(number)s"
        " AND app_id = (SELECT id FROM apps WHERE account_id = %(account)s AND code = %(code)s)",
        {"account": account, "number": number, "code": code},
    )


async def slots(tx: Reader, account: AccountId, app_id: AppId) -> list[Slot]:
    """Return the app's search slots, over all its versions."""
    return await tx.rows(
        Slot,
        "SELECT field_id, kind, slot FROM app_slots WHERE account_id = %s AND app_id = %s ORDER BY kind, slot",
        (account, app_id),
    )


async def insert_slot(tx: Writer, account: AccountId, app_id: AppId, slot: Slot) -> None:
    """Give a field a slot, for good."""
    tx.put(
        "INSERT INTO app_slots (account_id, app_id, field_id, kind, slot) VALUES (%s, %s, %s, %s, %s)",
        (account, app_id, slot.field_id, slot.kind, slot.slot),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceNumbers:
    """What a new instance is numbered with: in the database, and within its app."""

    id: InstanceId
    number: int


def next_numbers(app_id: AppId) -> Query[InstanceNumbers | None]:
    """Return a query for the numbers of a new instance. Nobody waits for them, and unused ones leave a gap."""
    return row_of(
        InstanceNumbers,
        "SELECT nextval('instances_id_seq') AS id, nextval(%s::regclass) AS number",
        (_numbers(app_id),),
    )
