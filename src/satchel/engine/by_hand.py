"""Moves by hand: somebody cancels tokens of a running process, and starts others at elements of their choice.

One move may do several of these at once: the last token of a process can be cancelled where another is started, and a
path of a parallel gateway where its join is reached in its place. The state that follows is one that a run of the
process can have, with every token waiting; whatever speaks against it is a finding, and then nothing has moved.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.engine import run, snapshot
from satchel.engine.board import Board, Move
from satchel.engine.effect import CloseReason
from satchel.engine.graph import BOUNDARIES, ENDS, ROOT, Flow, Kind, Node
from satchel.engine.marking import places_of, why_not
from satchel.engine.migrate import MoveFinding
from satchel.engine.parse import Definition
from satchel.engine.snapshot import NO_OUTCOME, PROCESS, Mode, Status, Token
from satchel.engine.step import Step, stepped
from satchel.model.errors import EngineStopped
from satchel.model.ids import ElementId, TokenId

MOST_AT_ONCE = 100
"""How many tokens one move cancels and starts at most."""

_JOINS = frozenset({Kind.PARALLEL, Kind.INCLUSIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A token as people see it.

    Attributes:
        number: names it in a move; no other token of the process ever has it.
        scope: the number of the subprocess's token that it lies in, or 0.
        host: the number of the token that it belongs to (a repetition, a boundary event, an event of a choice), or 0.
        flow: over which it has come to a join.
        key: what waits for the outside is known by it.
    """

    number: int
    element: ElementId
    name: str
    kind: Kind
    mode: Mode
    scope: int
    host: int
    flow: ElementId | None
    key: TokenId | None
    can_be_cancelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAt:
    """A token to start: at an element, or as if it had come over a flow; `within` is the subprocess's token."""

    place: ElementId
    within: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandMove:
    """The numbers of the tokens to cancel, and where to start others."""

    cancel: Sequence[int] = ()
    start: Sequence[StartAt] = ()


def tokens(definition: Definition, state: bytes) -> list[Standing]:
    """Return the tokens of a process, oldest first.

    Raises:
        CorruptState: the state cannot be read.
    """
    loaded = snapshot.load(state, definition.process, definition.fingerprint)
    known = loaded.tokens
    return [
        Standing(
            number=token.id,
            element=token.node,
            name=definition.process.nodes[token.node].label,
            kind=definition.process.nodes[token.node].kind,
            mode=token.mode,
            scope=token.scope,
            host=token.host,
            flow=token.flow,
            key=token.key,
            can_be_cancelled=not token.host or _is_repetition(token, known[token.host]),
        )
        for token in known.values()
    ]


def move(
    definition: Definition,
    state: bytes,
    wanted: HandMove,
    *,
    now: datetime,
    values: Mapping[str, object],
    new_token: Callable[[], TokenId],
) -> Step | tuple[MoveFinding, ...]:
    """Return what a move leads to, or everything that speaks against it. The arguments are those of `step`.

    Raises:
        CorruptState: the state cannot be read.
    """
    loaded = snapshot.load(state, definition.process, definition.fingerprint)
    board = Board(process=definition.process, state=loaded, now=now, values=values, new_token=new_token)
    if loaded.status is not Status.RUNNING:
        return (_finding(ROOT, "not_running", f"The process has {loaded.status.value} already."),)
    moving = _Moving(board)
    moving.cancel(wanted.cancel)
    moving.start(wanted.start)
    if not moving.found:
        moving.require_occupied()
    if moving.found:
        return tuple(moving.found)
    try:
        run.settle(board)
    except EngineStopped as stopped:
        return (_finding(ElementId(stopped.element), stopped.reason, stopped.message),)
    return moving.unreachable() or stepped(definition, board)


class _Moving:
    """One move on its way; `found` is what speaks against it."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.found: list[MoveFinding] = []
        self._left: dict[int, ElementId] = {}  # scope -> the element that was cancelled in it last

    def cancel(self, numbers: Sequence[int]) -> None:
        """Withdraw tokens with all that belongs to them."""
        for number in dict.fromkeys(numbers):
            token = self.board.state.tokens.get(number)
            if token is None:
                message = f"There is no token {number} any more. Read where the instance stands again."
                self.found.append(_finding(ROOT, "no_such_token", message))
                continue
            problem = self._hosted(token) if token.host else None
            if problem is not None:
                self.found.append(problem)
                continue
            self._left[token.scope] = token.node
            self.board.withdraw(token, CloseReason.CANCELLED)

    def _hosted(self, token: Token) -> MoveFinding | None:
        """Return why a token that belongs to another cannot be cancelled alone."""
        node, host = self.board.node(token), self.board.state.tokens[token.host]
        whole = f"Cancel the token {host.id} ({self.board.node(host).label}) instead."
        if not _is_repetition(token, host):
            return _finding(node.id, "belongs", f"{node.label} belongs to another token. {whole}")
        if sum(other.mode is not Mode.WATCH for other in self.board.hosted(host)) == 1:
            return _finding(node.id, "last_repetition", f"This is the only open repetition of {node.label}. {whole}")
        return None

    def start(self, wanted: Sequence[StartAt]) -> None:
        """Send tokens on their way."""
        for one in wanted:
            process = self.board.process
            flow = process.flows.get(one.place)
            node = process.nodes.get(one.place if flow is None else flow.target)
            if node is None:
                message = f"This version has no element or flow {one.place}."
                self.found.append(_finding(one.place, "unknown_element", message))
                continue
            problem = self._unstartable(node, flow) or self._scope_problem(node, one)
            if problem is not None:
                self.found.append(problem)
                continue
            if flow is not None:
                self.board.state.taken.add(flow.id)
            over = None if flow is None else flow.id
            self.board.moving.append(Move(node=node.id, flow=over, scope=self._scope(node, one), outcome=NO_OUTCOME))

    def _unstartable(self, node: Node, flow: Flow | None) -> MoveFinding | None:
        process = self.board.process
        before = [process.nodes[process.flows[name].source] for name in node.incoming]
        if node.kind is Kind.START or node.kind in ENDS or node.kind in BOUNDARIES:
            message = f"No token can be started at {node.label}, a {node.kind.value}. Choose a step beside it."
            return _finding(node.id, "not_startable", message)
        if any(one.kind is Kind.EVENT_GATEWAY for one in before):
            message = f"{node.label} is an event of {before[0].label}. Start at that gateway instead."
            return _finding(node.id, "not_startable", message)
        if flow is None and node.kind in _JOINS and len(node.incoming) > 1:
            message = f"{node.label} is a join. Name the flow over which the token comes: {', '.join(node.incoming)}."
            return _finding(node.id, "needs_flow", message)
        return None

    def _scope_problem(self, node: Node, wanted: StartAt) -> MoveFinding | None:
        if node.scope == ROOT:
            if wanted.within not in (None, PROCESS):
                message = f"{node.label} lies in no subprocess; leave out the token that it is to be within."
                return _finding(node.id, "other_scope", message)
            return None
        label, running = self.board.process.nodes[node.scope].label, self._running(node.scope)
        if not running:
            return _finding(node.id, "closed_scope", f"{label}, around {node.label}, is not open. Start at it instead.")
        if wanted.within is None and len(running) > 1:
            numbers = ", ".join(map(str, running))
            message = f"{label}, around {node.label}, is open several times. Name the token of one: {numbers}."
            return _finding(node.id, "needs_scope", message)
        if wanted.within is not None and wanted.within not in running:
            message = f"{wanted.within} is no token of {label}, around {node.label}."
            return _finding(node.id, "other_scope", message)
        return None

    def _scope(self, node: Node, wanted: StartAt) -> int:
        if node.scope == ROOT:
            return PROCESS
        return self._running(node.scope)[0] if wanted.within is None else wanted.within

    def _running(self, subprocess: ElementId) -> list[int]:
        tokens = self.board.state.tokens.values()
        return [token.id for token in tokens if token.node == subprocess and token.mode is Mode.SCOPE]

    def require_occupied(self) -> None:
        """Note each scope of which the last token was cancelled, and none started: it would not end by that."""
        coming = {move.scope for move in self.board.moving}
        for scope, element in self._left.items():
            owner = self.board.state.tokens.get(scope)
            if scope in coming or self.board.inside(scope) or (scope != PROCESS and owner is None):
                continue
            whole = "the instance" if owner is None else f"the token {owner.id} ({self.board.node(owner).label})"
            label = self.board.process.nodes[element].label
            message = f"{label} is the last that is open there. Start another step as well, or cancel {whole}."
            self.found.append(_finding(element, "last", message))

    def unreachable(self) -> tuple[MoveFinding, ...]:
        """Return a finding for each scope in which no run of the process could have its tokens."""
        known, process = self.board.state.tokens, self.board.process
        found: list[MoveFinding] = []
        for scope, places in places_of(known.values()).items():
            owner = ROOT if scope == PROCESS else known[scope].node
            why = why_not(process, owner, places)
            if why is not None:
                found.append(_finding(next(iter(places))[0], "unreachable", why))
        return tuple(found)


def _is_repetition(token: Token, host: Token) -> bool:
    return host.mode is Mode.LOOP and token.mode is not Mode.WATCH


def _finding(element: ElementId, code: str, message: str) -> MoveFinding:
    return MoveFinding(element=element, code=code, message=message)
