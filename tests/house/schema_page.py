"""Writes docs/reference/app.schema.json from the table of what app.yaml may hold: `make reference`.

What the table does not say, since it holds between keys, is added by hand in `BETWEEN`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from house.tree import ROOT
from satchel.model.app_yaml import keys, rule_keys
from satchel.model.app_yaml.due_times import DURATION, WORKING
from satchel.model.app_yaml.section import MAX_EXPRESSION_CHARS, MAX_SIZE_BYTES, SIZE
from satchel.model.app_yaml.shapes import (
    ALL,
    Choice,
    Each,
    Kind,
    OneOf,
    Pairs,
    Shape,
    Single,
    Text,
    Texts,
    Whole,
    WordOr,
)
from satchel.model.fields import SIMPLE_TYPES, FieldType

PAGE = ROOT / "docs" / "reference" / "app.schema.json"
WIDTH = 120

NAMED: Mapping[str, Kind] = {
    "code": rule_keys.CODE,
    "label": rule_keys.LABEL,
    "description": keys.DESCRIPTION,
    "template": keys.TEMPLATE,
    "fieldId": rule_keys.FIELD_NAME,
    "optionId": rule_keys.OPTION_NAME,
    "elementId": keys.ELEMENT_NAME,
    "email": keys.EMAIL,
    "secret": keys.SECRET,
    "replyPath": keys.PATH,
    "size": Single.SIZE,
    "duration": Single.DURATION,
    "due": Single.DUE,
    "source": Single.SOURCE,
    "inputs": keys.INPUTS,
    "fileFields": keys.FILE_FIELDS,
    "access": rule_keys.ACCESS,
    "expression": Single.EXPRESSION,
    "optionsFrom": rule_keys.OPTIONS_FROM,
    "checks": rule_keys.CHECKS,
    "mapping": keys.MAPPING,
    "values": keys.VALUES,
    "field": keys.FIELD,
    "column": keys.COLUMN,
    "options": keys.OPTIONS["options"],
    "retry": keys.RETRY,
    "task": keys.TASK,
    "service": keys.SERVICE,
    "call": keys.CALL,
    "action": keys.ACTION,
}
"""The kinds that the schema gives a name; all others stand where they are used."""

SINGLES: Mapping[Single, Mapping[str, Any]] = {
    Single.NUMBER: {"type": "number"},
    Single.FLAG: {"type": "boolean"},
    Single.SIZE: {
        "description": "Bytes, or a number with a unit: 10MiB, 500kB.",
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": MAX_SIZE_BYTES},
            {"type": "string", "pattern": f"^(?:{SIZE.pattern})$"},
        ],
    },
    Single.DURATION: {
        "description": "ISO 8601, in weeks, days, hours, minutes and seconds: P3D, PT8H.",
        "type": "string",
        "pattern": f"^(?:{DURATION.pattern})$",
    },
    Single.DUE: {
        "description": "A duration, or working time of the account's calendar: 2 working days, PT4H working.",
        "type": "string",
        "pattern": f"^(?:{DURATION.pattern}|{WORKING.pattern})$",
    },
    Single.EXPRESSION: {
        "description": "An expression in the language of conditions; a number, true or false may stand without quotes.",
        "anyOf": [
            {"type": ["number", "boolean"]},
            {"type": "string", "minLength": 1, "maxLength": MAX_EXPRESSION_CHARS},
        ],
    },
    Single.SOURCE: {
        "description": "A field's id, \"'a text'\", a number, true or false, or a template.",
        "anyOf": [
            {"type": ["number", "boolean"]},
            {"type": "string", "pattern": rf"^(?:{rule_keys.FIELD_ID.pattern}|'[\s\S]*'|[\s\S]*\{{\{{[\s\S]*)$"},
        ],
    },
}


def only(key: str, *words: str) -> dict[str, Any]:
    """Return the condition that a key is one of some words."""
    return {"required": [key], "properties": {key: {"enum": list(words)}}}


def fitting(shape: Shape) -> dict[str, Any]:
    """Return which option goes with which type, and which a type must have."""
    options = {
        option: {"properties": {"type": {"enum": [type_ for type_ in FieldType if option in keys.TYPE_OPTIONS[type_]]}}}
        for option in shape.keys
        if any(option in known for known in keys.TYPE_OPTIONS.values())
    }
    if "searchable" in shape.keys:
        options["searchable"] = {"properties": {"type": {"enum": [t for t in FieldType if t in SIMPLE_TYPES]}}}
    return {
        "dependentSchemas": options,
        "allOf": [
            {"if": only("type", type_), "then": _needed(shape, required)}
            for type_, required in keys.REQUIRED_OPTIONS.items()
        ],
    }


def _needed(shape: Shape, required: Sequence[str]) -> dict[str, Any]:
    """Return the condition that options are there; a field may have its options from elsewhere."""
    if required == ("options",) and "options_from" in shape.keys:
        return {"anyOf": [_with("options"), _with("options_from")]}
    return {"required": list(required)}


_OTHERWISE = {"otherwise": only("on_failure", "continue")}


def _with(key: str) -> dict[str, Any]:
    return {"required": [key]}


BETWEEN: Sequence[tuple[Shape, Mapping[str, Any]]] = (
    (keys.FIELD, fitting(keys.FIELD)),
    (keys.COLUMN, fitting(keys.COLUMN)),
    (
        keys.SERVICE.shapes["instance"],
        {
            "dependentSchemas": _OTHERWISE,
            "allOf": [
                {"if": only("do", "update", "get"), "then": {"required": ["identifier"]}},
                {"if": only("do", "create"), "then": {"properties": {"identifier": False}}},
            ],
        },
    ),
    (
        keys.SERVICE.shapes["rest"],
        {
            "dependentSchemas": {
                **_OTHERWISE,
                "text": only("body", "text"),
                "type": only("body", "text"),
                "file": only("body", "file"),
            },
            "allOf": [
                {"if": only("body", "text"), "then": {"required": ["text"]}},
                {"if": only("body", "file"), "then": {"required": ["file"]}},
            ],
        },
    ),
    (keys.OUTPUT, {"dependentSchemas": {"required": {"anyOf": [_with("binary"), _with("file"), _with("values")]}}}),
    *((keys.SERVICE.shapes[kind], {"dependentSchemas": _OTHERWISE}) for kind in ("files", "mail", "message")),
)
"""What holds between the keys of a shape."""


def schema(kind: Kind) -> dict[str, Any]:
    """Return the schema of a kind, or a reference to it."""
    name = next((name for name, known in NAMED.items() if known == kind), None)
    return written(kind) if name is None else {"$ref": f"#/$defs/{name}"}


def written(kind: Kind) -> dict[str, Any]:
    """Return the schema of a kind."""
    match kind:
        case Text() | Whole() | Single() | OneOf():
            return _scalar(kind)
        case Texts() | Each():
            items = schema(kind.shape) if isinstance(kind, Each) else {"type": "string", **_pattern(kind)}
            least = {"minItems": kind.shortest} if kind.shortest else {}
            return {"type": "array", **least, "maxItems": kind.longest, "items": items}
        case Shape():
            return {"anyOf": [{"enum": list(kind.words)}, _mapping(kind)]} if kind.words else _mapping(kind)
        case Choice():
            return _choice(kind)
        case Pairs():
            return _pairs(kind)
        case WordOr():
            return {"anyOf": [schema(kind.words), schema(kind.shape)]}


def _scalar(kind: Text | Whole | Single | OneOf) -> dict[str, Any]:
    match kind:
        case Text():
            least = {"minLength": kind.shortest} if kind.shortest and kind.shape is None else {}
            return {"type": "string", **least, "maxLength": kind.longest, **_pattern(kind)}
        case Whole():
            return {"type": "integer", "minimum": kind.low, "maximum": kind.high}
        case Single():
            return dict(SINGLES[kind])
        case OneOf():
            return {"enum": list(kind.words)}


def _pattern(kind: Text | Texts) -> dict[str, str]:
    return {} if kind.shape is None else {"pattern": f"^(?:{kind.shape.pattern})$"}


def _mapping(shape: Shape, also: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of a mapping that may have keys beside those of its shape."""
    properties = {key: schema(kind) for key, kind in shape.keys.items()}
    for key, text in shape.about.items():
        properties[key] = {"description": text, **properties[key]}
    return {
        "type": "object",
        **({"required": list(shape.required)} if shape.required else {}),
        "properties": {**(also or {}), **properties},
        "additionalProperties": shape.is_open,
        **next((more for known, more in BETWEEN if known is shape), {}),
    }


def _choice(choice: Choice) -> dict[str, Any]:
    words = {choice.by: {"enum": list(choice.shapes)}}
    always = {key: schema(kind) for key, kind in choice.always.items()}
    return {
        "type": "object",
        "required": [choice.by],
        "properties": {**words, **always},
        "allOf": [
            {"if": only(choice.by, word), "then": _mapping(shape, {choice.by: True, **always})}
            for word, shape in choice.shapes.items()
        ],
    }


def _pairs(pairs: Pairs) -> dict[str, Any]:
    if pairs.or_all:
        return {"anyOf": [{"const": ALL}, schema(replace(pairs, or_all=False))]}
    limits = {} if pairs.longest is None else {"maxProperties": pairs.longest}
    names = {} if pairs.names is None else {"propertyNames": schema(pairs.names)}
    return {"type": "object", **limits, **names, "additionalProperties": schema(pairs.values)}


def render() -> str:
    """Return the file."""
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://satchel.example/schemas/app.schema.json",
        "title": "Satchel app",
        "description": "The data side of a Satchel app: app.yaml of an app bundle.",
        **written(keys.TOP),
        "$defs": {name: written(kind) for name, kind in NAMED.items()},
    }
    return laid_out(whole, 0) + "\n"


def laid_out(value: object, indent: int) -> str:
    """Return JSON whose parts stand on one line where they fit."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or indent + len(line) <= WIDTH:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + laid_out(item, indent + 2) for item in value) + "\n" + " " * indent + "]"
    entries = (f"{inner}{json.dumps(key)}: {laid_out(item, indent + 2)}" for key, item in value.items())
    return "{\n" + ",\n".join(entries) + "\n" + " " * indent + "}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
