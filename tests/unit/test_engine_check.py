"""A process and its app.yaml are checked against each other, all findings at once."""

from dataclasses import replace

import pytest

from engine_bpmn import END, MESSAGE, START, boundary, document, el, flow, multi, path, repeat, simple, timer, user
from satchel.engine.check import check
from satchel.model.app import (
    Access,
    Action,
    Assignment,
    CallActivity,
    Manifest,
    Message,
    Outcome,
    Service,
    StartForm,
    TaskForm,
)
from satchel.model.fields import Column, Field, FieldType
from satchel.model.ids import ElementId, FieldId


def declared(number: int, name: str, kind: FieldType, *columns: str) -> Field:
    shown = tuple(Column(id=column, label=column, type=FieldType.DECIMAL) for column in columns)
    return Field(number=number, id=FieldId(name), label=name, type=kind, columns=shown)


MANIFEST = Manifest(
    code="EVA",
    name="Evaluation",
    category="",
    description="",
    title="{{ product }}",
    fields=(
        declared(0, "product", FieldType.TEXT),
        declared(1, "amount", FieldType.DECIMAL),
        declared(2, "due", FieldType.DATE),
        declared(3, "who", FieldType.CHOICES),
        declared(4, "lines", FieldType.TABLE, "item", "price"),
        declared(5, "line", FieldType.SEPARATOR),
    ),
    start=StartForm(fields={FieldId("product"): Access.REQUIRE}),
    tasks={},
    services={},
    calls={},
    messages={},
    actions={},
)
FORM = TaskForm(assign=Assignment(), fields={})
SERVICE = Service(kind="rest", inputs=(), settings={})
CALL = CallActivity(app="PUR", into={}, out={})


def found(bpmn: bytes, manifest: Manifest = MANIFEST) -> list[tuple[str, str, str | None]]:
    return [(finding.code, finding.file, finding.element) for finding in check(bpmn, manifest)]


def test_a_bundle_that_fits_has_no_findings() -> None:
    bpmn = document(
        START,
        END,
        user("evaluate", multi(collection="lines", variable="row", until="row.price > amount")),
        boundary("late", "evaluate", timer("due", "timeDate")),
        el("exclusiveGateway", "x", default="x_end"),
        el("serviceTask", "archive", repeat('outcome == "again" and instance_id > 0', maximum=3)),
        el("callActivity", "order", multi(collection="who", variable="person"), calledElement="PUR"),
        el("receiveTask", "reply", messageRef="m"),
        path("start", "evaluate", "x", "end"),
        path("late", "end"),
        flow("x", "archive", 'some(lines, #.price > amount) and date(due) > date("2026-01-01")'),
        path("archive", "order", "reply", "end"),
        outside=MESSAGE,
    )
    manifest = replace(
        MANIFEST,
        tasks={ElementId("evaluate"): replace(FORM, outcomes=(Outcome(id="again", label="Again"),))},
        services={ElementId("archive"): SERVICE},
        calls={ElementId("order"): CALL},
        messages={"reply": Message(name="reply")},
        actions={10: Action(id=10, name="Approve", task=ElementId("evaluate"))},
    )
    assert check(bpmn, manifest) == ()


def test_elements_that_app_yaml_must_explain_are_findings_in_the_process() -> None:
    bpmn = simple(
        el("serviceTask", "w"),
        el("sendTask", "v"),
        el("callActivity", "c", calledElement="PUR"),
        el("receiveTask", "r", messageRef="m"),
        through=("w", "v", "c", "r"),
        outside=MESSAGE,
    )
    assert found(bpmn) == [
        ("missing_service", "process.bpmn", "w"),
        ("missing_service", "process.bpmn", "v"),
        ("missing_call", "process.bpmn", "c"),
        ("undeclared_message", "process.bpmn", "r"),
    ]
    assert [finding.severity for finding in check(bpmn, MANIFEST)] == ["error", "error", "error", "warning"]


def test_entries_of_app_yaml_for_nothing_or_something_else_are_findings_there() -> None:
    manifest = replace(
        MANIFEST,
        tasks={ElementId("gone"): FORM, ElementId("w"): FORM},
        services={ElementId("a"): SERVICE, ElementId("w"): SERVICE},
        calls={ElementId("a"): CALL},
        messages={"never": Message(name="never")},
        actions={1: Action(id=1, name="X", task=ElementId("gone")), 2: Action(id=2, name="Y", task=ElementId("w"))},
    )
    assert found(simple(user("a"), el("serviceTask", "w"), through=("a", "w")), manifest) == [
        ("unknown_element", "app.yaml", "gone"),
        ("element_type", "app.yaml", "w"),
        ("element_type", "app.yaml", "a"),
        ("element_type", "app.yaml", "a"),
        ("unknown_message", "app.yaml", None),
        ("unknown_element", "app.yaml", "gone"),
        ("unknown_element", "app.yaml", "w"),
    ]


def test_a_call_activity_and_its_entry_name_the_same_app() -> None:
    bpmn = simple(el("callActivity", "c", calledElement="EVA"), through=("c",))
    manifest = replace(MANIFEST, calls={ElementId("c"): CALL})
    assert found(bpmn, manifest) == [("called_element", "process.bpmn", "c")]


def gate(condition: str) -> bytes:
    return simple(el("exclusiveGateway", "x", default="x_end"), flow("x", "end", condition, name="f"), through=("x",))


@pytest.mark.parametrize(
    ("bpmn", "code", "element"),
    [
        (gate("amont > 1"), "unknown_name", "f"),
        (gate("line == null"), "unknown_name", "f"),
        (gate("some(lines, #.prize > 1)"), "unknown_name", "f"),
        (gate("date(amount) > 1"), "field_type", "f"),
        (simple(el("intermediateCatchEvent", "t", timer("dew", "timeDate")), through=("t",)), "unknown_name", "t"),
        (simple(user("a", multi(cardinality="amont"))), "unknown_name", "a"),
        (simple(user("a", multi(cardinality="row", variable="row"))), "unknown_name", "a"),
        (simple(user("a", repeat("row == 1"))), "unknown_name", "a"),
        (simple(user("a", multi(collection="whom"))), "unknown_name", "a"),
        (simple(user("a", multi(collection="amount"))), "field_type", "a"),
        (simple(user("a", multi(collection="who", variable="amount"))), "loop_variable", "a"),
        (simple(user("a", multi(collection="who", variable="outcome"))), "loop_variable", "a"),
        (simple(user("a", multi(collection="who", variable="two words"))), "loop_variable", "a"),
        (simple(user("a", multi(collection="who", variable="not"))), "loop_variable", "a"),
    ],
)
def test_a_name_that_means_nothing_is_a_finding_where_it_stands(bpmn: bytes, code: str, element: str) -> None:
    assert found(bpmn) == [(code, "process.bpmn", element)]


def test_loop_variables_are_known_inside_and_only_there() -> None:
    inner = (
        el("startEvent", "s2")
        + el("endEvent", "e2")
        + el("exclusiveGateway", "y", default="y_e2")
        + path("s2", "y", "e2")
    )
    inner += flow("y", "e2", 'row.item == "Pen"', name="inside") + user("b", multi(collection="row", variable="row"))
    inner += path("s2", "b", "e2")
    bpmn = simple(
        el("subProcess", "sub", multi(collection="lines", variable="row"), inner),
        el("exclusiveGateway", "x", default="x_end"),
        flow("x", "end", "row == null", name="outside"),
        through=("sub", "x"),
    )
    assert sorted(found(bpmn)) == [("loop_variable", "process.bpmn", "b"), ("unknown_name", "process.bpmn", "outside")]


def test_faults_of_both_documents_come_together_and_in_order() -> None:
    bpmn = simple(el("serviceTask", "w"), el("scriptTask", "q"), through=("w", "q"))
    manifest = replace(MANIFEST, tasks={ElementId("gone"): FORM})
    assert [code for code, _, _ in found(bpmn, manifest)] == ["missing_service", "script_task", "unknown_element"]


def test_a_document_that_cannot_be_read_is_the_only_finding() -> None:
    manifest = replace(MANIFEST, tasks={ElementId("gone"): FORM})
    assert [code for code, _, _ in found(b"<", manifest)] == ["xml"]
