"""The name of a file from a reply: from Content-Disposition, however it is written, else from the address.

Servers write Content-Disposition in every way that some browser ever accepted: names without quotes, encoded words of
mail (RFC 2047), misplaced percent signs. The strict parser (`satchel.model.transfer.names`) is for requests to
us; here any recognisable name is better than none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import unquote, unquote_to_bytes

from satchel.model.errors import BadFile
from satchel.model.transfer.media import extension_for
from satchel.model.transfer.names import clean_upload_name, extension, safe_name

NAMELESS = "file"
"""The name of a file without one, to which an extension of its type is added."""

MAX_DISPOSITION_CHARS = 4096
"""The longest Content-Disposition that is parsed."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAIL_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=")
_NOT_ASCII = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_PART = re.compile(r"filename\*([0-9]{1,2})(\*?)")
_VERSION = re.compile(r"\.[0-9]+")
_PROGRAMS = frozenset(
    {".action", ".ashx", ".asp", ".aspx", ".cfm", ".cgi", ".do", ".fcgi", ".jsp", ".jspx", ".php", ".pl", ".py"}
)
"""Extensions of addresses that name the program that answers, not the type of its answer."""


def disposition_name(value: str) -> str | None:
    """Return a safe name from a Content-Disposition, or None if it has no recognisable one.

    `filename*` (RFC 8187, also in parts as in RFC 2231) takes precedence over `filename`, which may have unquoted
    spaces, encoded words of RFC 2047, or percent signs.
    """
    if len(value) > MAX_DISPOSITION_CHARS or _CONTROL.search(value):
        return None
    given: dict[str, str] = {}
    for name, text in _parameters(value):
        given.setdefault(name, text)
    return next((name for name in map(cleaned_name, _candidates(given)) if name is not None), None)


def _candidates(given: Mapping[str, str]) -> Iterator[str | None]:
    """Yield candidates for the name, the best first."""
    if "filename*" in given:
        yield _extended(given["filename*"])
    yield _in_parts(given)
    if "filename" in given:
        yield _plain(given["filename"])


def _parameters(value: str) -> Iterator[tuple[str, str]]:
    """Yield each parameter with its name in lower case, and its value without quotes."""
    for part in _parts(value):
        name, equals, text = part.partition("=")
        if equals:
            yield name.strip().lower(), _unquoted(text.strip())


def _parts(value: str) -> Iterator[str]:
    """Split at semicolons outside of quotes."""
    start, is_quoted, at = 0, False, 0
    while at < len(value):
        if is_quoted and value[at] == "\\":
            at += 1
        elif value[at] == '"':
            is_quoted = not is_quoted and value[start:at].rstrip().endswith("=")
        elif value[at] == ";" and not is_quoted:
            yield value[start:at]
            start = at + 1
        at += 1
    yield value[start:]


def _unquoted(text: str) -> str:
    r"""Remove quotes, even if the last is missing; a backslash stays unless it is before a quote or another."""
    if not text.startswith('"'):
        return text
    inner = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
    return re.sub(r'\\(["\\])', r"\1", inner) if '\\"' in inner else inner


def _extended(text: str) -> str | None:
    """Decode `charset'language'percent-encoded` (RFC 8187); without the first two, it is UTF-8."""
    charset, quote, rest = text.partition("'")
    _language, second, encoded = rest.partition("'")
    if not (quote and second):
        charset, encoded = "utf-8", text
    return _decoded(unquote_to_bytes(encoded), charset)


def _in_parts(given: Mapping[str, str]) -> str | None:
    """Join a name that was sent as `filename*0`, `filename*1*` and so on (RFC 2231)."""
    found = {int(match[1]): (match[2] == "*", text) for name, text in given.items() if (match := _PART.fullmatch(name))}
    if not found or sorted(found) != list(range(len(found))):
        return None
    charset, whole = "utf-8", b""
    for number in range(len(found)):
        is_encoded, text = found[number]
        if number == 0 and is_encoded and text.count("'") > 1:
            charset, _, text = text.split("'", 2)
        whole += unquote_to_bytes(text) if is_encoded else text.encode()
    return _decoded(whole, charset)


def _plain(text: str) -> str:
    if _MAIL_WORD.search(text):
        try:
            return str(make_header(decode_header(text)))
        except (HeaderParseError, LookupError, ValueError):
            return text
    if _NOT_ASCII.search(text):
        return _decoded(unquote_to_bytes(text), "utf-8") or text
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")  # as browsers write them


def _decoded(raw: bytes, charset: str) -> str | None:
    try:
        return raw.decode(charset)
    except (LookupError, ValueError):
        return None


def cleaned_name(text: str | None) -> str | None:
    """Return a safe name, or None if nothing is left of it."""
    try:
        return clean_upload_name(text) if text else None
    except BadFile:
        return None


def address_name(path: str) -> str | None:
    """Return a safe name from the last segment of an address's path that is not empty, or None."""
    return cleaned_name(unquote(path.rstrip("/").rpartition("/")[2], errors="replace"))


def complete_name(
    said: str | None, address: str | None, *, head: bytes, said_type: str | None, accept: Sequence[str]
) -> str:
    """Return the name of a file, with an extension of its type if it has none.

    Args:
        said: the other side's name.
        address: the name from its address, used if `said` is None.
        head: its first bytes.
        said_type: the other side's media type.
        accept: of the field, to choose among several extensions of one type.
    """
    name = said or address or NAMELESS
    if _is_named_by_type(name, is_said=said is not None):
        return name
    return safe_name(f"{name}{extension_for(head, said_type, accept)}")


def _is_named_by_type(name: str, *, is_said: bool) -> bool:
    ending = extension(name)
    if not ending or is_said:
        return bool(ending)
    return ending not in _PROGRAMS and not _VERSION.fullmatch(ending)
