"""SQL of tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from satchel.db.absences import STANDING_IN
from satchel.db.instances import InstanceName, number_of
from satchel.db.notifications import OfTask, of_task
from satchel.db.pool import Reader, Writer, assembled
from satchel.db.trips import Later, Query, row_of, rows_of
from satchel.model.ids import AccountId, AppId, ElementId, GroupId, InstanceId, TaskId, TokenId, UserId, VersionId
from satchel.model.instance import Task, TaskState
from satchel.model.notifications import Reminder

TASK = (
    "account_id, id, instance_id, app_id, version_id, element, token, name, variables, state, holder_id, group_id,"
    " due_at, fails_at, opened_at, closed_at, closed_by, outcome, revision, in_place_of"
)
_NOTIFIED = of_task("opened")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignee:
    """Whom a new task is for; at most one of these is set. None of them: it is offered to those who may start the app.

    A user or group that does not exist, or a user who is not active, falls back to that.

    Attributes:
        user: a user.
        is_known: whether the user is known to be active.
        email: a user's.
        group: a group.
        group_name: a group's.
    """

    user: int | None = None
    is_known: bool = False
    email: str | None = None
    group: int | None = None
    group_name: str | None = None


def _holder(chosen: Assignee) -> str:
    active = "(SELECT id FROM users WHERE account_id = %(account)s AND {} AND is_active)"
    if chosen.email is not None:
        return active.format("lower(email) = lower(%(email)s)")
    if chosen.user is None:
        return "NULL::bigint"
    return "%(user)s::bigint" if chosen.is_known else active.format("id = %(user)s")


def _offered_to(chosen: Assignee) -> str:
    """Return the group, which is not deleted before the transaction ends."""
    kept = "(SELECT id FROM groups WHERE account_id = %(account)s AND {} FOR KEY SHARE)"
    if chosen.group_name is not None:
        return kept.format("name = %(group_name)s")
    return "NULL::bigint" if chosen.group is None else kept.format("id = %(group)s")


_ALONE: LiteralString = (
    "(SELECT min(o.user_id) FROM (SELECT DISTINCT m.user_id FROM group_members m"
    " JOIN users u ON u.account_id = m.account_id AND u.id = m.user_id AND u.is_active"
    " WHERE m.account_id = %(account)s AND CASE WHEN c.group_id IS NOT NULL THEN m.group_id = c.group_id"
    " ELSE EXISTS (SELECT FROM grants g WHERE g.account_id = m.account_id AND g.group_id = m.group_id"
    " AND (g.\"right\" = 'admin' OR (g.\"right\" = 'start' AND (g.app_id IS NULL OR g.app_id = %(app)s)))) END"
    " LIMIT 2) o HAVING count(*) = 1)"
)
"""The only active user to whom a task of `chosen c` is offered; NULL if there are several, or none."""

_NOTED: LiteralString = (
    "noted AS (INSERT INTO events (account_id, at, kind, instance_id, task_id, data)"
    " SELECT o.account_id, o.opened_at, 'task.assigned', o.instance_id, o.id,"
    " jsonb_build_object('user', o.holder_id, 'in_place_of', o.in_place_of) FROM opened o"
    " WHERE o.in_place_of IS NOT NULL)"
)
"""The line of history of a task of `opened` that a substitute gets; nobody chose them, so it has no actor."""


def _opening(chosen: Assignee) -> LiteralString:
    """Return the statement that opens a task, notes a substitute who gets it, and notifies its people."""
    return assembled(
        f"WITH RECURSIVE chosen AS MATERIALIZED (SELECT {_holder(chosen)} AS holder,"
        f" {_offered_to(chosen)} AS group_id), meant AS (SELECT coalesce(c.holder, {_ALONE}) AS user_id FROM chosen c"
        f" WHERE EXISTS (SELECT FROM away)), {STANDING_IN}, opened AS ("
        "INSERT INTO tasks (account_id, instance_id, app_id, version_id, element, token, name, variables, state,"
        " holder_id, group_id, due_at, fails_at, reminder, remind_at, opened_at, in_place_of)"
        " SELECT %(account)s, %(instance)s, %(app)s, %(version)s, %(element)s, %(token)s, %(name)s, %(variables)s,"
        " CASE WHEN coalesce(s.user_id, c.holder) IS NULL THEN 'unassigned' ELSE 'assigned' END,"
        " coalesce(s.user_id, c.holder), c.group_id, %(due_at)s, %(fails_at)s, %(reminder)s, %(remind_at)s, %(now)s,"
        f" s.in_place_of FROM chosen c LEFT JOIN standing_in s ON true RETURNING {TASK}), {_NOTED},"
        f" notified AS ({_NOTIFIED}) SELECT {TASK} FROM opened"
    )


def insert_task(
    tx: Writer,
    account: AccountId,
    instance: InstanceId,
    *,
    app: AppId,
    version: VersionId,
    element: ElementId,
    token: TokenId,
    name: str,
    variables: Mapping[str, object],
    chosen: Assignee,
    due_at: datetime | None,
    fails_at: datetime | None,
    reminder: Reminder | None,
    notify: OfTask,
) -> Later[Task | None]:
    """Open a task, assigned where it has a holder, offered otherwise, and notify its people; nobody waits for it.

    Who is away does not get it: their substitute does, and the history says so. All of it is one statement, so that
    neither a substitute nor notified people cost a round trip.
    """
    parameters = {
        "account": account,
        "instance": instance,
        "app": app,
        "version": version,
        "element": element,
        "token": token,
        "name": name,
        "variables": Jsonb(dict(variables)),
        "user": chosen.user,
        "email": chosen.email,
        "group": chosen.group,
        "group_name": chosen.group_name,
        "due_at": due_at,
        "fails_at": fails_at,
        "reminder": None if reminder is None else reminder.kind.value,
        "remind_at": None if reminder is None else reminder.at,
        **notify.parameters(),
    }
    return tx.later(row_of(Task, _opening(chosen), parameters))


def by_id(account: AccountId, task_id: TaskId) -> Query[Task | None]:
    """Return the query of `task`."""
    return row_of(Task, f"SELECT {TASK} FROM tasks WHERE account_id = %s AND id = %s", (account, task_id))


async def task(tx: Reader, account: AccountId, task_id: TaskId) -> Task | None:
    """Return a task of the account."""
    return await tx.ask(by_id(account, task_id))


async def tasks_numbered(tx: Reader, account: AccountId, ids: Sequence[TaskId]) -> list[Task]:
    """Return those of these tasks that there are, in the order of their numbers here."""
    tasks = await tx.rows(
        Task, f"SELECT {TASK} FROM tasks WHERE account_id = %s AND id = ANY(%s)", (account, list(ids))
    )
    places = {number: place for place, number in enumerate(ids)}
    return sorted(tasks, key=lambda task: places[task.id])


async def task_by_token(tx: Reader, account: AccountId, instance: InstanceId, token: TokenId) -> Task | None:
    """Return the task that the engine names by this token."""
    return await tx.row(
        Task,
        f"SELECT {TASK} FROM tasks WHERE account_id = %s AND instance_id = %s AND token = %s",
        (account, instance, token),
    )


def of_instance(account: AccountId, instance: InstanceName) -> Query[list[Task]]:
    """Return the query of `tasks_of_instance`, by any name of the instance."""
    query = (
        f"SELECT {TASK} FROM tasks WHERE account_id = %(account)s AND instance_id = {number_of(instance)} ORDER BY id"
    )
    return rows_of(Task, query, {"account": account, "instance": instance})


async def tasks_of_instance(tx: Reader, account: AccountId, instance: InstanceId) -> list[Task]:
    """Return all tasks of an instance, oldest first."""
    return await tx.ask(of_instance(account, instance))


async def open_tasks_and_completed(
    tx: Reader, account: AccountId, instance: InstanceId, by: UserId | None
) -> list[Task]:
    """Return the tasks of an instance that are open and those that a user completed, oldest first."""
    return await tx.rows(
        Task,
        f"SELECT {TASK} FROM tasks WHERE account_id = %s AND instance_id = %s"
        " AND (closed_at IS NULL OR closed_by = %s) ORDER BY id",
        (account, instance, by),
    )


def open_of(account: AccountId, instances: Sequence[InstanceId]) -> Query[list[Task]]:
    """Return the query of `open_tasks_of`."""
    return rows_of(
        Task,
        f"SELECT {TASK} FROM tasks WHERE account_id = %s AND instance_id = ANY(%s) AND closed_at IS NULL"
        " ORDER BY instance_id, id",
        (account, list(instances)),
    )


async def open_tasks_of(tx: Reader, account: AccountId, instances: Sequence[InstanceId]) -> list[Task]:
    """Return the open tasks of some instances, by instance and id."""
    return await tx.ask(open_of(account, instances))


async def tasks_held(tx: Reader, account: AccountId, holder: UserId, *, after: int, limit: int) -> list[Task]:
    """Return a page of the open tasks that a user holds, by id."""
    return await tx.rows(
        Task,
        f"SELECT {TASK} FROM tasks WHERE account_id = %s AND holder_id = %s AND closed_at IS NULL AND id > %s"
        " ORDER BY id LIMIT %s",
        (account, holder, after, limit),
    )


async def tasks_offered(
    tx: Reader,
    account: AccountId,
    *,
    groups: Sequence[GroupId],
    startable: Sequence[AppId] | None,
    after: int,
    limit: int,
) -> list[Task]:
    """Return a page of the unassigned tasks offered to some groups, or to those who may start some apps, by id.

    Args:
        startable: the apps that the asker may start; None means all.
    """
    return await tx.rows(
        Task,
        f"SELECT {TASK} FROM tasks WHERE account_id = %(account)s AND state = 'unassigned' AND id > %(after)s"
        " AND (group_id = ANY(%(groups)s)"
        " OR (group_id IS NULL AND (%(all)s OR app_id = ANY(%(apps)s))))"
        " ORDER BY id LIMIT %(limit)s",
        {
            "account": account,
            "after": after,
            "groups": list(groups),
            "all": startable is None,
            "apps": list(startable or ()),
            "limit": limit,
        },
    )


async def set_holder(
    tx: Writer,
    account: AccountId,
    task_id: TaskId,
    *,
    state: TaskState,
    holder: UserId | None,
    in_place_of: UserId | None = None,
) -> None:
    """Give an open task to a user, in place of another or not, or offer it again where `holder` is None."""
    tx.put(
        "UPDATE tasks SET state = %(state)s, holder_id = %(holder)s, in_place_of = %(absent)s,"
        " is_started = (%(state)s = 'arrived'), revision = revision + 1"
        " WHERE account_id = %(account)s AND id = %(task)s AND closed_at IS NULL",
        {"state": state.value, "holder": holder, "absent": in_place_of, "account": account, "task": task_id},
    )


async def touch_task(tx: Writer, account: AccountId, task_id: TaskId, *, by: UserId | None) -> None:
    """Make a task's revision grow: its form was saved; by its holder, it counts as started."""
    tx.put(
        "UPDATE tasks SET revision = revision + 1, is_started = is_started OR coalesce(holder_id = %s, false)"
        " WHERE account_id = %s AND id = %s",
        (by, account, task_id),
    )


async def mark_started(tx: Writer, account: AccountId, task_id: TaskId) -> None:
    """Note that the holder of a task has started, so that it stays with them."""
    tx.put("UPDATE tasks SET is_started = true WHERE account_id = %s AND id = %s", (account, task_id))


async def tasks_returning(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[Task]:
    """Return open tasks of every account that substitutes hold and that go back, but for some.

    The absent user is present again, and the substitute has not started, or is not active any more.
    """
    return await tx.rows(
        Task,
        f"SELECT {TASK} FROM tasks t WHERE t.in_place_of IS NOT NULL AND t.closed_at IS NULL"
        " AND EXISTS (SELECT FROM users u WHERE u.account_id = t.account_id AND u.id = t.in_place_of AND u.is_active)"
        " AND NOT EXISTS (SELECT FROM absences a WHERE a.account_id = t.account_id AND a.user_id = t.in_place_of"
        " AND a.until_at > %(now)s AND a.from_at <= %(now)s)"
        " AND (NOT t.is_started OR NOT EXISTS (SELECT FROM users u WHERE u.account_id = t.account_id"
        " AND u.id = t.holder_id AND u.is_active))"
        " AND t.id <> ALL(%(but)s::bigint[]) ORDER BY t.id LIMIT %(limit)s",
        {"now": now, "but": list(but), "limit": limit},
    )


def close_task(
    tx: Writer,
    account: AccountId,
    instance: InstanceId,
    token: TokenId,
    *,
    state: TaskState,
    now: datetime,
    by: UserId | None = None,
    outcome: str | None = None,
) -> Later[Task | None]:
    """Close an open task by its token; it will be the task as it is then, or None if it is closed already."""
    return tx.later(
        row_of(
            Task,
            "UPDATE tasks SET state = %s, closed_at = %s, closed_by = %s, outcome = %s, revision = revision + 1"
            f" WHERE account_id = %s AND instance_id = %s AND token = %s AND closed_at IS NULL RETURNING {TASK}",
            (state.value, now, by, outcome, account, instance, token),
        )
    )


async def tasks_failing(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[Task]:
    """Return open tasks of every account whose `late: fail` is due, the longest overdue first, but for some."""
    return await tx.rows(
        Task,
        f"SELECT {TASK} FROM tasks WHERE closed_at IS NULL AND fails_at <= %s AND id <> ALL(%s::bigint[])"
        " ORDER BY fails_at LIMIT %s",
        (now, list(but), limit),
    )


async def set_due(
    tx: Writer, account: AccountId, task_id: TaskId, at: datetime | None, reminder: Reminder | None
) -> None:
    """Set when an open task is due, and its next reminder; whether it fails for lateness is another matter."""
    kind, remind_at = (None, None) if reminder is None else (reminder.kind.value, reminder.at)
    tx.put(
        "UPDATE tasks SET due_at = %s, reminder = %s, remind_at = %s"
        " WHERE account_id = %s AND id = %s AND closed_at IS NULL",
        (at, kind, remind_at, account, task_id),
    )


async def postpone_failing(tx: Writer, *, row: Task, due_at: datetime | None) -> bool:
    """Move when a task fails that could not be failed, and return whether it still stood as in `row`; None parks it."""
    moved = await tx.execute(
        "UPDATE tasks SET fails_at = %s WHERE account_id = %s AND id = %s AND closed_at IS NULL AND fails_at = %s",
        (due_at, row.account_id, row.id, row.fails_at),
    )
    return moved > 0


async def set_failing(tx: Writer, account: AccountId, task_id: TaskId, at: datetime | None) -> None:
    """Set when an open task fails for lateness; None keeps it from that until its incident is retried."""
    tx.put(
        "UPDATE tasks SET fails_at = %s WHERE account_id = %s AND id = %s AND closed_at IS NULL",
        (at, account, task_id),
    )
