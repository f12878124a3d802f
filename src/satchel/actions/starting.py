"""New instances, and the copying of values and files from one instance into another."""

from satchel.actions.claims import copy_file, want_preview
from satchel.actions.context import Context
from satchel.actions.loading import LoadedApp
from satchel.actions.run import Ledger, Run
from satchel.db import apps as app_rows
from satchel.db import files as file_rows
from satchel.db import instances as rows
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.ids import InstanceId, TokenId, uuid7


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


async def map_data(source: Run, target: Run, mapping: dict[str, str]) -> None:
    """Copy values and files from one instance into another: target field -> source field, where both have it.

    A file field of the target is emptied first if the source has files; an empty source leaves the target as it is.
    """
    for into, out_of in mapping.items():
        to_field = target.app.manifest.field(into)
        from_field = source.app.manifest.field(out_of)
        if to_field is None or from_field is None:
            continue
        if not from_field.is_file_type:
            if source.values.get(out_of) is not None:
                target.values[into] = source.values[out_of]
            continue
        files = source.files_in(from_field.id)
        if not files:
            continue
        held = [file.id for file in target.files_in(to_field.id)]
        if held:
            await file_rows.set_deleted(
                target.tx, target.instance.account_id, held, at=target.now, by=target.actor.user_id
            )
        for position, file in enumerate(files):
            await copy_file(target, file, field_id=to_field.id, area=None, position=position)
            if file.digest is not None and (file.media_type or "").startswith("image/"):
                await want_preview(target, file.digest)
