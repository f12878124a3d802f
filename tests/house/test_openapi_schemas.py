"""Schemas that mean the same have the same variants."""

from typing import Any

import pytest

from house.openapi_schemas import component_of, follow, said, variants

DOCUMENT = {
    "components": {
        "schemas": {
            "State": {"enum": ["open", "done"]},
            "Task": {"type": "object", "properties": {"state": {"$ref": "#/components/schemas/State"}}},
            "Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"type": "string"}]},
        },
        "parameters": {
            "a/b": {"$ref": "#/components/parameters/c~d"},
            "c~d": {"name": "q"},
            "round": {"$ref": "#/components/parameters/round"},
        },
    }
}


def shape(schema: object) -> list[tuple[str, dict[str, Any]]]:
    return [(one.kind, dict(one.keywords)) for one in variants(DOCUMENT, schema)]


def all_of(*parts: object) -> list[tuple[str, dict[str, Any]]]:
    return shape({"allOf": list(parts)})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (True, [("any", {})]),
        (False, []),
        ({"description": "anything"}, [("any", {})]),
        ({"type": ["string", "null"], "maxLength": 5}, [("string", {"maxLength": 5}), ("null", {})]),
        ({"type": ["string", "integer"], "maximum": 5}, [("string", {}), ("integer", {"maximum": 5})]),
        ({"type": ["string", "null"], "enum": ["a", None]}, [("string", {"enum": ["a"]}), ("null", {})]),
        ({"enum": ["a", 1, 2, None]}, [("string", {"enum": ["a"]}), ("integer", {"enum": [1, 2]}), ("null", {})]),
        ({"type": "number", "enum": [1, 2.5]}, [("number", {"enum": [1, 2.5]})]),
        ({"type": "string", "enum": ["a", 1]}, [("string", {"enum": ["a"]})]),
        ({"type": "string", "enum": [1]}, []),
        ({"type": "boolean", "enum": [True, False]}, [("boolean", {})]),
        ({"const": True}, [("boolean", {"enum": [True]})]),
        ({"oneOf": [{"const": "a"}, {"const": "b"}, {"const": "a"}]}, [("string", {"enum": ["a", "b"]})]),
        ({"anyOf": [{"type": "null"}, {"type": "null"}]}, [("null", {})]),
        ({"minLength": 1}, [("string", {"minLength": 1})]),
        ({"format": "date"}, [("string", {"format": "date"})]),
        ({"items": {}}, [("array", {"items": {}})]),
        ({"minimum": 1}, [("number", {"minimum": 1})]),
        ({"type": "integer", "exclusiveMinimum": 3, "minimum": 9}, [("integer", {"minimum": 9})]),
        ({"type": "integer", "exclusiveMaximum": 3}, [("integer", {"maximum": 2})]),
        ({"$ref": "#/components/schemas/Loop"}, [("string", {})]),
    ],
)
def test_a_schema_is_as_many_variants_as_it_allows_types(schema: object, expected: object) -> None:
    assert shape(schema) == expected


def test_parts_that_all_hold_are_one_variant_with_the_tighter_of_their_limits() -> None:
    assert all_of({"type": "number", "minimum": 1, "maximum": 9}, {"type": "integer", "minimum": 2, "maximum": 10}) == [
        ("integer", {"minimum": 2, "maximum": 9})
    ]
    assert all_of({"enum": ["a", "b"]}, {"enum": ["b", "c"]}) == [("string", {"enum": ["b"]})]
    assert all_of({"enum": ["a"]}, {"enum": ["c"]}) == []
    assert all_of({"type": "string"}, {"type": "integer"}) == []
    assert all_of({"pattern": "^a"}, {"pattern": "b$"}) == [("string", {"pattern": "b$"})]
    assert all_of({}, {"type": "string"}) == [("string", {})]


def test_parts_that_all_hold_join_their_members() -> None:
    one = {"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"], "additionalProperties": {}}
    other = {"properties": {"a": {"maxLength": 3}, "c": {}}, "required": ["c", "a"], "additionalProperties": False}
    members = {"a": {"allOf": [{"type": "string"}, {"maxLength": 3}]}, "b": {}, "c": {}}
    assert all_of(one, other) == [
        ("object", {"properties": members, "required": ["a", "c"], "additionalProperties": False})
    ]
    assert all_of({"items": {"type": "string"}}, {"items": {"maxLength": 3}}) == [
        ("array", {"items": {"allOf": [{"type": "string"}, {"maxLength": 3}]}})
    ]


def test_a_variant_knows_the_component_that_it_comes_from_unchanged() -> None:
    task = {"$ref": "#/components/schemas/Task"}
    assert component_of({**task, "description": "the next one"}) == "Task"
    assert component_of({**task, "minProperties": 1}) is None
    assert component_of({"$ref": "#/components/responses/Task"}) is None
    found = variants(DOCUMENT, {"anyOf": [task, {"type": "null"}]})
    assert [(one.kind, one.origin) for one in found] == [("object", "Task#0"), ("null", "")]
    state = {"anyOf": [{"$ref": "#/components/schemas/State"}, {"const": "lost"}]}
    assert {one.origin for one in variants(DOCUMENT, state)} == {"State#0", ""}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"], "format": "date"}, "string (date) or null"),
        ({"$ref": "#/components/schemas/Task"}, "Task"),
        ({"$ref": "#/components/schemas/State"}, '"open" | "done"'),
        ({"type": "object", "properties": {"kind": {"const": "link"}}}, 'object (kind "link")'),
        (False, "nothing"),
    ],
)
def test_variants_are_written_as_a_person_would(schema: object, expected: str) -> None:
    assert said(variants(DOCUMENT, schema)) == expected


def test_references_are_followed_to_their_end() -> None:
    assert follow(DOCUMENT, {"$ref": "#/components/parameters/a~1b"}) == {"name": "q"}
    assert "$ref" in follow(DOCUMENT, {"$ref": "#/components/parameters/round"})
    with pytest.raises(KeyError, match="leads nowhere"):
        follow(DOCUMENT, {"$ref": "#/components/parameters/c~d/name/x"})
    with pytest.raises(KeyError, match="leads out of the document"):
        follow(DOCUMENT, {"$ref": "other.json#/a"})
