"""What an export writes beside its files: manifest and values, each as JSON lines and as CSV, and a report."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import cast

import msgspec

from satchel.client.exporting import Report
from satchel.client.ledger import INSTANCES, REPORT, Ledger
from satchel.client.tree import MANIFEST, Tree

MANIFEST_CSV = "manifest.csv"
VALUES_CSV = "values.csv"

_PIECE_CHARS = 64 * 1024

_FILE_COLUMNS = (
    *("path", "id", "uuid", "instance", "identifier", "app", "field", "area", "kind", "name", "description"),
    *("size", "media_type", "sha256", "url", "created_at", "created_by", "source"),
)
_INSTANCE_COLUMNS = (
    *("id", "uuid", "identifier", "app", "app_name", "title", "state", "starter", "started_at", "ended_at"),
)


def write_manifests(tree: Tree, ledger: Ledger, report: Report, about: Mapping[str, object]) -> None:
    """Write everything at the top of a tree, each file whole or not at all.

    Args:
        tree: where to.
        ledger: what lies in the tree.
        report: what this run did.
        about: what this run was asked for: `source`, `started_at` and the search.

    Raises:
        NoRoom: the disk is full; the journal still has everything.
    """
    tree.write(INSTANCES, ledger.instance_lines())
    tree.write(VALUES_CSV, _values(ledger))
    tree.write(MANIFEST_CSV, _rows(_FILE_COLUMNS, map(_decoded, ledger.file_lines())))
    tree.write(MANIFEST, ledger.file_lines())
    data = msgspec.json.format(msgspec.json.encode({**about, **asdict(report)}), indent=2)
    tree.write(REPORT, [data, b"\n"])


def _decoded(line: bytes) -> Mapping[str, object]:
    return msgspec.json.decode(line, type=dict[str, object])


def _values(ledger: Ledger) -> Iterator[bytes]:
    """Give a row for each instance, with a column for each field that any of them has."""
    fields: dict[str, None] = {}
    for line in ledger.instance_lines():
        fields.update(dict.fromkeys(_flat(_decoded(line))))
    columns = (*_INSTANCE_COLUMNS, *(name for name in fields if name not in _INSTANCE_COLUMNS))
    yield from _rows(columns, (_flat(_decoded(line)) for line in ledger.instance_lines()))


def _flat(instance: Mapping[str, object]) -> dict[str, object]:
    """Return an instance with its values beside its own members; a field of the same name is called `values.NAME`."""
    row = {name: instance.get(name) for name in _INSTANCE_COLUMNS}
    values = cast("Mapping[str, object]", instance.get("values") or {})
    return {**row, **{f"values.{name}" if name in row else name: value for name, value in values.items()}}


def _rows(columns: tuple[str, ...], rows: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """Give CSV (RFC 4180) in UTF-8; what is no text or number is JSON."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
        if text.tell() >= _PIECE_CHARS:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _cell(value: object) -> str | int | float:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return msgspec.json.encode(value).decode()
