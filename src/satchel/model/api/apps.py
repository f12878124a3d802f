"""Replies about apps: fields, forms, actions, versions, and what a deployment found."""

from collections.abc import Mapping, Sequence

from satchel.model.api.kinds import AccessName, FieldTypeName, ReplyBody, SeverityName, Timestamp


class AppSummary(ReplyBody, frozen=True, kw_only=True):
    """An app, as a list shows it."""

    id: int
    code: str
    name: str
    category: str


class Apps(ReplyBody, frozen=True, kw_only=True):
    """All apps for which the caller has any right."""

    items: Sequence[AppSummary]
    next: None


class Option(ReplyBody, frozen=True, kw_only=True):
    """One of the values that a choice has."""

    id: str
    label: str


class Column(ReplyBody, frozen=True, kw_only=True):
    """A column of a table; limits that it does not have are left out."""

    id: str
    label: str
    type: FieldTypeName
    required: bool
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min: str | None = None
    max: str | None = None
    digits: int | None = None
    disable_future: bool = False
    disable_past: bool = False
    options: Sequence[Option] = ()
    min_checked: int | None = None
    max_checked: int | None = None


class Field(ReplyBody, frozen=True, kw_only=True):
    """A field of an app; limits that it does not have are left out.

    Attributes:
        number: which stays with the field through all versions.
        min, max: decimals as text.
        digits: after the decimal point.
        columns, max_rows: of a table.
        min_bytes, max_bytes, accept, max_files, max_unclaimed, allow_links: of file, photo and signature fields;
            `accept` holds media types and file endings.
    """

    number: int
    id: str
    label: str
    type: FieldTypeName
    description: str
    searchable: bool
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    min: str | None = None
    max: str | None = None
    digits: int | None = None
    disable_future: bool = False
    disable_past: bool = False
    options: Sequence[Option] = ()
    min_checked: int | None = None
    max_checked: int | None = None
    columns: Sequence[Column] = ()
    max_rows: int | None = None
    min_bytes: int | None = None
    max_bytes: int | None = None
    accept: Sequence[str] | None = None
    max_files: int | None = None
    max_unclaimed: int | None = None
    allow_links: bool | None = None


class FormField(Field, frozen=True, kw_only=True):
    """A field of a task's form, and what the form lets its user do with it."""

    access: AccessName


class Outcome(ReplyBody, frozen=True, kw_only=True):
    """One way in which a task may end; `fault` closes it as `faulty`."""

    id: str
    label: str
    fault: bool


class Form(ReplyBody, frozen=True, kw_only=True):
    """A task's form: the fields that it shows, and the outcomes to choose from."""

    fields: Sequence[FormField]
    outcomes: Sequence[Outcome]


class StartForm(ReplyBody, frozen=True, kw_only=True):
    """The form that starts an instance: access by field id; a field that is not named is hidden."""

    fields: Mapping[str, AccessName]


class TaskForm(ReplyBody, frozen=True, kw_only=True):
    """The form of a user task: access by field id, and its outcomes."""

    fields: Mapping[str, AccessName]
    outcomes: Sequence[Outcome]


class MessageInputs(ReplyBody, frozen=True, kw_only=True):
    """The fields that a message may set."""

    inputs: Sequence[str]


class Area(ReplyBody, frozen=True, kw_only=True):
    """A named part of the attachments tab, in an action's form."""

    name: str
    required: bool


class Action(ReplyBody, frozen=True, kw_only=True):
    """What can be run on an instance from outside.

    Attributes:
        inputs: the fields (and `comment`) that it takes.
        task: the user task that it completes with `outcome`, if any.
        create: whether it starts an instance instead.
    """

    id: int
    name: str
    inputs: Sequence[str]
    areas: Sequence[Area]
    task: str | None
    outcome: str | None
    create: bool


class App(ReplyBody, frozen=True, kw_only=True):
    """The newest version of an app.

    Attributes:
        tasks: by the BPMN element's id.
        messages: by the message's name.
    """

    id: int
    code: str
    name: str
    category: str
    description: str
    version: int
    fields: Sequence[Field]
    start: StartForm
    tasks: Mapping[str, TaskForm]
    messages: Mapping[str, MessageInputs]
    actions: Sequence[Action]


class Version(ReplyBody, frozen=True, kw_only=True):
    """One deployed version; `deployed_by` is a user, or null where the command line did it."""

    number: int
    deployed_at: Timestamp
    deployed_by: int | None


class Versions(ReplyBody, frozen=True, kw_only=True):
    """All versions of an app, newest first."""

    items: Sequence[Version]
    next: None


class Finding(ReplyBody, frozen=True, kw_only=True):
    """One thing that a bundle says wrongly or doubtfully.

    Attributes:
        code: stable.
        file: `app.yaml` or `process.bpmn`.
        line: from 1; null where there is none.
        element: the BPMN element's id, if it is about one.
    """

    code: str
    file: str
    line: int | None
    element: str | None
    message: str
    severity: SeverityName


class Deployed(ReplyBody, frozen=True, kw_only=True):
    """A version that was deployed, and what is doubtful in it."""

    id: int
    code: str
    version: int
    warnings: Sequence[Finding]
