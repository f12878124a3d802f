"""What tools note beside the order of work: data, people, categories, extensions. Nothing of it runs.

Each thing is a warning, once for each element that has it; a data object and its references are one thing.
"""

from satchel.engine.advice import NO_EFFECT, code_of
from satchel.engine.document import BPMN, Findings, children
from satchel.engine.references import reference
from satchel.model.safe_xml import Element

_PLACES = frozenset({"dataObject", "dataObjectReference", "dataStoreReference"})
"""Each of these is a thing of its own, also beside others of its kind."""


class DataNotes:
    """Warns of what has no effect in one document."""

    def __init__(self, root: Element, findings: Findings) -> None:
        self._findings = findings
        self._objects = {str(element.get("id")) for element in root.iterfind(f".//{BPMN}dataObject[@id]")}

    @staticmethod
    def takes(name: str) -> bool:
        """Return whether an element never has an effect: one of BPMN's by the table, each of another tool."""
        return name in NO_EFFECT or name == "extensionElements" or name.startswith("{")

    def warn(self, element: Element) -> None:
        """Warn of everything that has no effect directly in one element."""
        extensions: list[Element] = []
        seen: set[str] = set()
        for name, inner in children(element):
            if name == "extensionElements":
                extensions += [extension for _, extension in children(inner)]
            elif name.startswith("{"):
                extensions.append(inner)
            elif name in NO_EFFECT and name not in seen and not self._is_reported(name, inner):
                if name not in _PLACES:
                    seen.add(name)
                message = f"{name} has no effect. {NO_EFFECT[name]}"
                self._findings.add(code_of(name), message, inner, severity="warning")
        if extensions:
            names = ", ".join(dict.fromkeys(str(extension.tag).rsplit("}", 1)[-1] for extension in extensions))
            message = f"For another engine and without effect: {names[:200]}. app.yaml says what tasks do."
            self._findings.add("extension", message, extensions[0], severity="warning")

    def _is_reported(self, name: str, element: Element) -> bool:
        return name == "dataObjectReference" and reference(element, "dataObjectRef") in self._objects
