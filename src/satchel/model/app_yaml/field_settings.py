"""Fields of `app.yaml`: each type with its options, and no others."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from satchel.model.app import BUILT_IN_NAMES, COMMENT
from satchel.model.app_yaml.document import ListNode, MapNode, Node, ScalarNode
from satchel.model.app_yaml.keys import COLUMN, FIELD, REQUIRED_OPTIONS, TYPE_OPTIONS
from satchel.model.app_yaml.keys import MAX_STARS as MAX_STARS  # noqa: PLC0414  # surfaces say it
from satchel.model.app_yaml.keys import MAX_TEXT_CHARS as MAX_TEXT_CHARS  # noqa: PLC0414  # same
from satchel.model.app_yaml.rule_keys import FIELD_ID as FIELD_ID  # noqa: PLC0414  # surfaces name fields by it
from satchel.model.app_yaml.rule_settings import read_rules
from satchel.model.app_yaml.section import Section
from satchel.model.app_yaml.shapes import Shape
from satchel.model.fields import (
    DEFAULT_MAX_UNCLAIMED,
    FILE_TYPES,
    SIMPLE_TYPES,
    SLOTS_PER_KIND,
    Column,
    Field,
    FieldType,
    FileLimits,
    Option,
    SlotKind,
    ValueLimits,
    slot_kind,
)
from satchel.model.ids import FieldId
from satchel.model.patterns import BadPatternError, check_pattern
from satchel.model.rules import ListEntry

RESERVED_NAMES = BUILT_IN_NAMES | {str(COMMENT)} | {"and", "or", "not", "in", "true", "false", "null", "outcome"}
"""Names that no field may have: built-in names, the input `comment`, and keywords of expressions."""


def read_fields(top: Section, lists: Mapping[str, tuple[ListEntry, ...]]) -> tuple[Field, ...]:
    """Read the list `fields`; faults are noted, and a faulty field may be missing.

    A choice whose options come from one of `lists` has them as its own.
    """
    fields: list[Field] = []
    numbers: dict[int, int] = {}
    ids: dict[str, int] = {}
    for section in top.sections("fields"):
        field = _field(section)
        if field is None:
            continue
        field = _with_listed_options(section, field, lists)
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
    """Return every field id in a document, including those of faulty fields: references to them are valid."""
    fields = root.entries.get("fields") if isinstance(root, MapNode) else None
    items = fields.items if isinstance(fields, ListNode) else []
    ids = (item.entries.get("id") for item in items if isinstance(item, MapNode))
    return frozenset(node.value for node in ids if isinstance(node, ScalarNode) and isinstance(node.value, str))


def _field(section: Section) -> Field | None:
    """Read one field, or note its faults."""
    field_id = section.text("id")
    if field_id is not None:
        section.name = f"The field {field_id}"
    if field_id in RESERVED_NAMES:
        section.note("reserved_name", "id", f"has a reserved name; call it {field_id}_ or otherwise.")
    number, label = section.integer("number"), section.text("label")
    description = section.text("description") or ""
    searchable = section.boolean("searchable") or False
    type_name = section.one_of("type")
    if type_name is None:
        return None
    type_ = FieldType(type_name)
    if "searchable" in section and type_ not in SIMPLE_TYPES:
        section.note("unknown_key", "searchable", f"is of type {type_}, which has no searchable.")
    _check_options(section, type_, FIELD)
    limits = read_limits(section, type_)
    rules = read_rules(section)
    columns = _columns(section) if type_ is FieldType.TABLE else ()
    max_rows = section.integer("max_rows") if type_ is FieldType.TABLE else None
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
        rules=rules,
    )


def _with_listed_options(section: Section, field: Field, lists: Mapping[str, tuple[ListEntry, ...]]) -> Field:
    """Return a field with the options of the list that it names."""
    source = field.rules.options_from
    if source is None or field.type not in (FieldType.CHOICE, FieldType.CHOICES):
        return field
    if "options" in section:
        section.note("options_from", "options", "has options and options_from; keep one of them.")
    entries = lists.get(source.list_id or "", ())
    options = tuple(Option(id=entry.id, label=entry.label) for entry in entries)
    return replace(field, limits=replace(field.limits, options=options))


def read_limits(section: Section, type_: FieldType) -> ValueLimits:
    """Read the options of a simple type; faulty options are noted and left out."""
    if type_ in (FieldType.TEXT, FieldType.MULTILINE, FieldType.LINK):
        return _text_limits(section)
    if type_ in (FieldType.DECIMAL, FieldType.INTEGER):
        return _number_limits(section, type_)
    if type_ in (FieldType.DATE, FieldType.DATETIME, FieldType.TIME):
        return ValueLimits(
            disable_future=section.boolean("disable_future") or False,
            disable_past=section.boolean("disable_past") or False,
        )
    if type_ in (FieldType.CHOICE, FieldType.CHOICES):
        return _choice_limits(section, type_)
    if type_ is FieldType.RATING:
        return ValueLimits(max_stars=section.integer("max_stars") or ValueLimits().max_stars)
    return ValueLimits()


def _text_limits(section: Section) -> ValueLimits:
    shortest, longest = section.integer("min_length"), section.integer("max_length")
    _in_order(section, "min_length", shortest, "max_length", longest)
    pattern = section.text("pattern")
    if pattern is not None:
        try:
            check_pattern(pattern)
        except BadPatternError as error:
            section.note(
                "pattern",
                "pattern",
                f"has a pattern that cannot be used: {error}. Look-around and back references are not supported.",
            )
    return ValueLimits(min_length=shortest, max_length=longest, pattern=pattern)


def _number_limits(section: Section, type_: FieldType) -> ValueLimits:
    low, high = section.decimal("min"), section.decimal("max")
    _in_order(section, "min", low, "max", high)
    for key, limit in (("min", low), ("max", high)):
        if type_ is FieldType.INTEGER and limit is not None and limit != limit.to_integral_value():
            section.note("integer_limit", key, f"is an integer; its {key} {limit} must be whole.")
    digits = section.integer("digits") if type_ is FieldType.DECIMAL else None
    return ValueLimits(min=low, max=high, digits=digits)


def _choice_limits(section: Section, type_: FieldType) -> ValueLimits:
    options: list[Option] = []
    lines: dict[str, int] = {}
    for item in section.sections("options"):
        option_id, label = item.text("id"), item.text("label")
        if option_id is None or label is None:
            continue
        if option_id in lines:
            item.note("duplicate_option", "id", f"has the id {option_id} of the option on line {lines[option_id]}.")
        lines[option_id] = item.line
        options.append(Option(id=option_id, label=label))
    if type_ is FieldType.CHOICE:
        return ValueLimits(options=tuple(options))
    least, most = section.integer("min_checked"), section.integer("max_checked")
    _in_order(section, "min_checked", least, "max_checked", most)
    for key, count in (("min_checked", least), ("max_checked", most)):
        if count is not None and options and count > len(options):
            section.note("limit_order", key, f"has {key} {count}, more than its {len(options)} options.")
    return ValueLimits(options=tuple(options), min_checked=least, max_checked=most)


def _columns(section: Section) -> tuple[Column, ...]:
    """Read a table's columns."""
    columns: list[Column] = []
    lines: dict[str, int] = {}
    for item in section.sections("columns"):
        column_id, label = item.text("id"), item.text("label")
        type_name = item.one_of("type")
        required = item.boolean("required") or False
        if type_name is None:
            continue
        type_ = FieldType(type_name)
        _check_options(item, type_, COLUMN)
        limits = read_limits(item, type_)
        if column_id is None or label is None:
            continue
        if column_id in lines:
            item.note("duplicate_column", "id", f"has the id {column_id} of the column on line {lines[column_id]}.")
        lines[column_id] = item.line
        columns.append(Column(id=column_id, label=label, type=type_, required=required, limits=limits))
    return tuple(columns)


def _file_limits(section: Section, type_: FieldType) -> FileLimits:
    """Read the limits of a field's files."""
    least = section.size_bytes("min_bytes")
    most = section.size_bytes("max_bytes")
    if most == 0:
        section.note("limit_order", "max_bytes", "has max_bytes 0, so that no file is allowed.")
    _in_order(section, "min_bytes", least, "max_bytes", most)
    accept: list[str] = []
    for text, line in section.texts("accept"):
        lowered = text.lower()
        if type_ is not FieldType.FILE and "/" in lowered and not lowered.startswith("image/"):
            section.findings.add(
                "accept_image", line, f"{section.name} is a {type_}: only images are allowed, not {lowered}."
            )
        accept.append(lowered)
    is_signature = type_ is FieldType.SIGNATURE
    return FileLimits(
        min_bytes=least or 0,
        max_bytes=most,
        accept=tuple(dict.fromkeys(accept)),
        max_files=1 if is_signature else section.integer("max_files"),
        max_unclaimed=section.integer("max_unclaimed") or DEFAULT_MAX_UNCLAIMED,
        allow_links=False if is_signature else section.boolean("allow_links") or False,
    )


def _check_options(section: Section, type_: FieldType, shape: Shape) -> None:
    """Note options that belong to other types, and missing required ones."""
    options = {option for options in TYPE_OPTIONS.values() for option in options if option in shape.keys}
    for key in sorted(options & set(section.node.entries) - set(TYPE_OPTIONS[type_])):
        having = ", ".join(sorted(other for other, options in TYPE_OPTIONS.items() if key in options))
        section.note("unknown_key", key, f"is of type {type_}, which has no {key} (only: {having}).")
    needed = REQUIRED_OPTIONS.get(type_, ())
    section.require(*(key for key in needed if key != "options" or "options_from" not in section))


def _in_order(
    section: Section, low_key: str, low: Decimal | int | None, high_key: str, high: Decimal | int | None
) -> None:
    """Note a lower limit that is above its upper one."""
    if low is not None and high is not None and low > high:
        section.note(
            "limit_order", low_key, f"has {low_key} {low} above its {high_key} {high}, so that nothing is allowed."
        )


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
