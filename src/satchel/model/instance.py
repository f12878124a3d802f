"""Instances and tasks: their states, and their rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from satchel.model.ids import (
    AccountId,
    AppId,
    ElementId,
    GroupId,
    IncidentId,
    InstanceId,
    JobId,
    TaskId,
    TokenId,
    UserId,
    VersionId,
)


class InstanceState(StrEnum):
    """The state of one run of an app."""

    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"
    FAILED = "failed"


class TaskState(StrEnum):
    """The state of a task: three open ones, five closed ones (architecture §1)."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    ARRIVED = "arrived"
    DONE = "done"
    DELAYED = "delayed"
    FAULTY = "faulty"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN_TASK_STATES = (TaskState.UNASSIGNED, TaskState.ASSIGNED, TaskState.ARRIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One run of an app.

    Attributes:
        number: the identifier's number, counted per app from 1.
        revision: grows with every change; the ETag.
        values: the canonical JSON of `satchel.model.values`, by field id; files are not in it.
        parent_id, parent_token: the instance and call activity that started it, or None.
        depth: how many callers are above it.
    """

    account_id: AccountId
    id: InstanceId
    uuid: UUID
    app_id: AppId
    version_id: VersionId
    number: int
    identifier: str
    title: str
    state: InstanceState
    starter_id: UserId | None
    started_at: datetime
    ended_at: datetime | None
    revision: int
    values: Mapping[str, object]
    parent_id: InstanceId | None
    parent_token: TokenId | None
    depth: int

    @property
    def is_running(self) -> bool:
        """Whether the instance can still change by its process."""
        return self.state is InstanceState.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Work that waits, or waited, for a person.

    Attributes:
        token: the engine's name for this visit to the element.
        variables: loop variables of a multi-instance task.
        group_id: the group that it is offered to; None with no holder means those who may start the app.
        fails_at: when it fails for being late (`late: fail`), or None.
        revision: grows with every change; the ETag.
        in_place_of: the absent user for whom the holder, who is their substitute, has the task; None for all others.
    """

    account_id: AccountId
    id: TaskId
    instance_id: InstanceId
    app_id: AppId
    version_id: VersionId
    element: ElementId
    token: TokenId
    name: str
    variables: Mapping[str, object]
    state: TaskState
    holder_id: UserId | None
    group_id: GroupId | None
    due_at: datetime | None
    fails_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: UserId | None
    outcome: str | None
    revision: int
    in_place_of: UserId | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a person."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetails:
    """An external client's details of a task; the process does not see them.

    Attributes:
        label: its name there.
        reference: the client's own number for it.
        begins_at: its earliest start.
        more: further data of the client, as JSON.
    """

    label: str | None = None
    reference: str | None = None
    begins_at: datetime | None = None
    more: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A timer, message or called instance that an instance waits for; `kind` is `timer`, `message` or `call`."""

    account_id: AccountId
    instance_id: InstanceId
    token: TokenId
    kind: str
    element: ElementId
    name: str | None
    due_at: datetime | None
    child_id: InstanceId | None
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """The record of a service task that became due.

    Attributes:
        state: `waiting`, `done`, `failed` or `cancelled`.
        attempt: the number of the newest attempt; 0 before the first.
        counted_from, counted_since: the attempts after this number and since this time count against `retry`.
        due_at: when the next attempt is due, if it waits for its pause.
        settings_version_id: the version whose settings the attempts use, if it is not the instance's.
    """

    account_id: AccountId
    id: JobId
    instance_id: InstanceId
    element: ElementId
    token: TokenId
    kind: str
    variables: Mapping[str, object]
    state: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: UserId | None
    error: str | None
    attempt: int = 0
    counted_from: int = 0
    counted_since: datetime
    due_at: datetime | None = None
    settings_version_id: VersionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt of a service task.

    Attributes:
        run: the job that makes it.
        state: `running`, `done`, `failed`, or `dropped` if the task had ended meanwhile.
        reason: why it failed, a stable code.
        details: the request and the reply, without secrets and query strings.
    """

    account_id: AccountId
    call_id: JobId
    number: int
    run: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    reason: str | None
    message: str | None
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Why an instance could not continue, and since when."""

    account_id: AccountId
    id: IncidentId
    instance_id: InstanceId
    element: ElementId
    token: TokenId | None
    code: str
    message: str
    details: Mapping[str, object]
    opened_at: datetime
    closed_at: datetime | None
