"""How a form stands now: which of its fields are hidden and required by their rules, and what they start with.

It is what a page shows when it is opened, and what vendors' clients read. The rules are asked again, with what is sent,
when the form is submitted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from satchel.actions.instances.reactions import Change, reaction_of
from satchel.actions.loading import LoadedApp
from satchel.engine.rules import FormRules
from satchel.model.actor import Actor
from satchel.model.app import Access, TaskForm
from satchel.model.files import File
from satchel.model.ids import ElementId, FieldId
from satchel.model.scalars import Moment
from satchel.model.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class FormState:
    """What the rules of a form say of what an instance holds.

    Attributes:
        hidden: the fields that are not shown.
        required: the fields that rules require.
        defaults: what empty fields start with.
    """

    hidden: frozenset[FieldId] = frozenset()
    required: frozenset[FieldId] = frozenset()
    defaults: Mapping[FieldId, Json]

    def of(self, form: TaskForm) -> TaskForm:
        """Return a form as it is to be filled in now."""
        return replace(form, fields={name: self._access(name, how) for name, how in form.fields.items()})

    def _access(self, name: FieldId, how: Access) -> Access:
        if name in self.hidden:
            return Access.HIDE
        return Access.REQUIRE if name in self.required else how


AS_DECLARED = FormState(defaults={})
"""How a form without rules stands."""


def of_task(
    app: LoadedApp,
    element: ElementId,
    form: TaskForm,
    values: Mapping[str, object],
    files: Sequence[File],
    *,
    actor: Actor,
    now: datetime,
) -> FormState:
    """Return how the form of a task stands."""
    names = {field.id: [file.name for file in files if file.field_id == field.id] for field in app.file_fields}
    change = Change(values=values, files=names, access=form.fields, complete=True)
    return _state(app, app.rules_of(element), change, Moment(now=now, time_zone=ZoneInfo(actor.time_zone)))


def of_start(app: LoadedApp, *, actor: Actor, now: datetime) -> FormState:
    """Return how the start form of an app stands before anything is filled in."""
    names: dict[FieldId, list[str]] = {field.id: [] for field in app.file_fields}
    change = Change(values={}, files=names, access=app.manifest.start.fields, complete=True)
    return _state(app, app.start_rules, change, Moment(now=now, time_zone=ZoneInfo(actor.time_zone)))


def _state(app: LoadedApp, rules: FormRules, change: Change, moment: Moment) -> FormState:
    if rules.is_empty:
        return AS_DECLARED
    reaction = reaction_of(app, rules, change, moment)
    filled = {
        name: value
        for name, value in reaction.values.items()
        if name in rules.defaults and change.access.get(name, Access.HIDE).is_writable
    }
    return FormState(hidden=reaction.hidden, required=reaction.required, defaults=filled)
