"""Fields: the declared places for values, with their types and limits.

The invariant: every `Field` is consistent (its limits fit its type, its options are not empty), because
only `satchel.model.app_yaml.bundle` creates fields, and refuses others with findings.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from satchel.model.ids import FieldId
from satchel.model.rules import NO_RULES, Rules


class FieldType(StrEnum):
    """The type of a field's value."""

    TEXT = "text"
    MULTILINE = "multiline"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    CHOICE = "choice"
    CHOICES = "choices"
    RATING = "rating"
    USER = "user"
    GROUP = "group"
    TABLE = "table"
    SEPARATOR = "separator"
    FILE = "file"
    PHOTO = "photo"
    SIGNATURE = "signature"
    LINK = "link"


class SlotKind(StrEnum):
    """The kind of column that holds a searchable field."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"


FILE_TYPES = frozenset({FieldType.FILE, FieldType.PHOTO, FieldType.SIGNATURE})
"""The types whose value is files."""

SIMPLE_TYPES = frozenset(FieldType) - FILE_TYPES - {FieldType.TABLE, FieldType.SEPARATOR}
"""The types that a table's column may have; fields of these types may be searchable."""

SLOTS_PER_KIND = 10
"""How many searchable fields of one `SlotKind` an app may have."""

DEFAULT_MAX_UNCLAIMED = 100
"""How many uploads of one field and task may wait to be claimed by default."""


_NUMBER_TYPES = frozenset(
    {FieldType.DECIMAL, FieldType.INTEGER, FieldType.BOOLEAN, FieldType.RATING, FieldType.USER, FieldType.GROUP}
)
_TIME_TYPES = frozenset({FieldType.DATE, FieldType.DATETIME})


def slot_kind(type_: FieldType) -> SlotKind:
    """Return the kind of column for a searchable field of this simple type."""
    if type_ in _NUMBER_TYPES:
        return SlotKind.NUMBER
    return SlotKind.TIME if type_ in _TIME_TYPES else SlotKind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of the options of a `choice` or `choices` field; a value holds the id."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLimits:
    """The limits of a value; None means no limit. Only those that fit the field's type are set.

    Attributes:
        min_length, max_length: characters, of `text`, `multiline` and `link`.
        pattern: a regular expression of RE2 that a whole `text` or `multiline` must match.
        min, max: inclusive, of `decimal` and `integer`.
        digits: the maximum number of digits after the decimal point, of `decimal`.
        disable_future, disable_past: of `date`, `datetime` and `time`, by the user's date, time and time of day.
        options: of `choice` and `choices`, in order.
        min_checked, max_checked: how many options of `choices`.
        max_stars: of `rating`, 1 to 10.
    """

    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    digits: int | None = None
    disable_future: bool = False
    disable_past: bool = False
    options: tuple[Option, ...] = ()
    min_checked: int | None = None
    max_checked: int | None = None
    max_stars: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """The limits of the files of a `file`, `photo` or `signature` field.

    Attributes:
        min_bytes: the minimum size of one file.
        max_bytes: the maximum size of one file; None means the account's `max_file_bytes`.
        accept: extensions (`.pdf`), media types (`application/pdf`) or ranges (`image/*`), lower-case; empty means any.
        max_files: how many files the field holds; None means any number.
        max_unclaimed: how many uploads may wait to be claimed, per field and task.
        allow_links: whether the field accepts files kept elsewhere (link, drive, onedrive).
    """

    min_bytes: int = 0
    max_bytes: int | None = None
    accept: tuple[str, ...] = ()
    max_files: int | None = None
    max_unclaimed: int = DEFAULT_MAX_UNCLAIMED
    allow_links: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a `table` field; its type is one of `SIMPLE_TYPES`."""

    id: str
    label: str
    type: FieldType
    required: bool = False
    limits: ValueLimits = ValueLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A declared place for a value.

    Attributes:
        number: 0 to 1023, unique in the app and stable over versions.
        id: `[a-z][a-z0-9_]*`, unique in the app.
        searchable: whether searches may filter and sort by it.
        columns: of a `table`; empty otherwise.
        files: of the file types; None otherwise.
        max_rows: of a `table`.
        rules: that hold in every form.
    """

    number: int
    id: FieldId
    label: str
    type: FieldType
    description: str = ""
    searchable: bool = False
    limits: ValueLimits = ValueLimits()
    columns: tuple[Column, ...] = ()
    max_rows: int | None = None
    files: FileLimits | None = None
    rules: Rules = NO_RULES

    @property
    def is_file_type(self) -> bool:
        """Whether the field's value is files."""
        return self.type in FILE_TYPES

    @property
    def holds_one_file(self) -> bool:
        """Whether it is a field of files that never holds more than one."""
        return self.files is not None and self.files.max_files == 1
