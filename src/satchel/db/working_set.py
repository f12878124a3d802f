"""The working set of a change: all that most changes of an instance need to know, read in one round trip.

The instance's row is locked first. Everything else is a statement of its own behind it: each has a snapshot that was
taken after the lock, so that it sees what whoever held the lock before has committed. One joined SELECT … FOR UPDATE
would not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, LiteralString

from satchel.db.blobs import lock_blobs_of
from satchel.db.files import to_change
from satchel.db.instances import INSTANCE
from satchel.db.pool import Writer, assembled
from satchel.db.tasks import by_id as task_by_id
from satchel.db.trips import Later, row_of
from satchel.db.uploads import locked_of_instance
from satchel.model.files import File
from satchel.model.ids import AccountId, InstanceId, TaskId
from satchel.model.instance import Instance, Task
from satchel.model.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A locked instance.

    Attributes:
        starter_name: the name of the user who started it; empty where nobody did.
    """

    instance: Instance
    starter_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What else there is of a locked instance.

    Attributes:
        state: the engine's; None before the start.
        has_incidents: whether any is open.
        has_uploads: whether any ticket for it, or for a task of it, has not ended. No other can be issued while it is
            locked.
        has_webhooks: whether its app has any that are active.
    """

    state: bytes | None
    has_incidents: bool
    has_uploads: bool
    has_webhooks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingSet:
    """What was asked for; there once somebody has waited.

    Attributes:
        files: those that stand in the instance, and whether its attachments tab is among them; it is left out where it
            is too large.
        task: the task that the change is about; None where it is about none.
        named: the numbers that may be those of uploads.
        uploads: those of the named numbers that are for this instance, and all of it that have not ended; locked, and
            their blobs kept from the sweep. None where no numbers were named.
    """

    locked: Later[Locked | None]
    about: Later[About | None]
    files: Later[tuple[list[File], bool]]
    task: Later[Task | None] | None
    named: frozenset[int]
    uploads: Later[list[Upload]] | None


_BY_NUMBER: Final[LiteralString] = "%(instance)s"
_BY_TASK: Final[LiteralString] = (
    "(SELECT t.instance_id FROM tasks t WHERE t.account_id = %(account)s AND t.id = %(task)s)"
)
_WHICH: Final = (_BY_NUMBER, _BY_TASK)

_LOCKED: Final[Mapping[str, LiteralString]] = {
    which: assembled(
        f"SELECT {INSTANCE}, coalesce((SELECT u.name FROM users u WHERE u.account_id = i.account_id"
        " AND u.id = i.starter_id), '') AS starter_name FROM instances i"
        f" WHERE i.account_id = %(account)s AND i.id = {which} FOR UPDATE OF i"
    )
    for which in _WHICH
}
_ABOUT: Final[Mapping[str, LiteralString]] = {
    which: assembled(
        "WITH w AS (SELECT i.account_id, i.id, i.app_id FROM instances i"
        f" WHERE i.account_id = %(account)s AND i.id = {which})"
        " SELECT (SELECT s.state FROM instance_states s WHERE s.account_id = w.account_id AND s.instance_id = w.id)"
        " AS state, EXISTS (SELECT FROM incidents c WHERE c.account_id = w.account_id AND c.instance_id = w.id"
        " AND c.closed_at IS NULL) AS has_incidents,"
        " EXISTS (SELECT FROM uploads u WHERE u.account_id = w.account_id AND u.instance_id = w.id"
        " AND u.ended_at IS NULL) AS has_uploads,"
        " EXISTS (SELECT FROM webhooks h WHERE h.account_id = w.account_id AND h.app_id = w.app_id"
        " AND h.is_active) AS has_webhooks FROM w"
    )
    for which in _WHICH
}


def ask_for(
    tx: Writer,
    account: AccountId,
    instance: InstanceId | None,
    *,
    task: TaskId | None = None,
    named: Sequence[int] = (),
    tab_at_most: int,
) -> WorkingSet:
    """Lock an instance, given by its number or by that of a task, and ask for all about it; nobody waits yet.

    Args:
        tx: the transaction.
        account: whose instance it is.
        instance: its number; None where `task` names it.
        task: a task of it.
        named: numbers that may be those of uploads for it, which are locked.
        tab_at_most: of how many files the attachments tab is read; not at all where it has more.
    """
    which = _BY_TASK if instance is None else _BY_NUMBER
    given = {"account": account, "instance": instance, "task": task}
    locked = tx.later(row_of(Locked, _LOCKED[which], given))
    known_task = tx.later(task_by_id(account, task)) if task is not None else None
    uploads = None
    if named:
        uploads = tx.later(locked_of_instance(account, which, given, named))
        tx.later(lock_blobs_of(account, named))
    return WorkingSet(
        locked=locked,
        task=known_task,
        about=tx.later(row_of(About, _ABOUT[which], given)),
        files=tx.later(to_change(account, instance, tab_at_most=tab_at_most, which=which, parameters=given)),
        named=frozenset(named),
        uploads=uploads,
    )
