"""An app's data side: what `app.yaml` says, checked and typed.

`Manifest` is what the rest of Satchel knows of an app besides its BPMN. `satchel.model.app_yaml.bundle` makes it
from YAML; nothing else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from satchel.model.fields import Field
from satchel.model.ids import ElementId, FieldId
from satchel.model.services import OnFailure, RetryPolicy, ServiceTask, Source

BUILT_IN_NAMES = frozenset({"identifier", "instance_id", "title", "starter", "started_at", "app"})
"""Names that templates and expressions know besides fields; no field may take one."""

COMMENT = FieldId("comment")
"""The built-in input of actions that writes a comment; no field may take this id."""


class Access(StrEnum):
    """What a form lets its user do with a field."""

    HIDE = "hide"
    READ = "read"
    EDIT = "edit"
    REQUIRE = "require"

    @property
    def is_writable(self) -> bool:
        """Whether values for the field are taken."""
        return self in (Access.EDIT, Access.REQUIRE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who a task goes to: exactly one is set, or none (then it is offered to those who may start the app).

    Attributes:
        group: the name of a group; the task is offered to its members.
        user: the e-mail of a user; the task is assigned to them.
        field: a field of type `user` or `group` that names them.
        starter: the one who started the instance.
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
    """The form that starts an instance: access per field; a field without an entry is hidden."""

    fields: Mapping[FieldId, Access]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskForm:
    """What `app.yaml` says of one BPMN user task.

    Attributes:
        fields: access per field; a field without an entry is hidden.
        due: time from the task's opening to its due time.
        fail_when_late: `late: fail`; the task fails at its due time instead of turning late.
        outcomes: empty means that the task just completes.
    """

    assign: Assignment
    fields: Mapping[FieldId, Access]
    due: timedelta | None = None
    fail_when_late: bool = False
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A named part of the attachments tab, in an action's form."""

    name: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What can be run on an instance from outside.

    Attributes:
        task: the user task that it completes with `outcome`, or None.
        create: whether it starts an instance instead.
        inputs: the fields (and `comment`) that it takes.
    """

    id: int
    name: str
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
    """How a BPMN call activity maps its data.

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
    """What a BPMN service or send task does: the kind and its own settings, as plain JSON data.

    Attributes:
        inputs: the fields that whoever completes the job by hand or by program may set.
        task: what Satchel does by itself, or None where it waits for somebody to complete it.
        retry, on_failure: how often that is tried, and what happens when it has failed for good.
        otherwise: field -> the value that it gets where the process continues after a failure.
        acts_as: e-mail of the user for whom it is done; without, whoever deployed the app.
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
    """Everything that one `app.yaml` says.

    Attributes:
        code: 1 to 16 of `A-Z0-9`, beginning with a letter; unique in the account.
        title: the template of an instance's title.
        fields: in the order of the file.
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

    def field(self, field_id: str) -> Field | None:
        """Return the field with this id, or None."""
        return next((field for field in self.fields if field.id == field_id), None)

    def field_number(self, number: int) -> Field | None:
        """Return the field with this number, or None."""
        return next((field for field in self.fields if field.number == number), None)
