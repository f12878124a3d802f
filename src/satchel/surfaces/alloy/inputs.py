"""What a call was given: JSON bodies with keys in any case, and the parameters of lists."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self, cast

from satchel.model.errors import InvalidRequest
from satchel.model.transfer.media import is_json
from satchel.surfaces.kit.exchange import Exchange
from satchel.surfaces.kit.given import Given
from satchel.surfaces.kit.texts import whole_number

OPERATIONS = ("=", "<>", ">", ">=", "<", "<=")
MAX_FILTERS = 50
MAX_FIELDS = 1_100
"""How many fields a list may be asked for: those of the largest app, and ours."""

MAX_NUMBER = 2**31 - 1
_OLDER_JSON = "text/json"


class Inputs(Given):
    """The members of a JSON object, found by their names in any case.

    Attributes:
        members: as they came.
    """

    takes_object = True
    has_json_texts = False
    empty_is_absent = False

    def __init__(self, values: Mapping[str, object] | Iterable[tuple[str, object]] = (), *, within: str = "") -> None:
        self.members: Mapping[str, object] = dict(values)
        super().__init__(self.members, within=within)

    @classmethod
    def of(cls, found: object) -> Self:
        """Return the members of what was decoded.

        Raises:
            InvalidRequest: it is no object, or has a member twice, in different case.
        """
        if not isinstance(found, dict):
            raise InvalidRequest("The body must be a JSON object.")
        return cls(cast("dict[str, object]", found))

    @classmethod
    def key(cls, name: str) -> str:
        """Return a name without its case."""
        return name.casefold()

    @classmethod
    def is_object(cls, content_type: str) -> bool:
        """Return whether a body is JSON: unless it is said to be something else."""
        return content_type in ("", _OLDER_JSON) or is_json(content_type)

    def without(self, *names: str) -> dict[str, object]:
        """Return the members but for some."""
        dropped = {self.key(name) for name in names}
        return {name: value for name, value in self.members.items() if self.key(name) not in dropped}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on one field; `value` is text, empty for none."""

    name: str
    value: str
    operation: str = "="


@dataclass(frozen=True, slots=True, kw_only=True)
class RowQuery:
    """Which rows of a list are asked for, and what of them.

    Attributes:
        filters: all of them must hold.
        sort: (field, whether descending).
        fields: None for all.
        limit: None for no limit.
        search: a text that is looked for.
        others: further parameters of the call, by lower-case name.
    """

    filters: tuple[Filter, ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    fields: tuple[str, ...] | None = None
    offset: int = 0
    limit: int | None = None
    search: str | None = None
    others: Mapping[str, str]


async def read_wanted(exchange: Exchange, *others: str) -> RowQuery:
    """Return what a list is asked for, by query string or by body.

    Args:
        exchange: the request.
        others: names of further parameters of the call; in a query string they may begin with `par_`.

    Raises:
        InvalidRequest: a parameter is malformed or stands there twice.
    """
    if exchange.method == "POST":
        if exchange.pairs:
            raise InvalidRequest("A POST has its parameters in its body, not in the address.")
        return _from_body(await Inputs.of_body(exchange), others)
    return _from_pairs(exchange.pairs, others)


def _from_pairs(pairs: Sequence[tuple[str, str]], others: Sequence[str]) -> RowQuery:
    given: dict[str, str] = {}
    filters: list[Filter] = []
    known = {other.lower() for other in others}
    for name, value in pairs:
        key = name.lower()
        bare = key.removeprefix("par_")
        if key.startswith("par_") or bare in known:
            if bare in given:
                raise InvalidRequest(f"{name[:80]} is given more than once.", pointer=f"/{name[:80]}")
            given[bare] = value
        else:
            filters.append(Filter(name=name, value=value))
    sorts = [name for name in ("sort_asc", "sort_desc") if given.get(name)]
    unknown = set(given) - {"sort_asc", "sort_desc", "fields", "offset", "limit", "search_text"} - known
    if unknown:
        raise InvalidRequest(f"There is no parameter par_{min(unknown)[:80]}.", pointer=f"/par_{min(unknown)[:80]}")
    if len(sorts) > 1:
        raise InvalidRequest("Give par_sort_asc or par_sort_desc, not both.", pointer="/par_sort_asc")
    names = [name.casefold() for name, _ in pairs]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None or len(filters) > MAX_FILTERS:
        raise InvalidRequest(f"{(doubled or 'A filter')[:80]} is given more than once, or there are too many.")
    return RowQuery(
        filters=tuple(filters),
        sort=tuple((name, sorts[0] == "sort_desc") for name in _names(given[sorts[0]])) if sorts else (),
        fields=_names(given["fields"]) if given.get("fields") else None,
        offset=_number("par_offset", given.get("offset")),
        limit=_number("par_limit", given.get("limit")) or None,
        search=given.get("search_text") or None,
        others={name: given[name] for name in known if name in given},
    )


def _names(text: str) -> tuple[str, ...]:
    found = tuple(name.strip() for name in text.split(",") if name.strip())
    if len(found) > MAX_FIELDS:
        raise InvalidRequest(f"At most {MAX_FIELDS} fields can be named.")
    return found


def _from_body(given: Inputs, others: Sequence[str]) -> RowQuery:
    known = {"filters", "sort", "fields", "offset", "limit", "searchtext", *(other.lower() for other in others)}
    unknown = [name for name in given.members if name.lower() not in known]
    if unknown:
        raise InvalidRequest(f"There is no parameter {unknown[0][:80]}.", pointer=f"/{unknown[0][:80]}")
    filters = given.sequence("filters")
    fields = [_text("fields", one) for one in given.sequence("fields")]
    if len(filters) > MAX_FILTERS or len(fields) > MAX_FIELDS:
        raise InvalidRequest(f"A list takes {MAX_FILTERS} filters and {MAX_FIELDS} fields at most.")
    return RowQuery(
        filters=tuple(_filter(Inputs.of(one)) for one in filters),
        sort=tuple(_sort(Inputs.of(one)) for one in given.sequence("sort")[:MAX_FIELDS]),
        fields=tuple(fields) or None,
        offset=_number("offset", given.raw("offset")),
        limit=_number("limit", given.raw("limit")) or None,
        search=given.text_or_none("searchText") or None,
        others={other.lower(): given.text_or_none(other) or "" for other in others if other in given},
    )


def _filter(given: Inputs) -> Filter:
    operation = given.text_or_none("operation") or "="
    if operation not in OPERATIONS:
        raise InvalidRequest(f"operation is one of {' '.join(OPERATIONS)}.", pointer="/filters")
    return Filter(
        name=_text("name", given.raw("name")), value=plain_text("value", given.raw("value")), operation=operation
    )


def _sort(given: Inputs) -> tuple[str, bool]:
    direction = (given.text_or_none("direction") or "asc").lower()
    if direction not in ("asc", "desc"):
        raise InvalidRequest("direction is asc or desc.", pointer="/sort")
    return _text("property", given.raw("property")), direction == "desc"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest(f"{name} must hold texts that are not empty.", pointer=f"/{name}")
    return value.strip()


def plain_text(name: str, value: object) -> str:
    """Return a value of JSON as text: numbers as they are written, true and false, nothing for null.

    Raises:
        InvalidRequest: it is a list or an object.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    raise InvalidRequest(f"{name} must be one value.", pointer=f"/{name}")


def _number(name: str, value: object) -> int:
    text = plain_text(name, value).strip()
    if not text:
        return 0
    found = whole_number(text, high=MAX_NUMBER)
    if found is None:
        raise InvalidRequest(f"{name} must be a whole number from 0 to {MAX_NUMBER}.", pointer=f"/{name}")
    return found
