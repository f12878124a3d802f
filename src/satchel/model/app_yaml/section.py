"""One mapping of a document: returns its entries by key, typed, and notes faults.

Its shape defines the value of each key, and its limits. Every getter returns None for an entry that is absent or
wrong, after noting a finding for the latter, so that a reader continues and all findings are reported at once.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from satchel.model.app_yaml.document import ListNode, MapNode, Node, ScalarNode
from satchel.model.app_yaml.due_times import UnfitError, read_due, read_duration
from satchel.model.app_yaml.shapes import (
    ALL,
    Choice,
    Each,
    Kind,
    OneOf,
    Pairs,
    Shape,
    Single,
    Text,
    Texts,
    Whole,
    WordOr,
)
from satchel.model.errors import Finding
from satchel.model.working_time import Due

MAX_SIZE_BYTES = 2**50
MAX_EXPRESSION_CHARS = 1000

SIZE = re.compile(r"([0-9]{1,15}) ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_UNITS = {
    "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip  # decimal and binary units side by side
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


Time = TypeVar("Time", timedelta, Due)
Wanted = TypeVar("Wanted", Text, Whole, OneOf, Texts, Each, WordOr)


class Findings:
    """Collects the findings of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.noted: list[Finding] = []

    def add(self, code: str, line: int | None, message: str, *, element: str | None = None) -> None:
        """Note one finding."""
        self.noted.append(Finding(code=code, file=self.file, line=line, element=element, message=message))


class Section:
    """A mapping of a document.

    Attributes:
        name: for messages: `The field amount`.
        line: its first line.
        chosen: of a `Choice`, the word that selects its shape; empty if it is absent or unknown.
    """

    def __init__(self, node: Node, *, name: str, kind: Shape | Choice | Pairs, findings: Findings) -> None:
        """Read `node`, noting missing and unknown keys."""
        self.name = name
        self.line = node.line
        self.findings = findings
        self.chosen = ""
        self._map = node if isinstance(node, MapNode) else MapNode(line=node.line, entries={}, lines={})
        self._kinds: Mapping[str, Kind] = {}
        self._pairs: Pairs | None = None
        if not isinstance(node, MapNode):
            self.note("type", None, "must be a mapping (key: value).")
        match kind:
            case Shape():
                self._take(kind)
            case Choice():
                self._choose(kind)
            case Pairs():
                self._pairs = kind

    def _take(self, shape: Shape, of: str = "") -> None:
        """Note differences from a shape; `of` names it."""
        self._kinds = {**self._kinds, **shape.keys}
        for key in () if shape.is_open else self._map.entries:
            if key not in self._kinds:
                self.note("unknown_key", key, f"{of}has no key {key[:80]}{meant(key, self._kinds)}")
        self.require(*shape.required)

    def _choose(self, choice: Choice) -> None:
        self._kinds = {choice.by: OneOf(tuple(choice.shapes)), **choice.always}
        self.require(choice.by)
        self.chosen = self.one_of(choice.by) or ""
        if self.chosen:
            self._take(choice.shapes[self.chosen], f"of {choice.by} {self.chosen} ")

    @property
    def node(self) -> MapNode:
        """The mapping itself; empty if it was something else."""
        return self._map

    def __contains__(self, key: str) -> bool:
        return key in self._map.entries

    def line_of(self, key: str | None) -> int:
        """Return the line of a key, or of the section if the key is absent."""
        return self._map.lines.get(key, self.line) if key is not None else self.line

    def note(self, code: str, key: str | None, message: str) -> None:
        """Note a finding about this section or one of its keys; `message` continues the section's name."""
        self.findings.add(code, self.line_of(key), f"{self.name} {message}")

    def require(self, *keys: str) -> None:
        """Note each missing key."""
        for key in keys:
            if key not in self:
                self.note("missing_key", None, f"has no {key}.")

    def text(self, key: str) -> str | None:
        """Return a text."""
        kind = self._kind(key, Text)
        value = self._text(key)
        if value is None:
            return None
        if not kind.shortest <= len(value) <= kind.longest:
            limits = f"{kind.shortest} to {kind.longest} are allowed."
            self.note("text_length", key, f"has a {key} of {len(value)} characters; {limits}")
        elif kind.shape is not None and not kind.shape.fullmatch(value):
            self.note("format", key, f"has the {key} {value[:80]!r}; {kind.hint}")
        elif (_CONTROL_BUT_LINES if kind.lines else _CONTROL).search(value):
            self.note("control_character", key, f"has a line break or control character in its {key}.")
        else:
            return value
        return None

    def integer(self, key: str) -> int | None:
        """Return a whole number."""
        kind = self._kind(key, Whole)
        value = self._scalar(key)
        if value is None:
            return None
        if isinstance(value.value, bool) or not isinstance(value.value, int):
            self.note("type", key, f"requires a whole number as its {key}, not {value.text[:40]!r}.")
        elif not kind.low <= value.value <= kind.high:
            self.note("out_of_range", key, f"has {key} {value.value}; {kind.low} to {kind.high} are allowed.")
        else:
            return value.value
        return None

    def decimal(self, key: str) -> Decimal | None:
        """Return a number, exactly as written."""
        self._require_single(key, Single.NUMBER)
        value = self._scalar(key)
        if value is None:
            return None
        if isinstance(value.value, bool) or not isinstance(value.value, int | Decimal):
            self.note("type", key, f"requires a number as its {key}, not {value.text[:40]!r}.")
            return None
        return Decimal(value.value)

    def boolean(self, key: str) -> bool | None:
        """Return true or false."""
        self._require_single(key, Single.FLAG)
        value = self._scalar(key)
        if value is None:
            return None
        if not isinstance(value.value, bool):
            self.note("type", key, f"requires true or false as its {key}, not {value.text[:40]!r}.")
            return None
        return value.value

    def size_bytes(self, key: str) -> int | None:
        """Return a size in bytes."""
        self._require_single(key, Single.SIZE)
        value = self._scalar(key)
        if value is None:
            return None
        size: int | None = None
        if isinstance(value.value, int) and not isinstance(value.value, bool):
            size = value.value
        elif not isinstance(value.value, str):
            self.note("type", key, f"requires a size such as 10MiB as its {key}, not {value.text[:40]!r}.")
            return None
        elif match := SIZE.fullmatch(value.value):
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
        """Return a duration."""
        self._require_single(key, Single.DURATION)
        return self._read(key, read_duration)

    def due(self, key: str) -> Due | None:
        """Return a duration, or working time."""
        self._require_single(key, Single.DUE)
        return self._read(key, read_due)

    def _read(self, key: str, read: Callable[[str], Time]) -> Time | None:
        value = self._text(key)
        try:
            return None if value is None else read(value)
        except UnfitError as unfit:
            self.note(unfit.code, key, f"has the {key} {unfit}")
            return None

    def expression(self, key: str) -> str | None:
        """Return the text of an expression."""
        self._require_single(key, Single.EXPRESSION)
        node = self._scalar(key)
        if node is None:
            return None
        text = node.text.lower() if isinstance(node.value, bool) else node.text
        if not 1 <= len(text) <= MAX_EXPRESSION_CHARS:
            limits = f"1 to {MAX_EXPRESSION_CHARS} are allowed."
            self.note("text_length", key, f"has a {key} of {len(text)} characters; {limits}")
            return None
        return text

    def word_or_part(self, key: str) -> "tuple[str | None, Section | None]":
        """Return one of the allowed words, and the mapping that has it, if it stands in one."""
        kind, node = self._kind(key, WordOr), self._map.entries.get(key)
        if isinstance(node, MapNode):
            part = Section(node, name=f"{self.name}: {key}", kind=kind.shape, findings=self.findings)
            return part.one_of(kind.key), part
        return self._word(key, kind.words.words), None

    def one_of(self, key: str) -> str | None:
        """Return one of the allowed words; None where a mapping has them in its place."""
        kind = self._kinds[key] if self._pairs is None else self._pairs.values
        if isinstance(kind, Shape) and isinstance(self._map.entries.get(key), MapNode):
            return None
        return self._word(key, kind.words if isinstance(kind, Shape) else self._kind(key, OneOf).words)

    def _word(self, key: str, words: Sequence[str]) -> str | None:
        value = self._text(key)
        if value is None:
            return None
        if value not in words:
            self.note("unknown_value", key, f"has the unknown {key} {value[:80]!r}{meant(value, words)}")
            return None
        return value

    def texts(self, key: str) -> list[tuple[str, int]]:
        """Return the texts of a list, each with its line."""
        kind = self._kind(key, Texts)
        found: list[tuple[str, int]] = []
        for node in self._items(key, kind):
            if not isinstance(node, ScalarNode) or not isinstance(node.value, str):
                self.findings.add("type", node.line, f"{self.name} requires only texts in its {key}.")
            elif kind.shape is not None and not kind.shape.fullmatch(node.value):
                self.findings.add("format", node.line, f"{self.name} has {node.value[:80]!r} in its {key}; {kind.hint}")
            else:
                found.append((node.value, node.line))
        return found

    def sections(self, key: str) -> "Iterator[Section]":
        """Yield the mappings of a list."""
        kind = self._kind(key, Each)
        for index, node in enumerate(self._items(key, kind), start=1):
            yield Section(node, name=f"{self.name}: {kind.name} {index}", kind=kind.shape, findings=self.findings)

    def part(self, key: str, *, name: str | None = None) -> "Section | None":
        """Return the mapping of a key, named by it or by `name`; None if it is absent or a word in its place."""
        kind, node = self._kinds[key], self._map.entries.get(key)
        if not isinstance(kind, Shape | Choice | Pairs):
            raise TypeError(f"{key} holds no mapping")
        may_be_all = isinstance(kind, Pairs) and kind.or_all
        may_be_word = isinstance(kind, Shape) and bool(kind.words)
        if node is None or (isinstance(node, ScalarNode) and ((may_be_all and node.value == ALL) or may_be_word)):
            return None
        return Section(node, name=name or f"{self.name}: {key}", kind=kind, findings=self.findings)

    def names(self) -> Iterator[str]:
        """Yield the keys that the document chose, noting malformed ones."""
        pairs = self._pairs
        if pairs is None:
            raise TypeError(f"{self.name} has known keys")
        if pairs.longest is not None and len(self._map.entries) > pairs.longest:
            self.note("out_of_range", None, f"has {len(self._map.entries)} keys; at most {pairs.longest} are allowed.")
            return
        for key in self._map.entries:
            if pairs.names is None or _fits(key, pairs.names):
                yield key
            else:
                self.note("format", key, f"has the key {key[:80]!r}; {pairs.names.hint}")

    def members(self, key: str, *, name: str) -> "Iterator[tuple[str, Section]]":
        """Yield the mappings of a mapping by their keys, each named `name` and its key."""
        pairs, part = self._kinds[key], self.part(key)
        kind = pairs.values if isinstance(pairs, Pairs) else None
        if not isinstance(kind, Shape | Choice):
            raise TypeError(f"{key} holds no mappings")
        if part is not None:
            for own in part.names():
                yield own, Section(part.node.entries[own], name=f"{name} {own}", kind=kind, findings=self.findings)

    def _kind(self, key: str, wanted: type[Wanted]) -> Wanted:
        kind = self._kinds[key] if self._pairs is None else self._pairs.values
        if not isinstance(kind, wanted):
            raise TypeError(f"{key} is no {wanted.__name__}")
        return kind

    def _require_single(self, key: str, wanted: Single) -> None:
        if self._kinds[key] is not wanted:
            raise TypeError(f"{key} is no {wanted.name}")

    def _items(self, key: str, kind: Texts | Each) -> list[Node]:
        """Return the items of a list; empty if there is none."""
        node = self._map.entries.get(key)
        if node is None:
            return []
        if not isinstance(node, ListNode):
            self.note("type", key, f"requires a list as its {key}: [one, two].")
            return []
        if not kind.shortest <= len(node.items) <= kind.longest:
            limits = f"{kind.shortest} to {kind.longest} are allowed."
            self.note("out_of_range", key, f"has {len(node.items)} {key}; {limits}")
            return []
        return node.items

    def _scalar(self, key: str) -> ScalarNode | None:
        node = self._map.entries.get(key)
        if node is None:
            return None
        if not isinstance(node, ScalarNode):
            self.note("type", key, f"requires a single value as its {key}.")
            return None
        if node.value is None:
            self.note("type", key, f"has an empty {key}; give a value or remove the key.")
            return None
        return node

    def _text(self, key: str) -> str | None:
        node = self._map.entries.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ScalarNode) and node.value is not None:
            self.note("type", key, f'requires a text as its {key}; write it in quotes: "{node.text[:40]}".')
        elif isinstance(node, ScalarNode):
            self.note("type", key, f"has an empty {key}; give a value or remove the key.")
        else:
            self.note("type", key, f"requires a text as its {key}.")
        return None


def _fits(name: str, kind: Text) -> bool:
    is_shaped = kind.shape is None or kind.shape.fullmatch(name) is not None
    return is_shaped and kind.shortest <= len(name) <= kind.longest and name.isprintable()


def meant(given: str, allowed: Collection[str]) -> str:
    """Return the end of a message about an unknown word: the nearest known one, or all if there are few."""
    near = difflib.get_close_matches(given[:80], sorted(allowed), n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are: {', '.join(sorted(allowed))}." if 0 < len(allowed) <= 24 else "."  # noqa: PLR2004  # a line's worth
