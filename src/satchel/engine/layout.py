"""Whether a BPMN document says where its elements are drawn. Processes run without; pages that show them do not."""

from enum import StrEnum

from satchel.engine.graph import Process
from satchel.model.safe_xml import parse_xml

_DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"


class Layout(StrEnum):
    """For which elements of a process a document has a position."""

    WHOLE = "whole"
    PARTIAL = "partial"
    NONE = "none"


def layout_of(bpmn: bytes, process: Process) -> Layout:
    """Return how much of a deployed process is drawn: its nodes as shapes, its flows as edges."""
    root = parse_xml(bpmn)
    drawn = {
        str(element.get("bpmnElement"))
        for kind in ("BPMNShape", "BPMNEdge")
        for element in root.iter(f"{_DI}{kind}")
        if len(element)
    }
    wanted = {*map(str, process.nodes), *map(str, process.flows)}
    if wanted <= drawn:
        return Layout.WHOLE
    return Layout.PARTIAL if wanted & drawn else Layout.NONE
