"""The allowed changes between two versions of an app.

Running instances stay on their version, but values, files, searches and the vendors' data item ids refer to fields by
number and id across versions. So a number keeps its id and its type as long as the field exists.
"""

from collections.abc import Iterator, Mapping

from satchel.model.app import Manifest
from satchel.model.app_yaml.bundle import MANIFEST_FILE
from satchel.model.errors import Finding
from satchel.model.fields import Field, FieldType

_SAME_FAMILY = (frozenset({FieldType.TEXT, FieldType.MULTILINE}),)
"""Types that may change into one another: their values have the same form."""


def compare(old: Manifest, new: Manifest, places: Mapping[str, int] | None = None) -> tuple[Finding, ...]:
    """Return the changes that are not allowed from `old` to `new`; `places` are the new lines by JSON pointer."""
    lines = places or {}
    findings: list[Finding] = []
    if old.code != new.code:
        message = (
            f"The code changes from {old.code} to {new.code}; identifiers contain it. Keep it, or deploy a new app."
        )
        findings.append(_finding("code_changed", lines.get("/code"), message))
    numbers = {field.number: field for field in old.fields}
    ids = {field.id: field for field in old.fields}
    for index, field in enumerate(new.fields):
        line = lines.get(f"/fields/{index}")
        before = numbers.get(field.number)
        if before is not None and before.id != field.id:
            message = f"The number {field.number} belonged to {before.id} and cannot be {field.id}; use a new number."
            findings.append(_finding("field_number", line, message))
        namesake = ids.get(field.id)
        if namesake is not None and namesake.number != field.number:
            message = f"The field {field.id} had the number {namesake.number}; it cannot become {field.number}."
            findings.append(_finding("field_number", line, message))
        if namesake is not None:
            findings += [_finding("field_type", line, message) for message in _type_changes(namesake, field)]
    return tuple(findings)


def _type_changes(old: Field, new: Field) -> Iterator[str]:
    """Yield a message for each change of type that stored values do not allow."""
    if not _agree(old.type, new.type):
        yield f"The field {new.id} was of type {old.type} and cannot become {new.type}; use a new field."
    columns = {column.id: column for column in old.columns}
    for column in new.columns:
        before = columns.get(column.id)
        if before is not None and not _agree(before.type, column.type):
            place = f"The column {column.id} of {new.id}"
            yield f"{place} was of type {before.type} and cannot become {column.type}; use a new column."


def _agree(old: FieldType, new: FieldType) -> bool:
    return old is new or any(old in family and new in family for family in _SAME_FAMILY)


def _finding(code: str, line: int | None, message: str) -> Finding:
    return Finding(code=code, file=MANIFEST_FILE, line=line, element=None, message=message)
