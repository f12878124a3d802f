"""Conditions, sorts, periods and circles of lists, read as what our lists are asked with.

A list says which of its columns a client may name, and of what kind they are for the client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from satchel.model.search.conditions import All, Any, Condition, Contains, Equals, Near, Not, Within
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import refused
from satchel.surfaces.navixy.inputs import Inputs, moment

MIN_PARTS = 2
MAX_TOP = 60
MAX_IN_ALL = 72
MAX_TEXT_CHARS = 760
MAX_RADIUS_M = 300_000
_LEAST, _MOST = -(2**63), 2**63 - 1
_MOST_PLACES = 6
_WHERE = "conditions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A column by the client's name for it.

    Attributes:
        column: ours.
        is_time: whether it is asked for by periods, and by nothing else.
        words: the client's words for its values, each with ours; None where they are the same.
    """

    column: str
    is_time: bool = False
    words: Mapping[str, Sequence[str]] | None = None


def read_conditions(exchange: Exchange, given: Inputs, known: Mapping[str, Known]) -> list[Condition]:
    """Return the list `conditions`; all of them must hold.

    Raises:
        InvalidRequest: one is of a kind that there is not, or names a column that the list does not have.
    """
    reader = _Reader(exchange, known)
    items = given.sequence(_WHERE)
    if len(items) > MAX_TOP:
        raise refused(_WHERE, f"has {MAX_TOP} items at most")
    return [reader.read(item) for item in items]


class _Reader:
    def __init__(self, exchange: Exchange, known: Mapping[str, Known]) -> None:
        self._exchange, self._known, self._count = exchange, known, 0

    def read(self, item: object) -> Condition:  # noqa: PLR0911  # one return a kind
        self._count += 1
        if self._count > MAX_IN_ALL:
            raise refused(_WHERE, f"has {MAX_IN_ALL} conditions at most, nested ones among them")
        if not isinstance(item, dict):
            raise refused(_WHERE, "must hold objects")
        given = Inputs(cast("Mapping[str, object]", item), within=_WHERE)
        match given.text("type", longest=20):
            case "and":
                return All(conditions=self._parts(given))
            case "or":
                return Any(conditions=self._parts(given))
            case "not":
                return Not(condition=self.read(given.mapping("condition")))
            case "eq":
                return self._one_of(given, [_number(given.raw("value"))])
            case "in":
                given.need("value")
                return self._one_of(given, [_number_or_text(one) for one in given.sequence("value")])
            case "contains":
                return self._contains(given)
            case "period":
                return self._period(given)
            case _:
                raise refused(f"{_WHERE}.type", "must be and, or, not, eq, contains, in or period")

    def _parts(self, given: Inputs) -> list[Condition]:
        parts = given.sequence("conditions")
        if not MIN_PARTS <= len(parts) <= MAX_TOP:
            raise refused(f"{_WHERE}.conditions", f"has {MIN_PARTS} to {MAX_TOP} items")
        return [self.read(part) for part in parts]

    def _column(self, given: Inputs, *, is_time: bool) -> Known:
        found = self._known.get(given.text("field", longest=64))
        if found is None:
            raise refused(f"{_WHERE}.field", f"must be of {', '.join(self._known)}")
        if found.is_time is not is_time:
            raise refused(f"{_WHERE}.type", "must be period, for this field" if found.is_time else "cannot be period")
        return found

    def _one_of(self, given: Inputs, values: Sequence[Decimal | str]) -> Condition:
        known = self._column(given, is_time=False)
        if known.words is not None:
            texts = {str(value).lower() for value in values}
            values = [ours for word, own in known.words.items() if word in texts for ours in own]
        return Equals(column=known.column, values=values)

    def _contains(self, given: Inputs) -> Condition:
        known, text = self._column(given, is_time=False), given.text("value", longest=MAX_TEXT_CHARS)
        if known.words is None:
            return Contains(columns=[known.column], text=text)
        found = [ours for word, own in known.words.items() if text.lower() in word for ours in own]
        return Equals(column=known.column, values=found)

    def _period(self, given: Inputs) -> Condition:
        known = self._column(given, is_time=True)
        return period(self._exchange, given, "value", known.column)


def _number(value: object) -> Decimal:
    number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(number, float):
        number = Decimal(str(number))
    if not isinstance(number, Decimal) or not _LEAST <= number <= _MOST:
        raise refused(f"{_WHERE}.value", "must be a number of 64 bits")
    if -cast("int", number.as_tuple().exponent) > _MOST_PLACES:
        raise refused(f"{_WHERE}.value", f"has {_MOST_PLACES} fractional digits at most")
    return number


def _number_or_text(value: object) -> Decimal | str:
    if not isinstance(value, str):
        return _number(value)
    return Inputs({"value": value}, within=_WHERE).text("value", longest=MAX_TEXT_CHARS)


def period(exchange: Exchange, given: Inputs, name: str, column: str) -> Within:
    """Return the condition of a period object, whose ends belong to it; one that is left out is open.

    Raises:
        InvalidRequest: it is no object, or an end is no date.
    """
    ends = Inputs(given.mapping(name), within=name)
    return Within(column=column, since=moment(exchange, ends, "from"), until=moment(exchange, ends, "to"))


def circle(given: Inputs, *, latitude: str, longitude: str) -> list[Condition]:
    """Return the condition of a `location` with its radius; none where there is no location.

    Raises:
        InvalidRequest: it is no place, or has no radius.
    """
    if "location" not in given:
        return []
    place = Inputs(given.mapping("location"), within="location")
    at = (place.number("lat", low=-90, high=90), place.number("lng", low=-180, high=180))
    metres = place.integer("radius", low=1, high=MAX_RADIUS_M)
    return [Near(latitude=latitude, longitude=longitude, at=at, metres=metres)]


def read_sorts(given: Inputs, known: Mapping[str, str], default: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Return what a list is sorted by: `["label=asc", "id=desc"]`, or one of these as a text.

    Args:
        known: our columns by the client's names for them.
        default: what stands where nothing is asked for.

    Raises:
        InvalidRequest: it names something else, or too much.
    """
    raw = given.raw("sort")
    wishes = [raw] if isinstance(raw, str) and not raw.startswith("[") else given.texts("sort")
    found: list[tuple[str, bool]] = []
    for wish in wishes:
        name, _, order = wish.partition("=")
        if name not in known or order not in ("", "asc", "desc") or len(wishes) > len(known):
            raise refused("sort", f"must be of {', '.join(known)} with =asc or =desc")
        found.append((known[name], order == "desc"))
    return found or list(default)
