"""Searches from users: options of a command, or a file of criteria."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import msgspec

from satchel.model.errors import InvalidRequest

DATES = ("started_from", "started_to", "ended_from", "ended_to")
"""The members of a query that are dates or datetimes."""

_VARIABLE = re.compile(r"#(now|today)(?:\.addDays\((-?[0-9]{1,5})\))?")
_CONDITION = re.compile(r"([A-Za-z0-9_]+)(>=|<=|=|~)(.*)", re.DOTALL)
_OPERATIONS = {"=": "equals", "~": "contains", ">=": "from", "<=": "to"}
_THEIRS = re.compile(r"processModelInfoId|processInstance\w+|sortProperty|sortDirection|starred")


_OTHER_NAMES = {
    "started_from": "processInstanceStartDateFrom",
    "started_to": "processInstanceStartDateTo",
    "ended_from": "processInstanceEndDateFrom",
    "ended_to": "processInstanceEndDateTo",
}
_OTHER_STATES = {"running": "STARTED", "ended": "ENDED", "cancelled": "CANCELLED", "failed": "FAILED"}


def is_questetra(text: str) -> bool:
    """Return whether criteria are Questetra's: XML, or JSON with their names."""
    bare = text.removeprefix("\ufeff").lstrip()
    if bare.startswith("<"):
        return True
    given = _object(text)
    return isinstance(given.get("fields"), list) or any(_THEIRS.fullmatch(name) for name in given)


def read_query(text: str) -> dict[str, object]:
    """Read a native query from a file's text.

    Raises:
        InvalidRequest: it is not a JSON object.
    """
    return _object(text)


def _object(text: str) -> dict[str, object]:
    try:
        given = msgspec.json.decode(text.removeprefix("\ufeff"), type=object)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The criteria are neither XML nor JSON ({error}).") from None
    if not isinstance(given, dict):
        raise InvalidRequest("The criteria are a JSON object.")
    return cast("dict[str, object]", given)


def conditions(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return conditions on fields: `x=y`, `x~part`, `x>=low`, `x<=high`.

    Raises:
        InvalidRequest: one is malformed, or a duplicate.
    """
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise InvalidRequest(f"A condition on a field is x=y, x~part, x>=low or x<=high, not {text[:80]!r}.")
        parts = found.setdefault(match[1], {})
        if _OPERATIONS[match[2]] in parts:
            raise InvalidRequest(f"There are two conditions {match[1]}{match[2]}...; give one.")
        parts[_OPERATIONS[match[2]]] = match[3]
    return found


def criteria_of(query: Mapping[str, object]) -> str:
    """Return options of the command as Questetra's criteria; dates are unchanged, as its server reads them.

    Raises:
        InvalidRequest: the app or a field is not a number, or criteria have no such condition.
    """
    found: dict[str, object] = {}
    if query.get("app") is not None:
        found["processModelInfoId"] = number("--app", query["app"])
    for name, theirs in _OTHER_NAMES.items():
        if query.get(name) is not None:
            found[theirs] = query[name]
    states = cast("Sequence[str]", query.get("states") or ())
    if states:
        found["processInstanceState"] = [_OTHER_STATES.get(state, state) for state in states]
    if query.get("title") is not None:
        found["processInstanceTitle"] = [query["title"]]
    if query.get("starter") is not None:
        found["processInstanceInitQuserId"] = "#me" if query["starter"] == "me" else query["starter"]
    items = cast("Mapping[str, Mapping[str, str]]", query.get("fields") or {})
    if any(set(parts) != {"equals"} for parts in items.values()):
        raise InvalidRequest("Questetra's conditions on items are x=y only.")
    if items:
        found["fields"] = [
            {"type": "string", "number": number("--field", item), "value": parts["equals"], "view": False}
            for item, parts in items.items()
        ]
    return msgspec.json.encode(found).decode()


def read_text(path: Path) -> str:
    """Return a file's text.

    Raises:
        InvalidRequest: it cannot be read as UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path} cannot be read as UTF-8 ({error}).") from None


def item_number(text: str) -> int:
    """Return the number of an item.

    Raises:
        InvalidRequest: it is not a number.
    """
    return number("--fields", text)


def number(option: str, given: object) -> int:
    """Return the number given to an option.

    Raises:
        InvalidRequest: it is not a number.
    """
    text = str(given)
    if not (text.isascii() and text.isdigit()):
        raise InvalidRequest(f"{option} takes numbers here, not {text[:80]!r}.")
    return int(text)


def dated(query: Mapping[str, object], now: datetime, time_zone: str) -> dict[str, object]:
    """Return a query with `#now`, `#today` and `#today.addDays(n)` replaced by dates and datetimes.

    Raises:
        InvalidRequest: a date begins with # and is none of these.
    """
    local = now.astimezone(ZoneInfo(time_zone))
    found = dict(query)
    for name in DATES:
        given = found.get(name)
        if isinstance(given, str) and given.strip().startswith("#"):
            found[name] = _date(given.strip(), local)
    return found


def since(text: str, now: datetime, time_zone: str) -> str:
    """Return a date or datetime as RFC 3339 in UTC; a date is its start in the time zone.

    Raises:
        InvalidRequest: it is neither.
    """
    zone = ZoneInfo(time_zone)
    try:
        said = _date(text.strip(), now.astimezone(zone)) if text.strip().startswith("#") else text.strip()
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise InvalidRequest(f"{text[:80]!r} is not a date (2026-01-31) or datetime (2026-01-31T09:30:00Z).") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return aware.astimezone(ZoneInfo("UTC")).replace(tzinfo=None).isoformat() + "Z"


def _date(text: str, local: datetime) -> str:
    match = _VARIABLE.fullmatch(text)
    if match is None:
        raise InvalidRequest(f"{text[:80]!r} is none of #now, #today and #today.addDays(n).")
    try:
        moved = local + timedelta(days=int(match[2] or 0))
    except OverflowError:
        raise InvalidRequest(f"{text[:80]!r} is out of range.") from None
    return moved.isoformat(timespec="seconds") if match[1] == "now" else moved.date().isoformat()
