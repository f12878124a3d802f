"""What a call was given: query string and urlencoded body alike, because clients send reads by GET and by POST."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from satchel.model.errors import InvalidRequest, UnsupportedMedia
from satchel.model.ids import MAX_ID
from satchel.surfaces.kit.exchange import Exchange

MAX_PARAMETERS = 200
_FORM = "application/x-www-form-urlencoded"
_LONGEST_NUMBER = 19


async def read_params(exchange: Exchange) -> Mapping[str, str]:
    """Return the parameters by name.

    Raises:
        InvalidRequest: they are malformed, or one stands there twice.
        UnsupportedMedia: the body is no urlencoded form.
    """
    found: dict[str, str] = {}
    for name, value in await read_pairs(exchange):
        if name in found:
            raise refused(name[:80], "is given more than once", value)
        found[name] = value
    return found


async def read_pairs(exchange: Exchange) -> list[tuple[str, str]]:
    """Return the parameters in their order, those of the query first.

    Raises:
        InvalidRequest, UnsupportedMedia: as `read_params`.
    """
    pairs = list(exchange.pairs)
    body = await exchange.whole() if exchange.method == "POST" else b""
    if body:
        if exchange.content_type != _FORM:
            said = exchange.content_type[:80] or "without a type"
            raise UnsupportedMedia(f"Send parameters as {_FORM}, not {said}.")
        pairs += decoded(body)
    return pairs


def decoded(body: bytes) -> list[tuple[str, str]]:
    """Return the pairs of an urlencoded form.

    Raises:
        InvalidRequest: it is malformed.
    """
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError:
        raise InvalidRequest("The form is malformed.") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidRequest("The form has a NUL character.")
    return pairs


def refused(name: str, why: str, value: str = "") -> InvalidRequest:
    """Return what a bad parameter deserves."""
    return InvalidRequest(f"{name} {why}.", pointer=f"/{name}", given=value[:200])


def number(given: Mapping[str, str], name: str, default: int | None = None, *, low: int = 0, high: int = MAX_ID) -> int:
    """Return a whole number from `low` to `high`; an empty one counts as absent.

    Raises:
        InvalidRequest: it is missing and there is no default, or is no such number.
    """
    text = given.get(name, "").strip()
    if not text:
        if default is None:
            raise refused(name, "is missing")
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER or not low <= int(text) <= high:
        raise refused(name, f"is a whole number from {low} to {high}", text)
    return int(text)
