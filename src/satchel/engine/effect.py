"""Effects: what a step asks its caller to record, in the order in which it happened.

The invariant: whatever an effect opens under a token (a task, a timer, a message, a job, a call) is closed exactly
once, either by the one command that names the token or by one effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from satchel.model.ids import ElementId, TokenId


class CloseReason(StrEnum):
    """Why a task was withdrawn."""

    TIMER = "timer"
    """Its own interrupting boundary timer was due: the task failed."""
    CANCELLED = "cancelled"
    """Its path ended otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOpened:
    """A user task waits for a person; `variables` are the loop variables that it sees, as JSON data."""

    token: TokenId
    element: ElementId
    name: str
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClosed:
    """A user task is withdrawn."""

    token: TokenId
    reason: CloseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet:
    """A timer runs; `due_at` is in UTC and may lie in the past."""

    token: TokenId
    element: ElementId
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDropped:
    """A timer is no longer of interest."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAwaited:
    """The process waits for a message of this name."""

    token: TokenId
    element: ElementId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDropped:
    """A message is no longer awaited under this token."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDue:
    """A service or send task has work to do; `variables` are the loop variables that it sees, as JSON data."""

    token: TokenId
    element: ElementId
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDropped:
    """A job is withdrawn; a result that comes later is refused."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDue:
    """A call activity starts an instance of the app with the code `app`."""

    token: TokenId
    element: ElementId
    app: str
    variables: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDropped:
    """A called instance is no longer waited for: its caller cancels it."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The process has reached its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The process has failed at `element` with an error `code` that nothing catches."""

    element: ElementId
    code: str
    message: str


Effect = (
    TaskOpened
    | TaskClosed
    | TimerSet
    | TimerDropped
    | MessageAwaited
    | MessageDropped
    | JobDue
    | JobDropped
    | CallDue
    | CallDropped
    | Ended
    | Failed
)
"""Everything that a step may ask for."""
