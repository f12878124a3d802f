"""Fields out of `app.yaml`: each type with the options that it knows, and no others."""

import re
from collections.abc import Mapping
from decimal import Decimal

from satchel.model.app import BUILT_IN_NAMES, COMMENT
from satchel.model.app_yaml.document import ListNode, MapNode, Node, ScalarNode
from satchel.model.app_yaml.section import Section
from satchel.model.fields import (
    DEFAULT_MAX_UNCLAIMED,
    FILE_TYPES,
    SIMPLE_TYPES,
    SLOTS_PER_KIND,
    Column,
    Field,
    FieldType,
    FileLimits,
    Limits,
    Option,
    SlotKind,
    slot_kind,
)
from satchel.model.ids import FIELDS_PER_APP, FieldId
from satchel.model.patterns import BadPatternError, check_pattern

CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}")
CODE_HINT = "use 1 to 16 of A-Z and 0-9, beginning with a letter."
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")
FIELD_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
FIELD_ID_HINT = "use a-z, 0-9 and _, beginning with a letter, at most 64 characters."
OPTION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
OPTION_ID_HINT = "use letters, digits, and _ . - inside, at most 64 characters."
RESERVED_NAMES = BUILT_IN_NAMES | {str(COMMENT)} | {"and", "or", "not", "in", "true", "false", "null", "outcome"}
"""What no field may be called: built-in names, the input `comment`, and words of expressions."""

MAX_LABEL_CHARS = 200
MAX_DESCRIPTION_CHARS = 2_000
MAX_TEXT_CHARS = 100_000
MAX_OPTIONS = 500
MAX_COLUMNS = 64
MAX_ROWS = 1_000
MAX_FILES = 10_000
MAX_UNCLAIMED = 1_000
MAX_STARS = 10
MAX_DECIMAL_PLACES = 20

_LENGTHS = ("min_length", "max_length")
_TIMES = ("disable_future", "disable_past")
_FILES = ("min_bytes", "max_bytes", "accept", "max_files", "max_unclaimed", "allow_links")
TYPE_OPTIONS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: (*_LENGTHS, "pattern"),
    FieldType.MULTILINE: (*_LENGTHS, "pattern"),
    FieldType.DECIMAL: ("min", "max", "digits"),
    FieldType.INTEGER: ("min", "max"),
    FieldType.BOOLEAN: (),
    FieldType.DATE: _TIMES,
    FieldType.DATETIME: _TIMES,
    FieldType.TIME: _TIMES,
    FieldType.CHOICE: ("options",),
    FieldType.CHOICES: ("options", "min_checked", "max_checked"),
    FieldType.RATING: ("max_stars",),
    FieldType.USER: (),
    FieldType.GROUP: (),
    FieldType.TABLE: ("columns", "max_rows"),
    FieldType.SEPARATOR: (),
    FieldType.FILE: _FILES,
    FieldType.PHOTO: _FILES,
    FieldType.SIGNATURE: tuple(option for option in _FILES if option not in ("max_files", "allow_links")),
    FieldType.LINK: _LENGTHS,
}
"""The options of each type, beside the keys that every field has."""

_EVERY = ("number", "id", "label", "type", "description")
_EVERY_COLUMN = ("id", "label", "type", "required")
_ALL_OPTIONS = frozenset(option for options in TYPE_OPTIONS.values() for option in options)
_ACCEPT = re.compile(r"\.[a-z0-9][a-z0-9.+_-]{0,31}|[a-z0-9][a-z0-9.+-]{0,63}/(?:\*|[a-z0-9][a-z0-9.+-]{0,127})")


def read_fields(top: Section) -> tuple[Field, ...]:
    """Read the list `fields`; what is wrong with any of them is noted, and that field may then be missing."""
    known = (*_EVERY, "searchable", *_ALL_OPTIONS)
    fields: list[Field] = []
    numbers: dict[int, int] = {}
    ids: dict[str, int] = {}
    for section in top.sections("fields", name="field", keys=known, longest=FIELDS_PER_APP):
        field = _field(section)
        if field is None:
            continue
        if field.number in numbers:
            first = numbers[field.number]
            section.note("duplicate_field", "number", f"has the number {field.number} of the field on line {first}.")
        if field.id in ids:
            section.note("duplicate_field", "id", f"has the id of the field on line {ids[field.id]}.")
        numbers.setdefault(field.number, section.line)
        ids.setdefault(field.id, section.line)
        fields.append(field)
    _check_searchable(fields, top)
    return tuple(fields)


def declared_ids(root: Node) -> frozenset[str]:
    """Return every field id that stands in a document, of fields with faults too: what names them is right to do so."""
    fields = root.entries.get("fields") if isinstance(root, MapNode) else None
    items = fields.items if isinstance(fields, ListNode) else []
    ids = (item.entries.get("id") for item in items if isinstance(item, MapNode))
    return frozenset(node.value for node in ids if isinstance(node, ScalarNode) and isinstance(node.value, str))


def _field(section: Section) -> Field | None:
    """Read one field, or note why it is none."""
    section.require("number", "id", "label", "type")
    field_id = section.text("id", longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
    if field_id is not None:
        section.name = f"The field {field_id}"
    if field_id in RESERVED_NAMES:
        section.note("reserved_name", "id", f"has a name that Satchel itself uses; call it {field_id}_ or otherwise.")
    number = section.integer("number", low=0, high=FIELDS_PER_APP - 1)
    label = section.text("label", longest=MAX_LABEL_CHARS)
    description = section.text("description", longest=MAX_DESCRIPTION_CHARS, shortest=0, lines=True) or ""
    searchable = section.boolean("searchable") or False
    type_name = section.one_of("type", tuple(FieldType))
    if type_name is None:
        return None
    type_ = FieldType(type_name)
    if "searchable" in section and type_ not in SIMPLE_TYPES:
        section.note("unknown_key", "searchable", f"is of type {type_}, which has no searchable.")
    _refuse_foreign_options(section, type_)
    limits = read_limits(section, type_)
    columns = _columns(section) if type_ is FieldType.TABLE else ()
    max_rows = section.integer("max_rows", low=1, high=MAX_ROWS) if type_ is FieldType.TABLE else None
    files = _file_limits(section, type_) if type_ in FILE_TYPES else None
    if number is None or field_id is None or label is None:
        return None
    return Field(
        number=number,
        id=FieldId(field_id),
        label=label,
        type=type_,
        description=description,
        searchable=searchable,
        limits=limits,
        columns=columns,
        max_rows=max_rows,
        files=files,
    )


def read_limits(section: Section, type_: FieldType) -> Limits:
    """Read the options of a simple type; options that are wrong are noted and left out."""
    if type_ in (FieldType.TEXT, FieldType.MULTILINE, FieldType.LINK):
        return _text_limits(section)
    if type_ in (FieldType.DECIMAL, FieldType.INTEGER):
        return _number_limits(section, type_)
    if type_ in (FieldType.DATE, FieldType.DATETIME, FieldType.TIME):
        return Limits(
            disable_future=section.boolean("disable_future") or False,
            disable_past=section.boolean("disable_past") or False,
        )
    if type_ in (FieldType.CHOICE, FieldType.CHOICES):
        return _choice_limits(section, type_)
    if type_ is FieldType.RATING:
        return Limits(max_stars=section.integer("max_stars", low=1, high=MAX_STARS) or Limits().max_stars)
    return Limits()


def _text_limits(section: Section) -> Limits:
    shortest = section.integer("min_length", low=0, high=MAX_TEXT_CHARS)
    longest = section.integer("max_length", low=1, high=MAX_TEXT_CHARS)
    _in_order(section, "min_length", shortest, "max_length", longest)
    pattern = section.text("pattern", longest=500)
    if pattern is not None:
        try:
            check_pattern(pattern)
        except BadPatternError as error:
            section.note(
                "pattern",
                "pattern",
                f"has a pattern that cannot be used: {error}. Look-around and back references are unknown here.",
            )
    return Limits(min_length=shortest, max_length=longest, pattern=pattern)


def _number_limits(section: Section, type_: FieldType) -> Limits:
    low, high = section.decimal("min"), section.decimal("max")
    _in_order(section, "min", low, "max", high)
    for key, limit in (("min", low), ("max", high)):
        if type_ is FieldType.INTEGER and limit is not None and limit != limit.to_integral_value():
            section.note("integer_limit", key, f"is an integer; its {key} {limit} must be whole.")
    digits = section.integer("digits", low=0, high=MAX_DECIMAL_PLACES) if type_ is FieldType.DECIMAL else None
    return Limits(min=low, max=high, digits=digits)


def _choice_limits(section: Section, type_: FieldType) -> Limits:
    section.require("options")
    options: list[Option] = []
    lines: dict[str, int] = {}
    for item in section.sections("options", name="option", keys=("id", "label"), longest=MAX_OPTIONS, shortest=1):
        item.require("id", "label")
        option_id = item.text("id", longest=64, shape=OPTION_ID, hint=OPTION_ID_HINT)
        label = item.text("label", longest=MAX_LABEL_CHARS)
        if option_id is None or label is None:
            continue
        if option_id in lines:
            item.note("duplicate_option", "id", f"has the id {option_id} of the option on line {lines[option_id]}.")
        lines[option_id] = item.line
        options.append(Option(id=option_id, label=label))
    if type_ is FieldType.CHOICE:
        return Limits(options=tuple(options))
    least = section.integer("min_checked", low=0, high=MAX_OPTIONS)
    most = section.integer("max_checked", low=1, high=MAX_OPTIONS)
    _in_order(section, "min_checked", least, "max_checked", most)
    for key, count in (("min_checked", least), ("max_checked", most)):
        if count is not None and options and count > len(options):
            section.note("limit_order", key, f"has {key} {count}, more than its {len(options)} options.")
    return Limits(options=tuple(options), min_checked=least, max_checked=most)


def _columns(section: Section) -> tuple[Column, ...]:
    """Read a table's columns."""
    section.require("columns")
    columns: list[Column] = []
    lines: dict[str, int] = {}
    known = (*_EVERY_COLUMN, *_ALL_OPTIONS)
    simple = tuple(str(type_) for type_ in SIMPLE_TYPES)
    for item in section.sections("columns", name="column", keys=known, longest=MAX_COLUMNS, shortest=1):
        item.require("id", "label", "type")
        column_id = item.text("id", longest=64, shape=FIELD_ID, hint=FIELD_ID_HINT)
        label = item.text("label", longest=MAX_LABEL_CHARS)
        type_name = item.one_of("type", simple)
        required = item.boolean("required") or False
        if type_name is None:
            continue
        type_ = FieldType(type_name)
        _refuse_foreign_options(item, type_)
        limits = read_limits(item, type_)
        if column_id is None or label is None:
            continue
        if column_id in lines:
            item.note("duplicate_column", "id", f"has the id {column_id} of the column on line {lines[column_id]}.")
        lines[column_id] = item.line
        columns.append(Column(id=column_id, label=label, type=type_, required=required, limits=limits))
    return tuple(columns)


def _file_limits(section: Section, type_: FieldType) -> FileLimits:
    """Read what the files of a field must keep to."""
    least = section.size_bytes("min_bytes")
    most = section.size_bytes("max_bytes")
    if most == 0:
        section.note("limit_order", "max_bytes", "has max_bytes 0, so that no file fits.")
    _in_order(section, "min_bytes", least, "max_bytes", most)
    accept: list[str] = []
    for text, line in section.texts("accept", longest=64, shortest=1):
        lowered = text.lower()
        if not _ACCEPT.fullmatch(lowered):
            section.findings.add(
                "format", line, f"{section.name} accepts {text[:80]!r}; write .pdf, application/pdf or image/*."
            )
        elif type_ is not FieldType.FILE and "/" in lowered and not lowered.startswith("image/"):
            section.findings.add("accept_image", line, f"{section.name} is a {type_}: only images fit, not {lowered}.")
        accept.append(lowered)
    is_signature = type_ is FieldType.SIGNATURE
    return FileLimits(
        min_bytes=least or 0,
        max_bytes=most,
        accept=tuple(dict.fromkeys(accept)),
        max_files=1 if is_signature else section.integer("max_files", low=1, high=MAX_FILES),
        max_unclaimed=section.integer("max_unclaimed", low=1, high=MAX_UNCLAIMED) or DEFAULT_MAX_UNCLAIMED,
        allow_links=False if is_signature else section.boolean("allow_links") or False,
    )


def _refuse_foreign_options(section: Section, type_: FieldType) -> None:
    """Note options that another type has and this one has not."""
    for key in sorted(_ALL_OPTIONS & set(section.node.entries) - set(TYPE_OPTIONS[type_])):
        having = ", ".join(sorted(other for other, options in TYPE_OPTIONS.items() if key in options))
        section.note("unknown_key", key, f"is of type {type_}, which has no {key} (only: {having}).")


def _in_order(
    section: Section, low_key: str, low: Decimal | int | None, high_key: str, high: Decimal | int | None
) -> None:
    """Note a lower limit that is above its upper one."""
    if low is not None and high is not None and low > high:
        section.note("limit_order", low_key, f"has {low_key} {low} above its {high_key} {high}, so that nothing fits.")


def _check_searchable(fields: list[Field], top: Section) -> None:
    """Note more searchable fields than there are columns to hold them."""
    searchable = [field for field in fields if field.searchable and field.type in SIMPLE_TYPES]
    for kind in SlotKind:
        same = [field.id for field in searchable if slot_kind(field.type) is kind]
        if len(same) > SLOTS_PER_KIND:
            top.note(
                "too_many_searchable",
                "fields",
                f"has {len(same)} searchable fields held as {kind} ({', '.join(same)}); {SLOTS_PER_KIND} are allowed.",
            )
