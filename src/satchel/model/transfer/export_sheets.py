"""The lists of an export as tables: CSV (RFC 4180) in UTF-8, the same in a tree and in an archive."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import msgspec

from satchel.model.transfer.spreadsheet import safe_cell

MANIFEST_CSV = "manifest.csv"
VALUES_CSV = "values.csv"

FILE_COLUMNS = (
    *("path", "id", "uuid", "instance", "identifier", "app", "field", "area", "kind", "name", "description"),
    *("size", "media_type", "sha256", "url", "created_at", "created_by", "source"),
)
INSTANCE_COLUMNS: tuple[str, ...] = (
    *("id", "uuid", "identifier", "app", "app_name", "title", "state", "starter", "started_at", "ended_at"),
)


_PLAIN = frozenset({int, float, type(None)})
"""Types that are written to a cell unchanged; None leaves it empty."""

_LINE = msgspec.json.Decoder(dict[str, object])


def decoded(line: bytes | str) -> Mapping[str, object]:
    """Decode a line of a list."""
    return _LINE.decode(line)


def flat(instance: Mapping[str, object]) -> dict[str, object]:
    """Return an instance with its values among its members; a field with the name of a member is `values.NAME`."""
    row = {name: instance.get(name) for name in INSTANCE_COLUMNS}
    values = cast("Mapping[str, object]", instance.get("values") or {})
    return {**row, **{f"values.{name}" if name in row else name: value for name, value in values.items()}}


def value_columns(rows: Iterable[Mapping[str, object]], before: Sequence[str] = INSTANCE_COLUMNS) -> tuple[str, ...]:
    """Return the columns of some flat instances, after the already known ones."""
    known = dict.fromkeys(before)
    for row in rows:
        known.update(dict.fromkeys(row))
    return tuple(known)


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Return rows; values other than texts and numbers are JSON, and texts are no formulas (see `safe_cell`)."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return safe_cell(value)
    return value if type(value) in _PLAIN else msgspec.json.encode(value).decode()


def heading(columns: Sequence[str]) -> bytes:
    """Return the first row."""
    return table(columns, [dict(zip(columns, columns, strict=True))])
