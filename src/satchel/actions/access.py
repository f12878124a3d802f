"""Who may do what: the one place that decides, default deny.

Two kinds of answer. Somebody who may know that a thing exists but not do this to it gets `Forbidden`; somebody who
may not even know gets `NotFound`, word for word as if it did not exist.

The holder of an open task, and those to whom it is offered, see of its instance what the task's form shows. Everyone
else needs the right `view` for the app to read and `modify` to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from satchel.actions.loading import Apps, LoadedApp
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.app import Access, Assignment, TaskForm
from satchel.model.errors import Forbidden, NotFound
from satchel.model.files import File
from satchel.model.ids import AppId, FieldId, InstanceId
from satchel.model.instance import Instance, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What of an instance an actor may read.

    Attributes:
        whole: everything, its history too.
        fields: the fields that the forms of their tasks show, where they do not see the whole.
        tab: whether they see the attachments tab.
    """

    whole: bool
    fields: frozenset[FieldId]
    tab: bool

    def shows(self, field: FieldId | None) -> bool:
        """Return whether the field (None: the attachments tab) may be read."""
        if self.whole:
            return True
        return self.tab if field is None else field in self.fields

    def of_values(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values that may be read."""
        return dict(values) if self.whole else {k: v for k, v in values.items() if FieldId(k) in self.fields}

    def of_files(self, files: list[File]) -> list[File]:
        """Return the files that may be read."""
        return [file for file in files if self.shows(file.field_id)]


EVERYTHING = Sight(whole=True, fields=frozenset(), tab=True)


def require_admin(actor: Actor) -> None:
    """Pass only those who administer the account.

    Raises:
        Forbidden: the actor does not.
    """
    if not actor.is_admin:
        raise Forbidden("Only an administrator of the account may do this. Ask one, or sign in as one.")


def require_right(actor: Actor, right: Right, app: AppId, name: str) -> None:
    """Pass only those who have a right for an app.

    Raises:
        Forbidden: the actor has another right for the app, so knows of it, but not this one.
        NotFound: the actor has no right for the app at all.
    """
    if actor.may(right, app):
        return
    if actor.knows(app):
        raise Forbidden(f"You need the right '{right.value}' for the app {name}. Ask an administrator to grant it.")
    raise NotFound("app", name)


def form_of(app: LoadedApp, task: Task) -> TaskForm:
    """Return the form of a task; one without an entry in app.yaml shows every field read-only."""
    form = app.manifest.tasks.get(task.element)
    if form is None:
        return TaskForm(assign=Assignment(), fields={field.id: Access.READ for field in app.manifest.fields})
    return form


def is_offered_to(actor: Actor, task: Task) -> bool:
    """Return whether the actor may claim the task."""
    if not task.is_open or task.holder_id is not None:
        return False
    if task.group_id is not None:
        return task.group_id in actor.group_ids
    return actor.may(Right.START, task.app_id)


def holds(actor: Actor, task: Task) -> bool:
    """Return whether the actor is the holder of the open task."""
    return task.is_open and task.holder_id is not None and task.holder_id == actor.user_id


async def sight(tx: Reader, actor: Actor, app: LoadedApp, instance: Instance) -> Sight:
    """Return what of an instance the actor may read.

    Raises:
        NotFound: nothing.
    """
    if actor.may(Right.VIEW, instance.app_id):
        return EVERYTHING
    theirs = [
        task
        for task in await task_rows.open_tasks_of(tx, actor.account_id, [instance.id])
        if holds(actor, task) or is_offered_to(actor, task)
    ]
    if not theirs and not actor.may(Right.MODIFY, instance.app_id):
        raise NotFound("instance", instance.id)
    shown = {
        field for task in theirs for field, access in form_of(app, task).fields.items() if access is not Access.HIDE
    }
    return Sight(whole=False, fields=frozenset(shown), tab=any(holds(actor, task) for task in theirs))


async def viewable(tx: Reader, apps: Apps, actor: Actor, instance_id: InstanceId) -> tuple[LoadedApp, Instance]:
    """Return an instance that the actor may view whole, with its app.

    Raises:
        NotFound: there is none, or the actor may not know of it.
        Forbidden: the actor may see some of it, but lacks the right `view`.
    """
    instance = await instance_rows.instance(tx, actor.account_id, instance_id)
    if instance is None:
        raise NotFound("instance", instance_id)
    app = await apps.version(tx, actor.account_id, instance.version_id)
    await require_instance_right(tx, actor, app, instance, Right.VIEW)
    return app, instance


async def require_instance_right(tx: Reader, actor: Actor, app: LoadedApp, instance: Instance, right: Right) -> None:
    """Pass only those who have a right for the instance's app.

    Raises:
        Forbidden: the actor may see the instance but lacks the right.
        NotFound: the actor may not know of the instance.
    """
    if actor.may(right, instance.app_id):
        return
    await sight(tx, actor, app, instance)
    raise Forbidden(
        f"You need the right '{right.value}' for the app {app.manifest.code} to do this to {instance.identifier}."
    )


def require_holder(actor: Actor, task: Task) -> None:
    """Pass only the holder of the task.

    Raises:
        Forbidden: somebody else holds it, or nobody does; claim it first.
    """
    if not holds(actor, task):
        raise Forbidden(f"Task {task.id} is not yours. Claim it, or ask a manager of the app to assign it to you.")
