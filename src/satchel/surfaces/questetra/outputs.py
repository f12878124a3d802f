"""Our instances, fields and files as their processes, data items and FILE2 values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from satchel.actions.lists.processes import ListedInstance
from satchel.actions.lists.work_items import TaskOfInstance
from satchel.model.fields import Field, FieldType
from satchel.model.files import File
from satchel.model.ids import VersionId, data_item_id
from satchel.model.instance import TaskState
from satchel.model.search import criteria
from satchel.surfaces.kit.exchange import Reply
from satchel.surfaces.questetra.values import data_type, moment, subtype, value

_OF_PROCESS = frozenset({"data", "starred"})
"""Members of a process that a task has of its own."""

_KIBIBYTE = 1024
_UNITS = ("KB", "MB", "GB", "TB")


def nothing() -> Reply:
    """Return the answer of a call that says nothing: 200 without a body."""
    return Reply()


@dataclass(frozen=True, slots=True)
class _Item:
    """A field that is shown, and what each of its data items has alike."""

    field: Field
    number: str
    head: Mapping[str, object]
    order: int


Items = dict[VersionId, Sequence[_Item]]
"""The fields that are shown of each version of an app in one answer; filled as its processes are written."""


def process(
    one: ListedInstance, shown: Collection[int], time_zone: str, known: Items | None = None
) -> dict[str, object]:
    """Return a process with every key; `data` is null where no item is shown; `known`, where there are several."""
    instance, zone = one.instance, ZoneInfo(time_zone)
    return {
        "activeTokenNodeName": list(one.nodes) or None,
        "data": _data(one, shown, zone, {} if known is None else known) if shown else None,
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


def work_item(one: TaskOfInstance, items: Sequence[int], time_zone: str) -> dict[str, object]:
    """Return a task with every key."""
    task, zone = one.task, ZoneInfo(time_zone)
    whole_process = process(one.process, items, time_zone)
    own: dict[str, object] = {
        "allocateDatetime": None,
        "allocatedQgroupId": task.group_id,
        "allocatedQgroupName": one.group,
        "allocatedQuserId": task.holder_id,
        "allocatedQuserName": one.holder,
        "data": whole_process["data"],
        "endDatetime": None if task.closed_at is None else moment(task.closed_at, zone),
        "failType": "TIMELIMIT" if task.state is TaskState.FAILED else None,
        "id": task.id,
        "nodeName": task.name,
        "nodeNumber": one.node,
        "offerDatetime": moment(task.opened_at, zone),
        "read": task.holder_id is not None,
        "starred": False,
        "startDatetime": None,
        "state": criteria.TASK_STATES[task.state],
        "swimlaneType": None,
        "timeLimitDatetime": None if task.due_at is None else moment(task.due_at, zone),
    }
    return own | {name: value for name, value in whole_process.items() if name not in _OF_PROCESS}


def _data(one: ListedInstance, shown: Collection[int], zone: ZoneInfo, known: Items) -> dict[str, object]:
    items = known.get(one.app.version_id)
    if items is None:
        items = known[one.app.version_id] = _items(one.app.manifest.fields, shown)
    first = data_item_id(one.instance.id, 0)
    return {
        item.number: {
            **item.head,
            "id": first + item.field.number,
            "value": _files(one, item.field) if item.field.is_file_type else value(one, item.field, zone),
            "viewOrder": item.order,
        }
        for item in items
    }


def _items(fields: Sequence[Field], shown: Collection[int]) -> Sequence[_Item]:
    return [
        _Item(
            field,
            str(field.number),
            {
                "dataType": data_type(field),
                "id": 0,  # of each instance: it keeps its place
                "name": field.label,
                "processDataDefinitionNumber": field.number,
                "subType": subtype(field),
            },
            order,
        )
        for order, field in enumerate(fields, start=1)
        if field.number in shown and field.type is not FieldType.SEPARATOR
    ]


def _files(one: ListedInstance, known: Field) -> list[dict[str, object]] | None:
    place = data_item_id(one.instance.id, known.number)
    return [_file(held, place) for held in stored(one, known)] or None


def stored(one: ListedInstance, known: Field) -> list[File]:
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
