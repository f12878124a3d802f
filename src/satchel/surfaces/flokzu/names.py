"""What things are called: fields, columns and options go by their labels here, as Flokzu's have no other names."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol


class Labelled(Protocol):
    """A field, a column of a table, an option."""

    @property
    def id(self) -> str:
        """Unique among its kind."""
        ...

    @property
    def label(self) -> str:
        """For people; several may share one."""
        ...


def names_of(things: Sequence[Labelled], taken: Collection[str] = ()) -> Mapping[str, str]:
    """Return the one name of each thing by its id: its label, or its id where the label does not tell it apart.

    Args:
        things: of one kind.
        taken: names that none of them may have.
    """
    shared = Counter(one.label for one in things)
    by_id = {one.id for one in things if shared[one.label] > 1 or one.label in taken}
    while also := {one.id for one in things if one.label in by_id} - by_id:
        by_id |= also
    return {one.id: one.id if one.id in by_id else one.label for one in things}


def ids_of(things: Sequence[Labelled], taken: Collection[str] = ()) -> Mapping[str, str]:
    """Return the id by each name, and by each id that is nobody's name."""
    ids = {one.id: one.id for one in things}
    return ids | {name: id_ for id_, name in names_of(things, taken).items()}
