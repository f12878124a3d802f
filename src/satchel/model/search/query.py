"""The native search: the query, the typed columns that it uses, and the cursor from page to page.

`satchel.model.search.reading` parses an `InstanceQuery` from JSON or a query string; saved searches store `query_json`.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeAlias, cast

from satchel.model.errors import InvalidRequest
from satchel.model.fields import Field, FieldType, SlotKind, slot_kind
from satchel.model.ids import FieldId, GroupId, InstanceId, UserId
from satchel.model.instance import InstanceState
from satchel.model.search.trigrams import fold

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_CHARS = 2_000
SLOT_CHARS = 400
"""Length of a folded text in its column: an index entry must stay under PostgreSQL's third of a page."""

_MAX_EXPONENT = 60
"""Maximum exponent of a cursor's number: a value has 38 digits at most."""

SlotValue: TypeAlias = str | Decimal | datetime
"""The value of a slot column: folded text, a number or a datetime."""


class SortKey(StrEnum):
    """The sort keys of instances; `FIELD` is one searchable field."""

    TITLE = "title"
    STARTED_AT = "started_at"
    ENDED_AT = "ended_at"
    NUMBER = "number"
    STATE = "state"
    FIELD = "field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """One key and a direction; instances without a value come last.

    Instances of equal value are sorted by their start, in the opposite direction: `field:amount` ascending returns the
    newest of equal amounts first, in the order of the index of architecture §6.

    Attributes:
        field: of `SortKey.FIELD`; None otherwise.
        slot: the kind of that field's column.
    """

    key: SortKey = SortKey.STARTED_AT
    descending: bool = True
    field: FieldId | None = None
    slot: SlotKind | None = None

    def __str__(self) -> str:
        name = f"field:{self.field}" if self.field is not None else str(self.key)
        return f"-{name}" if self.descending else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The end of a page: the last instance's sort value (None if it has none), its start and its id."""

    value: str | int | Decimal | datetime | None
    started_at: datetime
    id: InstanceId


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCondition:
    """A condition on one searchable field; either `equals`, or `low` and `high` (inclusive), or `contains` is set.

    Attributes:
        kind: of the field's column.
        equals, low, high: in the column's form.
        contains: the text that the column must contain, folded.
        given: the canonical JSON of the condition, for saved searches.
    """

    field: FieldId
    kind: SlotKind
    given: Mapping[str, object]
    equals: SlotValue | None = None
    low: SlotValue | None = None
    high: SlotValue | None = None
    contains: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceQuery:
    """A search for instances; a None or empty condition is ignored.

    Attributes:
        app: the code of one app; conditions on fields need it.
        states: any of these.
        titles: texts that the title must all contain; see `satchel.model.search.trigrams` for the comparison.
        started_from, started_to, ended_from, ended_to: inclusive times.
        starter: the user who started the instance.
        starter_group: a current group of its starter.
        starred_by: a user who gave it a star.
        conditions: all of them must hold.
    """

    app: str | None = None
    states: tuple[InstanceState, ...] = ()
    titles: tuple[str, ...] = ()
    started_from: datetime | None = None
    started_to: datetime | None = None
    ended_from: datetime | None = None
    ended_to: datetime | None = None
    starter: UserId | None = None
    starter_group: GroupId | None = None
    starred_by: UserId | None = None
    conditions: tuple[FieldCondition, ...] = ()
    sort: Sort = Sort()
    limit: int = DEFAULT_LIMIT
    cursor: Cursor | None = None


def query_json(query: InstanceQuery) -> dict[str, object]:
    """Return the canonical JSON of a query, without its cursor; parsing it returns the same query."""
    moments = {
        "started_from": query.started_from,
        "started_to": query.started_to,
        "ended_from": query.ended_from,
        "ended_to": query.ended_to,
    }
    given: dict[str, object] = {
        "app": query.app,
        "states": [str(state) for state in query.states] or None,
        "title": query.titles[0] if len(query.titles) == 1 else list(query.titles) or None,
        **{name: moment_json(moment) for name, moment in moments.items() if moment is not None},
        "starter": query.starter,
        "starter_group": query.starter_group,
        "starred": query.starred_by is not None or None,
        "fields": {condition.field: dict(condition.given) for condition in query.conditions} or None,
        "sort": str(query.sort),
        "limit": query.limit,
    }
    return {name: value for name, value in given.items() if value is not None}


def slot_value(field: Field, stored: object) -> SlotValue | None:
    """Return the column value of a searchable field for a canonical value; None for an empty one.

    Texts are folded and cut at 400 characters; several choices are `,a,b,`; a date is its midnight in UTC.
    """
    if stored is None:
        return None
    kind = slot_kind(field.type)
    if kind is SlotKind.NUMBER:
        return Decimal(int(stored)) if isinstance(stored, bool) else Decimal(cast("int | str", stored))
    if kind is SlotKind.TIME:
        if field.type is FieldType.DATE:
            return datetime.combine(date.fromisoformat(cast("str", stored)), time(), tzinfo=UTC)
        return datetime.fromisoformat(cast("str", stored))
    if field.type is FieldType.CHOICES:
        return slot_text(chosen_text(cast("list[str]", stored)))
    return slot_text(cast("str", stored))


def slot_text(text: str) -> str:
    """Return a text in the form of a slot column."""
    return fold(text)[:SLOT_CHARS]


def chosen_text(ids: list[str]) -> str:
    """Return several option ids as one text, `,a,b,`, so that each is found as `,a,`."""
    return f",{','.join(ids)},"


def moment_json(moment: datetime) -> str:
    """Return a datetime in UTC as `2026-01-31T09:30:00Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def encode_cursor(sort: Sort, cursor: Cursor) -> str:
    """Return a cursor as opaque text for the URL of the next page."""
    value = cursor.value
    if isinstance(value, datetime):
        value = moment_json(value)
    elif isinstance(value, Decimal):
        value = format(value, "f")
    parts = [str(sort), value, moment_json(cursor.started_at), cursor.id]
    data = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_cursor(sort: Sort, text: str) -> Cursor:
    """Return the cursor that `encode_cursor` made for the same sort.

    A cursor is not signed: it is a position and grants nothing. Its content is checked by type and used as
    a parameter only.

    Raises:
        InvalidRequest: the text is not a cursor of this sort; request the first page again.
    """
    try:
        return _decoded(sort, text)
    except (ValueError, TypeError, InvalidOperation, RecursionError, binascii.Error) as error:
        message = "The cursor does not belong to this search; leave it out to start at the first page."
        raise InvalidRequest(message, pointer="/cursor") from error


def _decoded(sort: Sort, text: str) -> Cursor:
    """Return the cursor in a text.

    Raises:
        ValueError: the text is not a cursor, or of another sort.
        TypeError: likewise.
    """
    if len(text) > MAX_CURSOR_CHARS:
        raise ValueError
    data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    decoded: object = json.loads(data)
    if not isinstance(decoded, list):
        raise TypeError
    made_for, value, started_at, number = cast("list[object]", decoded)
    if not isinstance(started_at, str):
        raise TypeError
    if made_for != str(sort) or isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 2**63:
        raise ValueError
    return Cursor(value=_sort_value(sort, value), started_at=_moment(started_at), id=InstanceId(number))


def _sort_value(sort: Sort, value: object) -> str | int | Decimal | datetime | None:
    """Return a cursor's value in the form of the sort's column.

    Raises:
        ValueError: it is of another type.
        TypeError: likewise.
    """
    optional = sort.key in (SortKey.ENDED_AT, SortKey.FIELD)
    if value is None and optional:
        return None
    if sort.key is SortKey.NUMBER:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            raise ValueError
        return value
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    if sort.key in (SortKey.STARTED_AT, SortKey.ENDED_AT) or sort.slot is SlotKind.TIME:
        return _moment(value)
    if sort.slot is SlotKind.NUMBER:
        number = Decimal(value)
        if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
            raise ValueError
        return number
    return value


def _moment(text: str) -> datetime:
    """Return a datetime with its offset.

    Raises:
        ValueError: it is malformed, or has no offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment
