"""Counts statements, round trips and the rows that come back, by listening at the wires of the database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from satchel.db.trips import Answer, Parameters, Wire


@dataclass(slots=True)
class Counted:
    """What was asked of the database.

    Attributes:
        statements: each as often as it was sent, BEGIN and COMMIT among them.
        parameters: of each of them.
        trips: how often somebody waited.
        rows: how many were read.
    """

    statements: list[str] = field(default_factory=list)
    parameters: list[Parameters] = field(default_factory=list)
    trips: int = 0
    rows: int = 0


@contextmanager
def counted() -> Iterator[Counted]:
    """Yield a count of all that goes over this process's wires while the block runs."""
    found = Counted()
    go, load = Wire.go, Answer.load

    async def noting_trip(wire: Wire) -> None:
        sent = list(wire._put)
        found.trips += bool(sent)
        found.statements += [later.query.text for later in sent]
        found.parameters += [later.query.parameters for later in sent]
        await go(wire)

    def noting_rows(answer: Answer, make: Callable[[Sequence[Any]], Any], **options: Any) -> list[Any]:
        rows = load(answer, make, **options)
        found.rows += len(rows)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Wire, "go", noting_trip)
        patch.setattr(Answer, "load", noting_rows)
        yield found
