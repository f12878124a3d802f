"""Replies about moves of running instances to the newest version of their app."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from msgspec import Meta

from satchel.model.api.kinds import ReplyBody, Size, Timestamp, one_of
from satchel.model.api.queries import PageQuery
from satchel.model.moves import MoveOutcome, MoveState

MoveStateName = Annotated[str, one_of(MoveState)]
MoveOutcomeName = Annotated[str, one_of(MoveOutcome)]


class MoveError(ReplyBody, frozen=True, kw_only=True):
    """Why a move failed."""

    code: str
    message: str


class Migration(ReplyBody, frozen=True, kw_only=True):
    """A move of an app's running instances to a version.

    Attributes:
        version: the number of the version to which they go.
        mapping: old element -> the new one; null gives up a boundary event or an event of a choice.
        moved, refused: how many instances, so far.
        user: who began it.
    """

    id: int
    app: str
    version: int
    state: MoveStateName
    mapping: Mapping[str, str | None]
    moved: Size
    refused: Size
    user: int
    created_at: Timestamp
    ended_at: Timestamp | None
    error: MoveError | None


class Migrations(ReplyBody, frozen=True, kw_only=True):
    """A page of moves, and the cursor of the next one."""

    items: Sequence[Migration]
    next: str | None


class MigrationFinding(ReplyBody, frozen=True, kw_only=True):
    """Why an instance stays.

    Attributes:
        element: where it stands, in its version.
        code: stable.
    """

    element: str
    code: str
    message: str


class MigrationResult(ReplyBody, frozen=True, kw_only=True):
    """What became, or would become, of one instance.

    Attributes:
        version: the number of the version that it was on.
    """

    instance: int
    identifier: str
    version: int
    outcome: MoveOutcomeName
    findings: Sequence[MigrationFinding]


class MigrationResults(ReplyBody, frozen=True, kw_only=True):
    """A page of results, and the cursor of the next one."""

    items: Sequence[MigrationResult]
    next: str | None


class MigrationCounts(ReplyBody, frozen=True, kw_only=True):
    """How many instances would move unchanged, by the mapping, need a mapping, or cannot move."""

    unchanged: Size
    mapped: Size
    needs_mapping: Size
    blocked: Size


class MigrationPreview(ReplyBody, frozen=True, kw_only=True):
    """What a move would do to a page of instances; nothing was changed.

    Attributes:
        version: the number of the version to which they would go.
    """

    version: int
    counts: MigrationCounts
    items: Sequence[MigrationResult]
    next: str | None


class MigrationResultsQuery(PageQuery, frozen=True, kw_only=True):
    """The filter of results."""

    outcome: Annotated[MoveOutcomeName | None, Meta(description="Only these.")] = None
