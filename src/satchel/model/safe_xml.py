"""XML from outside: parsed without DTDs, entities or the network. No other module parses XML."""

from lxml import etree

Element = etree._Element  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the library names its public type so


XMLSyntaxError = etree.XMLSyntaxError


class DoctypeError(ValueError):
    """The document has a DOCTYPE or declares entities.

    Attributes:
        offset: of the byte where it stands, or None if the encoding hides it.
    """

    def __init__(self, offset: int | None = None) -> None:
        super().__init__("the document has a DOCTYPE or declares entities")
        self.offset = offset


def parse_xml(data: bytes, *, encoding: str | None = None) -> Element:
    """Return the root element of a document, without its comments and processing instructions.

    Args:
        data: the document.
        encoding: of the bytes, overriding the document's declaration; None uses the declaration.

    Raises:
        DoctypeError: also if the declared encoding hides the DOCTYPE in the bytes.
        lxml.etree.XMLSyntaxError, ValueError: it is not well-formed XML.
    """
    offsets = [offset for offset in (data.find(b"<!DOCTYPE"), data.find(b"<!ENTITY")) if offset >= 0]
    if offsets:
        raise DoctypeError(min(offsets))
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    root = etree.fromstring(data, parser)
    if root.getroottree().docinfo.internalDTD is not None:
        raise DoctypeError
    return root
