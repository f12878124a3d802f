"""What may change between two versions of an app."""

from dataclasses import replace

from satchel.model.app import Manifest
from satchel.model.app_yaml.bundle import parse_manifest
from satchel.model.app_yaml.versions import compare
from satchel.model.errors import Finding

OLD = """
code: TST
name: Test
fields:
  - {number: 1, id: a, label: A, type: text}
  - {number: 2, id: b, label: B, type: integer}
  - {number: 3, id: t, label: T, type: table, columns: [{id: x, label: X, type: text}]}
start: {}
"""


def changed(*pairs: tuple[str, str]) -> tuple[Finding, ...]:
    source = OLD
    for before, after in pairs:
        assert before in source
        source = source.replace(before, after)
    return compare(parse_manifest(OLD.encode()), parse_manifest(source.encode()), {"/fields/0": 5})


def test_labels_limits_and_new_fields_may_change() -> None:
    new = "start: {fields: {a: edit}}"
    field = "  - {number: 4, id: c, label: C, type: file}\n" + new

    assert changed(("label: A", "label: Other, max_length: 5"), ("start: {}", field)) == ()


def test_one_line_of_text_may_become_many() -> None:
    assert changed(("label: A, type: text", "label: A, type: multiline")) == ()


def test_a_field_may_go() -> None:
    assert changed(("  - {number: 2, id: b, label: B, type: integer}\n", "")) == ()


def test_a_number_keeps_its_id() -> None:
    (finding,) = changed(("id: a,", "id: z,"))

    assert (finding.code, finding.line) == ("field_number", 5)


def test_an_id_keeps_its_number() -> None:
    assert [finding.code for finding in changed(("number: 1", "number: 9"))] == ["field_number"]


def test_a_field_and_a_column_keep_their_type() -> None:
    findings = changed(
        ("type: integer", "type: decimal"), ("id: x, label: X, type: text", "id: x, label: X, type: date")
    )

    assert [finding.code for finding in findings] == ["field_type", "field_type"]


def test_the_code_stays() -> None:
    old: Manifest = parse_manifest(OLD.encode())

    assert [finding.code for finding in compare(old, replace(old, code="NEW"))] == ["code_changed"]
