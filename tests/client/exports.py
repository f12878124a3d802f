"""Exports for tests: run on the application in the process, and compared with what the server has."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satchel.client.api import AsyncClient
from satchel.client.filling import fill
from satchel.client.layout import DEFAULT, RESERVED, FolderLayout
from satchel.client.progress import ExportReport
from satchel.client.sources.native import NativeSource
from satchel.client.sources.source import Source

OURS = frozenset(RESERVED)


async def export(
    client: AsyncClient,
    target: Path,
    query: Mapping[str, object] | None = None,
    *,
    source: Source | None = None,
    resume: bool = False,
    layout: str = DEFAULT,
    since: str | None = None,
    parallel: int = 2,
) -> ExportReport:
    """Export as the command does."""
    taken = source or NativeSource(str(client.driver.account.url), query or {})
    return await fill(
        client.driver,
        taken,
        target,
        layout=FolderLayout(layout),
        about={},
        resume=resume,
        since=since,
        parallel=parallel,
    )


def files_in(target: Path) -> dict[str, bytes]:
    """Return the exported files by path, without what describes them."""
    return {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.relative_to(target).as_posix() not in OURS
    }


def manifest(target: Path) -> list[dict[str, Any]]:
    """Return the lines of the manifest."""
    return [json.loads(line) for line in (target / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


def verified(target: Path) -> dict[str, bytes]:
    """Return the exported files, after each was found to be what the manifest says and there are no others."""
    found = files_in(target)
    said = {line["path"]: (line["size"], line["sha256"]) for line in manifest(target) if line["path"]}
    assert {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in found.items()} == said
    return found
