"""What a call was given: JSON bodies with keys in any case, and the parameters of lists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from satchel.model.errors import InvalidRequest, UnsupportedMedia
from satchel.model.strict_json import parse_json
from satchel.model.transfer.media import is_json
from satchel.surfaces.kit.exchange import Exchange

OPERATIONS = ("=", "<>", ">", ">=", "<", "<=")
MAX_FILTERS = 50
MAX_FIELDS = 1_100
"""How many fields a list may be asked for: those of the largest app, and ours."""

MAX_NUMBER = 2**31 - 1
_LONGEST_NUMBER = 10
_OLDER_JSON = "text/json"


class Keys:
    """An object whose keys are found in any case.

    Args:
        found: as it was decoded.

    Raises:
        InvalidRequest: two of its keys differ only in case.
    """

    def __init__(self, found: object) -> None:
        if not isinstance(found, dict):
            raise InvalidRequest("The body must be a JSON object.")
        self.members = cast("dict[str, object]", found)
        self._by_key = {key.casefold(): value for key, value in self.members.items()}
        if len(self._by_key) != len(self.members):
            raise InvalidRequest("The body says a key twice in one object, in different case.")

    def __contains__(self, key: str) -> bool:
        """Return whether a member came and is not null."""
        return self.get(key) is not None

    def get(self, key: str) -> object:
        """Return a member, or None."""
        return self._by_key.get(key.casefold())

    def text(self, key: str) -> str | None:
        """Return a member that is text; None where it is absent or null.

        Raises:
            InvalidRequest: it is no text.
        """
        value = self.get(key)
        if value is None or isinstance(value, str):
            return value
        raise InvalidRequest(f"{key} must be a text.", pointer=f"/{key}")

    def flag(self, key: str) -> bool:
        """Return whether a member is true; false where it is absent.

        Raises:
            InvalidRequest: it is neither true nor false.
        """
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise InvalidRequest(f"{key} must be true or false.", pointer=f"/{key}")

    def elements(self, key: str) -> Sequence[object]:
        """Return a member that is a list; empty where it is absent.

        Raises:
            InvalidRequest: it is no list.
        """
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise InvalidRequest(f"{key} must be a list.", pointer=f"/{key}")
        return cast("list[object]", value)

    def without(self, *keys: str) -> dict[str, object]:
        """Return the members but for some."""
        dropped = {key.casefold() for key in keys}
        return {key: value for key, value in self.members.items() if key.casefold() not in dropped}


def require_json(exchange: Exchange) -> None:
    """Pass a body that is not said to be something else than JSON.

    Raises:
        UnsupportedMedia: it is.
    """
    said = exchange.content_type
    if said and said != _OLDER_JSON and not is_json(said):
        raise UnsupportedMedia(f"Send JSON with Content-Type: application/json, not {said[:80]}.")


async def read_keys(exchange: Exchange) -> Keys:
    """Return the JSON body; an empty body counts as an empty object.

    Raises:
        UnsupportedMedia, TooLarge, InvalidRequest: it is no JSON object that can be read.
    """
    require_json(exchange)
    body = await exchange.whole()
    limit = exchange.parts.max_json_bytes
    return Keys(parse_json(body.removeprefix(b"\xef\xbb\xbf"), max_bytes=limit) if body.strip() else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on one field; `value` is text, empty for none."""

    name: str
    value: str
    operation: str = "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
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


async def read_wanted(exchange: Exchange, *others: str) -> Wanted:
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
        return _from_body(await read_keys(exchange), others)
    return _from_pairs(exchange.pairs, others)


def _from_pairs(pairs: Sequence[tuple[str, str]], others: Sequence[str]) -> Wanted:
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
    return Wanted(
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


def _from_body(given: Keys, others: Sequence[str]) -> Wanted:
    known = {"filters", "sort", "fields", "offset", "limit", "searchtext", *(other.lower() for other in others)}
    unknown = [name for name in given.members if name.lower() not in known]
    if unknown:
        raise InvalidRequest(f"There is no parameter {unknown[0][:80]}.", pointer=f"/{unknown[0][:80]}")
    filters = given.elements("filters")
    fields = [_text("fields", one) for one in given.elements("fields")]
    if len(filters) > MAX_FILTERS or len(fields) > MAX_FIELDS:
        raise InvalidRequest(f"A list takes {MAX_FILTERS} filters and {MAX_FIELDS} fields at most.")
    return Wanted(
        filters=tuple(_filter(Keys(one)) for one in filters),
        sort=tuple(_sort(Keys(one)) for one in given.elements("sort")[:MAX_FIELDS]),
        fields=tuple(fields) or None,
        offset=_number("offset", given.get("offset")),
        limit=_number("limit", given.get("limit")) or None,
        search=given.text("searchText") or None,
        others={other.lower(): given.text(other) or "" for other in others if other in given},
    )


def _filter(given: Keys) -> Filter:
    operation = given.text("operation") or "="
    if operation not in OPERATIONS:
        raise InvalidRequest(f"operation is one of {' '.join(OPERATIONS)}.", pointer="/filters")
    return Filter(
        name=_text("name", given.get("name")), value=plain_text("value", given.get("value")), operation=operation
    )


def _sort(given: Keys) -> tuple[str, bool]:
    direction = (given.text("direction") or "asc").lower()
    if direction not in ("asc", "desc"):
        raise InvalidRequest("direction is asc or desc.", pointer="/sort")
    return _text("property", given.get("property")), direction == "desc"


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
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER or int(text) > MAX_NUMBER:
        raise InvalidRequest(f"{name} is a whole number from 0 to {MAX_NUMBER}.", pointer=f"/{name}")
    return int(text)
