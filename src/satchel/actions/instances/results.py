"""Results: what came of starting an instance, running an action or completing a task, reported by the change itself.

Everything is taken from the run that made the change, as it is afterwards; nothing that was just written is read again.
A result has no values: what its actor may see of those is decided by `satchel.actions.access`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from satchel.actions import access
from satchel.actions.instances.run import Run
from satchel.db import tasks as task_rows
from satchel.db.trips import Later
from satchel.model.ids import InstanceId
from satchel.model.instance import Instance, InstanceState, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSummary:
    """What an instance is called and how far it has come."""

    id: InstanceId
    uuid: UUID
    identifier: str
    title: str
    state: InstanceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a change.

    Attributes:
        task: the one that it completed, as it is afterwards; None where it completed none.
        instance: the one that it changed or started.
        next_task: the first open task of this instance, else of one that the change created, that the actor holds or
            is offered; None where there is none.
        made: the other instances that the change created, in order: those that call activities started.
    """

    task: Task | None
    instance: InstanceSummary
    next_task: Task | None
    made: Sequence[InstanceSummary]


def result(run: Run, *, task: Task | None, next_task: Task | None) -> Result:
    """Return what came of a change, once its run is saved."""
    made = [one for one in run.ledger.made.instances if one.id != run.instance.id]
    return Result(task=task, instance=_summary(run.instance), next_task=next_task, made=[_summary(one) for one in made])


def _summary(instance: Instance) -> InstanceSummary:
    return InstanceSummary(
        id=instance.id,
        uuid=instance.uuid,
        identifier=instance.identifier,
        title=instance.title,
        state=instance.state,
    )


@dataclass(frozen=True, slots=True)
class Following:
    """What comes next for the actor of a change; there once the change is saved."""

    run: Run
    open_tasks: Later[list[Task]] | None

    @property
    def task(self) -> Task | None:
        """The task for `Result.next_task`."""
        made, own, actor = self.run.ledger.made, self.run.instance.id, self.run.actor
        found = list(made.tasks_of(own) if self.open_tasks is None else self.open_tasks.result)
        for one in made.instances:
            found += made.tasks_of(one.id) if one.id != own else []
        return next((task for task in found if access.holds(actor, task) or access.is_offered_to(actor, task)), None)


def following(run: Run) -> Following:
    """Return what comes next, asked while the run is locked; asks for tasks only if older ones are open, too."""
    known = run.ledger.made.tokens_of(run.instance.id)
    if not run.instance.is_running or (run.open_tasks is not None and run.open_tasks <= known):
        return Following(run, None)
    return Following(run, run.tx.later(task_rows.open_of(run.instance.account_id, [run.instance.id])))
