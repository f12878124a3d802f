"""`app.yaml` read into a `Manifest`, with everything that is wrong with it at once.

Whatever concerns `app.yaml` alone is checked here. That its elements exist in `process.bpmn` is the engine's to check,
and that its groups, users and called apps exist is the deploying action's.
"""

import re
from collections.abc import Mapping

from satchel.model.app import (
    COMMENT,
    Access,
    Action,
    Area,
    Assignment,
    Call,
    Manifest,
    Message,
    Outcome,
    Service,
    StartForm,
    TaskForm,
)
from satchel.model.app_yaml.document import Node
from satchel.model.app_yaml.field_settings import (
    CODE,
    CODE_HINT,
    EMAIL,
    FIELD_ID,
    FIELD_ID_HINT,
    MAX_DESCRIPTION_CHARS,
    MAX_LABEL_CHARS,
    OPTION_ID,
    OPTION_ID_HINT,
    declared_ids,
    read_fields,
)
from satchel.model.app_yaml.section import Findings, Section, meant
from satchel.model.app_yaml.service_settings import read_service
from satchel.model.ids import ElementId, FieldId
from satchel.model.template import MAX_TEMPLATE_CHARS

TOP_KEYS = (
    *("code", "name", "category", "description", "title", "fields", "start"),
    *("tasks", "services", "calls", "messages", "actions"),
)
DEFAULT_TITLE = "{{ identifier }}"

MAX_ENTRIES = 1_000
"""Of tasks, services, calls, messages and actions, each."""

MAX_OUTCOMES = 20
MAX_AREAS = 20
MAX_ACTION_ID = 2**31 - 1

_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")
_ACTION_ID = re.compile(r"[1-9][0-9]{0,9}")


def read_manifest(root: Node, findings: Findings) -> Manifest:
    """Read the document of an `app.yaml`; the manifest is complete only if no finding was noted."""
    top = Section(root, name="The app", keys=TOP_KEYS, findings=findings)
    top.require("code", "name", "fields", "start")
    fields = read_fields(top)
    reader = _Reader(declared_ids(root), findings)
    code = top.text("code", longest=16, shape=CODE, hint=CODE_HINT)
    return Manifest(
        code=code or "",
        name=top.text("name", longest=MAX_LABEL_CHARS) or "",
        category=top.text("category", longest=MAX_LABEL_CHARS) or "",
        description=top.text("description", longest=MAX_DESCRIPTION_CHARS, shortest=0, lines=True) or "",
        title=top.text("title", longest=MAX_TEMPLATE_CHARS) or DEFAULT_TITLE,
        fields=fields,
        start=reader.start(top),
        tasks={
            ElementId(name): reader.task(name, node)
            for name, node, _ in reader.named(top, "tasks", _ELEMENT, "the id of a BPMN user task")
        },
        services={
            ElementId(name): reader.service(name, node)
            for name, node, _ in reader.named(top, "services", _ELEMENT, "the id of a BPMN service task")
        },
        calls={
            ElementId(name): reader.call(name, node)
            for name, node, _ in reader.named(top, "calls", _ELEMENT, "the id of a BPMN call activity")
        },
        messages={
            name: reader.message(name, node)
            for name, node, _ in reader.named(top, "messages", None, "the name of a BPMN message")
        },
        actions={
            int(name): reader.action(int(name), node)
            for name, node, _ in reader.named(top, "actions", _ACTION_ID, "a number from 1 to 2147483647")
        },
    )


class _Reader:
    """Reads the sections that speak of fields."""

    def __init__(self, ids: frozenset[str], findings: Findings) -> None:
        self._ids = ids
        self._findings = findings

    def named(self, top: Section, key: str, shape: re.Pattern[str] | None, what: str) -> list[tuple[str, Node, int]]:
        """Return the entries of a mapping whose keys have the right shape, noting the others."""
        good: list[tuple[str, Node, int]] = []
        for name, node, line in top.entries(key, longest=MAX_ENTRIES):
            fits = shape.fullmatch(name) if shape else 0 < len(name) <= MAX_LABEL_CHARS and name.isprintable()
            if not fits or (shape is _ACTION_ID and int(name) > MAX_ACTION_ID):
                self._findings.add("format", line, f"The key {name[:80]!r} of {key} is not {what}.")
            else:
                good.append((name, node, line))
        return good

    def start(self, top: Section) -> StartForm:
        """Read the start form."""
        node = top.node.entries.get("start")
        if node is None:
            return StartForm(fields={})
        section = Section(node, name="The start form", keys=("fields",), findings=self._findings)
        return StartForm(fields=self._access(section))

    def task(self, name: str, node: Node) -> TaskForm:
        """Read one user task."""
        section = Section(
            node, name=f"The task {name}", keys=("assign", "due", "late", "fields", "outcomes"), findings=self._findings
        )
        due = section.duration("due")
        late = section.one_of("late", ("fail", "delay"))
        if late == "fail" and "due" not in section:
            section.note("late_without_due", "late", "fails when it is late but has no due; add due: P3D or the like.")
        return TaskForm(
            assign=self._assignment(section),
            fields=self._access(section),
            due=due,
            fail_when_late=late == "fail",
            outcomes=self._outcomes(section),
        )

    def service(self, name: str, node: Node) -> Service:
        """Read one service task."""
        section = Section(node, name=f"The service {name}", keys=None, findings=self._findings)
        inputs = self._inputs(section, comment=False)
        return read_service(section, inputs, self._ids, self._findings)

    def call(self, name: str, node: Node) -> Call:
        """Read one call activity."""
        section = Section(node, name=f"The call {name}", keys=("app", "in", "out"), findings=self._findings)
        section.require("app")
        app = section.text("app", longest=16, shape=CODE, hint=CODE_HINT)
        return Call(app=app or "", into=self._mapping(section, "in"), out=self._mapping(section, "out"))

    def message(self, name: str, node: Node) -> Message:
        """Read one message."""
        section = Section(node, name=f"The message {name}", keys=("inputs",), findings=self._findings)
        return Message(name=name, inputs=self._inputs(section, comment=False))

    def action(self, number: int, node: Node) -> Action:
        """Read one action."""
        keys = ("name", "inputs", "areas", "task", "outcome", "create")
        section = Section(node, name=f"The action {number}", keys=keys, findings=self._findings)
        section.require("name")
        task = section.text("task", longest=255, shape=_ELEMENT, hint="write the id of a BPMN user task.")
        outcome = section.text("outcome", longest=64, shape=OPTION_ID, hint=OPTION_ID_HINT)
        create = section.boolean("create") or False
        if create and "task" in section:
            section.note("action_kind", "create", "both creates an instance and completes a task; keep one.")
        if "outcome" in section and "task" not in section:
            section.note("action_kind", "outcome", "has an outcome but no task that ends by it; add task.")
        return Action(
            id=number,
            name=section.text("name", longest=MAX_LABEL_CHARS) or "",
            inputs=self._inputs(section, comment=True),
            areas=self._areas(section),
            task=ElementId(task) if task is not None else None,
            outcome=outcome,
            create=create,
        )

    def _assignment(self, section: Section) -> Assignment:
        """Read who a task goes to."""
        node = section.node.entries.get("assign")
        if node is None:
            return Assignment()
        keys = ("group", "user", "field", "starter")
        assign = Section(node, name=f"{section.name}: assign", keys=keys, findings=self._findings)
        if len(assign.node.entries) != 1:
            assign.note("assignment", None, "needs exactly one of group, user, field and starter.")
        starter = assign.boolean("starter")
        if starter is False:
            assign.note("assignment", "starter", "has starter: false; write true or remove assign.")
        field = assign.text("field", longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
        return Assignment(
            group=assign.text("group", longest=MAX_LABEL_CHARS),
            user=assign.text("user", longest=254, shape=EMAIL, hint="write the e-mail address of a user."),
            field=FieldId(field) if field is not None else None,
            starter=starter or False,
        )

    def _access(self, section: Section) -> Mapping[FieldId, Access]:
        """Read the access of a form: field -> hide, read, edit, require."""
        access: dict[FieldId, Access] = {}
        node = section.node.entries.get("fields")
        if node is None:
            return access
        form = Section(node, name=f"{section.name}: fields", keys=None, findings=self._findings)
        for name in form.node.entries:
            word = form.one_of(name, tuple(Access))
            if self._knows(name, form.line_of(name), section.name) and word is not None:
                access[FieldId(name)] = Access(word)
        return access

    def _outcomes(self, section: Section) -> tuple[Outcome, ...]:
        """Read the ways in which a task may end."""
        outcomes: list[Outcome] = []
        for item in section.sections("outcomes", name="outcome", keys=("id", "label", "fault"), longest=MAX_OUTCOMES):
            item.require("id", "label")
            outcome_id = item.text("id", longest=64, shape=OPTION_ID, hint=OPTION_ID_HINT)
            label = item.text("label", longest=MAX_LABEL_CHARS)
            fault = item.boolean("fault") or False
            if outcome_id is None or label is None:
                continue
            if any(outcome.id == outcome_id for outcome in outcomes):
                item.note("duplicate_outcome", "id", f"has the id {outcome_id} of another outcome of this task.")
            outcomes.append(Outcome(id=outcome_id, label=label, fault=fault))
        return tuple(outcomes)

    def _areas(self, section: Section) -> tuple[Area, ...]:
        """Read the areas of an action's form."""
        areas: list[Area] = []
        for item in section.sections("areas", name="area", keys=("name", "required"), longest=MAX_AREAS):
            item.require("name")
            name = item.text("name", longest=MAX_LABEL_CHARS)
            required = item.boolean("required") or False
            if name is None:
                continue
            if any(area.name.casefold() == name.casefold() for area in areas):
                item.note("duplicate_area", "name", f"has the name {name} of another area of this action.")
            areas.append(Area(name=name, required=required))
        return tuple(areas)

    def _inputs(self, section: Section, *, comment: bool) -> tuple[FieldId, ...]:
        """Read a list of fields (and `comment`, where it is taken)."""
        inputs: list[FieldId] = []
        for name, line in section.texts("inputs", longest=MAX_ENTRIES):
            if name in inputs:
                self._findings.add("duplicate_input", line, f"{section.name} names the input {name[:80]} twice.")
            elif (comment and name == COMMENT) or self._knows(name, line, section.name):
                inputs.append(FieldId(name))
        return tuple(inputs)

    def _mapping(self, section: Section, key: str) -> Mapping[FieldId, FieldId]:
        """Read how a call maps fields; its own side (values of `in`, keys of `out`) must be fields of this app."""
        mapping: dict[FieldId, FieldId] = {}
        node = section.node.entries.get(key)
        if node is None:
            return mapping
        pairs = Section(node, name=f"{section.name}: {key}", keys=None, findings=self._findings)
        for target in pairs.node.entries:
            line = pairs.line_of(target)
            if not FIELD_ID.fullmatch(target):
                self._findings.add("format", line, f"{pairs.name} has the key {target[:80]!r}; {FIELD_ID_HINT}")
                continue
            source = pairs.text(target, longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
            own = source if key == "in" else target
            if source is not None and own is not None and self._knows(own, line, section.name):
                mapping[FieldId(target)] = FieldId(source)
        return mapping

    def _knows(self, name: str, line: int, where: str) -> bool:
        """Return whether there is such a field, noting it where there is none."""
        if name in self._ids:
            return True
        self._findings.add(
            "unknown_field",
            line,
            f"{where} names the field {name[:80]!r}, which does not exist{meant(name, self._ids)}",
        )
        return False
