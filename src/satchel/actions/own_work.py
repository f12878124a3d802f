"""Own work: what a person started or completed in an instance, which they see for good, without any right for its app.

They see their forms as they submitted them, not what became of them: these are read from the table of submitted forms,
never from the instance. Only starting and completing count; claiming, holding or saving a task does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from satchel.db import submitted_forms as rows
from satchel.db.pool import Reader
from satchel.model.actor import Actor
from satchel.model.files import File
from satchel.model.ids import FieldId, FileId, TaskId
from satchel.model.instance import Instance, Task
from satchel.model.submitted_forms import SubmittedFile, SubmittedForm


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnWork:
    """What one person did in one instance.

    Attributes:
        tasks: those that they completed.
        forms: the start form and the forms of these tasks as they submitted them, oldest first. Forms of the time
            before they were kept are missing, and an instance that a call activity started has no start form.
    """

    tasks: frozenset[TaskId]
    forms: Sequence[SubmittedForm]

    @property
    def fields(self) -> frozenset[FieldId]:
        """The fields that any of the forms let them fill in."""
        return frozenset(field for form in self.forms for field in form.fields)

    @property
    def values(self) -> Mapping[str, object]:
        """What they submitted, by field id; of a field that they submitted several times, the last."""
        found: dict[str, object] = {}
        for form in self.forms:
            found = {name: value for name, value in found.items() if name not in form.fields} | dict(form.values)
        return found

    @property
    def files(self) -> Mapping[FileId, SubmittedFile]:
        """The files that they submitted."""
        return {file.id: file for form in self.forms for file in form.files}

    def file(self, file: File) -> File | None:
        """Return a file of the instance as they submitted it, None where they did not."""
        submitted = self.files.get(file.id)
        return submitted.restored(file) if submitted is not None else None

    def of_task(self, task: TaskId) -> "OwnWork":
        """Return their work on one task only."""
        return OwnWork(tasks=self.tasks & {task}, forms=[form for form in self.forms if form.task_id == task])

    def progress(self, task: Task) -> Task:
        """Return what they see of any task: element, state, people and times; the outcome only of those in `tasks`."""
        return replace(task, variables={}, outcome=task.outcome if task.id in self.tasks else None)


def completed(actor: Actor, task: Task) -> bool:
    """Return whether the actor completed a task and sees own work."""
    return actor.sees_own_work and actor.user_id is not None and task.closed_by == actor.user_id


async def own_work(tx: Reader, actor: Actor, instance: Instance, tasks: Sequence[Task]) -> OwnWork | None:
    """Return what the actor started or completed in an instance, None where that is nothing.

    Args:
        tasks: those of the instance, at least all that the actor completed.
    """
    if not actor.sees_own_work or actor.user_id is None:
        return None
    done = frozenset(task.id for task in tasks if completed(actor, task))
    if not done and instance.starter_id != actor.user_id:
        return None
    forms = await rows.submitted_forms(tx, actor.account_id, instance.id, actor.user_id)
    return OwnWork(tasks=done, forms=forms)


def narrowed(instance: Instance, values: Mapping[str, object]) -> Instance:
    """Return an instance with these values only, and without its caller, which only a right shows."""
    return replace(instance, values=values, parent_id=None, parent_token=None)
