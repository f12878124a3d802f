"""Whether tokens can stand at certain places of a scope at the same time.

A move to another version must not leave tokens where no run of that version can come: a join would wait for a path
that was never taken, or a step would be done twice. The search ignores values, so every branch of a gateway counts as
possible. Tokens do not affect each other but at joins, so one is moved after the other, and only the inclusive joins
are asked when all of them stand.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from satchel.engine.graph import Kind, Node, Process
from satchel.engine.snapshot import Token
from satchel.model.ids import ElementId

MOST_STATES = 5_000
"""How many situations are looked at before a search gives up."""

Place = tuple[ElementId, ElementId | None]
"""A node where a token waits, and at a join the flow over which it came."""

_MOST_BRANCHES = 10
_PASSED = frozenset({Kind.START, Kind.MILESTONE})
_NEVER_AFTER = frozenset({Kind.TERMINATE, Kind.ERROR_END})
"""What ends its whole scope."""


@dataclass(frozen=True, slots=True)
class _Situation:
    """Tokens on their way, those at joins, and the places that no token has taken yet."""

    moving: tuple[Place, ...]
    joined: tuple[Place, ...]
    left: frozenset[tuple[Place, int]]
    spawned: int = 0


class TooManyStatesError(Exception):
    """The process is too complicated to say where its tokens can be."""


def places_of(tokens: Iterable[Token]) -> dict[int, Counter[Place]]:
    """Return where the tokens of each scope stand, without those that belong to another."""
    found: dict[int, Counter[Place]] = {}
    for token in tokens:
        if not token.host:
            found.setdefault(token.scope, Counter())[token.node, token.flow] += 1
    return found


def why_not(process: Process, scope: ElementId, places: Counter[Place], *, what: str = "instance") -> str | None:
    """Return why no run of a scope can have its tokens at exactly these places; None if one can.

    Args:
        process: the graph.
        scope: of all the places.
        places: where tokens wait.
        what: whose they are, in a word.
    """
    names = ", ".join(dict.fromkeys(process.nodes[name].label for name, _ in places))
    try:
        if can_stand(process, scope, places):
            return None
    except TooManyStatesError:
        return f"The paths to {names} are too many to say whether an {what} can be there."
    return f"No {what} can be at {names} in this way: its paths part or meet otherwise."


def can_stand(process: Process, scope: ElementId, places: Counter[Place]) -> bool:
    """Return whether a run of a scope can have its tokens at exactly these places, all of them waiting.

    Raises:
        TooManyStatesError: the search was given up.
    """
    ahead = _ahead(process, scope)
    start = _Situation(moving=((process.starts[scope], None),), joined=(), left=frozenset(places.items()))
    seen, stack = {start}, [start]
    while stack:
        situation = stack.pop()
        if not situation.moving and _is_reached(process, situation, places):
            return True
        for following in _following(process, situation, places):
            if following not in seen and _is_open(following, ahead):
                seen.add(following)
                stack.append(following)
        if len(seen) > MOST_STATES:
            raise TooManyStatesError
    return False


def _ahead(process: Process, scope: ElementId) -> dict[ElementId, frozenset[ElementId]]:
    """Return for each node of a scope those to which a token can come from it, itself among them."""
    found: dict[ElementId, frozenset[ElementId]] = {}
    for node in process.nodes.values():
        if node.scope == scope:
            seen, left = set[ElementId](), [node.id]
            while left:
                name = left.pop()
                if name not in seen:
                    seen.add(name)
                    left.extend(process.successors(process.nodes[name]))
            found[node.id] = frozenset(seen)
    return found


def _is_open(situation: _Situation, ahead: Mapping[ElementId, frozenset[ElementId]]) -> bool:
    """Return whether every place that is left may still get its token."""
    coming = frozenset[ElementId]().union(*(ahead[name] for name, _ in (*situation.moving, *situation.joined)))
    return all(name in coming for (name, _), _ in situation.left)


def _following(process: Process, situation: _Situation, places: Counter[Place]) -> Iterator[_Situation]:
    """Yield what the next token can do; the most promising comes last."""
    if not situation.moving:
        for join in _complete(process, situation, places):
            rest, taken = list(situation.joined), [place for place in situation.joined if place[0] == join]
            for place in dict.fromkeys(taken):
                rest.remove(place)
            for flows in _ways(process, process.nodes[join]):
                yield _Situation(_arriving(process, flows), tuple(rest), situation.left, situation.spawned)
        return
    name, flow = situation.moving[-1]
    node, others = process.nodes[name], situation.moving[:-1]
    if node.kind in _NEVER_AFTER:
        return
    if len(node.incoming) > 1 and node.kind in {Kind.PARALLEL, Kind.INCLUSIVE}:
        yield _joined(process, node, (name, flow), others, situation)
        return
    if _waits(node):
        yield from _spawning(process, node, situation, sum(places.values()))
    for flows in _ways(process, node):
        moved = (*others, *_arriving(process, flows))
        yield _Situation(moved, situation.joined, situation.left, situation.spawned)
    own: Place = (name, None)
    left = Counter(dict(situation.left))
    if _waits(node) and left[own]:
        left[own] -= 1
        yield _Situation(others, situation.joined, frozenset((+left).items()), situation.spawned)


def _waits(node: Node) -> bool:
    return node.kind not in _PASSED | {Kind.END, Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE}


def _joined(process: Process, node: Node, place: Place, others: tuple[Place, ...], situation: _Situation) -> _Situation:
    """Return what follows when a token comes to a join; a parallel one that is complete goes on at once."""
    joined = [*situation.joined, place]
    if node.kind is Kind.PARALLEL and all((node.id, flow) in joined for flow in node.incoming):
        for flow in node.incoming:
            joined.remove((node.id, flow))
        others = (*others, *_arriving(process, node.outgoing))
    return _Situation(others, tuple(sorted(joined, key=str)), situation.left, situation.spawned)


def _spawning(process: Process, node: Node, situation: _Situation, most: int) -> Iterator[_Situation]:
    """Yield what follows from the boundary events that leave their activity open."""
    if situation.spawned >= most:
        return
    for boundary in (process.nodes[name] for name in node.boundaries):
        if not boundary.interrupts:
            moving = (*situation.moving, *_arriving(process, boundary.outgoing))
            yield _Situation(moving, situation.joined, situation.left, situation.spawned + 1)


def _ways(process: Process, node: Node) -> Iterator[tuple[ElementId, ...]]:
    """Yield the flows, together, over which a token can leave a node in each way that there is."""
    if node.kind is Kind.EVENT_GATEWAY:
        for flow in node.outgoing:
            yield process.nodes[process.flows[flow].target].outgoing
        return
    conditional = tuple(flow for flow in node.outgoing if process.flows[flow].condition is not None)
    is_plain = not node.outgoing or (len(node.outgoing) == 1 and not conditional)
    if node.kind not in {Kind.EXCLUSIVE, Kind.INCLUSIVE} or is_plain:
        for boundary in (process.nodes[name] for name in node.boundaries):
            if boundary.interrupts:
                yield boundary.outgoing
        yield node.outgoing
        return
    decided = tuple(flow for flow in conditional if flow != node.default)
    if node.default is not None:
        yield (node.default,)
    if len(decided) > _MOST_BRANCHES and node.kind is Kind.INCLUSIVE:
        raise TooManyStatesError
    for count in range(1, len(decided) + 1 if node.kind is Kind.INCLUSIVE else min(len(decided), 1) + 1):
        yield from combinations(decided, count)


def _arriving(process: Process, flows: tuple[ElementId, ...]) -> tuple[Place, ...]:
    return tuple((process.flows[flow].target, flow) for flow in flows)


def _is_reached(process: Process, situation: _Situation, places: Counter[Place]) -> bool:
    """Return whether every place has its token, and nothing goes on by itself."""
    return Counter(dict(situation.left)) == Counter(situation.joined) and not any(_complete(process, situation, places))


def _complete(process: Process, situation: _Situation, places: Counter[Place]) -> Iterator[ElementId]:
    """Yield the inclusive joins to which no other token can come any more."""
    standing = [place[0] for place in (places - Counter(dict(situation.left))).elements()]
    for join in dict.fromkeys(place[0] for place in situation.joined):
        if process.nodes[join].kind is not Kind.INCLUSIVE:
            continue
        reach = process.reach[join]
        full = {flow for name, flow in situation.joined if name == join}
        others = [*standing, *(name for name, _ in situation.joined if name != join)]
        if not any(_can_come(reach, full, other) for other in others):
            yield join


def _can_come(reach: Mapping[ElementId, frozenset[ElementId]], full: set[ElementId | None], name: ElementId) -> bool:
    """Return whether a token can come to an inclusive join over a flow that has none, as `gateway` asks it."""
    comes_empty = any(name in sources for flow, sources in reach.items() if flow not in full)
    return comes_empty and not any(name in sources for flow, sources in reach.items() if flow in full)
