"""Questetra's criteria of a process search: their vocabulary, and conversion of our queries to JSON or XML.

The Questetra surface reads criteria with these tables, and the native API converts a saved search with them, so that
copied criteria find the same. A condition that criteria cannot express is refused, never left out: criteria that
find more than the search would be worse than none.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import cast
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from satchel.model.errors import InvalidRequest
from satchel.model.fields import Field, FieldType
from satchel.model.ids import AppId
from satchel.model.instance import InstanceState, TaskState
from satchel.model.search.query import FieldCondition, InstanceQuery, Sort, SortKey

STATES: Mapping[InstanceState, str] = {
    InstanceState.RUNNING: "STARTED",
    InstanceState.ENDED: "ENDED",
    InstanceState.CANCELLED: "CANCELLED",
    InstanceState.FAILED: "FAILED",
}

SORTS: Mapping[SortKey, str] = {
    SortKey.STARTED_AT: "processInstanceStartDatetime",
    SortKey.ENDED_AT: "processInstanceEndDatetime",
    SortKey.TITLE: "processInstanceTitle",
    SortKey.NUMBER: "processInstanceSequenceNumber",
    SortKey.STATE: "processInstanceState",
}

ITEM_TYPES: Mapping[FieldType, str] = {
    FieldType.DECIMAL: "decimal",
    FieldType.INTEGER: "decimal",
    FieldType.RATING: "decimal",
    FieldType.DATE: "date",
    FieldType.DATETIME: "datetime",
    FieldType.CHOICE: "select",
    FieldType.CHOICES: "select",
    FieldType.USER: "quser",
    FieldType.GROUP: "qgroup",
    FieldType.TABLE: "list",
    FieldType.FILE: "file",
    FieldType.PHOTO: "file",
    FieldType.SIGNATURE: "file",
}
"""The types of items; every other field is a `string`."""

KNOWN_ITEM_TYPES = frozenset({*ITEM_TYPES.values(), "string", "discussion", "qrole"})

DATES: Mapping[str, str] = {
    "processInstanceStartDateFrom": "started_from",
    "processInstanceStartDateTo": "started_to",
    "processInstanceEndDateFrom": "ended_from",
    "processInstanceEndDateTo": "ended_to",
}
"""The names of dates in criteria's JSON, and ours."""

XML_ROOT = "process-instance-criteria"
XML_NAMES: Mapping[str, str] = {
    "process-model-info-id": "processModelInfoId",
    "title": "processInstanceTitle",
    "start-date-from": "processInstanceStartDateFrom",
    "start-date-to": "processInstanceStartDateTo",
    "end-date-from": "processInstanceEndDateFrom",
    "end-date-to": "processInstanceEndDateTo",
    "init-quser-id": "processInstanceInitQuserId",
    "init-qgroup-id": "processInstanceInitQgroupId",
    "starred": "starred",
    "sort-property": "sortProperty",
    "sort-direction": "sortDirection",
}
"""Equivalent elements of the XML and members of the JSON; states and items have their own shapes."""

XML_TASK_ROOT = "workitem-criteria"
XML_TASK_NAMES: Mapping[str, str] = {
    "process-instance-id": "processInstanceId",
    "node-number": "nodeNumber",
    "allocated-quser-id": "allocatedQuserId",
}
"""The additional elements of a search for tasks."""

MEMBERS = frozenset({*XML_NAMES.values(), "processInstanceState", "fields"})
"""The members of the JSON of a search for processes."""

TASK_MEMBERS = MEMBERS | {*XML_TASK_NAMES.values(), "state"}
"""The members of the JSON of a search for tasks."""

TASK_STATES: Mapping[TaskState, str] = {
    TaskState.UNASSIGNED: "OFFERED",
    TaskState.ASSIGNED: "ALLOCATED",
    TaskState.ARRIVED: "STARTED",
    TaskState.DONE: "ENDED",
    TaskState.DELAYED: "ENDED",
    TaskState.FAULTY: "ENDED",
    TaskState.FAILED: "FAILED",
    TaskState.CANCELLED: "CANCELLED",
}

NOT_IN_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML does not allow."""

_CONTAINED = frozenset({FieldType.TEXT, FieldType.MULTILINE, FieldType.LINK, FieldType.CHOICES})
_END_OF_DAY = timedelta(days=1) - timedelta(microseconds=1)


def item_type(field: Field) -> str:
    """Return the type of a field in criteria."""
    return ITEM_TYPES.get(field.type, "string")


def is_contained(field: Field) -> bool:
    """Return whether a condition on this field means "contains"; otherwise it means "equals"."""
    return field.type in _CONTAINED


def to_criteria(
    query: InstanceQuery, *, app: AppId | None, fields: Sequence[Field], items: Collection[int] | None, time_zone: str
) -> dict[str, object]:
    """Return the criteria in JSON that find the same as a query.

    Args:
        app: the number of the app that the query names, and `fields` its fields.
        items: the numbers of the items to show; None shows all. Items with a condition are always shown.
        time_zone: of the user who will send them: days are theirs.

    Raises:
        InvalidRequest: criteria cannot express a part of the query; `errors` lists each with its pointer.
    """
    unsaid: list[dict[str, str]] = []
    zone = ZoneInfo(time_zone)
    found: dict[str, object] = {"processModelInfoId": app}
    for name, ours in DATES.items():
        moment: datetime | None = getattr(query, ours)
        if moment is not None:
            found[name] = _date(moment, zone, ends=ours.endswith("_to"))
            if found[name] is None:
                unsaid.append(_fault(ours, "a time with seconds; Questetra's dates have days or minutes"))
    found["processInstanceState"] = [STATES[state] for state in query.states] or None
    found["processInstanceTitle"] = list(query.titles) or None
    found["processInstanceInitQuserId"] = None if query.starter is None else str(query.starter)
    found["processInstanceInitQgroupId"] = None if query.starter_group is None else str(query.starter_group)
    found["starred"] = True if query.starred_by is not None else None
    by_field = {one.field: one for one in query.conditions}
    shown: list[dict[str, object]] = []
    for field in fields:
        condition = by_field.get(field.id)
        if field.type is FieldType.SEPARATOR or (condition is None and items is not None and field.number not in items):
            continue
        item: dict[str, object] = {"type": item_type(field), "number": field.number}
        if condition is not None:
            item["value"] = _value(field, condition, zone)
            if item["value"] is None:
                unsaid.append(_fault(f"fields/{field.id}", f"this condition on a {field.type}"))
        shown.append(item)
    found["fields"] = shown or None
    found |= _sort(query.sort, unsaid)
    if unsaid:
        raise InvalidRequest(
            f"Questetra's criteria cannot express {len(unsaid)} part(s) of this search; the first, "
            f"{unsaid[0]['pointer']}: {unsaid[0]['message']}.",
            errors=unsaid,
        )
    return {name: value for name, value in found.items() if value is not None}


def as_json(criteria: Mapping[str, object]) -> str:
    """Return criteria as JSON text."""
    return json.dumps(criteria, ensure_ascii=False, indent=1) + "\n"


def as_xml(criteria: Mapping[str, object]) -> str:
    """Return criteria as the older XML.

    Raises:
        InvalidRequest: they contain a character that XML does not allow, or several titles (the XML has one).
    """
    elements = {theirs: name for name, theirs in XML_NAMES.items()}
    lines = ['<?xml version="1.0" encoding="UTF-8" ?>', f"<{XML_ROOT}>"]
    for name, value in criteria.items():
        if name == "processInstanceState":
            states = "".join(f"<state>{state}</state>" for state in cast("Sequence[str]", value))
            lines.append(f"  <states>{states}</states>")
        elif name == "fields":
            lines += ["  <data>", *(_xml_item(item) for item in cast("Sequence[Mapping[str, object]]", value))]
            lines.append("  </data>")
        else:
            texts = cast("Sequence[object]", value) if isinstance(value, list) else [value]
            if len(texts) > 1:
                message = "Criteria in XML have one title; request them as JSON (questetra-json)."
                raise InvalidRequest(message, errors=[_fault("title", "several titles")])
            lines.append(f"  <{elements[name]}>{_xml_text(texts[0])}</{elements[name]}>")
    return "\n".join([*lines, f"</{XML_ROOT}>", ""])


def _xml_item(item: Mapping[str, object]) -> str:
    number = f"<data-definition-number>{item['number']}</data-definition-number>"
    return (
        f"    <{item['type']}>{number}<value>{_xml_text(item.get('value', ''))}</value><view></view></{item['type']}>"
    )


def _xml_text(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if NOT_IN_XML.search(text):
        message = "The search has a character that XML does not allow; request the criteria as JSON (questetra-json)."
        raise InvalidRequest(message, errors=[_fault("", "a control character")])
    return escape(text, {"\r": "&#13;"})


def _fault(place: str, message: str) -> dict[str, str]:
    return {"pointer": f"/{place}", "message": message}


def _sort(sort: Sort, unsaid: list[dict[str, str]]) -> dict[str, object]:
    if sort.key not in SORTS:
        unsaid.append(_fault("sort", "a sort by a field"))
        return {}
    return {"sortProperty": SORTS[sort.key], "sortDirection": "DESC" if sort.descending else "ASC"}


def _date(moment: datetime, zone: ZoneInfo, *, ends: bool) -> str | None:
    """Return a date if the time is its start or (`ends`) its end, else a minute likewise; None if it is neither's."""
    local = moment.astimezone(zone)
    edge = datetime.combine(local.date(), time(), tzinfo=zone) + (_END_OF_DAY if ends else timedelta())
    if moment == edge.astimezone(UTC):
        return local.date().isoformat()
    if (local.second, local.microsecond) != ((59, 999_999) if ends else (0, 0)):
        return None
    return local.strftime("%Y-%m-%d %H:%M") if local.year > 999 else None  # noqa: PLR2004  # strftime does not pad years


def _minute(given: Mapping[str, object]) -> str | None:
    """Return the minute of a day that a range is all of, or None."""
    low, high = str(given.get("from", "")), str(given.get("to", ""))
    minute = low[: len("09:30")]
    return minute if (low, high) == (f"{minute}:00", f"{minute}:59.999999") else None


def _value(field: Field, condition: FieldCondition, zone: ZoneInfo) -> str | None:
    """Return an item's condition for this one, or None if criteria cannot express it."""
    given = condition.given
    if is_contained(field):
        term = given.get("contains")
        return term if isinstance(term, str) and term == term.strip() else None
    if field.type is FieldType.DATETIME:
        if not (isinstance(condition.low, datetime) and isinstance(condition.high, datetime)):
            return None
        low, high = (_date(end, zone, ends=ends) for end, ends in ((condition.low, False), (condition.high, True)))
        return low if low == high else None
    if field.type is FieldType.TIME:
        return _minute(given)
    if set(given) != {"equals"}:
        return None
    value = given["equals"]
    return str(value).lower() if isinstance(value, bool) else str(value)
