"""The tokens of a process in play, and how they come and go.

A `Board` lives for one step and is thrown away if that step raises, so nothing half-done is ever returned. It numbers
tokens, finds them by scope and host, and writes the effect that goes with each coming and going: so whatever is opened
is closed exactly once. Where tokens move next is decided in `satchel.engine.run`, `gateway` and `loop`.
"""

from collections import ChainMap, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import cast

from satchel.engine.effect import (
    CallDropped,
    CallDue,
    CloseReason,
    Effect,
    JobDropped,
    JobDue,
    MessageAwaited,
    MessageDropped,
    TaskClosed,
    TaskOpened,
    TimerDropped,
    TimerSet,
)
from satchel.engine.expression import Expression
from satchel.engine.graph import JOBS, Kind, Node, Process
from satchel.engine.snapshot import PROCESS, Mode, PathOutcome, State, Token
from satchel.engine.timer import due_at
from satchel.engine.value import EvaluationError, shown
from satchel.model.errors import EngineStopped
from satchel.model.ids import ElementId, TokenId

MAX_TOKENS = 10_000
"""How many tokens one process may hold at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A token on its way to a node, over a flow or (at a start) over none."""

    node: ElementId
    flow: ElementId | None
    scope: int
    outcome: PathOutcome


@dataclass(slots=True, kw_only=True)
class Board:
    """The tokens of a process in play during one step.

    Attributes:
        moving: the tokens on their way.
        emptied: the scopes in which a path has ended, in that order, to be closed if it was the last.
    """

    process: Process
    state: State
    now: datetime
    values: Mapping[str, object]
    new_token: Callable[[], TokenId]
    effects: list[Effect] = field(default_factory=list)
    moving: deque[Move] = field(default_factory=deque)
    emptied: dict[int, None] = field(default_factory=dict)
    _inside: dict[int, dict[int, Token]] = field(default_factory=dict)
    _hosted: dict[int, dict[int, Token]] = field(default_factory=dict)
    _keys: dict[TokenId, Token] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for token in self.state.tokens.values():
            self._index(token)

    def token(self, key: TokenId) -> Token | None:
        """Return the token that the outside calls `key`, or None."""
        return self._keys.get(key)

    def node(self, token: Token) -> Node:
        """Return where a token stands."""
        return self.process.nodes[token.node]

    def inside(self, scope: int) -> list[Token]:
        """Return the tokens that lie directly in a scope, oldest first."""
        return list(self._inside.get(scope, {}).values())

    def hosted(self, token: Token) -> list[Token]:
        """Return the tokens that belong to a token, oldest first."""
        return list(self._hosted.get(token.id, {}).values())

    def variables(self, scope: int) -> dict[str, object]:
        """Return the loop variables that can be read in a scope."""
        found: dict[str, object] = {}
        while scope != PROCESS:
            token = self.state.tokens[scope]
            found = {**token.item, **found}
            scope = token.scope
        return found

    def names(self, scope: int, outcome: PathOutcome, item: Mapping[str, object] | None = None) -> Mapping[str, object]:
        """Return everything that an expression can read in a scope."""
        own: dict[str, object] = {**self.variables(scope), **(item or {}), "outcome": outcome.text}
        return ChainMap(own, cast("dict[str, object]", self.values))

    def decide(self, node: Node, expression: Expression, names: Mapping[str, object]) -> bool:
        """Return whether a condition is true.

        Raises:
            EngineStopped: it is neither true nor false.
        """
        try:
            return expression.decide(names)
        except EvaluationError as fault:
            raise stopped(node, fault, expression.names, names, expression.text) from None

    def add(self, token: Token) -> Token:
        """Place a token.

        Raises:
            EngineStopped: there are too many.
        """
        if len(self.state.tokens) >= MAX_TOKENS:
            message = f"{self.node(token).label}: {MAX_TOKENS} things are open already; no process may hold more."
            raise EngineStopped(reason="too_many_tokens", element=token.node, message=message, values={})
        self.state.tokens[token.id] = token
        self._index(token)
        return token

    def number(self) -> int:
        """Return a number that no token of this process had."""
        number = self.state.next
        self.state.next += 1
        return number

    def take(self, token: Token) -> None:
        """Remove a token that is done, and withdraw what belongs to it."""
        self._remove(token)
        for other in self.hosted(token):
            self.withdraw(other, CloseReason.CANCELLED)
        for other in self.inside(token.id):
            self.withdraw(other, CloseReason.CANCELLED)

    def withdraw(self, token: Token, reason: CloseReason) -> None:
        """Remove a token that is not done, with all that belongs to it; what lies in a subprocess is only cancelled."""
        if token.id not in self.state.tokens:
            return
        self._remove(token)
        if token.key is not None:
            self.effects.append(self._dropped(token, token.key, reason))
        for other in self.hosted(token):
            self.withdraw(other, reason)
        for other in self.inside(token.id):
            self.withdraw(other, CloseReason.CANCELLED)

    def begin(self, subprocess: ElementId, scope: int, outcome: PathOutcome) -> None:
        """Send a token to the start of the process or of a subprocess."""
        self.moving.append(Move(node=self.process.starts[subprocess], flow=None, scope=scope, outcome=outcome))

    def leave(self, node: Node, scope: int, outcome: PathOutcome) -> None:
        """Send a token over every outgoing flow; where there is none, its path ends here."""
        if not node.outgoing:
            self.end_path(scope, outcome)
        for flow in node.outgoing:
            self.follow(flow, scope, outcome)

    def end_path(self, scope: int, outcome: PathOutcome) -> None:
        """End one path of a scope."""
        self.emptied[scope] = None
        if scope != PROCESS:
            owner = self.state.tokens[scope]
            owner.outcome = later(owner.outcome, outcome)

    def follow(self, flow: ElementId, scope: int, outcome: PathOutcome) -> None:
        """Send a token over one flow."""
        self.state.taken.add(flow)
        self.moving.append(Move(node=self.process.flows[flow].target, flow=flow, scope=scope, outcome=outcome))

    def open(
        self, node: Node, scope: int, outcome: PathOutcome, *, host: int = 0, item: dict[str, object] | None = None
    ) -> Token:
        """Open an activity or event once: from here on it waits, or runs inside."""
        mode = Mode.SCOPE if node.kind is Kind.SUBPROCESS else Mode.WAIT
        number = self.number()
        key = None if mode is Mode.SCOPE else self.new_token()
        token = Token(
            id=number, node=node.id, scope=scope, mode=mode, host=host, key=key, outcome=outcome, item=item or {}
        )
        self.add(token)
        if key is None:
            self.begin(node.id, token.id, outcome)
        else:
            self.effects.append(self._opened(node, token, key))
        return token

    def watch(self, token: Token) -> None:
        """Arm the boundary events of an activity that was opened."""
        for boundary in self.node(token).boundaries:
            node = self.process.nodes[boundary]
            if node.kind is not Kind.BOUNDARY_ERROR:
                self.arm(node, token)

    def arm(self, boundary: Node, host: Token) -> None:
        """Arm one boundary event of an activity."""
        key = self.new_token()
        token = Token(id=self.number(), node=boundary.id, scope=host.scope, mode=Mode.WATCH, host=host.id, key=key)
        token.outcome = host.outcome
        self.add(token)
        self.effects.append(self._opened(boundary, token, key))

    def _opened(self, node: Node, token: Token, key: TokenId) -> Effect:
        variables = cast("dict[str, object]", _json_data({**self.variables(token.scope), **token.item}))
        if node.kind is Kind.USER_TASK:
            return TaskOpened(token=key, element=node.id, name=node.label, variables=variables)
        if node.kind in JOBS:
            return JobDue(token=key, element=node.id, variables=variables)
        if node.kind is Kind.CALL:
            return CallDue(token=key, element=node.id, app=node.called or "", variables=variables)
        if node.timer is None:
            return MessageAwaited(token=key, element=node.id, name=node.message or "")
        names = self.names(token.scope, token.outcome, token.item)
        try:
            return TimerSet(token=key, element=node.id, due_at=due_at(node.timer, self.now, names))
        except EvaluationError as fault:
            used = node.timer.expression.names if node.timer.expression is not None else frozenset[str]()
            raise stopped(node, fault, used, names, node.timer.text) from None

    def _dropped(self, token: Token, key: TokenId, reason: CloseReason) -> Effect:
        kind = self.node(token).kind
        if kind is Kind.USER_TASK:
            return TaskClosed(token=key, reason=reason)
        if kind in JOBS:
            return JobDropped(token=key)
        if kind is Kind.CALL:
            return CallDropped(token=key)
        return TimerDropped(token=key) if self.node(token).timer is not None else MessageDropped(token=key)

    def _index(self, token: Token) -> None:
        self._inside.setdefault(token.scope, {})[token.id] = token
        if token.host:
            self._hosted.setdefault(token.host, {})[token.id] = token
        if token.key is not None:
            if token.key in self._keys:
                raise ValueError(f"the token {token.key} was given twice")
            self._keys[token.key] = token

    def _remove(self, token: Token) -> None:
        del self.state.tokens[token.id]
        del self._inside[token.scope][token.id]
        if token.host:
            del self._hosted[token.host][token.id]
        if token.key is not None:
            del self._keys[token.key]


def later(one: PathOutcome, other: PathOutcome) -> PathOutcome:
    """Return the later of two outcomes."""
    return one if one.order > other.order else other


def stopped(
    node: Node, fault: EvaluationError, used: frozenset[str], names: Mapping[str, object], text: str
) -> EngineStopped:
    """Return the error for an expression at a node that gave nothing usable."""
    return EngineStopped(
        reason=fault.reason,
        element=node.id,
        message=f"{node.label}: `{text}` cannot be used, because {fault.message}. Correct the values and try again.",
        values=shown(names, used),
    )


def _json_data(value: object) -> object:
    """Return plain data as JSON data: decimals as text."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: _json_data(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_json_data(item) for item in cast("list[object]", value)]
    return value
