"""What an imported instance says of where it comes from, as its first comment: dates and users are others now."""

from collections.abc import Sequence

from satchel.client.import_manifest import ManifestFile, ManifestInstance

MOST_CHARS = 8_000
"""How long the comment gets; a server takes 10,000 characters."""


def origin(source: str, found: ManifestInstance, files: Sequence[ManifestFile]) -> str:
    """Return where an instance was, who started it and when, and the same of each file, as far as it is known."""
    began = f", started {found.started_at}" if found.started_at else ""
    by = f" by {found.starter}" if found.starter is not None else ""
    state = f", {found.state}" if found.state else ""
    lines = [f"Imported from {source}: {found.identifier or found.id}{began}{by}{state}."]
    told = [line for file in files if (line := _line(file))]
    length = len(lines[0])
    for number, line in enumerate(told):
        length += len(line) + 1
        if length > MOST_CHARS:
            lines.append(f"... and {len(told) - number} more files.")
            break
        lines.append(line)
    return "\n".join("".join(char if char.isprintable() else " " for char in line) for line in lines)


def _line(file: ManifestFile) -> str:
    when = f" {file.created_at}" if file.created_at else ""
    by = f" by {file.created_by}" if file.created_by is not None else ""
    return f"{file.name}: attached{when}{by}" if when or by else ""
