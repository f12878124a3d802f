"""What changed from one OpenAPI 3.1 document to another, as a client meets it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from house.openapi_schemas import SCHEMAS, Node, follow, text, variants
from house.schema_changes import Change, Place, Schemas

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEME = ("type", "scheme", "in", "name")
PROBLEM = "application/problem+json"
ALIKE = 0.8
_PARAMETER = re.compile(r"\{[^}]*\}")
_RANGE = re.compile(r"[1-5]XX")
_LAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    Attributes:
        name: `METHOD /path`.
        parameters: by where they are and what they are called; those of a path by their position.
        security: the ways to sign in, each as text; empty where nobody has to.
    """

    name: str
    node: Node
    parameters: dict[tuple[str, str], Node]
    security: frozenset[str]


def changes(before: Node, after: Node) -> list[Change]:
    """Return what a client notices, what breaks it first; the same change of several operations is one.

    Raises:
        KeyError: a reference in either document leads nowhere.
    """
    olds, news = operations(before), operations(after)
    schemas = Schemas(before, after)
    found = list(_gone(olds, news))
    for key, old in olds.items():
        if key in news:
            comparison = _Comparison(before, after, schemas, old, news[key])
            comparison.run()
            found += comparison.found
    _components(before, after, schemas)
    found += _schemes(before, after)
    return sorted(_folded([*found, *schemas.found]), key=lambda one: not one.breaks)


def operations(document: Node) -> dict[str, Operation]:
    """Return every operation by its method and its path without the names of parameters."""
    found = {}
    for path, given in document.get("paths", {}).items():
        item = follow(document, given)
        for method in METHODS:
            if method not in item:
                continue
            node = item[method]
            security = node.get("security", document.get("security", []))
            ways = frozenset(text(way) for way in security) if {} not in security else frozenset[str]()
            found[f"{method.upper()} {_PARAMETER.sub('{}', path)}"] = Operation(
                name=f"{method.upper()} {path}",
                node=node,
                parameters=_parameters(document, path, [*item.get("parameters", ()), *node.get("parameters", ())]),
                security=ways,
            )
    return found


def problem_codes(document: Node, reply: Node) -> set[str]:
    """Return the values that `code` may have in the problem documents of a reply, where they are listed."""
    media = follow(document, reply).get("content", {}).get(PROBLEM, {})
    found: set[str] = set()
    for variant in variants(document, media.get("schema", True)):
        for code in variants(document, variant.keywords.get("properties", {}).get("code", True)):
            found |= {str(value) for value in code.values or ()}
    return found


class _Comparison:
    """One operation as it was and as it is.

    Attributes:
        found: what changed outside schemas.
    """

    def __init__(self, before: Node, after: Node, schemas: Schemas, old: Operation, new: Operation) -> None:
        self._before = before
        self._after = after
        self._schemas = schemas
        self._old = old
        self._new = new
        self._request = Place(is_request=True, operations=(new.name,))
        self._reply = Place(is_request=False, operations=(new.name,))
        self.found: list[Change] = []

    def run(self) -> None:
        """Compare everything that a client sees of it."""
        was, now = (one.node.get("operationId", "") for one in (self._old, self._new))
        if was != now:
            self._say(self._request, "operationId changed", before=was, after=now, breaks=False)
        self._security()
        self._parameters()
        self._body()
        self._replies()

    def _say(self, place: Place, what: str, *, before: str = "", after: str = "", breaks: bool = True) -> None:
        self.found.append(place.change(what, before=before, after=after, breaks=breaks))

    def _security(self) -> None:
        was, now = self._old.security, self._new.security
        if not was and now:
            self._say(self._request, "sign-in required now", before="open", after=_ways(now))
        elif now and was - now:
            self._say(self._request, "way to sign in removed", before=_ways(was), after=_ways(now))

    def _parameters(self) -> None:
        olds, news = self._old.parameters, self._new.parameters
        for key, old in olds.items():
            here = replace(self._request, part=key[0], name=old["name"])
            if key not in news:
                self._say(here, f"{key[0]} parameter removed")
                continue
            new = news[key]
            if old["name"].lower() != new["name"].lower():
                what = "path parameter renamed"
                self._say(here, what, before=old["name"], after=new["name"], breaks=False)
            if new.get("required") and not old.get("required"):
                self._say(here, f"{key[0]} parameter became required")
            was, now = _spelling(old), _spelling(new)
            if was != now:
                self._say(here, f"{key[0]} parameter is written otherwise", before=was, after=now)
            self._schemas.compare(_schema_of(old), _schema_of(new), here)
        for key, new in news.items():
            if key not in olds and new.get("required"):
                here = replace(self._request, part=key[0], name=new["name"])
                self._say(here, f"required {key[0]} parameter added")

    def _body(self) -> None:
        old = follow(self._before, self._old.node.get("requestBody", {}))
        new = follow(self._after, self._new.node.get("requestBody", {}))
        if old and not new:
            self._say(self._request, "request body removed")
            return
        if new.get("required") and not old.get("required"):
            what = "request body became required" if old else "required request body added"
            self._say(self._request, what)
        self._contents(old, new, replace(self._request, part="body"))

    def _replies(self) -> None:
        olds, news = self._old.node.get("responses", {}), self._new.node.get("responses", {})
        for status, old in olds.items():
            heirs = _heirs(status, news)
            if not heirs:
                self._say(replace(self._reply, part=status, name=status), "reply status removed")
            for heir in heirs:
                self._reply_of(old, news[heir], replace(self._reply, part=heir))
        for status in news:
            if status not in olds and not any(status in _heirs(old, news) for old in olds):
                self._say(replace(self._reply, part=status, name=status), "reply status added", breaks=False)

    def _reply_of(self, old: Node, new: Node, place: Place) -> None:
        old, new = follow(self._before, old), follow(self._after, new)
        self._headers(old.get("headers", {}), new.get("headers", {}), place)
        was, now = problem_codes(self._before, old), problem_codes(self._after, new)
        if was and now:
            for code in sorted(was - now):
                self._say(replace(place, name=code), "problem code removed")
            for code in sorted(now - was):
                self._say(replace(place, name=code), "problem code added", breaks=False)
        self._contents(old, new, place, has_codes=bool(was and now))

    def _headers(self, olds: Node, news: Node, place: Place) -> None:
        by_name = {name.lower(): follow(self._after, header) for name, header in news.items()}
        for name, given in olds.items():
            old, new = follow(self._before, given), by_name.get(name.lower())
            here = replace(place, part=f"{place.part} header", name=name)
            if new is None:
                self._say(here, "reply header removed")
                continue
            if old.get("required") and not new.get("required"):
                self._say(here, "reply header became optional")
            self._schemas.compare(_schema_of(old), _schema_of(new), here)

    def _contents(self, old: Node, new: Node, place: Place, *, has_codes: bool = False) -> None:
        olds, news = old.get("content", {}), new.get("content", {})
        for media, was in olds.items():
            now = news.get(media) or next((news[one] for one in news if _takes(one, media)), None)
            if now is None:
                self._say(replace(place, name=media), f"{place.side} media type removed")
            else:
                known = "/code" if has_codes and media == PROBLEM else ""
                here = replace(place, part=f"{place.part} {media}", compared_elsewhere=known)
                self._schemas.compare(was.get("schema", True), now.get("schema", True), here)


def _parameters(document: Node, path: str, given: list[Node]) -> dict[tuple[str, str], Node]:
    positions = {name: str(index) for index, name in enumerate(_PARAMETER.findall(path))}
    found = {}
    for one in given:
        parameter = follow(document, one)
        place, name = parameter["in"], parameter["name"]
        if place == "path":
            name = positions.get(f"{{{name}}}", name)
        found[place, name.lower() if place == "header" else name] = parameter
    return found


def _gone(olds: Mapping[str, Operation], news: Mapping[str, Operation]) -> Iterator[Change]:
    """Yield the operations that are no longer there, with their new name where there seems to be one."""
    come = {key: new for key, new in news.items() if key not in olds}
    for key, old in olds.items():
        if key in news:
            continue
        heir = max(come, key=lambda other: _likeness(old, come[other]), default=None)
        place = Place(is_request=True, operations=(old.name,))
        if heir is not None and _likeness(old, come[heir]) >= ALIKE:
            yield place.change("operation renamed", before=old.name, after=come.pop(heir).name)
        else:
            yield place.change("operation removed")


def _likeness(old: Operation, new: Operation) -> float:
    """Return how likely two operations are the same one under another name, from 0 to 1."""
    identity = old.node.get("operationId")
    if identity and identity == new.node.get("operationId"):
        return 1
    (method, path), (other_method, other_path) = old.name.split(" "), new.name.split(" ")
    if path == other_path:
        return 0.9
    ratio = SequenceMatcher(None, path, other_path).ratio()
    return ratio if method == other_method and ratio < 1 else 0


def _components(before: Node, after: Node, schemas: Schemas) -> None:
    """Compare the schemas that have the same name, once for each way in which their values go."""
    uses, still_used = _uses(before), _uses(after)
    parts: list[Mapping[str, Any]] = [one.get("components", {}).get("schemas", {}) for one in (before, after)]
    names = {key: new.name for key, new in operations(after).items()}
    for name in parts[0]:
        for is_request in (True, False):
            users = uses.get((name, is_request), set()) & still_used.get((name, is_request), set())
            if name in parts[1] and users:
                where = tuple(names[key] for key in names if key in users)
                place = Place(is_request=is_request, operations=where, component=name)
                schemas.compare(parts[0][name], parts[1][name], place)


def _uses(document: Node) -> dict[tuple[str, bool], set[str]]:
    """Return the operations that use each schema, apart for requests and replies."""
    found: dict[tuple[str, bool], set[str]] = {}
    for key, operation in operations(document).items():
        sides = {
            True: [*operation.parameters.values(), operation.node.get("requestBody", {})],
            False: operation.node.get("responses", {}),
        }
        for is_request, side in sides.items():
            for reference in _references(document, side):
                if reference.startswith(SCHEMAS):
                    found.setdefault((reference.removeprefix(SCHEMAS), is_request), set()).add(key)
    return found


def _references(document: Node, node: object) -> set[str]:
    """Return everything that a part of the document refers to, and what that refers to."""
    found: set[str] = set()
    left = [node]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            reference = one.get("$ref")
            if isinstance(reference, str) and reference not in found:
                found.add(reference)
                left.append(follow(document, {"$ref": reference}))
            left += one.values()
        elif isinstance(one, list):
            left += one
    return found


def _schemes(before: Node, after: Node) -> Iterator[Change]:
    """Yield the ways to sign in that are still there but work otherwise."""
    olds, news = (one.get("components", {}).get("securitySchemes", {}) for one in (before, after))
    for name, given in olds.items():
        if name not in news:
            continue
        old, new = follow(before, given), follow(after, news[name])
        was, now = ({word: one[word] for word in SCHEME if word in one} for one in (old, new))
        if was != now:
            place = Place(is_request=True, operations=(), component=name)
            yield place.change("way to sign in changed", before=text(was), after=text(now))


def _folded(found: list[Change]) -> list[Change]:
    """Return changes with those that differ in nothing but the operation as one."""
    places: dict[Change, list[str]] = {}
    for one in found:
        same = places.setdefault(replace(one, operations=()), [])
        same += [name for name in one.operations if name not in same]
    return [replace(one, operations=tuple(names)) for one, names in places.items()]


def _heirs(status: str, news: Mapping[str, Any]) -> list[str]:
    """Return the replies that answer what a status (or a range of them) answered."""
    if status in news:
        return [status]
    if _RANGE.fullmatch(status):
        within = [one for one in news if one[0] == status[0] and len(one) == _LAST]
        return within or [one for one in ("default",) if one in news]
    return [one for one in (f"{status[0]}XX", "default") if one in news][:1]


def _takes(wide: str, narrow: str) -> bool:
    """Return whether a media range takes a media type."""
    kind = narrow.partition("/")[0]
    return wide in ("*/*", f"{kind}/*") or wide.partition(";")[0].strip() == narrow.partition(";")[0].strip()


def _schema_of(parameter: Node) -> object:
    if "content" in parameter:
        return next(iter(parameter["content"].values())).get("schema", True)
    return parameter.get("schema", True)


def _spelling(parameter: Node) -> str:
    """Return how a parameter's value is written into the request."""
    style = parameter.get("style", "form" if parameter["in"] in ("query", "cookie") else "simple")
    is_exploded = parameter.get("explode", style == "form")
    return f"{style}, {'exploded' if is_exploded else 'joined'}"


def _ways(security: frozenset[str]) -> str:
    return ", ".join(sorted(security))
