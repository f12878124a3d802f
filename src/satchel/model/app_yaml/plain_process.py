"""The minimal process of an app: a start, at most one user task, and an end.

An app that is created by a client's call has data but no process; it gets this one, with its diagram.
"""

from html import escape
from itertools import pairwise

from satchel.model.ids import ElementId

TASK = ElementId("fill")
"""The id of the one user task."""

ELEMENTS = frozenset({ElementId("started"), TASK, ElementId("ended")})
"""The ids of all elements, with a user task."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="definitions_plain"'
    ' targetNamespace="https://satchel.example/bpmn">\n'
)
_MIDDLE = 160


def plain_process(task: str | None) -> bytes:
    """Return a BPMN document with a start, a user task of this name if one is given, and an end."""
    places = [("startEvent", "started", "Started", 160, 36), ("endEvent", "ended", "Ended", 410, 36)]
    if task is not None:
        places.insert(1, ("userTask", TASK, task, 250, 100))
    lines = ['  <bpmn:process id="plain" isExecutable="true">']
    lines += [f'    <bpmn:{tag} id="{id_}" name="{escape(name)}" />' for tag, id_, name, _, _ in places]
    shapes = [_shape(id_, left, width) for _, id_, _, left, width in places]
    for (_, source, _, left, width), (_, target, _, to, _) in pairwise(places):
        flow = f"to_{target}"
        lines.append(f'    <bpmn:sequenceFlow id="{flow}" sourceRef="{source}" targetRef="{target}" />')
        points = "".join(f'<di:waypoint x="{x}" y="{_MIDDLE}" />' for x in (left + width, to))
        shapes.append(f'      <bpmndi:BPMNEdge id="{flow}_di" bpmnElement="{flow}">{points}</bpmndi:BPMNEdge>')
    lines += ["  </bpmn:process>", '  <bpmndi:BPMNDiagram id="diagram_plain">']
    lines += ['    <bpmndi:BPMNPlane id="plane_plain" bpmnElement="plain">', *shapes]
    lines += ["    </bpmndi:BPMNPlane>", "  </bpmndi:BPMNDiagram>", "</bpmn:definitions>", ""]
    return (_HEAD + "\n".join(lines)).encode()


def _shape(element: str, left: int, width: int) -> str:
    height = min(width, 80)
    bounds = f'<dc:Bounds x="{left}" y="{_MIDDLE - height // 2}" width="{width}" height="{height}" />'
    return f'      <bpmndi:BPMNShape id="{element}_di" bpmnElement="{element}">{bounds}</bpmndi:BPMNShape>'
