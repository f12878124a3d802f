"""SQL of where instances stand: the elements at which their tokens wait, for a person or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from satchel.db.trips import Query, rows_of, then
from satchel.model.ids import AccountId, ElementId, InstanceId, TokenId

_AT = "account_id = %(account)s AND instance_id = ANY(%(ids)s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a token of an instance waits at.

    Attributes:
        token: None where an incident is about none.
        name: of the task, as it was when it was opened; None where no task is.
    """

    instance_id: InstanceId
    element: ElementId
    token: TokenId | None
    name: str | None


def positions(account: AccountId, instances: Sequence[InstanceId]) -> Query[list[Position]]:
    """Return a query for where these instances stand, oldest first: open tasks, waits and calls, then open incidents.

    An incident that is about the token of a task, a wait or a call is left out.
    """
    found = rows_of(
        Position,
        f"SELECT instance_id, element, token, name FROM ("
        f"SELECT instance_id, element, token, name, opened_at, 0 AS rank, id AS number FROM tasks"
        f" WHERE {_AT} AND closed_at IS NULL"
        f" UNION ALL SELECT instance_id, element, token, NULL, opened_at, 0, 0 FROM waits WHERE {_AT}"
        f" UNION ALL SELECT instance_id, element, token, NULL, opened_at, 0, id FROM calls"
        f" WHERE {_AT} AND state = 'waiting'"
        f" UNION ALL SELECT instance_id, element, token, NULL, opened_at, 1, id FROM incidents"
        f" WHERE {_AT} AND closed_at IS NULL"
        ") AS at ORDER BY rank, opened_at, number",
        {"account": account, "ids": list(instances)},
    )
    return then(found, _one_a_token)


def _one_a_token(found: list[Position]) -> list[Position]:
    known: set[tuple[InstanceId, TokenId]] = set()
    left: list[Position] = []
    for one in found:
        if one.token is None or (one.instance_id, one.token) not in known:
            left.append(one)
        if one.token is not None:
            known.add((one.instance_id, one.token))
    return left
