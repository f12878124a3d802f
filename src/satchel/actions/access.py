"""Who may do what: the one place that decides, default deny.

Two kinds of answer. Somebody who may know that a thing exists but not do this to it gets `Forbidden`; somebody who
may not even know gets `NotFound`, word for word as if it did not exist.

The right `view` for the app shows an instance whole. Without it, the holder of an open task, and those to whom it is
offered, see what the task's form shows now. Those who started the instance or completed a task of it see for good
their own work: its identifier, title, state, starter and times, the progress of its tasks, and the forms as they
submitted them, with the files that they submitted and that are still there (`satchel.actions.own_work`). Nothing else:
no other value or file, no history, no place in a search. To write needs the right `modify` or an open task.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from satchel.actions.loading import LoadedApp, LoadedApps
from satchel.actions.own_work import OwnWork, own_work
from satchel.db import instances as instance_rows
from satchel.db import tasks as task_rows
from satchel.db.apps import AppRow
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.app import Access, Assignment, TaskForm
from satchel.model.errors import Forbidden, InvalidState, NotFound
from satchel.model.files import File
from satchel.model.ids import AppId, FieldId, InstanceId
from satchel.model.instance import Instance, Task


class SightKind(StrEnum):
    """Why an actor sees something of an instance."""

    WHOLE = "whole"
    """By the right `view`: everything."""
    FORMS = "forms"
    """By an open task that they hold or are offered; or by the right `modify` alone, which shows nothing of it."""
    OWN = "own"
    """Because they started it or completed a task of it, and have no open task in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What of an instance an actor may read.

    Attributes:
        fields: those that the forms of their open tasks show, as they are now.
        tab: whether they see the attachments tab as it is now.
        own: what they started or completed; None where that is nothing, or where they see the whole.
    """

    kind: SightKind
    fields: frozenset[FieldId] = frozenset()
    tab: bool = False
    own: OwnWork | None = None

    @property
    def whole(self) -> bool:
        """Whether they see everything, its history too."""
        return self.kind is SightKind.WHOLE

    @property
    def submitted(self) -> frozenset[FieldId]:
        """The fields that are shown as the actor submitted them, and not as they are now."""
        return self.own.fields - self.fields if self.own is not None else frozenset()

    def shows(self, field: FieldId | None) -> bool:
        """Return whether what the field (None: the attachments tab) holds now may be read."""
        if self.whole:
            return True
        return self.tab if field is None else field in self.fields

    def of_values(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the values that may be read; those of `submitted` fields as they were submitted."""
        if self.whole:
            return dict(values)
        submitted = {k: v for k, v in self.own.values.items() if k not in self.fields} if self.own is not None else {}
        return submitted | {k: v for k, v in values.items() if FieldId(k) in self.fields}

    def of_file(self, file: File) -> File | None:
        """Return a file as it may be read, None where it may not."""
        if self.shows(file.field_id):
            return file
        return self.own.file(file) if self.own is not None else None

    def of_files(self, files: Sequence[File]) -> list[File]:
        """Return the files that may be read, each as it may be."""
        return [seen for seen in map(self.of_file, files) if seen is not None]

    def of_tasks(self, actor: Actor, tasks: Sequence[Task]) -> list[Task]:
        """Return the tasks that may be read: the actor's open ones, and with own work the progress of all others."""
        if self.whole:
            return list(tasks)
        seen: list[Task] = []
        for task in tasks:
            if holds(actor, task) or is_offered_to(actor, task):
                seen.append(task)
            elif self.own is not None:
                seen.append(self.own.progress(task))
        return seen


EVERYTHING = Sight(kind=SightKind.WHOLE, tab=True)


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


def require_startable(actor: Actor, app: AppRow | None, code: str) -> None:
    """Require that an actor may start instances of an app.

    Raises:
        NotFound, Forbidden: there is none, or the actor lacks the right `start` for it.
        InvalidState: it is retired.
    """
    if app is None or app.version_id is None:
        raise NotFound("app", code)
    require_right(actor, Right.START, app.id, code)
    require_in_service(app)


def require_in_service(app: AppRow) -> None:
    """Require that new instances of an app may be started.

    Raises:
        InvalidState: it is retired.
    """
    if app.retired_at is not None:
        message = f"The app {app.code} is retired: nothing new is started from it. Its managers can bring it back."
        raise InvalidState(message)


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


async def sight(
    tx: Reader, actor: Actor, app: LoadedApp, instance: Instance, tasks: Sequence[Task] | None = None
) -> Sight:
    """Return what of an instance the actor may read.

    Args:
        tx: where the rest is looked up.
        actor: who reads.
        app: the version that the instance runs on.
        instance: that is read.
        tasks: all of the instance, where they are known already.

    Raises:
        NotFound: nothing.
    """
    if actor.may(Right.VIEW, instance.app_id):
        return EVERYTHING
    if tasks is None:
        tasks = await task_rows.open_tasks_and_completed(tx, actor.account_id, instance.id, actor.user_id)
    theirs = [task for task in tasks if holds(actor, task) or is_offered_to(actor, task)]
    own = await own_work(tx, actor, instance, tasks)
    if not theirs and own is None and not actor.may(Right.MODIFY, instance.app_id):
        raise NotFound("instance", instance.id)
    return Sight(
        kind=SightKind.FORMS if theirs or own is None else SightKind.OWN,
        fields=frozenset(field for task in theirs for field in shown_by(form_of(app, task))),
        tab=any(holds(actor, task) for task in theirs),
        own=own,
    )


def shown_by(form: TaskForm) -> frozenset[FieldId]:
    """Return the fields that a form shows."""
    return frozenset(field for field, how in form.fields.items() if how is not Access.HIDE)


async def viewable(tx: Reader, apps: LoadedApps, actor: Actor, instance_id: InstanceId) -> tuple[LoadedApp, Instance]:
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
        raise Forbidden(f"Task {task.id} is not yours. Take it, or ask a manager of the app to assign it to you.")
