"""Forms: takes what somebody filled in, checks all of it, and saves it, all or none.

The same procedure serves every way in (start, task, action, native change, message, service reply), so that a field's
limits hold for each of them. Faults of all fields are reported together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from satchel.actions.instances import claims, recipients
from satchel.actions.instances.claims import ClaimScope
from satchel.actions.instances.options import option_faults
from satchel.actions.instances.reactions import (
    Change,
    computed_faults,
    file_names,
    react,
    rule_faults,
    rules_of,
)
from satchel.actions.instances.run import Run
from satchel.actions.instances.values import canonical_values, people_faults
from satchel.engine.rules import FormRules
from satchel.model.app import COMMENT, Access, Area
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.fields import Field
from satchel.model.forms import access_faults, file_references, missing_required, value_of_texts
from satchel.model.ids import FieldId, FileId, TaskId
from satchel.model.linked_files import NewLinkedFile
from satchel.model.submitted_forms import SubmittedFile, SubmittedForm
from satchel.model.uploads import Upload
from satchel.model.values import merge
from satchel.model.visible_text import refuse_control


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What somebody filled in.

    Attributes:
        values: by field id, as decoded JSON; for a file field the files that it shall hold: their numbers, and
            objects for links (`satchel.model.linked_files.named_link`).
        attachments: uploads for the attachments tab.
        descriptions: of those, by their numbers.
        links: files kept elsewhere, for the attachments tab.
        comment: written to the history, or None.
        texts: values by field id as the texts of an HTML form; read when the fields are known.
        added: numbers of uploads by field id that join what the field holds, or replace it in a field of one file.
        ignored: filled in when it is saved: the fields that are hidden, so that what was sent for them changed nothing.
    """

    values: Mapping[str, object] = field(default_factory=dict[str, object])
    attachments: Sequence[int] = ()
    descriptions: Mapping[int, str] = field(default_factory=dict[int, str])
    links: Sequence[NewLinkedFile] = ()
    comment: str | None = None
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    added: Mapping[str, Sequence[int]] = field(default_factory=dict[str, Sequence[int]])
    ignored: list[str] = field(default_factory=list[str], compare=False)

    def filled(self, fields: Sequence[Field], held: Callable[[FieldId], Sequence[int]]) -> "Submission":
        """Return the same with all that it says of fields as `values`.

        Args:
            fields: of the app.
            held: returns the numbers of the files in a field.
        """
        if not self.texts and not self.added:
            return self
        known = {str(declared.id): declared for declared in fields}
        values = {
            **{
                name: value_of_texts(known[name], texts) if name in known else texts
                for name, texts in self.texts.items()
            },
            **self.values,
        }
        for name, numbers in self.added.items():
            declared, named = known.get(name), values.get(name, [])
            if name not in values and declared is not None and not declared.holds_one_file:
                named = held(declared.id)
            if isinstance(named, Sequence) and not isinstance(named, str):  # else its own fault is told
                values[name] = [*cast("Sequence[object]", named), *numbers]
        return replace(self, values=values, texts={}, added={})

    def numbers(self, fields: Sequence[Field]) -> list[int]:
        """Return every file number that the submission names, as far as they can be read."""
        found = list(self.attachments)
        values = self.filled(fields, lambda _: ()).values
        for declared in fields:
            if declared.is_file_type and declared.id in values:
                named, _ = file_references(declared, values[declared.id])
                found += [one for one in named if isinstance(one, int)]
        return found

    @property
    def possible_numbers(self) -> list[int]:
        """Every number that may be a file's, as far as that can be said without the app's fields."""
        listed = [
            one for value in self.values.values() if isinstance(value, list) for one in cast("list[object]", value)
        ]
        numbers = [one for one in listed if isinstance(one, int) and not isinstance(one, bool)]
        return [*self.attachments, *numbers, *(one for added in self.added.values() for one in added)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What may be filled in, and what must be.

    Attributes:
        access: per field; a field without an entry takes nothing.
        tab: whether the attachments tab takes files.
        areas: named parts of the tab; where there are any, each attachment belongs to one of them.
        holding: fields that must hold something already, because they cannot be filled in here.
        rules: of the task whose form it is; None for any other.
        stands_for: the access of the form whose task it completes, where that is more than `access`.
    """

    access: Mapping[FieldId, Access]
    scope: ClaimScope
    tab: bool = True
    areas: Sequence[Area] = ()
    holding: frozenset[FieldId] = frozenset()
    rules: FormRules | None = None
    stands_for: Mapping[FieldId, Access] = field(default_factory=dict[FieldId, Access])

    @property
    def required(self) -> frozenset[FieldId]:
        """The fields that must hold something when the form is submitted whole."""
        return self.holding | {field for field, how in self.access.items() if how is Access.REQUIRE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a submission changed."""

    fields: list[str]
    added: list[FileId]
    removed: list[FileId]
    ignored: list[str]

    def as_data(self) -> dict[str, object]:
        """Return it for the history."""
        data: dict[str, object] = {"fields": self.fields, "files_added": self.added, "files_removed": self.removed}
        return {**data, "ignored": self.ignored} if self.ignored else data


async def submit(run: Run, form: Form, given: Submission, uploads: Mapping[int, Upload], *, complete: bool) -> Saved:
    """Check a submission and save it into the run.

    What was sent for fields that are hidden by then changes nothing; the submission's `ignored` names them. Computed
    fields follow what is saved.

    Args:
        uploads: those that the submission names, locked by `claims.lock_named` or with the instance.
        complete: whether `require` must be met, as when a task is completed; a plain save leaves gaps.

    Raises:
        InvalidValues: with every fault of every field; nothing was changed.
    """
    fields = run.app.manifest.fields
    given = given.filled(fields, lambda field_id: [int(file.id) for file in run.files_in(field_id)])
    rules = form.rules or rules_of(run)
    faults = computed_faults(rules, given.values, run.app.labels)
    settable = [name for name in given.values if FieldId(name) not in rules.computed]
    faults += access_faults(form.access, settable)
    if (given.attachments or given.links) and not form.tab:
        faults.append(FieldFault(field=claims.TAB, code="not_writable", message="No attachments are accepted here."))
    refused = {fault.field for fault in faults}
    writable = {name: value for name, value in given.values.items() if name[:80] not in refused}
    named, found = _named_files(run, writable)
    faults += found
    simple = {name: value for name, value in writable.items() if not _is_file_field(run, name)}
    changed, found = canonical_values(run, simple)
    faults += found
    sent = Change(
        values=merge(run.values, changed),
        files=file_names(run, named, uploads),
        sent=set(given.values),
        access={**form.stands_for, **form.access},
        complete=complete,
    )
    reaction = react(run, rules, sent)
    ignored = sorted(name for name in writable if FieldId(name) in reaction.hidden)
    faults = [fault for fault in faults if fault.field.partition("/")[0] not in ignored]
    named = {name: ids for name, ids in named.items() if name not in ignored}
    changed = {name: value for name, value in changed.items() if name not in ignored} | dict(reaction.values)
    faults += await people_faults(run, changed)
    faults += claims.named_faults(run, named, given.attachments, uploads, form.scope)
    merged = merge(run.values, changed)
    wrong = {fault.field for fault in faults}
    if complete:
        counts = {f.id: len(named[f.id]) if f.id in named else len(run.files_in(f.id)) for f in run.app.file_fields}
        missing = missing_required(fields, (form.required | reaction.required) - reaction.hidden, merged, counts)
        faults += [fault for fault in missing if fault.field not in wrong]
    faulty = {fault.field.partition("/")[0] for fault in faults}
    faults += rule_faults(sent, reaction, before=run.values, faulty=faulty)
    faults += await option_faults(run, rules, merged, faulty | reaction.hidden)
    faults += _area_faults(form, given, uploads, complete=complete)
    if faults:
        raise InvalidValues(faults)
    added, removed = await claims.claim(run, named, given.attachments, uploads, given.descriptions)
    added += await claims.attach_links(run, given.links, field_id=None)
    run.values = merged
    given.ignored[:] = ignored
    fields_saved = sorted(name for name in given.values if name not in ignored)
    return Saved(fields=fields_saved, added=added, removed=removed, ignored=ignored)


async def as_submitted(run: Run, form: Form, *, task: TaskId | None) -> SubmittedForm | None:
    """Return a form as the actor has just submitted it, to be kept with the event of it; None for the system.

    It has the fields that the form lets one fill in, with what they hold now; fields that it only shows are others'
    work. Files are those that the actor added themselves, in these fields and in the attachments tab.

    Args:
        task: that is completed by it; None where it starts the instance.
    """
    user = run.actor.user_id
    if user is None:
        return None
    fields = [field_id for field_id, how in form.access.items() if how.is_writable]
    held = [file for file in run.files if file.field_id in fields] + await run.files_of_tab(by=user)
    return SubmittedForm(
        account_id=run.instance.account_id,
        instance_id=run.instance.id,
        user_id=user,
        task_id=task,
        submitted_at=run.now,
        fields=fields,
        values={field_id: run.values[field_id] for field_id in fields if field_id in run.values},
        files=[
            SubmittedFile(id=file.id, name=file.name, description=file.description)
            for file in held
            if file.created_by == user
        ],
    )


def _is_file_field(run: Run, field_id: str) -> bool:
    declared = run.app.manifest.field(field_id)
    return declared is not None and declared.is_file_type


def _named_files(
    run: Run, given: Mapping[str, object]
) -> tuple[dict[FieldId, Sequence[int | NewLinkedFile]], list[FieldFault]]:
    named: dict[FieldId, Sequence[int | NewLinkedFile]] = {}
    faults: list[FieldFault] = []
    for declared in run.app.file_fields:
        if declared.id in given:
            ids, found = file_references(declared, given[declared.id])
            faults += found
            if not found:
                named[declared.id] = ids
    return named, faults


def _area_faults(form: Form, given: Submission, uploads: Mapping[int, Upload], *, complete: bool) -> list[FieldFault]:
    if not form.areas:
        return []
    named = [
        (f"The file {uploads[number].name or number}", uploads[number].area)
        for number in given.attachments
        if number in uploads
    ]
    named += [(f"The link {link.name}", link.area) for link in given.links]
    known = {area.name for area in form.areas}
    faults = [
        FieldFault(
            field=claims.TAB,
            code="unknown_area",
            message=f"{what} must belong to one of the areas {', '.join(sorted(known))}.",
        )
        for what, area in named
        if area not in known
    ]
    filled = {area for _, area in named}
    faults += [
        FieldFault(field=claims.TAB, code="required", message=f"The area {area.name} must have a file.")
        for area in form.areas
        if complete and area.required and area.name not in filled
    ]
    return faults


def everything_editable(run: Run) -> dict[FieldId, Access]:
    """Return the access of somebody who may change every field."""
    return {declared.id: Access.EDIT for declared in run.app.manifest.fields}


MAX_COMMENT_CHARS = 10_000


async def comment_in(run: Run, text: str | None, *, task: TaskId | None = None) -> None:
    """Write a comment as part of another change; None and blank text write nothing.

    Raises:
        InvalidValues: it is too long, or has control characters.
    """
    if text is None or not text.strip():
        return
    refuse_control(COMMENT, text)
    if len(text) > MAX_COMMENT_CHARS:
        message = f"A comment has {MAX_COMMENT_CHARS} characters at most; this has {len(text)}."
        raise InvalidValues([FieldFault(field=COMMENT, code="too_long", message=message)])
    await run.event("comment", task=task, data={"text": text})
    recipients.notify_mentioned(run, text, task)
