"""What is answered as XML: errors of forms, the numbers of stored files."""

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from satchel.model.search.criteria import NOT_IN_XML
from satchel.model.uploads import Upload
from satchel.surfaces.kit.exchange import Reply

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPE = "text/xml;charset=UTF-8"


def xml_reply(text: str, *, status: int = 200) -> Reply:
    """Return a document."""
    return Reply(status=status, body=f"{DECLARATION}{text}".encode(), headers={"Content-Type": _TYPE})


def element(name: str, text: object) -> str:
    """Return an element with nothing but text; what XML cannot hold becomes a question mark."""
    return f"<{name}>{escape(NOT_IN_XML.sub('?', str(text)))}</{name}>"


def errors(faults: Iterable[tuple[str, str]]) -> str:
    """Return an `error` with key and detail for each fault."""
    return "".join(f"<error>{element('key', key)}{element('detail', detail)}</error>" for key, detail in faults)


def stored_files(stored: Sequence[Upload]) -> Reply:
    """Return the numbers and names of stored files."""
    files = (f"<qfile>{element('id', one.id)}{element('name', one.name or '')}</qfile>" for one in stored)
    return xml_reply(f"<result>{''.join(files)}</result>")
