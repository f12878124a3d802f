"""What a call was given: a query string, a JSON body (also of a GET), and fields by their labels."""

from collections.abc import Mapping, Sequence
from typing import cast

from satchel.model.errors import InvalidRequest
from satchel.model.strict_json import parse_json
from satchel.surfaces.kit.exchange import Exchange

MAX_TEXT_CHARS = 1_000


def refused(name: str, why: str) -> InvalidRequest:
    """Return what a bad parameter deserves."""
    return InvalidRequest(f"{name} {why}.", pointer=f"/{name}")


async def body_bytes(exchange: Exchange) -> bytes:
    """Return a JSON body as it came, checked; none is empty.

    Raises:
        UnsupportedMedia: it is not said to be JSON.
        InvalidRequest: it is malformed.
        TooLarge: it is longer than a JSON body may be.
    """
    body = await exchange.json_text()
    if body:
        parse_json(body, max_bytes=exchange.parts.max_json_bytes)
    return body


async def body_object(exchange: Exchange) -> dict[str, object]:
    """Return the JSON body as an object; none is an empty one.

    Raises:
        UnsupportedMedia, InvalidRequest, TooLarge: as `body_bytes`, or it is no object.
    """
    body = await body_bytes(exchange)
    found = parse_json(body or b"{}", max_bytes=exchange.parts.max_json_bytes)
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be an object.")
    return cast("dict[str, object]", found)


class Inputs:
    """The parameters of one call, from its body and its query string alike; null counts as absent.

    Args:
        values: by name, in lower case.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}

    def raw(self, *names: str) -> object:
        """Return the first of some spellings of a parameter that came, or None."""
        return next((self._values[name.lower()] for name in names if name.lower() in self._values), None)

    def text(self, *names: str) -> str | None:
        """Return a text, None where it is absent or blank; a number counts as its digits.

        Raises:
            InvalidRequest: it is no text, or too long.
        """
        value = self.raw(*names)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is not None and (not isinstance(value, str) or len(value) > MAX_TEXT_CHARS):
            raise refused(names[0], f"is a text of at most {MAX_TEXT_CHARS} characters")
        return value.strip() or None if value is not None else None

    def need(self, *names: str) -> str:
        """Return a text that must be there.

        Raises:
            InvalidRequest: it is not.
        """
        found = self.text(*names)
        if found is None:
            raise refused(names[0], "is missing")
        return found

    def mapping(self, *names: str) -> Mapping[str, object]:
        """Return an object, or JSON text of one; an empty one where it is absent.

        Raises:
            InvalidRequest: it is none.
        """
        value = self._json(names)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise refused(names[0], "is an object")
        return cast("Mapping[str, object]", value)

    def sequence(self, *names: str) -> Sequence[object]:
        """Return a list, or JSON text of one; an empty one where it is absent.

        Raises:
            InvalidRequest: it is none.
        """
        value = self._json(names)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise refused(names[0], "is a list")
        return cast("list[object]", value)

    def flag(self, *names: str) -> bool:
        """Return true or false; false where it is absent.

        Raises:
            InvalidRequest: it is neither.
        """
        value = self.raw(*names)
        if value is None or isinstance(value, bool):
            return bool(value)
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        raise refused(names[0], "is true or false")

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number in a range.

        Raises:
            InvalidRequest: it is none.
        """
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit()) or len(text) > len(str(high)) or not low <= int(text) <= high:
            raise refused(name, f"is a whole number from {low} to {high}")
        return int(text)

    def _json(self, names: Sequence[str]) -> object:
        value = self.raw(*names)
        if not isinstance(value, str):
            return value
        try:
            return parse_json(value.encode()) if value.strip() else None
        except InvalidRequest:
            raise refused(names[0], "is JSON") from None


async def read_inputs(exchange: Exchange) -> Inputs:
    """Return what a call was given in its query string and its JSON body.

    Raises:
        InvalidRequest: a parameter came twice, differently.
        UnsupportedMedia, TooLarge: as `body_bytes`.
    """
    found: dict[str, object] = {}
    for name, value in [*_query(exchange).items(), *(await body_object(exchange)).items()]:
        key = name.lower()
        if key in found and found[key] != value and str(found[key]) != str(value):
            raise refused(name[:80], "is given twice, differently")
        found[key] = value
    return Inputs(found)


def query_inputs(exchange: Exchange) -> Inputs:
    """Return what a call was given in its query string alone.

    Raises:
        InvalidRequest: a parameter stands there twice.
    """
    return Inputs({name.lower(): value for name, value in _query(exchange).items()})


def _query(exchange: Exchange) -> dict[str, object]:
    """Return the query string's parameters.

    Raises:
        InvalidRequest: one stands there twice.
    """
    found: dict[str, object] = {}
    for name, value in exchange.pairs:
        if name in found:
            raise refused(name[:80], "is given more than once")
        found[name] = value
    return found
