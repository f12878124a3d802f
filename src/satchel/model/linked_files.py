"""Files whose bytes are kept elsewhere: what a form or a request says of one, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from satchel.model.errors import BadFile, FieldFault, InvalidValues
from satchel.model.files import FileKind
from satchel.model.transfer.names import clean_upload_name, safe_name
from satchel.model.visible_text import refuse_control

MAX_DESCRIPTION_CHARS = 2_000
MAX_URL_CHARS = 4_000

_MEMBERS = frozenset({"url", "name", "description", "kind"})
_ELSEWHERE = {kind.value: kind for kind in FileKind if kind is not FileKind.STORED}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLinkedFile:
    """A file whose bytes are kept elsewhere, to be attached; all of it is checked already.

    Attributes:
        url: where it is.
    """

    url: str
    name: str
    description: str = ""
    area: str | None = None
    kind: FileKind = FileKind.LINK


def web_link(
    url: str, *, name: str | None, description: str, kind: FileKind = FileKind.LINK, area: str | None = None
) -> NewLinkedFile:
    """Return a link to an address of the web; without a name, it is called by the last part of its address.

    Raises:
        InvalidValues: the address is no http(s) URL, or the description is too long.
        BadFile: nothing is left of the name once it is safe.
    """
    address = _address(url)
    return NewLinkedFile(
        kind=kind,
        url=address,
        name=clean_upload_name(name or address.rsplit("/", 1)[-1] or "link"),
        description=checked_description(description),
        area=area,
    )


def named_link(given: Mapping[object, object]) -> NewLinkedFile:
    """Return the link that a form names among the files of a field: `url`, and `name`, `description`, `kind` or not.

    Raises:
        InvalidValues: a member is unknown or of another type, the name is none, or as `web_link`.
    """
    url, name = given.get("url"), given.get("name")
    description, kind = given.get("description", ""), given.get("kind", FileKind.LINK.value)
    if (
        not _MEMBERS.issuperset(given)
        or not isinstance(url, str)
        or not (name is None or isinstance(name, str))
        or not isinstance(description, str)
        or not (isinstance(kind, str) and kind in _ELSEWHERE)
    ):
        message = f"A link has a url, and may have a name, a description and a kind ({', '.join(_ELSEWHERE)})."
        raise InvalidValues([FieldFault(field="url", code="type", message=message)])
    try:
        called = None if name is None else safe_name(name, fallback="")  # it is no path: a slash is part of it
        return web_link(url, name=called, description=description, kind=_ELSEWHERE[kind])
    except BadFile as error:
        raise InvalidValues([FieldFault(field="name", code=error.code, message=str(error))]) from error


def _address(url: str) -> str:
    try:
        parts = urlsplit(url) if len(url) <= MAX_URL_CHARS and url.isprintable() else urlsplit("")
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:  # brackets that hold no IPv6 address
        is_good = False
    if not is_good:
        message = f"A link is an http or https address of at most {MAX_URL_CHARS} characters."
        raise InvalidValues([FieldFault(field="url", code="type", message=message)])
    return url


def checked_description(text: str) -> str:
    """Return a description that a file may have.

    Raises:
        InvalidValues: it is too long, or has control characters.
    """
    refuse_control("description", text)
    if len(text) > MAX_DESCRIPTION_CHARS:
        message = f"A description has {MAX_DESCRIPTION_CHARS} characters at most."
        raise InvalidValues([FieldFault(field="description", code="too_long", message=message)])
    return text
