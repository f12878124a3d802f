"""Media types by content, regardless of a file's name and declared type.

The first bytes decide for every type that has a signature, and for the dangerous ones (HTML, SVG, XML). The extension
only distinguishes types with the same first bytes (zip containers, plain text, old Office files). The
sender's declared type comes last, and never leads to a type that we recognise by content.
"""

import re
from collections.abc import Sequence

from satchel.model.transfer.names import extension

UNKNOWN = "application/octet-stream"
PLAIN_TEXT = "text/plain"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
SVG = "image/svg+xml"
HTML = "text/html"
XML = "application/xml"
PDF = "application/pdf"

SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", PLAIN_TEXT, PDF})
"""Types that a browser may show from our address (security.md, rule 3), if the first bytes match."""

_IMAGES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic", "image/tiff", "image/bmp"}
)

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", PDF),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"(\xb5/\xfd", "application/zstd"),
    (0, b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"wOF2", "font/woff2"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),
)

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
}

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_ZIP_FAMILY = {
    ".zip": ZIP,
    ".docx": f"{_OOXML}wordprocessingml.document",
    ".xlsx": f"{_OOXML}spreadsheetml.sheet",
    ".pptx": f"{_OOXML}presentationml.presentation",
    ".odt": f"{_ODF}text",
    ".ods": f"{_ODF}spreadsheet",
    ".odp": f"{_ODF}presentation",
    ".epub": "application/epub+zip",
    ".jar": "application/java-archive",
    ".apk": "application/vnd.android.package-archive",
}
_OOXML_FOLDERS = {b"word/": ".docx", b"xl/": ".xlsx", b"ppt/": ".pptx"}
_ZIP_DECLARES = re.compile(rb"PK\x03\x04.{26}mimetype(application/[a-z0-9.+-]{1,80})", re.DOTALL)
_OLE_FAMILY = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".msg": "application/vnd.ms-outlook",
}
_TEXT_FAMILY = {
    ".txt": PLAIN_TEXT,
    ".log": PLAIN_TEXT,
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".xml": XML,
    ".bpmn": XML,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".svg": SVG,
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".css": "text/css",
    ".js": "text/javascript",
    ".ics": "text/calendar",
    ".vcf": "text/vcard",
    ".eml": "message/rfc822",
}
_BY_SIGNATURE = {
    ".pdf": PDF,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heic",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".bmp": "image/bmp",
    ".gz": "application/gzip",
    ".tgz": "application/gzip",
    ".bz2": "application/x-bzip2",
    ".xz": "application/x-xz",
    ".zst": "application/zstd",
    ".7z": "application/x-7z-compressed",
    ".rar": "application/vnd.rar",
    ".tar": "application/x-tar",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".ogg": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".rtf": "application/rtf",
}
_BY_EXTENSION = {**_BY_SIGNATURE, **_ZIP_FAMILY, **_OLE_FAMILY, **_TEXT_FAMILY}
_RECOGNISED = frozenset(
    {*_BY_EXTENSION.values(), *(kind for _, _, kind in _SIGNATURES), *_RIFF.values(), *_BRANDS.values()}
)

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


def essence(content_type: str | None) -> str:
    """Return a Content-Type without its parameters, in lower case; "" for None."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    """Return whether a type without parameters is JSON, or a format based on it."""
    return kind == "application/json" or kind.endswith("+json")


def media_type(head: bytes, name: str, declared: str | None = None) -> str:
    """Return a file's media type.

    Args:
        head: its first bytes (`satchel.blobs.store.HEAD_BYTES`), or all of them.
        name: its name; only the extension counts.
        declared: the sender's type, if any.
    """
    ending = extension(name)
    found = _by_signature(head)
    if found == ZIP:
        return _kind_of_zip(head, ending)
    if found == OLE:
        return _OLE_FAMILY.get(ending, OLE)
    if found == "video/webm" and ending == ".mkv":
        return "video/x-matroska"
    if found is not None:
        return found
    if _is_text(head, allow_legacy=ending in _TEXT_FAMILY):
        return _kind_of_text(head, ending)
    said = _bare(declared)
    return UNKNOWN if said is None or ending in _BY_EXTENSION or said in _RECOGNISED or _is_active(said) else said


def extension_for(head: bytes, declared: str | None, accept: Sequence[str]) -> str:
    """Return an extension (`.pdf`) for a file without a name, by its content and its declared type; "" if unknown.

    Of several for one type, one that `accept` allows is preferred.
    """
    for kind in (_bare(declared), media_type(head, "", declared)):
        fitting = [
            ending
            for ending, named in _BY_EXTENSION.items()
            if named == kind and media_type(head, f"x{ending}", declared) == kind
        ]
        if fitting:
            return next((ending for ending in fitting if ending in accept), fitting[0])
    return ""


def matches_accept(accept: Sequence[str], name: str, found: str) -> bool:
    """Return whether a field's `accept` allows a file; an empty one allows any.

    Name and content must match for known extensions: a `.pdf` must begin as a PDF, and a PDF named `x.html`
    is refused.

    Args:
        accept: extensions (`.pdf`), media types (`application/pdf`) or ranges (`image/*`), lower-case.
        name: the file's name.
        found: its `media_type`.
    """
    return not accept or any(_fits(entry, extension(name), found) for entry in accept)


def is_image(kind: str) -> bool:
    """Return whether a type from `media_type` is a raster image; SVG is a document."""
    return kind in _IMAGES


def may_show_inline(kind: str, head: bytes) -> bool:
    """Return whether a browser may show the file instead of saving it: an allowed type that the first bytes confirm."""
    if kind not in SHOWN_INLINE:
        return False
    if kind == PLAIN_TEXT:
        return (
            _by_signature(head) is None and _is_text(head, allow_legacy=False) and _kind_of_text(head, "") == PLAIN_TEXT
        )
    return _by_signature(head) == kind


def _by_signature(head: bytes) -> str | None:
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:2] == b"BM" and head[6:10] == bytes(4) and len(head) >= 26:  # noqa: PLR2004  # the shortest header
        return "image/bmp"
    if len(head) >= 3 and head[0] == 0xFF and head[1] in (0xFB, 0xF3, 0xF2, 0xFA):  # noqa: PLR2004  # MPEG's frame sync
        return "audio/mpeg"
    return None


def _kind_of_zip(head: bytes, ending: str) -> str:
    if match := _ZIP_DECLARES.match(head):
        declared = match[1].decode().split("PK")[0]
        for kind in _ZIP_FAMILY.values():
            if declared.startswith(kind):
                return kind
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        for folder, kind in _OOXML_FOLDERS.items():
            if folder in head:
                return _ZIP_FAMILY[kind]
    return _ZIP_FAMILY.get(ending, ZIP)


def _kind_of_text(head: bytes, ending: str) -> str:
    """Return the kind of text; text that begins as markup that a browser would execute is that, whatever its name."""
    named = _TEXT_FAMILY.get(ending, PLAIN_TEXT)
    body, is_xml = _after_prolog(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    if _SVG_TAG.match(body):
        return SVG
    if (_XHTML_TAG if is_xml else _HTML_TAG).match(body):
        return HTML
    if is_xml:
        return named if named in (SVG, HTML) else XML
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
    named = _BY_EXTENSION.get(ending)
    if entry in ("*", "*/*"):
        return True
    if entry.startswith("."):
        return entry == ending and (named is None or _agree(named, found))
    if entry.endswith("/*"):
        family = entry[:-1]
        return found.startswith(family) and (named is None or named.startswith(family))
    return found == entry and (named is None or _agree(named, found))


def _agree(named: str, found: str) -> bool:
    return named == found or (named == ZIP and found in _ZIP_FAMILY.values())


def _bare(declared: str | None) -> str | None:
    """Return a declared type without its parameters, or None if it is malformed."""
    bare = essence(declared)
    return bare if _MEDIA_TYPE.fullmatch(bare) else None


def _is_active(kind: str) -> bool:
    """Return whether a browser might execute this type, recognised by us or not."""
    return kind.startswith(("text/", "image/")) or kind.endswith(("+xml", "/xml", "javascript", "ecmascript"))
