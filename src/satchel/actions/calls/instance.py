"""Service tasks of kind `instance`: create another instance, change one, or take values and files from one.

They act for a user (`satchel.actions.calls.users`), whose rights for the other app they need.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.calls.users import ServiceJob, service_user
from satchel.actions.context import Context
from satchel.actions.instances import claims, starting
from satchel.actions.instances.advance import begin
from satchel.actions.instances.places import require_running
from satchel.actions.instances.reactions import rules_of
from satchel.actions.instances.run import Run, load
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import instances as instance_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.errors import InvalidState, NotFound
from satchel.model.ids import AppId, ElementId, FieldId, InstanceId
from satchel.model.instance import Instance
from satchel.model.scalars import is_empty
from satchel.model.services import InstanceOperation, InstanceTask, Literal, MessageTask, Source
from satchel.model.template import Template, render

_RIGHTS = {
    InstanceOperation.CREATE: Right.START,
    InstanceOperation.UPDATE: Right.MODIFY,
    InstanceOperation.GET: Right.VIEW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherInstance:
    """The other side of such a task: for whom it is done, in which app, and with which instance there already is."""

    actor: Actor
    app: LoadedApp
    instance_id: InstanceId | None


async def other_instance(context: Context, job: ServiceJob, task: InstanceTask | MessageTask) -> OtherInstance:
    """Return the other side of a task, before anything is locked.

    Raises:
        NotFound: the instance or the app is gone.
        Forbidden: the user who deployed this app may not sign in any more, or lacks the right for the other one.
    """
    async with context.database.read() as tx:
        instance = await instance_rows.instance(tx, job.actor.account_id, job.instance_id)
        if instance is None:
            raise NotFound("instance", job.instance_id)
        user = await service_user(context, tx, instance, job.service, job.version_id)
        row = await app_rows.app_by_code(tx, job.actor.account_id, task.app)
        if row is None or row.version_id is None:
            raise NotFound("app", task.app)
        right = _RIGHTS[task.do] if isinstance(task, InstanceTask) else Right.MODIFY
        access.require_right(user, right, row.id, row.code)
        if right is Right.START:
            access.require_in_service(row)
        app = await context.apps.newest(tx, job.actor.account_id, task.app)
        found = await _named(context, tx, instance, row.id, task.identifier) if task.identifier else None
    return OtherInstance(actor=user, app=app, instance_id=found)


async def _named(
    context: Context, tx: Reader, instance: Instance, app: AppId, identifier: Template
) -> InstanceId | None:
    own = await context.apps.version(tx, instance.account_id, instance.version_id)
    values = {**instance.values, **_built_in(own, instance)}
    wanted = render(identifier, values).strip()
    found = await instance_rows.instance_by_identifier(tx, instance.account_id, wanted) if wanted else None
    return found.id if found is not None and found.app_id == app else None


async def perform(run: Run, other: OtherInstance, task: InstanceTask, element: ElementId) -> dict[str, object]:
    """Do the task within the transaction that has both instances locked; return what to note of it.

    Raises:
        InvalidValues: the receiving instance does not take a value or file; nothing was changed.
        NotFound, InvalidState: there is no such instance, or it does not run; where the task has a `result`, that is
            then false instead.
        EngineStopped: creation stands too deep, or the new instance cannot take its first step.
    """
    if task.do is InstanceOperation.CREATE:
        made = await starting.create(
            run.context, run.tx, other.actor, other.app, run.ledger, depth=starting.depth_below(run, element)
        )
        await _transfer(run, made, task)
        await made.event("instance.started", data={"created_by": run.instance.identifier})
        await begin(made)
        return await _note(run, task, result=made.instance.identifier, identifier=made.instance.identifier)
    there = await _loaded(run, other, task)
    if there is None:
        return await _note(run, task, result=False, identifier=None)
    if task.do is InstanceOperation.GET:
        await _transfer(there, run, task)
    else:
        await _transfer(run, there, task)
        await there.event("instance.changed", data={"by": run.instance.identifier})
        await there.save()
    return await _note(run, task, result=True, identifier=there.instance.identifier)


async def _loaded(run: Run, other: OtherInstance, task: InstanceTask) -> Run | None:
    """Return the instance that there is to be; None where it is not there and the task has a field to say so."""
    try:
        if other.instance_id is None:
            raise NotFound("instance", task.app)  # noqa: TRY301  # the same fault as of one that is gone meanwhile
        there = await load(run.context, run.tx, other.actor, other.instance_id, run.ledger)
        if task.do is InstanceOperation.UPDATE:
            require_running(there)
    except (NotFound, InvalidState):
        if task.result is None:
            raise
        return None
    return there


async def _note(run: Run, task: InstanceTask, *, result: str | bool, identifier: str | None) -> dict[str, object]:
    if task.result is not None:
        await starting.set_values(run, {task.result: result})
    return {"do": task.do.value, "app": task.app, "instance": identifier}


async def _transfer(source: Run, target: Run, task: InstanceTask) -> None:
    """Put values and files of one instance into another; an empty source leaves its target as it is."""
    fields = source.app.manifest.fields
    agreeing = {
        field.id: field.id
        for field in fields
        if (other := target.app.manifest.field(field.id)) is not None and other.type is field.type
    }
    copied = agreeing if task.copy is None else task.copy
    files = {
        into: out
        for into, out in copied.items()
        if (field := target.app.manifest.field(into)) is not None and field.is_file_type
    }
    await starting.copy_files(source, target, files)
    if task.copy is None:
        await _copy_tab(source, target)
    if task.set is not None:
        await set_from(source, target, task.set)
        return
    computed = rules_of(target).computed
    values = {into: source.values.get(out) for into, out in agreeing.items() if into not in files.keys() | computed}
    await starting.set_values(target, {into: value for into, value in values.items() if value is not None})


async def _copy_tab(source: Run, target: Run) -> None:
    copies = [claims.FileCopy(source=file, field_id=None, area=file.area) for file in await source.files_of_tab()]
    await claims.copy_files(target, copies)


async def set_from(source: Run, target: Run, values: Mapping[FieldId, Source]) -> None:
    """Set fields of an instance from another, or the same; an empty source leaves its field as it is.

    Only a text that app.yaml itself says, and that is empty, takes a value away.

    Raises:
        InvalidValues: a field does not take its value; nothing was set.
    """
    known = {**(await source.known_values()), **source.values}
    found = {into: _value(of, known) for into, of in values.items()}
    filled = {into: value for into, value in found.items() if isinstance(values[into], Literal) or not is_empty(value)}
    await starting.set_values(target, filled)


def _value(source: Source, known: Mapping[str, object]) -> object:
    if isinstance(source, Literal):
        return source.value
    if isinstance(source, Template):
        return render(source, known)
    value = known.get(source)
    return str(value) if value is not None and source == "started_at" else value


def _built_in(app: LoadedApp, instance: Instance) -> dict[str, object]:
    return {
        "identifier": instance.identifier,
        "instance_id": instance.id,
        "title": instance.title,
        "started_at": instance.started_at,
        "app": app.manifest.code,
    }
