"""Repeated activities: multi-instance, parallel or one after the other, and loops with a condition.

The repetitions have a token of their own as their host, which carries the boundary events of the whole. The items are
taken when the activity is reached: a field that changes later does not change how often it is repeated.
"""

from typing import cast

from satchel.engine.board import Board, later, stopped
from satchel.engine.graph import Loop, LoopKind, Node
from satchel.engine.snapshot import Mode, PathOutcome, Token
from satchel.engine.value import EvaluationError, plain
from satchel.model.errors import EngineStopped

MAX_REPETITIONS = 1000
"""How often an activity may be repeated each time that it is reached."""


def begin(board: Board, node: Node, scope: int, outcome: PathOutcome) -> None:
    """Begin the repetitions of an activity that a token has come to; with none to make, the token goes on."""
    loop = _loop(node)
    body = Token(id=board.number(), node=node.id, scope=scope, mode=Mode.LOOP, outcome=outcome)
    if loop.kind is LoopKind.WHILE:
        if loop.test_first and not _goes_on(board, node, body):
            board.leave(node, scope, outcome)
            return
    else:
        body.left = _items(board, node, body)
        if not body.left:
            board.leave(node, scope, outcome)
            return
    board.watch(board.add(body))
    rounds = len(body.left) if loop.kind is LoopKind.PARALLEL else 1
    for _ in range(rounds):
        _next(board, node, body)


def repeated(board: Board, body: Token, child: Token, outcome: PathOutcome) -> None:
    """Go on after one repetition that is done."""
    node = board.node(body)
    loop = _loop(node)
    body.outcome = later(body.outcome, outcome)
    if loop.kind is LoopKind.WHILE:
        goes_on = _goes_on(board, node, body)
    else:
        goes_on = bool(body.left) or any(other.mode is not Mode.WATCH for other in board.hosted(body))
        if goes_on and loop.condition is not None:
            names = board.names(body.scope, outcome, child.item)
            goes_on = not board.decide(node, loop.condition, names)
    if not goes_on:
        board.take(body)
        board.leave(node, body.scope, body.outcome)
    elif loop.kind is LoopKind.WHILE or (loop.kind is LoopKind.SEQUENTIAL and body.left):
        _next(board, node, body)  # of one that ran in parallel before its boolean was understood, nothing is left


def _loop(node: Node) -> Loop:
    if node.loop is None:
        raise TypeError(node.id)
    return node.loop


def _next(board: Board, node: Node, body: Token) -> None:
    """Open the next repetition."""
    loop = _loop(node)
    body.count += 1
    item: dict[str, object] = {}
    if loop.kind is not LoopKind.WHILE:
        value = body.left.pop(0)
        if loop.variable is not None:
            item = {loop.variable: value}
    board.open(node, body.scope, body.outcome, host=body.id, item=item)


def _goes_on(board: Board, node: Node, body: Token) -> bool:
    """Return whether a loop with a condition is repeated once more."""
    loop = _loop(node)
    if loop.maximum is not None and body.count >= loop.maximum:
        return False
    if loop.condition is not None and not board.decide(node, loop.condition, board.names(body.scope, body.outcome)):
        return False
    if body.count >= MAX_REPETITIONS:
        message = (
            f"{node.label}: it was repeated {body.count} times; no activity may be repeated more. Correct the values."
        )
        raise EngineStopped(reason="loop_limit", element=node.id, message=message, values={})
    return True


def _items(board: Board, node: Node, body: Token) -> list[object]:
    """Return what a multi-instance activity runs over: the collection's items, or numbers from 1."""
    loop = _loop(node)
    names = board.names(body.scope, body.outcome)
    used = frozenset({loop.collection}) if loop.collection is not None else frozenset[str]()
    text = loop.collection or ""
    try:
        if loop.cardinality is not None:
            used, text = loop.cardinality.names, loop.cardinality.text
            return list[object](range(1, _count(loop.cardinality.evaluate(names)) + 1))
        return _collection(names.get(text), text)
    except EvaluationError as fault:
        raise stopped(node, fault, used, names, text) from None


def _count(result: object) -> int:
    if not isinstance(result, int) or isinstance(result, bool) or result < 0:
        raise EvaluationError("cardinality", "it does not say how often: a whole number from 0 is needed")
    if result > MAX_REPETITIONS:
        raise EvaluationError("loop_limit", f"{result} repetitions are more than {MAX_REPETITIONS}")
    return result


def _collection(value: object, name: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise EvaluationError("collection", f"{name} is no list")
    items = cast("list[object]", value)
    if len(items) > MAX_REPETITIONS:
        raise EvaluationError("loop_limit", f"{len(items)} repetitions are more than {MAX_REPETITIONS}")
    return [plain(item, name) for item in items]
