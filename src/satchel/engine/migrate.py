"""Moves the state of a running process to another version of it.

A token on an element that the new version has too, of the same kind and in the same place, moves as it is; `mapping`
names elements that are called otherwise now. Whatever cannot move is a finding, and then nothing moves: `migrate`
returns a whole state or none.

What a token waits for keeps its name: tasks stay open, timers keep their due time. A boundary event that is new is
armed; one that the mapping says is to be given up (None) is withdrawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from satchel.engine import snapshot
from satchel.engine.board import Board
from satchel.engine.effect import CloseReason, Effect
from satchel.engine.graph import ACTIVITIES, BOUNDARIES, ROOT, Kind, Loop, Node, Process
from satchel.engine.marking import Place, places_of, why_not
from satchel.engine.parse import Definition
from satchel.engine.snapshot import PROCESS, Mode, State, Token
from satchel.model.errors import EngineStopped
from satchel.model.ids import ElementId, TokenId

Mapped = Mapping[ElementId, ElementId | None]
"""Old element (or flow) -> what it is called now; None gives up a boundary event or an event of a choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFinding:
    """Why a token cannot move.

    Attributes:
        element: where it stands, in the old version.
        code: stable.
    """

    element: ElementId
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a token that waits for the outside stands in the new version; `message` is what it waits for."""

    element: ElementId
    name: str
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A state of the new version.

    Attributes:
        standing: every token that waited before and still does.
        effects: what is armed anew or withdrawn.
        by_mapping: whether the mapping was needed for it.
    """

    state: bytes
    standing: Mapping[TokenId, Standing]
    effects: tuple[Effect, ...]
    by_mapping: bool


def migrate(
    old: Definition,
    new: Definition,
    state: bytes,
    mapping: Mapped,
    *,
    now: datetime,
    values: Mapping[str, object],
    new_token: Callable[[], TokenId],
) -> Migrated | tuple[MoveFinding, ...]:
    """Return the state in the new version, or everything that cannot move.

    Args:
        old: the version that the state belongs to.
        new: the version that it is to belong to.
        state: as `step` returned it.
        mapping: elements and flows that have other ids now.
        now: timers that are armed anew count from it.
        values: as for `step`; only new timers read them.
        new_token: gives an id that this instance never had.

    Raises:
        CorruptState: the state cannot be read.
    """
    return Migration(old, new, mapping).apply(state, now=now, values=values, new_token=new_token)


def mapping_findings(old: Definition, new: Definition, mapping: Mapped) -> tuple[MoveFinding, ...]:
    """Return what is wrong with a mapping, whatever the state; elements that `old` does not have are left out."""
    found: list[MoveFinding] = []
    for name, target in mapping.items():
        node, flow = old.process.nodes.get(name), old.process.flows.get(name)
        if target is None and node is not None and node.kind not in BOUNDARIES and not _is_choice(old.process, node):
            message = f"{name} is a {node.kind.value}; only boundary events and events of a choice can be given up."
            found.append(MoveFinding(element=name, code="not_droppable", message=message))
        if target is None or (node is None and flow is None):
            continue
        if flow is not None and target not in new.process.flows:
            message = f"The new version has no flow {target}."
            found.append(MoveFinding(element=name, code="unknown_element", message=message))
        if node is not None:
            into = new.process.nodes.get(target)
            if into is None:
                message = f"The new version has no element {target}."
                found.append(MoveFinding(element=name, code="unknown_element", message=message))
            elif into.kind is not node.kind:
                found.append(_other_kind(node, into))
    return tuple(found)


class Migration:
    """The move from one version to another, for any number of states: what was found out once is not asked again."""

    def __init__(self, old: Definition, new: Definition, mapping: Mapped) -> None:
        self._old, self._new, self._mapping = old, new, mapping
        self._stands: dict[tuple[ElementId, frozenset[tuple[Place, int]]], str | None] = {}

    def apply(
        self, state: bytes, *, now: datetime, values: Mapping[str, object], new_token: Callable[[], TokenId]
    ) -> Migrated | tuple[MoveFinding, ...]:
        """Return a state in the new version, or everything that cannot move.

        Raises:
            CorruptState: the state cannot be read.
        """
        loaded = snapshot.load(state, self._old.process, self._old.fingerprint)
        before = Board(process=self._old.process, state=loaded, now=now, values=values, new_token=new_token)
        for token in list(loaded.tokens.values()):
            if self._is_given_up(token, loaded):
                before.withdraw(token, CloseReason.CANCELLED)
        moving = _Moving(old=self._old.process, new=self._new.process, mapping=self._mapping, before=loaded)
        moving.move_all()
        found = moving.findings or self._unreachable(moving)
        if found:
            return tuple(found)
        after = Board(process=self._new.process, state=moving.after, now=now, values=values, new_token=new_token)
        try:
            moving.arm(after)
        except EngineStopped as stopped:
            finding = MoveFinding(element=ElementId(stopped.element), code=stopped.reason, message=stopped.message)
            return (finding,)
        dumped = snapshot.dump(moving.after, self._new.fingerprint)
        snapshot.load(dumped, self._new.process, self._new.fingerprint)  # what cannot be read must not be written
        return Migrated(
            state=dumped,
            standing=moving.standing(),
            effects=(*before.effects, *after.effects),
            by_mapping=bool(before.effects) or moving.used_mapping,
        )

    def _is_given_up(self, token: Token, state: State) -> bool:
        if self._mapping.get(token.node, token.node) is not None:
            return False
        host = state.tokens.get(token.host)
        return token.mode is Mode.WATCH or (host is not None and host.mode is Mode.CHOICE)

    def _unreachable(self, moving: "_Moving") -> list[MoveFinding]:
        """Return a finding for each scope whose tokens cannot stand together in the new version."""
        found: list[MoveFinding] = []
        for scope, places in places_of(moving.after.tokens.values()).items():
            owner = ROOT if scope == PROCESS else moving.after.tokens[scope].node
            key = (owner, frozenset(places.items()))
            if key not in self._stands:
                self._stands[key] = why_not(self._new.process, owner, places, what="instance of the new version")
            why = self._stands[key]
            if why is not None:
                first = next(token for token in moving.before.tokens.values() if token.scope == scope)
                found.append(MoveFinding(element=first.node, code="unreachable", message=why))
        return found


@dataclass(slots=True, kw_only=True)
class _Moving:
    """One state on its way."""

    old: Process
    new: Process
    mapping: Mapped
    before: State
    after: State = field(default_factory=State)
    findings: list[MoveFinding] = field(default_factory=list[MoveFinding])
    used_mapping: bool = False

    def move_all(self) -> None:
        """Place every token in the new version, or note why it cannot be placed."""
        before = self.before
        self.after = State(status=before.status, next=before.next)
        self.after.taken = {flow for flow in (self._flow(taken) for taken in before.taken) if flow is not None}
        for token in before.tokens.values():
            waits_for_owner = [owner for owner in (token.scope, token.host) if owner and owner not in self.after.tokens]
            if waits_for_owner:
                continue  # its subprocess or activity has a finding
            problem = self._move(token)
            if problem is not None:
                self.findings.append(MoveFinding(element=token.node, code=problem[0], message=problem[1]))

    def _move(self, token: Token) -> tuple[str, str] | None:
        """Place one token; return the code and message of what hinders."""
        old = self.old.nodes[token.node]
        target = self.mapping.get(token.node, token.node)
        node = None if target is None else self.new.nodes.get(target)
        if node is None:
            return "gone", f"{old.label} ({old.id}) is not in the new version; name the element that takes its place."
        if node.kind is not old.kind:
            return "kind_changed", _other_kind(old, node).message
        flow = None if token.flow is None else self._flow(token.flow, into=node)
        problem = self._place_problem(token, old, node) or self._host_problem(token, node)
        if problem is None and (flow is None) != (token.flow is None):
            message = f"The flow {token.flow}, over which {node.label} was reached, is gone; name another."
            problem = "join_changed", message
        if problem is None:
            self.after.tokens[token.id] = replace(token, node=node.id, flow=flow)
            self.used_mapping |= node.id != token.node
        return problem

    def _place_problem(self, token: Token, old: Node, node: Node) -> tuple[str, str] | None:
        owner = ROOT if token.scope == PROCESS else self.after.tokens[token.scope].node
        if node.scope != owner:
            return "scope_changed", f"{node.label} ({node.id}) lies in another subprocess in the new version."
        if _shape(old.loop) != _shape(node.loop):
            return "loop_changed", f"{node.label} ({node.id}) is repeated in another way in the new version."
        if old.called != node.called:
            called = f"{node.label} ({node.id}) calls {node.called} in the new version, and {old.called} is running."
            return "called_changed", called
        return None

    def _host_problem(self, token: Token, node: Node) -> tuple[str, str] | None:
        if not token.host:
            return None
        host = self.after.tokens[token.host]
        if token.mode is Mode.WATCH and node.attached_to != host.node:
            return "host_changed", f"{node.label} ({node.id}) is attached to another element in the new version."
        if host.mode is Mode.CHOICE and node.id not in self._events(host.node):
            gateway = self.new.nodes[host.node].label
            return "choice_changed", f"{node.label} ({node.id}) no longer follows {gateway} in the new version."
        return None

    def _events(self, gateway: ElementId) -> list[ElementId]:
        return [self.new.flows[flow].target for flow in self.new.nodes[gateway].outgoing]

    def _flow(self, flow: ElementId, *, into: Node | None = None) -> ElementId | None:
        """Return what a flow is called now: by name, or as the only one between the same elements."""
        named = self.mapping.get(flow, flow)
        if named in self.new.flows and (into is None or named in into.incoming):
            return named
        before = self.old.flows[flow]
        source, target = (self.mapping.get(end, end) for end in (before.source, before.target))
        same = [one.id for one in self.new.flows.values() if (one.source, one.target) == (source, target)]
        return same[0] if len(same) == 1 else None

    def arm(self, board: Board) -> None:
        """Open the events that the new version adds to what is open.

        Raises:
            EngineStopped: a timer cannot say when it is due.
        """
        for token in list(self.after.tokens.values()):
            node = board.node(token)
            held = {other.node for other in board.hosted(token)}
            if token.mode is Mode.CHOICE:
                for event in self._events(node.id):
                    if event not in held:
                        board.open(self.new.nodes[event], token.scope, token.outcome, host=token.id)
            elif node.kind in ACTIVITIES and (token.mode is Mode.LOOP or not token.host):
                for boundary in (self.new.nodes[name] for name in node.boundaries):
                    is_held = boundary.kind is Kind.BOUNDARY_ERROR or boundary.id in held
                    if not is_held and not self._has_fired(self.before.tokens[token.id], boundary):
                        board.arm(boundary, token)

    def _has_fired(self, host: Token, boundary: Node) -> bool:
        """Return whether a boundary timer that the activity had before happened already without ending it."""
        before = (self.old.nodes[name] for name in self.old.nodes[host.node].boundaries)
        same = [one for one in before if self.mapping.get(one.id, one.id) == boundary.id]
        return not boundary.interrupts and any(one.kind is boundary.kind and not one.interrupts for one in same)

    def standing(self) -> dict[TokenId, Standing]:
        """Return where each token that waited before waits now."""
        found: dict[TokenId, Standing] = {}
        for token in self.after.tokens.values():
            if token.key is not None and token.id in self.before.tokens:
                node = self.new.nodes[token.node]
                found[token.key] = Standing(element=node.id, name=node.label, message=node.message)
        return found


def _shape(loop: Loop | None) -> tuple[object, ...] | None:
    """Return what of a loop its running repetitions depend on."""
    return None if loop is None else (loop.kind, loop.variable, loop.collection is None)


def _is_choice(process: Process, node: Node) -> bool:
    return any(process.nodes[process.flows[flow].source].kind is Kind.EVENT_GATEWAY for flow in node.incoming)


def _other_kind(old: Node, new: Node) -> MoveFinding:
    message = f"{old.label} ({old.id}) is a {old.kind.value}, and {new.id} is a {new.kind.value} in the new version."
    return MoveFinding(element=old.id, code="kind_changed", message=message)
