"""The headers that the native API reads and writes, as its description shows them."""

from collections.abc import Mapping

Header = Mapping[str, object]

_BYTES = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}


def _header(description: str, schema: Mapping[str, object], example: object = None) -> Header:
    described: dict[str, object] = {"description": description, "schema": schema}
    return described if example is None else {**described, "example": example}


REQUEST_HEADERS: Mapping[str, Header] = {
    "If-Match": _header("The ETag of what the change was made for; `*` takes any.", _TEXT, '"7"'),
    "Idempotency-Key": _header(
        "Any text of the client's. The same request with the same key is done once, for 24 hours.",
        {"type": "string", "minLength": 1, "maxLength": 255},
        "3f0c9a7e-order-17",
    ),
    "Range": _header("The bytes to send (RFC 9110).", _TEXT, "bytes=0-1023"),
    "If-Range": _header("The ETag that the range is of; the whole is sent where it is another by now.", _TEXT),
    "If-None-Match": _header("The ETag of what the client has.", _TEXT),
    "Content-Disposition": _header("May name the file.", _TEXT, 'attachment; filename="offer.pdf"'),
    "Tus-Resumable": _header("The version of the protocol.", {"type": "string", "const": "1.0.0"}, "1.0.0"),
    "Upload-Length": _header("The size of the whole file in bytes.", _BYTES),
    "Upload-Defer-Length": _header("`1`: the size is not known yet.", {"type": "string", "const": "1"}),
    "Upload-Metadata": _header("Pairs of a name and a value in base64: `filename`, `filetype`.", _TEXT),
    "Upload-Offset": _header("Where the piece begins, in bytes.", _BYTES),
    "Upload-Checksum": _header("An algorithm and the digest of the piece in base64.", _TEXT),
}

RESPONSE_HEADERS: Mapping[str, Header] = {
    "X-Request-Id": _header("Names the request in the server's log.", _TEXT),
    "Idempotency-Replayed": _header("`true`: the answer of the first request with this key.", _TEXT),
    "ETag": _header("The revision, for If-Match and If-None-Match.", _TEXT, '"7"'),
    "Location": _header("The address of what was made.", {"type": "string", "format": "uri-reference"}),
    "Set-Cookie": _header("The session.", _TEXT),
    "Content-Disposition": _header("Whether to save or show it, and its name.", _TEXT),
    "Content-Length": _header("The number of bytes.", _BYTES),
    "Content-Range": _header("Which bytes of how many.", _TEXT, "bytes 0-1023/48213"),
    "Content-Security-Policy": _header("What a browser may do with it: nothing but show it.", _TEXT),
    "Accept-Ranges": _header("`bytes`.", _TEXT),
    "WWW-Authenticate": _header("How to sign in.", _TEXT),
    "Retry-After": _header("When to try again: a time, or in how many seconds.", _TEXT),
    "Cache-Control": _header("How long it may be kept, and by whom.", _TEXT),
    "Satchel-Layout": _header(
        "For which elements the document has positions; a page has to lay the others out itself.",
        {"type": "string", "enum": ["whole", "partial", "none"]},
    ),
    "Satchel-Cursor": _header("The `cursor` of the next page, if there is one.", _TEXT),
    "Satchel-Ignored": _header(
        "The fields that rules of the form hide, so that what was sent for them changed nothing.",
        _TEXT,
        "defect, reason",
    ),
    "Satchel-Left-Out": _header("How many files of the page the caller may view but not export.", _BYTES),
    "Satchel-Window": _header('How many of the newest instances a short "contains" looked at.', _BYTES),
    "Tus-Resumable": _header("The version of the protocol.", _TEXT, "1.0.0"),
    "Tus-Version": _header("The versions that the server speaks.", _TEXT, "1.0.0"),
    "Tus-Extension": _header("The extensions that the server speaks.", _TEXT),
    "Tus-Max-Size": _header("The most bytes that the ticket takes.", _BYTES),
    "Tus-Checksum-Algorithm": _header("The algorithms of Upload-Checksum.", _TEXT),
    "Upload-Offset": _header("How many bytes have arrived.", _BYTES),
    "Upload-Length": _header("The size of the whole file, where it was said.", _BYTES),
    "Upload-Metadata": _header("What was said when the upload was created.", _TEXT),
    "Upload-Expires": _header("When the ticket ends, if nothing more arrives.", _TEXT),
}
