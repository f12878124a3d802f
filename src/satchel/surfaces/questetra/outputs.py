"""Our instances, fields and files as their processes, data items and FILE2 values."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from satchel.actions.lists.processes import Process
from satchel.model.fields import Field, FieldType
from satchel.model.files import File
from satchel.model.ids import GroupId, UserId, data_item_id
from satchel.model.search import criteria
from satchel.surfaces.kit.exchange import Reply

_DATA_TYPES: Mapping[str, str] = {"file": "FILE2"}
"""Where a data type is not the criteria's word for it in capitals."""

_SUBTYPES: Mapping[FieldType, str] = {FieldType.DATE: "DATE_YMD"}

_KIBIBYTE = 1024
_UNITS = ("KB", "MB", "GB", "TB")


def nothing() -> Reply:
    """Return the answer of a call that says nothing: 200 without a body."""
    return Reply()


def process(one: Process, shown: Collection[int], time_zone: str) -> dict[str, object]:
    """Return a process with every key; `data` is null where no item is shown."""
    instance, zone = one.instance, ZoneInfo(time_zone)
    return {
        "activeTokenNodeName": list(one.nodes) or None,
        "data": _data(one, shown, zone) if shown else None,
        "processInstanceDebug": False,
        "processInstanceEndDatetime": None if instance.ended_at is None else moment(instance.ended_at, zone),
        "processInstanceId": instance.id,
        "processInstanceIdForView": f"p{instance.id}",
        "processInstanceInitQgroupId": one.starter.group_id if one.starter else None,
        "processInstanceInitQgroupName": one.starter.group_name if one.starter else None,
        "processInstanceInitQuserId": instance.starter_id,
        "processInstanceInitQuserName": one.starter.name if one.starter else None,
        "processInstanceSequenceNumber": instance.number,
        "processInstanceStartDatetime": moment(instance.started_at, zone),
        "processInstanceState": criteria.STATES[instance.state],
        "processInstanceTitle": instance.title,
        "processModelInfoCategory": one.row.category,
        "processModelInfoId": one.row.id,
        "processModelInfoName": one.row.name,
        "processModelVersion": one.app.number,
        "starred": one.is_starred,
    }


def data_type(known: Field) -> str:
    """Return what a field's values are called."""
    word = criteria.item_type(known)
    return _DATA_TYPES.get(word, word.upper())


def subtype(known: Field) -> str | None:
    """Return what narrows a field's data type."""
    return _SUBTYPES.get(known.type)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a zone, its offset without a colon: `2022-04-11T11:06:36+0900`."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def _data(one: Process, shown: Collection[int], zone: ZoneInfo) -> dict[str, object]:
    items: dict[str, object] = {}
    for order, known in enumerate(one.app.manifest.fields, start=1):
        if known.number not in shown or known.type is FieldType.SEPARATOR:
            continue
        items[str(known.number)] = {
            "dataType": data_type(known),
            "id": data_item_id(one.instance.id, known.number),
            "name": known.label,
            "processDataDefinitionNumber": known.number,
            "subType": subtype(known),
            "value": _files(one, known) if known.is_file_type else value(one, known, zone),
            "viewOrder": order,
        }
    return items


def _files(one: Process, known: Field) -> list[dict[str, object]] | None:
    place = data_item_id(one.instance.id, known.number)
    return [_file(held, place) for held in stored(one, known)] or None


def stored(one: Process, known: Field) -> list[File]:
    """Return a field's files that can be downloaded; what is kept elsewhere has no bytes to give."""
    return [held for held in one.files if held.field_id == known.id and held.digest is not None]


def _file(held: File, place: int) -> dict[str, object]:
    size = held.size_bytes or 0
    return {
        "contentType": held.media_type or "application/octet-stream",
        "id": held.id,
        "image": (held.media_type or "").startswith("image/"),
        "length": size,
        "lengthText": length_text(size),
        "name": held.name,
        "processDataInstanceId": place,
    }


def length_text(size: int) -> str:
    """Return a size for people, in steps of 1024 and rounded up to one decimal: 71550 is `69.9 KB`."""
    if size < _KIBIBYTE:
        return f"{size} B"
    unit = 1
    while size > _KIBIBYTE ** (unit + 1) and unit < len(_UNITS):
        unit += 1
    tenths = -(-size * 10 // _KIBIBYTE**unit)
    return f"{tenths // 10}.{tenths % 10} {_UNITS[unit - 1]}"


def value(one: Process, known: Field, zone: ZoneInfo) -> object:
    """Return what a field that holds no files holds; None for nothing."""
    held = one.instance.values.get(known.id)
    if held is None:
        return None
    if known.type in (FieldType.CHOICE, FieldType.CHOICES):
        labels = {option.id: option.label for option in known.limits.options}
        chosen = cast("list[object]", held) if isinstance(held, list) else [held]
        return [{"display": labels.get(str(one), str(one)), "value": str(one)} for one in chosen]
    if known.type is FieldType.DATETIME and isinstance(held, str):
        return moment(datetime.fromisoformat(held), zone)
    if known.type is FieldType.BOOLEAN:
        return "true" if held else "false"
    if known.type in (FieldType.USER, FieldType.GROUP) and isinstance(held, int):
        return one.users.get(UserId(held)) if known.type is FieldType.USER else one.groups.get(GroupId(held))
    return held
