"""The lists that an export writes beside its files: manifest and values, as JSON lines and as CSV, and a report."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice

import msgspec

from satchel.client.ledger import INSTANCES, REPORT, ExportLedger
from satchel.client.progress import ExportReport
from satchel.client.tree import MANIFEST, ExportTree
from satchel.model.transfer.export_sheets import (
    FILE_COLUMNS,
    INSTANCE_COLUMNS,
    MANIFEST_CSV,
    VALUES_CSV,
    decoded,
    flat,
    heading,
    table,
    value_columns,
)

_ROWS = 200
"""How many rows are written at once."""


def write_manifests(tree: ExportTree, ledger: ExportLedger, report: ExportReport, about: Mapping[str, object]) -> None:
    """Write the lists at the top of a tree, each file atomically.

    Args:
        tree: the target.
        ledger: the files in the tree.
        report: of this run.
        about: this run's `source`, `started_at` and search.

    Raises:
        LocalDiskFull: the disk is full; the journal still has everything.
    """
    tree.write(INSTANCES, ledger.instance_lines())
    tree.write(VALUES_CSV, _values(ledger))
    tree.write(MANIFEST_CSV, _files(ledger))
    tree.write(MANIFEST, ledger.file_lines())
    data = msgspec.json.format(msgspec.json.encode({**about, **asdict(report)}), indent=2)
    tree.write(REPORT, [data, b"\n"])


def _files(ledger: ExportLedger) -> Iterator[bytes]:
    yield heading(FILE_COLUMNS)
    for lines in _groups(ledger.file_lines()):
        yield table(FILE_COLUMNS, map(decoded, lines))


def _values(ledger: ExportLedger) -> Iterator[bytes]:
    """Yield a row for each instance, with a column for each field of any of them."""
    columns = INSTANCE_COLUMNS
    for lines in _groups(ledger.instance_lines()):
        columns = value_columns(map(_row, lines), columns)
    yield heading(columns)
    for lines in _groups(ledger.instance_lines()):
        yield table(columns, map(_row, lines))


def _row(line: bytes) -> Mapping[str, object]:
    return flat(decoded(line))


def _groups(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    while group := list(islice(lines, _ROWS)):
        yield group
