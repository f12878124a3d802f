"""Our instances as their objects: columns with names and types, cells as text; and their field maps as our values."""

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import cast

from satchel.actions.context import Context
from satchel.actions.identity import accounts
from satchel.actions.lists.by_any_field import ListColumn, Names
from satchel.model.actor import Actor
from satchel.model.app import COMMENT, Manifest
from satchel.model.errors import InvalidRequest
from satchel.model.fields import Field, FieldType
from satchel.model.files import File
from satchel.model.instance import Instance, InstanceState
from satchel.model.values import whole_rows
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.errors import unknown_field
from satchel.surfaces.alloy.inputs import plain_text
from satchel.surfaces.alloy.names import guid, oid, read_person

STATES: Mapping[InstanceState, str] = {state: state.value.capitalize() for state in InstanceState}
"""What an object's Status says."""

_TYPES: Mapping[FieldType, str] = {
    FieldType.INTEGER: "int",
    FieldType.RATING: "int",
    FieldType.DECIMAL: "decimal",
    FieldType.BOOLEAN: "bool",
    FieldType.DATE: "datetime",
    FieldType.DATETIME: "datetime",
}
"""Of every other field it is `string`."""

_OWN: tuple[tuple[str, str, str, str], ...] = (
    ("ID", "guid", "ID", "uuid"),
    ("OID", "string", "OID", "number"),
    ("Summary", "string", "Summary", "title"),
    ("Status", "string", "Status", "state"),
    ("Created_Date", "datetime", "Created Date", "started_at"),
    ("Closed_Date", "datetime", "Closed Date", "ended_at"),
    ("Created_By", "string", "Created By", "starter"),
)
"""Name, type and caption of what every object has, and what it is of ours."""

_ALWAYS_OURS = ("id", "oid")
_ALIASES = {"ticket": "oid"}
"""Classes of tickets call their OID so."""

_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})
MAX_HTML_CHARS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectField:
    """One field of an object as clients know it."""

    name: str
    type: str
    caption: str
    column: ListColumn

    @property
    def declared(self) -> dict[str, str]:
        """The field at the head of a list."""
        return {"Name": self.name, "DataType": self.type, "Caption": self.caption}


def object_fields(manifest: Manifest) -> list[ObjectField]:
    """Return the fields of a class: ours first, except where the app has one of that name; then the app's, in order."""
    fields = [field for field in manifest.fields if field.type is not FieldType.SEPARATOR]
    taken = {str(field.id).casefold() for field in fields}
    found = [
        ObjectField(name=name, type=type_, caption=caption, column=ListColumn(own=own))
        for name, type_, caption, own in _OWN
        if name.casefold() in _ALWAYS_OURS or name.casefold() not in taken
    ]
    for field in fields:
        name = f"{field.id}_" if field.id in _ALWAYS_OURS else str(field.id)
        type_ = _TYPES.get(field.type, "string")
        found.append(ObjectField(name=name, type=type_, caption=field.label, column=ListColumn(field=field)))
    return found


def field_named(fields: Sequence[ObjectField], name: str) -> ObjectField:
    """Return a field by its name, or by what people see of it.

    Raises:
        Refused: there is none.
    """
    key = name.strip().casefold()
    known = {field.name.casefold(): field for field in fields}
    found = known.get(key) or known.get(_ALIASES.get(key, key))
    if found is None:
        found = next((field for field in fields if field.caption.casefold() == key), None)
    if found is None:
        raise unknown_field(name)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Makes texts of one instance's values.

    Attributes:
        code: of its app.
        is_html: whether texts of several lines are HTML.
    """

    actor: Actor
    code: str
    instance: Instance
    values: Mapping[str, object]
    files: Sequence[File]
    names: Names
    is_html: bool

    def text(self, field: ObjectField) -> str:
        """Return what a field holds; empty for nothing."""
        known = field.column.field
        if known is None:
            return self._own(field.column.own or "")
        if known.is_file_type:
            return ", ".join(file.name for file in self.files if file.field_id == known.id)
        value = self.values.get(known.id)
        return "" if value is None else self._value(known, value)

    def _own(self, name: str) -> str:
        one = self.instance
        match name:
            case "uuid":
                return guid(one.uuid)
            case "number":
                return oid(self.code, one.number)
            case "state":
                return STATES[one.state]
            case "started_at" | "ended_at":
                return outputs.moment(self.actor, one.started_at if name == "started_at" else one.ended_at)
            case "starter":
                return self.names.users.get(one.starter_id or 0, "")
            case _:
                return one.title

    def _value(self, field: Field, value: object) -> str:
        match field.type:
            case FieldType.MULTILINE if self.is_html:
                shown = as_html(str(value))
            case FieldType.CHOICE | FieldType.CHOICES:
                labels = {option.id: option.label for option in field.limits.options}
                chosen = cast("list[str]", value) if isinstance(value, list) else [str(value)]
                shown = ", ".join(labels.get(one, one) for one in chosen)
            case FieldType.USER:
                shown = self.names.users.get(cast("int", value), str(value))
            case FieldType.GROUP:
                shown = self.names.groups.get(cast("int", value), str(value))
            case FieldType.DATETIME:
                shown = outputs.moment(self.actor, datetime.fromisoformat(str(value)))
            case FieldType.BOOLEAN:
                shown = "true" if value else "false"
            case FieldType.TABLE:
                shown = json.dumps(whole_rows(field, value), ensure_ascii=False, separators=(",", ":"))
            case _:
                shown = str(value)
        return shown


def as_html(text: str) -> str:
    """Return a plain text as HTML."""
    return f"<p>{html.escape(text, quote=False).replace(chr(10), '<br>')}</p>"


class _Texts(HTMLParser):
    """Gathers the text of HTML; blocks begin new lines, scripts and styles are left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "br" or (tag in _BLOCKS and self.pieces and not self.pieces[-1].endswith("\n")):
            self.pieces.append("\n")
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def from_html(text: str) -> str:
    """Return the plain text of HTML; a text that has neither tags nor references stays as it is.

    Raises:
        InvalidRequest: it is too long to be read.
    """
    if "<" not in text and "&" not in text:
        return text
    if len(text) > MAX_HTML_CHARS:
        raise InvalidRequest(f"A text has more than {MAX_HTML_CHARS} characters.")
    reader = _Texts()
    reader.feed(text)
    reader.close()
    return "".join(reader.pieces).strip("\n")


async def read_values(
    context: Context, actor: Actor, manifest: Manifest, given: Mapping[str, object], *, is_html: bool
) -> tuple[dict[str, object], str | None]:
    """Return a field map as our values by field id, and the comment among them, if any.

    Args:
        context: of the server.
        actor: who fills in.
        manifest: of the app.
        given: names or labels, in any case, and values; a dotted name counts by its last part only for the comment.
        is_html: whether texts of several lines are HTML.

    Raises:
        Refused: there is no such field.
        InvalidRequest: a field is named twice, or a value has no form that its field takes.
    """
    fields = object_fields(manifest)
    values: dict[str, object] = {}
    comment: str | None = None
    for name, value in given.items():
        if name.casefold() in (COMMENT, f"activity.{COMMENT}"):
            if comment is not None:
                raise InvalidRequest("The comment is given twice.", pointer=f"/{name}")
            comment = plain_text(name, value)
            continue
        field = field_named(fields, name).column.field
        if field is None or field.is_file_type:
            raise unknown_field(name)
        if field.id in values:
            raise InvalidRequest(f"The field {field.id} is given twice.", pointer=f"/{name[:80]}")
        values[field.id] = await _value(context, actor, field, value, is_html=is_html)
    return values, comment


async def _value(context: Context, actor: Actor, field: Field, value: object, *, is_html: bool) -> object:
    if field.type is FieldType.TABLE:
        return value
    if field.type is FieldType.CHOICES:
        listed = cast("list[object]", value) if isinstance(value, list) else plain_text(field.id, value).split(",")
        return [_option(field, plain_text(field.id, one).strip()) for one in listed if one not in ("", None)]
    text = plain_text(field.id, value)
    match field.type:
        case FieldType.BOOLEAN:
            text = {"1": "true", "0": "false"}.get(text.strip(), text.strip().lower())
        case FieldType.USER | FieldType.GROUP:
            text = await _person(context, actor, field, text.strip())
        case FieldType.CHOICE:
            text = _option(field, text.strip())
        case FieldType.MULTILINE if is_html:
            text = from_html(text)
        case _:
            pass
    return text


def _option(field: Field, text: str) -> str:
    labels = {option.label.casefold(): option.id for option in field.limits.options}
    return labels.get(text.casefold(), text)


async def _person(context: Context, actor: Actor, field: Field, text: str) -> str:
    """Return the number of a user or group by OID, GUID or name; what names nobody is left for the field to refuse."""
    if field.type is FieldType.GROUP:
        groups = (await accounts.people(context, actor)).groups
        return next((str(group.id) for group in groups if group.name.casefold() == text.casefold()), text)
    user = read_person(text)
    if user is not None:
        return str(user)
    found = await accounts.users_called(context, actor, text)
    return str(found[0]) if len(found) == 1 else text
