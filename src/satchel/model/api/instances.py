"""Replies about instances and tasks: searches, history, and results of starting and completing."""

from collections.abc import Mapping, Sequence

from satchel.model.api.apps import Form
from satchel.model.api.files import File
from satchel.model.api.kinds import (
    InstanceActionName,
    InstanceStateName,
    ReplyBody,
    SightName,
    Size,
    TaskActionName,
    TaskStateName,
    Timestamp,
    Uuid,
    Values,
    WaitKindName,
)


class InstanceSummary(ReplyBody, frozen=True, kw_only=True):
    """An instance's identifier, title and state."""

    id: int
    identifier: str
    title: str
    state: InstanceStateName


class Instance(InstanceSummary, frozen=True, kw_only=True):
    """An instance, without its values.

    Attributes:
        app: the app's code.
        starter: the number of a user; null if Satchel started it.
        parent: the instance that called it.
        revision: its ETag.
    """

    uuid: Uuid
    app: str
    app_id: int
    starter: int | None
    started_at: Timestamp
    ended_at: Timestamp | None
    parent: int | None
    revision: int


class FoundInstance(Instance, frozen=True, kw_only=True):
    """An instance that a search found.

    Attributes:
        values: by field id; decimals are text, files are in `files`.
        files: if the search requested them.
    """

    values: Values
    files: Sequence[File] = ()


class Total(ReplyBody, frozen=True, kw_only=True):
    """How many a search finds; not `exact` if there are more than were counted."""

    value: int
    exact: bool


class FoundInstances(ReplyBody, frozen=True, kw_only=True):
    """A page of a search.

    Attributes:
        next: the cursor of the next page, if there is one.
        total: if the search requested it.
        window: how many of the newest instances a "contains" of fewer than three characters searched.
    """

    items: Sequence[FoundInstance]
    next: str | None
    total: Total | None = None
    window: int | None = None


class Task(ReplyBody, frozen=True, kw_only=True):
    """A task, without its form.

    Attributes:
        element: the id of the BPMN user task.
        holder: the user to whom it is assigned.
        in_place_of: the absent user for whom the holder has it as their substitute.
        group: the group whose members may claim it.
        variables: of a repeated task: its loop variables.
        revision: its ETag.
        may: what the caller may do with it: `claim`, `release`, `assign`, `arrive`, `save`, `complete`, and
            `complete_by_hand` in its holder's place.
    """

    id: int
    instance: int
    element: str
    name: str
    state: TaskStateName
    holder: int | None
    in_place_of: int | None
    group: int | None
    due_at: Timestamp | None
    opened_at: Timestamp
    closed_at: Timestamp | None
    closed_by: int | None
    outcome: str | None
    variables: Values
    revision: int
    may: Sequence[TaskActionName]


class TaskView(Task, frozen=True, kw_only=True):
    """A task with its form and the form's values and files.

    Attributes:
        sight: why the caller sees it: `whole` by the right `view`, `forms` because they hold it or may claim it, `own`
            because they completed it; then values and files are those that they submitted.
        identifier: of its instance, like `title` and `app`.
        files: by the id of the field that holds them.
    """

    sight: SightName
    identifier: str
    title: str
    app: str
    form: Form
    values: Values
    files: Mapping[str, Sequence[File]]
    attachments: Sequence[File]


class WorkItem(Task, frozen=True, kw_only=True):
    """A task of a work list, with the names of its instance, app and people.

    Attributes:
        identifier: of its instance, like `title`.
        app: the app's code.
        version: of the app.
        starter: the user who started the instance; null if Satchel did.
        files: how many files the task shows; null if the caller sees it only as their own work.
        overdue: whether its due time has passed, or had when it was closed.
    """

    identifier: str
    title: str
    app: str
    app_name: str
    version: int
    starter: int | None
    starter_name: str | None
    holder_name: str | None
    group_name: str | None
    files: Size | None
    overdue: bool


class WorkItems(ReplyBody, frozen=True, kw_only=True):
    """A page of a work list.

    Attributes:
        next: the cursor of the next page, if there is one.
        total: if it was requested.
    """

    items: Sequence[WorkItem]
    next: str | None
    total: Total | None = None


class TaskCounts(ReplyBody, frozen=True, kw_only=True):
    """How many open tasks wait for the caller.

    Attributes:
        mine: those that they hold.
        overdue: those of them whose due time has passed.
        offered: those that they may claim.
    """

    mine: Size
    overdue: Size
    offered: Size


class Wait(ReplyBody, frozen=True, kw_only=True):
    """A timer, message or called instance that an instance waits for; `element` is the id of the BPMN element."""

    kind: WaitKindName
    element: str
    name: str | None
    due_at: Timestamp | None


class InstanceView(Instance, frozen=True, kw_only=True):
    """An instance with the parts that the caller may see.

    Attributes:
        sight: why the caller sees it: `whole` by the right `view`, `forms` by a task that they hold or are offered,
            `own` because they started it or completed a task of it; then they see its tasks, and the values
            and files that they submitted.
        version: of the app.
        values: by field id; decimals are text.
        files: by the id of the field that holds them.
        may: what the caller may do with it: `edit` values, `attach` uploads, `link` and `copy` files into it,
            `comment`, `act` (run actions), send a `message`, `retry` incidents, `cancel`, `delete`, `star`, read its
            `history`, `export`, `move` its tokens by hand.
    """

    sight: SightName
    version: int
    values: Values
    files: Mapping[str, Sequence[File]]
    attachments: Sequence[File]
    tasks: Sequence[Task]
    waits: Sequence[Wait]
    may: Sequence[InstanceActionName]


class WorkResult(ReplyBody, frozen=True, kw_only=True):
    """The result of starting an instance, completing a task or running an action.

    Attributes:
        task: the task that was completed, if any.
        instance: its current state.
        next_task: the next task of the instance, or of one that it called, that the caller holds or may claim.
        made: instances that the process started in this step.
        ignored: the fields that rules of the form hide, so that what was sent for them changed nothing.
    """

    task: Task | None
    instance: InstanceSummary
    next_task: Task | None
    made: Sequence[InstanceSummary]
    ignored: Sequence[str] = ()


class Event(ReplyBody, frozen=True, kw_only=True):
    """A line of history: who did what to which thing, when, from where.

    Attributes:
        kind: such as `task.completed`.
        user: null if Satchel did it.
        address: the network address of the request.
        data: further details, by kind.
    """

    id: int
    at: Timestamp
    kind: str
    instance: int | None
    task: int | None
    file: int | None
    user: int | None
    address: str | None
    data: Values


class Events(ReplyBody, frozen=True, kw_only=True):
    """A page of history, and the cursor of the next one."""

    items: Sequence[Event]
    next: str | None
