"""The report of an import, for people and as a file: a line for each value left out, file moved and failure."""

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import msgspec

from satchel.client.import_manifest import ManifestFile, ManifestInstance
from satchel.client.tree import disk_errors
from satchel.model.errors import SatchelError

NAME = "import-report.jsonl"
MOST_KEPT = 1_000
"""Maximum number of entries of each kind in memory; the file has all, and everything is counted."""

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """The result of a run.

    Attributes:
        instances: how many the tree has; `started` now, `there` by an earlier run.
        files, links: how many were added now.
        moved: files of an unknown field, in the attachments tab.
        orphans: files of instances that the tree does not list, because they were deleted while it was filled.
        left_out: values without meaning or field in the app; `fields` counts them by field.
        failures: refused instances or files; `failed` counts them.
    """

    instances: int = 0
    started: int = 0
    there: int = 0
    files: int = 0
    links: int = 0
    moved: int = 0
    orphans: int = 0
    failed: int = 0
    fields: Counter[str] = field(default_factory=Counter[str])
    left_out: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    failures: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


class ReportFile:
    """A report that is written beside the manifest during the run, replacing that of the previous run."""

    def __init__(self, tree: Path) -> None:
        self.report = ImportReport()
        with disk_errors(NAME):
            self._file = os.fdopen(os.open(tree / NAME, _FLAGS, 0o644), "wb")

    def close(self) -> None:
        """Write the totals as the last line."""
        one = self.report
        totals = {name: getattr(one, name) for name in ("instances", "started", "there", "files", "links")}
        counts = {"moved": one.moved, "orphans": one.orphans, "left_out": one.fields.total(), "failed": one.failed}
        with disk_errors(NAME), self._file:
            self._write("totals", {**totals, **counts})

    def left(self, found: ManifestInstance, name: str, value: object, why: str) -> None:
        """Record a value that is left out."""
        self.report.fields[found.labels.get(name, name)] += 1
        line = {"instance": found.id, "identifier": found.identifier, "field": name, "value": value, "why": why}
        if len(self.report.left_out) < MOST_KEPT:
            self.report.left_out.append(line)
        self._write("left_out", line)

    def moved(self, found: ManifestInstance, file: ManifestFile, why: str) -> None:
        """Record a file that goes to the attachments tab instead of its field."""
        self.report.moved += 1
        about = {"instance": found.id, "identifier": found.identifier, "file": file.id, "name": file.name}
        self._write("moved", {**about, "field": file.field, "why": why})

    def failed(self, found: ManifestInstance, error: SatchelError, file: ManifestFile | None = None) -> None:
        """Record an instance that was not started, or a file that was not added."""
        listed = error.members.get("errors")
        line: dict[str, object] = {
            "instance": found.id,
            "identifier": found.identifier,
            "title": found.title,
            **({} if file is None else {"file": file.id, "name": file.name}),
            "code": error.code,
            "message": error.message,
            "errors": cast("list[object]", listed) if isinstance(listed, list) else [],
        }
        self.report.failed += 1
        if len(self.report.failures) < MOST_KEPT:
            self.report.failures.append(line)
        self._write("failed", line)

    def _write(self, kind: str, line: Mapping[str, object]) -> None:
        with disk_errors(NAME), suppress(ValueError):  # closed: the run has ended
            self._file.write(msgspec.json.encode({"kind": kind, **line}) + b"\n")
