"""What changed from one schema to another, as a client meets it.

A request may become wider, never narrower: what a client sent must still be taken. A reply may say more, never less:
what a client read must still be there. Limits and patterns of replies are not compared, since no client needs them.
Components that both documents have under the same name are compared by themselves, not wherever they are used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from house.openapi_schemas import ANY, HIGHEST, LOWEST, Node, Variant, component_of, said, text, variants

DEEPEST = 40
ALIKE = 0.6
NUMBERS = {"integer", "number"}
CONDITIONS = (
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
)
MEANINGS = ("format", "contentEncoding", "contentMediaType")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a client notices.

    Attributes:
        what: what happened, in a few words.
        breaks: whether a client trips over it; otherwise it is worth a note.
        operations: where, as `METHOD /path`.
        component: the shared schema that it is in, or empty.
        part: which part of the operation: `200 application/json`, `query`.
        pointer: the JSON pointer of the member, with `*` for each element; empty for the whole.
        name: the member, parameter, status, media type or code; empty where the operation itself changed.
    """

    what: str
    breaks: bool
    operations: tuple[str, ...]
    component: str = ""
    part: str = ""
    pointer: str = ""
    name: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a schema is compared, and which way its values go.

    Attributes:
        compared_elsewhere: the pointer of a member to leave out, or empty.
    """

    is_request: bool
    operations: tuple[str, ...]
    component: str = ""
    part: str = ""
    pointer: str = ""
    name: str = ""
    compared_elsewhere: str = ""

    @property
    def side(self) -> str:
        """The word for the way that values go."""
        return "request" if self.is_request else "reply"

    def at(self, step: str) -> "Place":
        """Return the place of a member or (`*`) of the elements."""
        name = self.name if step == "*" else step
        return replace(self, pointer=f"{self.pointer}/{step.replace('~', '~0').replace('/', '~1')}", name=name)

    def change(self, what: str, *, before: str = "", after: str = "", breaks: bool = True) -> Change:
        """Return a change here."""
        return Change(
            what=what,
            breaks=breaks,
            operations=self.operations,
            component=self.component,
            part=self.part,
            pointer=self.pointer,
            name=self.name,
            before=before,
            after=after,
        )


class Schemas:
    """Compares schemas of two documents and gathers what changed.

    Attributes:
        found: the changes so far.
    """

    def __init__(self, before: Node, after: Node) -> None:
        self._before = before
        self._after = after
        self._open: list[tuple[str, str]] = []
        self.found: list[Change] = []

    def compare(self, old: object, new: object, place: Place) -> None:
        """Compare what was and what is at one place."""
        if old == new or place.pointer.count("/") > DEEPEST:
            return  # the same text; what it refers to is compared by itself
        if place.pointer and place.pointer == place.compared_elsewhere:
            return
        old, new = self._apart(old, new)
        pair = (text(old), text(new))
        if old == new or pair in self._open:
            return
        self._open.append(pair)
        self._default(old, new, place)
        self._variants(variants(self._before, old), variants(self._after, new), place)
        self._open.pop()

    def _apart(self, old: Any, new: Any) -> tuple[Any, Any]:
        """Return both without the components that they share: those are compared by themselves."""
        shared = self._shared(old, new)
        rests = _without(old, shared), _without(new, shared)
        return (old, new) if shared and (True in rests) and rests[0] != rests[1] else rests

    def _shared(self, old: object, new: object) -> set[str]:
        both = [{component_of(part) for part in (one, *_all_of(one))} for one in (old, new)]
        return {name for name in both[0] & both[1] if name is not None}

    def _default(self, old: object, new: object, place: Place) -> None:
        if not place.is_request or not isinstance(old, Mapping) or not isinstance(new, Mapping):
            return
        was, now = (text(one["default"]) if "default" in one else "none" for one in (old, new))
        if was != now:
            self._say(place, "default changed", before=was, after=now, breaks=False)

    def _variants(self, before: list[Variant], after: list[Variant], place: Place) -> None:
        narrow, wide = (before, after) if place.is_request else (after, before)
        missing = [one for one in narrow if not any(_covers(other.kind, one.kind) for other in wide)]
        if missing and [one.kind for one in missing] == ["null"]:
            what = "takes no null now" if place.is_request else "may be null now"
            self._say(place, f"{place.side} {what}", before=said(before), after=said(after))
        elif missing:
            self._say(place, f"{place.side} type changed", before=said(before), after=said(after))
        for kind in dict.fromkeys(_family(one.kind) for one in before):
            olds = [one for one in before if _family(one.kind) == kind]
            news = [one for one in after if _family(one.kind) == kind]
            if olds and news:
                self._alternatives(olds, news, place)

    def _alternatives(self, olds: list[Variant], news: list[Variant], place: Place) -> None:
        left_old, left_new = list(olds), list(news)
        is_sole = len(olds) == len(news) == 1
        while left_old and left_new:
            old, new = max(((a, b) for a in left_old for b in left_new), key=lambda pair: _likeness(*pair))
            if not is_sole and _likeness(old, new) == 0:
                break  # what is left has nothing in common
            left_old.remove(old)
            left_new.remove(new)
            if not old.origin or old.origin != new.origin:
                self._pair(old, new, place)
        if place.is_request and left_old:
            self._say(place, "request alternative removed", before=said(left_old), after=said(news))
        if not place.is_request and left_new:
            is_told_apart = all(one.constants for one in (*olds, *news))
            what = "reply alternative added"
            self._say(place, what, before=said(olds), after=said(left_new), breaks=not is_told_apart)

    def _pair(self, old: Variant, new: Variant, place: Place) -> None:
        self._values(old, new, place)
        self._meanings(old.keywords, new.keywords, place)
        if place.is_request:
            self._limits(old.keywords, new.keywords, place)
        if old.kind == new.kind == "array":
            self._elements(old.keywords, new.keywords, place)
        if old.kind == new.kind == "object":
            self._members(old.keywords, new.keywords, place)

    def _values(self, old: Variant, new: Variant, place: Place) -> None:
        if old.values is None and new.values is None:
            return
        before, after = said([old]), said([new])
        was, now = ([text(value) for value in one.values or ()] for one in (old, new))
        if place.is_request and new.values is not None and (old.values is None or set(was) - set(now)):
            self._say(place, "request enum narrowed", before=before, after=after)
        if not place.is_request and old.values is not None and (new.values is None or set(now) - set(was)):
            is_other = new.values is not None and not set(was) & set(now)
            what = "changed" if is_other else "widened"
            self._say(place, f"reply enum {what}", before=before, after=after, breaks=is_other)

    def _meanings(self, old: Node, new: Node, place: Place) -> None:
        for word in MEANINGS:
            was, now = old.get(word), new.get(word)
            if was != now and (now if place.is_request else was) is not None:
                self._say(place, f"{place.side} {word} changed", before=str(was or "none"), after=str(now or "none"))

    def _limits(self, old: Node, new: Node, place: Place) -> None:
        for word in sorted((LOWEST | HIGHEST) & set(new)):
            was, now = old.get(word), new[word]
            lowest = 0 if word.startswith("min") and word != "minimum" else None
            was = lowest if was is None else was
            if was is None or (now > was if word in LOWEST else now < was):
                self._say(place, f"request {word} narrowed", before=_shown(was), after=_shown(now))
        step, steps = new.get("multipleOf"), old.get("multipleOf")
        if step is not None and (steps is None or steps % step):
            self._say(place, "request multipleOf narrowed", before=_shown(steps), after=_shown(step))
        if new.get("uniqueItems") and not old.get("uniqueItems"):
            self._say(place, "request uniqueItems added")
        for word in ("pattern", *CONDITIONS):
            if word in new and new[word] != old.get(word):
                self._say(place, f"request {word} changed", before=_shown(old.get(word)), after=_shown(new[word]))

    def _elements(self, old: Node, new: Node, place: Place) -> None:
        olds, news = old.get("prefixItems", []), new.get("prefixItems", [])
        rest_old, rest_new = old.get("items", True), new.get("items", True)
        for index in range(max(len(olds), len(news))):
            was = olds[index] if index < len(olds) else rest_old
            now = news[index] if index < len(news) else rest_new
            if index < len(olds) and now is False:
                self._say(place.at(str(index)), f"{place.side} element removed", before=self._shape(was, is_old=True))
            elif index < len(olds) or place.is_request:
                self.compare(was, now, place.at(str(index)))
        if place.is_request and rest_new is False and rest_old is not False:
            self._say(place, "request takes no further elements now")
        elif rest_old is not False and rest_new is not False:
            self.compare(rest_old, rest_new, place.at("*"))

    def _members(self, old: Node, new: Node, place: Place) -> None:
        olds, news = _members_of(old, place), _members_of(new, place)
        needed = [set(one.get("required", ())) for one in (old, new)]
        renamed = self._renamed(olds, news)
        for name, was in olds.items():
            here = place.at(name)
            if name in renamed:
                self._say(here, f"{place.side} member renamed", before=name, after=renamed[name])
            elif name not in news:
                self._say(here, f"{place.side} member removed", before=self._shape(was, is_old=True))
            else:
                if not place.is_request and name in needed[0] - needed[1]:
                    self._say(here, "reply member became optional")
                if place.is_request and name in needed[1] - needed[0]:
                    self._say(here, "request member became required")
                self.compare(was, news[name], here)
        for name in news:
            if place.is_request and name in needed[1] and name not in olds and name not in renamed.values():
                shape = self._shape(news[name], is_old=False)
                self._say(place.at(name), "required request member added", after=shape)
        self._others(old, new, place)

    def _others(self, old: Node, new: Node, place: Place) -> None:
        """Compare the members that have no name of their own."""
        was, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if place.is_request and was is not False and now is False:
            self._say(place, "request takes no other members now", before=self._shape(was, is_old=True))
        elif not place.is_request and isinstance(was, Mapping) and now is False:
            self._say(place.at("*"), "reply member removed", before=self._shape(was, is_old=True))
        elif place.is_request or isinstance(was, Mapping):
            self.compare(was, now, place.at("*"))

    def _renamed(self, olds: Node, news: Node) -> dict[str, str]:
        """Return which members have another name now: the same schema, and a similar name or no other choice."""
        gone = [name for name in olds if name not in news]
        come = [name for name in news if name not in olds]
        found: dict[str, str] = {}
        for name in gone:
            same = [other for other in come if other not in found.values() and self._is_same(olds[name], news[other])]
            same.sort(key=lambda other: _similarity(name, other), reverse=True)
            if same and (_similarity(name, same[0]) >= ALIKE or (len(gone) == len(come) == 1)):
                found[name] = same[0]
        return found

    def _is_same(self, old: object, new: object) -> bool:
        return variants(self._before, old) == variants(self._after, new)

    def _shape(self, schema: object, *, is_old: bool) -> str:
        return said(variants(self._before if is_old else self._after, schema))

    def _say(self, place: Place, what: str, *, before: str = "", after: str = "", breaks: bool = True) -> None:
        self.found.append(place.change(what, before=before, after=after, breaks=breaks))


def _all_of(schema: object) -> Iterable[object]:
    return schema.get("allOf", ()) if isinstance(schema, Mapping) else ()


def _without(schema: Any, shared: set[str]) -> Any:
    if not shared or not isinstance(schema, Mapping):
        return schema
    if component_of(schema) in shared:
        return True
    rest = [part for part in _all_of(schema) if component_of(part) not in shared]
    others = {word: value for word, value in schema.items() if word != "allOf"}
    return {**others, "allOf": rest} if rest else others or True


def _covers(wide: str, narrow: str) -> bool:
    return wide in (ANY, narrow) or (wide, narrow) == ("number", "integer")


def _family(kind: str) -> str:
    return "number" if kind in NUMBERS else kind


def _likeness(old: Variant, new: Variant) -> float:
    """Return how likely two alternatives are the same one, from 0 to 3."""
    if old == new or (old.origin and old.origin == new.origin):
        return 3
    shared = {name: value for name, value in old.constants.items() if name in new.constants}
    if shared:
        return 2 if all(new.constants[name] == value for name, value in shared.items()) else 0
    names = [set(one.keywords.get("properties", ())) for one in (old, new)]
    if names[0] | names[1]:
        return len(names[0] & names[1]) / len(names[0] | names[1])
    return 1 if old.keywords.get("format") == new.keywords.get("format") else 0.5


def _members_of(keywords: Node, place: Place) -> Node:
    hidden = "readOnly" if place.is_request else "writeOnly"
    named: Node = keywords.get("properties", {})
    by_pattern = {f"/{pattern}/": member for pattern, member in keywords.get("patternProperties", {}).items()}
    kept = {name: one for name, one in named.items() if not (isinstance(one, Mapping) and one.get(hidden))}
    return {**kept, **by_pattern}


def _similarity(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _shown(value: object) -> str:
    return "none" if value is None else text(value)
