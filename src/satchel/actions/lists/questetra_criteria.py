"""Questetra's criteria of a process search, as XML (with which their scripts came) or JSON: one meaning, in our words.

Their surface searches by them, and the native one says what they mean, so that `satchel export` finds the same by both.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from lxml import etree

from satchel.actions.lists.processes import ME, InstanceFilter
from satchel.model.errors import InvalidRequest
from satchel.model.safe_xml import DoctypeError, Element, parse_xml
from satchel.model.search import criteria as words
from satchel.model.strict_json import parse_json

MAX_CHARS = 200_000
MAX_ITEMS = 1_024

_STATES = {theirs: ours.value for ours, theirs in words.STATES.items()}
_SORTS = {theirs: ours.value for ours, theirs in words.SORTS.items()}
_XML_STATES = {"states": "processInstanceState"}
_XML_TASK_STATES = {**_XML_STATES, "workitem-states": "state"}
_XML_ITEM_PARTS = ("data-definition-number", "value", "view")
_ITEM_MEMBERS = ("type", "number", "value", "view")
_LONGEST_NAME = 80
_TODAY = re.compile(r"#today(?:\.addDays\((-?[0-9]{1,5})\))?")


@dataclass(frozen=True, slots=True)
class ParsedCriteria:
    """What is searched, and the numbers of the items to show."""

    wanted: InstanceFilter = field(default_factory=InstanceFilter)
    shown: tuple[int, ...] = ()


def read_criteria(text: str, *, now: datetime, time_zone: str, ignores_unknown: bool) -> ParsedCriteria:
    """Return criteria; none at all find everything that may be seen.

    Args:
        text: XML if it begins with `<`, JSON if with `{`.
        now: the present moment, for `#now` and `#today`.
        time_zone: where `#today` is.
        ignores_unknown: whether members and elements with an unknown name are ignored instead of refused.

    Raises:
        InvalidRequest: they are malformed, or ask for what is not supported.
    """
    given = members(text, root=words.XML_ROOT, ignores_unknown=ignores_unknown)
    return meaning(given, now.astimezone(ZoneInfo(time_zone))) if given else ParsedCriteria()


def members(text: str, *, root: str, ignores_unknown: bool) -> Mapping[str, object]:
    """Return what criteria say by the names that they have in JSON; nothing where there are none.

    Args:
        text: XML or JSON.
        root: of the XML, which also says whether processes or tasks are searched.
        ignores_unknown: whether what has an unknown name is left out instead of refused.

    Raises:
        InvalidRequest: they are neither XML with this root nor JSON, or a name in them is unknown.
    """
    bare = text.removeprefix("\ufeff").strip()
    if len(bare) > MAX_CHARS:
        raise _refused("criteria", f"has more than {MAX_CHARS} characters")
    if not bare:
        return {}
    unknown = _Unknown(are_ignored=ignores_unknown)
    if bare.startswith("<"):
        return _from_xml(bare, root, unknown)
    if bare.startswith("{"):
        return _from_json(bare, root, unknown)
    raise _refused("criteria", "is XML (<...) or JSON ({...)", bare)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """What happens to a name that criteria do not have: a misspelt condition must not find more than was meant."""

    are_ignored: bool

    def allows(self, name: str, known: Collection[str]) -> bool:
        """Return whether a name is known.

        Raises:
            InvalidRequest: it is not, and unknown ones are not ignored.
        """
        if name in known:
            return True
        if self.are_ignored:
            return False
        raise _refused(name[:_LONGEST_NAME], f"is unknown; there are {', '.join(sorted(known))}")


def _refused(name: str, why: str, value: str = "") -> InvalidRequest:
    return InvalidRequest(f"{name} {why}.", pointer=f"/{name}", given=value[:200])


def _from_json(text: str, root: str, unknown: _Unknown) -> Mapping[str, object]:
    try:
        found = cast("Mapping[str, object]", parse_json(text.encode(), max_bytes=MAX_CHARS * 4))
    except InvalidRequest as error:
        raise _refused("criteria", f"is not JSON: {error.message}".rstrip("."), text) from None
    known = words.TASK_MEMBERS if root == words.XML_TASK_ROOT else words.MEMBERS
    given = {name: value for name, value in found.items() if unknown.allows(name, known)}
    items = given.get("fields")
    if isinstance(items, list):
        given["fields"] = [_json_item(item, unknown) for item in cast("list[object]", items)]
    return given


def _json_item(item: object, unknown: _Unknown) -> object:
    if not isinstance(item, dict):
        return item
    found = cast("Mapping[str, object]", item)
    return {name: value for name, value in found.items() if unknown.allows(name, _ITEM_MEMBERS)}


def _from_xml(text: str, wanted: str, unknown: _Unknown) -> Mapping[str, object]:
    try:
        # The text is decoded already: what it declares itself to be in would have it read as other characters.
        root = parse_xml(text.encode(), encoding="utf-8")
    except DoctypeError:
        raise _refused("criteria", "has a DOCTYPE or entities, which are refused", text) from None
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _refused("criteria", f"is not well-formed XML ({str(error)[:100]})", text) from None
    if root.tag != wanted:
        raise _refused("criteria", f"has the root {wanted}", str(root.tag))
    is_of_tasks = wanted == words.XML_TASK_ROOT
    states = _XML_TASK_STATES if is_of_tasks else _XML_STATES
    alone = {**words.XML_NAMES, **words.XML_TASK_NAMES} if is_of_tasks else words.XML_NAMES
    known = {*states, *alone, "data"}
    given: dict[str, object] = {}
    for node in root:
        name = str(node.tag)
        if not unknown.allows(name, known):
            continue
        if name in states:
            given[states[name]] = [_text(one) for one in node if unknown.allows(str(one.tag), ("state",))]
        elif name == "data":
            given["fields"] = [_xml_item(one, unknown) for one in node]
        elif _text(node):
            given[alone[name]] = _text(node)
    return given


def _text(node: Element) -> str:
    return (node.text or "").strip()


def _xml_item(node: Element, unknown: _Unknown) -> dict[str, object]:
    parts = {str(part.tag): _text(part) for part in node if unknown.allows(str(part.tag), _XML_ITEM_PARTS)}
    return {
        "type": str(node.tag),
        "number": parts.get("data-definition-number", ""),
        "value": parts.get("value", ""),
        "view": "view" in parts and parts["view"].lower() != "false",
    }


def meaning(given: Mapping[str, object], now: datetime) -> ParsedCriteria:
    """Return what criteria mean at a moment on the asker's clock.

    Raises:
        InvalidRequest: a condition is malformed.
    """
    query: dict[str, object] = {}
    for name, ours in words.DATES.items():
        if given.get(name) not in (None, ""):
            query[ours] = _date(name, given[name], now)
    states = texts("processInstanceState", given.get("processInstanceState"))
    unknown = [state for state in states if state not in _STATES]
    if unknown:
        raise _refused("processInstanceState", f"is one of {', '.join(_STATES)}", unknown[0])
    if states:
        query["states"] = [_STATES[state] for state in states]
    titles = texts("processInstanceTitle", given.get("processInstanceTitle"))
    if titles:
        query["title"] = titles
    starter, group = given.get("processInstanceInitQuserId"), given.get("processInstanceInitQgroupId")
    if starter not in (None, ""):
        query["starter"] = "me" if starter == "#me" else whole("processInstanceInitQuserId", starter)
    if group not in (None, ""):
        query["starter_group"] = whole("processInstanceInitQgroupId", group)
    if given.get("starred") not in (None, "", False, "false"):
        if given["starred"] not in (True, "true"):
            raise _refused("starred", "is true or false", str(given["starred"]))
        query["starred"] = True
    query["sort"] = _sort(given)
    values, shown = _items(given.get("fields"), now)
    app = given.get("processModelInfoId")
    is_any = app in (None, "", -1, "-1")
    wanted = InstanceFilter(app=None if is_any else whole("processModelInfoId", app), query=query, values=values)
    return ParsedCriteria(wanted, shown)


def _sort(given: Mapping[str, object]) -> str:
    key = given.get("sortProperty") or "processInstanceStartDatetime"
    direction = given.get("sortDirection") or "DESC"
    if not isinstance(key, str) or key not in _SORTS:
        raise _refused("sortProperty", f"is one of {', '.join(_SORTS)}", str(key))
    if not isinstance(direction, str) or direction.upper() not in ("ASC", "DESC"):
        raise _refused("sortDirection", "is ASC or DESC", str(direction))
    return f"-{_SORTS[key]}" if direction.upper() == "DESC" else _SORTS[key]


def _items(given: object, now: datetime) -> tuple[dict[int, str], tuple[int, ...]]:
    """Return conditions by item number, and the items to show: in JSON all that are named, in XML those with a view."""
    if given is None:
        return {}, ()
    if not isinstance(given, list) or len(cast("list[object]", given)) > MAX_ITEMS:
        raise _refused("fields", f"is a list of at most {MAX_ITEMS} items")
    values: dict[int, str] = {}
    shown: dict[int, None] = {}
    for one in cast("list[object]", given):
        if not isinstance(one, dict):
            raise _refused("fields", "holds objects with type and number", str(one))
        item = cast("Mapping[str, object]", one)
        kind = item.get("type")
        if not isinstance(kind, str) or kind not in words.KNOWN_ITEM_TYPES:
            raise _refused("fields", f"has the types {', '.join(sorted(words.KNOWN_ITEM_TYPES))}", str(kind))
        number = whole("fields", item.get("number"))
        value = item.get("value")
        if value not in (None, ""):
            values[number] = _item_value(kind, value, now)
        if item.get("view", True) is True:
            shown[number] = None
    return values, tuple(shown)


def _item_value(kind: str, given: object, now: datetime) -> str:
    """Return what an item is compared with, as text; `#me` and the variables of dates are what they stand for now."""
    alone = cast("list[object]", given) if isinstance(given, list) else [given]
    value = alone[0] if len(alone) == 1 else None  # one choice, perhaps in a list
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | Decimal):
        raise _refused("fields", "compares an item with a text or a number")
    text = str(value)
    if kind == "quser" and text == "#me":
        return ME
    return _date("fields", text, now) if kind in ("date", "datetime") else text


def texts(name: str, given: object) -> Sequence[str]:
    """Return a member that is a text or a list of them, without empty ones.

    Raises:
        InvalidRequest: it is neither.
    """
    if given is None:
        return ()
    found = cast("list[object]", given) if isinstance(given, list) else [given]
    if not all(isinstance(one, str) for one in found):
        raise _refused(name, "is a list of texts")
    return [one for one in cast("list[str]", found) if one]


def whole(name: str, given: object) -> int:
    """Return a member that is a number from 0 on, perhaps as text.

    Raises:
        InvalidRequest: it is none.
    """
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit()) or len(text) > 18:  # noqa: PLR2004  # digits that always fit an id
        raise _refused(name, "is a whole number", text)
    return int(text)


def _date(name: str, given: object, now: datetime) -> str:
    text = str(given).strip()
    if text == "#now":
        return now.isoformat(timespec="seconds")
    today = _TODAY.fullmatch(text)
    if today is None:
        return text
    try:
        return (now.date() + timedelta(days=int(today.group(1) or 0))).isoformat()
    except OverflowError:
        raise _refused(name, "is out of range", text) from None
