"""Places: where files are put in an instance, who may change what stands there, and what may stand there."""

from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.instances import claims
from satchel.actions.instances.reactions import is_hidden
from satchel.actions.instances.run import Run
from satchel.db import tasks as task_rows
from satchel.model.actor import Actor, Right
from satchel.model.app import Access
from satchel.model.errors import FieldFault, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.files import File
from satchel.model.ids import FieldId

MAX_AREA_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlace:
    """Where a file is put: a field, or the attachments tab and an area of it."""

    field: FieldId | None = None
    area: str | None = None


def is_area(name: str) -> bool:
    """Return whether an area of the attachments tab can have this name."""
    return 0 < len(name) <= MAX_AREA_CHARS and name.isprintable()


async def require_writable(
    run: Run, actor: Actor, field_id: FieldId | None, *, adding: bool, file: File | None = None
) -> None:
    """Pass those who may change what stands in a field or in the attachments tab.

    Args:
        run: the locked instance.
        actor: who wants to.
        field_id: the field; None for the tab.
        adding: whether a file is added, which every holder of an open task may do to the tab.
        file: the one that is changed, if it is there already.

    Raises:
        Forbidden: the actor may only look at it.
        NotFound: the actor may not see it.
    """
    if actor.may(Right.MODIFY, run.instance.app_id):
        return
    sight = await access.sight(run.tx, actor, run.app, run.instance)
    for task in await task_rows.open_tasks_of(run.tx, actor.account_id, [run.instance.id]):
        if not access.holds(actor, task):
            continue
        if field_id is None and adding:
            return
        if field_id is not None and access.form_of(run.app, task).fields.get(field_id, Access.HIDE).is_writable:
            return
    if not (sight.shows(field_id) or (file is not None and sight.of_file(file) is not None)):
        raise NotFound("file" if field_id is None else "field", field_id)
    raise Forbidden(f"You may read the files of {run.instance.identifier} but not change them.")


def require_shown(run: Run, field_id: FieldId | None) -> None:
    """Require that files may be added to a field now: its own rule does not hide it.

    Raises:
        InvalidValues: it is hidden.
    """
    if field_id is not None and is_hidden(run, field_id):
        raise InvalidValues([hidden(field_id, run.app.labels.get(field_id, field_id))])


def hidden(field_id: FieldId, label: str) -> FieldFault:
    """Return the fault of a file for a field that is hidden."""
    return FieldFault(field=field_id, code="not_writable", message=f"{label} is hidden now, so it accepts no files.")


def require_running(run: Run) -> None:
    """Require that files may still be added or changed.

    Raises:
        InvalidState: the instance does not run any more.
    """
    if not run.instance.is_running:
        state = run.instance.state.value
        raise InvalidState(f"{run.instance.identifier} is {state}; its files can no longer be changed.")


def check_place(run: Run, place: FilePlace) -> None:
    """Check that all that stands in a place by now may.

    Raises:
        NotFound: the app has no such field.
        InvalidValues: the area is no name, or the field does not take what it holds now.
    """
    if place.area is not None and not is_area(place.area):
        message = f"An area has 1 to {MAX_AREA_CHARS} printable characters."
        raise InvalidValues([FieldFault(field="area", code="length", message=message)])
    field_id = place.field
    if field_id is None:
        return
    field = run.app.manifest.field(field_id)
    if field is None:
        raise NotFound("field", field_id)
    faults = claims.limit_faults(field, run.files_in(field_id))
    if faults:
        raise InvalidValues(faults)


def check_file(run: Run, file: File) -> None:
    """Check that a file may stand in its field.

    Raises:
        InvalidValues: it may not.
    """
    field = run.app.manifest.field(file.field_id) if file.field_id is not None else None
    faults = claims.limit_faults(field, [file]) if field is not None else []
    if faults:
        raise InvalidValues(faults)
