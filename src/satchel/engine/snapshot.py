"""The state of one running process: its tokens, as bytes between two steps.

A token is a place in the process where something waits. Besides, only the flows that were ever taken are kept, each
once, for people who look where a process stands. So a state is as large as what is open now and what is drawn, not as
long as what has happened. The process itself is not in the state: a fingerprint says which one it belongs to, and
`load` refuses a state that does not fit.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import cast

from satchel.engine.graph import ACTIVITIES, CATCHES, JOBS, ROOT, Kind, Node, Process
from satchel.model.errors import CorruptState
from satchel.model.ids import ElementId, TokenId

FORMAT = 1
"""The number of this layout; a later one reads all earlier."""
MAX_BYTES = 16 * 1024 * 1024
"""The largest state that is read."""
PROCESS = 0
"""The scope of tokens that lie directly in the process."""

_COLUMNS = 10
_DECIMAL = "~decimal"


class Status(StrEnum):
    """How far a process has come."""

    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class Mode(StrEnum):
    """What a token does where it stands."""

    WAIT = "wait"
    """It waits for a command that names its key."""
    WATCH = "watch"
    """As `WAIT`, at a boundary event of its host."""
    JOIN = "join"
    """It has come to a gateway over `flow` and waits for others."""
    SCOPE = "scope"
    """A subprocess that runs: other tokens have it as their scope."""
    LOOP = "loop"
    """A repeated activity: its repetitions have it as their host."""
    CHOICE = "choice"
    """An event-based gateway: the events that it waits for have it as their host."""


@dataclass(frozen=True, slots=True)
class PathOutcome:
    """How the latest task on a path ended; `order` tells which of two is the later."""

    order: int = 0
    text: str | None = None


NO_OUTCOME = PathOutcome()


@dataclass(slots=True, kw_only=True)
class Token:
    """One place where a process stands.

    Attributes:
        id: counts up in the order of arrival, never used twice.
        scope: the token of the subprocess that it lies in, or `PROCESS`.
        host: the token that it belongs to (`WATCH`, a repetition, an event of a choice), or 0.
        key: what the outside calls it (`WAIT` and `WATCH`).
        flow: the flow that it came over (`JOIN`).
        item: the loop variable of a repetition and its value.
        left: the items still to come of a sequential loop.
        count: how many repetitions of a loop have begun.
    """

    id: int
    node: ElementId
    scope: int
    mode: Mode
    host: int = 0
    key: TokenId | None = None
    flow: ElementId | None = None
    outcome: PathOutcome = NO_OUTCOME
    item: dict[str, object] = field(default_factory=dict)
    left: list[object] = field(default_factory=list)
    count: int = 0


@dataclass(slots=True, kw_only=True)
class State:
    """All tokens of one process, and the number of the next.

    Attributes:
        taken: the flows that a token has come over; of a process that an earlier release started, those since then.
    """

    status: Status = Status.RUNNING
    next: int = 1
    tokens: dict[int, Token] = field(default_factory=dict)
    taken: set[ElementId] = field(default_factory=set)


def dump(state: State, fingerprint: str) -> bytes:
    """Return a state as bytes; equal states give equal bytes."""
    rows = [
        [
            token.id,
            token.node,
            token.scope,
            token.mode.value,
            token.host,
            token.key,
            token.flow,
            [token.outcome.order, token.outcome.text],
            _tagged(token.item),
            [token.count, _tagged(token.left)],
        ]
        for token in state.tokens.values()
    ]
    whole = {
        "format": FORMAT,
        "process": fingerprint,
        "status": state.status.value,
        "next": state.next,
        "tokens": rows,
        "taken": sorted(state.taken),
    }
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode()


def load(data: bytes, process: Process, fingerprint: str) -> State:
    """Return the state that `dump` wrote.

    Raises:
        CorruptState: the bytes are no state, or not one of this process; restore the instance from a backup.
    """
    if len(data) > MAX_BYTES:
        raise CorruptState(f"it has {len(data)} bytes")
    try:
        whole = json.loads(data)
        if whole["format"] != FORMAT:
            raise CorruptState(f"its format is {str(whole['format'])[:20]}; this version reads {FORMAT}")
        if whole["process"] != fingerprint:
            raise CorruptState("it belongs to another version of the app")
        state = State(status=Status(whole["status"]), next=_count(whole["next"]))
        for row in whole["tokens"]:
            token = _token(row)
            _fits(token, process, state)
            state.tokens[token.id] = token
        state.taken = _taken(whole.get("taken", []), process)  # states of earlier releases have none
    except (ValueError, KeyError, TypeError, RecursionError, InvalidOperation, AttributeError) as error:
        raise CorruptState(f"it cannot be read ({type(error).__name__})") from None
    _agree(state)
    return state


def _token(row: object) -> Token:
    if not isinstance(row, list) or len(cast("list[object]", row)) != _COLUMNS:
        raise ValueError
    number, node, scope, mode, host, key, flow, outcome, item, loop = cast("list[object]", row)
    order, text = cast("list[object]", outcome)
    count, left = cast("list[object]", loop)
    items, rest = _untagged(item), _untagged(left)
    if not isinstance(items, dict) or not isinstance(rest, list):
        raise TypeError
    return Token(
        id=_count(number),
        node=ElementId(_text(node)),
        scope=_count(scope),
        mode=Mode(_text(mode)),
        host=_count(host),
        key=None if key is None else TokenId(_text(key)),
        flow=None if flow is None else ElementId(_text(flow)),
        outcome=PathOutcome(_count(order), None if text is None else _text(text)),
        item=cast("dict[str, object]", items),
        left=cast("list[object]", rest),
        count=_count(count),
    )


def _taken(given: object, process: Process) -> set[ElementId]:
    if not isinstance(given, list):
        raise TypeError
    found = {ElementId(_text(flow)) for flow in cast("list[object]", given)}
    if not found <= process.flows.keys():
        raise ValueError
    return found


_MODE_FITS: Mapping[Mode, Callable[[Node], bool]] = {
    Mode.WAIT: lambda node: node.kind in (ACTIVITIES | CATCHES | JOBS) - {Kind.SUBPROCESS},
    Mode.WATCH: lambda node: node.kind in {Kind.BOUNDARY_TIMER, Kind.BOUNDARY_MESSAGE},
    Mode.JOIN: lambda node: node.kind in {Kind.PARALLEL, Kind.INCLUSIVE},
    Mode.SCOPE: lambda node: node.kind is Kind.SUBPROCESS,
    Mode.LOOP: lambda node: node.loop is not None,
    Mode.CHOICE: lambda node: node.kind is Kind.EVENT_GATEWAY,
}


def _fits(token: Token, process: Process, state: State) -> None:
    """Refuse a token that this process cannot have; scopes and hosts come before what lies in them."""
    node = process.nodes[token.node]
    owner = state.tokens[token.scope].node if token.scope != PROCESS else ROOT
    fits = (
        _MODE_FITS[token.mode](node)
        and node.scope == owner
        and (token.scope == PROCESS or state.tokens[token.scope].mode is Mode.SCOPE)
        and (token.key is not None) == (token.mode in {Mode.WAIT, Mode.WATCH})
        and (token.flow in node.incoming if token.mode is Mode.JOIN else token.flow is None)
        and 0 < token.id < state.next
        and token.id not in state.tokens
        and _host_fits(token, node, state)
    )
    if not fits:
        raise ValueError


def _host_fits(token: Token, node: Node, state: State) -> bool:
    host = state.tokens[token.host] if token.host else None
    if token.mode is Mode.WATCH:
        return host is not None and node.attached_to == host.node and host.scope == token.scope
    if host is None:
        return node.loop is None or token.mode is Mode.LOOP
    return host.scope == token.scope and (
        host.mode is Mode.CHOICE or (host.mode is Mode.LOOP and host.node == token.node and token.mode is not Mode.LOOP)
    )


def _agree(state: State) -> None:
    keys = [token.key for token in state.tokens.values() if token.key is not None]
    if len(keys) != len(set(keys)):
        raise CorruptState("two of its tokens have one key")
    if (state.status is Status.RUNNING) != bool(state.tokens):
        raise CorruptState("its tokens do not agree with its status")


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _tagged(value: object) -> object:
    """Return plain data as JSON data, with decimals marked so that they come back as decimals."""
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, dict):
        return {key: _tagged(item) for key, item in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_tagged(item) for item in cast("list[object]", value)]
    return value


def _untagged(value: object) -> object:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        if mapping.keys() == {_DECIMAL}:
            return Decimal(_text(mapping[_DECIMAL]))
        return {key: _untagged(item) for key, item in mapping.items()}
    if isinstance(value, list):
        return [_untagged(item) for item in cast("list[object]", value)]
    return value
