"""SQL of searches for tasks by what their instances are, and by what they are themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from satchel.db.lists.search import Where
from satchel.db.pool import Reader, assembled
from satchel.model.ids import ElementId, InstanceId, TaskId, UserId
from satchel.model.instance import TaskState

SORTS: Mapping[str, LiteralString] = {
    "opened_at": "t.opened_at",
    "closed_at": "coalesce(t.closed_at, t.opened_at)",
}
"""What tasks can be sorted by; equal ones go by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskConditions:
    """Conditions on tasks beside those on their instances; empty and None leave one out.

    Attributes:
        sort: a name of `SORTS`.
    """

    states: Sequence[TaskState] = ()
    holder: UserId | None = None
    instance: InstanceId | None = None
    element: ElementId | None = None
    sort: str = "opened_at"
    descending: bool = True


async def searched(
    tx: Reader, where: Where, wanted: TaskConditions, *, start: int, limit: int
) -> tuple[int, list[TaskId]]:
    """Return how many tasks there are of the instances that a search's condition finds, and a page of their ids."""
    where = where.copy()
    if wanted.states:
        where.add("t.state = ANY({})", [state.value for state in wanted.states])
    for column, value in (("holder_id", wanted.holder), ("instance_id", wanted.instance), ("element", wanted.element)):
        if value is not None:
            where.add(f"t.{column} = {{}}", value)
    source = (
        f"FROM tasks t JOIN instances i ON i.account_id = t.account_id AND i.id = t.instance_id WHERE {where.text()}"
    )
    order: LiteralString = " DESC" if wanted.descending else ""
    count = await tx.value(int, assembled(f"SELECT count(*) {source}"), where.parameters)
    ids = await tx.values(
        TaskId,
        assembled(
            f"SELECT t.id {source} ORDER BY {SORTS[wanted.sort]}{order}, t.id{order}"
            f" OFFSET {int(start)} LIMIT {int(limit)}"
        ),
        where.parameters,
    )
    return count or 0, ids
