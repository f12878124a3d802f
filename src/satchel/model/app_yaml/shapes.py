"""Shapes of mappings of a document: their keys, each with the kind and the limits of its value.

`Section` reads with shapes, and the JSON Schema of app.yaml is generated from them, so that the two always agree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

ALL: Final = "all"
"""The word that may replace a mapping of everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of `shortest` to `longest` characters.

    Attributes:
        shape: that the whole text must match.
        hint: describes the shape.
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
    """A single value without limits besides its kind."""

    NUMBER = auto()
    """A decimal number, exactly as written."""
    FLAG = auto()
    """true or false."""
    SIZE = auto()
    """A number of bytes, or a number with a unit (`10MiB`, `500kB`)."""
    DURATION = auto()
    """ISO 8601, in weeks, days, hours, minutes and seconds (`P3D`, `PT8H`)."""
    DUE = auto()
    """A duration, or working time: `2 working days`, `PT4H working`."""
    SOURCE = auto()
    """The source of a value: a field, a text in quotes, a number, true or false, or a template."""
    EXPRESSION = auto()
    """An expression in the language of conditions; a number, true or false may stand without quotes."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A list of texts; the shape of each and its hint, unless any is allowed."""

    longest: int
    shortest: int = 0
    shape: re.Pattern[str] | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mapping with known keys.

    Attributes:
        required: the required keys.
        about: descriptions of some keys, for editors.
        is_open: whether further keys are allowed.
        words: one of which may replace it.
    """

    keys: Mapping[str, "Kind"]
    required: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict[str, str])
    is_open: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A mapping whose key `by` selects its shape; it may have the keys of `always` in each."""

    by: str
    shapes: Mapping[str, Shape]
    always: Mapping[str, "Kind"] = field(default_factory=dict[str, "Kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Each:
    """A list of mappings; `name` describes one."""

    name: str
    shape: Shape
    longest: int
    shortest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """A mapping whose keys the document chooses.

    Attributes:
        values: the shape of each value.
        names: the shape of each key.
        longest: the maximum number of keys.
        or_all: whether the word `ALL` may replace it.
    """

    values: "Kind"
    names: Text | None = None
    longest: int | None = None
    or_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WordOr:
    """One of a few words, or a mapping in which the key `key` holds that word."""

    words: OneOf
    key: str
    shape: Shape


Kind: TypeAlias = Text | Whole | Single | OneOf | Texts | Shape | Choice | Each | Pairs | WordOr
