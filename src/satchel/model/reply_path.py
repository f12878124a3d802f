"""Paths into JSON replies: `$.order.lines[0].id`, the part of RFC 9535 (JSONPath) that names exactly one value."""

import re
from collections.abc import Sequence
from typing import cast

REPLY_PATH = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_-]*|\[[0-9]{1,6}\]|\['[^'\x00-\x1f]{1,100}'\])*")
_STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+)\]|\['([^']+)'\]")


def parse_path(text: str) -> tuple[str | int, ...] | None:
    """Return the steps of a path: names of members and positions in arrays; None if it is malformed."""
    if not REPLY_PATH.fullmatch(text):
        return None
    return tuple(int(step[1]) if step[1] else step[0] or step[2] for step in _STEP.findall(text))


def value_at(document: object, steps: Sequence[str | int]) -> object:
    """Return the value at a path of a decoded JSON document, or None."""
    found = document
    for step in steps:
        if isinstance(step, int):
            items = cast("list[object]", found) if isinstance(found, list) else []
            found = items[step] if step < len(items) else None
        else:
            found = cast("dict[str, object]", found).get(step) if isinstance(found, dict) else None
    return found
