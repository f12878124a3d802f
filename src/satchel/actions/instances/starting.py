"""New instances, and the copying of values and files from one instance into another."""

from collections.abc import Mapping

from satchel.actions.context import Context
from satchel.actions.instances import claims
from satchel.actions.instances.claims import FileCopy, limit_faults
from satchel.actions.instances.ledger import Ledger
from satchel.actions.instances.options import option_faults
from satchel.actions.instances.reactions import computed_faults, rules_of, settle
from satchel.actions.instances.run import Run
from satchel.actions.instances.search_columns import searched
from satchel.actions.instances.values import check_values
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import files as file_rows
from satchel.db import instances as rows
from satchel.db.apps import InstanceNumbers
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.errors import EngineStopped, InvalidValues
from satchel.model.fields import Field
from satchel.model.ids import ElementId, FieldId, FileId, InstanceId, TokenId, uuid7
from satchel.model.instance import Instance, InstanceState


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
    numbers = await tx.ask(app_rows.next_numbers(app.app_id))
    return numbered(context, tx, actor, app, ledger, numbers=numbers, parent=parent, depth=depth)


def numbered(
    context: Context,
    tx: Writer,
    actor: Actor,
    app: LoadedApp,
    ledger: Ledger,
    *,
    numbers: InstanceNumbers | None,
    parent: tuple[InstanceId, TokenId] | None = None,
    depth: int = 0,
    by_system: bool = False,
) -> Run:
    """Create an instance as `create` does, with numbers that were taken already.

    Its row is written when it is saved first, or with the next statement that somebody waits for.

    Args:
        context: the server's parts.
        tx: the transaction.
        actor: who starts it.
        app: that it runs.
        ledger: of the transaction.
        numbers: its own.
        parent: the instance and call activity that start it.
        depth: how many callers are above it.
        by_system: whether the system, and not the actor, is said to have started it.
    """
    instance = _new(context, actor, app, numbers, parent=parent, depth=depth, by_system=by_system)
    ledger.made.created(instance)
    searched_as = searched(app, instance.title, {})
    return Run(
        context=context,
        tx=tx,
        actor=actor,
        app=app,
        instance=instance,
        now=instance.started_at,
        values={},
        files=[],
        state=None,
        ledger=ledger,
        starter_name=actor.name if instance.starter_id is not None else "",
        saved=instance,
        insert=tx.later(rows.insert_instance(instance, engine_state=None, searched=searched_as)),
        has_uploads=False,
        has_incidents=False,
    )


def _new(
    context: Context,
    actor: Actor,
    app: LoadedApp,
    numbers: InstanceNumbers | None,
    *,
    parent: tuple[InstanceId, TokenId] | None,
    depth: int,
    by_system: bool,
) -> Instance:
    if numbers is None:
        raise LookupError("a sequence returned no number")
    now = context.clock()
    parent_id, parent_token = parent or (None, None)
    identifier = f"{app.manifest.code}-{numbers.number}"
    return Instance(
        account_id=actor.account_id,
        id=numbers.id,
        uuid=uuid7(now, context.entropy),
        app_id=app.app_id,
        version_id=app.version_id,
        number=numbers.number,
        identifier=identifier,
        title=identifier,
        state=InstanceState.RUNNING,
        starter_id=None if by_system else actor.user_id,
        started_at=now,
        ended_at=None,
        revision=1,
        values={},
        parent_id=parent_id,
        parent_token=parent_token,
        depth=depth,
    )


async def map_data(source: Run, target: Run, mapping: Mapping[FieldId, FieldId], *, element: ElementId) -> None:
    """Copy values and files from one instance into another: target field -> source field, where both have it.

    A file field of the target is emptied first if the source has files; an empty source leaves the target as it is.

    Args:
        element: the call activity that maps.

    Raises:
        EngineStopped: what the source has breaks a limit of the target's field; the transaction must not commit.
    """
    files = {into: out for into, out in mapping.items() if _is_file_field(target, into)}
    values = {
        into: source.values[out]
        for into, out in mapping.items()
        if into not in files and source.values.get(out) is not None
    }
    try:
        await copy_files(source, target, files)
        await set_values(target, values)
    except InvalidValues as error:
        refused = "; ".join(f"{fault.field}: {fault.message}" for fault in error.faults)
        raise EngineStopped(
            reason="values_refused",
            element=element,
            message=f"{target.instance.identifier} does not accept the values that {element} maps from "
            f"{source.instance.identifier}: {refused}",
            values={fault.field: values.get(FieldId(fault.field)) for fault in error.faults},
        ) from error


def _is_file_field(run: Run, field_id: FieldId) -> bool:
    known = run.app.manifest.field(field_id)
    return known is not None and known.is_file_type


async def copy_files(source: Run, target: Run, mapping: Mapping[FieldId, FieldId]) -> None:
    """Copy the files of fields: target field -> source field; an empty source leaves its target as it is.

    Raises:
        InvalidValues: a field of the target does not take them; the transaction must not commit.
    """
    emptied: list[FileId] = []
    copies: list[FileCopy] = []
    fields: list[Field] = []
    for into, out_of in mapping.items():
        field, files = target.app.manifest.field(into), source.files_in(out_of)
        if field is not None and files:
            emptied += [file.id for file in target.files_in(into)]
            copies += [FileCopy(source=file, field_id=into, position=place) for place, file in enumerate(files)]
            fields.append(field)
    if emptied:
        account, by = target.instance.account_id, target.actor.user_id
        await file_rows.set_deleted(target.tx, account, emptied, at=target.now, by=by)
        target.forget_files(emptied)
    await claims.copy_files(target, copies)
    faults = [fault for field in fields for fault in limit_faults(field, target.files_in(field.id))]
    if faults:
        raise InvalidValues(faults)


async def set_values(target: Run, values: Mapping[FieldId, object]) -> None:
    """Set values of an instance as a form would take them; fields that it does not have are left out.

    The process sets fields that a form would hide as well. Computed fields follow; a new instance gets its defaults.

    Raises:
        InvalidValues: a field does not take its value; nothing was set.
    """
    known = {str(name): value for name, value in values.items() if target.app.manifest.field(name) is not None}
    changed, faults = await check_values(target, known)
    faults += computed_faults(rules_of(target), known, target.app.labels)
    if faults:
        raise InvalidValues(faults)
    settled = settle(target, changed)
    if refused := await option_faults(target, rules_of(target), settled, ()):
        raise InvalidValues(refused)
    target.values = settled


def depth_below(run: Run, element: ElementId) -> int:
    """Return how deep an instance stands that this one starts.

    Raises:
        EngineStopped: deeper than is allowed.
    """
    depth = run.instance.depth + 1
    if depth > run.context.policy.max_call_depth:
        raise EngineStopped(
            reason="calls_too_deep",
            element=element,
            message=f"{element} would start an instance {depth} calls deep; "
            f"{run.context.policy.max_call_depth} are allowed. Check for apps that start each other in a cycle.",
            values={},
        )
    return depth
