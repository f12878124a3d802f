"""SQL of lists of one app's instances by conditions on any of their fields, sorted by any, paged by offset.

Searchable fields are compared by their columns, which have indexes; all others by what is stored of them, one instance
after the other. Names of columns are constants here; what a person wrote is a parameter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satchel.db.apps import Slot
from satchel.db.instances import instances_where
from satchel.db.lists.search import Where
from satchel.db.pool import Reader
from satchel.model.fields import SlotKind
from satchel.model.ids import AccountId, AppId, FieldId
from satchel.model.instance import Instance
from satchel.model.search.query import SLOT_CHARS
from satchel.model.search.trigrams import fold, trigrams_of_term

OWN: Mapping[str, str] = {
    "uuid": "i.uuid",
    "number": "i.number",
    "title": "i.title_folded",
    "state": "i.state",
    "started_at": "i.started_at",
    "ended_at": "i.ended_at",
    "starter": "i.starter_id",
}
"""What instances have besides their fields."""

_NEVER_EMPTY = frozenset({"uuid", "number", "title", "state", "started_at"})

COMPARISONS = ("=", ">", ">=", "<", "<=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is compared or sorted by: a name of `OWN`, or a field with its slot, if it has one.

    Attributes:
        kind: how the field's value is compared where it has no slot.
    """

    own: str | None = None
    field: FieldId | None = None
    slot: Slot | None = None
    kind: SlotKind = SlotKind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One condition.

    Attributes:
        operation: one of `COMPARISONS`; `in` a list; `within` the range from the value up to `stop`; `empty`.
        negated: whether the opposite is asked for; an empty value is then found too.
    """

    term: Term
    operation: str
    value: object = None
    stop: object = None
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSearch:
    """A text that one of several columns must contain: each with the prefix of its trigrams, None for the title."""

    text: str
    columns: Sequence[tuple[Slot | None, str]]


async def instances(
    tx: Reader,
    account: AccountId,
    app: AppId,
    *,
    tests: Sequence[Comparison],
    search: TextSearch | None,
    sort: Sequence[tuple[Term, bool]],
    offset: int,
    limit: int,
) -> list[Instance]:
    """Return instances of an app for which all tests hold; without a sort, by number."""
    where = Where()
    where.add("i.account_id = {}", account)
    where.add("i.app_id = {}", app)
    for one in tests:
        where.parts.append(_test(where, one))
    if search is not None:
        where.parts.append(_search(where, search))
    order = [f"{_expression(where, term)} {_direction(term, descending=descending)}" for term, descending in sort]
    found = await instances_where(
        tx,
        "NULL",
        where.text(),
        ", ".join([*order, "i.number ASC"]),
        parameters=where.parameters,
        limit=limit,
        offset=offset,
    )
    return [instance for instance, _ in found]


def _direction(term: Term, *, descending: bool) -> str:
    """Return how a term is sorted: an empty value is the least."""
    if term.own in _NEVER_EMPTY:
        return "DESC" if descending else "ASC"
    return "DESC NULLS LAST" if descending else "ASC NULLS FIRST"


def _test(where: Where, test: Comparison) -> str:
    left = _expression(where, test.term)
    match test.operation:
        case "empty":
            return f"{left} IS {'NOT ' if test.negated else ''}NULL"
        case "in":
            part = where.made(f"{left} = ANY({{}})", test.value)
        case "within":
            part = where.made(f"({left} >= {{}} AND {left} < {{}})", test.value, test.stop)
        case operation if operation in COMPARISONS:
            part = where.made(f"{left} {operation} {{}}", test.value)
        case _:
            raise ValueError(test.operation)
    return f"({part}) IS NOT TRUE" if test.negated else part


def _expression(where: Where, term: Term) -> str:
    if term.own is not None:
        return OWN[term.own]
    if term.slot is not None:
        return _column(term.slot)
    stored = where.made('i."values" ->> {}', str(term.field))
    match term.kind:
        case SlotKind.NUMBER:
            return f"({stored})::numeric"
        case SlotKind.TIME:
            return f"({stored})::timestamptz"
        case SlotKind.TEXT:
            return f"lower({stored})"


def _column(slot: Slot) -> str:
    return f"i.{SlotKind(slot.kind).value}_{int(slot.slot)}"


def _search(where: Where, search: TextSearch) -> str:
    term = fold(search.text)
    found: list[str] = []
    for slot, prefix in search.columns:
        column = "i.title_folded" if slot is None else _column(slot)
        part = where.made(f"strpos({column}, {{}}) > 0", term)
        if slot is not None:
            longer = f"length({column}) = {SLOT_CHARS} AND strpos(i.long_texts ->> {{}}, {{}}) > 0"
            part = f"({part} OR ({where.made(longer, slot.field_id, term)}))"
        grams = trigrams_of_term(term, prefix=prefix)
        found.append(part if grams is None else f"({where.made('i.grams @> {}::text[]', grams)} AND {part})")
    return f"({' OR '.join(found)})"
