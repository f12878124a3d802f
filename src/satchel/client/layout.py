"""Where a file of an instance goes in a tree: folders made of a pattern, and names that no file system trips over."""

import string
from collections.abc import Mapping, Sequence

from satchel.client.sources.source import FoundFile, SourceInstance
from satchel.model.errors import InvalidRequest
from satchel.model.transfer.names import folder_key, safe_name

DEFAULT = "{id}_{app}_({subject})"
NAMES = ("id", "identifier", "app", "code", "subject", "state", "year", "month", "day", "field", "area", "file")
"""What a pattern may hold in braces."""

RESERVED = (
    *("manifest.jsonl", "manifest.csv", "instances.jsonl", "values.csv", "report.json", ".satchel-export"),
    *("import.jsonl", "import-report.jsonl"),
)
"""What an export, and an import from it, write at the top of a tree."""

_MOST_LEVELS = 8


class FolderLayout:
    """A pattern of folders, such as `{app}/{year}/{id}_({subject})`."""

    def __init__(self, pattern: str = DEFAULT) -> None:
        """Read a pattern.

        Raises:
            InvalidRequest: it names what there is not, or is no path.
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
                    raise InvalidRequest(f"The layout may hold {', '.join(f'{{{known}}}' for known in NAMES)}.")

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
    """Return what two paths have in common that some file system takes for one."""
    return "/".join(folder_key(part) for part in (*folders, name))
