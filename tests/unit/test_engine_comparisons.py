"""A deploy warns of comparisons that are never true, and of gateways that may have no way out."""

from dataclasses import replace

import pytest

from engine_bpmn import END, START, document, el, flow, path, user
from satchel.engine.check import check
from satchel.model.app import Assignment, Manifest, Outcome, StartForm, TaskForm
from satchel.model.fields import Field, FieldType, Option, ValueLimits
from satchel.model.ids import ElementId, FieldId

OPTIONS = (Option(id="red", label="Red"), Option(id="blue", label="Blue"))
LIMITS = ValueLimits(options=OPTIONS)
OUTCOMES = tuple(Outcome(id=name, label=name) for name in ("approve", "reject"))
MANIFEST = Manifest(
    code="EVA",
    name="Evaluation",
    category="",
    description="",
    title="",
    fields=(
        Field(number=0, id=FieldId("colour"), label="", type=FieldType.CHOICE, limits=LIMITS),
        Field(number=1, id=FieldId("colours"), label="", type=FieldType.CHOICES, limits=LIMITS),
        Field(number=2, id=FieldId("amount"), label="", type=FieldType.DECIMAL),
        Field(number=3, id=FieldId("note"), label="", type=FieldType.TEXT),
        Field(number=4, id=FieldId("urgent"), label="", type=FieldType.BOOLEAN),
    ),
    start=StartForm(fields={}),
    tasks={ElementId("a"): TaskForm(assign=Assignment(), fields={}, outcomes=OUTCOMES)},
    services={},
    calls={},
    messages={},
    actions={},
)


def found(*conditions: str, default: bool = False, kind: str = "exclusiveGateway") -> list[tuple[str, str, str]]:
    """Return the findings of a process with a gateway after its task."""
    last = f"x_t{len(conditions)}"
    more = {"default": last} if default else {}
    parts = [user("a"), el(kind, "x", **more), path("start", "a", "x")]
    texts: list[str | None] = [*conditions, *([None] if default else [])]
    for at, text in enumerate(texts):
        parts += [user(f"t{at}"), flow("x", f"t{at}", text), path(f"t{at}", "end")]
    findings = check(document(START, END, *parts), MANIFEST)
    return [(one.code, str(one.element), one.severity) for one in findings]


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ('outcome == "aprove"', "unknown_outcome"),
        ('"aprove" != outcome', "unknown_outcome"),
        ('outcome in ["approve", "rejct"]', "unknown_outcome"),
        ('outcome not in ["rejct"]', "unknown_outcome"),
        ('amount > 1 and (colour == "green")', "unknown_option"),
        ('"green" in colours', "unknown_option"),
        ('contains(colours, "green")', "unknown_option"),
    ],
)
def test_a_text_that_nothing_ever_has_is_a_warning(condition: str, code: str) -> None:
    assert found(condition, default=True) == [(code, "x_t0", "warning")]


@pytest.mark.parametrize(
    "condition",
    [
        'outcome == "approve"',
        'colour in ["red", "blue"]',
        'contains(colours, "red")',
        'note == "green"',
        'contains(note, "green")',
        "outcome == note",
        'lower(colour) == "GREEN"',
    ],
)
def test_a_text_that_may_be_there_is_none(condition: str) -> None:
    assert found(condition, default=True) == []


@pytest.mark.parametrize(
    "conditions",
    [
        ('outcome == "approve"',),
        ('outcome == "approve"', "amount > 1"),
        ("amount > 1", "amount < 1"),
        ("amount > 1", "amount <= 2"),
        ("urgent and amount > 1", "urgent and amount <= 1"),
        ('outcome == "approve" and urgent', 'outcome == "reject"'),
    ],
)
@pytest.mark.parametrize("kind", ["exclusiveGateway", "inclusiveGateway"])
def test_a_gateway_whose_conditions_may_all_be_false_is_a_warning(conditions: tuple[str, ...], kind: str) -> None:
    assert found(*conditions, kind=kind) == [("no_default", "x", "warning")]
    assert found(*conditions, kind=kind, default=True) == []


@pytest.mark.parametrize(
    "conditions",
    [
        ('outcome == "approve"', 'outcome == "reject"'),
        ('(outcome == "approve" or outcome == "reject")',),
        ('outcome == "approve"', 'outcome != "approve"'),
        ("amount > 1", "amount <= 1"),
        ("amount >= 1", "(amount < 1)"),
        ("urgent", "not urgent"),
        ("urgent and amount > 1", "not (urgent and amount > 1)"),
        ("urgent == true", "urgent == false"),
        ("amount > 1", "true"),
    ],
)
def test_conditions_that_leave_nothing_out_need_no_default(conditions: tuple[str, ...]) -> None:
    assert found(*conditions) == []


def test_an_outcome_is_unknown_where_no_task_has_any() -> None:
    bpmn = document(
        START,
        END,
        user("a"),
        el("exclusiveGateway", "x", default="x_end"),
        path("start", "a", "x", "end"),
        user("b"),
        flow("x", "b", 'outcome == "approve"'),
        path("b", "end"),
    )
    (finding,) = check(bpmn, replace(MANIFEST, tasks={}))
    assert (finding.code, finding.message) == (
        "unknown_outcome",
        'No task ends with the outcome "approve"; the outcomes are: none.',
    )
