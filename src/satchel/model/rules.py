"""Rules of forms, as app.yaml has them: when a field is shown and required, what it holds by itself, which values fit.

The texts are expressions in the language of conditions. `satchel.engine.rules` compiles and evaluates them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from satchel.model.ids import FieldId
from satchel.model.services import Literal

OptionSource: TypeAlias = Literal | FieldId
"""What a condition of `OptionsFrom` compares with: a fixed value, or what a field of this app holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionsFrom:
    """Where the options of a field come from: a list of this app, or a searchable field of another app.

    Attributes:
        list_id: of a list of this app; None for another app.
        app: the code of the other app; empty for a list.
        field_id: the searchable field of the other app whose values are the options.
        where: the condition: a key of the list's entries, or a searchable field of the other app -> its value.
    """

    list_id: str | None = None
    app: str = ""
    field_id: FieldId | None = None
    where: Mapping[str, OptionSource] = field(default_factory=dict[str, OptionSource])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one field, in all forms or in one.

    Attributes:
        show_if: it is shown only where this is true; a field whose own rule is not true is null in all rules.
        require_if: forms that let it be filled in require a value where this is true.
        default: its value where nothing was sent for it.
        compute: its value, always; it cannot be set.
        options_from: the only values that it takes.
    """

    show_if: str | None = None
    require_if: str | None = None
    default: str | None = None
    compute: str | None = None
    options_from: OptionsFrom | None = None


NO_RULES = Rules()
"""The rules of a field that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A condition that the values of several fields must meet together.

    Attributes:
        condition: must be true; it is met where it cannot be evaluated because something that it reads is empty.
        message: what people are told where it is false.
        field: the field that the fault names; None: the first one in the condition that the form lets be filled in.
    """

    condition: str
    message: str
    field: FieldId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One entry of a list that is kept in app.yaml; `more` are its further keys, for conditions."""

    id: str
    label: str
    more: Mapping[str, str] = field(default_factory=dict[str, str])
