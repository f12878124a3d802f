"""Commands: what may be said to a running process. One command is one step."""

from dataclasses import dataclass

from satchel.model.ids import TokenId

LATE = "late"
"""The error code of a user task that failed for being late."""
SERVICE_FAILED = "service_failed"
"""The error code of a service task that failed for good, where its app has that thrown."""
CALL_FAILED = "call_failed"
"""The error code of a called instance that was cancelled or deleted; one that failed has its own code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Begin: there is no state yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTask:
    """A user task was completed; `outcome` is how, or None if it has no outcomes."""

    token: TokenId
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailTask:
    """A user task has failed: too late, or faulty. A boundary error event catches it, or else the instance fails."""

    token: TokenId
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerDue:
    """A timer's time has come."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArrived:
    """A message that was awaited is here."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishJob:
    """The job of a service or send task is done."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class FailJob:
    """The job of a service or send task failed for good. A boundary error event catches it, or the instance fails."""

    token: TokenId
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCall:
    """The instance that a call activity started has ended."""

    token: TokenId


@dataclass(frozen=True, slots=True, kw_only=True)
class FailCall:
    """The instance that a call activity started failed. A boundary error event catches it, or this one fails too.

    An event for the code goes before one for `CALL_FAILED`, which catches whatever a called instance fails with.
    """

    token: TokenId
    code: str


Command = Start | CompleteTask | FailTask | TimerDue | MessageArrived | FinishJob | FailJob | FinishCall | FailCall
"""Everything that `satchel.engine.step` understands. Cancelling an instance needs no step: its caller closes all."""
