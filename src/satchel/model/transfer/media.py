"""Media types by content, regardless of a file's name and declared type.

The first bytes decide for every type that has a signature, and for the dangerous ones (HTML, SVG, XML). The extension
only distinguishes types with the same first bytes (zip containers, plain text, old Office files). The
sender's declared type comes last: it stands where bytes and extension say less and the bytes do not contradict it, and
never leads to a type that a browser runs.
"""

import codecs
import re
from collections.abc import Mapping, Sequence

from satchel.model.transfer.media_tables import (
    BRANDS,
    BY_EXTENSION,
    CHARSET,
    HTML,
    IMAGES,
    NOT_KEPT,
    OF_TRANSPORT,
    OLE,
    OLE_FAMILY,
    OOXML_FOLDERS,
    PLAIN_TEXT,
    RECOGNISED,
    RIFF,
    RUNNING,
    SHOWN_INLINE,
    SIGNATURES,
    SVG,
    TEXT_FAMILY,
    TOLD_OF_TEXT,
    UNKNOWN,
    XML,
    ZIP,
    ZIP_DECLARES,
    ZIP_FAMILY,
)
from satchel.model.transfer.names import extension

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_HTML_TAG = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|iframe|title|style|base|link|meta|table|img|form|object|embed|a|b|br|div"
    rb"|font|h1|p|frameset|applet)[\s/>]",
    re.IGNORECASE,
)
_XHTML_TAG = re.compile(rb"<(?:!doctype\s+html|(?:[a-z0-9_]{1,32}:)?html)[\s/>]", re.IGNORECASE)
_SVG_TAG = re.compile(rb"<(?:[a-z0-9_]{1,32}:)?svg[\s/>]|<!doctype\s+svg", re.IGNORECASE)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UNICODE_MARKS = (*_BYTE_ORDER_MARKS, b"\xef\xbb\xbf")


def essence(content_type: str | None) -> str:
    """Return a Content-Type without its parameters, in lower case; "" for None."""
    return (content_type or "").partition(";")[0].strip().lower()


def telling(*declared: str | None) -> str | None:
    """Return the first declared type that says something of a file, or None; clients that know nothing send others."""
    return next((said for said in declared if said and essence(said) not in OF_TRANSPORT), None)


def is_json(kind: str) -> bool:
    """Return whether a type without parameters is JSON, or a format based on it."""
    return kind == "application/json" or kind.endswith("+json")


def media_type(head: bytes, name: str, declared: str | None = None) -> str:
    """Return a file's media type; of text, with a declared charset other than UTF-8 (`text/csv; charset=cp1252`).

    Args:
        head: its first bytes (`satchel.blobs.store.HEAD_BYTES`), or all of them.
        name: its name; only the extension counts.
        declared: the sender's type, if any. It stands where it says more than the bytes and does not contradict them.
    """
    kind = _kind(head, extension(name), _bare(declared))
    charset = _charset(declared) if kind.startswith("text/") and not head.startswith(_UNICODE_MARKS) else None
    return kind if charset is None else f"{kind}; charset={charset}"


def _kind(head: bytes, ending: str, said: str | None) -> str:
    if not head:
        return _kind_of_nothing(ending, said)
    found = _by_signature(head)
    if found == ZIP:
        return _kind_of_zip(head, ending, said)
    if found is not None:
        return _kind_of_signature(found, ending, said)
    told = None if ending in TEXT_FAMILY else _told(said, TOLD_OF_TEXT)
    if _is_text(head, allow_legacy=ending in TEXT_FAMILY or told is not None):
        return _kind_of_text(head, ending, said)
    return UNKNOWN if said is None or ending in BY_EXTENSION or said in RECOGNISED or _is_active(said) else said


def _kind_of_signature(found: str, ending: str, said: str | None) -> str:
    if found == OLE:
        return OLE_FAMILY.get(ending) or _told(said, OLE_FAMILY) or OLE
    return "video/x-matroska" if found == "video/webm" and ending == ".mkv" else found


def _kind_of_nothing(ending: str, said: str | None) -> str:
    """Return the type of an empty file, which contradicts none; only a picture needs bytes."""
    kind = BY_EXTENSION.get(ending) or (said if said in RECOGNISED or _may_tell(said) else None) or PLAIN_TEXT
    return UNKNOWN if kind in IMAGES or kind in RUNNING else kind


def _told(said: str | None, family: Mapping[str, str]) -> str | None:
    """Return a declared type that says more than that bytes are of a family: one of it, or one that we do not know."""
    return said if said in family.values() or _may_tell(said) else None


def _may_tell(said: str | None) -> bool:
    """Return whether a declared type may stand although nothing in the bytes confirms it."""
    if said is None or said in RECOGNISED or said in OF_TRANSPORT or said.startswith(("image/", "multipart/")):
        return False
    return not said.endswith(("+xml", "/xml", "javascript", "ecmascript", "jscript", "html"))


def served_type(kind: str, head: bytes, *, is_whole: bool) -> str:
    """Return the Content-Type of a file: with the charset that was declared, or with UTF-8 if its bytes show that.

    Args:
        kind: from `media_type`.
        head: the first bytes; they may end in the middle of a character.
        is_whole: whether those are all.
    """
    if kind != PLAIN_TEXT or not _is_text(head, allow_legacy=False) or head.startswith(_BYTE_ORDER_MARKS):
        return kind
    return f"{kind}; charset=utf-8" if is_whole or not head.isascii() else kind


def _charset(declared: str | None) -> str | None:
    """Return a declared charset that text can be in, lower-case; None for UTF-8, which the bytes show by themselves."""
    match = CHARSET.search(declared or "")
    if match is None:
        return None
    name = match[1].lower()
    try:
        known = codecs.lookup(name)
        "a".encode(name)
    except LookupError:
        return None
    return None if known.name in NOT_KEPT else name


def extension_for(head: bytes, declared: str | None, accept: Sequence[str]) -> str:
    """Return an extension (`.pdf`) for a file without a name, by its content and its declared type; "" if unknown.

    Of several for one type, one that `accept` allows is preferred.
    """
    for kind in (_bare(declared), essence(media_type(head, "", declared))):
        fitting = [
            ending
            for ending, named in BY_EXTENSION.items()
            if named == kind and essence(media_type(head, f"x{ending}", declared)) == kind
        ]
        if fitting:
            return next((ending for ending in fitting if ending in accept), fitting[0])
    return ""


def matches_accept(accept: Sequence[str], name: str, found: str, *, is_empty: bool = False) -> bool:
    """Return whether a field's `accept` allows a file; an empty one allows any.

    Name and content must match for known extensions: a `.pdf` must begin as a PDF, and a PDF named `x.html`
    is refused.

    Args:
        accept: extensions (`.pdf`), media types (`application/pdf`) or ranges (`image/*`), lower-case.
        name: the file's name.
        found: its `media_type`.
        is_empty: whether it has no bytes; text may be empty, all else begins with something.
    """
    kind = essence(found)
    kind = PLAIN_TEXT if is_empty and kind not in TEXT_FAMILY.values() else kind
    return not accept or any(_fits(entry, extension(name), kind) for entry in accept)


def is_image(kind: str) -> bool:
    """Return whether a type from `media_type` is a raster image; SVG is a document."""
    return kind in IMAGES


def may_show_inline(kind: str, head: bytes) -> bool:
    """Return whether a browser may show the file instead of saving it: an allowed type that the first bytes confirm."""
    bare = essence(kind)
    if bare not in SHOWN_INLINE:
        return False
    if bare == PLAIN_TEXT:
        return (
            _by_signature(head) is None
            and _is_text(head, allow_legacy=bare != kind)
            and _kind_of_text(head, "", None) == PLAIN_TEXT
        )
    return _by_signature(head) == kind


def _by_signature(head: bytes) -> str | None:
    for offset, signature, kind in SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12], "video/mp4")
    if head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) >= 26:  # noqa: PLR2004  # the shortest header
        return "image/bmp"
    if len(head) >= 3 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2, 0xFA):  # noqa: PLR2004  # MPEG's frame sync
        return "audio/mpeg"
    return None


def _kind_of_zip(head: bytes, ending: str, said: str | None) -> str:
    if match := ZIP_DECLARES.match(head):
        declared = match[1].decode().split("PK")[0]
        for kind in ZIP_FAMILY.values():
            if declared.startswith(kind):
                return kind
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        for folder, kind in OOXML_FOLDERS.items():
            if folder in head:
                return ZIP_FAMILY[kind]
    return ZIP_FAMILY.get(ending) or _told(said, ZIP_FAMILY) or ZIP


def _kind_of_text(head: bytes, ending: str, said: str | None) -> str:
    """Return the kind of text; text that begins as markup that a browser would execute is that, whatever its name."""
    named = TEXT_FAMILY.get(ending) or _told(said, TOLD_OF_TEXT) or PLAIN_TEXT
    body, is_xml = _after_prolog(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    if _SVG_TAG.match(body):
        return SVG
    if (_XHTML_TAG if is_xml else _HTML_TAG).match(body):
        return HTML
    if is_xml:
        is_kind_of_xml = said is not None and said.endswith("+xml") and said not in RUNNING
        return named if named in (SVG, HTML) else said if said and is_kind_of_xml and ending not in TEXT_FAMILY else XML
    return named


def _after_prolog(body: bytes) -> tuple[bytes, bool]:
    """Return the text from its first element or doctype on, and whether an XML declaration came before it."""
    is_xml = False
    while True:
        if body[:5].lower() == b"<?xml":
            is_xml = True
            _, found, rest = body.partition(b"?>")
        elif body.startswith(b"<!--"):
            _, found, rest = body.partition(b"-->")
        else:
            return body, is_xml
        if not found:
            return b"", is_xml
        body = rest.lstrip()


def _is_text(head: bytes, *, allow_legacy: bool) -> bool:
    """Return whether the bytes are text: UTF-8, marked UTF-16, or, if allowed, any 8-bit text without controls."""
    if head.startswith(_BYTE_ORDER_MARKS):
        return True
    if _NOT_TEXT.search(head):
        return False
    if allow_legacy:
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and len(head) - error.start < 4  # noqa: PLR2004  # a cut character
    return True


def _fits(entry: str, ending: str, found: str) -> bool:
    named = BY_EXTENSION.get(ending)
    if entry in ("*", "*/*"):
        return True
    if entry.startswith("."):
        return entry == ending and (named is None or _agree(named, found))
    if entry.endswith("/*"):
        family = entry[:-1]
        return found.startswith(family) and (named is None or named.startswith(family))
    return found == entry and (named is None or _agree(named, found))


def _agree(named: str, found: str) -> bool:
    return named == found or (named == ZIP and found in ZIP_FAMILY.values())


def _bare(declared: str | None) -> str | None:
    """Return a declared type without its parameters, or None if it is malformed."""
    bare = essence(declared)
    return bare if _MEDIA_TYPE.fullmatch(bare) else None


def _is_active(kind: str) -> bool:
    """Return whether a browser might execute this type, recognised by us or not."""
    return kind.startswith(("text/", "image/")) or kind.endswith(("+xml", "/xml", "javascript", "ecmascript"))
