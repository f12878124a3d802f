"""The origin of an imported instance, as its first comment: its new dates and users are those of the import."""

from collections.abc import Sequence

from satchel.client.import_manifest import ManifestFile, ManifestInstance

MOST_CHARS = 8_000
"""Maximum length of the comment; a server accepts 10,000 characters."""


def origin(source: str, found: ManifestInstance, files: Sequence[ManifestFile]) -> str:
    """Return the source of an instance, who started it and when, and the same of each file, if known."""
    began = f", started {found.started_at}" if found.started_at else ""
    by = f" by {found.starter}" if found.starter is not None else ""
    state = f", {found.state}" if found.state else ""
    lines = [f"Imported from {source}: {found.identifier or found.id}{began}{by}{state}."]
    file_lines = [line for file in files if (line := _line(file))]
    length = len(lines[0])
    for number, line in enumerate(file_lines):
        length += len(line) + 1
        if length > MOST_CHARS:
            lines.append(f"... and {len(file_lines) - number} more files.")
            break
        lines.append(line)
    return "\n".join("".join(char if char.isprintable() else " " for char in line) for line in lines)


def _line(file: ManifestFile) -> str:
    when = f" {file.created_at}" if file.created_at else ""
    by = f" by {file.created_by}" if file.created_by is not None else ""
    return f"{file.name}: attached{when}{by}" if when or by else ""
