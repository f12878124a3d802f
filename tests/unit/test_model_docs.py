"""The reference page of app.yaml says what the code does."""

import re
from pathlib import Path

from satchel.model.app_yaml.bundle import draft_bundle
from satchel.model.app_yaml.field_settings import RESERVED_NAMES
from satchel.model.app_yaml.keys import ACTION, CALL, SERVICE, TASK, TOP, TYPE_OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "app-yaml.md").read_text()


def test_the_sample_of_the_page_is_an_app_without_findings() -> None:
    sample = PAGE.split("```yaml\n", 1)[1].split("```", 1)[0]

    _, findings = draft_bundle({"app.yaml": sample.encode(), "process.bpmn": b"<x/>"})

    assert findings == ()


def test_the_page_lists_each_type_with_its_options() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*?)\| .*\|$", PAGE.split("## fields")[1].split("## start")[0], re.MULTILINE)

    listed = {name: tuple(re.findall(r"`(\w+)`", options)) for name, options in rows}
    assert listed == {str(type_): options for type_, options in TYPE_OPTIONS.items()}


def test_the_page_names_every_key_kind_and_reserved_name() -> None:
    words = set(re.findall(r"`(\w+)`", PAGE))

    keys = {key for shape in (TOP, TASK, CALL, ACTION, *SERVICE.shapes.values()) for key in shape.keys}
    assert {*keys, *SERVICE.shapes, *RESERVED_NAMES} <= words
