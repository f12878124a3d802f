"""Checks that the parts of a manifest are consistent: forms with fields, actions with tasks, the title with fields."""

from collections.abc import Iterator, Mapping

from satchel.model.app import BUILT_IN_NAMES, COMMENT, Access, Action, Manifest, StartForm
from satchel.model.app_yaml.document import pointer_token
from satchel.model.app_yaml.rule_checks import check_rules
from satchel.model.app_yaml.section import Findings, meant
from satchel.model.fields import FILE_TYPES, FieldType
from satchel.model.ids import ElementId, FieldId
from satchel.model.template import BadTemplateError, parse_template

_NOTHING = StartForm(fields={})
_UNWRITABLE_IN_TITLES = FILE_TYPES | {FieldType.TABLE, FieldType.SEPARATOR}


def title_names(manifest: Manifest) -> frozenset[str]:
    """Return the names allowed in a title's template: built-ins but `title`, and fields with a single value."""
    fields = {str(field.id) for field in manifest.fields if field.type not in _UNWRITABLE_IN_TITLES}
    return (BUILT_IN_NAMES - {"title"}) | fields


def check_manifest(manifest: Manifest, declared: frozenset[str], places: Mapping[str, int], findings: Findings) -> None:
    """Note inconsistencies; `declared` are the ids of all fields, `places` maps JSON pointers to lines."""
    _check_title(manifest, declared, places, findings)
    for pointer, access in _forms(manifest):
        _check_separators(manifest, pointer, access, places, findings)
    _check_assignments(manifest, declared, places, findings)
    check_rules(manifest, declared, places, findings)
    for action in manifest.actions.values():
        _check_action(manifest, action, places, findings)
        _check_alias(manifest, action, places, findings)
    for kind, inputs_of in (("services", manifest.services), ("messages", manifest.messages)):
        for name, entry in inputs_of.items():
            _check_inputs_hold_values(manifest, f"/{kind}/{pointer_token(name)}/inputs", entry.inputs, places, findings)


def _check_title(manifest: Manifest, declared: frozenset[str], places: Mapping[str, int], findings: Findings) -> None:
    try:
        names = parse_template(manifest.title).names
    except BadTemplateError as error:
        findings.add("template", places.get("/title"), f"The title's template cannot be used: {error}.")
        return
    allowed = title_names(manifest)
    for name in sorted(names - allowed):
        field = manifest.field(name)
        if field is not None:
            message = f"The title names the field {name}, whose type {field.type} is not a line of text."
        elif name in declared:
            continue
        else:
            message = f"The title names {name}, which is neither a field nor built in{meant(name, allowed)}"
        findings.add("template", places.get("/title"), message)


def _forms(manifest: Manifest) -> Iterator[tuple[str, Mapping[FieldId, Access]]]:
    yield "/start/fields", manifest.start.fields
    for element, form in manifest.tasks.items():
        yield f"/tasks/{pointer_token(element)}/fields", form.fields


def _check_separators(
    manifest: Manifest, pointer: str, access: Mapping[FieldId, Access], places: Mapping[str, int], findings: Findings
) -> None:
    for name, word in access.items():
        field = manifest.field(name)
        if field is not None and field.type is FieldType.SEPARATOR and word.is_writable:
            message = f"The separator {name} has no value; write read or hide instead of {word}."
            findings.add("separator", places.get(f"{pointer}/{name}"), message)


def _check_assignments(
    manifest: Manifest, declared: frozenset[str], places: Mapping[str, int], findings: Findings
) -> None:
    for element, form in manifest.tasks.items():
        name = form.assign.field
        if name is None:
            continue
        line = places.get(f"/tasks/{pointer_token(element)}/assign/field")
        field = manifest.field(name)
        if field is None and name not in declared:
            message = f"by the field {name!r}, which does not exist{meant(name, declared)}"
            findings.add("unknown_field", line, f"The task {element} is assigned {message}")
        elif field is not None and field.type not in (FieldType.USER, FieldType.GROUP):
            message = f"by the field {name} of type {field.type}; it must be user or group."
            findings.add("assignment", line, f"The task {element} is assigned {message}")


def _check_action(manifest: Manifest, action: Action, places: Mapping[str, int], findings: Findings) -> None:
    pointer = f"/actions/{action.id}"
    inputs = [name for name in action.inputs if name != COMMENT]
    _check_inputs_hold_values(manifest, f"{pointer}/inputs", tuple(inputs), places, findings)
    line = places.get(pointer)
    if action.create:
        form = manifest.start.fields
        missing = [name for name, word in form.items() if word is Access.REQUIRE and name not in inputs]
        if missing:
            message = f"can never start an instance, whose form requires {', '.join(missing)}; add to its inputs."
            findings.add("action_inputs", line, f"The action {action.id} {message}")
    elif action.task is not None:
        task = manifest.tasks.get(action.task)
        form = task.fields if task else _NOTHING.fields
        _check_outcome(manifest, action, action.task, places, findings)
    else:
        return
    for name in inputs:
        if not form.get(name, Access.HIDE).is_writable:
            where = "the start form" if action.create else f"the task {action.task}"
            message = f"The action {action.id} has the input {name}; {where} must set it to edit or require."
            findings.add("action_inputs", places.get(f"{pointer}/inputs", line), message)


def _check_alias(manifest: Manifest, action: Action, places: Mapping[str, int], findings: Findings) -> None:
    """Note an alias that is a number of another action of the app; whether another app has it, its account knows."""
    others = [one for one in manifest.actions.values() if one.id != action.id]
    if action.alias is not None and any(action.alias in (one.id, one.alias) for one in others):
        message = f"The action {action.id} has the alias {action.alias}, which is the number of another action."
        findings.add("action_alias", places.get(f"/actions/{action.id}/alias"), message)


def _check_outcome(
    manifest: Manifest, action: Action, element: ElementId, places: Mapping[str, int], findings: Findings
) -> None:
    pointer = f"/actions/{action.id}"
    task = manifest.tasks.get(element)
    known = [outcome.id for outcome in task.outcomes] if task else []
    which = f"The action {action.id} ends the task {element}"
    if action.outcome is not None and action.outcome not in known:
        message = f"{which} by {action.outcome}, which is not one of its outcomes{meant(action.outcome, known)}"
        findings.add("unknown_outcome", places.get(f"{pointer}/outcome"), message)
    elif action.outcome is None and known:
        message = f"{which} without saying how; add outcome: one of {', '.join(known)}."
        findings.add("unknown_outcome", places.get(f"{pointer}/task"), message)


def _check_inputs_hold_values(
    manifest: Manifest, pointer: str, inputs: tuple[FieldId, ...], places: Mapping[str, int], findings: Findings
) -> None:
    for name in inputs:
        field = manifest.field(name)
        if field is not None and field.type is FieldType.SEPARATOR:
            message = f"The input {name} is a separator and has no value; remove it."
            findings.add("separator", places.get(pointer), message)
