"""Moves: the running instances of an app go to another version of it, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from satchel.model.ids import AccountId, AppId, ElementId, InstanceId, MoveId, UserId, VersionId


class MoveState(StrEnum):
    """How far a move has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class MoveOutcome(StrEnum):
    """What becomes of one instance."""

    UNCHANGED = "unchanged"
    """It moves as it is."""
    MAPPED = "mapped"
    """It moves by the mapping."""
    NEEDS_MAPPING = "needs_mapping"
    """It stays: it is at an element for which the mapping names none."""
    BLOCKED = "blocked"
    """It stays: no mapping helps."""

    @property
    def moves(self) -> bool:
        """Whether the instance moves."""
        return self in {MoveOutcome.UNCHANGED, MoveOutcome.MAPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of an app's running instances.

    Attributes:
        number: of the version to which they go.
        mapping: old element -> the new one, or None to give up an event.
        position: the instance that was looked at last.
        bound: the last instance to look at.
        moved, refused: how many instances, so far.
        due_at: while it runs, when a living worker would have given a sign.
    """

    account_id: AccountId
    id: MoveId
    app_id: AppId
    version_id: VersionId
    number: int
    owner_id: UserId
    mapping: Mapping[str, str | None]
    state: MoveState
    position: int
    bound: int
    moved: int
    refused: int
    error_code: str | None
    error: str | None
    attempt: int
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def elements(self) -> dict[ElementId, ElementId | None]:
        """The mapping with the types of the engine."""
        return {ElementId(k): None if v is None else ElementId(v) for k, v in self.mapping.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveResult:
    """What became, or would become, of one instance.

    Attributes:
        from_version: the number of the version that it was on.
        findings: why it stays: `element`, `code` and `message` of each reason.
    """

    instance_id: InstanceId
    identifier: str
    from_version: int
    outcome: MoveOutcome
    findings: Sequence[Mapping[str, str]]

    @property
    def id(self) -> int:
        """The instance's number, by which lists are sorted."""
        return self.instance_id
