"""Fields and their values: ours as theirs and back.

Types that they have not (numbers, booleans, moments, times, people) stand as `text`; tables are not shown.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from satchel.model.app import Access, TaskForm
from satchel.model.app_yaml.field_settings import MAX_TEXT_CHARS
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.fields import Field, FieldType, FileLimits
from satchel.model.template import as_text
from satchel.surfaces.navixy import names
from satchel.surfaces.navixy.outputs import without_nulls

MAX_FILE_BYTES = 16_777_216
MAX_UNSUBMITTED = 6
MAX_FIELDS = 128
MAX_FILE_FIELDS = 16
"""Their platform's caps: of one file, of the unsubmitted files of one field, of the fields of one template,
and of those of them that are of type file."""

IMAGE_TYPES = ("image/jpeg", "image/pjpeg", "image/png", "image/gif", "image/webp")
"""What is an image to them; by its bytes, a `pjpeg` is a `jpeg`."""

_TYPES = {
    FieldType.CHOICE: "dropdown",
    FieldType.CHOICES: "checkbox_group",
    FieldType.DATE: "date",
    FieldType.RATING: "rating",
    FieldType.FILE: "file",
    FieldType.PHOTO: "photo",
    FieldType.SIGNATURE: "signature",
    FieldType.SEPARATOR: "separator",
}
"""Their names of our types; any other is `text`."""

_CHOICES = ("dropdown", "radio_group")


RADIO = "radio"
"""How the ids of a choice's options begin that stands as a group of radio buttons; any other is a dropdown."""


def type_name(field: Field) -> str:
    """Return the type that a field has for them."""
    if field.type is FieldType.CHOICE and all(option.id.startswith(RADIO) for option in field.limits.options):
        return "radio_group"
    return _TYPES.get(field.type, "text")


def shown(fields: Sequence[Field], form: TaskForm) -> list[Field]:
    """Return the fields that a form shows, in the app's order."""
    return [
        field
        for field in fields
        if field.type is not FieldType.TABLE and form.fields.get(field.id, Access.HIDE) is not Access.HIDE
    ]


def field(declared: Field, *, required: bool) -> dict[str, object]:
    """Return a field with its limits."""
    return without_nulls(
        {
            "id": names.to_theirs(declared.id),
            "label": declared.label[:100],
            "description": declared.description[:512] or None,
            "required": required,
            "type": type_name(declared),
            **_limits(declared),
        }
    )


def _limits(declared: Field) -> dict[str, object]:
    limits, name = declared.limits, type_name(declared)
    options = [{"label": option.label} for option in limits.options]
    if declared.files is not None:
        return _file_limits(name, declared.files)
    if name == "text":
        return {"min_length": limits.min_length or 0, "max_length": limits.max_length or MAX_TEXT_CHARS}
    if name in _CHOICES:
        return {"options": options}
    if name == "checkbox_group":
        most = len(options) if limits.max_checked is None else limits.max_checked
        return {"group": options, "min_checked": limits.min_checked or 0, "max_checked": most}
    if name == "date":
        return {"disable_future": limits.disable_future, "disable_past": limits.disable_past}
    return {"max_stars": limits.max_stars} if name == "rating" else {}


def _file_limits(name: str, files: FileLimits) -> dict[str, object]:
    if name == "photo":
        return {"max_files": min(files.max_files or MAX_UNSUBMITTED, MAX_UNSUBMITTED)}
    if name == "signature":
        return {}
    accept = [one.removeprefix(".") for one in files.accept if one.startswith(".")]
    return {
        "max_file_size": min(files.max_bytes or MAX_FILE_BYTES, MAX_FILE_BYTES),
        "min_file_size": files.min_bytes,
        "allowed_extensions": accept if accept and len(accept) == len(files.accept) else None,
    }


def value(declared: Field, stored: object, files: list[int]) -> dict[str, object] | None:
    """Return a field's value, or None where it has none."""
    name = type_name(declared)
    if declared.is_file_type:
        if not files:
            return None
        return {"type": name, "file_id": files[0]} if name == "signature" else {"type": name, "file_ids": files}
    if stored is None or name == "separator":
        return None
    options = [option.id for option in declared.limits.options]
    if name in _CHOICES:
        return {"type": name, "value_index": options.index(str(stored))} if stored in options else None
    if name == "checkbox_group":
        chosen = cast("list[object]", stored) if isinstance(stored, list) else []
        return {"type": name, "values": [option in chosen for option in options]}
    return {"type": name, "value": stored if name == "rating" else as_text(stored)}


def possible_files(given: Mapping[str, object]) -> list[int]:
    """Return what may be numbers of files in submitted value objects, whether or not these are well formed."""
    found: list[object] = []
    for one in given.values():
        if isinstance(one, dict):
            content = cast("dict[str, object]", one)
            many = content.get("file_ids")
            found += [content.get("file_id"), *(cast("list[object]", many) if isinstance(many, list) else ())]
    return [one for one in found if isinstance(one, int) and not isinstance(one, bool)]


def read_values(fields: list[Field], given: Mapping[str, object]) -> dict[str, object]:
    """Return submitted value objects as the values of a form of ours.

    Raises:
        InvalidValues: one is null, is of another type than its field, or names no option.
    """
    by_id = {str(declared.id): declared for declared in fields}
    faults: list[FieldFault] = []
    found: dict[str, object] = {}
    for name, given_value in given.items():
        field_id = names.to_ours(name)
        declared = by_id.get(field_id)
        if declared is None:
            faults.append(FieldFault(field=field_id[:80], code="unknown_field", message="there is no such field"))
            continue
        try:
            found[field_id] = _read(declared, given_value)
        except _RefusedError as refused:
            faults.append(FieldFault(field=field_id, code=refused.code, message=str(refused)))
    if faults:
        raise InvalidValues(faults)
    return found


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


_MEMBER = {
    "dropdown": "value_index",
    "radio_group": "value_index",
    "checkbox_group": "values",
    "file": "file_ids",
    "photo": "file_ids",
    "signature": "file_id",
}
_ALIASES = {"dropdown": _CHOICES, "radio_group": _CHOICES, "signature": ("signature", "file")}


def _read(declared: Field, given: object) -> object:
    if given is None:
        raise _RefusedError("null", "value must not be null")
    name = type_name(declared)
    if not isinstance(given, dict):
        raise _RefusedError("type", "value must be an object")
    members = cast("Mapping[str, object]", given)
    if members.get("type") not in _ALIASES.get(name, (name,)):
        raise _RefusedError("type", f"value type must be {name}")
    key = _MEMBER.get(name, "value")
    if declared.is_file_type and key not in members:
        key = "file_ids" if key == "file_id" else "file_id"
    if members.get(key) is None:
        raise _RefusedError("null", f"{key} must not be null")
    return _taken(declared, name, members[key])


def _taken(declared: Field, name: str, content: object) -> object:
    options = [option.id for option in declared.limits.options]
    if name in _CHOICES:
        if isinstance(content, bool) or not isinstance(content, int):
            raise _RefusedError("type", "value_index must be a whole number")
        if not 0 <= content < len(options):
            raise _RefusedError("unknown_option", "value index is out of bounds")
        return options[content]
    if name == "checkbox_group":
        checks = cast("list[object]", content) if isinstance(content, list) else None
        if checks is None or any(not isinstance(check, bool) for check in checks):
            raise _RefusedError("type", "values must be a list of true and false")
        if len(checks) != len(options):
            raise _RefusedError("too_many", f"values must have {len(options)} items")
        return [option for option, check in zip(options, checks, strict=True) if check]
    if name in ("text", "date") and not isinstance(content, str):
        raise _RefusedError("type", "value must be a text")
    return content
