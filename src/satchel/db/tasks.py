"""SQL of tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, AppId, ElementId, GroupId, InstanceId, TaskId, TokenId, UserId, VersionId
from satchel.model.instance import Task, TaskState

_TASK = (
    "account_id, id, instance_id, app_id, version_id, element, token, name, variables, state, holder_id, group_id,"
    " due_at, fails_at, opened_at, closed_at, closed_by, outcome, revision"
)


async def insert_task(
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
    holder: UserId | None,
    group: GroupId | None,
    due_at: datetime | None,
    fails_at: datetime | None,
    now: datetime,
) -> Task:
    """Open a task: assigned where it has a holder, offered otherwise."""
    state = TaskState.ASSIGNED if holder is not None else TaskState.UNASSIGNED
    created = await tx.row(
        Task,
        "INSERT INTO tasks (account_id, instance_id, app_id, version_id, element, token, name, variables, state,"
        " holder_id, group_id, due_at, fails_at, opened_at)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_TASK}",
        (
            account,
            instance,
            app,
            version,
            element,
            token,
            name,
            Jsonb(dict(variables)),
            state.value,
            holder,
            group,
            due_at,
            fails_at,
            now,
        ),
    )
    if created is None:
        raise LookupError("an insert returned no row")
    return created


async def task(tx: Reader, account: AccountId, task_id: TaskId) -> Task | None:
    """Return a task of the account."""
    return await tx.row(Task, f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND id = %s", (account, task_id))


async def tasks_numbered(tx: Reader, account: AccountId, ids: Sequence[TaskId]) -> list[Task]:
    """Return those of these tasks that there are, in the order of their numbers here."""
    tasks = await tx.rows(
        Task, f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND id = ANY(%s)", (account, list(ids))
    )
    places = {number: place for place, number in enumerate(ids)}
    return sorted(tasks, key=lambda task: places[task.id])


async def task_by_token(tx: Reader, account: AccountId, instance: InstanceId, token: TokenId) -> Task | None:
    """Return the task that the engine names by this token."""
    return await tx.row(
        Task,
        f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND instance_id = %s AND token = %s",
        (account, instance, token),
    )


async def tasks_of_instance(tx: Reader, account: AccountId, instance: InstanceId) -> list[Task]:
    """Return all tasks of an instance, oldest first."""
    return await tx.rows(
        Task, f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND instance_id = %s ORDER BY id", (account, instance)
    )


async def open_tasks_and_completed(
    tx: Reader, account: AccountId, instance: InstanceId, by: UserId | None
) -> list[Task]:
    """Return the tasks of an instance that are open and those that a user completed, oldest first."""
    return await tx.rows(
        Task,
        f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND instance_id = %s"
        " AND (closed_at IS NULL OR closed_by = %s) ORDER BY id",
        (account, instance, by),
    )


async def open_tasks_of(tx: Reader, account: AccountId, instances: Sequence[InstanceId]) -> list[Task]:
    """Return the open tasks of some instances, by instance and id."""
    return await tx.rows(
        Task,
        f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND instance_id = ANY(%s) AND closed_at IS NULL"
        " ORDER BY instance_id, id",
        (account, list(instances)),
    )


async def tasks_held(tx: Reader, account: AccountId, holder: UserId, *, after: int, limit: int) -> list[Task]:
    """Return a page of the open tasks that a user holds, by id."""
    return await tx.rows(
        Task,
        f"SELECT {_TASK} FROM tasks WHERE account_id = %s AND holder_id = %s AND closed_at IS NULL AND id > %s"
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
        f"SELECT {_TASK} FROM tasks WHERE account_id = %(account)s AND state = 'unassigned' AND id > %(after)s"
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
    tx: Writer, account: AccountId, task_id: TaskId, *, state: TaskState, holder: UserId | None
) -> None:
    """Give an open task to a user, or offer it again where `holder` is None."""
    await tx.execute(
        "UPDATE tasks SET state = %s, holder_id = %s, revision = revision + 1"
        " WHERE account_id = %s AND id = %s AND closed_at IS NULL",
        (state.value, holder, account, task_id),
    )


async def touch_task(tx: Writer, account: AccountId, task_id: TaskId) -> None:
    """Make a task's revision grow: its form was saved."""
    await tx.execute("UPDATE tasks SET revision = revision + 1 WHERE account_id = %s AND id = %s", (account, task_id))


async def close_task(
    tx: Writer,
    account: AccountId,
    instance: InstanceId,
    token: TokenId,
    *,
    state: TaskState,
    now: datetime,
    by: UserId | None = None,
    outcome: str | None = None,
) -> Task | None:
    """Close an open task by its token and return it as it is then, or None if it is closed already."""
    return await tx.row(
        Task,
        "UPDATE tasks SET state = %s, closed_at = %s, closed_by = %s, outcome = %s, revision = revision + 1"
        f" WHERE account_id = %s AND instance_id = %s AND token = %s AND closed_at IS NULL RETURNING {_TASK}",
        (state.value, now, by, outcome, account, instance, token),
    )


async def tasks_failing(tx: Reader, now: datetime, limit: int, but: Sequence[object] = ()) -> list[Task]:
    """Return open tasks of every account whose `late: fail` is due, the longest overdue first, but for some."""
    return await tx.rows(
        Task,
        f"SELECT {_TASK} FROM tasks WHERE closed_at IS NULL AND fails_at <= %s AND id <> ALL(%s::bigint[])"
        " ORDER BY fails_at LIMIT %s",
        (now, list(but), limit),
    )


async def set_due(tx: Writer, account: AccountId, task_id: TaskId, at: datetime | None) -> None:
    """Set when an open task is due; whether it fails for lateness is another matter."""
    await tx.execute(
        "UPDATE tasks SET due_at = %s WHERE account_id = %s AND id = %s AND closed_at IS NULL", (at, account, task_id)
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
    await tx.execute(
        "UPDATE tasks SET fails_at = %s WHERE account_id = %s AND id = %s AND closed_at IS NULL",
        (at, account, task_id),
    )
