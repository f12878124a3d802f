"""What the rules of forms do to a change: fields that are hidden stay as they are, computed ones follow the others.

`satchel.engine.rules` decides; here it is given what an instance would hold after a change, and what it decides is
turned into changes and faults. A fault of a rule counts only where the change has to do with it, so that no message or
file is refused for what somebody entered long ago.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from satchel.actions.instances.run import Run
from satchel.actions.loading import LoadedApp
from satchel.engine.rules import FormRules, Reaction
from satchel.model.app import Access
from satchel.model.errors import FieldFault, InvalidValues
from satchel.model.files import File
from satchel.model.ids import FieldId
from satchel.model.linked_files import NewLinkedFile
from satchel.model.scalars import Moment
from satchel.model.uploads import Upload
from satchel.model.values import Json, merge, typed_values

NOTHING = Reaction(values={})
"""What no rules say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change would make of an instance, before its rules are asked.

    Attributes:
        values: all, in canonical form.
        files: the names of the files in each field of files.
        sent: the fields for which something was sent.
        access: of the form, by field.
        complete: whether the form is submitted whole.
    """

    values: Mapping[str, object]
    files: Mapping[FieldId, Sequence[str]]
    sent: Collection[str] = frozenset()
    access: Mapping[FieldId, Access]
    complete: bool = False


def react(run: Run, rules: FormRules, change: Change) -> Reaction:
    """Return what rules say of a change."""
    moment = Moment(now=run.now, time_zone=ZoneInfo(run.actor.time_zone))
    return reaction_of(run.app, rules, change, moment)


def reaction_of(app: LoadedApp, rules: FormRules, change: Change, moment: Moment) -> Reaction:
    """Return what rules say of a change, or of what an instance holds."""
    if rules.is_empty:
        return NOTHING
    fields = app.manifest.fields
    typed = typed_values(fields, change.values)
    known: dict[str, object] = {str(name): value for name, value in typed.items()}
    known.update({str(name): list(names) for name, names in change.files.items()})
    empty = [name for name in rules.defaults if name not in change.sent and known.get(name) in (None, [])]
    return rules.react(
        known,
        moment=moment,
        writable={name for name, how in change.access.items() if how.is_writable},
        empty=empty if change.complete else (),
    )


def file_names(
    run: Run,
    named: Mapping[FieldId, Sequence[int | NewLinkedFile]] | None = None,
    uploads: Mapping[int, Upload] | None = None,
) -> dict[FieldId, list[str]]:
    """Return the names of the files in each field of files, where `named` says what some of them will hold."""
    found: dict[FieldId, list[str]] = {}
    for field in run.app.file_fields:
        held = run.files_in(field.id)
        if named is None or field.id not in named:
            found[field.id] = [file.name for file in held]
        else:
            found[field.id] = [_name(one, held, uploads or {}) for one in named[field.id]]
    return found


def _name(one: int | NewLinkedFile, held: Sequence[File], uploads: Mapping[int, Upload]) -> str:
    if isinstance(one, NewLinkedFile):
        return one.name
    if one in uploads:
        return uploads[one].name or "file"
    return next((file.name for file in held if int(file.id) == one), "file")


def rule_faults(
    change: Change, reaction: Reaction, *, before: Mapping[str, object], faulty: Collection[str]
) -> list[FieldFault]:
    """Return the faults of rules that a change has to answer for.

    Those of a form that is submitted whole, if it lets something be filled in that the rule depends on; of any other
    change, if it changes something of that.

    Args:
        before: the values as they are.
        faulty: the fields whose values were refused; rules about them say nothing more.
    """
    after = merge(change.values, reaction.values)
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    changed |= {name for name in change.sent if name in change.files}
    writable = {str(name) for name, how in change.access.items() if how.is_writable}
    found: list[FieldFault] = []
    for one in reaction.faults:
        reads = one.reads
        concerns = reads & (writable | changed if change.complete else changed)
        if (concerns or (one.own and change.complete)) and not reads & set(faulty):
            found.append(one.fault)
    return list(dict.fromkeys(found))


def rules_of(run: Run) -> FormRules:
    """Return the rules of what is no task's form: of the start, until the instance has taken its first step."""
    return run.app.start_rules if run.state is None else run.app.rules


def settle(run: Run, changed: Mapping[FieldId, Json]) -> dict[str, object]:
    """Return all values of an instance after a change that no form makes: with computed ones, and at a start defaults.

    Raises:
        InvalidValues: a rule that reads what was changed fails.
    """
    values = merge(run.values, changed)
    rules = rules_of(run)
    if rules.is_empty:
        return values
    change = Change(values=values, files=file_names(run), sent=set(changed), access={}, complete=run.state is None)
    reaction = react(run, rules, change)
    faults = rule_faults(change, reaction, before=run.values, faulty=())
    faults = [fault for fault in faults if fault.field]
    if faults:
        raise InvalidValues(faults)
    return merge(values, reaction.values)


def recompute(run: Run) -> None:
    """Compute an instance's fields anew, as after a change of its version; where a rule fails, a value stays."""
    change = Change(values=run.values, files=file_names(run), access={})
    run.values = merge(run.values, react(run, run.app.rules, change).values)


def is_hidden(run: Run, field_id: FieldId) -> bool:
    """Return whether a field's own rule hides it now."""
    if run.app.rules.is_empty:
        return False
    change = Change(values=run.values, files=file_names(run), access={})
    return field_id in react(run, run.app.rules, change).hidden


def computed_faults(rules: FormRules, given: Collection[str], labels: Mapping[str, str]) -> list[FieldFault]:
    """Return a fault for each value that was sent for a computed field."""
    return [
        FieldFault(
            field=name,
            code="not_writable",
            message=f"{labels.get(name, name)} is computed from other fields and cannot be set.",
        )
        for name in given
        if FieldId(name) in rules.computed
    ]
