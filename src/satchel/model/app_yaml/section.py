"""One mapping of a document being read: hands out its entries by key, typed, and notes whatever is wrong.

Every getter answers None for an entry that is absent or wrong, after noting a finding for the latter, so that a reader
goes on and all findings come at once.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from datetime import timedelta
from decimal import Decimal

from satchel.model.app_yaml.document import ListNode, MapNode, Node, ScalarNode
from satchel.model.errors import Finding

MAX_SIZE_BYTES = 2**50
MAX_DUE = timedelta(days=3660)

_SIZE = re.compile(r"([0-9]{1,15}) ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_UNITS = {
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip  # decimal and binary units side by side
_DURATION = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,5})W)?(?:([0-9]{1,5})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,8})S)?)?"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class Findings:
    """Collects what is wrong with one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.noted: list[Finding] = []

    def add(self, code: str, line: int | None, message: str, *, element: str | None = None) -> None:
        """Note one finding."""
        self.noted.append(Finding(code=code, file=self.file, line=line, element=element, message=message))


class Section:
    """A mapping with known keys.

    Attributes:
        name: what it is, for messages: `The field amount`.
        line: where it begins.
    """

    def __init__(self, node: Node, *, name: str, keys: Collection[str] | None, findings: Findings) -> None:
        """Read `node`; keys outside `keys` are noted, unless that is None."""
        self.name = name
        self.line = node.line
        self.findings = findings
        self._map = node if isinstance(node, MapNode) else MapNode(line=node.line, entries={}, lines={})
        if not isinstance(node, MapNode):
            self.note("type", None, "must be a mapping (key: value).")
        elif keys is not None:
            for key in node.entries:
                if key not in keys:
                    self.note("unknown_key", key, f"has no key {key[:80]}{meant(key, keys)}")

    @property
    def node(self) -> MapNode:
        """The mapping itself; empty where something else stood there."""
        return self._map

    def __contains__(self, key: str) -> bool:
        return key in self._map.entries

    def line_of(self, key: str | None) -> int:
        """Return the line of a key, or of the section where it has none."""
        return self._map.lines.get(key, self.line) if key is not None else self.line

    def note(self, code: str, key: str | None, message: str) -> None:
        """Note a finding about this section or one of its keys; `message` goes on after the section's name."""
        self.findings.add(code, self.line_of(key), f"{self.name} {message}")

    def require(self, *keys: str) -> None:
        """Note each of these keys that is missing."""
        for key in keys:
            if key not in self:
                self.note("missing_key", None, f"has no {key}.")

    def text(
        self,
        key: str,
        *,
        longest: int,
        shortest: int = 1,
        shape: re.Pattern[str] | None = None,
        hint: str = "",
        lines: bool = False,
    ) -> str | None:
        """Return a text of `shortest` to `longest` characters that matches `shape`; `hint` says what the shape is."""
        node = self._map.entries.get(key)
        if node is None:
            return None
        value = self._text(node, key)
        if value is None:
            return None
        if not shortest <= len(value) <= longest:
            self.note(
                "text_length", key, f"has a {key} of {len(value)} characters; {shortest} to {longest} are allowed."
            )
        elif shape is not None and not shape.fullmatch(value):
            self.note("format", key, f"has the {key} {value[:80]!r}; {hint}")
        elif (_CONTROL_BUT_LINES if lines else _CONTROL).search(value):
            self.note("control_character", key, f"has a line break or control character in its {key}.")
        else:
            return value
        return None

    def integer(self, key: str, *, low: int, high: int) -> int | None:
        """Return an integer of `low` to `high`."""
        value = self._scalar(key)
        if value is None:
            return None
        if isinstance(value.value, bool) or not isinstance(value.value, int):
            self.note("type", key, f"needs a whole number as its {key}, not {value.text[:40]!r}.")
        elif not low <= value.value <= high:
            self.note("out_of_range", key, f"has {key} {value.value}; {low} to {high} are allowed.")
        else:
            return value.value
        return None

    def decimal(self, key: str) -> Decimal | None:
        """Return a number, exactly as written."""
        value = self._scalar(key)
        if value is None:
            return None
        if isinstance(value.value, bool) or not isinstance(value.value, int | Decimal):
            self.note("type", key, f"needs a number as its {key}, not {value.text[:40]!r}.")
            return None
        return Decimal(value.value)

    def boolean(self, key: str) -> bool | None:
        """Return true or false."""
        value = self._scalar(key)
        if value is None:
            return None
        if not isinstance(value.value, bool):
            self.note("type", key, f"needs true or false as its {key}, not {value.text[:40]!r}.")
            return None
        return value.value

    def size_bytes(self, key: str) -> int | None:
        """Return a size: a number of bytes, or a number with a unit (`10MiB`, `500kB`)."""
        value = self._scalar(key)
        if value is None:
            return None
        size: int | None = None
        if isinstance(value.value, int) and not isinstance(value.value, bool):
            size = value.value
        elif not isinstance(value.value, str):
            self.note("type", key, f"needs a size such as 10MiB as its {key}, not {value.text[:40]!r}.")
            return None
        elif match := _SIZE.fullmatch(value.value):
            size = int(match[1]) * _UNITS[match[2]]
        else:
            units = ", ".join(_UNITS)
            self.note("format", key, f"has the {key} {value.text[:40]!r}; write bytes or a number and one of {units}.")
            return None
        if 0 <= size <= MAX_SIZE_BYTES:
            return size
        code = "out_of_range" if isinstance(value.value, int) else "size_range"
        self.note(code, key, f"has the {key} {value.text[:40]}; 0 to {MAX_SIZE_BYTES} bytes are allowed.")
        return None

    def duration(self, key: str) -> timedelta | None:
        """Return an ISO 8601 duration in weeks, days, hours, minutes and seconds (`P3D`, `PT8H`)."""
        node = self._map.entries.get(key)
        value = None if node is None else self._text(node, key)
        if value is None:
            return None
        match = _DURATION.fullmatch(value)
        if not match:
            self.note(
                "format",
                key,
                f"has the {key} {value[:40]!r}; write an ISO 8601 duration in weeks, days, hours, minutes or seconds "
                "such as P3D or PT8H (months and years have no fixed length).",
            )
            return None
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not timedelta(0) < duration <= MAX_DUE:
            self.note(
                "duration_range",
                key,
                f"has the {key} {value}; more than nothing and at most {MAX_DUE.days} days are allowed.",
            )
            return None
        return duration

    def one_of(self, key: str, allowed: Collection[str]) -> str | None:
        """Return a text that is one of `allowed`."""
        node = self._map.entries.get(key)
        value = None if node is None else self._text(node, key)
        if value is None:
            return None
        if value not in allowed:
            self.note("unknown_value", key, f"has the unknown {key} {value[:80]!r}{meant(value, allowed)}")
            return None
        return value

    def items(self, key: str, *, longest: int, shortest: int = 0) -> list[Node]:
        """Return the items of a list; empty where there is none."""
        node = self._map.entries.get(key)
        if node is None:
            return []
        if not isinstance(node, ListNode):
            self.note("type", key, f"needs a list as its {key}: [one, two].")
            return []
        if not shortest <= len(node.items) <= longest:
            self.note("out_of_range", key, f"has {len(node.items)} {key}; {shortest} to {longest} are allowed.")
            return []
        return node.items

    def texts(self, key: str, *, longest: int, shortest: int = 0) -> list[tuple[str, int]]:
        """Return the texts of a list, each with its line."""
        found: list[tuple[str, int]] = []
        for node in self.items(key, longest=longest, shortest=shortest):
            if isinstance(node, ScalarNode) and isinstance(node.value, str):
                found.append((node.value, node.line))
            else:
                self.findings.add("type", node.line, f"{self.name} needs only texts in its {key}.")
        return found

    def sections(
        self, key: str, *, name: str, keys: Collection[str], longest: int, shortest: int = 0
    ) -> "Iterator[Section]":
        """Yield the mappings of a list as sections called `name 1`, `name 2`, ..."""
        for index, node in enumerate(self.items(key, longest=longest, shortest=shortest), start=1):
            yield Section(node, name=f"{self.name}: {name} {index}", keys=keys, findings=self.findings)

    def entries(self, key: str, *, longest: int) -> "Iterator[tuple[str, Node, int]]":
        """Yield key, node and line of a mapping of names that the file chooses."""
        node = self._map.entries.get(key)
        if node is None:
            return
        if not isinstance(node, MapNode):
            self.note("type", key, f"needs a mapping (name: ...) as its {key}.")
        elif len(node.entries) > longest:
            self.note("out_of_range", key, f"has {len(node.entries)} {key}; at most {longest} are allowed.")
        else:
            for name, entry in node.entries.items():
                yield name, entry, node.lines[name]

    def _scalar(self, key: str) -> ScalarNode | None:
        node = self._map.entries.get(key)
        if node is None:
            return None
        if not isinstance(node, ScalarNode):
            self.note("type", key, f"needs a single value as its {key}.")
            return None
        if node.value is None:
            self.note("type", key, f"has an empty {key}; give a value or remove the key.")
            return None
        return node

    def _text(self, node: Node, key: str) -> str | None:
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ScalarNode) and node.value is not None:
            self.note("type", key, f'needs a text as its {key}; write it in quotes: "{node.text[:40]}".')
        elif isinstance(node, ScalarNode):
            self.note("type", key, f"has an empty {key}; give a value or remove the key.")
        else:
            self.note("type", key, f"needs a text as its {key}.")
        return None


def meant(given: str, allowed: Collection[str]) -> str:
    """Return the end of a sentence about an unknown word: the nearest known one, or all of a few."""
    near = difflib.get_close_matches(given[:80], sorted(allowed), n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are: {', '.join(sorted(allowed))}." if 0 < len(allowed) <= 24 else "."  # noqa: PLR2004  # a line's worth
