"""Lists of one app's instances by conditions on any field, for surfaces whose clients filter, sort and page freely.

A condition has its value as text, as people write it: options by label or id, users and groups by name, moments also
as a year, a month or a day, which then stand for all of it.
"""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from uuid import UUID
from zoneinfo import ZoneInfo

from satchel.actions.context import Context
from satchel.actions.instances.search_columns import field_prefix, title_prefix
from satchel.actions.loading import LoadedApp
from satchel.db import accounts as people
from satchel.db import files as file_rows
from satchel.db.lists import by_any_field as rows
from satchel.db.lists.by_any_field import Comparison, Term, TextSearch
from satchel.db.pool import Reader
from satchel.model.actor import Actor, Right
from satchel.model.errors import Forbidden, InvalidRequest
from satchel.model.fields import Field, FieldType, SlotKind, slot_kind
from satchel.model.files import File
from satchel.model.ids import FieldId, InstanceId
from satchel.model.instance import Instance, InstanceState
from satchel.model.search.query import SLOT_CHARS
from satchel.model.search.trigrams import fold

MAX_ROWS = 10_000
"""The most instances of one list."""

_SPAN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d{1,9})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{0,60})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListColumn:
    """What a condition or a sort is about: a name of `satchel.db.lists.by_any_field.OWN`, or a field."""

    own: str | None = None
    field: Field | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition; `operation` is one of =, <>, >, >=, <, <=, and an empty `text` stands for no value."""

    column: ListColumn
    operation: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What is asked for.

    Attributes:
        own_only: whether only what the actor started is found.
        limit: None for all.
    """

    conditions: Sequence[Condition] = ()
    sort: Sequence[tuple[ListColumn, bool]] = ()
    search: str | None = None
    offset: int = 0
    limit: int | None = None
    own_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What users and groups are called, by number."""

    users: Mapping[int, str]
    groups: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInstances:
    """Instances, their files by instance, and the names that they refer to."""

    instances: Sequence[Instance]
    files: Mapping[InstanceId, Sequence[File]]
    names: Names


async def find(context: Context, actor: Actor, app: LoadedApp, wanted: ListQuery) -> ListedInstances:
    """Return instances of an app.

    Raises:
        Forbidden: the actor may not view the app.
        InvalidRequest: a value does not fit its field, or there are more than `MAX_ROWS` and no limit.
    """
    if not actor.may(Right.VIEW, app.app_id):
        raise Forbidden(f"You need the right 'view' for the app {app.manifest.code} to list it.")
    limit = MAX_ROWS + 1 if wanted.limit is None else min(wanted.limit, MAX_ROWS + 1)
    async with context.database.read() as tx:
        tests = [await _test(tx, actor, app, one) for one in wanted.conditions]
        if wanted.own_only:
            tests.append(Comparison(term=Term(own="starter"), operation="in", value=[actor.user_id]))
        instances = await rows.instances(
            tx,
            actor.account_id,
            app.app_id,
            tests=tests,
            search=_search(app, wanted.search),
            sort=[(_term(app, column), descending) for column, descending in wanted.sort],
            offset=wanted.offset,
            limit=limit,
        )
        if len(instances) > MAX_ROWS:
            raise InvalidRequest(f"There are more than {MAX_ROWS}. Request them in parts, with offset and limit.")
        files = await file_rows.files_of_instances(tx, actor.account_id, [one.id for one in instances])
        names = await _names(tx, actor, app, instances)
    by_instance: dict[InstanceId, list[File]] = {}
    for file in files:
        by_instance.setdefault(file.instance_id, []).append(file)
    return ListedInstances(instances=instances, files=by_instance, names=names)


async def names(context: Context, actor: Actor, app: LoadedApp, instance: Instance) -> Names:
    """Return what the users and groups are called that an instance refers to."""
    async with context.database.read() as tx:
        return await _names(tx, actor, app, [instance])


async def _names(tx: Reader, actor: Actor, app: LoadedApp, instances: Sequence[Instance]) -> Names:
    users = {int(one.starter_id) for one in instances if one.starter_id is not None}
    fields = [field for field in app.manifest.fields if field.type is FieldType.USER]
    held = [one.values.get(field.id) for one in instances for field in fields]
    users.update(number for number in held if isinstance(number, int))
    groups = await people.groups(tx, actor.account_id)
    return Names(
        users=await people.user_names(tx, actor.account_id, sorted(users)),
        groups={int(group.id): group.name for group in groups},
    )


async def history_names(context: Context, actor: Actor, users: set[int]) -> Mapping[int, str]:
    """Return what users are called, by number."""
    async with context.database.read() as tx:
        return await people.user_names(tx, actor.account_id, sorted(users))


def _search(app: LoadedApp, text: str | None) -> TextSearch | None:
    if text is None or not text.strip():
        return None
    texts = [slot for slot in app.slots if slot.kind == SlotKind.TEXT.value]
    columns = [(slot, field_prefix(app.account_id, app.app_id, FieldId(slot.field_id))) for slot in texts]
    return TextSearch(text=text, columns=[(None, title_prefix(app.account_id)), *columns])


def _term(app: LoadedApp, column: ListColumn) -> Term:
    if column.field is None:
        return Term(own=column.own)
    field = column.field
    slot = next((slot for slot in app.slots if slot.field_id == field.id and field.searchable), None)
    kind = slot_kind(field.type) if field.type is not FieldType.BOOLEAN else SlotKind.TEXT
    return Term(field=field.id, slot=slot, kind=kind)


async def _test(tx: Reader, actor: Actor, app: LoadedApp, one: Condition) -> Comparison:
    """Return a condition with its value as the database compares it."""
    negated, term = one.operation == "<>", _term(app, one.column)
    operation = "=" if negated else one.operation
    if not one.text.strip():
        if operation != "=":
            raise _refused(one, "an empty value can only be equal or not equal")
        return Comparison(term=term, operation="empty", negated=negated)
    if one.column.field is None:
        test = await _own_test(tx, actor, term, one, operation)
    else:
        test = await _field_test(tx, actor, replace(one, operation=operation), one.column.field, term=term)
    return replace(test, negated=negated)


async def _own_test(tx: Reader, actor: Actor, term: Term, one: Condition, operation: str) -> Comparison:
    match one.column.own:
        case "started_at" | "ended_at":
            return _within(term, span(one.text, ZoneInfo(actor.time_zone)), operation)
        case "number":
            return Comparison(term=term, operation=operation, value=_decimal(one))
        case _ if operation != "=":
            raise _refused(one, "it can only be equal or not equal")
        case "uuid":
            return Comparison(term=term, operation="=", value=_uuid(one))
        case "starter":
            return Comparison(term=term, operation="in", value=await _users(tx, actor, one))
        case "state":
            states = [state.value for state in InstanceState if state.value == one.text.strip().lower()]
            return Comparison(term=term, operation="in", value=states)
        case _:
            return Comparison(term=term, operation="=", value=fold(one.text))


async def _field_test(tx: Reader, actor: Actor, one: Condition, field: Field, *, term: Term) -> Comparison:
    operation = one.operation
    if field.is_file_type or field.type in (FieldType.TABLE, FieldType.SEPARATOR, FieldType.CHOICES):
        raise _refused(one, "this field cannot be filtered by")
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        zone = UTC if field.type is FieldType.DATE else ZoneInfo(actor.time_zone)
        return _within(term, span(one.text, zone), operation)
    if field.type in (FieldType.DECIMAL, FieldType.INTEGER, FieldType.RATING):
        return Comparison(term=term, operation=operation, value=_decimal(one))
    if operation != "=" and field.type is not FieldType.TIME:
        raise _refused(one, "it can only be equal or not equal")
    if field.type is FieldType.USER:
        return Comparison(term=term, operation="in", value=await _users(tx, actor, one))
    if field.type is FieldType.GROUP:
        return Comparison(term=term, operation="in", value=await _groups(tx, actor, one))
    return _text_test(term, one, field, operation)


async def _users(tx: Reader, actor: Actor, one: Condition) -> list[int]:
    return [int(user) for user in await people.users_called(tx, actor.account_id, one.text.strip())]


async def _groups(tx: Reader, actor: Actor, one: Condition) -> list[int]:
    groups = await people.groups(tx, actor.account_id)
    return [int(group.id) for group in groups if fold(group.name) == fold(one.text)]


def _text_test(term: Term, one: Condition, field: Field, operation: str) -> Comparison:
    if field.type is FieldType.BOOLEAN:
        word = {"1": "true", "0": "false"}.get(one.text.strip(), one.text.strip().lower())
        if word not in ("true", "false"):
            raise _refused(one, "it is equal or not equal to true or false")
        return Comparison(term=term, operation="=", value=word if term.slot is None else Decimal(int(word == "true")))
    value = next((option.id for option in field.limits.options if fold(option.label) == fold(one.text)), one.text)
    if term.slot is not None and len(fold(value)) < SLOT_CHARS:
        return Comparison(term=term, operation=operation, value=fold(value))
    return Comparison(term=Term(field=field.id, kind=term.kind), operation=operation, value=value.strip().lower())


def _within(term: Term, given: tuple[datetime, datetime], operation: str) -> Comparison:
    low, high = given
    match operation:
        case "=":
            return Comparison(term=term, operation="within", value=low, stop=high)
        case ">":
            return Comparison(term=term, operation=">=", value=high)
        case ">=":
            return Comparison(term=term, operation=">=", value=low)
        case "<":
            return Comparison(term=term, operation="<", value=low)
        case _:
            return Comparison(term=term, operation="<", value=high)


def _decimal(one: Condition) -> Decimal:
    try:
        if _NUMBER.fullmatch(one.text.strip()):
            return Decimal(one.text.strip())
    except InvalidOperation:
        pass
    raise _refused(one, "it must be compared with a number")


def _uuid(one: Condition) -> UUID:
    try:
        return UUID(one.text.strip())
    except ValueError:
        raise _refused(one, "it must be compared with a GUID") from None


def span(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of what a text names and the first after it: a year, a month, a day, a minute, a second.

    Args:
        text: W3C's form of ISO 8601: `1997`, `1997-07`, `1997-07-16`, `1997-07-16T19:20:30+01:00`.
        zone: where it is, unless the text says so.

    Raises:
        InvalidRequest: it is no such date.
    """
    found = _SPAN.fullmatch(text.strip())
    try:
        if found is not None:
            return _span(found, zone)
    except (ValueError, OverflowError):
        pass
    raise InvalidRequest(f"{text[:40]!r} is not a date such as 1997, 1997-07, 1997-07-16 or 1997-07-16T19:20:30Z.")


def _span(found: re.Match[str], zone: tzinfo) -> tuple[datetime, datetime]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    hour, minute, second = int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0)
    if found["zone"]:
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{found['zone']}").tzinfo or zone
    low = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    if found["month"] is None:
        high = low.replace(year=year + 1)
    elif found["day"] is None:
        high = (low + timedelta(days=monthrange(year, month)[1])).replace(hour=0)
    elif found["hour"] is None:
        high = low + timedelta(days=1)
    else:
        high = low + timedelta(seconds=60 if found["second"] is None else 1)
    return low.astimezone(UTC), high.astimezone(UTC)


def _refused(one: Condition, why: str) -> InvalidRequest:
    name = one.column.field.label if one.column.field is not None else str(one.column.own)
    return InvalidRequest(f"The filter on {name} cannot be used: {why}.", pointer="/filters")
