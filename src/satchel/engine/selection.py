"""Which of a document's processes runs."""

from collections.abc import Sequence

from satchel.engine.attributes import boolean, check_attributes
from satchel.engine.document import BPMN, Findings, children, line_of
from satchel.model.app import Manifest
from satchel.model.safe_xml import Element

_FLOW_NODES = ("Event", "Task", "task", "Gateway", "Process", "Activity", "transaction")


def select_process(root: Element, manifest: Manifest | None, findings: Findings) -> Element | None:
    """Return the process that runs, or None with a finding if there is none.

    It is the one that app.yaml names, the one that is marked executable, or the only one that is drawn. If that leaves
    several, a finding lists them, and the one that app.yaml describes most of is returned: its faults are shown too.
    """
    processes = [element for name, element in children(root) if name == "process"]
    for name, element in children(root):
        if name in ("process", "extension"):
            check_attributes(name, element, findings)
    if not processes:
        findings.add("executable_processes", "The document has no process.", root)
        return None
    if manifest is not None and manifest.process is not None:
        named = [element for element in processes if element.get("id") == manifest.process]
        return named[0] if named else _likeliest(processes, manifest)  # `check` reports one that is not there
    marked = [element for element in processes if boolean(element, "isExecutable")]
    if len(marked) == 1:
        return marked[0]
    left = marked or [element for element in processes if _is_drawn(element)] or processes
    if len(left) == 1:
        message = 'The process is not marked executable, but runs: there is no other. Set isExecutable="true".'
        findings.add("not_executable", message, left[0], severity="warning")
        return left[0]
    assumed = _likeliest(left, manifest)
    listed = ", ".join(f"{element.get('id') or '(no id)'} (line {line_of(element)})" for element in left)
    how_many = "several processes are" if marked else "none of several processes is"
    message = (
        f"In this document {how_many} marked executable: {listed}. Name the one that runs under `process` in app.yaml."
        f" The other findings are about {assumed.get('id') or '(no id)'}."
    )
    findings.add("executable_processes", message, left[0])
    return assumed


def _is_drawn(process: Element) -> bool:
    """Return whether a process has more than the pool that stands for it."""
    return any(name.endswith(_FLOW_NODES) for name, _ in children(process))


def _likeliest(processes: Sequence[Element], manifest: Manifest | None) -> Element:
    """Return the process of which app.yaml names the most elements, or else the one with the most."""
    named = set[str]() if manifest is None else {*manifest.tasks, *manifest.services, *manifest.calls}

    def known(process: Element) -> tuple[int, int]:
        ids = [str(element.get("id")) for element in process.iterfind(f".//{BPMN}*[@id]")]
        return len(named.intersection(ids)), len(ids)

    return max(processes, key=known)
