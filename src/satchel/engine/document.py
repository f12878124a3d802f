"""BPMN as XML: read without DTDs, entities or the network, and within limits.

Nothing else parses BPMN. What cannot be read safely is a finding, not an exception of the XML library.
"""

import re
from collections.abc import Iterator
from typing import cast

from lxml import etree

from satchel.model.errors import Finding
from satchel.model.ids import ElementId
from satchel.model.safe_xml import DoctypeError, Element, parse_xml

FILE = "process.bpmn"
MAX_BYTES = 2 * 1024 * 1024
"""The largest BPMN document."""
MAX_DEPTH = 100
"""How deep elements may stand in one another."""
MAX_ELEMENTS = 20_000
"""How many elements a document may have, its drawing among them."""
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_XML_PLACE = re.compile(r",? line [0-9]+, column [0-9]+$")
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


class Findings:
    """Collects what is wrong with one document."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, code: str, message: str, node: Element | None = None, *, severity: str = "error") -> None:
        """Note something about an element of the document."""
        self.found.append(
            Finding(
                code=code,
                file=FILE,
                line=line_of(node) if node is not None else None,
                element=nearest_id(node) if node is not None else None,
                message=message,
                severity=severity,
            ),
        )

    def at(self, code: str, message: str, line: int | None, element: ElementId, *, severity: str = "error") -> None:
        """Note something about an element that is known by its id and line."""
        self.found.append(Finding(code=code, file=FILE, line=line, element=element, message=message, severity=severity))

    def of_text(self, code: str, message: str, line: int | None) -> None:
        """Note something about the text of a document that is no tree of elements."""
        self.found.append(Finding(code=code, file=FILE, line=line, element=None, message=message))


def read_xml(bpmn: bytes, findings: Findings) -> Element | None:
    """Return the root element, or None with a finding that says why not."""
    if len(bpmn) > MAX_BYTES:
        findings.add("too_large", f"The document has {len(bpmn)} bytes; {MAX_BYTES} are allowed.")
        return None
    try:
        bpmn.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = _place(bpmn, error.start)
        findings.of_text("encoding", f"The document is not UTF-8 ({_named(*found)}). Save it as UTF-8.", found[0])
        return None
    try:
        root = parse_xml(bpmn)
    except DoctypeError as error:
        place = "" if error.offset is None else f" ({_named(*_place(bpmn, error.offset))})"
        line = None if error.offset is None else _place(bpmn, error.offset)[0]
        message = f"The document has a DOCTYPE or entities{place}. Remove them: BPMN needs neither."
        findings.of_text("doctype", message, line)
        return None
    except etree.XMLSyntaxError as error:
        line, column = error.position
        reason = _XML_PLACE.sub("", error.msg or "")[:200]
        findings.of_text("xml", f"This is no well-formed XML: {reason} ({_named(line, column)}).", line)
        return None
    except ValueError as error:
        findings.of_text("xml", f"This is no well-formed XML: {str(error)[:200]}.", None)
        return None
    return _within_limits(root, findings)


def _place(text: bytes, offset: int) -> tuple[int, int]:
    """Return the line and column of a byte, counted from 1; columns are characters."""
    before = text[:offset].decode("utf-8-sig", "replace")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _named(line: int, column: int) -> str:
    return f"line {line}, column {column}"


def _within_limits(root: Element, findings: Findings) -> Element | None:
    if root.tag != f"{BPMN}definitions":
        findings.add("not_bpmn", "The document is not BPMN 2.0: its first element is not bpmn:definitions.", root)
        return None
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH:
            findings.add("too_deep", f"Elements stand more than {MAX_DEPTH} deep in one another.", element)
            return None
        if count > MAX_ELEMENTS:
            findings.add("too_large", f"The document has more than {MAX_ELEMENTS} elements.", element)
            return None
    return root


def children(element: Element) -> Iterator[tuple[str, Element]]:
    """Yield each child element with its local name, or with its full name if it is not BPMN's."""
    for child in element:
        yield child.tag.removeprefix(BPMN), child


def child(element: Element, name: str) -> Element | None:
    """Return the first BPMN child of this local name, or None."""
    return element.find(f"{BPMN}{name}")


def text_of(element: Element | None) -> str:
    """Return an element's text without the spaces at its ends."""
    return "" if element is None else "".join(str(text) for text in element.itertext()).strip()


def line_of(element: Element) -> int | None:
    """Return the line that an element begins on."""
    return cast("int | None", element.sourceline)


def nearest_id(element: Element | None) -> str | None:
    """Return the id of an element, or of the nearest one around it that has one."""
    while element is not None:
        found = element.get("id")
        if found:
            return str(found)
        element = element.getparent()
    return None
