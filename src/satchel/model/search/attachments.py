"""Pages of one instance's files, by conditions on any of their columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class FileColumn(StrEnum):
    """What files are compared and sorted by.

    `ADDRESS` is the name of a stored file and the URL of any other, `STORED` 1 for a stored file and 0 for any other,
    `PLACE` the rank of the field that holds it, empty for the attachments tab.
    """

    UUID = "uuid"
    DESCRIPTION = "description"
    ADDRESS = "address"
    STORED = "stored"
    CREATED_AT = "created_at"
    SIZE = "size"
    AREA = "area"
    PLACE = "place"


class FileOperation(StrEnum):
    """How a column is compared: texts in any case, bounds inclusive below, exclusive above."""

    EMPTY = "empty"
    EQUAL = "equal"
    IN = "in"
    FROM = "from"
    BEFORE = "before"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTest:
    """One condition on a column.

    Attributes:
        value: a list for `IN`, two bounds for `OUTSIDE`, nothing for `EMPTY`.
        negated: whether the opposite is asked for.
    """

    column: FileColumn
    operation: FileOperation
    value: object = None
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """Which files of an instance are asked for; without a sort, they stand by field and position.

    Attributes:
        tests: conditions that all must hold.
        sort: columns, each with whether it is descending: what is empty stands last, in descending order first.
        ranks: of fields by their ids, as `FileColumn.PLACE` sorts and compares them; one without counts as empty.
        limit: None for no limit.
    """

    tests: Sequence[FileTest] = ()
    sort: Sequence[tuple[FileColumn, bool]] = ()
    ranks: Mapping[str, int]
    offset: int = 0
    limit: int | None = None
