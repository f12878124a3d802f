"""What of a task somebody may see, and why."""

from satchel.actions import access
from satchel.actions.access import EVERYTHING, Sight, SightKind
from satchel.actions.loading import LoadedApp
from satchel.actions.own_work import OwnWork, completed, own_work
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.errors import NotFound
from satchel.model.instance import Instance, Task


async def task_sight(tx: Reader, actor: Actor, app: LoadedApp, instance: Instance, task: Task) -> Sight:
    """Return what of a task the actor may read.

    Raises:
        NotFound: nothing.
    """
    kind = why_seen(actor, task)
    if kind is SightKind.WHOLE:
        return EVERYTHING
    if kind is SightKind.FORMS:
        shown = access.shown_by(access.form_of(app, task))
        return Sight(kind=kind, fields=shown, tab=access.holds(actor, task))
    own = await own_work(tx, actor, instance, [task])
    return Sight(kind=kind, own=own.of_task(task.id) if own is not None else None)


def why_seen(actor: Actor, task: Task) -> SightKind:
    """Return by what the actor may see a task.

    Raises:
        NotFound: by nothing.
    """
    if actor.may(Right.VIEW, task.app_id):
        return SightKind.WHOLE
    if access.holds(actor, task) or access.is_offered_to(actor, task):
        return SightKind.FORMS
    if completed(actor, task):
        return SightKind.OWN
    raise NotFound("task", task.id)


def seen_after(actor: Actor, task: Task) -> Task:
    """Return a task after a change as `find` returns it.

    Raises:
        NotFound: by now the actor may not see it.
    """
    if why_seen(actor, task) is SightKind.OWN:
        return OwnWork(tasks=frozenset([task.id]), forms=()).progress(task)
    return task
