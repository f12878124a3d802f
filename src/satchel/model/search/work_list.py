"""The work list: its filters and order, and the cursor from page to page."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from satchel.model.errors import InvalidRequest
from satchel.model.ids import MAX_ID, AppId, InstanceId, TaskId, UserId

MAX_CURSOR_CHARS = 2_000


class WorkFilter(StrEnum):
    """The tasks of a work list."""

    MINE = "mine"
    """The open ones that the caller holds."""
    OFFERED = "offered"
    """Those that the caller may claim."""
    DONE = "done"
    """Those that the caller completed."""
    ALL = "all"
    """Every task that the caller may see."""


class WorkSort(StrEnum):
    """The sort keys of a work list; equal tasks are sorted by number."""

    OPENED = "opened"
    DUE = "due"
    CLOSED = "closed"
    TITLE = "title"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCursor:
    """The end of a page: the last task's sort value, None if it has none, and its number."""

    value: datetime | str | None
    id: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQuery:
    """A query of a work list; None leaves a condition out.

    Attributes:
        text: contained in the title of the instance or the name of the task, or the start of its identifier.
        title_prefix: of the trigrams of titles (`satchel.model.search.trigrams`).
        due_from, due_to: inclusive.
        is_overdue: whether the due time has passed while the task was open.
        is_descending: whether the order is reversed; tasks without a due time are last either way.
    """

    filter: WorkFilter = WorkFilter.MINE
    app: AppId | None = None
    instance: InstanceId | None = None
    holder: UserId | None = None
    text: str | None = None
    title_prefix: str = ""
    due_from: datetime | None = None
    due_to: datetime | None = None
    is_overdue: bool | None = None
    sort: WorkSort = WorkSort.OPENED
    is_descending: bool = False
    cursor: WorkCursor | None = None


def encode_work_cursor(query: WorkQuery, cursor: WorkCursor) -> str:
    """Return a cursor as opaque text for the address of the next page."""
    value = cursor.value.isoformat() if isinstance(cursor.value, datetime) else cursor.value
    data = msgspec.json.encode([query.sort.value, query.is_descending, value, cursor.id])
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_work_cursor(text: str, sort: WorkSort, *, is_descending: bool) -> WorkCursor:
    """Return the cursor that `encode_work_cursor` made for the same order.

    A cursor grants nothing: its content is checked by type and used as a parameter only.

    Raises:
        InvalidRequest: the text is not a cursor of this order; request the first page again.
    """
    try:
        return _decoded(text[:MAX_CURSOR_CHARS], sort, is_descending=is_descending)
    except (ValueError, msgspec.DecodeError, binascii.Error) as error:
        message = "The cursor does not belong to this list; leave it out to start at the first page."
        raise InvalidRequest(message, pointer="/cursor") from error


def _decoded(text: str, sort: WorkSort, *, is_descending: bool) -> WorkCursor:
    """Return the cursor in a text.

    Raises:
        ValueError: the text is not a cursor, or of another order.
    """
    data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    word, descends, value, number = msgspec.json.decode(data, type=tuple[str, bool, str | None, int])
    if (word, descends) != (sort.value, is_descending) or not 0 < number <= MAX_ID or "\0" in (value or ""):
        raise ValueError
    is_time = value is not None and sort is not WorkSort.TITLE
    return WorkCursor(value=_moment(value) if is_time else value, id=TaskId(number))


def _moment(text: str | None) -> datetime:
    at = datetime.fromisoformat(text or "")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
