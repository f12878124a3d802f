"""References to elements of the same document, of which some are QNames: a prefix may stand before the id.

BPMN gives `messageRef`, `errorRef`, `attachedToRef` and `calledElement` the type xsd:QName and `sourceRef`, `targetRef`
and `default` the type xsd:IDREF; tools write prefixes at all of them.
"""

from satchel.engine.attributes import SPACE
from satchel.model.safe_xml import Element


def reference(element: Element, attribute: str) -> str:
    """Return the id that an attribute names, without the prefix of its document; empty if there is none."""
    return local_name(element, str(element.get(attribute, "")))


def local_name(element: Element, text: str) -> str:
    """Return a QName without its prefix if the prefix stands for its document's own names, else the text as it is."""
    name = text.strip(SPACE)
    prefix, colon, local = name.partition(":")
    own = element.getroottree().getroot().get("targetNamespace")
    if colon and own is not None and element.nsmap.get(prefix) == own:
        return local
    return name
