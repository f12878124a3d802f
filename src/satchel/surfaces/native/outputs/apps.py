"""Apps: fields, forms, actions, versions, findings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypedDict

from satchel.actions import access, allowed
from satchel.actions.apps.deploying import Deployed
from satchel.actions.apps.moves import Forecast
from satchel.actions.instances.form_states import FormState
from satchel.actions.lists import nodes as numbering
from satchel.actions.loading import LoadedApp
from satchel.db.apps import VersionRow
from satchel.engine.graph import Kind
from satchel.engine.outlook import Planned, outlook
from satchel.model import app as model
from satchel.model.actor import Actor, Right
from satchel.model.api import apps as api
from satchel.model.api.kinds import Timestamp
from satchel.model.api.moves import MigrationCounts
from satchel.model.api.rules import FieldRules
from satchel.model.errors import Finding
from satchel.model.fields import Column, Field, FieldType, ValueLimits
from satchel.model.ids import ElementId, FieldId
from satchel.model.moves import MoveOutcome
from satchel.model.rules import NO_RULES
from satchel.model.working_time import WorkingDays, WorkingSpan
from satchel.surfaces.native.outputs import rules


def summary(loaded: LoadedApp, actor: Actor, *, is_retired: bool) -> api.AppSummary:
    """Return an app as a list shows it, by its newest version."""
    manifest = loaded.manifest
    return api.AppSummary(
        id=loaded.app_id,
        code=manifest.code,
        name=manifest.name,
        category=manifest.category,
        description=manifest.description,
        version=loaded.number,
        retired=is_retired,
        may=_may(loaded, actor, is_retired=is_retired),
    )


def _may(loaded: LoadedApp, actor: Actor, *, is_retired: bool) -> list[str]:
    return [right for right in allowed.of_app(actor, loaded.app_id) if not (is_retired and right == Right.START)]


def app(loaded: LoadedApp, actor: Actor, state: FormState, *, is_retired: bool) -> api.App:
    """Return a version of an app with its fields, forms and actions; `state` is how its start form stands."""
    manifest = loaded.manifest
    return api.App(
        id=loaded.app_id,
        code=manifest.code,
        name=manifest.name,
        category=manifest.category,
        description=manifest.description,
        version=loaded.number,
        fields=[api.Field(**_declared(field)) for field in manifest.fields],
        start=api.StartForm(
            fields=_access(manifest.start.fields),
            rules=rules.of_form(manifest.start),
            checks=rules.checks(manifest.start.checks),
            hidden=sorted(state.hidden) or (),
            defaults={str(name): value for name, value in state.defaults.items()} or None,
        ),
        tasks={
            element: api.TaskForm(
                fields=_access(form.fields),
                outcomes=_outcomes(form),
                rules=rules.of_form(form),
                checks=rules.checks(form.checks),
            )
            for element, form in manifest.tasks.items()
        },
        messages={name: api.MessageInputs(inputs=list(message.inputs)) for name, message in manifest.messages.items()},
        actions=[_action(action) for action in manifest.actions.values()],
        steps=[_step(planned, manifest) for planned in outlook(loaded.definition)],
        retired=is_retired,
        may=_may(loaded, actor, is_retired=is_retired),
        checks=rules.checks(manifest.checks),
    )


def form(loaded: LoadedApp, element: ElementId, task_form: model.TaskForm, state: FormState) -> api.Form:
    """Return the form of a task at an element: the fields that it shows and its outcomes; `state` is how it stands."""
    of, shown = loaded.rules_of(element), access.shown_by(task_form)
    return api.Form(
        fields=[
            api.FormField(
                access=task_form.fields[field.id],
                form_rules=rules.of_field(rules.known(task_form.rules.get(field.id, NO_RULES), of, shown)),
                hidden=field.id in state.hidden,
                **_declared(replace(field, rules=rules.known(field.rules, of, shown))),
            )
            for field in loaded.manifest.fields
            if field.id in shown
        ],
        outcomes=_outcomes(task_form),
        checks=rules.known_checks((*loaded.manifest.checks, *task_form.checks), of, shown),
        defaults={str(name): value for name, value in state.defaults.items()} or None,
    )


def _step(planned: Planned, manifest: model.Manifest) -> api.Step:
    task = manifest.tasks.get(planned.id)
    assign = task.assign if task is not None else model.Assignment()
    is_task = planned.kind == Kind.USER_TASK
    due = task.due if is_task and task is not None else None
    return api.Step(
        id=planned.id,
        name=planned.name,
        kind=planned.kind,
        within=planned.within,
        certain=planned.is_certain,
        assigned=_assigned(assign) if is_task else None,
        group=assign.group if is_task else None,
        due_s=int(due.total_seconds()) if isinstance(due, timedelta) else None,
        due_working_days=due.count if isinstance(due, WorkingDays) else None,
        due_working_s=int(due.span.total_seconds()) if isinstance(due, WorkingSpan) else None,
    )


def _assigned(assign: model.Assignment) -> str:
    if assign.group is not None:
        return "group"
    if assign.user is not None:
        return "user"
    if assign.field is not None:
        return "field"
    return "starter" if assign.starter else "starters"


def _outcomes(task_form: model.TaskForm) -> list[api.Outcome]:
    return [api.Outcome(id=one.id, label=one.label, fault=one.fault) for one in task_form.outcomes]


def _access(fields: Mapping[FieldId, model.Access]) -> dict[str, str]:
    return {str(name): how.value for name, how in fields.items()}


def _action(action: model.Action) -> api.Action:
    return api.Action(
        id=action.id,
        name=action.name,
        inputs=list(action.inputs),
        areas=[api.Area(name=area.name, required=area.required) for area in action.areas],
        task=action.task,
        outcome=action.outcome,
        create=action.create,
    )


class _Limits(TypedDict):
    min_length: int | None
    max_length: int | None
    pattern: str | None
    min: str | None
    max: str | None
    digits: int | None
    disable_future: bool
    disable_past: bool
    options: Sequence[api.Option]
    min_checked: int | None
    max_checked: int | None
    max_stars: int | None


class _Declared(_Limits):
    number: int
    id: str
    label: str
    type: str
    description: str
    searchable: bool
    columns: Sequence[api.Column]
    max_rows: int | None
    min_bytes: int | None
    max_bytes: int | None
    accept: Sequence[str] | None
    max_files: int | None
    max_unclaimed: int | None
    allow_links: bool | None
    rules: FieldRules | None


def _declared(field: Field) -> _Declared:
    files = field.files
    return {
        "number": field.number,
        "id": field.id,
        "label": field.label,
        "type": field.type,
        "description": field.description,
        "searchable": field.searchable,
        **_limits(field.type, field.limits),
        "columns": [_column(column) for column in field.columns] if field.columns else (),
        "max_rows": field.max_rows if field.columns else None,
        "min_bytes": None if files is None else files.min_bytes,
        "max_bytes": None if files is None else files.max_bytes,
        "accept": None if files is None else list(files.accept),
        "max_files": None if files is None else files.max_files,
        "max_unclaimed": None if files is None else files.max_unclaimed,
        "allow_links": None if files is None else files.allow_links,
        "rules": rules.of_field(field.rules),
    }


def _column(column: Column) -> api.Column:
    return api.Column(
        id=column.id,
        label=column.label,
        type=column.type,
        required=column.required,
        **_limits(column.type, column.limits),
    )


def _limits(type_: FieldType, limits: ValueLimits) -> _Limits:
    return {
        "min_length": limits.min_length,
        "max_length": limits.max_length,
        "pattern": limits.pattern,
        "min": None if limits.min is None else format(limits.min, "f"),
        "max": None if limits.max is None else format(limits.max, "f"),
        "digits": limits.digits,
        "disable_future": limits.disable_future,
        "disable_past": limits.disable_past,
        "options": [api.Option(id=option.id, label=option.label) for option in limits.options] or (),
        "min_checked": limits.min_checked,
        "max_checked": limits.max_checked,
        "max_stars": limits.max_stars if type_ is FieldType.RATING else None,
    }


def version(row: VersionRow) -> api.Version:
    """Return which version it is, and who deployed it when."""
    return api.Version(number=row.number, deployed_at=Timestamp.of(row.deployed_at), deployed_by=row.deployed_by)


def nodes(loaded: LoadedApp) -> api.Nodes:
    """Return the elements of a version of an app, by number."""
    found = numbering.every(loaded)
    items = [
        api.Node(number=number, id=node.id, name=node.label, kind=node.kind.value) for number, node in enumerate(found)
    ]
    return api.Nodes(items=items, next=None)


def deployed(done: Deployed, forecast: Forecast | None) -> api.Deployed:
    """Return a version that was just deployed, and what a move to it would do."""
    return api.Deployed(
        id=done.app_id,
        code=done.code,
        version=done.number,
        warnings=[_finding(found) for found in done.warnings],
        older_instances=done.older_instances,
        move=None if forecast is None else _forecast(forecast),
    )


def _forecast(found: Forecast) -> api.MoveForecast:
    counts = MigrationCounts(**{outcome.value: found.counts.get(outcome, 0) for outcome in MoveOutcome})
    return api.MoveForecast(counts=counts, looked_at=found.looked_at, is_whole=found.is_whole)


def _finding(found: Finding) -> api.Finding:
    return api.Finding(
        code=found.code,
        file=found.file,
        line=found.line,
        element=found.element,
        message=found.message,
        severity=found.severity,
    )
