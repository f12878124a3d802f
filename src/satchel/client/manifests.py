"""What an export writes beside its files: manifest and values, each as JSON lines and as CSV, and a report."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import msgspec

from satchel.client.exporting import Report
from satchel.client.ledger import INSTANCES, REPORT, Ledger
from satchel.client.tree import MANIFEST, Tree
from satchel.model.export_sheets import (
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
    tree.write(MANIFEST_CSV, _files(ledger))
    tree.write(MANIFEST, ledger.file_lines())
    data = msgspec.json.format(msgspec.json.encode({**about, **asdict(report)}), indent=2)
    tree.write(REPORT, [data, b"\n"])


def _files(ledger: Ledger) -> Iterator[bytes]:
    yield heading(FILE_COLUMNS)
    for line in ledger.file_lines():
        yield table(FILE_COLUMNS, [decoded(line)])


def _values(ledger: Ledger) -> Iterator[bytes]:
    """Give a row for each instance, with a column for each field that any of them has."""
    columns: tuple[str, ...] = INSTANCE_COLUMNS
    for line in ledger.instance_lines():
        columns = value_columns([flat(decoded(line))], columns)
    yield heading(columns)
    for line in ledger.instance_lines():
        yield table(columns, [flat(decoded(line))])
