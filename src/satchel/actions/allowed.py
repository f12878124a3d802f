"""What an actor may do with a thing that they see, in the words of the native API's `may`.

It promises nothing: each action checks by itself. But it asks the same questions with the same code, and of rows that
are there already, so that a page shows what works and costs no statement more. Values, places and quotas may still be
refused.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from satchel.actions import access
from satchel.actions.loading import LoadedApp
from satchel.model.actor import APP_RIGHTS, Actor, Right
from satchel.model.files import File
from satchel.model.ids import AppId, FieldId
from satchel.model.instance import Instance, Task, TaskState


def of_app(actor: Actor, app: AppId) -> list[str]:
    """Return the rights that the actor has for an app."""
    return [right.value for right in APP_RIGHTS if actor.may(right, app)]


def of_task(actor: Actor, task: Task) -> list[str]:
    """Return what the actor may do with a task."""
    if not task.is_open:
        return []
    manages, holds = actor.may(Right.MANAGE, task.app_id), access.holds(actor, task)
    able = {
        "claim": access.is_offered_to(actor, task) and actor.user_id is not None,
        "release": (holds or manages) and task.holder_id is not None,
        "assign": holds or manages,
        "arrive": holds and task.state is not TaskState.ARRIVED,
        "save": holds,
        "complete": holds,
        "complete_by_hand": manages,
    }
    return [name for name, is_able in able.items() if is_able]


def of_instance(actor: Actor, instance: Instance, tasks: Sequence[Task]) -> list[str]:
    """Return what the actor may do with an instance.

    Args:
        tasks: those of the instance, at least the open ones that the actor holds.
    """
    app = instance.app_id
    views, modifies, is_running = actor.may(Right.VIEW, app), actor.may(Right.MODIFY, app), instance.is_running
    holds = any(access.holds(actor, task) for task in tasks)
    able = {
        "edit": modifies and is_running,
        "attach": modifies and is_running,
        "link": (modifies or holds) and is_running,
        "copy": (modifies or holds) and is_running,
        "comment": modifies or holds,
        "act": views and modifies and is_running,
        "message": modifies and is_running,
        "retry": modifies,
        "cancel": modifies and is_running,
        "delete": actor.may(Right.DELETE, app),
        "star": views and actor.user_id is not None,
        "history": views,
        "export": actor.may(Right.EXPORT, app),
        "move": actor.may(Right.MANAGE, app) and is_running,
    }
    return [name for name, is_able in able.items() if is_able]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileActions:
    """What an actor may do with the files that they see of one instance.

    Attributes:
        changes_all: whether they may change every file.
        fields: the fields whose files they may change.
        is_running: whether files can be added.
        is_person: whether links can be issued to them.
    """

    changes_all: bool
    fields: Collection[FieldId]
    is_running: bool
    is_person: bool

    def of(self, file: File) -> list[str]:
        """Return what the actor may do with a file."""
        changes = self.changes_all or (file.field_id is not None and file.field_id in self.fields)
        is_stored, is_there = file.digest is not None, file.deleted_at is None
        able = {
            "rename": changes and is_there,
            "describe": changes and is_there,
            "replace": changes and is_there and file.field_id is not None and self.is_running,
            "delete": changes and is_there,
            "restore": changes and not is_there,
            "copy": is_there,
            "link": is_there and is_stored and self.is_person,
        }
        return [name for name, is_able in able.items() if is_able]


def of_files(actor: Actor, app: LoadedApp, instance: Instance, tasks: Sequence[Task]) -> FileActions:
    """Return what the actor may do with the files of an instance.

    Args:
        tasks: those of the instance, at least the open ones that the actor holds.
    """
    held = [access.form_of(app, task) for task in tasks if access.holds(actor, task)]
    return FileActions(
        changes_all=actor.may(Right.MODIFY, instance.app_id),
        fields={field for form in held for field, how in form.fields.items() if how.is_writable},
        is_running=instance.is_running,
        is_person=actor.user_id is not None,
    )
