"""Searches against a plain reading of the same instances: what is found, in which order, page by page."""

import asyncio
import random
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.actions.instances import lifecycle
from satchel.actions.lists import search
from satchel.db.lists import search as search_rows
from satchel.model.actor import Actor
from stage import Stage
from world import World, bundle, fields

WORDS = ("Straße", "STRASSE", "İzmir", "Öl", "o\u0308l", "ﬁsh", "Fish & Chips", "100 %", "a_b", "a\\b", "x" * 30)
CODES = ("ONE", "TWO")
COUNT = 60


def _app(code: str) -> dict[str, bytes]:
    return bundle(
        {
            "code": code,
            "title": "{{ subject }}",
            "fields": fields(
                {"id": "subject", "type": "text", "searchable": True},
                {"id": "body", "type": "multiline", "searchable": True},
                {"id": "amount", "type": "decimal", "searchable": True},
                {"id": "day", "type": "date", "searchable": True},
                {"id": "done", "type": "boolean", "searchable": True},
                {
                    "id": "parts",
                    "type": "choices",
                    "searchable": True,
                    "options": [{"id": one, "label": one} for one in ("a", "ab", "b")],
                },
            ),
            "start": {"fields": dict.fromkeys(("subject", "body", "amount", "day", "done", "parts"), "edit")},
            "tasks": {"a": {"assign": {"starter": True}, "fields": {}}},
        }
    )


@dataclass(frozen=True)
class Known:
    """An instance as the test wrote it."""

    id: int
    code: str
    state: str
    started_at: datetime
    values: dict[str, object]


@dataclass
class Library:
    """A world with instances, and the loop that it lives on."""

    runner: asyncio.Runner
    world: World
    actors: dict[str, Actor]
    known: list[Known]

    def find(self, who: str, query: dict[str, object]) -> list[int]:
        """Return the numbers of all instances that a search finds, page by page."""

        async def pages() -> list[int]:
            found: list[int] = []
            asked = dict(query)
            while True:
                page = await search.find(self.world.context, self.actors[who], asked, with_count=True)
                found += [int(one.id) for one in page.instances]
                counts.add(page.count)
                if page.cursor is None:
                    return found
                assert len(page.instances) == query["limit"]
                asked["cursor"] = page.cursor

        counts: set[int | None] = set()
        found = self.runner.run(pages())
        assert counts == {len(found)}
        return found


async def _fill(world: World) -> list[Known]:
    chance = random.Random(7)  # noqa: S311  # the same in every run
    known: list[Known] = []
    for code in CODES:
        await world.deploy(_app(code))
    for _ in range(COUNT):
        code = chance.choice(CODES)
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 3)))
        long = chance.choice((text, "y" * 390 + text, "filler " * 100 + text))
        values: dict[str, object] = {"subject": text, "body": long}
        if chance.random() < 0.8:
            values["amount"] = str(chance.choice((-1, 0, 1, 1.5, 10, 1000000)))
            values["day"] = f"2026-0{chance.randint(1, 9)}-01"
        if chance.random() < 0.8:
            values["done"] = chance.random() < 0.5
            values["parts"] = sorted(chance.sample(("a", "ab", "b"), k=chance.randint(1, 3)))
        number = await world.start(world.admin, code, **values)
        state = "running"
        if chance.random() < 0.3:
            await lifecycle.cancel_instance(world.context, world.admin, number, why="test")
            state = "cancelled"
        known.append(Known(int(number), code, state, world.clock(), values))
        if chance.random() < 0.7:
            world.clock.advance(timedelta(minutes=1))
    return known


@pytest.fixture(scope="module")
def library(stage: Stage) -> Library:
    world, run = stage.world, stage.runner.run
    known = run(_fill(world))
    actors = {"admin": world.admin, "rival": world.rival, "stranger": run(world.actor("stranger"))}
    return Library(stage.runner, world, actors, known)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(plain.split())


def _holds(one: Known, query: dict[str, object]) -> bool:
    if query.get("app") not in (None, one.code):
        return False
    states = query.get("states")
    if isinstance(states, list) and one.state not in states:
        return False
    title = query.get("title")
    if isinstance(title, str) and _folded(title) not in _folded(str(one.values["subject"])):
        return False
    since = query.get("started_from")
    if isinstance(since, str) and one.started_at < datetime.fromisoformat(since):
        return False
    conditions = query.get("fields")
    assert conditions is None or isinstance(conditions, dict)
    return all(_meets(name, one.values.get(name), wanted) for name, wanted in (conditions or {}).items())


def _meets(name: str, value: object, wanted: dict[str, object]) -> bool:
    if value is None:
        return False
    if "contains" in wanted:
        within = value if isinstance(value, list) else _folded(str(value))
        return _folded(str(wanted["contains"])) in within
    if "equals" in wanted:
        return _comparable(name, value) == _comparable(name, wanted["equals"])
    low, high = wanted.get("from", value), wanted.get("to", value)
    return _comparable(name, low) <= _comparable(name, value) <= _comparable(name, high)  # type: ignore[operator, no-any-return]  # alike


def _comparable(name: str, value: object) -> object:
    if name == "amount":
        return Decimal(str(value))
    return _folded(value)[:400] if isinstance(value, str) else value


def _key(one: Known, sort: str) -> object:
    name = sort.lstrip("-").removeprefix("field:")
    match name:
        case "title":
            return _folded(str(one.values["subject"])).encode()
        case "started_at":
            return one.started_at
        case "state":
            return one.state.encode()
        case _:
            value = one.values.get(name)
            if value is None:
                return None
            return Decimal(str(value)) if name == "amount" else _folded(str(value))[:400].encode()


def _expected(known: list[Known], query: dict[str, object]) -> list[int]:
    """Return what is found in order: by the key, equal ones by start against its direction, those without it last."""
    found = [one for one in known if _holds(one, query)]
    sort = str(query.get("sort", "-started_at"))
    newest_first = sorted(found, key=lambda one: (one.started_at, one.id), reverse=True)
    if sort.lstrip("-") == "started_at":
        return [one.id for one in (newest_first if sort.startswith("-") else reversed(newest_first))]
    without = [one for one in newest_first if _key(one, sort) is None]
    having = [one for one in newest_first if _key(one, sort) is not None]
    if sort.startswith("-"):
        having.reverse()
    having.sort(key=lambda one: _key(one, sort), reverse=False)  # type: ignore[arg-type, return-value]  # one type a sort
    if sort.startswith("-"):
        groups: dict[object, list[Known]] = {}
        for one in having:
            groups.setdefault(_key(one, sort), []).append(one)
        having = [one for key in reversed(list(groups)) for one in groups[key]]
    return [one.id for one in [*having, *without]]


TERMS = st.sampled_from(
    [
        "straße",
        "strasse",
        "IZMIR",
        "i̇zmir",
        "ö",
        "öl",
        "fish",
        "ﬁsh",
        "%",
        "_",
        "a\\b",
        "xxxxx",
        "CHIPS 100",
        "zzz",
        "&",
    ]
)
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "subject": st.builds(lambda term: {"contains": term}, TERMS)
        | st.builds(lambda word: {"equals": word}, st.sampled_from(WORDS)),
        "body": st.builds(lambda term: {"contains": term}, TERMS),
        "amount": st.sampled_from([{"from": "0"}, {"to": "1"}, {"from": "0.5", "to": "10"}, {"equals": "1.5"}]),
        "day": st.sampled_from([{"from": "2026-03-01"}, {"to": "2026-05-01"}, {"equals": "2026-04-01"}]),
        "done": st.sampled_from([{"equals": True}, {"equals": False}]),
        "parts": st.sampled_from([{"contains": "a"}, {"contains": "ab"}, {"equals": ["a", "b"]}]),
    },
)
SORTS = st.sampled_from(
    [f"{sign}{key}" for sign in ("", "-") for key in ("title", "started_at", "state", "field:amount", "field:subject")]
)


@given(
    conditions=CONDITIONS,
    common=st.fixed_dictionaries(
        {"limit": st.integers(1, 25)},
        optional={
            "states": st.sampled_from([["running"], ["cancelled"], ["running", "cancelled"]]),
            "title": TERMS,
            "started_from": st.sampled_from(["2026-03-02T09:45:00+00:00", "2030-01-01T00:00:00+00:00"]),
            "sort": SORTS,
        },
    ),
    code=st.sampled_from([None, *CODES]),
    walk=st.sampled_from([1, 7, 2000]),
)
@settings(max_examples=80, deadline=None)  # other tests run beside it
def test_a_search_finds_what_a_plain_reading_finds_in_its_order(
    library: Library, conditions: dict[str, object], common: dict[str, object], code: str | None, walk: int
) -> None:
    query = dict(common)
    if code is not None:
        query["app"] = code
        if conditions:
            query["fields"] = conditions
    elif str(query.get("sort", "")).lstrip("-").startswith("field:"):
        del query["sort"]  # fields belong to an app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_rows, "WALK", walk)
        found = library.find("admin", query)

    assert found == _expected(library.known, query)


def test_others_find_none_of_them(library: Library) -> None:
    assert library.find("rival", {"limit": 50}) == []
    assert library.find("stranger", {"limit": 50, "title": "fish"}) == []


def test_the_reading_is_not_empty(library: Library) -> None:
    orders = [_expected(library.known, {"sort": sort, "limit": 1}) for sort in ("title", "-title", "started_at")]

    assert all(len(order) == COUNT for order in orders)
    assert all(one != other for one, other in pairwise(orders))
    assert _expected(library.known, {"title": "strasse", "limit": 1}) == _expected(
        library.known, {"title": "straße", "limit": 1}
    )
