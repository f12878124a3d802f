"""An app's data: the content of `app.yaml`, checked and typed.

`Manifest` is all that the rest of Satchel uses of an app besides its BPMN. Only `satchel.model.app_yaml.bundle`
builds it, from YAML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from satchel.model.fields import Field
from satchel.model.ids import ElementId, FieldId
from satchel.model.notifications import DEFAULTS, REMINDERS, Channel, NotificationKind, Reminder
from satchel.model.rules import Check, ListEntry, Rules
from satchel.model.services import OnFailure, RetryPolicy, ServiceTask, Source
from satchel.model.working_time import Due

BUILT_IN_NAMES = frozenset({"identifier", "instance_id", "title", "starter", "started_at", "app"})
"""Built-in names of templates and expressions; no field may have one."""

COMMENT = FieldId("comment")
"""The built-in input of actions that writes a comment; no field may have this id."""


class Access(StrEnum):
    """The access of a form's user to a field."""

    HIDE = "hide"
    READ = "read"
    EDIT = "edit"
    REQUIRE = "require"

    @property
    def is_writable(self) -> bool:
        """Whether values for the field are accepted."""
        return self in (Access.EDIT, Access.REQUIRE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The assignment of a task: exactly one is set, or none (then it is offered to those who may start the app).

    Attributes:
        group: the name of a group; the task is offered to its members.
        user: the e-mail of a user; the task is assigned to them.
        field: a field of type `user` or `group` that names them.
        starter: the user who started the instance.
    """

    group: str | None = None
    user: str | None = None
    field: FieldId | None = None
    starter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way in which a task may end; `fault` closes it as `faulty`."""

    id: str
    label: str
    fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartForm:
    """The form that starts an instance.

    Attributes:
        fields: access per field; a field without an entry is hidden.
        rules: of fields in this form, beside those that they have in every form.
        checks: of this form alone.
    """

    fields: Mapping[FieldId, Access]
    rules: Mapping[FieldId, Rules] = field(default_factory=dict[FieldId, Rules])
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """Who is notified of a late task: a group, so long `after` its due time."""

    after: timedelta
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm:
    """The settings of one BPMN user task in `app.yaml`.

    Attributes:
        fields: access per field; a field without an entry is hidden.
        due: time from the task's opening to its due time; a `timedelta`, or working time.
        fail_when_late: `late: fail`; the task fails at its due time instead of becoming late.
        outcomes: empty means that the task completes without one.
        remind: how long before the due time its people are reminded.
        escalation: who else is notified when it is late.
        notify: how notifications of it reach people, where the app says it for this task.
        rules: of fields in this form, beside those that they have in every form.
        checks: of this form alone.
    """

    assign: Assignment
    fields: Mapping[FieldId, Access]
    due: Due | None = None
    fail_when_late: bool = False
    outcomes: tuple[Outcome, ...] = ()
    remind: timedelta | None = None
    escalation: Escalation | None = None
    notify: Mapping[NotificationKind, Channel] = field(default_factory=dict[NotificationKind, Channel])
    rules: Mapping[FieldId, Rules] = field(default_factory=dict[FieldId, Rules])
    checks: tuple[Check, ...] = ()

    def first_reminder(self, due_at: datetime | None, now: datetime) -> Reminder | None:
        """Return what people are first reminded of in a task with this due time, or None."""
        return self._next(due_at, REMINDERS, now)

    def reminder_after(self, kind: NotificationKind, due_at: datetime | None, now: datetime) -> Reminder | None:
        """Return the reminder that follows one of a kind in a task with this due time, or None."""
        return self._next(due_at, REMINDERS[REMINDERS.index(kind) + 1 :], now)

    def _next(self, due_at: datetime | None, kinds: Sequence[NotificationKind], now: datetime) -> Reminder | None:
        """Return the first reminder of some kinds; that a task is due soon is news only before that moment."""
        if due_at is None:
            return None
        moments = {
            NotificationKind.DUE_SOON: due_at - self.remind if self.remind is not None else None,
            NotificationKind.OVERDUE: None if self.fail_when_late else due_at,
            NotificationKind.ESCALATED: due_at + self.escalation.after if self.escalation is not None else None,
        }
        for kind in kinds:
            at = moments[kind]
            if at is not None and (kind is not NotificationKind.DUE_SOON or at > now):
                return Reminder(kind=kind, at=at)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A named part of the attachments tab, in an action's form."""

    name: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action that can be run on an instance over an API.

    Attributes:
        alias: another number of it, which no other action of the account has, or None.
        task: the user task that it completes with `outcome`, or None.
        create: whether it starts an instance instead.
        inputs: the fields (and `comment`) that it accepts.
    """

    id: int
    name: str
    alias: int | None = None
    inputs: tuple[FieldId, ...] = ()
    areas: tuple[Area, ...] = ()
    task: ElementId | None = None
    outcome: str | None = None
    create: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that instances wait for; `inputs` are the fields that it may set."""

    name: str
    inputs: tuple[FieldId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity:
    """The mapping of a BPMN call activity's data.

    Attributes:
        app: the code of the app that is started.
        into: field of the started instance -> field of this one; files are copied.
        out: field of this instance -> field of the started one, when that has ended.
    """

    app: str
    into: Mapping[FieldId, FieldId]
    out: Mapping[FieldId, FieldId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The settings of a BPMN service or send task: its kind, and the kind's settings as plain JSON data.

    Attributes:
        inputs: the fields that may be set when the task is completed by hand or by a program.
        task: what Satchel performs automatically, or None if the task waits to be completed.
        retry, on_failure: how often it is tried, and what happens after the last failure.
        otherwise: field -> its value if the process continues after a failure.
        acts_as: e-mail of the user whose rights apply; without, the user who deployed the app.
    """

    kind: str
    inputs: tuple[FieldId, ...]
    settings: Mapping[str, object]
    task: ServiceTask | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    on_failure: OnFailure = OnFailure.INCIDENT
    otherwise: Mapping[FieldId, Source] = field(default_factory=dict[FieldId, Source])
    acts_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The content of one `app.yaml`.

    Attributes:
        code: 1 to 16 of `A-Z0-9`, beginning with a letter; unique in the account.
        title: the template of an instance's title.
        fields: in the order of the file.
        process: the id of the BPMN process that runs, or None if the document says which.
        notify: how notifications reach people, where the app says it.
        checks: of every form that lets one of their fields be filled in.
        lists: options that are kept in the file, by the id of the list.
    """

    code: str
    name: str
    category: str
    description: str
    title: str
    fields: tuple[Field, ...]
    start: StartForm
    tasks: Mapping[ElementId, TaskForm]
    services: Mapping[ElementId, Service]
    calls: Mapping[ElementId, CallActivity]
    messages: Mapping[str, Message]
    actions: Mapping[int, Action]
    process: str | None = None
    notify: Mapping[NotificationKind, Channel] = field(default_factory=dict[NotificationKind, Channel])
    checks: tuple[Check, ...] = ()
    lists: Mapping[str, tuple[ListEntry, ...]] = field(default_factory=dict[str, tuple[ListEntry, ...]])

    def channel(self, kind: NotificationKind, element: ElementId | None = None) -> Channel:
        """Return how a notification reaches those who have not chosen; `element`: of this user task."""
        form = self.tasks.get(element) if element is not None else None
        of_task = form.notify.get(kind) if form is not None else None
        return of_task or self.notify.get(kind) or DEFAULTS[kind]

    def field(self, field_id: str) -> Field | None:
        """Return the field with this id, or None."""
        return next((field for field in self.fields if field.id == field_id), None)

    def field_number(self, number: int) -> Field | None:
        """Return the field with this number, or None."""
        return next((field for field in self.fields if field.number == number), None)
