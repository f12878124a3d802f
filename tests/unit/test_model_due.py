"""Due times in app.yaml: durations, and working time."""

from datetime import timedelta

import pytest

from satchel.model.app_yaml.bundle import draft_bundle
from satchel.model.ids import ElementId
from satchel.model.working_time import Due, WorkingDays, WorkingSpan, due_text
from unit.test_model_bundle import HEAD, START, codes_of


def _due(text: str) -> tuple[Due | None, list[tuple[int | None, str]]]:
    source = f"{HEAD}fields: []\n{START}tasks:\n  a: {{due: {text}}}\n"
    bundle, _ = draft_bundle({"app.yaml": source.encode(), "process.bpmn": b"<x/>"})
    return None if bundle is None else bundle.manifest.tasks[ElementId("a")].due, codes_of(source)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("P3D", timedelta(days=3)),
        ("1 working day", WorkingDays(count=1)),
        ("1000 working days", WorkingDays(count=1000)),
        ("PT4H working", WorkingSpan(span=timedelta(hours=4))),
        ("PT1H30M working", WorkingSpan(span=timedelta(minutes=90))),
    ],
)
def test_a_task_is_due_after_a_duration_or_working_time(text: str, due: Due) -> None:
    assert _due(text) == (due, [])
    if not isinstance(due, timedelta):
        assert due_text(due) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1000000 working days", "duration_range"),
        ("1001 working days", "duration_range"),
        ("0 working days", "duration_range"),
        ("PT8001H working", "duration_range"),
        ("PT0H working", "duration_range"),
        ("P1DT4H working", "format"),
        ("PT working", "format"),
        ("two working days", "format"),
        ("-2 working days", "format"),
        ("2  working days", "format"),
        ("2 workdays", "format"),
        ("99999999999999999999 working days", "format"),
    ],
)
def test_working_time_that_cannot_be_is_found(text: str, code: str) -> None:
    assert _due(text)[1] == [(6, code)]
