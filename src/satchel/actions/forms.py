"""Forms: takes what somebody filled in, checks all of it, and saves it, all or none.

The same procedure serves every way in (start, task, action, native change, message, service reply), so that a field's
limits hold for each of them. Faults of all fields are reported together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from satchel.actions import claims
from satchel.actions.claims import Scope
from satchel.actions.run import Run
from satchel.db import accounts as people
from satchel.model.app import Access, Area
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.fields import Field, FieldType
from satchel.model.ids import FieldId, FileId
from satchel.model.uploads import Upload
from satchel.model.values import check_values, file_references, is_empty, people_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody filled in.

    Attributes:
        values: by field id, as decoded JSON; for a file field the numbers of the files that it shall hold.
        attachments: uploads for the attachments tab.
        comment: written to the history, or None.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    attachments: Sequence[int] = ()
    comment: str | None = None

    def numbers(self, fields: Sequence[Field]) -> list[int]:
        """Return every file number that the submission names, as far as they can be read."""
        found = list(self.attachments)
        for declared in fields:
            if declared.is_file_type and declared.id in self.values:
                given = self.values[declared.id]
                listed = given if isinstance(given, list) else [given]
                found += [number for number in listed if isinstance(number, int) and not isinstance(number, bool)]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What may be filled in, and what must be.

    Attributes:
        access: per field; a field without an entry takes nothing.
        tab: whether the attachments tab takes files.
        areas: named parts of the tab; where there are any, each attachment belongs to one of them.
    """

    access: Mapping[FieldId, Access]
    scope: Scope
    tab: bool = True
    areas: Sequence[Area] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a submission changed."""

    fields: list[str]
    added: list[FileId]
    removed: list[FileId]

    def as_data(self) -> dict[str, object]:
        """Return it for the history."""
        return {"fields": self.fields, "files_added": self.added, "files_removed": self.removed}


async def submit(run: Run, form: Form, given: Submission, uploads: Mapping[int, Upload], *, complete: bool) -> Saved:
    """Check a submission and save it into the run.

    Args:
        uploads: those that the submission names, locked by `claims.lock_named` before the app's counter.
        complete: whether `require` must be met, as when a task is completed; a plain save leaves gaps.

    Raises:
        InvalidValues: with every fault of every field; nothing was changed.
    """
    fields = run.app.manifest.fields
    simple = {k: v for k, v in given.values.items() if not _is_file_field(run, k)}
    named, faults = _named_files(run, given)
    faults = _access_faults(run, form, given) + faults
    try:
        changed = check_values(fields, simple, now=run.now, time_zone=ZoneInfo(run.actor.time_zone))
        faults += await _people_faults(run, changed)
    except InvalidValues as invalid:
        changed = {}
        faults += [fault for fault in invalid.faults if fault.field not in {known.field for known in faults}]
    try:
        claims.check_named(run, named, given.attachments, uploads, form.scope)
    except InvalidValues as invalid:
        faults += invalid.faults
    merged = {**run.values, **changed}
    if complete:
        faults += _missing(run, form, merged, named)
    faults += _area_faults(form, [uploads[n] for n in given.attachments if n in uploads], complete=complete)
    if faults:
        raise InvalidValues(faults)
    added, removed = await claims.claim(run, named, given.attachments, uploads)
    run.values = {name: value for name, value in merged.items() if not is_empty(value)}
    return Saved(fields=sorted(given.values), added=added, removed=removed)


def _is_file_field(run: Run, field_id: str) -> bool:
    declared = run.app.manifest.field(field_id)
    return declared is not None and declared.is_file_type


def _named_files(run: Run, given: Submission) -> tuple[dict[FieldId, Sequence[int]], list[FieldFault]]:
    named: dict[FieldId, Sequence[int]] = {}
    faults: list[FieldFault] = []
    for declared in run.app.file_fields:
        if declared.id in given.values:
            try:
                named[declared.id] = file_references(declared, given.values[declared.id])
            except InvalidValues as invalid:
                faults += invalid.faults
    if len(set(given.attachments)) != len(given.attachments):
        faults.append(FieldFault(field=claims.TAB, code="duplicate", message="An attachment is named twice."))
    return named, faults


def _access_faults(run: Run, form: Form, given: Submission) -> list[FieldFault]:
    faults: list[FieldFault] = []
    for name in given.values:
        access = form.access.get(FieldId(name), Access.HIDE)
        declared = run.app.manifest.field(name)
        if declared is None or (access is Access.HIDE and declared.type is not FieldType.SEPARATOR):
            faults.append(FieldFault(field=name, code="unknown_field", message=f"This form has no field {name}."))
        elif not access.is_writable or declared.type is FieldType.SEPARATOR:
            faults.append(FieldFault(field=name, code="not_writable", message=f"{name} cannot be changed here."))
    if given.attachments and not form.tab:
        faults.append(FieldFault(field=claims.TAB, code="not_writable", message="No attachments are taken here."))
    return faults


async def _people_faults(run: Run, changed: Mapping[str, object]) -> list[FieldFault]:
    named = people_named(run.app.manifest.fields, changed)
    faults: list[FieldFault] = []
    for what, wanted, existing in (
        ("user", named.users, people.existing_users),
        ("group", named.groups, people.existing_groups),
    ):
        if not wanted:
            continue
        found = await existing(run.tx, run.instance.account_id, list(set(wanted.values())))
        faults += [
            FieldFault(field=field_id, code=f"unknown_{what}", message=f"There is no {what} {number} in this account.")
            for field_id, number in wanted.items()
            if number not in found
        ]
    return faults


def _missing(
    run: Run, form: Form, values: Mapping[str, object], named: Mapping[FieldId, Sequence[int]]
) -> list[FieldFault]:
    faults: list[FieldFault] = []
    for field_id, access in form.access.items():
        if access is not Access.REQUIRE:
            continue
        if _is_file_field(run, field_id):
            present = bool(named[field_id]) if field_id in named else bool(run.files_in(field_id))
        else:
            present = not is_empty(values.get(field_id))
        if not present:
            faults.append(FieldFault(field=field_id, code="required", message=f"{field_id} must have a value."))
    return faults


def _area_faults(form: Form, attachments: Sequence[Upload], *, complete: bool) -> list[FieldFault]:
    if not form.areas:
        return []
    known = {area.name for area in form.areas}
    faults = [
        FieldFault(
            field=claims.TAB,
            code="unknown_area",
            message=f"Upload {upload.id} must belong to one of the areas {', '.join(sorted(known))}.",
        )
        for upload in attachments
        if upload.area not in known
    ]
    filled = {upload.area for upload in attachments}
    faults += [
        FieldFault(field=claims.TAB, code="required", message=f"The area {area.name} must have a file.")
        for area in form.areas
        if complete and area.required and area.name not in filled
    ]
    return faults


def everything_editable(run: Run) -> dict[FieldId, Access]:
    """Return the access of somebody who may change every field."""
    return {declared.id: Access.EDIT for declared in run.app.manifest.fields}
