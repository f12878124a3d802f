"""Gateways: where tokens choose, part and meet.

A join counts what has arrived over each flow and takes one token of each, so it works the same the tenth time round a
loop. An inclusive join waits while a token elsewhere can still come to it over a flow that has none, as BPMN 2.0.2
§13.4.3 says; that is asked only when nothing else moves.
"""

from satchel.engine.board import Board, Move, later
from satchel.engine.graph import Kind, Node
from satchel.engine.snapshot import NO_OUTCOME, Mode, PathOutcome, Token
from satchel.engine.value import shown
from satchel.model.errors import EngineStopped


def arrive(board: Board, node: Node, move: Move) -> None:
    """Take a token that comes to a gateway.

    Raises:
        EngineStopped: a condition is neither true nor false, or none of them is true.
    """
    joins = len(node.incoming) > 1 and node.kind in {Kind.PARALLEL, Kind.INCLUSIVE}
    if joins:
        token = Token(
            id=board.number(), node=node.id, scope=move.scope, mode=Mode.JOIN, flow=move.flow, outcome=move.outcome
        )
        board.add(token)
        if node.kind is Kind.PARALLEL:
            waiting = _waiting(board, node, move.scope)
            if len(waiting) == len(node.incoming):
                _go_on(board, node, waiting)
    elif node.kind is Kind.EVENT_GATEWAY:
        _await_first(board, node, move)
    else:
        _split(board, node, move.scope, move.outcome)


def fire_inclusive(board: Board) -> bool:
    """Let the oldest inclusive join that need not wait any longer go on; return whether there was one."""
    asked: set[tuple[int, str]] = set()
    for token in board.state.tokens.values():
        place = (token.scope, token.node)
        if token.mode is not Mode.JOIN or place in asked:
            continue
        asked.add(place)
        node = board.node(token)
        if node.kind is Kind.INCLUSIVE and _is_complete(board, node, token.scope):
            _go_on(board, node, _waiting(board, node, token.scope))
            return True
    return False


def refuse_deadlock(board: Board) -> None:
    """Refuse a state in which a scope holds only tokens that wait for each other.

    Raises:
        EngineStopped: there is such a scope.
    """
    for scope in dict.fromkeys(token.scope for token in board.state.tokens.values()):
        tokens = board.inside(scope)
        if all(token.mode is Mode.JOIN for token in tokens):
            node = board.node(tokens[0])
            message = f"{node.label} waits for a path that can no longer come. The app has to be corrected."
            raise EngineStopped(reason="deadlock", element=node.id, message=message, values={})


def _waiting(board: Board, node: Node, scope: int) -> list[Token]:
    """Return the oldest token of each flow that waits at a join."""
    oldest: dict[str, Token] = {}
    for token in board.inside(scope):
        if token.mode is Mode.JOIN and token.node == node.id and token.flow is not None:
            oldest.setdefault(token.flow, token)
    return list(oldest.values())


def _is_complete(board: Board, node: Node, scope: int) -> bool:
    """Return whether no token in the scope can still come to an inclusive join over a flow that has none."""
    reach = board.process.reach[node.id]
    full = {token.flow for token in _waiting(board, node, scope)}
    for token in board.inside(scope):
        if token.host or token.node == node.id:
            continue
        comes_empty = any(token.node in sources for flow, sources in reach.items() if flow not in full)
        if comes_empty and not any(token.node in sources for flow, sources in reach.items() if flow in full):
            return False
    return True


def _go_on(board: Board, node: Node, tokens: list[Token]) -> None:
    outcome = NO_OUTCOME
    for token in tokens:
        board.take(token)
        outcome = later(outcome, token.outcome)
    _split(board, node, tokens[0].scope, outcome)


def _split(board: Board, node: Node, scope: int, outcome: PathOutcome) -> None:
    if node.kind is Kind.PARALLEL or _is_plain(board, node):
        board.leave(node, scope, outcome)
        return
    names = board.names(scope, outcome)
    used: frozenset[str] = frozenset()
    taken = False
    for flow in (board.process.flows[flow] for flow in node.outgoing):
        if flow.condition is None or flow.id == node.default:
            continue
        used |= flow.condition.names
        if board.decide(node, flow.condition, names):
            taken = True
            board.follow(flow.id, scope, outcome)
            if node.kind is Kind.EXCLUSIVE:
                return
    if taken:
        return
    if node.default is None:
        message = f"{node.label}: no condition is true and there is no default flow. Correct the values and try again."
        raise EngineStopped(reason="no_branch", element=node.id, message=message, values=shown(names, used))
    board.follow(node.default, scope, outcome)


def _is_plain(board: Board, node: Node) -> bool:
    """Return whether there is nothing to decide: no way out, or one without a condition."""
    return not node.outgoing or (len(node.outgoing) == 1 and board.process.flows[node.outgoing[0]].condition is None)


def _await_first(board: Board, node: Node, move: Move) -> None:
    """Wait at an event-based gateway for the first of its events."""
    choice = Token(id=board.number(), node=node.id, scope=move.scope, mode=Mode.CHOICE, outcome=move.outcome)
    board.add(choice)
    for flow in node.outgoing:
        event = board.process.nodes[board.process.flows[flow].target]
        board.open(event, move.scope, move.outcome, host=choice.id)
