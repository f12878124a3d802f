"""Parses queries from JSON and query strings, and returns all faults at once, each with its pointer.

JSON: `{"app": "PUR", "states": ["running"], "title": "chair", "started_from": "2026-01-01", "starter": 7, "fields":
{"amount": {"from": "10", "to": "99.5"}, "supplier": {"equals": "ACME"}, "product": {"contains": "desk"}}, "sort":
"-field:amount", "limit": 50}`; `title` may be a list, all of which it must contain, and there are `starter_group` and
`starred` (`true`: by the caller). Query string: the same names, `state` repeated, and `field.amount.from=10`,
`field.supplier=ACME`, `field.product.contains=desk`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import cast

from satchel.model.app_yaml.section import meant
from satchel.model.errors import InvalidRequest
from satchel.model.fields import Field, FieldType, SlotKind, ValueLimits, slot_kind
from satchel.model.ids import FieldId, GroupId, UserId
from satchel.model.instance import InstanceState
from satchel.model.scalars import Moment, RefusedError, Scalar, check_scalar
from satchel.model.search.moments import NEEDS_MOMENT, canonical, clock_span, span
from satchel.model.search.query import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    FieldCondition,
    InstanceQuery,
    SlotValue,
    Sort,
    SortKey,
    chosen_text,
    decode_cursor,
    slot_text,
    slot_value,
)

MAX_TERM_CHARS = 255
MAX_CONDITIONS = 20
MAX_TITLES = 10

_KEYS = (
    *("app", "states", "title", "started_from", "started_to", "ended_from", "ended_to"),
    *("starter", "starter_group", "starred", "fields", "sort", "limit", "cursor"),
)
_OPERATIONS = ("equals", "from", "to", "contains")


class _Faults:
    """Collects the faults of a query, by JSON pointer."""

    def __init__(self) -> None:
        self.noted: list[dict[str, str]] = []

    def add(self, pointer: str, message: str) -> None:
        self.noted.append({"pointer": pointer, "message": message})

    def check(self) -> None:
        if self.noted:
            first = self.noted[0]
            raise InvalidRequest(
                f"{len(self.noted)} part(s) of the search are wrong; the first, {first['pointer']}: {first['message']}",
                errors=self.noted,
            )


def parse_pairs(
    pairs: Iterable[tuple[str, str]],
    fields: Iterable[Field],
    *,
    now: datetime,
    time_zone: tzinfo,
    user: UserId | None = None,
) -> InstanceQuery:
    """Parse the query from a query string's decoded pairs; the arguments are those of `parse_query`.

    Raises:
        InvalidRequest: with every fault; the pointers are those of the JSON form.
    """
    given: dict[str, object] = {}
    conditions: dict[str, dict[str, object]] = {}
    states: list[object] = []
    faults = _Faults()
    for name, value in pairs:
        if name == "state":
            states.append(value)
        elif name.startswith("field."):
            field_id, _, operation = name.removeprefix("field.").partition(".")
            parts = conditions.setdefault(field_id, {})
            if (operation or "equals") in parts:
                faults.add(f"/fields/{field_id}", f"{name[:80]} is a duplicate.")
            parts[operation or "equals"] = value
        elif name in given or name in ("states", "fields"):
            faults.add(f"/{name[:80]}", f"{name[:80]} is a duplicate, or has another name in a query string.")
        else:
            given[name] = value
    faults.check()
    if states:
        given["states"] = states
    if conditions:
        given["fields"] = conditions
    return parse_query(given, fields, now=now, time_zone=time_zone, user=user)


def parse_query(
    given: Mapping[str, object],
    fields: Iterable[Field],
    *,
    now: datetime,
    time_zone: tzinfo,
    user: UserId | None = None,
) -> InstanceQuery:
    """Parse the query from a JSON object.

    Args:
        given: the object; unknown names are refused, so that a misspelt condition never finds everything.
        fields: of the app that `given["app"]` names; none if it names none.
        now: the current time.
        time_zone: the user's, for dates and datetimes without an offset.
        user: the user meant by `starter: me` and `starred`.

    Raises:
        InvalidRequest: with every fault and its JSON pointer.
    """
    faults = _Faults()
    for name in given:
        if name not in _KEYS:
            faults.add(f"/{name[:80]}", f"There is no such condition{meant(name, _KEYS)}")
    reader = _Reader(given, {str(field.id): field for field in fields}, Moment(now=now, time_zone=time_zone), faults)
    sort = reader.sort()
    query = InstanceQuery(
        app=reader.text("app"),
        states=reader.states(),
        titles=reader.titles(),
        started_from=reader.moment("started_from", ends=False),
        started_to=reader.moment("started_to", ends=True),
        ended_from=reader.moment("ended_from", ends=False),
        ended_to=reader.moment("ended_to", ends=True),
        starter=user if given.get("starter") == "me" and user is not None else reader.starter(),
        starter_group=reader.starter_group(),
        starred_by=reader.starred_by(user),
        conditions=reader.conditions(),
        sort=sort,
        limit=reader.limit(),
    )
    faults.check()
    cursor = reader.text("cursor")
    if cursor is None:
        return query
    return InstanceQuery(
        **{name: getattr(query, name) for name in InstanceQuery.__dataclass_fields__ if name != "cursor"},
        cursor=decode_cursor(sort, cursor),
    )


class _Reader:
    """Reads the parts of one query."""

    def __init__(self, given: Mapping[str, object], fields: Mapping[str, Field], now: Moment, faults: _Faults) -> None:
        self._given = given
        self._fields = fields
        self._now = now
        self._faults = faults

    def text(self, name: str) -> str | None:
        """Return a text; None if it is blank."""
        value = self._given.get(name)
        if value is None:
            return None
        longest = 2_000 if name == "cursor" else MAX_TERM_CHARS
        if not isinstance(value, str) or len(value) > longest or "\0" in value:
            self._faults.add(f"/{name}", f"A text of at most {longest} characters is required here.")
            return None
        return value if value.strip() else None

    def titles(self) -> tuple[str, ...]:
        """Return the texts that the title must contain, each once; blank ones are left out."""
        value = self._given.get("title")
        if isinstance(value, str):
            value = [value]
        if value is None:
            return ()
        texts = cast("list[object]", value) if isinstance(value, list) else []
        good = [text for text in texts if isinstance(text, str) and len(text) <= MAX_TERM_CHARS and "\0" not in text]
        if not 0 < len(texts) <= MAX_TITLES or len(good) != len(texts):
            message = f"A text of at most {MAX_TERM_CHARS} characters, or a list of {MAX_TITLES}, is required here."
            self._faults.add("/title", message)
        return tuple(dict.fromkeys(text for text in good if text.strip()))

    def states(self) -> tuple[InstanceState, ...]:
        """Return the requested states, each once."""
        value = self._given.get("states")
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self._faults.add("/states", "A list of states is required here.")
            return ()
        known = {str(state) for state in InstanceState}
        found: dict[InstanceState, None] = {}
        for index, item in enumerate(cast("list[object]", value)):
            if isinstance(item, str) and item in known:
                found[InstanceState(item)] = None
            else:
                self._faults.add(f"/states/{index}", f"A state is one of {', '.join(InstanceState)}.")
        return tuple(found)

    def moment(self, name: str, *, ends: bool) -> datetime | None:
        """Return the first or, if it `ends` a range, the last moment of a date or datetime."""
        value = self._given.get(name)
        if value is None or value == "":
            return None
        try:
            return span(value, self._now)[ends]
        except (RefusedError, OverflowError):
            self._faults.add(f"/{name}", NEEDS_MOMENT)
            return None

    def starter(self) -> UserId | None:
        """Return the user who started the instance."""
        number = self._integer("starter", low=1, high=2**63 - 1)
        return UserId(number) if number is not None else None

    def starter_group(self) -> GroupId | None:
        """Return the group that the starter is in."""
        number = self._integer("starter_group", low=1, high=2**63 - 1)
        return GroupId(number) if number is not None else None

    def starred_by(self, user: UserId | None) -> UserId | None:
        """Return the user whose star is required."""
        value = self._given.get("starred")
        if value in (None, False, "", "false"):
            return None
        if value not in (True, "true") or user is None:
            self._faults.add("/starred", "true or false is required here, from a user.")
        return user

    def limit(self) -> int:
        """Return the length of a page."""
        return self._integer("limit", low=1, high=MAX_LIMIT) or DEFAULT_LIMIT

    def sort(self) -> Sort:
        """Return the sort; newest start first by default."""
        text = self.text("sort")
        if text is None:
            return Sort()
        name = text.removeprefix("-")
        if name.startswith("field:"):
            field = self._searchable(name.removeprefix("field:"), "/sort")
            if field is None:
                return Sort()
            slot = slot_kind(field.type)
            return Sort(key=SortKey.FIELD, descending=text.startswith("-"), field=field.id, slot=slot)
        keys = [key for key in SortKey if key is not SortKey.FIELD]
        if name not in keys:
            self._faults.add("/sort", f"There is no sort by {name[:80]}{meant(name, [*keys, 'field:<id>'])}")
            return Sort()
        return Sort(key=SortKey(name), descending=text.startswith("-"))

    def conditions(self) -> tuple[FieldCondition, ...]:
        """Return the conditions on fields."""
        value = self._given.get("fields")
        if value is None:
            return ()
        if not isinstance(value, Mapping) or len(cast("Mapping[str, object]", value)) > MAX_CONDITIONS:
            self._faults.add(
                "/fields", f"An object of at most {MAX_CONDITIONS} field ids and conditions is required here."
            )
            return ()
        found: list[FieldCondition] = []
        for name, condition in cast("Mapping[str, object]", value).items():
            field = self._searchable(name, f"/fields/{name[:80]}")
            if field is None:
                continue
            if not isinstance(condition, Mapping):
                condition = {"equals": condition}  # noqa: PLW2901  # the short form of the same
            try:
                found.append(self._condition(field, cast("Mapping[str, object]", condition)))
            except RefusedError as refused:
                self._faults.add(f"/fields/{name}", str(refused))
        return tuple(found)

    def _condition(self, field: Field, given: Mapping[str, object]) -> FieldCondition:
        """Return one condition.

        Raises:
            RefusedError: it has parts that exclude each other, or values of another type.
        """
        kind = slot_kind(field.type)
        names = set(given)
        if not names or names - set(_OPERATIONS):
            raise RefusedError("condition", f"A condition has {', '.join(_OPERATIONS)}.")
        if names == {"contains"}:
            return self._containing(field, given["contains"])
        if names == {"equals"} and field.type in (FieldType.DATETIME, FieldType.TIME):
            given = {"from": given["equals"], "to": given["equals"]}  # a day is all of it, a minute has its seconds
            names = set(given)
        if names == {"equals"}:
            value = self._value(field, given["equals"])
            return FieldCondition(field=field.id, kind=kind, given={"equals": value}, equals=slot_value(field, value))
        if not names <= {"from", "to"}:
            raise RefusedError("condition", "equals, contains and a range (from, to) exclude each other.")
        if kind is SlotKind.TEXT and field.type is not FieldType.TIME:
            raise RefusedError("condition", f"A {field.type} has no range; use equals or contains.")
        found: dict[str, object] = {}
        ends: dict[str, SlotValue | None] = {}
        for name in sorted(names):
            found[name] = self._value(field, given[name], ends=name == "to")
            ends[name] = slot_value(field, found[name])
        return FieldCondition(field=field.id, kind=kind, given=found, low=ends.get("from"), high=ends.get("to"))

    def _containing(self, field: Field, given: object) -> FieldCondition:
        kind = slot_kind(field.type)
        if kind is not SlotKind.TEXT or field.type is FieldType.TIME:
            raise RefusedError(
                "condition", f"A {field.type} cannot be searched with contains; use equals, or from and to."
            )
        if not isinstance(given, str) or not given.strip() or len(given) > MAX_TERM_CHARS:
            raise RefusedError("condition", f"contains requires a text of 1 to {MAX_TERM_CHARS} characters.")
        needle = slot_text(chosen_text([given]) if field.type is FieldType.CHOICES else given)
        return FieldCondition(field=field.id, kind=kind, given={"contains": given}, contains=needle)

    def _value(self, field: Field, given: object, *, ends: bool = False) -> Scalar:
        """Return a condition's value in canonical form; the field's limits do not apply to a search."""
        if field.type is FieldType.DATETIME:
            return canonical(span(given, self._now)[ends], ends=ends)
        if field.type is FieldType.TIME:
            return clock_span(given, self._now)[ends]
        if field.type is FieldType.CHOICES:
            items = cast("list[object]", given) if isinstance(given, list | tuple) else [given]
            chosen = {item for item in items if isinstance(item, str)}
            known = [option.id for option in field.limits.options]
            if not items or len(chosen) != len(items):
                raise RefusedError("type", "A list of option ids is required here.")
            return sorted(chosen, key=lambda item: (known.index(item) if item in known else len(known), item))
        type_ = FieldType.TEXT if field.type is FieldType.CHOICE else field.type
        value = check_scalar(type_, ValueLimits(max_stars=2**31), given, self._now)
        if value is None:
            raise RefusedError("required", "A value is required here.")
        return value

    def _integer(self, name: str, *, low: int, high: int) -> int | None:
        value = self._given.get(name)
        if value is None or value == "":
            return None
        try:
            number = check_scalar(FieldType.INTEGER, ValueLimits(min=Decimal(low), max=Decimal(high)), value, self._now)
        except RefusedError:
            self._faults.add(f"/{name}", f"A whole number from {low} to {high} is required here.")
            return None
        return cast("int | None", number)

    def _searchable(self, name: str, pointer: str) -> Field | None:
        field = self._fields.get(name)
        if field is not None and field.searchable:
            return field
        if not self._given.get("app"):
            self._faults.add(pointer, "Conditions on fields require their app; add app.")
        elif field is None:
            self._faults.add(pointer, f"The app has no field {name[:80]}{meant(name, self._fields)}")
        else:
            self._faults.add(
                pointer, f"The field {FieldId(name)} is not searchable; its app must declare searchable: true."
            )
        return None
