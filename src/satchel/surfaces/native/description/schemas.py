"""JSON schemas of the types that the native API reads and writes, with descriptions and examples."""

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import cast

import msgspec
from msgspec import inspect

from satchel.model.api.kinds import QueryString, schema_hook
from satchel.surfaces.kit.endpoints import Endpoint
from satchel.surfaces.native.description.examples import example_of

Json = dict[str, object]
Struct = type[msgspec.Struct]

_TEMPLATE = "#/components/schemas/{name}"
_ATTRIBUTES = re.compile(r"\n\s*Attributes:\n")
_ATTRIBUTE = re.compile(r"^ {4}([\w, ]+): ", re.MULTILINE)


def request_types(endpoints: Iterable[Endpoint]) -> list[Struct]:
    """Return the types of all JSON bodies that are taken, each once."""
    return list(dict.fromkeys(one.body for one in endpoints if one.body is not None))


def reply_types(endpoints: Iterable[Endpoint]) -> list[Struct]:
    """Return the types of all JSON bodies that are answered, each once."""
    found = (answer.body for one in endpoints for answer in one.answers)
    return list(dict.fromkeys(kind for kind in found if kind is not None))


def schemas_of(requests: Sequence[Struct], replies: Sequence[Struct]) -> dict[str, Json]:
    """Return the schema of each type and of those that it holds, by the type's name.

    Raises:
        TypeError: two types have the same name.
    """
    taken = _components(requests)
    answered = _components(replies)
    doubled = taken.keys() & answered.keys()
    if doubled:
        raise TypeError(f"two types of the API are called {', '.join(sorted(doubled))}")
    members = {kind.__name__: kind for kind in _structs(replies)}
    for name, schema in answered.items():
        fields = msgspec.structs.fields(members[name])
        required = {field.encode_name for field in fields if field.required}
        schema["required"] = sorted(required, key=list(_properties(schema)).index)
        schema["properties"] = {
            member: kind if member in required else _without_default(kind)
            for member, kind in _properties(schema).items()
        }
    found = {**taken, **answered}
    for schema in found.values():
        schema.pop("title", None)
        _describe(schema)
    for name, schema in found.items():
        schema["examples"] = [example_of(name, found)]
    return dict(sorted(found.items()))


def _components(kinds: Sequence[Struct]) -> dict[str, Json]:
    found = msgspec.json.schema_components(kinds, schema_hook=schema_hook, ref_template=_TEMPLATE)[1]
    for name in found:
        if not name.isidentifier():
            raise TypeError(f"two types of the API have the same name: {name}")
    return cast("dict[str, Json]", found)


def _structs(kinds: Iterable[Struct]) -> list[Struct]:
    """Return types and all that they hold."""
    found: dict[Struct, None] = {}

    def visit(kind: object) -> None:
        if isinstance(kind, inspect.StructType):
            if kind.cls not in found:
                found[kind.cls] = None
                for field in kind.fields:
                    visit(field.type)
            return
        for name in ("type", "item_type", "key_type", "value_type"):
            visit_if_there(kind, name)
        for one in getattr(kind, "types", ()):
            visit(one)

    def visit_if_there(kind: object, name: str) -> None:
        inner = getattr(kind, name, None)
        if isinstance(inner, inspect.Type):
            visit(inner)

    for kind in kinds:
        visit(inspect.type_info(kind))
    return list(found)


def _properties(schema: Json) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", schema.get("properties", {}))


def _describe(schema: Json) -> None:
    """Move what a docstring says of its attributes to the members."""
    text = cleandoc(str(schema.get("description", "")))
    head, *rest = _ATTRIBUTES.split(text, maxsplit=1)
    schema["description"] = " ".join(head.split())
    if not rest:
        return
    properties = _properties(schema)
    parts = _ATTRIBUTE.split(f"\n{rest[0]}")[1:]
    for names, told in zip(parts[::2], parts[1::2], strict=True):
        for name in names.split(", "):
            if name in properties:
                text = " ".join(told.split())
                properties[name]["description"] = text[:1].upper() + text[1:]


def parameters_of(kind: type[QueryString]) -> list[Json]:
    """Return the members of a query string as parameters."""
    schema = msgspec.json.schema_components([kind], schema_hook=schema_hook, ref_template=_TEMPLATE)[1][kind.__name__]
    required = set(cast("list[str]", schema.get("required", [])))
    found: list[Json] = []
    for name, member in _properties(schema).items():
        told = _without_null(member)
        description = told.pop("description", None)
        if told.get("default", "") is None:
            told.pop("default")
        if told.get("type") == "integer" and "pattern" in told:  # a cursor: text for the client, a number for us
            told = {"type": "string", "pattern": told["pattern"]}
        parameter: Json = {"name": name, "in": "query", "required": name in required, "schema": told}
        found.append(parameter if description is None else {**parameter, "description": description})
    return found


def _without_default(member: Json) -> Json:
    """Return the schema of a reply's member that is left out where it has its default."""
    return {name: value for name, value in _without_null(member).items() if name != "default"}


def _without_null(member: Json) -> Json:
    """Return a schema without the null that stands for what is left out."""
    told = dict(member)
    choices = told.pop("anyOf", None)
    if choices is not None:
        given = [one for one in cast("list[Json]", choices) if one != {"type": "null"}]
        told = {**told, **(given[0] if len(given) == 1 else {"anyOf": given})}
    if "enum" in told:
        told["enum"] = [word for word in cast("list[object]", told["enum"]) if word is not None]
        told.setdefault("type", "string")
    return told
