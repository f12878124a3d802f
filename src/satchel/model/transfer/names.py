"""File names: made safe on input, unique within a folder, and written to and read from headers.

A name never becomes a path of the store (`satchel.blobs.layout`), but it is sent in headers, zip members and
folders of other machines, so that stored names are already safe for all of them (security.md, rule 2).
"""

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote_to_bytes

from satchel.model.errors import BadFile, InvalidRequest

MAX_NAME_BYTES = 255
"""The limit of the usual file systems, in UTF-8."""

MAX_EXTENSION_BYTES = 32
"""An extension up to this length, dot included, is kept when its name is shortened."""

MAX_METADATA_CHARACTERS = 8 * 1024
"""The longest Upload-Metadata that is read."""

_FORBIDDEN = frozenset('/\\:*?"<>|')
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset("\u2028\u2029\ufeff")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789¹²³"}
)

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105  # RFC 9110's name for an unquoted word
_PARAMETER = re.compile(rf'\s*;\s*({_TOKEN})\s*=\s*({_TOKEN}|"(?:[^"\\]|\\.)*")\s*')
_KIND = re.compile(rf"\s*({_TOKEN})\s*")
_HARMLESS = re.compile(r"[A-Za-z0-9 !#$%&'()+,.;=@\[\]^_`{}~-]*")
"""Names that need no check of each character: ASCII that is safe everywhere."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may have; a tab is white space there."""
_METADATA_KEY = re.compile(r"[!-+\--~]+")
_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"  # what RFC 8187 leaves unquoted besides letters and digits


class NameChange(StrEnum):
    """What was changed of a name to make it safe.

    `path`: folders before it were left out. `composition`: letters and their accents were put together (NFC).
    `characters`: some that file systems, archives or headers do not take became `_`. `ends`: spaces around it, or dots
    at its end, were left out. `reserved`: it was a device's name on Windows. `length`: it was too long.
    """

    PATH = "path"
    COMPOSITION = "composition"
    CHARACTERS = "characters"
    ENDS = "ends"
    RESERVED = "reserved"
    LENGTH = "length"


def safe_name(text: str, *, fallback: str = "file") -> str:
    """Return `text` as a file name that every file system, archive and header accepts; idempotent.

    NFC; forbidden, control and bidi characters become `_`; no spaces around it and no dots or spaces at its end;
    Windows' device names get a leading `_`; at most `MAX_NAME_BYTES` with its extension kept. An empty result is
    replaced by `fallback`.
    """
    return _made_safe(text)[0] or fallback


def _made_safe(text: str) -> tuple[str, tuple[NameChange, ...]]:
    """Return a safe name, which may be empty, and what was changed to make it one."""
    changes: list[NameChange] = []
    name = text
    if not _HARMLESS.fullmatch(text):
        composed = unicodedata.normalize("NFC", text)
        name = "".join("_" if _is_unsafe(character) else character for character in composed)
        changes += [NameChange.COMPOSITION] if composed != text else []
        changes += [NameChange.CHARACTERS] if name != composed else []
    trimmed = _trimmed(name)
    changes += [NameChange.ENDS] if trimmed != name else []
    name = trimmed
    if _stem_of_device(name) in _RESERVED:
        name = f"_{name}"
        changes.append(NameChange.RESERVED)
    if len(name.encode()) > MAX_NAME_BYTES:
        name = _shortened(name, "")
        changes.append(NameChange.LENGTH)
    return name, tuple(changes)


def clean_upload_name(text: str) -> str:
    r"""Return the safe name of an uploaded file, without the path that some clients also send (with `/` or `\`).

    Raises:
        BadFile: nothing is left; send a name.
    """
    name, _ = _made_safe(_last_segment(text))
    if not name:
        raise BadFile("empty_file_name", "The file has no name. Send one with it.")
    return name


def name_changes(text: str | None, stored: str | None) -> tuple[NameChange, ...]:
    """Return why an uploaded file is not stored under the name that it was given; nothing if it has another's name."""
    if not text or text == stored:
        return ()
    last = _last_segment(text)
    name, changes = _made_safe(last)
    if name != stored:
        return ()
    return changes if last == text else (NameChange.PATH, *changes)


def _last_segment(text: str) -> str:
    return text.replace("\\", "/").rpartition("/")[2]


def extension(name: str) -> str:
    """Return the extension with its dot, lower-case, or an empty text."""
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem and ending else ""


class FolderNames:
    """Assigns names that are unique within one folder, on file systems that ignore case or accents too."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, text: str) -> str:
        """Return `text` as a safe name that was not used before, with a number before its extension if needed."""
        name = safe_name(text)
        key = folder_key(name)
        if key not in self._taken:
            self._taken[key] = 1
            return name
        while True:
            self._taken[key] += 1
            numbered = _shortened(name, f" ({self._taken[key]})")
            numbered_key = folder_key(numbered)
            if numbered_key not in self._taken:
                self._taken[numbered_key] = 1
                return numbered


def folder_key(name: str) -> str:
    """Return a key that is equal for two names that some file system treats as one: without case and composition."""
    if name.isascii():
        return name.lower()
    folded = unicodedata.normalize("NFD", name).casefold()
    return unicodedata.normalize("NFD", folded)


def content_disposition(kind: str, name: str) -> str:
    """Return a Content-Disposition (RFC 6266): `filename` in ASCII, and `filename*` (RFC 8187) if it differs."""
    safe = safe_name(name)
    plain = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode() if not safe.isascii() else safe
    plain = safe_name(plain.replace("%", "_"), fallback="file")
    if not safe.isascii() and plain.startswith("."):
        plain = f"file{plain}"
    value = f'{kind}; filename="{plain}"'
    if plain != safe:
        value += f"; filename*=UTF-8''{quote(safe, safe=_ATTRIBUTE_CHARACTERS)}"
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """A received Content-Disposition.

    Attributes:
        kind: `form-data`, `attachment`, ..., lower-case.
        name: the form field, or None.
        filename: as received, not yet safe; `filename*` takes precedence over `filename` (RFC 6266 §4.3).
        has_plain_filename: whether `filename` is among the parameters.
    """

    kind: str
    name: str | None
    filename: str | None
    has_plain_filename: bool


def parse_disposition(value: str) -> Disposition:
    """Parse a Content-Disposition strictly by its grammar.

    Raises:
        InvalidRequest: it is malformed, has a control character, or a duplicate parameter.
    """
    if _CONTROL.search(value):
        raise InvalidRequest("Content-Disposition has a control character.")
    match = _KIND.match(value)
    if match is None:
        raise InvalidRequest("Content-Disposition is malformed.")
    kind = match[1].lower()
    parameters = parse_parameters(value[match.end() :], "Content-Disposition")
    filename = parameters.get("filename")
    extended = parameters.get("filename*")
    name = parameters.get("name")
    return Disposition(
        kind=kind,
        name=None if name is None else _unquoted(name),
        filename=_extended(extended) if extended is not None else (None if filename is None else _unquoted(filename)),
        has_plain_filename=filename is not None,
    )


def parse_parameters(text: str, header: str) -> dict[str, str]:
    """Read a header's `; name=value` parameters; names are lower-case, quoted values still have their quotes.

    Raises:
        InvalidRequest: they are malformed, or one is a duplicate; the message names `header`.
    """
    parameters: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            raise InvalidRequest(f"{header} is malformed.")
        key = found[1].lower()
        if key in parameters:
            raise InvalidRequest(f"{header} has {key} twice.")
        parameters[key] = found[2]
        at = found.end()
    return parameters


def decode_header(raw: bytes) -> str:
    """Return a header's value as text: UTF-8 as current clients send it, else Latin-1 as in older standards."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def parse_upload_metadata(text: str) -> dict[str, str]:
    """Parse tus's Upload-Metadata: `key base64` pairs separated by commas; a key without a value has an empty text.

    Raises:
        InvalidRequest: it is too long, malformed, has a duplicate key, or a value is not UTF-8 in base64.
    """
    if len(text) > MAX_METADATA_CHARACTERS:
        raise InvalidRequest(f"Upload-Metadata may have {MAX_METADATA_CHARACTERS} characters at most.")
    found: dict[str, str] = {}
    if not text.strip():
        return found
    for pair in text.split(","):
        key, _, encoded = pair.strip(" ").partition(" ")
        if not _METADATA_KEY.fullmatch(key):
            raise InvalidRequest("Upload-Metadata is malformed: each pair is a key, a space and a value in base64.")
        if key in found:
            raise InvalidRequest(f"Upload-Metadata has {key} twice.")
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            raise InvalidRequest(f"Upload-Metadata's value of {key} is not UTF-8 text in base64.") from None
    return found


def format_upload_metadata(metadata: Mapping[str, str]) -> str:
    """Return tus's Upload-Metadata of these pairs."""
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" if value else key for key, value in metadata.items()
    )


def _is_unsafe(character: str) -> bool:
    return (
        character in _FORBIDDEN
        or character in _BIDI
        or character in _INVISIBLE
        or unicodedata.category(character) in ("Cc", "Cs")
    )


def _trimmed(name: str) -> str:
    """Remove characters that file systems drop or people cannot see: spaces around the name, dots at its end."""
    while True:
        trimmed = name.strip().rstrip(".")
        if trimmed == name:
            return name
        name = trimmed


def _stem_of_device(name: str) -> str:
    return name.partition(".")[0].strip().lower()


def _shortened(name: str, addition: str) -> str:
    """Return the name with `addition` before its extension, its stem shortened to the maximum length."""
    ending = extension(name)
    if len(ending.encode()) > MAX_EXTENSION_BYTES:
        ending = ""
    stem = name[: len(name) - len(ending)]
    ending = name[len(stem) :]
    room = MAX_NAME_BYTES - len((addition + ending).encode())
    cut = stem.encode()[:room].decode(errors="ignore")
    return _trimmed(f"{cut.rstrip()}{addition}{ending}")


def _unquoted(value: str) -> str:
    r"""Undo the quoting of a parameter: browsers send `%22` for a quote (HTML), others `\"` (RFC 9110)."""
    if value.startswith('"'):
        value = value[1:-1]
        if '\\"' in value:
            return re.sub(r"\\(.)", r"\1", value)
    return value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def _extended(value: str) -> str:
    charset, _, rest = value.partition("'")
    _language, quoted, encoded = rest.partition("'")
    if not quoted or charset.lower() not in ("utf-8", "iso-8859-1"):
        raise InvalidRequest("filename* must be UTF-8''... with percent signs (RFC 8187).")
    try:
        return unquote_to_bytes(encoded).decode(charset)
    except UnicodeDecodeError:
        raise InvalidRequest("filename* must be UTF-8''... with percent signs (RFC 8187).") from None
