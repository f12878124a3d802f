"""Messages and errors, which a document declares outside of its processes."""

from satchel.engine.document import Findings, children
from satchel.engine.references import reference
from satchel.model.safe_xml import Element


class Declared:
    """The messages and errors of a document; what nothing uses may be incomplete."""

    def __init__(self, root: Element, findings: Findings) -> None:
        self._findings = findings
        self._messages = _by_id(root, "message")
        self._errors = _by_id(root, "error")
        self._used: set[Element] = set()

    def message(self, element: Element, owner: Element) -> str | None:
        """Return the name of the message that `messageRef` of an element names, or None with a finding.

        Args:
            element: has the attribute.
            owner: the event or task that waits for the message.
        """
        declared = self._messages.get(reference(element, "messageRef"))
        if declared is None:
            self._findings.add("message_name", "It names no message of the document (messageRef).", owner)
            return None
        needs = "A message needs a name: it is the one that callers send."
        return self._complete(declared, "name", "message_name", needs)

    def error(self, element: Element, owner: Element) -> str | None:
        """Return the code of the error that `errorRef` of an element names, or None with a finding."""
        declared = self._errors.get(reference(element, "errorRef"))
        if declared is None:
            self._findings.add("error_code", "It names no error of the document (errorRef).", owner)
            return None
        needs = "An error needs an errorCode: it is what tasks and services fail with."
        return self._complete(declared, "errorCode", "error_code", needs)

    def warn_of_unused(self) -> None:
        """Warn of each message without a name and each error without a code that nothing has used."""
        for what, attribute, code, declared in (
            ("message", "name", "message_name", self._messages),
            ("error", "errorCode", "error_code", self._errors),
        ):
            for element in declared.values():
                if element not in self._used and not _text(element, attribute):
                    message = f"This {what} has no {attribute}, and nothing uses it."
                    self._findings.add(code, message, element, severity="warning")

    def _complete(self, declared: Element, attribute: str, code: str, needs: str) -> str:
        given = _text(declared, attribute)
        if not given and declared not in self._used:
            self._findings.add(code, needs, declared)
        self._used.add(declared)
        return given


def _by_id(root: Element, wanted: str) -> dict[str, Element]:
    return {element.get("id") or "": element for name, element in children(root) if name == wanted}


def _text(element: Element, attribute: str) -> str:
    return (element.get(attribute) or "").strip()
