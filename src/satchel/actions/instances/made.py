"""What one transaction made: the instances that it created and the tasks that it opened, as they are by now.

An action reports its result from this, without reading what it has just written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from satchel.db.trips import Later
from satchel.model.ids import InstanceId, TokenId
from satchel.model.instance import Instance, Task

_Key = tuple[InstanceId, TokenId]


@dataclass(slots=True)
class Made:
    """Instances in the order of their creation, and those tasks opened in this transaction that are still open.

    A task is as it was opened, but for its holder, who may be another by now. Tasks are there once the transaction has
    sent what it put off.
    """

    _instances: dict[InstanceId, Instance] = field(default_factory=dict[InstanceId, Instance])
    _tasks: dict[_Key, Later[Task | None]] = field(default_factory=dict[_Key, Later[Task | None]])
    _given: dict[_Key, Task] = field(default_factory=dict[_Key, Task])

    @property
    def instances(self) -> Sequence[Instance]:
        """The instances, each as it was saved last."""
        return list(self._instances.values())

    def tokens_of(self, instance: InstanceId) -> frozenset[TokenId]:
        """Return the tokens of an instance's tasks."""
        return frozenset(token for of, token in self._tasks if of == instance)

    def tasks_of(self, instance: InstanceId) -> Sequence[Task]:
        """Return the tasks of an instance, oldest first."""
        found = [self._now(key, later.result) for key, later in self._tasks.items() if key[0] == instance]
        return [task for task in found if task is not None]

    def _now(self, key: _Key, task: Task | None) -> Task | None:
        given = self._given.get(key)
        if task is None or given is None:
            return task
        holder, absent = given.holder_id, given.in_place_of
        return replace(task, state=given.state, holder_id=holder, in_place_of=absent, revision=task.revision + 1)

    def created(self, instance: Instance) -> None:
        """Note a new instance."""
        self._instances[instance.id] = instance

    def saved(self, instance: Instance) -> None:
        """Note what an instance is now, if this transaction created it."""
        if instance.id in self._instances:
            self._instances[instance.id] = instance

    def opened(self, instance: InstanceId, token: TokenId, task: Later[Task | None]) -> None:
        """Note a new task."""
        self._tasks[instance, token] = task

    def given(self, task: Task) -> None:
        """Note who holds a task now, if this transaction opened it."""
        key = task.instance_id, task.token
        if key in self._tasks:
            self._given[key] = task

    def closed(self, instance: InstanceId, token: TokenId) -> None:
        """Note that a task is no longer open, whichever transaction opened it."""
        self._tasks.pop((instance, token), None)

    def ended(self, instance: InstanceId) -> None:
        """Note that no task of an instance is open any more."""
        for key in [key for key in self._tasks if key[0] == instance]:
            del self._tasks[key]
