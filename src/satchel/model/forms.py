"""Checks of a submitted form by the form's access: its values, required fields, and files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from satchel.model.app import Access
from satchel.model.errors import FieldFault, InvalidValues, SatchelError
from satchel.model.fields import Field, FieldType
from satchel.model.ids import FieldId
from satchel.model.linked_files import NewLinkedFile, named_link
from satchel.model.strict_json import parse_json

MAX_FILE_REFERENCES = 10_000


def access_faults(access: Mapping[FieldId, Access], given: Iterable[str]) -> list[FieldFault]:
    """Return a fault `not_writable` for each given name that is hidden, read-only or unknown in the form.

    The three are not distinguished: a form does not reveal its hidden fields.
    """
    message = "This form does not accept a value for it."
    return [
        FieldFault(field=name[:80], code="not_writable", message=message)
        for name in given
        if not access.get(FieldId(name), Access.HIDE).is_writable
    ]


def missing_required(
    fields: Iterable[Field],
    required: Collection[FieldId],
    values: Mapping[str, object],
    file_counts: Mapping[FieldId, int],
) -> list[FieldFault]:
    """Return a fault `required` for each required field that is still empty.

    Args:
        fields: the app's fields.
        required: the ids of the required ones.
        values: canonical, as they will be stored.
        file_counts: how many files each field will hold.
    """
    faults: list[FieldFault] = []
    for field in fields:
        if field.id not in required:
            continue
        has_value = file_counts.get(field.id, 0) > 0 if field.is_file_type else values.get(field.id) is not None
        if not has_value:
            what = "a file" if field.is_file_type else "a value"
            faults.append(FieldFault(field=field.id, code="required", message=f"{field.label} needs {what}."))
    return faults


def value_of_texts(field: Field, texts: Sequence[str]) -> object:
    """Return what the texts of one field of an HTML form stand for, as a value that the checks of its type take.

    One text is the value; choices and files are as many as there are texts; a table is JSON. A text that is no JSON
    stays one, for the check to refuse.
    """
    if field.type is FieldType.CHOICES or field.is_file_type:
        return [text for text in texts if text.strip()]
    if len(texts) != 1:
        return list(texts)
    if field.type is FieldType.TABLE and texts[0].strip():
        try:
            return parse_json(texts[0].encode())
        except SatchelError:
            return texts[0]
    return texts[0]


def file_references(field: Field, given: object) -> tuple[tuple[int | NewLinkedFile, ...], list[FieldFault]]:
    """Return the files given for a file field: one, a list of them, or null and `""` for none.

    Each is an id or, for a file that is kept elsewhere, an object with its `url`. Ids may be integers or their digits
    as text. The action checks whether they are uploads or files of this field, and whether it accepts links.
    """
    if given is None or given == "":
        return (), []
    items = cast("list[object]", given) if isinstance(given, list | tuple) else [given]
    limit = field.files.max_files if field.files and field.files.max_files is not None else MAX_FILE_REFERENCES
    if len(items) > limit:
        message = f"{len(items)} files came; {field.label} holds {limit} at most."
        return (), [FieldFault(field=field.id, code="too_many_files", message=message)]
    found: dict[int | NewLinkedFile, None] = {}
    for item in items:
        try:
            one = named_link(cast("Mapping[object, object]", item)) if isinstance(item, Mapping) else _id(item)
        except InvalidValues as error:
            return (), [replace(fault, field=field.id) for fault in error.faults]
        if one is None:
            message = "The numbers of files are required here."
            return (), [FieldFault(field=field.id, code="type", message=message)]
        if one in found:
            what = f"file {one}" if isinstance(one, int) else f"link {one.name}"
            return (), [FieldFault(field=field.id, code="duplicate", message=f"The {what} is listed twice.")]
        found[one] = None
    return tuple(found), []


def _id(item: object) -> int | None:
    """Return a positive 64-bit id, or None."""
    if isinstance(item, str) and item.isascii() and item.isdigit() and len(item) <= 19:  # noqa: PLR2004  # 64 bits
        item = int(item)
    if isinstance(item, bool) or not isinstance(item, int) or not 0 < item < 2**63:
        return None
    return item
