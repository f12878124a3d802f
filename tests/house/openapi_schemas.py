"""JSON schemas of an OpenAPI 3.1 document as lists of variants, so that two schemas can be compared.

A variant is one JSON type with the keywords that apply to it: `{"type": ["string", "null"]}` has two, and so has
`anyOf` of a string and null. References are followed, `allOf` is merged, `const` becomes an `enum` of one value. Only
keywords that restrict a value are kept. A component that refers to itself is followed once.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]

ANY = "any"
SCHEMAS = "#/components/schemas/"

NUMERIC = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
TEXTUAL = {"minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType"}
LISTED = {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"}
KEYED = {
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
}
ANY_TYPE = {"enum", "format", "not", "if", "then", "else"}
APPLIES = {
    "integer": NUMERIC | ANY_TYPE,
    "number": NUMERIC | ANY_TYPE,
    "string": TEXTUAL | ANY_TYPE,
    "array": LISTED | ANY_TYPE,
    "object": KEYED | ANY_TYPE,
    "boolean": ANY_TYPE,
    "null": set[str](),
    ANY: NUMERIC | TEXTUAL | LISTED | KEYED | ANY_TYPE,
}
LOWEST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
HIGHEST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One JSON type that a schema allows.

    Attributes:
        kind: the JSON type, or `ANY`.
        keywords: what restricts a value of that type.
        origin: the component that it comes from unchanged, with its position there; or empty.
    """

    kind: str
    keywords: Node
    origin: str = ""

    @property
    def values(self) -> list[Any] | None:
        """The values that are allowed, where they are listed."""
        found: list[Any] | None = self.keywords.get("enum")
        return found

    @property
    def constants(self) -> dict[str, str]:
        """The members that can have one value only, which tells alternatives of an object apart."""
        members: Node = self.keywords.get("properties", {})
        return {name: text(only) for name, member in members.items() if (only := _only_value(member)) is not None}


def text(value: object) -> str:
    """Return JSON in a form that is equal for equal values."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def follow(document: Node, node: Node) -> Node:
    """Return what a parameter, a reply or another part stands for, through references.

    Raises:
        KeyError: a reference names a part that the document does not have.
    """
    seen: set[str] = set()
    while "$ref" in node and node["$ref"] not in seen:
        seen.add(node["$ref"])
        node = _at(document, node["$ref"])
    return node


def component_of(schema: object) -> str | None:
    """Return the component that a schema is and nothing else, or None."""
    if not isinstance(schema, Mapping):
        return None
    reference = schema.get("$ref", "")
    if not reference.startswith(SCHEMAS) or set(schema) - {"$ref", "description", "title", "default"}:
        return None
    return str(reference.removeprefix(SCHEMAS))


def variants(document: Node, schema: object, seen: frozenset[str] = frozenset()) -> list[Variant]:
    """Return the variants of a schema; none where it allows no value at all.

    Raises:
        KeyError: a reference names a part that the document does not have.
    """
    if not isinstance(schema, Mapping):
        return [] if schema is False else [Variant(kind=ANY, keywords={})]
    parts: list[list[Variant]] = []
    reference = schema.get("$ref")
    if reference is not None:
        if reference in seen:
            return [Variant(kind=ANY, keywords={})]
        parts.append(variants(document, _at(document, reference), seen | {reference}))
    parts += [variants(document, part, seen) for part in schema.get("allOf", ())]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            parts.append(_joined(one for part in schema[word] for one in variants(document, part, seen)))
    own = _own(schema)
    if own is not None or not parts:
        parts.append([Variant(kind=ANY, keywords={})] if own is None else own)
    found = parts[0]
    for more in parts[1:]:
        found = [both for one in found for other in more if (both := _merged(one, other)) is not None]
    name = component_of(schema)
    if name is not None:
        found = [Variant(kind=one.kind, keywords=one.keywords, origin=f"{name}#{n}") for n, one in enumerate(found)]
    return _joined(found)


def said(found: Iterable[Variant]) -> str:
    """Return variants as a person would write them: `string (date-time) or null`."""
    texts = [_said(one) for one in found]
    return " or ".join(dict.fromkeys(texts)) or "nothing"


def _said(one: Variant) -> str:
    if one.origin and one.kind in ("object", "array"):
        return one.origin.partition("#")[0]
    if one.values is not None:
        return " | ".join(text(value) for value in one.values)
    if one.constants:
        return f"{one.kind} ({', '.join(f'{name} {value}' for name, value in one.constants.items())})"
    form = one.keywords.get("format")
    return f"{one.kind} ({form})" if form else one.kind


def _at(document: Node, reference: str) -> Any:
    if not reference.startswith("#/"):
        raise KeyError(f"{reference} leads out of the document")
    found: Any = document
    for step in reference[2:].split("/"):
        try:
            found = found[step.replace("~1", "/").replace("~0", "~")]
        except (KeyError, TypeError):
            raise KeyError(f"{reference} leads nowhere") from None
    return found


def _only_value(member: object) -> Any:
    if not isinstance(member, Mapping):
        return None
    values = member.get("enum", ())
    return member["const"] if "const" in member else values[0] if len(values) == 1 else None


def _own(schema: Node) -> list[Variant] | None:
    """Return the variants that a schema's own keywords allow, or None where they restrict nothing."""
    keywords = {name: value for name, value in schema.items() if name in APPLIES[ANY]}
    if "const" in schema:
        keywords["enum"] = [schema["const"]]
    kinds = schema.get("type") or _kinds_of(keywords)
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if not kinds:
        return [Variant(kind=ANY, keywords=keywords)] if keywords else None
    found = []
    for kind in kinds:
        kept = {name: value for name, value in keywords.items() if name in APPLIES[kind] - {"enum"}}
        if "enum" in keywords:
            values = [value for value in keywords["enum"] if _fits(value, kind)]
            if not values:
                continue
            kept |= {} if kind == "null" or (kind, len(values)) == ("boolean", 2) else {"enum": values}
        found.append(Variant(kind=kind, keywords=_closed(kind, kept)))
    return found


def _kinds_of(keywords: Node) -> list[str]:
    """Return the types that keywords speak of, where a schema names none."""
    if "enum" in keywords:
        return list(dict.fromkeys(_kind(value) for value in keywords["enum"]))
    for kind, words in (("object", KEYED), ("array", LISTED), ("string", TEXTUAL | {"format"}), ("number", NUMERIC)):
        if words & set(keywords):
            return [kind]
    return []


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def _fits(value: object, kind: str) -> bool:
    return kind in (ANY, _kind(value)) or (kind == "number" and _kind(value) == "integer")


def _closed(kind: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return an integer's limits as inclusive ones: `exclusiveMinimum: 0` says the same as `minimum: 1`."""
    if kind == "integer":
        for word, closed, step, tighter in (
            ("exclusiveMinimum", "minimum", 1, max),
            ("exclusiveMaximum", "maximum", -1, min),
        ):
            if word in keywords:
                limit = keywords.pop(word) + step
                keywords[closed] = tighter(limit, keywords.get(closed, limit))
    return keywords


def _joined(found: Iterable[Variant]) -> list[Variant]:
    """Return variants with the values of one type in one list: `oneOf` constants are an `enum`."""
    listed: dict[str, Variant] = {}
    rest: list[Variant] = []
    for one in found:
        if set(one.keywords) != {"enum"} or one.origin:
            rest += [one] if one not in rest else []
        elif one.kind in listed:
            values = (listed[one.kind].values or []) + (one.values or [])
            unique = list({text(value): value for value in values}.values())
            listed[one.kind] = Variant(kind=one.kind, keywords={"enum": unique})
        else:
            listed[one.kind] = one
    return [*listed.values(), *rest]


def _merged(one: Variant, other: Variant) -> Variant | None:
    """Return what both allow, or None where that is nothing."""
    kinds = {one.kind, other.kind} - {ANY}
    if kinds == {"integer", "number"}:
        kinds = {"integer"}
    if len(kinds) > 1:
        return None
    keywords = dict(one.keywords)
    for word, value in other.keywords.items():
        keywords[word] = _both(word, keywords[word], value) if word in keywords else value
    if keywords.get("enum") == []:
        return None
    return Variant(kind=next(iter(kinds), ANY), keywords=keywords)


def _both(word: str, one: Any, other: Any) -> Any:
    """Return a keyword's value that allows what both values allow; of two that cannot be joined, the second."""
    if word in ("properties", "patternProperties"):
        joined: Any = {**one, **other, **{name: {"allOf": [one[name], other[name]]} for name in one if name in other}}
    elif word == "required":
        joined = [*one, *(name for name in other if name not in one)]
    elif word == "enum":
        joined = [value for value in one if value in other]
    elif word in LOWEST | HIGHEST:
        joined = max(one, other) if word in LOWEST else min(one, other)
    elif word in ("items", "additionalProperties", "propertyNames", "unevaluatedProperties"):
        joined = False if False in (one, other) else {"allOf": [one, other]}
    else:
        joined = other
    return one if one == other else joined
