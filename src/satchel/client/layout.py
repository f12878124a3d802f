"""The path of an instance's file in a tree: folders from a pattern, and names that are safe on every file system."""

import string
from collections.abc import Mapping, Sequence

from satchel.client.sources.source import FoundFile, SourceInstance
from satchel.model.errors import InvalidRequest
from satchel.model.transfer.names import folder_key, safe_name

DEFAULT = "{id}_{app}_({subject})"
NAMES = ("id", "identifier", "app", "code", "subject", "state", "year", "month", "day", "field", "area", "file")
"""The names allowed in braces in a pattern."""

RESERVED = (
    *("manifest.jsonl", "manifest.csv", "instances.jsonl", "values.csv", "report.json", ".satchel-export"),
    *("import.jsonl", "import-report.jsonl"),
)
"""The files that an export, and an import from it, write at the top of a tree."""

_MOST_LEVELS = 8


class FolderLayout:
    """A pattern of folders, such as `{app}/{year}/{id}_({subject})`."""

    def __init__(self, pattern: str = DEFAULT) -> None:
        """Read a pattern.

        Raises:
            InvalidRequest: it has an unknown name, or is not a path.
        """
        self.pattern = pattern
        levels = [level for level in pattern.split("/") if level]
        if len(levels) > _MOST_LEVELS or pattern.startswith("/"):
            raise InvalidRequest(f"The layout is a relative path of at most {_MOST_LEVELS} folders.")
        try:
            self._levels = [list(string.Formatter().parse(level)) for level in levels]
        except ValueError as error:
            raise InvalidRequest(f"The layout is malformed: {error}.") from None
        for level in self._levels:
            for _, name, form, conversion in level:
                if name is not None and (name not in NAMES or form or conversion):
                    raise InvalidRequest(f"The layout may contain {', '.join(f'{{{known}}}' for known in NAMES)}.")

    def folders(self, found: SourceInstance, file: FoundFile) -> tuple[str, ...]:
        """Return the folders of a file, outermost first, each a safe name."""
        given: Mapping[str, str] = {
            "id": str(found.id),
            "identifier": found.identifier,
            "app": found.app_name,
            "code": found.app,
            "subject": found.title,
            "state": found.state,
            "year": found.started_at[0:4],
            "month": found.started_at[5:7],
            "day": found.started_at[8:10],
            "field": file.field or "attachments",
            "area": file.area or "",
            "file": str(file.id),
        }
        made = tuple(safe_name(_filled(level, given), fallback="_") for level in self._levels)
        if made and folder_key(made[0]) in _RESERVED_KEYS:
            return (f"_{made[0]}", *made[1:])
        return made


_RESERVED_KEYS = frozenset(folder_key(name) for name in RESERVED)


def _filled(level: Sequence[tuple[str, str | None, str | None, str | None]], given: Mapping[str, str]) -> str:
    return "".join(text + (given[name] if name is not None else "") for text, name, _, _ in level)


def path_key(folders: Sequence[str], name: str) -> str:
    """Return a key that is equal for two paths that some file system treats as one."""
    return "/".join(folder_key(part) for part in (*folders, name))
