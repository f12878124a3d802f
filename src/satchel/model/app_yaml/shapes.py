"""What a mapping of a document may hold: its keys, each with the kind and the limits of its value.

`Section` reads by shapes, and the JSON Schema of app.yaml is written from them, so that the two cannot disagree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

ALL: Final = "all"
"""The word that may stand for a mapping that names everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of `shortest` to `longest` characters.

    Attributes:
        shape: what the whole text must match.
        hint: says what the shape is.
        lines: whether it may have several lines.
    """

    longest: int
    shortest: int = 1
    shape: re.Pattern[str] | None = None
    hint: str = ""
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of `low` to `high`."""

    low: int
    high: int


class Single(Enum):
    """A single value of which the kind says all."""

    NUMBER = auto()
    """As it is written, with its decimals."""
    FLAG = auto()
    """true or false."""
    SIZE = auto()
    """A number of bytes, or a number with a unit (`10MiB`, `500kB`)."""
    DURATION = auto()
    """ISO 8601, in weeks, days, hours, minutes and seconds (`P3D`, `PT8H`)."""
    SOURCE = auto()
    """Where a value comes from: a field, a text in quotes, a number, true or false, or a template."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A list of texts; what each must match and what that is, unless any will do."""

    longest: int
    shortest: int = 0
    shape: re.Pattern[str] | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mapping with known keys.

    Attributes:
        required: the keys that must be there.
        about: what some of the keys are, for editors.
        is_open: whether further keys are left as they are.
    """

    keys: Mapping[str, "Kind"]
    required: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A mapping of which one key, `by`, says what its shape is; it may have the keys of `always` in each."""

    by: str
    shapes: Mapping[str, Shape]
    always: Mapping[str, "Kind"] = field(default_factory=dict[str, "Kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A list of mappings; `name` is what one is called."""

    name: str
    shape: Shape
    longest: int
    shortest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A mapping whose keys the document chooses.

    Attributes:
        values: what stands behind each key.
        names: what each key must be.
        longest: the most keys.
        or_all: whether the word `ALL` may stand in its place.
    """

    values: "Kind"
    names: Text | None = None
    longest: int | None = None
    or_all: bool = False


Kind: TypeAlias = Text | Whole | Single | OneOf | Texts | Shape | Choice | Each | Pairs
