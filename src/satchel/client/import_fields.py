"""Maps fields and values of a source to those of the app: options by label, dates, numbers, tables."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import TypeAlias, cast

import msgspec

from satchel.model.api.apps import App, Column, Field, Option
from satchel.model.errors import InvalidRequest

FILE_TYPES = frozenset({"file", "photo", "signature"})
PEOPLE = frozenset({"user", "group"})

_OPEN = frozenset({"edit", "require"})
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ].*", re.DOTALL)
_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})


class NoField(Enum):
    """The meanings of a name that is not a field's."""

    TAB = "the attachments tab"
    SKIPPED = "nothing: it is left out"
    UNKNOWN = "no field of that name"


Place: TypeAlias = Field | NoField


class UnfitError(Exception):
    """A value cannot be converted for its field; the text states why."""


class Fields:
    """The fields of the app that is started, found by their names in the source.

    Args:
        app: the app to start.
        names: the user's mapping of the source's names or labels to fields.
        skip: names or labels to leave out.
        is_lenient: whether an unknown name is `NoField.UNKNOWN`, not an error.
        is_numbered: whether a name of digits is also a field's number.

    Attributes:
        app, is_lenient: as given.
    """

    def __init__(
        self,
        app: App,
        *,
        names: Mapping[str, str],
        skip: frozenset[str],
        is_lenient: bool,
        is_numbered: bool,
    ) -> None:
        self.app = app
        self.is_lenient = is_lenient
        self._names, self._skip, self._is_numbered = names, skip, is_numbered

    def named(self, name: str | None, labels: Mapping[str, str]) -> Place:
        """Return the field for a name; None is the attachments tab.

        Raises:
            InvalidRequest: there is no such field, and the run is not lenient or the user named it.
        """
        if name is None:
            return NoField.TAB
        label = labels.get(name, name)
        if name in self._skip or label in self._skip:
            return NoField.SKIPPED
        said = self._names.get(name, self._names.get(label))
        known = self._with(said or name, None if said else label, is_numbered=self._is_numbered or said is not None)
        if known is not None:
            return NoField.SKIPPED if _is_computed(known) else known
        if self.is_lenient and said is None:
            return NoField.UNKNOWN
        raise InvalidRequest(
            f"The app {self.app.code} has no field {said or name}. Map it: --map {name}=FIELD, or --skip {name}."
        )

    def _with(self, name: str, label: str | None, *, is_numbered: bool) -> Field | None:
        for known in self.app.fields:
            if known.id == name:
                return known
        wanted = (label or name).strip().casefold()
        labelled = [known for known in self.app.fields if known.label.strip().casefold() == wanted]
        if len(labelled) == 1:
            return labelled[0]
        if is_numbered and name.isascii() and name.isdigit():
            return next((known for known in self.app.fields if known.number == int(name)), None)
        return None

    def check(self) -> None:
        """Check the user's mapping.

        Raises:
            InvalidRequest: it names an unknown field.
        """
        for name in self._names:
            self.named(name, {})

    def is_mapped(self, name: str) -> bool:
        """Return whether the user mapped a name."""
        return name in self._names

    def is_open(self, known: Field) -> bool:
        """Return whether the start form accepts a field."""
        return self.app.start.fields.get(known.id) in _OPEN


def _is_computed(known: Field) -> bool:
    """Return whether the app computes a field by itself, from what is imported."""
    return known.rules is not None and known.rules.compute is not None


def is_empty(value: object) -> bool:
    """Return whether a value is empty."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def fitting(known: Field | Column, value: object) -> object:
    """Convert a value to the API's representation for a field.

    Args:
        known: the field.
        value: from a source: typed as in our API, or the displayed text.

    Raises:
        UnfitError: it cannot be converted.
    """
    fit = _FITS.get(known.type)
    if fit is None:
        raise UnfitError(f"a field of the type {known.type} accepts no such value")
    return fit(known, value)


def _choice(known: Field | Column, value: object) -> str | None:
    chosen = [_option(known.options, one) for one in _several(value)]
    if len(chosen) > 1:
        raise UnfitError("the field holds one option, and there are several")
    return chosen[0] if chosen else None


def _several(value: object) -> list[object]:
    """Return the chosen options; Questetra's include their labels."""
    found = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, object]", one).get("value") if isinstance(one, dict) else one for one in found]


def _option(options: Sequence[Option], value: object) -> str:
    text = str(value).strip()
    for one in options:
        if text == one.id:
            return one.id
    found = [one.id for one in options if one.label.strip().casefold() == text.casefold()]
    if len(found) == 1:
        return found[0]
    raise UnfitError(f"{text[:80]!r} is not one of the options")


def _choices(known: Field | Column, value: object) -> list[str]:
    """Return the ids of several options; a text may hold them separated by commas."""
    if isinstance(value, str):
        try:
            return [_option(known.options, value)]
        except UnfitError:
            value = [part for part in value.split(",") if part.strip()]
    return list(dict.fromkeys(_option(known.options, one) for one in _several(value)))


def _truth(_known: object, value: object) -> bool:
    text = str(value).strip().casefold()
    if text not in _TRUE | _FALSE:
        raise UnfitError(f"{text[:80]!r} is neither true nor false")
    return text in _TRUE


def _number(_known: object, value: object) -> object:
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise UnfitError(f"{text[:80]!r} is not a number in digits with a dot")
    return text


def _date(known: Field | Column, value: object) -> str:
    """Return a date, also from a datetime."""
    match = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    return match[1] if match is not None else _text(known, value)


def _text(known: Field | Column, value: object) -> str:
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    if any(isinstance(part, dict | list) for part in parts):
        raise UnfitError("it is not a text")
    text = ", ".join(("true" if part else "false") if isinstance(part, bool) else str(part) for part in parts)
    if known.type != "multiline" and ("\n" in text or "\r" in text):
        raise UnfitError("it has several lines, and the field holds one")
    if known.type == "link" and not text.strip().lower().startswith(("http://", "https://")):
        raise UnfitError("it is not an address that begins with http:// or https://")
    return text


def _rows(known: Field | Column, value: object) -> list[dict[str, object]]:
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise UnfitError("it is not a table") from None
    if not isinstance(value, list) or any(not isinstance(row, dict) for row in cast("list[object]", value)):
        raise UnfitError("it is not a table")
    columns = known.columns if isinstance(known, Field) else ()
    return [_row(columns, row) for row in cast("list[Mapping[str, object]]", value)]


def _row(columns: Sequence[Column], row: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, cell in row.items():
        if is_empty(cell):
            continue
        known = [one for one in columns if name == one.id or name.strip().casefold() == one.label.strip().casefold()]
        if len(known) != 1:
            raise UnfitError(f"the table has no column {name[:80]}")
        found[known[0].id] = cell if known[0].type in PEOPLE else fitting(known[0], cell)
    return found


_FITS: Mapping[str, Callable[[Field | Column, object], object]] = {
    "choice": _choice,
    "choices": _choices,
    "boolean": _truth,
    "integer": _number,
    "rating": _number,
    "decimal": _number,
    "date": _date,
    "table": _rows,
    **dict.fromkeys(("text", "multiline", "link", "datetime", "time"), _text),
}
