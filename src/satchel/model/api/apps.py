"""Replies about apps: fields, forms, actions, versions, and findings of a deployment."""

from collections.abc import Mapping, Sequence

from satchel.model.api.kinds import (
    AccessName,
    AssignedName,
    FieldTypeName,
    ReplyBody,
    RightName,
    SeverityName,
    Size,
    Timestamp,
    Values,
)
from satchel.model.api.moves import MigrationCounts
from satchel.model.api.rules import Check, FieldRules


class AppSummary(ReplyBody, frozen=True, kw_only=True):
    """An app in a list.

    Attributes:
        version: the newest.
        retired: whether nothing new is started from it.
        may: the rights of the caller for it; `start`: they may start instances.
    """

    id: int
    code: str
    name: str
    category: str
    description: str
    version: int
    retired: bool
    may: Sequence[RightName]


class Apps(ReplyBody, frozen=True, kw_only=True):
    """All apps for which the caller has any right, or the right that was asked for."""

    items: Sequence[AppSummary]
    next: None


class Option(ReplyBody, frozen=True, kw_only=True):
    """One option of a choice."""

    id: str
    label: str


class Options(ReplyBody, frozen=True, kw_only=True):
    """The first options of a field whose options come from elsewhere.

    Attributes:
        more: whether there are more; ask for those that begin with more letters.
    """

    items: Sequence[Option]
    more: bool


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
    max_stars: int | None = None


class Field(ReplyBody, frozen=True, kw_only=True):
    """A field of an app; limits that it does not have are left out.

    Attributes:
        number: the same in all versions.
        min, max: decimals as text.
        digits: after the decimal point.
        max_stars: the most that a rating can have; the least is 1.
        columns, max_rows: of a table.
        min_bytes, max_bytes, accept, max_files, max_unclaimed, allow_links: of file, photo and signature fields;
            `accept` contains media types and file extensions.
        rules: that it has in every form.
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
    max_stars: int | None = None
    columns: Sequence[Column] = ()
    max_rows: int | None = None
    min_bytes: int | None = None
    max_bytes: int | None = None
    accept: Sequence[str] | None = None
    max_files: int | None = None
    max_unclaimed: int | None = None
    allow_links: bool | None = None
    rules: FieldRules | None = None


class FormField(Field, frozen=True, kw_only=True):
    """A field of a task's form, and the access of its user to it.

    Attributes:
        rules, form_rules: that it has in every form, and in this one alone; those that read a field which the form does
            not show are left out, and `hidden` and the server's refusals are all that a page has of them.
        hidden: whether its rules hide it now; then its value is left out, and what is sent for it changes nothing.
    """

    access: AccessName
    form_rules: FieldRules | None = None
    hidden: bool = False


class Outcome(ReplyBody, frozen=True, kw_only=True):
    """One way in which a task may end; `fault` closes it as `faulty`."""

    id: str
    label: str
    fault: bool


class Form(ReplyBody, frozen=True, kw_only=True):
    """A task's form: the fields that it shows, and the outcomes to choose from.

    Attributes:
        checks: that its values have to pass; those that read a field which the form does not show are left out.
        defaults: what its empty fields start with.
    """

    fields: Sequence[FormField]
    outcomes: Sequence[Outcome]
    checks: Sequence[Check] = ()
    defaults: Values | None = None


class StartForm(ReplyBody, frozen=True, kw_only=True):
    """The form that starts an instance: access by field id; a field that is not named is hidden.

    Attributes:
        rules: of fields in this form alone, by field id.
        checks: of this form alone.
        hidden: the fields that their rules hide before anything is filled in.
        defaults: what its fields start with.
    """

    fields: Mapping[str, AccessName]
    rules: Mapping[str, FieldRules] | None = None
    checks: Sequence[Check] = ()
    hidden: Sequence[str] = ()
    defaults: Values | None = None


class TaskForm(ReplyBody, frozen=True, kw_only=True):
    """The form of a user task: access by field id, and its outcomes.

    Attributes:
        rules: of fields in this form alone, by field id.
        checks: of this form alone.
    """

    fields: Mapping[str, AccessName]
    outcomes: Sequence[Outcome]
    rules: Mapping[str, FieldRules] | None = None
    checks: Sequence[Check] = ()


class MessageInputs(ReplyBody, frozen=True, kw_only=True):
    """The fields that a message may set."""

    inputs: Sequence[str]


class Area(ReplyBody, frozen=True, kw_only=True):
    """A named part of the attachments tab, in an action's form."""

    name: str
    required: bool


class Action(ReplyBody, frozen=True, kw_only=True):
    """An action that can be run on an instance.

    Attributes:
        inputs: the fields (and `comment`) that it accepts.
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


class Step(ReplyBody, frozen=True, kw_only=True):
    """An activity of an app's process: a task, or what Satchel does by itself.

    Attributes:
        id: in the BPMN document.
        name: the drawn name, or the id.
        kind: as BPMN names it: `userTask`, `serviceTask`, `callActivity`, …
        within: the id of the subprocess that it lies in.
        certain: whether every instance that comes to its end does it; otherwise the process may go another way.
        assigned: of a user task: to a `group`, a certain `user`, the people whom a `field` names or the `starter`;
            `starters`: it is offered to those who may start the app.
        group: the name of the group, where `assigned` is `group`.
        due_s: of a user task: the seconds from its opening to its due time.
        due_working_days: where that is counted in working days instead.
        due_working_s: where that is counted in seconds of working time instead.
    """

    id: str
    name: str
    kind: str
    within: str | None
    certain: bool
    assigned: AssignedName | None
    group: str | None
    due_s: int | None
    due_working_days: int | None = None
    due_working_s: int | None = None


class App(ReplyBody, frozen=True, kw_only=True):
    """A version of an app.

    Attributes:
        retired: whether nothing new is started from it.
        may: the rights of the caller for the app.
        steps: the activities of its process, in the order in which it can come to them.
        tasks: by the BPMN element's id.
        messages: by the message's name.
        checks: of every form that lets one of their fields be filled in.
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
    steps: Sequence[Step]
    retired: bool
    may: Sequence[RightName]
    checks: Sequence[Check] = ()


class Version(ReplyBody, frozen=True, kw_only=True):
    """One deployed version; `deployed_by` is a user, or null for the command line."""

    number: int
    deployed_at: Timestamp
    deployed_by: int | None


class Versions(ReplyBody, frozen=True, kw_only=True):
    """All versions of an app, newest first."""

    items: Sequence[Version]
    next: None


class Node(ReplyBody, frozen=True, kw_only=True):
    """An element of an app's process, with the number by which Questetra's clients address it.

    Attributes:
        number: its place among the elements of this version, from 0.
        id: in the BPMN document.
        name: the drawn name, or the id.
        kind: `startEvent`, `userTask`, `receiveTask`, `messageCatchEvent`, …
    """

    number: int
    id: str
    name: str
    kind: str


class Nodes(ReplyBody, frozen=True, kw_only=True):
    """The elements of an app's newest version, by number."""

    items: Sequence[Node]
    next: None


class Finding(ReplyBody, frozen=True, kw_only=True):
    """An error or a warning about a bundle.

    Attributes:
        code: stable.
        file: `app.yaml` or `process.bpmn`.
        line: from 1; null if there is none.
        element: the BPMN element's id, if it is about one.
    """

    code: str
    file: str
    line: int | None
    element: str | None
    message: str
    severity: SeverityName


class MoveForecast(ReplyBody, frozen=True, kw_only=True):
    """What a move of running instances to a new version would do; nothing was moved.

    Attributes:
        looked_at: how many instances the counts are of.
        is_whole: whether these are all; of many, only the oldest are looked at.
    """

    counts: MigrationCounts
    looked_at: Size
    is_whole: bool


class Deployed(ReplyBody, frozen=True, kw_only=True):
    """A version that was deployed, and its warnings.

    Attributes:
        older_instances: how many instances run on earlier versions; `POST /apps/{app}/migrations/preview` shows what a
            move to this one would do.
        move: the same in numbers, without a mapping; null where no instance runs on an earlier version.
    """

    id: int
    code: str
    version: int
    warnings: Sequence[Finding]
    older_instances: Size
    move: MoveForecast | None
