"""The engine's one verb: take a state and a command, return the next state and what follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from satchel.engine import run, snapshot
from satchel.engine.board import Board
from satchel.engine.command import (
    CALL_FAILED,
    Command,
    CompleteTask,
    FailCall,
    FailJob,
    FailTask,
    FinishCall,
    FinishJob,
    MessageArrived,
    Start,
    TimerDue,
)
from satchel.engine.effect import Effect
from satchel.engine.graph import JOBS, ROOT, Kind
from satchel.engine.parse import Definition
from satchel.engine.snapshot import NO_OUTCOME, PROCESS, Mode, PathOutcome, State, Status, Token
from satchel.model.errors import InvalidState
from satchel.model.ids import TokenId

_TIMERS = frozenset({Kind.CATCH_TIMER, Kind.BOUNDARY_TIMER})
_MESSAGES = frozenset({Kind.CATCH_MESSAGE, Kind.BOUNDARY_MESSAGE, Kind.RECEIVE_TASK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one command led to.

    Attributes:
        state: what to pass to the next step; to everyone else bytes without a meaning.
        tasks: the tokens of all user tasks that are open in this state.
        effects: in the order in which they happened.
    """

    state: bytes
    status: Status
    tasks: frozenset[TokenId]
    effects: tuple[Effect, ...]


def step(
    definition: Definition,
    state: bytes | None,
    command: Command,
    *,
    now: datetime,
    values: Mapping[str, object],
    new_token: Callable[[], TokenId],
) -> Step:
    """Return what one command leads to. The same arguments always give the same result.

    Args:
        definition: the process, of the version that the state belongs to.
        state: what the last step returned; None for `Start`.
        command: what happened.
        now: the present moment, aware; timers count from it.
        values: the instance's field values by id, and `satchel.model.app.BUILT_IN_NAMES`. Only what is named is read.
        new_token: gives an id that this instance never had.

    Raises:
        InvalidState: the command names a token that does not wait for it (any more); nothing is to be changed.
        EngineStopped: the process cannot go on with these values; open an incident, try again when they are corrected.
        CorruptState: the state cannot be read.
    """
    if isinstance(command, Start) != (state is None):
        raise InvalidState(
            "The process has started already." if state is not None else "The process has not started yet."
        )
    loaded = State() if state is None else snapshot.load(state, definition.process, definition.fingerprint)
    board = Board(process=definition.process, state=loaded, now=now, values=values, new_token=new_token)
    _apply(board, command)
    run.settle(board)
    return stepped(definition, board)


def stepped(definition: Definition, board: Board) -> Step:
    """Return what a board has come to, now that nothing on it moves."""
    loaded = board.state
    return Step(
        state=snapshot.dump(loaded, definition.fingerprint),
        status=loaded.status,
        tasks=frozenset(
            token.key
            for token in loaded.tokens.values()
            if token.key is not None and board.node(token).kind is Kind.USER_TASK
        ),
        effects=tuple(board.effects),
    )


def waiting_since(definition: Definition, state: bytes) -> Mapping[TokenId, int]:
    """Return each token that waits for a command, with a number that is smaller the longer it waits."""
    tokens = snapshot.load(state, definition.process, definition.fingerprint).tokens.values()
    return {token.key: token.id for token in tokens if token.key is not None}


def _apply(board: Board, command: Command) -> None:
    match command:
        case Start():
            board.begin(ROOT, PROCESS, NO_OUTCOME)
        case CompleteTask(token=key, outcome=text):
            token = _find(board, key, frozenset({Kind.USER_TASK}))
            run.finish(board, token, PathOutcome(board.number(), text))
        case FailTask(token=key, code=code):
            run.fail(board, _find(board, key, frozenset({Kind.USER_TASK})), code)
        case FinishJob(token=key):
            _finish(board, _find(board, key, JOBS))
        case FailJob(token=key, code=code):
            run.fail(board, _find(board, key, JOBS), code)
        case FinishCall(token=key):
            _finish(board, _find(board, key, frozenset({Kind.CALL})))
        case FailCall(token=key, code=code):
            run.fail(board, _find(board, key, frozenset({Kind.CALL})), code, or_as=CALL_FAILED)
        case TimerDue(token=key):
            _happen(board, _find(board, key, _TIMERS))
        case MessageArrived(token=key):
            _happen(board, _find(board, key, _MESSAGES))
        case _:
            assert_never(command)


def _find(board: Board, key: TokenId, kinds: frozenset[Kind]) -> Token:
    """Return the token that a command names, if it waits for that sort of command."""
    token = board.token(key)
    if board.state.status is not Status.RUNNING:
        raise InvalidState(f"The process has {board.state.status.value} already; it takes no more commands.")
    if token is None:
        raise InvalidState("This is no longer waited for: it was done or withdrawn before. Read the instance again.")
    if board.node(token).kind not in kinds:
        raise InvalidState(f"{board.node(token).label} does not wait for this kind of command.")
    return token


def _finish(board: Board, token: Token) -> None:
    run.finish(board, token, token.outcome)


def _happen(board: Board, token: Token) -> None:
    """Go on from a timer that is due or a message that arrived."""
    if token.mode is Mode.WATCH:
        run.fire(board, token)
    else:
        _finish(board, token)
