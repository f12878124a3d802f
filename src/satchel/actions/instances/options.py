"""Options that come from a list of the app, or from the instances of another app.

They are checked when a value is saved, and listed for those who fill a form in.
Whoever deployed the app was asked for the right to view the other one; people who fill its forms in see the values of
that one field. A condition that compares with an empty field is met by no option.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from zoneinfo import ZoneInfo

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.instances.run import Run
from satchel.actions.instances.task_sight import task_sight
from satchel.actions.loading import LoadedApp
from satchel.db import apps as app_rows
from satchel.db import instances as instance_rows
from satchel.db import options as rows
from satchel.db import tasks as task_rows
from satchel.db.pool import Reader
from satchel.engine.rules import FormRules
from satchel.model.actor import Actor
from satchel.model.app import Access
from satchel.model.errors import FieldFault, NotFound
from satchel.model.fields import Field, SlotKind, ValueLimits, slot_kind
from satchel.model.ids import AccountId, FieldId, TaskId
from satchel.model.rules import OptionsFrom
from satchel.model.scalars import Moment, RefusedError, check_scalar
from satchel.model.search.query import slot_text, slot_value
from satchel.model.services import Literal

MAX_OPTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOption:
    """One option: what is stored, and what people read."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Who asks for options of which app, and what its form holds."""

    context: Context
    tx: Reader
    account: AccountId
    app: LoadedApp
    values: Mapping[str, object]
    moment: Moment

    def compared(self, source: OptionsFrom) -> dict[str, object]:
        """Return what the conditions of a source compare with; None for an empty field."""
        return {name: of.value if isinstance(of, Literal) else self.values.get(of) for name, of in source.where.items()}


async def option_faults(
    run: Run, rules: FormRules, after: Mapping[str, object], skipped: Collection[str]
) -> list[FieldFault]:
    """Return a fault for each value that a change makes, or makes stand beside others, and that is no option by then.

    Args:
        after: the values as they would be.
        skipped: fields that are hidden, or refused already.
    """
    faults: list[FieldFault] = []
    asking = _Asking(
        context=run.context,
        tx=run.tx,
        account=run.instance.account_id,
        app=run.app,
        values=after,
        moment=Moment(now=run.now, time_zone=ZoneInfo(run.actor.time_zone)),
    )
    for name, source in rules.options.items():
        value = after.get(name)
        about = [name, *(of for of in source.where.values() if not isinstance(of, Literal))]
        if value is None or name in skipped or all(run.values.get(one) == after.get(one) for one in about):
            continue
        chosen = cast("list[object]", value) if isinstance(value, list) else [value]
        for one in chosen:
            if not await _is_option(asking, source, str(one)):
                label = run.app.labels.get(name, name)
                message = f"{str(one)[:80]!r} is not one of the options of {label}."
                faults.append(FieldFault(field=name, code="unknown_option", message=message))
    return faults


async def _is_option(asking: _Asking, source: OptionsFrom, text: str) -> bool:
    if source.list_id is not None:
        return any(one.id == text for one in _listed(asking, source))
    wanted, field = await _wanted(asking, source)
    return (
        wanted is not None
        and field is not None
        and await rows.is_option(asking.tx, wanted, text, slot_value(field, text))
    )


def _listed(asking: _Asking, source: OptionsFrom) -> list[FoundOption]:
    """Return the entries of a list for which its conditions are so."""
    compared = {name: _as_text(value) for name, value in asking.compared(source).items()}
    entries = asking.app.manifest.lists.get(source.list_id or "", ())
    return [
        FoundOption(id=entry.id, label=entry.label)
        for entry in entries
        if all(value is not None and entry.more.get(name) == value for name, value in compared.items())
    ]


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _wanted(asking: _Asking, source: OptionsFrom) -> tuple[rows.Wanted | None, Field | None]:
    """Return which values of the other app are options, and its field; None where there can be none."""
    row = await app_rows.app_by_code(asking.tx, asking.account, source.app)
    if row is None or row.version_id is None or source.field_id is None:
        return None, None
    other = await asking.context.apps.version(asking.tx, asking.account, row.version_id)
    columns = {slot.field_id: f"{slot.kind}_{slot.slot}" for slot in other.slots}
    field = other.manifest.field(source.field_id)
    if field is None or not is_source(field) or field.id not in columns:
        return None, None
    equal: dict[str, object] = {}
    slots: dict[str, object] = {}
    for name, value in asking.compared(source).items():
        declared = other.manifest.field(name)
        if declared is None or not declared.searchable:
            return None, None
        try:
            canonical = check_scalar(declared.type, ValueLimits(options=declared.limits.options), value, asking.moment)
        except RefusedError:
            return None, None
        if canonical is None:
            return None, None
        equal[name] = canonical
        if declared.id in columns:
            slots[columns[declared.id]] = slot_value(declared, canonical)
    wanted = rows.Wanted(
        account=asking.account, app=row.id, field=field.id, column=columns[field.id], equal=equal, slots=slots
    )
    return wanted, field


def is_source(field: Field) -> bool:
    """Return whether the values of a field of another app can be options: those of a searchable text."""
    return field.searchable and slot_kind(field.type) is SlotKind.TEXT and field.type != "choices"


async def _found(asking: _Asking, source: OptionsFrom, begins: str) -> Sequence[FoundOption]:
    if source.list_id is not None:
        start = begins.casefold()
        return [one for one in _listed(asking, source) if one.label.casefold().startswith(start)][: MAX_OPTIONS + 1]
    wanted, _ = await _wanted(asking, source)
    if wanted is None:
        return []
    found = await rows.options(asking.tx, wanted, begins=slot_text(begins), limit=MAX_OPTIONS + 1)
    return [FoundOption(id=text, label=text) for text in found]


async def of_start(
    context: Context, actor: Actor, code: str, field: FieldId, *, begins: str, values: Mapping[str, object]
) -> Sequence[FoundOption]:
    """Return the first options of a field of an app's start form, one more than `MAX_OPTIONS` where there are more.

    Args:
        begins: how they begin.
        values: canonical ones that the form holds so far.

    Raises:
        NotFound, Forbidden, InvalidState: the actor may not start the app, or its form has no such field with options.
    """
    async with context.database.read() as tx:
        row = await app_rows.app_by_code(tx, actor.account_id, code)
        access.require_startable(actor, row, code)
        app = await context.apps.newest_of(tx, actor.account_id, code, row)
        shown = app.manifest.start.fields.get(field, Access.HIDE)
        source = app.start_rules.options.get(field)
        if source is None or shown is Access.HIDE:
            raise NotFound("field with options", field)
        return await _found(_asking(context, tx, actor, app, values), source, begins)


async def of_task(
    context: Context, actor: Actor, task_id: TaskId, field: FieldId, *, begins: str, values: Mapping[str, object]
) -> Sequence[FoundOption]:
    """Return the first options of a field of a task's form, as `of_start`; what is not in `values` is as it is stored.

    Raises:
        NotFound: there is no such task for the actor, or its form shows no such field with options.
    """
    account = actor.account_id
    async with context.database.read() as tx:
        task = await task_rows.task(tx, account, task_id)
        instance = None if task is None else await instance_rows.instance(tx, account, task.instance_id)
        if task is None or instance is None:
            raise NotFound("task", task_id)
        app = await context.apps.version(tx, account, task.version_id)
        await task_sight(tx, actor, app, instance, task)
        shown = access.form_of(app, task).fields.get(field, Access.HIDE)
        source = app.rules_of(task.element).options.get(field)
        if source is None or shown is Access.HIDE or not task.is_open:
            raise NotFound("field with options", field)
        return await _found(_asking(context, tx, actor, app, {**instance.values, **values}), source, begins)


def _asking(context: Context, tx: Reader, actor: Actor, app: LoadedApp, values: Mapping[str, object]) -> _Asking:
    moment = Moment(now=context.clock(), time_zone=ZoneInfo(actor.time_zone))
    return _Asking(context=context, tx=tx, account=actor.account_id, app=app, values=values, moment=moment)
