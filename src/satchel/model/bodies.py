"""Values in the bodies of calls: one rendering for templates and parameters, by the place where a value stands.

In JSON, a value outside of a string literal is a JSON value, whole and quoted where it has to be; inside of one, in XML
and in plain text it is text, escaped for that place. So no value can break the document around it, whatever it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import cast
from xml.sax.saxutils import escape

from satchel.model.fields import Field, FieldType
from satchel.model.safe_xml import DoctypeError, XMLSyntaxError, parse_xml
from satchel.model.search.criteria import NOT_IN_XML
from satchel.model.services import TextKind
from satchel.model.template import Placeholder, Template, as_text
from satchel.model.values import typed_value, whole_rows

_SAMPLES: Mapping[FieldType, object] = {
    FieldType.DECIMAL: Decimal("1.50"),
    FieldType.INTEGER: 1,
    FieldType.BOOLEAN: True,
    FieldType.RATING: 1,
    FieldType.USER: 1,
    FieldType.GROUP: 1,
    FieldType.CHOICES: ["sample"],
}


def value_of(field: Field, stored: object) -> object:
    """Return a field's stored value as calls send it: typed, and a table with every cell (see `whole_rows`).

    An empty table or list of choices is an empty list, any other nothing is None.
    """
    if field.type is FieldType.TABLE:
        return whole_rows(field, stored)
    return [] if stored is None and field.type is FieldType.CHOICES else typed_value(field, stored)


def plain(value: object) -> object:
    """Return a value as JSON data: decimals, dates and times as text."""
    if isinstance(value, Decimal | datetime | date | time):
        return as_text(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("Sequence[object]", value)]
    return value


def text_of(value: object) -> str:
    """Return a value as text: tables and what describes files as compact JSON, nothing where there is nothing."""
    if isinstance(value, Mapping):
        return _json(cast("Mapping[str, object]", value))
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return _json(items) if any(isinstance(item, Mapping) for item in items) else as_text(list(items))
    return as_text(value)


def fill(template: Template, kind: TextKind, value: Callable[[str], object]) -> str:
    """Return a body with every value of its template in the form that its place has.

    Args:
        template: the text.
        kind: of the document.
        value: gives the value of a name, as `value_of` does.
    """
    written: list[str] = []
    for part, is_literal in _parts(template, kind):
        if isinstance(part, str):
            written.append(part)
        elif kind is TextKind.JSON and not is_literal:
            written.append(_json_value(value(part.name)))
        else:
            written.append(escaped(text_of(value(part.name)), kind))
    return "".join(written)


def fill_some(template: Template, kind: TextKind, values: Mapping[str, str]) -> Template:
    """Return a body's template with these values in the form that their places have; the other names stay."""
    parts: list[str | Placeholder] = []
    for part, is_literal in _parts(template, kind):
        if isinstance(part, str) or part.name not in values:
            parts.append(part)
        elif kind is TextKind.JSON and not is_literal:
            parts.append(_json(values[part.name]))
        else:
            parts.append(escaped(values[part.name], kind))
    return Template(parts=tuple(parts))


def escaped(text: str, kind: TextKind) -> str:
    """Return a text as it stands in a JSON string literal, in XML or in plain text."""
    match kind:
        case TextKind.JSON:
            return json.dumps(text, ensure_ascii=False)[1:-1]
        case TextKind.XML:
            return escape(NOT_IN_XML.sub("\ufffd", text), {'"': "&quot;", "'": "&apos;"})
        case TextKind.PLAIN:
            return text


def fault_of(template: Template, kind: TextKind, fields: Mapping[str, Field]) -> str | None:
    """Return what keeps a body from being a document of its kind when it is filled with samples, or None."""
    filled = fill(template, kind, lambda name: _sample(fields.get(name)))
    try:
        if kind is TextKind.JSON:
            json.loads(filled)
        elif kind is TextKind.XML:
            parse_xml(filled.encode())
    except json.JSONDecodeError as error:
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    except DoctypeError:
        return "it has a DOCTYPE or declares entities"
    except XMLSyntaxError as error:
        return str(error)[:200]
    return None


def _sample(field: Field | None) -> object:
    if field is None:
        return "sample"
    if field.is_file_type:
        return {"name": "sample"} if field.files is not None and field.files.max_files == 1 else [{"name": "sample"}]
    if field.type is FieldType.TABLE:
        return [{column.id: "sample" for column in field.columns}]
    return _SAMPLES.get(field.type, "sample")


def _parts(template: Template, kind: TextKind) -> Iterator[tuple[str | Placeholder, bool]]:
    """Yield each part and whether it stands inside of a JSON string literal."""
    is_literal = is_escaped = False
    for part in template.parts:
        yield part, is_literal
        if kind is not TextKind.JSON or not isinstance(part, str):
            is_escaped = False
            continue
        for character in part:
            if character == '"' and not is_escaped:
                is_literal = not is_literal
            is_escaped = is_literal and character == "\\" and not is_escaped


def _json_value(value: object) -> str:
    """Return a value as JSON; a decimal by itself is a number with the digits that it has."""
    return as_text(value) if isinstance(value, Decimal) else _json(value)


def _json(value: object) -> str:
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
