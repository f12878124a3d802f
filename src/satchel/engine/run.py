"""What commands do to a process: tokens move until every one of them waits.

The rules of BPMN's tokens are here; repeated activities are in `satchel.engine.loop`, gateways in
`satchel.engine.gateway`. Everything happens in a fixed order: the same state, command and arguments give the same
effects and bytes.
"""

from collections import deque

from satchel.engine import gateway, loop
from satchel.engine.board import Board, Move
from satchel.engine.effect import CloseReason, Ended, Failed
from satchel.engine.graph import Kind, Node
from satchel.engine.snapshot import PROCESS, Mode, PathOutcome, Status, Token
from satchel.model.errors import EngineStopped

MAX_MOVES = 10_000
"""How often tokens may move in one step; a process that goes round without waiting reaches it."""


def finish(board: Board, token: Token, outcome: PathOutcome) -> None:
    """Go on after an activity or event that is done."""
    node = board.node(token)
    host = board.state.tokens.get(token.host)
    board.take(token)
    if host is None:
        board.leave(node, token.scope, outcome)
    elif host.mode is Mode.CHOICE:
        board.state.taken.update(flow for flow in node.incoming if board.process.flows[flow].source == host.node)
        board.take(host)
        board.leave(node, token.scope, outcome)
    else:
        loop.repeated(board, host, token, outcome)


def fire(board: Board, token: Token) -> None:
    """Go on from a boundary event that happened."""
    boundary, host = board.node(token), board.state.tokens[token.host]
    board.take(token)
    if boundary.interrupts:
        board.withdraw(host, CloseReason.TIMER if boundary.kind is Kind.BOUNDARY_TIMER else CloseReason.CANCELLED)
    elif boundary.kind is Kind.BOUNDARY_MESSAGE:
        board.arm(boundary, host)
    board.leave(boundary, host.scope, host.outcome)


def fail(board: Board, token: Token, code: str, *, or_as: str | None = None) -> None:
    """Go on after an activity that failed: at the boundary event that catches the code, or nowhere.

    Args:
        board: the tokens.
        token: of the activity.
        code: what it failed with.
        or_as: a second code by which an event of the activity catches it, where none does by the first.
    """
    node = board.node(token)
    host = board.state.tokens.get(token.host)
    board.take(token)
    if not _catch(board, host or token, node, code, or_as):
        _throw(board, token.scope, code, node)


def settle(board: Board) -> None:
    """Let tokens move until each of them waits.

    Raises:
        EngineStopped: they would not come to rest, or wait for what can no longer come.
    """
    moves = 0
    while board.state.status is Status.RUNNING:
        if board.moving:
            moves += 1
            move = board.moving.popleft()
            node = board.process.nodes[move.node]
            if moves > MAX_MOVES:
                raise _endless(node)
            if move.scope == PROCESS or move.scope in board.state.tokens:
                _arrive(board, node, move)
        elif board.emptied:
            scope = next(iter(board.emptied))
            del board.emptied[scope]
            _close_scope(board, scope)
        elif not gateway.fire_inclusive(board):
            gateway.refuse_deadlock(board)
            return


def _arrive(board: Board, node: Node, move: Move) -> None:
    scope, outcome = move.scope, move.outcome
    match node.kind:
        case Kind.START | Kind.MILESTONE:
            board.leave(node, scope, outcome)
        case Kind.END | Kind.TERMINATE:
            if node.kind is Kind.TERMINATE:
                board.moving = deque(other for other in board.moving if other.scope != scope)
                for token in board.inside(scope):
                    board.withdraw(token, CloseReason.CANCELLED)
            board.end_path(scope, outcome)
        case Kind.ERROR_END:
            _throw(board, scope, node.error or "", node)
        case Kind.EXCLUSIVE | Kind.PARALLEL | Kind.INCLUSIVE | Kind.EVENT_GATEWAY:
            gateway.arrive(board, node, move)
        case _ if node.loop is not None:
            loop.begin(board, node, scope, outcome)
        case _:
            board.watch(board.open(node, scope, outcome))


def _close_scope(board: Board, scope: int) -> None:
    """Close a scope that a token has ended in, if that was the last of its tokens."""
    if board.inside(scope):
        return
    if scope == PROCESS:
        board.state.status = Status.ENDED
        board.effects.append(Ended())
    elif scope in board.state.tokens:
        token = board.state.tokens[scope]
        finish(board, token, token.outcome)


def _throw(board: Board, scope: int, code: str, origin: Node) -> None:
    """Send an error up through the subprocesses until one of them catches it; the process fails if none does."""
    while scope != PROCESS:
        token = board.state.tokens[scope]
        if _catch(board, board.state.tokens.get(token.host) or token, board.node(token), code):
            return
        scope = token.scope
    board.moving.clear()
    for token in board.inside(PROCESS):
        board.withdraw(token, CloseReason.CANCELLED)
    board.state.status = Status.FAILED
    message = f"{origin.label} failed with the code {code or '(none)'}, and no boundary event catches it."
    board.effects.append(Failed(element=origin.id, code=code, message=message))


def _catch(board: Board, outer: Token, node: Node, code: str, or_as: str | None = None) -> bool:
    """Leave by the boundary event of `node` that catches a code, if there is one; an exact code goes before any."""
    events = [board.process.nodes[boundary] for boundary in node.boundaries]
    errors = [event for event in events if event.kind is Kind.BOUNDARY_ERROR]
    by_code = {event.error: event for event in reversed(errors)}
    caught = [by_code[wanted] for wanted in (code, or_as, None) if wanted in by_code]
    if not caught:
        return False
    board.withdraw(outer, CloseReason.CANCELLED)
    board.leave(caught[0], outer.scope, outer.outcome)
    return True


def _endless(node: Node) -> EngineStopped:
    message = (
        f"{node.label}: the process goes round without ever waiting ({MAX_MOVES} moves). Correct the values or the app."
    )
    return EngineStopped(reason="endless", element=node.id, message=message, values={})
