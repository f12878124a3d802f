"""SQL of searches over instances, and of saved searches.

A query becomes one statement over `instances`: equality and ranges on indexed columns, "contains" by trigrams with a
comparison of the text itself after it, and a keyset condition where a page goes on. Column names come from constants
and slot numbers here; everything that a person wrote is a parameter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from psycopg.types.json import Jsonb

from satchel.db.apps import Slot
from satchel.db.instances import instances_where
from satchel.db.pool import Reader, Writer, assembled
from satchel.model.fields import SlotKind
from satchel.model.ids import AccountId, AppId, GroupId, SearchId, UserId
from satchel.model.instance import Instance
from satchel.model.search.query import SLOT_CHARS, Cursor, FieldCondition, InstanceQuery, Sort, SortKey
from satchel.model.search.trigrams import fold, trigrams_of_term

COUNT_CAP = 10_000
"""Counts are exact up to here; beyond it one learns only that there are more."""

WINDOW = 20_000
"""How many of the newest instances a "contains" of fewer than three characters looks at."""

_SORT_COLUMNS: Mapping[SortKey, str] = {
    SortKey.TITLE: "i.title_folded",
    SortKey.STARTED_AT: "i.started_at",
    SortKey.ENDED_AT: "i.ended_at",
    SortKey.NUMBER: "i.number",
    SortKey.STATE: "i.state",
}


WALK = 2_000
"""How many instances are looked at in order for a "contains" before the trigrams are asked: a common term fills its
page from these sooner than all that hold it are found and sorted, a rare one costs little more."""


CANDIDATES = 2_000
"""How many instances that "contain" something are found by trigrams and sorted; of a term that more have, the order
asked for is walked to its end instead, for a page fills early then."""

_CLOCKS_APART = timedelta(days=1)
"""How far apart the clocks are at the most that noted an instance's start and its end."""


@dataclass(slots=True)
class Where:
    """A condition in the making, its parts joined by AND, and its parameters by name.

    Attributes:
        parts: what an index on columns answers.
        texts: comparisons of "contains".
        grams: what the trigrams' index answers; implied by `texts`.
        short_terms: whether a term is too short for trigrams.
    """

    parts: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    grams: list[str] = field(default_factory=list)
    parameters: dict[str, object] = field(default_factory=dict)
    short_terms: bool = False

    def add(self, part: str, *values: object) -> None:
        """Add a part in which each `{}` stands for the next of `values`."""
        self.parts.append(self.made(part, *values))

    def made(self, part: str, *values: object) -> str:
        """Return a part in which each `{}` became a parameter with the next of `values`."""
        names: list[str] = []
        for value in values:
            name = f"p{len(self.parameters)}"
            self.parameters[name] = value
            names.append(f"%({name})s")
        return part.format(*names)

    def text(self) -> str:
        """Return the whole condition."""
        return " AND ".join([*self.parts, *self.grams, *self.texts])

    def copy(self) -> "Where":
        """Return another that grows by itself."""
        return replace(self, parts=list(self.parts), parameters=dict(self.parameters))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """Where a search looks.

    Attributes:
        app: the one app that is searched, or None.
        visible: the apps whose instances the actor may see; None means all of the account.
        slots: of that one app, by field id.
        prefixes: of trigrams: `title` and each field id.
    """

    account: AccountId
    app: AppId | None
    visible: frozenset[AppId] | None
    slots: Mapping[str, Slot]
    prefixes: Mapping[str, str]


def condition(scope: SearchScope, query: InstanceQuery) -> Where:
    """Return the condition of a query without its cursor."""
    where = _within(scope)
    if query.states:
        states = [state.value for state in query.states]
        where.add(
            "i.state = {}" if len(states) == 1 else "i.state = ANY({})", states[0] if len(states) == 1 else states
        )
    for column, low, high in (
        ("i.started_at", query.started_from, query.started_to),
        ("i.ended_at", query.ended_from, query.ended_to),
    ):
        if low is not None:
            where.add(f"{column} >= {{}}", low)
        if high is not None:
            where.add(f"{column} <= {{}}", high)
    if query.ended_to is not None:
        # What ended by then had started by then: the walk from the newest start begins there, not at today's.
        where.add("i.started_at <= {}::timestamptz + {}::interval", query.ended_to, _CLOCKS_APART)
    _people(where, query)
    for title in query.titles:
        _contains(where, "i.title_folded", None, title, scope.prefixes["title"])
    for wanted in query.conditions:
        _field_condition(where, scope, wanted)
    if where.short_terms:
        _only_newest(where, scope)
    return where


def _people(where: Where, query: InstanceQuery) -> None:
    if query.starter is not None:
        where.add("i.starter_id = {}", query.starter)
    if query.starter_group is not None:
        where.add(
            "EXISTS (SELECT FROM group_members m WHERE m.account_id = i.account_id AND m.group_id = {}"
            " AND m.user_id = i.starter_id)",
            query.starter_group,
        )
    if query.starred_by is not None:
        where.add(
            "EXISTS (SELECT FROM stars s WHERE s.account_id = i.account_id AND s.user_id = {}"
            " AND s.instance_id = i.id)",
            query.starred_by,
        )


def _within(scope: SearchScope) -> Where:
    where = Where()
    where.add("i.account_id = {}", scope.account)
    if scope.app is not None:
        where.add("i.app_id = {}", scope.app)
    if scope.visible is not None:
        where.add("i.app_id = ANY({})", sorted(scope.visible))
    return where


def _field_condition(where: Where, scope: SearchScope, wanted: FieldCondition) -> None:
    slot = scope.slots[wanted.field]
    column = f"i.{SlotKind(slot.kind).value}_{int(slot.slot)}"
    if wanted.equals is not None:
        where.add(f"{column} = {{}}", wanted.equals)
    if wanted.low is not None:
        where.add(f"{column} >= {{}}", wanted.low)
    if wanted.high is not None:
        where.add(f"{column} <= {{}}", wanted.high)
    if wanted.contains is not None:
        _contains(where, column, wanted.field, wanted.contains, scope.prefixes[wanted.field])


def _contains(where: Where, column: str, field_id: str | None, term: str, prefix: str) -> None:
    """Add "contains": the trigrams find candidates, the comparison decides; a cut column asks the whole text."""
    folded = fold(term)
    grams = trigrams_of_term(folded, prefix=prefix)
    if grams is None:
        where.short_terms = True
    else:
        where.grams.append(where.made("i.grams @> {}::text[]", grams))
    if field_id is None:
        where.texts.append(where.made(f"strpos({column}, {{}}) > 0", folded))
    else:
        compared = (
            f"(strpos({column}, {{}}) > 0 OR (length({column}) = {SLOT_CHARS}"
            " AND strpos(i.long_texts ->> {}, {}) > 0))"
        )
        where.texts.append(where.made(compared, folded, field_id, folded))


def _only_newest(where: Where, scope: SearchScope) -> None:
    """Bound a comparison that no trigram narrows to the newest instances of the app or account."""
    app = "AND w.app_id = {}" if scope.app is not None else ""
    values: list[object] = [scope.account]
    if scope.app is not None:
        values.append(scope.app)
    where.add(
        "i.started_at >= coalesce((SELECT w.started_at FROM instances w WHERE w.account_id = {} "
        + app
        + f" ORDER BY w.started_at DESC OFFSET {WINDOW} LIMIT 1), '-infinity')",
        *values,
    )


def sort_column(scope: SearchScope, sort: Sort) -> str:
    """Return the column that a sort goes by."""
    if sort.key is SortKey.FIELD and sort.field is not None:
        slot = scope.slots[sort.field]
        return f"i.{SlotKind(slot.kind).value}_{int(slot.slot)}"
    return _SORT_COLUMNS[sort.key]


def _order(column: str, sort: Sort) -> str:
    if sort.key is SortKey.STARTED_AT:
        direction = "DESC" if sort.descending else "ASC"
        return f"i.started_at {direction}, i.id {direction}"
    if sort.descending:
        return f"{column} DESC, i.started_at ASC, i.id ASC"
    return f"{column} ASC, i.started_at DESC, i.id DESC"


async def find(tx: Reader, scope: SearchScope, query: InstanceQuery) -> tuple[list[tuple[Instance, object]], bool]:
    """Return a page of instances, each with its sort value, and whether a short term bounded the search.

    One more than `query.limit` is returned where there is a next page. Instances with a value of the sort key come
    first, those without after them; each half has an index that gives it in order.
    """
    base = condition(scope, query)
    column = sort_column(scope, query.sort)
    nullable = query.sort.key in (SortKey.ENDED_AT, SortKey.FIELD)
    wanted = query.limit + 1
    found: list[tuple[Instance, object]] = []
    cursor = query.cursor
    if cursor is None or cursor.value is not None or not nullable:
        where = base.copy()
        if nullable:
            where.add(f"{column} IS NOT NULL")
        if query.sort.key is SortKey.ENDED_AT and query.started_from is not None:  # the same the other way round
            where.add("i.ended_at >= {}::timestamptz - {}::interval", query.started_from, _CLOCKS_APART)
        if cursor is not None:
            _after(where, column, query.sort, cursor)
        found += await _page(tx, where, column, _order(column, query.sort), wanted)
        cursor = None
    if nullable and len(found) < wanted:
        where = base.copy()
        where.add(f"{column} IS NULL")
        if cursor is not None:
            where.add("(i.started_at, i.id) < ({}, {})", cursor.started_at, cursor.id)
        found += await _page(tx, where, column, "i.started_at DESC, i.id DESC", wanted - len(found))
    return found, base.short_terms


async def _page(tx: Reader, where: Where, column: str, order: str, wanted: int) -> list[tuple[Instance, object]]:
    """Return the first that are wanted; those that "contain" something as `CANDIDATES` and `WALK` say."""
    if not where.grams:
        return await instances_where(tx, column, where.text(), order, parameters=where.parameters, limit=wanted)
    texts, parts = " AND ".join(where.texts), " AND ".join(where.parts)
    found = await instances_where(
        tx, column, texts, order, parameters=where.parameters, limit=wanted, among=(parts, WALK)
    )
    if len(found) == wanted:
        return found
    condition = where.text()
    if await _counted(tx, condition, where, CANDIDATES) > CANDIDATES:
        # The numbers alone come from the index that has the order, mostly without a look at the rows.
        walk = f"SELECT i.id FROM instances i WHERE {parts} AND {texts} ORDER BY {order} LIMIT {int(wanted)}"
        condition = f"{where.parts[0]} AND i.id = ANY(ARRAY({walk}))"
    return await instances_where(tx, column, condition, order, parameters=where.parameters, limit=wanted)


def _after(where: Where, column: str, sort: Sort, cursor: Cursor) -> None:
    if sort.key is SortKey.STARTED_AT:
        sign = "<" if sort.descending else ">"
        where.add(f"(i.started_at, i.id) {sign} ({{}}, {{}})", cursor.started_at, cursor.id)
        return
    beyond, tie = ("<", ">") if sort.descending else (">", "<")
    where.add(
        f"{column} {beyond}= {{}} AND ({column} {beyond} {{}} OR (i.started_at, i.id) {tie} ({{}}, {{}}))",
        cursor.value,
        cursor.value,
        cursor.started_at,
        cursor.id,
    )


async def count(tx: Reader, scope: SearchScope, query: InstanceQuery, *, cap: int = COUNT_CAP) -> int:
    """Return how many instances a query finds, at most `cap` + 1."""
    where = condition(scope, query)
    if where.grams and cap > COUNT_CAP and not query.conditions:
        found = await _counted(tx, where.text(), where, CANDIDATES)
        if found <= CANDIDATES:
            return found
        # Of titles that many have, the index that has the titles tells sooner than the rows that the trigrams find.
        return await _counted(tx, " AND ".join([*where.parts, *where.texts]), where, cap)
    return await _counted(tx, where.text(), where, cap)


async def _counted(tx: Reader, text: str, where: Where, cap: int) -> int:
    """Return for how many instances a condition holds, at most `cap` + 1; the parameters are those of `where`."""
    counted = f"SELECT count(*) FROM (SELECT FROM instances i WHERE {text} LIMIT {int(cap) + 1}) AS found"
    return await tx.value(int, assembled(counted), where.parameters) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A query that somebody keeps under a name, and the groups that share it."""

    account_id: AccountId
    id: SearchId
    owner_id: UserId
    name: str
    query: Mapping[str, object]
    created_at: datetime
    changed_at: datetime
    groups: list[int]


_SAVED = (
    "SELECT s.account_id, s.id, s.owner_id, s.name, s.query, s.created_at, s.changed_at,"
    " coalesce((SELECT array_agg(g.group_id ORDER BY g.group_id) FROM saved_search_groups g"
    " WHERE g.account_id = s.account_id AND g.search_id = s.id), '{}') AS groups FROM saved_searches s"
)


async def insert_search(
    tx: Writer, account: AccountId, owner: UserId, *, name: str, query: Mapping[str, object], now: datetime
) -> SearchId:
    """Keep a query under a name."""
    created = await tx.value(
        SearchId,
        "INSERT INTO saved_searches (account_id, owner_id, name, query, created_at, changed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
        (account, owner, name, Jsonb(dict(query)), now, now),
    )
    return SearchId(created or 0)


async def update_search(
    tx: Writer, account: AccountId, search: SearchId, *, name: str, query: Mapping[str, object], now: datetime
) -> None:
    """Give a saved search a name and a query."""
    tx.put(
        "UPDATE saved_searches SET name = %s, query = %s, changed_at = %s WHERE account_id = %s AND id = %s",
        (name, Jsonb(dict(query)), now, account, search),
    )


async def share_search(tx: Writer, account: AccountId, search: SearchId, groups: Sequence[int]) -> None:
    """Share a saved search with exactly these groups."""
    tx.put("DELETE FROM saved_search_groups WHERE account_id = %s AND search_id = %s", (account, search))
    tx.put_many(
        "INSERT INTO saved_search_groups (account_id, search_id, group_id) VALUES (%s, %s, %s)",
        [(account, search, group) for group in sorted(set(groups))],
    )


async def delete_search(tx: Writer, account: AccountId, search: SearchId) -> None:
    """Remove a saved search."""
    tx.put("DELETE FROM saved_searches WHERE account_id = %s AND id = %s", (account, search))


async def saved_search(tx: Reader, account: AccountId, search: SearchId) -> SavedSearch | None:
    """Return a saved search of the account."""
    return await tx.row(SavedSearch, f"{_SAVED} WHERE s.account_id = %s AND s.id = %s", (account, search))


async def saved_searches(
    tx: Reader, account: AccountId, user: UserId | None, groups: Sequence[GroupId], *, after: int, limit: int
) -> list[SavedSearch]:
    """Return a page of the saved searches that a user owns or that are shared with their groups, by id."""
    return await tx.rows(
        SavedSearch,
        f"{_SAVED} WHERE s.account_id = %(account)s AND s.id > %(after)s AND (s.owner_id = %(user)s OR EXISTS"
        " (SELECT FROM saved_search_groups g WHERE g.account_id = s.account_id AND g.search_id = s.id"
        " AND g.group_id = ANY(%(groups)s))) ORDER BY s.id LIMIT %(limit)s",
        {"account": account, "after": after, "user": user, "groups": list(groups), "limit": limit},
    )
