"""Checks that the rules of forms fit the fields and forms that have them: types, access, what sets a computed field.

What the expressions say is checked by `satchel.engine.rule_findings`.
"""

from collections.abc import Iterator, Mapping

from satchel.model.app import Access, Manifest, Service
from satchel.model.app_yaml.document import pointer_token
from satchel.model.app_yaml.section import Findings, meant
from satchel.model.fields import SIMPLE_TYPES, Field, FieldType
from satchel.model.ids import FieldId
from satchel.model.rules import Check, OptionsFrom, Rules
from satchel.model.services import InstanceOperation, InstanceTask, Literal, RestTask

_FOR_INPUT = ("require_if", "default", "options_from")
"""Rules of a form that have a meaning only where it lets the field be filled in."""


def check_rules(manifest: Manifest, declared: frozenset[str], places: Mapping[str, int], findings: Findings) -> None:
    """Note rules that do not fit; `declared` are the ids of all fields, `places` maps JSON pointers to lines."""
    for index, field in enumerate(manifest.fields):
        for key, message in _of_field(field, field.rules):
            findings.add("rule_type", places.get(f"/fields/{index}/{key}"), message)
    _check_of_forms(manifest, places, findings)
    computed = {field.id for field in manifest.fields if field.rules.compute is not None}
    for pointer, what, name in _targets(manifest):
        if name in computed:
            message = f"{what} sets {name}, which is computed and cannot be set; remove it."
            findings.add("computed_field", places.get(pointer), message)
    for pointer, field, source in option_sources(manifest):
        for key, message in _of_options(manifest, declared, field, source):
            findings.add("options_from", places.get(f"{pointer}/{key}", places.get(pointer)), message)
    for pointer, checks in _checks(manifest):
        for index, check in enumerate(checks):
            if check.field is not None and check.field not in declared:
                message = f"A check names the field {check.field!r}, which does not exist{meant(check.field, declared)}"
                findings.add("unknown_field", places.get(f"{pointer}/checks/{index}/field"), message)


def option_sources(manifest: Manifest) -> Iterator[tuple[str, Field, OptionsFrom]]:
    """Yield each `options_from`: its place, the field that has it, and what it says."""
    for index, field in enumerate(manifest.fields):
        if field.rules.options_from is not None:
            yield f"/fields/{index}/options_from", field, field.rules.options_from
    forms = [("/start", manifest.start.rules)]
    forms += [(f"/tasks/{pointer_token(element)}", form.rules) for element, form in manifest.tasks.items()]
    for pointer, own in forms:
        for name, rules in own.items():
            declared = manifest.field(name)
            if declared is not None and rules.options_from is not None:
                yield f"{pointer}/fields/{name}/options_from", declared, rules.options_from


def _of_options(
    manifest: Manifest, declared: frozenset[str], field: Field, source: OptionsFrom
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with where options come from, as far as this file knows, each with its key."""
    if source.list_id is not None:
        yield from _of_list(manifest, field, source, source.list_id)
    elif field.type is not FieldType.TEXT:
        yield "app", f"The field {field.id} is of type {field.type}; only a text takes values of another app."
    for key, compared in source.where.items():
        if isinstance(compared, Literal):
            continue
        other = manifest.field(compared)
        if compared not in declared:
            yield f"where/{key}", f"The options of {field.id} compare with {compared!r}, which is no field."
        elif other is not None and other.type not in SIMPLE_TYPES:
            yield f"where/{key}", f"The options of {field.id} compare with {compared}, which is of type {other.type}."


def _of_list(manifest: Manifest, field: Field, source: OptionsFrom, list_id: str) -> Iterator[tuple[str, str]]:
    if field.type not in (FieldType.CHOICE, FieldType.CHOICES):
        yield "list", f"The field {field.id} is of type {field.type}; only a choice takes the options of a list."
    entries = manifest.lists.get(list_id)
    if entries is None:
        known = meant(list_id, manifest.lists)
        yield "list", f"The field {field.id} names the list {list_id!r}, which does not exist{known}"
        return
    keys = {key for entry in entries for key in entry.more}
    for key in source.where:
        if key not in keys:
            yield f"where/{key}", f"No entry of the list {list_id} has {key}{meant(key, keys)}"


def _of_field(field: Field, rules: Rules) -> Iterator[tuple[str, str]]:
    """Yield each rule that a field of this type cannot have, and why."""
    if field.type is FieldType.SEPARATOR and rules.require_if is not None:
        yield "require_if", f"The separator {field.id} has no value that can be required; remove require_if."
    for key, text in (("default", rules.default), ("compute", rules.compute)):
        if text is not None and field.type not in SIMPLE_TYPES:
            yield key, f"The field {field.id} is of type {field.type}, which has no {key}."
    if rules.compute is not None and rules.default is not None:
        yield "default", f"The field {field.id} is computed, so it has no default; keep one of the two."
    if rules.compute is not None and rules.require_if is not None:
        yield "require_if", f"The field {field.id} is computed, so nobody can be required to fill it in."


def _check_of_forms(manifest: Manifest, places: Mapping[str, int], findings: Findings) -> None:
    forms = [("/start", "the start form", manifest.start.fields, manifest.start.rules)]
    forms += [
        (f"/tasks/{pointer_token(element)}", f"the task {element}", form.fields, form.rules)
        for element, form in manifest.tasks.items()
    ]
    for pointer, what, access, own in forms:
        for name, word in access.items():
            field, rules = manifest.field(name), own.get(name, Rules())
            if field is None:
                continue
            place = f"{pointer}/fields/{name}"
            for key, message in _of_field(field, rules):
                findings.add("rule_type", places.get(f"{place}/{key}"), message)
            for key, message in _of_access(field, word, rules, what):
                findings.add("rule_access", places.get(f"{place}/{key}", places.get(place)), message)


def _of_access(field: Field, word: Access, rules: Rules, what: str) -> Iterator[tuple[str, str]]:
    """Yield each rule of a form that its access to the field leaves without a meaning."""
    if rules.compute is not None and field.rules.compute is not None:
        yield "compute", f"The field {field.id} is computed everywhere, and again by {what}; keep one of the two."
    if (rules.compute or field.rules.compute) is not None and word.is_writable:
        yield "access", f"The field {field.id} is computed; {what} must set it to read or hide instead of {word}."
    for key in _FOR_INPUT:
        if getattr(rules, key) is not None and not word.is_writable:
            yield key, f"The field {field.id} has {key} in {what}, which sets it to {word}; set it to edit or require."
    if rules.show_if is not None and word is Access.HIDE:
        yield "show_if", f"The field {field.id} has show_if in {what}, which hides it; set it to read, edit or require."


def _checks(manifest: Manifest) -> Iterator[tuple[str, tuple[Check, ...]]]:
    yield "", manifest.checks
    yield "/start", manifest.start.checks
    for element, form in manifest.tasks.items():
        yield f"/tasks/{pointer_token(element)}", form.checks


def _targets(manifest: Manifest) -> Iterator[tuple[str, str, FieldId]]:
    """Yield each field that something besides a form sets: its place, what sets it, and its id."""
    for action in manifest.actions.values():
        for name in action.inputs:
            yield f"/actions/{action.id}/inputs", f"The action {action.id}", name
    for called, message in manifest.messages.items():
        for field in message.inputs:
            yield f"/messages/{pointer_token(called)}/inputs", f"The message {called}", field
    for element, call in manifest.calls.items():
        for field in call.out:
            yield f"/calls/{pointer_token(element)}/out/{field}", f"The call {element}", field
    for element, service in manifest.services.items():
        pointer = f"/services/{pointer_token(element)}"
        for key, field in _of_service(service):
            yield f"{pointer}/{key}", f"The service {element}", field


def _of_service(service: Service) -> Iterator[tuple[str, FieldId]]:
    for field in service.inputs:
        yield "inputs", field
    for field in service.otherwise:
        yield f"otherwise/{field}", field
    task = service.task
    if isinstance(task, RestTask):
        for field in task.values:
            yield f"output/values/{field}", field
    if isinstance(task, InstanceTask):
        if task.result is not None:
            yield "result", task.result
        if task.do is InstanceOperation.GET and task.set is not None:
            for field in task.set:
                yield f"set/{field}", field
