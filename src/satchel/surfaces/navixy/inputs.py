"""What a call was given: query string, form or JSON body, told apart for no handler.

From a query or a form every value is text, numbers too, and objects and arrays are JSON text.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from satchel.model.errors import InvalidRequest, UnsupportedMedia
from satchel.model.ids import MAX_ID
from satchel.model.strict_json import parse_json
from satchel.model.transfer.media import is_json
from satchel.surfaces.kit.exchange import Exchange

MAX_PARAMETERS = 200
MISSING = "must not be null"

ISO_HEADER = "nvx-iso-datetime"

_KEPT = "navixy.inputs"
_FORM = "application/x-www-form-urlencoded"
_LONGEST_NUMBER = 19


class Inputs:
    """The parameters of one call, each read as the type that the call wants.

    Args:
        values: by name; null counts as absent.
        within: the name of the object that holds them, for refusals.
    """

    def __init__(self, values: Mapping[str, object], *, within: str = "") -> None:
        self._within = f"{within}." if within else ""
        self._values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        """Return whether a parameter came and is not null."""
        return name in self._values

    @property
    def names(self) -> frozenset[str]:
        """The parameters that came and are not null."""
        return frozenset(self._values)

    def raw(self, name: str) -> object:
        """Return a parameter as it came, or None."""
        return self._values.get(name)

    def need(self, *names: str) -> None:
        """Check that parameters came.

        Raises:
            InvalidRequest: one did not.
        """
        for name in names:
            if name not in self._values:
                raise self.refusal(name, MISSING)

    def integer(self, name: str, *, low: int = 0, high: int = MAX_ID) -> int:
        """Return a whole number that must be there.

        Raises:
            InvalidRequest: it is missing, no whole number, or out of range.
        """
        self.need(name)
        value = self._values[name]
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refusal(name, "must be a whole number")
        if not low <= value <= high:
            raise self.refusal(name, f"must be from {low} to {high}")
        return value

    def integer_or(self, name: str, default: int, *, low: int = 0, high: int = MAX_ID) -> int:
        """Return a whole number, or a default where it is absent."""
        return self.integer(name, low=low, high=high) if name in self else default

    def text(self, name: str, *, longest: int = 255, shortest: int = 1) -> str:
        """Return a text that must be there.

        Raises:
            InvalidRequest: it is missing, no text, too long or too short, or holds control characters.
        """
        self.need(name)
        value = self._values[name]
        if not isinstance(value, str):
            raise self.refusal(name, "must be a text")
        if not shortest <= len(value) <= longest:
            raise self.refusal(name, f"size must be between {shortest} and {longest}")
        if any(ord(character) < ord(" ") and character not in "\t\r\n" for character in value):
            raise self.refusal(name, "must not hold control characters")
        return value

    def number(self, name: str, *, low: float, high: float) -> float:
        """Return a number that must be there.

        Raises:
            InvalidRequest: it is missing, no number, or out of range.
        """
        self.need(name)
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise self.refusal(name, "must be a number")
        if not low <= value <= high:  # no NaN is
            raise self.refusal(name, f"must be from {low} to {high}")
        return float(value)

    def text_or(self, name: str, default: str, *, longest: int = 255) -> str:
        """Return a text, or a default where it is absent."""
        return self.text(name, longest=longest) if name in self else default

    def text_or_none(self, name: str, *, longest: int = 255) -> str | None:
        """Return a text, or None where it is absent."""
        return self.text(name, longest=longest) if name in self else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false.

        Raises:
            InvalidRequest: it is neither.
        """
        value = self._values.get(name, default)
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
        raise self.refusal(name, "must be true or false")

    def mapping(self, name: str) -> Mapping[str, object]:
        """Return an object that must be there.

        Raises:
            InvalidRequest: it is missing or no object.
        """
        self.need(name)
        value = self._json(name)
        if not isinstance(value, dict):
            raise self.refusal(name, "must be an object")
        return cast("Mapping[str, object]", value)

    def mapping_or_empty(self, name: str) -> Mapping[str, object]:
        """Return an object; an empty one where it is absent."""
        return self.mapping(name) if name in self else dict[str, object]()

    def sequence(self, name: str) -> Sequence[object]:
        """Return a list; empty where it is absent.

        Raises:
            InvalidRequest: it is no list.
        """
        if name not in self:
            return ()
        value = self._json(name)
        if not isinstance(value, list):
            raise self.refusal(name, "must be an array")
        return cast("list[object]", value)

    def integers(self, name: str) -> list[int]:
        """Return a list of whole numbers; empty where it is absent."""
        return [self._item(name, item).integer(name) for item in self.sequence(name)]

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; empty where it is absent."""
        return [self._item(name, item).text(name) for item in self.sequence(name)]

    def _json(self, name: str) -> object:
        value = self._values[name]
        if not isinstance(value, str):
            return value
        try:
            return parse_json(value.encode())
        except InvalidRequest:
            raise self.refusal(name, "must be JSON") from None

    def _item(self, name: str, item: object) -> "Inputs":
        return Inputs({name: item}, within=self._within.removesuffix("."))

    def refusal(self, name: str, why: str) -> InvalidRequest:
        """Return the refusal of one of these parameters."""
        return refused(self._within + name, why)


def refused(name: str, why: str) -> InvalidRequest:
    """Return the refusal of one parameter; `document` words it."""
    return InvalidRequest(f"{name} {why}.", pointer=f"/{name.replace('.', '/')}", why=why)


async def read_inputs(exchange: Exchange) -> Inputs:
    """Return what a call was given; read once, then kept.

    Raises:
        UnsupportedMedia: the body is neither JSON nor a form.
        InvalidRequest: it is malformed, or a parameter came twice with different values.
    """
    kept: Inputs | None = exchange.scope.get(_KEPT)
    if kept is None:
        given = _once(exchange.pairs)
        for name, value in (await _body(exchange)).items():
            if name in given and given[name] != value and str(value) != given[name]:
                raise refused(name, "is given more than once")
            given[name] = value
        kept = exchange.scope[_KEPT] = Inputs(given)
    return kept


async def wants_iso(exchange: Exchange) -> bool:
    """Return whether dates are asked for as ISO 8601."""
    header = (exchange.header(ISO_HEADER) or "").strip().lower()
    return header == "true" or (await read_inputs(exchange)).flag("iso_datetime")


def moment(exchange: Exchange, given: Inputs, name: str) -> datetime | None:
    """Return a moment that a parameter gives, by the user's clock or as ISO 8601; None where it is absent.

    Raises:
        InvalidRequest: it is no date and time.
    """
    text = given.text_or_none(name, longest=40)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(exchange.actor.time_zone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise given.refusal(name, "must be a date and time such as 2020-02-03 03:04:00") from None


async def _body(exchange: Exchange) -> Mapping[str, object]:
    if exchange.method != "POST":
        return {}
    body = await exchange.whole()
    if not body.strip():
        return {}
    if exchange.content_type == _FORM:
        return _form(body)
    if is_json(exchange.content_type):
        value = parse_json(body, max_bytes=exchange.parts.max_json_bytes)
        if not isinstance(value, dict):
            raise InvalidRequest("The body must be an object.")
        return cast("Mapping[str, object]", value)
    said = exchange.content_type[:80] or "a body without Content-Type"
    raise UnsupportedMedia(f"Send JSON or a form, not {said}.")


def _form(body: bytes) -> Mapping[str, object]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError:
        raise InvalidRequest("The form is malformed.") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidRequest("The form has a NUL character.")
    return _once(pairs)


def _once(pairs: Sequence[tuple[str, str]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise refused(name[:64], "is given more than once")
        found[name] = value
    return found
