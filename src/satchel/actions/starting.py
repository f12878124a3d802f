"""New instances, and the copying of values and files from one instance into another."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from satchel.actions.claims import copy_file, limit_faults
from satchel.actions.context import Context
from satchel.actions.loading import LoadedApp
from satchel.actions.run import Ledger, Run
from satchel.db import apps as app_rows
from satchel.db import files as file_rows
from satchel.db import instances as rows
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped, FieldFault
from satchel.model.fields import Field
from satchel.model.files import File
from satchel.model.ids import ElementId, FieldId, InstanceId, TokenId, uuid7
from satchel.model.values import merge, value_faults


async def create(
    context: Context,
    tx: Writer,
    actor: Actor,
    app: LoadedApp,
    ledger: Ledger,
    *,
    parent: tuple[InstanceId, TokenId] | None = None,
    depth: int = 0,
) -> Run:
    """Create an instance without values that has not taken its first step."""
    now = context.clock()
    number = await app_rows.next_number(tx, actor.account_id, app.app_id)
    instance = await rows.insert_instance(
        tx,
        actor.account_id,
        uuid=uuid7(now, context.entropy),
        app=app.app_id,
        version=app.version_id,
        number=number,
        identifier=f"{app.manifest.code}-{number}",
        starter=actor.user_id,
        now=now,
        parent=parent,
        depth=depth,
    )
    return Run(
        context=context,
        tx=tx,
        actor=actor,
        app=app,
        instance=instance,
        now=now,
        values={},
        files=[],
        state=None,
        ledger=ledger,
    )


async def map_data(source: Run, target: Run, mapping: Mapping[FieldId, FieldId], *, element: ElementId) -> None:
    """Copy values and files from one instance into another: target field -> source field, where both have it.

    A file field of the target is emptied first if the source has files; an empty source leaves the target as it is.

    Args:
        element: the call activity that maps.

    Raises:
        EngineStopped: what the source has breaks a limit of the target's field; the transaction must not commit.
    """
    values: dict[str, object] = {}
    faults: list[FieldFault] = []
    for into, out_of in mapping.items():
        to_field, from_field = target.app.manifest.field(into), source.app.manifest.field(out_of)
        if to_field is None or from_field is None:
            continue
        if not from_field.is_file_type:
            if source.values.get(out_of) is not None:
                values[into] = source.values[out_of]
        elif source.files_in(from_field.id):
            await _map_files(source.files_in(from_field.id), target, to_field)
            faults += limit_faults(to_field, target.files_in(to_field.id))
    zone = ZoneInfo(target.actor.time_zone)
    changed, found = value_faults(target.app.manifest.fields, values, now=target.now, time_zone=zone)
    faults += found
    if faults:
        refused = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise EngineStopped(
            reason="values_refused",
            element=element,
            message=f"{target.instance.identifier} does not take what {element} maps from "
            f"{source.instance.identifier}: {refused}",
            values={fault.field: values.get(fault.field) for fault in faults},
        )
    target.values = merge(target.values, changed)


async def _map_files(files: Sequence[File], target: Run, field: Field) -> None:
    held = [file.id for file in target.files_in(field.id)]
    if held:
        await file_rows.set_deleted(target.tx, target.instance.account_id, held, at=target.now, by=target.actor.user_id)
    for position, file in enumerate(files):
        await copy_file(target, file, field_id=field.id, area=None, position=position)
