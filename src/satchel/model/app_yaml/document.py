"""YAML documents as trees of nodes that know their lines.

A small, safe part of YAML: mappings with text keys, lists, scalars. Anchors, aliases, tags, merge keys, duplicate keys
and several documents are refused, because with each of them a file can mean something other than what it shows. The
tree is built from PyYAML's events without recursion, so depth and size are bounded here and not by the interpreter.

A plain scalar is a number, `true`, `false`, `null` or text. `yes`, `no`, `on` and `off` are text, as in YAML 1.2;
scalars that YAML's versions read differently (`007`, `1:30`, `1_000`, `0x1F`, `1e3`) are refused with a hint.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeAlias, cast

import yaml

from satchel.model.errors import Finding

MAX_DOCUMENT_BYTES = 1024 * 1024
MAX_DEPTH = 16
MAX_NODES = 50_000

PlainValue: TypeAlias = str | int | Decimal | bool | None
"""The value of a scalar."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,37})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,37})\.[0-9]{1,38}")
_AMBIGUOUS = re.compile(
    r"[-+]?(?:"
    r"[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"  # leading zeros, a leading plus, underscores, exponents, `1.`
    r"|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN)"
    r"|0[xob][0-9a-fA-F_]+"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # base 60
    r")"
)
_parse = cast("Callable[[str, object], Iterator[yaml.Event]]", yaml.parse)  # pyright: ignore[reportUnknownMemberType]  # partial stubs
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarNode:
    """A single value; `text` is its source, without quotes."""

    line: int
    text: str
    value: PlainValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode:
    """A list of nodes."""

    line: int
    items: list["Node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A mapping of text keys to nodes; `lines` holds the line of each key."""

    line: int
    entries: dict[str, "Node"]
    lines: dict[str, int]


Node: TypeAlias = ScalarNode | ListNode | MapNode


def read_document(data: bytes, file: str) -> tuple[Node | None, tuple[Finding, ...]]:
    """Parse one YAML document; the node is None when a finding left nothing to read."""
    builder = _Builder(file)
    if len(data) > MAX_DOCUMENT_BYTES:
        builder.find("document_too_large", None, f"The file has {len(data)} bytes; {MAX_DOCUMENT_BYTES} are allowed.")
        return None, tuple(builder.findings)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line: int | None = data.count(b"\n", 0, error.start) + 1
        builder.find("encoding", line, "The file is not UTF-8 here; save it as UTF-8.")
        return None, tuple(builder.findings)
    try:
        builder.build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        builder.find("yaml_syntax", mark.line + 1 if mark else None, f"This is not YAML: {problem}.")
    except yaml.YAMLError as error:
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
        builder.find("yaml_syntax", line, "This is not YAML: it contains a character that YAML does not allow.")
    except _TooMuchError:
        pass
    return (builder.root if builder.is_whole else None), tuple(builder.findings)


def places(node: Node) -> Mapping[str, int]:
    """Return the line of every node by its JSON pointer (`/fields/3/accept`); of an entry, the line of its key."""
    return {pointer: line for pointer, line, _ in _walk(node)}


def plain(node: Node) -> object:
    """Return the node as JSON data: dicts, lists, text, ints, floats, booleans, None."""
    if isinstance(node, ScalarNode):
        return float(node.value) if isinstance(node.value, Decimal) else node.value
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(item) for key, item in node.entries.items()}


def pointer_token(key: object) -> str:
    """Return a key or index as one escaped token of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _walk(root: Node) -> Iterator[tuple[str, int, Node]]:
    """Yield pointer, line and node of the root and everything below it."""
    waiting: list[tuple[str, int, Node]] = [("", root.line, root)]
    while waiting:
        pointer, line, node = waiting.pop()
        yield pointer, line, node
        if isinstance(node, ListNode):
            waiting += [(f"{pointer}/{index}", item.line, item) for index, item in enumerate(node.items)]
        elif isinstance(node, MapNode):
            waiting += [
                (f"{pointer}/{pointer_token(key)}", node.lines[key], item) for key, item in node.entries.items()
            ]


class _TooMuchError(Exception):
    """The document is deeper or longer than allowed; the finding is already noted."""


class _Mark(Protocol):
    """The used part of PyYAML's two classes of marks, from 0."""

    line: int


class _Builder:
    """Builds the tree from parser events, noting refused parts."""

    def __init__(self, file: str) -> None:
        self.findings: list[Finding] = []
        self.root: Node | None = None
        self.is_whole = False
        self._file = file
        self._open: list[ListNode | MapNode] = []
        self._keys: list[tuple[str, int] | None] = []
        self._documents = 0
        self._nodes = 0

    def find(self, code: str, line: int | None, message: str) -> None:
        self.findings.append(Finding(code=code, file=self._file, line=line, element=None, message=message))

    def build(self, text: str) -> None:
        for event in _parse(text, _LOADER):
            mark = cast("_Mark", event.start_mark)
            line = mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                self._start_document(line)
            elif isinstance(event, yaml.AliasEvent):
                self.find("alias", line, f"The alias *{event.anchor} is refused; write the value out here.")
                self._place(ScalarNode(line=line, text="", value=None))
            elif isinstance(event, yaml.NodeEvent):
                self._start_node(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._open.pop()
                self._keys.pop()
        self.is_whole = self.root is not None

    def _start_document(self, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self.find("several_documents", line, "A second document starts here; keep one and remove the `---` line.")
            raise _TooMuchError

    def _start_node(self, event: yaml.NodeEvent, line: int) -> None:
        tag: object = getattr(event, "tag", None)
        if event.anchor is not None:
            self.find("anchor", line, f"The anchor &{event.anchor} is refused; write values out where they are used.")
        if tag is not None:
            self.find("tag", line, f"The tag {tag} is refused; remove it, and quote a text that looks like a number.")
        if isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event, line))
            return
        node: ListNode | MapNode
        if isinstance(event, yaml.SequenceStartEvent):
            node = ListNode(line=line, items=[])
        else:
            node = MapNode(line=line, entries={}, lines={})
        self._place(node)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > MAX_DEPTH:
            self.find("too_deep", line, f"Lists and mappings are nested deeper than {MAX_DEPTH} here.")
            raise _TooMuchError

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> ScalarNode:
        text: str = event.value
        if event.style:
            return ScalarNode(line=line, text=text, value=text)
        is_key = bool(self._open) and isinstance(self._open[-1], MapNode) and self._keys[-1] is None
        value = _resolve(text)
        if isinstance(value, str) and not is_key and _AMBIGUOUS.fullmatch(text):
            self.find(
                "ambiguous_value",
                line,
                f"{text[:40]} means different things to different YAML parsers; put a text in quotes, "
                "write a number in plain decimal digits.",
            )
        return ScalarNode(line=line, text=text, value=value)

    def _place(self, node: Node) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self.find("document_too_large", node.line, f"The file has more than {MAX_NODES} values.")
            raise _TooMuchError
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, ListNode):
            parent.items.append(node)
        elif self._keys[-1] is None:
            self._keys[-1] = self._key(parent, node)
        else:
            key, line = self._keys[-1]
            self._keys[-1] = None
            if key not in parent.entries:
                parent.entries[key] = node
                parent.lines[key] = line

    def _key(self, parent: MapNode, node: Node) -> tuple[str, int]:
        if not isinstance(node, ScalarNode) or not node.text:
            self.find("key", node.line, "A key must be a plain word.")
            return "", node.line
        if node.text == "<<":
            self.find("alias", node.line, "The merge key << is refused; write the entries out here.")
        elif node.text in parent.entries:
            message = f"The key {node.text[:80]} is a duplicate; the first is on line {parent.lines[node.text]}."
            self.find("duplicate_key", node.line, message)
        return node.text, node.line


def _resolve(text: str) -> PlainValue:
    """Return the value of a plain scalar."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text
