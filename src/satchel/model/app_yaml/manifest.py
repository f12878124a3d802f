"""Reads `app.yaml` into a `Manifest`, with all faults at once.

The keys and their values are defined in `satchel.model.app_yaml.keys`; all other checks of `app.yaml` alone are
here. The engine checks that its elements exist in `process.bpmn`, and the deploying action that its groups, users and
called apps exist.
"""

from collections.abc import Mapping

from satchel.model.app import (
    COMMENT,
    Access,
    Action,
    Area,
    Assignment,
    CallActivity,
    Escalation,
    Manifest,
    Message,
    Outcome,
    Service,
    StartForm,
    TaskForm,
)
from satchel.model.app_yaml.document import Node
from satchel.model.app_yaml.field_settings import declared_ids, read_fields
from satchel.model.app_yaml.keys import MAX_ACTION_NUMBER, NOTIFY, NOTIFY_OF_TASK, TOP
from satchel.model.app_yaml.rule_settings import read_checks, read_lists, read_rules
from satchel.model.app_yaml.section import Findings, Section, meant
from satchel.model.app_yaml.service_settings import read_service
from satchel.model.app_yaml.shapes import Shape
from satchel.model.ids import ElementId, FieldId
from satchel.model.notifications import Channel, NotificationKind
from satchel.model.rules import Rules

DEFAULT_TITLE = "{{ identifier }}"


def read_manifest(root: Node, findings: Findings) -> Manifest:
    """Read the document of an `app.yaml`; the manifest is complete only if no finding was noted."""
    top = Section(root, name="The app", kind=TOP, findings=findings)
    reader = _Reader(declared_ids(root), findings)
    lists = read_lists(top)
    return Manifest(
        code=top.text("code") or "",
        name=top.text("name") or "",
        category=top.text("category") or "",
        description=top.text("description") or "",
        title=top.text("title") or DEFAULT_TITLE,
        process=top.text("process"),
        fields=read_fields(top, lists),
        start=reader.start(top),
        notify=_notify(top, NOTIFY),
        tasks={ElementId(name): reader.task(one) for name, one in top.members("tasks", name="The task")},
        services={ElementId(name): reader.service(one) for name, one in top.members("services", name="The service")},
        calls={ElementId(name): reader.call(one) for name, one in top.members("calls", name="The call")},
        messages={name: reader.message(name, one) for name, one in top.members("messages", name="The message")},
        actions={int(name): reader.action(int(name), one) for name, one in top.members("actions", name="The action")},
        checks=read_checks(top),
        lists=lists,
    )


def _notify(section: Section, shape: Shape) -> Mapping[NotificationKind, Channel]:
    """Read how notifications reach people: kind -> at_once, daily, list, none."""
    part = section.part("notify")
    if part is None:
        return {}
    words = {name: part.one_of(name) for name in part.node.entries if name in shape.keys}
    return {NotificationKind(name): Channel(word) for name, word in words.items() if word is not None}


def _escalation(section: Section) -> Escalation | None:
    """Read who is notified of a late task."""
    late = section.part("late")
    after, to = (late.duration("after"), late.text("to")) if late is not None else (None, None)
    return Escalation(after=after, to=to) if after is not None and to is not None else None


class _Reader:
    """Reads the sections that name fields."""

    def __init__(self, ids: frozenset[str], findings: Findings) -> None:
        self._ids = ids
        self._findings = findings

    def start(self, top: Section) -> StartForm:
        """Read the start form."""
        section = top.part("start", name="The start form")
        if section is None:
            return StartForm(fields={})
        access, rules = self._access(section)
        return StartForm(fields=access, rules=rules, checks=read_checks(section))

    def task(self, section: Section) -> TaskForm:
        """Read one user task."""
        late = section.one_of("late")
        if late == "fail" and "due" not in section:
            section.note("late_without_due", "late", "fails when it is late but has no due; add due, such as due: P3D.")
        escalation = _escalation(section)
        for key, what in (("remind", "reminds"), ("late", "escalates")):
            if key in section and "due" not in section and (key == "remind" or escalation is not None):
                section.note("late_without_due", key, f"{what} but has no due; add due, such as due: P3D.")
        access, rules = self._access(section)
        return TaskForm(
            assign=self._assignment(section),
            fields=access,
            due=section.due("due"),
            fail_when_late=late == "fail",
            outcomes=self._outcomes(section),
            remind=section.duration("remind"),
            escalation=escalation,
            notify=_notify(section, NOTIFY_OF_TASK),
            rules=rules,
            checks=read_checks(section),
        )

    def service(self, section: Section) -> Service:
        """Read one service task."""
        return read_service(section, self._inputs(section, comment=False), self._ids, self._findings)

    def call(self, section: Section) -> CallActivity:
        """Read one call activity."""
        app = section.text("app") or ""
        return CallActivity(app=app, into=self._mapping(section, "in"), out=self._mapping(section, "out"))

    def message(self, name: str, section: Section) -> Message:
        """Read one message."""
        return Message(name=name, inputs=self._inputs(section, comment=False))

    def action(self, number: int, section: Section) -> Action:
        """Read one action."""
        if number > MAX_ACTION_NUMBER:
            section.note("format", None, f"has a number above {MAX_ACTION_NUMBER}.")
        task = section.text("task")
        create = section.boolean("create") or False
        if create and "task" in section:
            section.note("action_kind", "create", "both creates an instance and completes a task; keep one.")
        if "outcome" in section and "task" not in section:
            section.note("action_kind", "outcome", "has an outcome but no task that it completes; add task.")
        return Action(
            id=number,
            name=section.text("name") or "",
            alias=section.integer("alias"),
            inputs=self._inputs(section, comment=True),
            areas=self._areas(section),
            task=ElementId(task) if task is not None else None,
            outcome=section.text("outcome"),
            create=create,
        )

    def _assignment(self, section: Section) -> Assignment:
        """Read the assignment of a task."""
        assign = section.part("assign")
        if assign is None:
            return Assignment()
        if len(assign.node.entries) != 1:
            assign.note("assignment", None, "needs exactly one of group, user, field and starter.")
        starter = assign.boolean("starter")
        if starter is False:
            assign.note("assignment", "starter", "has starter: false; write true or remove assign.")
        field = assign.text("field")
        return Assignment(
            group=assign.text("group"),
            user=assign.text("user"),
            field=FieldId(field) if field is not None else None,
            starter=starter or False,
        )

    def _access(self, section: Section) -> tuple[Mapping[FieldId, Access], Mapping[FieldId, Rules]]:
        """Read the access of a form: field -> hide, read, edit, require; and the rules that fields have in it."""
        access: dict[FieldId, Access] = {}
        rules: dict[FieldId, Rules] = {}
        form = section.part("fields")
        if form is None:
            return access, rules
        for name in form.names():
            word, part = form.word_or_part(name)
            if self._knows(name, form.line_of(name), section.name) and word is not None:
                access[FieldId(name)] = Access(word)
                if part is not None:
                    rules[FieldId(name)] = read_rules(part)
        return access, rules

    def _outcomes(self, section: Section) -> tuple[Outcome, ...]:
        """Read the outcomes of a task."""
        outcomes: list[Outcome] = []
        for item in section.sections("outcomes"):
            outcome_id, label = item.text("id"), item.text("label")
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
        for item in section.sections("areas"):
            name, required = item.text("name"), item.boolean("required") or False
            if name is None:
                continue
            if any(area.name.casefold() == name.casefold() for area in areas):
                item.note("duplicate_area", "name", f"has the name {name} of another area of this action.")
            areas.append(Area(name=name, required=required))
        return tuple(areas)

    def _inputs(self, section: Section, *, comment: bool) -> tuple[FieldId, ...]:
        """Read a list of fields (and `comment`, if allowed)."""
        inputs: list[FieldId] = []
        for name, line in section.texts("inputs"):
            if name in inputs:
                self._findings.add("duplicate_input", line, f"{section.name} names the input {name[:80]} twice.")
            elif (comment and name == COMMENT) or self._knows(name, line, section.name):
                inputs.append(FieldId(name))
        return tuple(inputs)

    def _mapping(self, section: Section, key: str) -> Mapping[FieldId, FieldId]:
        """Read a call's field mapping; its own side (values of `in`, keys of `out`) must be fields of this app."""
        mapping: dict[FieldId, FieldId] = {}
        pairs = section.part(key)
        if pairs is None:
            return mapping
        for target in pairs.names():
            source = pairs.text(target)
            own = source if key == "in" else target
            if source is not None and own is not None and self._knows(own, pairs.line_of(target), section.name):
                mapping[FieldId(target)] = FieldId(source)
        return mapping

    def _knows(self, name: str, line: int, where: str) -> bool:
        """Return whether the field exists, noting a fault if not."""
        if name in self._ids:
            return True
        self._findings.add(
            "unknown_field",
            line,
            f"{where} names the field {name[:80]!r}, which does not exist{meant(name, self._ids)}",
        )
        return False
