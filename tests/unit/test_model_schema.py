"""The published JSON Schema and the parser agree about the shape of app.yaml."""

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.app_yaml.bundle import draft_bundle
from satchel.model.app_yaml.document import plain, read_document

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/app.yaml"))
STRUCTURAL = frozenset({"type", "unknown_key", "missing_key", "out_of_range", "text_length", "format", "unknown_value"})
"""Codes of findings about the shape of a document, which the schema finds too, and not about how its parts fit."""

VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "reference" / "app.schema.json").read_bytes()))

LARGE = r"""
code: BIG
name: Everything
category: Tests
description: All there is.
title: "{{ t }}"
fields:
  - {number: 0, id: t, label: T, type: text, min_length: 1, max_length: 9, pattern: "[a-z]*", searchable: true}
  - {number: 1, id: d, label: D, type: decimal, min: 0.5, max: 9, digits: 2}
  - {number: 2, id: c, label: C, type: choices, min_checked: 1, max_checked: 2,
     options: [{id: a, label: A}, {id: b, label: B}]}
  - {number: 3, id: r, label: R, type: rating, max_stars: 3}
  - {number: 4, id: l, label: L, type: table, max_rows: 5,
     columns: [{id: x, label: X, type: date, disable_past: true, required: true}]}
  - {number: 5, id: f, label: F, type: file, min_bytes: 1, max_bytes: 10MiB, accept: [.pdf],
     max_files: 2, max_unclaimed: 3, allow_links: true}
  - {number: 6, id: u, label: U, type: user, description: Somebody}
start: {fields: {t: require, f: edit}}
tasks:
  a: {assign: {field: u}, due: PT8H, late: fail, fields: {t: edit}, outcomes: [{id: yes, label: Yes, fault: true}]}
services:
  s: {kind: manual, inputs: [t], anything: [1, {goes: true}], retry: x}
  i: {kind: instance, do: update, app: PUR, identifier: "{{ t }}", set: {x: t, y: "'text'", z: 1, w: "{{ t }}!"},
      copy: {g: f}, result: t, retry: {attempts: 3, pause: PT1S, deadline: P1D}, on_failure: continue,
      otherwise: {t: "'none'"}, as: ann@example.org}
  n: {kind: instance, do: create, app: PUR, set: all, copy: all}
  m: {kind: files, do: copy, from: f, to: attachments, mode: append, rename: "{{ t }}.pdf"}
  r: {kind: rest, method: POST, url: "https://a.example/{{ t }}", headers: {X-Kind: "{{ t }}"},
      parameters: {a: t, b: 1, c: true, d: "'x'"}, body: text, text: "{{ t }}", type: xml, success: 200-299,
      timeout: PT1M, reply_bytes: 1MiB, reply_until_close: true, redirects: 2,
      auth: {type: basic, user: me, password: erp},
      output: {file: {to: f, path: "$.a[0]", encoding: base64, name: $.name}, values: {t: $.b}, required: true}}
  q: {kind: rest, method: PUT, url: "https://a.example/", body: file, file: f, output: {binary: f},
      auth: {type: oauth2, token_url: "https://a.example/t", client_id: me, client_secret: erp, scope: files}}
  e: {kind: message, app: PUR, identifier: "{{ t }}", message: reply, set: {x: t}, copy: {g: f}}
  p: {kind: mail, to: "{{ t }}", subject: S, text: T, attach: [f], link: [f], link_lifetime: P1D, timeout: PT5M}
calls: {k: {app: PUR, in: {item: t}, out: {t: item}}}
messages: {m: {inputs: [t, f]}}
actions:
  1: {name: One, task: a, outcome: yes, inputs: [comment, t], areas: [{name: Documents, required: true}]}
  2: {name: Two, create: true, inputs: [t]}
"""

SPARE_VALUES = st.sampled_from(
    (
        *("null", "true", "false", "0", "1", "-1", "1025", "0.5", '""', '"a"', '"A"', '"text"', '"file"', '"P3D"'),
        *('"10MiB"', "[]", '["a"]', "[1]", "{}", '{"a": 1}', '{"t": "t"}', '"all"', '"$.a"', '"{{ t }}"'),
        *("\"'q'\"", '"continue"', '"json"', '"x y"', '"create"', '{"type": "basic"}'),
    )
).map(json.loads)
SPARE_KEYS = st.sampled_from(
    (
        *(
            "x",
            "type",
            "id",
            "fields",
            "options",
            "columns",
            "min",
            "max_files",
            "searchable",
            "1",
            "do",
            "app",
            "text",
        ),
        *("file", "body", "set", "copy", "otherwise", "on_failure", "retry", "as", "kind", "identifier", "values"),
    )
)


def check(data: object) -> tuple[bool, list[str]]:
    """Return whether the schema takes the data, and the codes of the parser's findings."""
    _, findings = draft_bundle({"app.yaml": json.dumps(data).encode(), "process.bpmn": b"<x/>"})
    return VALIDATOR.is_valid(data), [finding.code for finding in findings]


def read(source: bytes) -> object:
    node, findings = read_document(source, "app.yaml")
    assert node is not None
    assert findings == ()
    return plain(node)


def holders(data: object) -> list[dict[str, object] | list[object]]:
    """Return every mapping and list in the data."""
    found: list[dict[str, object] | list[object]] = []
    if isinstance(data, dict):
        found.append(data)
        found += [holder for value in data.values() for holder in holders(value)]
    elif isinstance(data, list):
        found.append(data)
        found += [holder for value in data for holder in holders(value)]
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_both_take_the_examples(path: Path) -> None:
    assert check(read(path.read_bytes())) == (True, [])


def test_both_take_an_app_with_everything() -> None:
    assert check(read(LARGE.encode())) == (True, [])


@given(data=st.data())
def test_both_agree_on_apps_that_were_changed_somewhere(data: st.DataObject) -> None:
    app = read(LARGE.encode())
    for _ in range(data.draw(st.integers(1, 2))):
        holder = data.draw(st.sampled_from(holders(app)))
        cut = data.draw(st.booleans())
        if isinstance(holder, list):
            if holder and cut:
                holder.pop()
            else:
                holder.append(data.draw(SPARE_VALUES))
        elif holder and cut:
            key = data.draw(st.sampled_from(sorted(holder)))
            if data.draw(st.booleans()):
                del holder[key]
            else:
                holder[key] = data.draw(SPARE_VALUES)
        else:
            holder[data.draw(SPARE_KEYS)] = data.draw(SPARE_VALUES)

    valid, codes = check(app)

    assert valid == (not STRUCTURAL & set(codes)), (codes, [error.message for error in VALIDATOR.iter_errors(app)])
