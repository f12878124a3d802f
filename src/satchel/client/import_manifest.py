"""The lines of an export's tree, as an import reads them: each instance with its files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from satchel.client.ledger import INSTANCES
from satchel.client.tree import MANIFEST


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a manifest."""

    id: int
    instance: int
    name: str
    path: str | None = None
    field: str | None = None
    area: str | None = None
    kind: str = "stored"
    description: str = ""
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None
    created_at: str | None = None
    created_by: int | str | None = None


class ManifestInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list of instances."""

    id: int
    app: str
    identifier: str = ""
    title: str = ""
    state: str = ""
    starter: int | str | None = None
    started_at: str = ""
    values: Mapping[str, object] = {}
    labels: Mapping[str, str] = {}


def instances(tree: Path) -> Iterator[tuple[ManifestInstance, list[ManifestFile]]]:
    """Give each instance with its files: both lists go by the instance's number, so that one walk is enough."""
    with (tree / INSTANCES).open("rb") as instances, (tree / MANIFEST).open("rb") as manifest:
        lines = (msgspec.json.decode(line, type=ManifestFile) for line in manifest)
        waiting = next(lines, None)
        for text in instances:
            found = msgspec.json.decode(text, type=ManifestInstance)
            files: list[ManifestFile] = []
            while waiting is not None and waiting.instance <= found.id:
                if waiting.instance == found.id:
                    files.append(waiting)
                waiting = next(lines, None)
            yield found, files
