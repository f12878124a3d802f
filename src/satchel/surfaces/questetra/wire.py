"""Our instances, fields and files as their processes, data items and FILE2 values."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from satchel.actions.processes import Process, field_instance_number
from satchel.model.fields import Field, FieldType
from satchel.model.files import File
from satchel.model.instance import InstanceState

PREFIX = "/questetra"

STATES: Mapping[InstanceState, str] = {
    InstanceState.RUNNING: "STARTED",
    InstanceState.ENDED: "ENDED",
    InstanceState.CANCELLED: "CANCELLED",
    InstanceState.FAILED: "FAILED",
}

_TYPES: Mapping[FieldType, tuple[str, str | None]] = {
    FieldType.DECIMAL: ("DECIMAL", None),
    FieldType.INTEGER: ("DECIMAL", None),
    FieldType.RATING: ("DECIMAL", None),
    FieldType.DATE: ("DATE", "DATE_YMD"),
    FieldType.DATETIME: ("DATETIME", None),
    FieldType.CHOICE: ("SELECT", None),
    FieldType.CHOICES: ("SELECT", None),
    FieldType.USER: ("QUSER", None),
    FieldType.GROUP: ("QGROUP", None),
    FieldType.TABLE: ("LIST", None),
    FieldType.FILE: ("FILE2", None),
    FieldType.PHOTO: ("FILE2", None),
    FieldType.SIGNATURE: ("FILE2", None),
}
"""Data type and subtype; every other field is a STRING."""

_KIBIBYTE = 1024
_UNITS = ("KB", "MB", "GB", "TB")


def process(one: Process, shown: Sequence[int], time_zone: str) -> dict[str, object]:
    """Return a process with every key; `data` is null where no item is shown."""
    instance, zone = one.instance, ZoneInfo(time_zone)
    return {
        "activeTokenNodeName": list(one.nodes) or None,
        "data": _data(one, shown, zone) if shown else None,
        "processInstanceDebug": False,
        "processInstanceEndDatetime": None if instance.ended_at is None else moment(instance.ended_at, zone),
        "processInstanceId": instance.id,
        "processInstanceIdForView": f"p{instance.id}",
        "processInstanceInitQgroupId": None,
        "processInstanceInitQgroupName": None,
        "processInstanceInitQuserId": instance.starter_id,
        "processInstanceInitQuserName": one.starter,
        "processInstanceSequenceNumber": instance.number,
        "processInstanceStartDatetime": moment(instance.started_at, zone),
        "processInstanceState": STATES[instance.state],
        "processInstanceTitle": instance.title,
        "processModelInfoCategory": one.row.category,
        "processModelInfoId": one.row.id,
        "processModelInfoName": one.row.name,
        "processModelVersion": one.app.number,
        "starred": False,
    }


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return a moment in a zone, its offset without a colon: `2022-04-11T11:06:36+0900`."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def _data(one: Process, shown: Sequence[int], zone: ZoneInfo) -> dict[str, object]:
    items: dict[str, object] = {}
    for order, known in enumerate(one.app.manifest.fields, start=1):
        if known.number not in shown or known.type is FieldType.SEPARATOR:
            continue
        type_, subtype = _TYPES.get(known.type, ("STRING", None))
        items[str(known.number)] = {
            "dataType": type_,
            "id": field_instance_number(one.instance.id, known.number),
            "name": known.label,
            "processDataDefinitionNumber": known.number,
            "subType": subtype,
            "value": _files(one, known) if known.is_file_type else _value(known, one.instance.values, zone),
            "viewOrder": order,
        }
    return items


def _files(one: Process, known: Field) -> list[dict[str, object]] | None:
    place = field_instance_number(one.instance.id, known.number)
    stored = [held for held in one.files if held.field_id == known.id and held.digest is not None]
    return [_file(held, place) for held in stored] or None


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


def _value(known: Field, values: Mapping[str, object], zone: ZoneInfo) -> object:
    value = values.get(known.id)
    if value is None:
        return None
    if known.type in (FieldType.CHOICE, FieldType.CHOICES):
        labels = {option.id: option.label for option in known.limits.options}
        chosen = cast("list[object]", value) if isinstance(value, list) else [value]
        return [{"display": labels.get(str(one), str(one)), "value": str(one)} for one in chosen]
    if known.type is FieldType.DATETIME and isinstance(value, str):
        return moment(datetime.fromisoformat(value), zone)
    if known.type is FieldType.BOOLEAN:
        return "true" if value else "false"
    return value
