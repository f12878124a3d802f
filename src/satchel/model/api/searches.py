"""Replies about saved searches, exports and schedules."""

from collections.abc import Sequence
from typing import ClassVar

from satchel.model.api.kinds import Address, ExportStateName, ReplyBody, RunStateName, Size, Timestamp, Values


class SavedSearch(ReplyBody, frozen=True, kw_only=True):
    """A saved search.

    Attributes:
        owner: the number of a user.
        query: for `POST /instances/search`.
        groups: the numbers of the groups whose members may use it.
    """

    id: int
    name: str
    owner: int
    query: Values
    groups: Sequence[int]
    created_at: Timestamp
    changed_at: Timestamp


class SavedSearches(ReplyBody, frozen=True, kw_only=True):
    """A page of saved searches, and the cursor of the next one."""

    items: Sequence[SavedSearch]
    next: str | None


class CriteriaMeaning(ReplyBody, frozen=True, kw_only=True):
    """Questetra's criteria as a native query, and the ids of the fields that they display."""

    query: Values
    fields: Sequence[str]


class Failure(ReplyBody, frozen=True, kw_only=True):
    """The reason of a failure: a stable code and a message."""

    code: str
    message: str | None


class Export(ReplyBody, frozen=True, kw_only=True):
    """An export and its progress.

    Attributes:
        owner: the number of a user.
        search: its saved search, if any.
        fields: ids of file fields; null means all.
        attachments: whether files of the attachments tab are included.
        values: whether the values of the instances are included.
        instances: how many were listed so far, like `files` and `bytes`.
        left_out: files of apps that its owner may view but not export.
        missing: files whose bytes the store does not have.
        window: how many of the newest instances a "contains" of fewer than three characters searched.
        size: of the zip in bytes, once it is ready.
    """

    id: int
    state: ExportStateName
    owner: int
    search: int | None
    query: Values
    fields: Sequence[str] | None
    attachments: bool
    values: bool
    instances: Size
    files: Size
    bytes: Size
    left_out: Size
    missing: Size
    window: int | None
    size: Size | None
    error: Failure | None
    created_at: Timestamp
    ready_at: Timestamp | None
    expires_at: Timestamp


class Exports(ReplyBody, frozen=True, kw_only=True):
    """A page of exports, and the cursor of the next one."""

    items: Sequence[Export]
    next: str | None


class ExportLink(ReplyBody, frozen=True, kw_only=True):
    """A signed address of an export; a `public` one requires no sign-in."""

    holds_secret: ClassVar[bool] = True

    url: Address
    public: bool
    expires_at: Timestamp


class Schedule(ReplyBody, frozen=True, kw_only=True):
    """A saved search whose new files go to a folder of the server every day.

    Attributes:
        at: the time in its owner's time zone, as `02:30`.
        runs: the number of its runs.
        next_run_at: null while one runs.
    """

    id: int
    owner: int
    search: int
    folder: str
    at: str
    runs: Size
    running: bool
    next_run_at: Timestamp | None
    created_at: Timestamp


class Schedules(ReplyBody, frozen=True, kw_only=True):
    """A page of schedules, and the cursor of the next one."""

    items: Sequence[Schedule]
    next: str | None


class ScheduleRun(ReplyBody, frozen=True, kw_only=True):
    """One run of a schedule, and the files that it added to the folder."""

    number: int
    state: RunStateName
    started_at: Timestamp
    ended_at: Timestamp | None
    instances: Size
    files: Size
    bytes: Size
    left_out: Size
    missing: Size
    error: Failure | None


class ScheduleRuns(ReplyBody, frozen=True, kw_only=True):
    """A page of runs, and the cursor of the next one."""

    items: Sequence[ScheduleRun]
    next: str | None
