"""Reading app.yaml: everything that is wrong is found at once, with its line."""

from datetime import timedelta
from decimal import Decimal

import pytest

from satchel.model.app import Access, Assignment, Escalation
from satchel.model.app_yaml.bundle import (
    apps_named,
    draft_bundle,
    groups_named,
    has_errors,
    parse_manifest,
    users_named,
)
from satchel.model.app_yaml.document import MAX_DOCUMENT_BYTES, MAX_NODES
from satchel.model.errors import Finding
from satchel.model.fields import FieldType
from satchel.model.ids import ElementId, FieldId
from satchel.model.notifications import NotificationKind

HEAD = "code: TST\nname: Test\n"
START = "start: {}\n"


def findings_of(source: str) -> tuple[Finding, ...]:
    _, findings = draft_bundle({"app.yaml": source.encode(), "process.bpmn": b"<x/>"})
    return findings


def with_fields(*fields: str) -> str:
    return HEAD + "fields:\n" + "".join(f"  - {{{field}}}\n" for field in fields) + START


def codes_of(source: str) -> list[tuple[int | None, str]]:
    return [(finding.line, finding.code) for finding in findings_of(source)]


def field_codes(field: str) -> list[str]:
    return [finding.code for finding in findings_of(with_fields(f"number: 1, id: f, label: F, {field}"))]


def test_a_bundle_without_its_files_names_both() -> None:
    bundle, findings = draft_bundle({"README.md": b""})

    assert bundle is None
    assert [(finding.code, finding.file) for finding in findings] == [
        ("missing_file", "process.bpmn"),
        ("missing_file", "app.yaml"),
    ]


def test_the_smallest_app_is_read_with_its_defaults() -> None:
    bundle, findings = draft_bundle({"app.yaml": (HEAD + "fields: []\n" + START).encode(), "process.bpmn": b"<x/>"})

    assert findings == ()
    assert bundle is not None
    assert bundle.manifest.title == "{{ identifier }}"
    assert bundle.manifest.start.fields == {}
    assert bundle.process == b"<x/>"


def test_all_findings_come_at_once_with_their_lines() -> None:
    source = """code: tst
name: Test
title: "{{ amont }}"
fields:
  - {number: 0, id: amount, label: Amount, type: decimal, searchabel: true}
  - {number: 0, id: amount, label: Again, type: tekst}
  - {number: 1024, id: Big, label: "", type: text}
start: {fields: {amuont: require, amount: write}}
tasks:
  check: {due: 3d, late: fail, assign: {group: a, user: b@c.d}}
actions:
  x: {name: No number}
  1: {name: One, outcome: approve}
"""

    assert sorted(codes_of(source), key=str) == sorted(
        [
            (1, "format"),
            (3, "template"),
            (5, "unknown_key"),
            (6, "unknown_value"),
            (7, "out_of_range"),
            (7, "format"),
            (7, "text_length"),
            (8, "unknown_field"),
            (8, "unknown_value"),
            (10, "format"),
            (10, "assignment"),
            (12, "format"),
            (13, "action_kind"),
        ],
        key=str,
    )


def test_a_misspelt_word_is_answered_with_the_one_that_was_meant() -> None:
    (finding,) = findings_of(with_fields("number: 1, id: f, label: F, type: file, acept: [.pdf]"))

    assert finding.message == "The app: field 1 has no key acept; did you mean accept?"


def test_every_type_takes_its_own_options() -> None:
    fields = [
        "type: text, min_length: 1, max_length: 5, pattern: '[a-z]+', searchable: true",
        "type: multiline, max_length: 5",
        "type: decimal, min: -1.5, max: 2, digits: 2",
        "type: integer, min: 1, max: 9",
        "type: boolean",
        "type: date, disable_future: true",
        "type: datetime, disable_past: true",
        "type: time",
        "type: choice, options: [{id: 'yes', label: Yes}, {id: no, label: No}]",
        "type: choices, min_checked: 1, max_checked: 2, options: [{id: a, label: A}, {id: b, label: B}]",
        "type: rating, max_stars: 7",
        "type: user",
        "type: group",
        "type: table, max_rows: 3, columns: [{id: a, label: A, type: decimal, digits: 1, required: true}]",
        "type: separator",
        "type: file, min_bytes: 1, max_bytes: 500kB, accept: [.PDF, image/*], max_files: 2, max_unclaimed: 6",
        "type: photo, max_files: 6",
        "type: signature, max_bytes: 1 MB",
        "type: link, max_length: 100",
    ]
    source = with_fields(*(f"number: {i}, id: f{i}, label: F, {field}" for i, field in enumerate(fields)))

    manifest = parse_manifest(source.encode())

    assert [field.type for field in manifest.fields] == list(FieldType)
    assert manifest.fields[2].limits.min == Decimal("-1.5")
    assert manifest.fields[8].limits.options[1].id == "no"
    assert manifest.fields[13].columns[0].required
    files = manifest.fields[15].files
    assert files is not None
    assert (files.max_bytes, files.accept, files.max_unclaimed) == (500_000, (".pdf", "image/*"), 6)
    signature = manifest.fields[17].files
    assert signature is not None
    assert signature.max_files == 1


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("type: boolean, min: 1", "unknown_key"),
        ("type: file, max_length: 3", "unknown_key"),
        ("type: signature, max_files: 2", "unknown_key"),
        ("type: file, searchable: true", "unknown_key"),
        ("type: text, min_length: 9, max_length: 3", "limit_order"),
        ("type: decimal, min: 2, max: 1.5", "limit_order"),
        ("type: integer, min: 1.5", "integer_limit"),
        ("type: choices, options: [{id: a, label: A}], min_checked: 2", "limit_order"),
        ("type: choice", "missing_key"),
        ("type: choice, options: []", "out_of_range"),
        ("type: choice, options: [{id: a, label: A}, {id: a, label: B}]", "duplicate_option"),
        ("type: table", "missing_key"),
        ("type: table, columns: [{id: a, label: A, type: file}]", "unknown_value"),
        ("type: table, columns: [{id: a, label: A, type: text}, {id: a, label: A, type: text}]", "duplicate_column"),
        ("type: rating, max_stars: 11", "out_of_range"),
        ("type: file, max_bytes: 10 MB!", "format"),
        ("type: file, max_bytes: 10KB", "format"),
        ("type: file, max_bytes: 0", "limit_order"),
        ("type: file, min_bytes: 2kB, max_bytes: 1kB", "limit_order"),
        ("type: file, max_bytes: 9999999999TiB", "size_range"),
        ("type: file, accept: [pdf]", "format"),
        ("type: photo, accept: [application/pdf]", "accept_image"),
        ("type: text, pattern: '('", "pattern"),
        ("type: text, pattern: '(?=a)b'", "pattern"),
        (r"type: text, pattern: '(a)\1'", "pattern"),
        ("type: text, searchable: yes", "type"),
        ("type: text, max_length: '9'", "type"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(field: str, code: str) -> None:
    assert field_codes(field) == [code]


@pytest.mark.parametrize("name", ["identifier", "comment", "outcome", "title", "and", "null_"])
def test_no_field_takes_a_name_that_satchel_uses(name: str) -> None:
    codes = [code for _, code in codes_of(with_fields(f"number: 1, id: {name}, label: F, type: text"))]

    assert codes == ([] if name == "null_" else ["reserved_name"])


def test_more_searchable_fields_than_columns_of_their_kind_are_refused() -> None:
    ten = [f"number: {i}, id: f{i}, label: F, type: text, searchable: true" for i in range(10)]
    other_kind = "number: 20, id: g, label: G, type: date, searchable: true"

    assert codes_of(with_fields(*ten, other_kind)) == []
    assert [
        code for _, code in codes_of(with_fields(*ten, "number: 11, id: h, label: H, type: link, searchable: true"))
    ] == ["too_many_searchable"]


TASKS = """
  - {number: 0, id: product, label: P, type: text}
  - {number: 1, id: line, label: L, type: separator}
  - {number: 2, id: boss, label: B, type: user}
start: {fields: {product: require}}
"""


def with_tasks(rest: str) -> str:
    return HEAD + "fields:" + TASKS + rest


def test_tasks_calls_messages_and_services_are_read() -> None:
    manifest = parse_manifest(
        with_tasks(
            """
tasks:
  a: {assign: {field: boss}, due: P1DT2H, late: fail, outcomes: [{id: bad, label: Bad, fault: true}],
      fields: {product: edit, line: read}}
  b: {assign: {starter: true}}
  c: {assign: {user: ann@example.org}}
  d: {assign: {group: buyers}}
  e: {}
  f: {due: P2D, remind: P1D, late: {after: PT4H, to: heads}, notify: {offered: none, overdue: daily}}
notify: {overdue: list, incident: daily}
services:
  s: {kind: manual, inputs: [product], retries: 3, wait: 1.5, headers: {X-Kind: test}}
calls:
  k: {app: PUR, in: {item: product}, out: {product: number}}
messages:
  delivered: {inputs: [product]}
"""
        ).encode()
    )

    task = manifest.tasks[ElementId("a")]
    assert task.due == timedelta(days=1, hours=2)
    assert task.fail_when_late
    assert task.fields == {"product": Access.EDIT, "line": Access.READ}
    assert task.outcomes[0].fault
    assert manifest.tasks[ElementId("b")].assign == Assignment(starter=True)
    assert manifest.tasks[ElementId("e")].assign == Assignment()
    assert manifest.services[ElementId("s")].settings == {"retries": 3, "wait": 1.5, "headers": {"X-Kind": "test"}}
    assert manifest.services[ElementId("s")].inputs == (FieldId("product"),)
    assert manifest.calls[ElementId("k")].into == {"item": "product"}
    assert manifest.messages["delivered"].inputs == ("product",)
    late, f = manifest.tasks[ElementId("f")], ElementId("f")
    assert (late.remind, late.escalation) == (timedelta(days=1), Escalation(after=timedelta(hours=4), to="heads"))
    kinds = (NotificationKind.OFFERED, NotificationKind.OVERDUE, NotificationKind.INCIDENT, NotificationKind.DUE_SOON)
    assert [manifest.channel(kind, f) for kind in kinds] == ["none", "daily", "daily", "at_once"]
    assert manifest.channel(NotificationKind.OVERDUE, ElementId("d")) == "list"
    assert groups_named(manifest) == {"buyers": "/tasks/d/assign/group", "heads": "/tasks/f/late/to"}
    assert users_named(manifest) == {"ann@example.org": "/tasks/c/assign/user"}
    assert apps_named(manifest) == {"PUR": "/calls/k/app"}


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("tasks: {a: {assign: {}}}", "assignment"),
        ("tasks: {a: {assign: {starter: false}}}", "assignment"),
        ("tasks: {a: {assign: {field: product}}}", "assignment"),
        ("tasks: {a: {assign: {field: nobody}}}", "unknown_field"),
        ("tasks: {a: {late: fail}}", "late_without_due"),
        ("tasks: {a: {remind: P1D}}", "late_without_due"),
        ("tasks: {a: {late: {after: P1D, to: heads}}}", "late_without_due"),
        ("tasks: {a: {due: P1D, late: {to: heads}}}", "missing_key"),
        ("tasks: {a: {due: P1D, late: never}}", "unknown_value"),
        ("tasks: {a: {notify: {incident: daily}}}", "unknown_key"),
        ("notify: {offered: sometimes}", "unknown_value"),
        ("tasks: {a: {due: P1M}}", "format"),
        ("tasks: {a: {due: PT0S}}", "duration_range"),
        ("tasks: {a: {fields: {line: edit}}}", "separator"),
        ("tasks: {a: {outcomes: [{id: x, label: X}, {id: x, label: Y}]}}", "duplicate_outcome"),
        ("tasks: {1a: {}}", "format"),
        ("services: {s: {}}", "missing_key"),
        ("services: {s: {kind: script}}", "unknown_value"),
        ("services: {s: {kind: manual, inputs: [line]}}", "separator"),
        ("calls: {k: {app: pur}}", "format"),
        ("calls: {k: {app: PUR, in: {item: nothing}}}", "unknown_field"),
        ("calls: {k: {app: PUR, out: {nothing: item}}}", "unknown_field"),
        ("messages: {m: {inputs: [product, product]}}", "duplicate_input"),
        ("messages: {m: {inputs: [comment]}}", "unknown_field"),
        ("actions: {1: {name: A, create: true, task: a, inputs: [product]}}", "action_kind"),
        ("actions: {1: {name: A, create: true}}", "action_inputs"),
        ("actions: {1: {name: A, create: true, inputs: [product, boss]}}", "action_inputs"),
        ("actions: {1: {name: A, task: a, inputs: [product]}}", "action_inputs"),
        ("actions: {1: {name: A, task: a, outcome: x}}", "unknown_outcome"),
        ("tasks: {a: {outcomes: [{id: x, label: X}]}}\nactions: {1: {name: A, task: a}}", "unknown_outcome"),
        ("actions: {1: {name: A, areas: [{name: D}, {name: d}]}}", "duplicate_area"),
        ("actions: {0: {name: A}}", "format"),
        ("actions: {9999999999: {name: A}}", "format"),
        ("title: '{{ product | upper }}'", "template"),
        ("title: '{{ line }}'", "template"),
        ("title: '{{ title }}'", "template"),
        ("title: '{{ product'", "template"),
        ("category: null", "type"),
        ("category: 2024", "type"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(rest: str, code: str) -> None:
    assert [finding.code for finding in findings_of(with_tasks(rest + "\n"))] == [code]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("category: &a x", "anchor"),
        ("category: *a", "alias"),
        ("category: !!str 1", "tag"),
        ("category: !!python/object/apply:os.system [id]", "tag"),
        ("<<: {category: x}", "alias"),
        ("code: TWO", "duplicate_key"),
        ("? [a]\n: b", "key"),
        ("category: 007", "ambiguous_value"),
        ("category: 1:30", "ambiguous_value"),
        ("category: 0x1F", "ambiguous_value"),
        ("category: 1_000", "ambiguous_value"),
        ("category: 1e3", "ambiguous_value"),
        ("category: .inf", "ambiguous_value"),
        ("---\nx: y", "several_documents"),
        ("category: [", "yaml_syntax"),
        ("category: \x01", "yaml_syntax"),
        ("category: " + "[" * 40 + "]" * 40, "too_deep"),
    ],
)
def test_yaml_that_says_other_than_it_seems_is_refused(line: str, code: str) -> None:
    findings = findings_of(HEAD + "fields: []\n" + START + line + "\n")

    assert code in [finding.code for finding in findings]
    assert all(finding.line is not None and finding.line >= 5 for finding in findings if finding.code == code)


def test_yes_and_no_are_words_and_not_truth_values() -> None:
    manifest = parse_manifest((HEAD + "category: No\nfields: []\n" + START).encode())

    assert manifest.category == "No"


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"[]", b"text", b"null"])
def test_a_document_that_is_no_mapping_is_refused(data: bytes) -> None:
    _, findings = draft_bundle({"app.yaml": data, "process.bpmn": b"<x/>"})

    assert has_errors(findings)


def test_size_and_number_of_values_are_bounded() -> None:
    large = b"#" * (MAX_DOCUMENT_BYTES + 1)
    many = b"a: [" + b"1," * (MAX_NODES + 1) + b"]"
    latin = "name: Käse".encode("latin-1")

    for data, code in ((large, "document_too_large"), (many, "document_too_large"), (latin, "encoding")):
        _, findings = draft_bundle({"app.yaml": data, "process.bpmn": b"<x/>"})
        assert [finding.code for finding in findings] == [code]


def test_places_give_the_line_of_every_part() -> None:
    bundle, _ = draft_bundle(
        {"app.yaml": with_tasks("tasks:\n  a.b:\n    assign: {group: x}\n").encode(), "process.bpmn": b"<x/>"}
    )

    assert bundle is not None
    assert bundle.places["/tasks/a.b/assign/group"] == 10
    assert bundle.line_of_element("a.b") == 9
    assert bundle.line_of_element("other") is None


def test_a_deployed_manifest_that_was_changed_is_noticed() -> None:
    with pytest.raises(ValueError, match="has no fields"):
        parse_manifest(b"code: A\nname: B\nstart: {}\n")
