"""Whether a process and its app.yaml fit together, and everything else that keeps a bundle from being deployed.

`check` gives all findings at once. Findings about app.yaml name the BPMN element but no line:
`satchel.model.app_yaml.bundle` knows the lines of its own document.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from satchel.engine.comparisons import check_comparisons, check_ways_out
from satchel.engine.document import Findings
from satchel.engine.elements import all_expressions
from satchel.engine.expression import Expression
from satchel.engine.graph import JOBS, Flow, Kind, Node, Process
from satchel.engine.parse import read
from satchel.engine.thrown import Thrown, Throws, check_caught
from satchel.model.app import BUILT_IN_NAMES, Manifest
from satchel.model.errors import Finding
from satchel.model.fields import Field, FieldType
from satchel.model.ids import ElementId

OUTCOME = "outcome"
"""The name of the outcome of the latest task on a path; null before the first."""
NAMES = BUILT_IN_NAMES | {OUTCOME}
"""The names that every expression knows besides fields and loop variables."""

NOTHING_KNOWN: Mapping[str, Thrown] = MappingProxyType({})
_LISTS = frozenset({FieldType.CHOICES, FieldType.TABLE})
_WORDS = frozenset({"and", "or", "not", "in", "true", "false", "null"})


def check(bpmn: bytes, manifest: Manifest, called: Mapping[str, Thrown] = NOTHING_KNOWN) -> tuple[Finding, ...]:
    """Return everything wrong with a process and its app.yaml, errors and warnings, in the order of the documents.

    Args:
        bpmn: the process.
        manifest: of app.yaml.
        called: by the code of an app that is called, what its instances can fail with.
    """
    process, found = read(bpmn, manifest)
    if process is None:
        return found
    findings = Findings()
    _check_jobs(process, manifest, findings)
    _check_calls(process, manifest, findings)
    _check_messages(process, manifest, findings)
    _check_names(process, manifest, findings)
    _check_loops(process, manifest, findings)
    check_comparisons(process, manifest, findings)
    check_ways_out(process, manifest, findings)
    check_caught(Throws(process, manifest, called), findings)
    bpmn_findings = sorted((*found, *findings.found), key=lambda finding: finding.line or 0)
    return (*bpmn_findings, *_manifest_findings(process, manifest))


def _check_jobs(process: Process, manifest: Manifest, findings: Findings) -> None:
    for node in process.nodes.values():
        if node.kind in JOBS and node.id not in manifest.services:
            message = f"app.yaml does not say what {node.id} does. Add it under services."
            findings.at("missing_service", message, node.line, node.id)


def _check_calls(process: Process, manifest: Manifest, findings: Findings) -> None:
    for node in process.nodes.values():
        if node.kind is not Kind.CALL:
            continue
        call = manifest.calls.get(node.id)
        if call is None:
            message = f"app.yaml does not say which values {node.id} passes on. Add it under calls."
            findings.at("missing_call", message, node.line, node.id)
        elif node.called is not None and call.app != node.called:
            message = f"calledElement is {node.called}, but app.yaml says {call.app}. Make them the same app."
            findings.at("called_element", message, node.line, node.id)


def _check_messages(process: Process, manifest: Manifest, findings: Findings) -> None:
    for node in process.nodes.values():
        if node.message and node.message not in manifest.messages:
            message = f"The message {node.message} is not in app.yaml: it will carry no values. Add it under messages."
            findings.at("undeclared_message", message, node.line, node.id, severity="warning")


def _check_names(process: Process, manifest: Manifest, findings: Findings) -> None:
    known = frozenset(str(field.id) for field in manifest.fields if field.type is not FieldType.SEPARATOR) | NAMES
    columns = frozenset(column.id for field in manifest.fields for column in field.columns)
    for expression, place, scope, own in all_expressions(process):
        variables = process.variables(scope)
        if own is not None and own.loop is not None and own.loop.variable is not None:
            variables |= {own.loop.variable}
        for name in sorted(expression.names - known - variables):
            message = f"`{_short(expression)}` names {name}, which is no field, loop variable or built-in."
            findings.at("unknown_name", message, place.line, place.id)
        for name in sorted(expression.properties - columns):
            message = f"`{_short(expression)}` names .{name}, which is no column of a table."
            findings.at("unknown_name", message, place.line, place.id)
        _check_moments(expression, place, manifest, findings)


def _check_moments(expression: Expression, place: Node | Flow, manifest: Manifest, findings: Findings) -> None:
    for name in sorted(expression.moments):
        field = manifest.field(name)
        if field is not None and field.type not in {
            FieldType.DATE,
            FieldType.DATETIME,
            FieldType.TEXT,
            FieldType.CHOICE,
        }:
            message = f"`{_short(expression)}` takes {name} as a date, but it is of type {field.type.value}."
            findings.at("field_type", message, place.line, place.id)


def _check_loops(process: Process, manifest: Manifest, findings: Findings) -> None:
    for node in process.nodes.values():
        if node.loop is None:
            continue
        enclosing = process.variables(node.scope)
        if node.loop.variable is not None:
            _check_variable(node, node.loop.variable, enclosing, manifest, findings)
        if node.loop.collection is not None and node.loop.collection not in enclosing:
            _check_collection(node, node.loop.collection, manifest.field(node.loop.collection), findings)


def _check_variable(node: Node, name: str, enclosing: frozenset[str], manifest: Manifest, findings: Findings) -> None:
    if not (name.isascii() and name.isidentifier()) or name in _WORDS:
        findings.at(
            "loop_variable", f"{name!r} cannot be named in expressions. Use letters, digits and _.", node.line, node.id
        )
    elif manifest.field(name) is not None or name in NAMES or name in enclosing:
        message = (
            f"The loop variable {name} has the name of a field, a built-in or an outer loop's variable. Choose another."
        )
        findings.at("loop_variable", message, node.line, node.id)


def _check_collection(node: Node, name: str, field: Field | None, findings: Findings) -> None:
    if field is None:
        findings.at("unknown_name", f"The collection {name} is no field.", node.line, node.id)
    elif field.type not in _LISTS:
        message = f"The collection {name} is of type {field.type.value}; it has to be of type choices or table."
        findings.at("field_type", message, node.line, node.id)


def _manifest_findings(process: Process, manifest: Manifest) -> Iterator[Finding]:
    """Yield what app.yaml says of elements that are not there, or are something else."""
    if manifest.process is not None and manifest.process != process.id:
        message = f"process: the document has no process {manifest.process}. Write the id of one, such as {process.id}."
        yield _of_manifest("unknown_process", message, manifest.process)
    yield from _misplaced(process, manifest.tasks, "tasks", frozenset({Kind.USER_TASK}), "user task")
    yield from _misplaced(process, manifest.services, "services", JOBS, "service or send task")
    yield from _misplaced(process, manifest.calls, "calls", frozenset({Kind.CALL}), "call activity")
    awaited = {node.message for node in process.nodes.values()}
    for name in manifest.messages:
        if name not in awaited:
            message = f"messages: the process never waits for a message named {name}. Remove it, or correct the name."
            yield _of_manifest("unknown_message", message, None)
    for number, action in manifest.actions.items():
        if action.task is None:
            continue
        node = process.nodes.get(action.task)
        if node is None or node.kind not in {Kind.USER_TASK, Kind.UNSUPPORTED}:
            yield _of_manifest(
                "unknown_element", f"actions: action {number} names {action.task}, which is no user task.", action.task
            )


def _misplaced(
    process: Process, entries: Mapping[ElementId, object], section: str, kinds: frozenset[Kind], wanted: str
) -> Iterator[Finding]:
    for element in entries:
        node = process.nodes.get(element)
        if node is None:
            yield _of_manifest("unknown_element", f"{section}: the process has no {wanted} {element}.", element)
        elif node.kind not in kinds and node.kind is not Kind.UNSUPPORTED:
            message = f"{section}: {element} is a {node.kind.value} in the process, not a {wanted}."
            yield _of_manifest("element_type", message, element)


def _of_manifest(code: str, message: str, element: str | None) -> Finding:
    return Finding(code=code, file="app.yaml", line=None, element=element, message=message)


def _short(expression: Expression) -> str:
    return expression.text if len(expression.text) <= 60 else f"{expression.text[:60]}…"  # noqa: PLR2004 - a finding is one line
