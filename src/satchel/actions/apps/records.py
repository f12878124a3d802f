"""Records: an app used as a table, its instances as the rows and its fields as the columns.

An app is found by its code or its name. A row is there while its instance runs or has ended; only a running one can be
changed. Files are no columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

from satchel.actions import access
from satchel.actions.apps import deploying
from satchel.actions.context import Context
from satchel.actions.instances import lifecycle
from satchel.actions.instances.forms import Submission
from satchel.actions.loading import LoadedApp
from satchel.db import instances as instance_rows
from satchel.db import records as rows
from satchel.model.actor import Actor, Right
from satchel.model.errors import FieldFault, InvalidRequest, InvalidValues, NotFound
from satchel.model.fields import Field, FieldType, ValueLimits
from satchel.model.ids import FieldId, InstanceId
from satchel.model.instance import Instance
from satchel.model.scalars import Moment, RefusedError, check_scalar
from satchel.model.search.query import slot_value

MAX_PAGE = 1_000
MAX_CONDITIONS = 20

_UNCOMPARED = frozenset({FieldType.TABLE, FieldType.SEPARATOR, FieldType.FILE, FieldType.PHOTO, FieldType.SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which rows are asked for.

    Attributes:
        values: what fields must hold exactly; null and `""` stand for no value.
        number: the one row that it may be, or None.
        after: the number of the last row of the page before.
    """

    values: Mapping[FieldId, object]
    number: InstanceId | None = None
    after: int = 0
    limit: int = MAX_PAGE


async def table(context: Context, actor: Actor, name: str) -> LoadedApp:
    """Return the app with this code, else the one with this name.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        InvalidRequest: several have this name; use a code.
    """
    known = await deploying.visible(context, actor)
    found = [row.code for row in known if row.code == name] or [row.code for row in known if row.name == name]
    if not found:
        raise NotFound("database", name[:80])
    if len(found) > 1:
        raise InvalidRequest(f"Several apps are named {name[:80]}; use a code: {', '.join(sorted(found))}.")
    return await deploying.read(context, actor, found[0])


def columns(app: LoadedApp) -> list[Field]:
    """Return the fields that are columns."""
    return [field for field in app.manifest.fields if not field.is_file_type and field.type is not FieldType.SEPARATOR]


async def find(context: Context, actor: Actor, app: LoadedApp, wanted: RecordFilter) -> list[Instance]:
    """Return a page of rows, by number.

    Raises:
        Forbidden: the actor may not view the app.
        InvalidValues: a condition is not of its field's type.
        InvalidRequest: there are too many conditions.
    """
    access.require_right(actor, Right.VIEW, app.app_id, app.manifest.code)
    if len(wanted.values) > MAX_CONDITIONS:
        raise InvalidRequest(f"At most {MAX_CONDITIONS} conditions are allowed.")
    equal, empty = _conditions(context, actor, app, wanted.values)
    decimals = {field.id for field in app.manifest.fields if field.type is FieldType.DECIMAL}
    async with context.database.read() as tx:
        found = await rows.records(
            tx,
            actor.account_id,
            app.app_id,
            equal={name: value for name, value in equal.items() if name not in decimals},
            numbers={name: Decimal(str(value)) for name, value in equal.items() if name in decimals},
            empty=empty,
            slots=_slots(app, equal),
            after=wanted.after if wanted.number is None else wanted.number - 1,
            limit=wanted.limit if wanted.number is None else 1,
        )
    return [row for row in found if wanted.number is None or row.id == wanted.number]


def _conditions(
    context: Context, actor: Actor, app: LoadedApp, values: Mapping[FieldId, object]
) -> tuple[dict[str, object], list[str]]:
    """Return canonical values by field, and the fields that must be empty."""
    moment = Moment(now=context.clock(), time_zone=ZoneInfo(actor.time_zone))
    equal: dict[str, object] = {}
    empty: list[str] = []
    faults: list[FieldFault] = []
    for name, value in values.items():
        field = app.manifest.field(name)
        if field is None or field.type in _UNCOMPARED:
            faults.append(FieldFault(field=name[:80], code="unknown_field", message="There is no such column."))
            continue
        try:
            canonical = _canonical(field, value, moment)
        except RefusedError as refused:
            faults.append(FieldFault(field=name, code=refused.code, message=str(refused)))
            continue
        if canonical is None:
            empty.append(name)
        else:
            equal[name] = canonical
    if faults:
        raise InvalidValues(faults)
    return equal, empty


def _canonical(field: Field, value: object, moment: Moment) -> object:
    """Return a value as it is stored; what the field allows does not matter to a comparison."""
    if field.type is FieldType.CHOICES:
        given = cast("list[object]", value) if isinstance(value, list) else [value]
        chosen = [check_scalar(FieldType.TEXT, ValueLimits(), one, moment) for one in given]
        return [one for one in chosen if one is not None] or None
    type_ = FieldType.TEXT if field.type is FieldType.CHOICE else field.type
    return check_scalar(type_, ValueLimits(max_stars=2**31), value, moment)


def _slots(app: LoadedApp, equal: Mapping[str, object]) -> dict[str, object]:
    """Return what slot columns hold for the fields that have one; several choices may be more than are asked for."""
    held: dict[str, object] = {}
    for slot in app.slots:
        field = app.manifest.field(slot.field_id)
        if field is not None and field.searchable and field.id in equal and field.type is not FieldType.CHOICES:
            held[f"{slot.kind}_{slot.slot}"] = slot_value(field, equal[field.id])
    return held


async def add(context: Context, actor: Actor, app: LoadedApp, given: Submission, *, by_system: bool) -> Instance:
    """Add a row: start an instance.

    Raises:
        NotFound, Forbidden, InvalidValues, EngineStopped: as `instances.start_as`.
    """
    return await lifecycle.start_as(context, actor, app.manifest.code, given, by_system=by_system)


async def is_there(context: Context, actor: Actor, app: LoadedApp, number: InstanceId) -> bool:
    """Return whether an app has this row, for somebody who may change it.

    Raises:
        Forbidden: the actor may not modify the app's instances.
    """
    access.require_right(actor, Right.MODIFY, app.app_id, app.manifest.code)
    async with context.database.read() as tx:
        found = await instance_rows.instance(tx, actor.account_id, number)
    return found is not None and found.app_id == app.app_id and found.state in rows.RECORD_STATES


async def change(context: Context, actor: Actor, number: InstanceId, given: Submission) -> None:
    """Change columns of a row; those that are not named stay.

    Raises:
        NotFound, Forbidden, InvalidState, InvalidValues: as `instances.change_values`.
    """
    await lifecycle.change_values(context, actor, number, given, expected=None)
