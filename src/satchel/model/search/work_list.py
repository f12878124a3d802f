"""The work list: which tasks a person asks for, in which order, and the cursor from page to page."""

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
    """Whose tasks are listed."""

    MINE = "mine"
    """The open ones that the asker holds."""
    OFFERED = "offered"
    """Those that the asker may claim."""
    DONE = "done"
    """Those that the asker completed."""
    ALL = "all"
    """Every task that the asker may see."""


class WorkSort(StrEnum):
    """What a work list goes by; equal ones by number."""

    OPENED = "opened"
    DUE = "due"
    CLOSED = "closed"
    TITLE = "title"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCursor:
    """Where a page ends: the last task's value of the sort, None where it has none, and its number."""

    value: datetime | str | None
    id: TaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkQuery:
    """What is asked of a work list; None leaves a condition out.

    Attributes:
        text: what the title of the instance or the name of the task contains, or how its identifier begins.
        due_from, due_to: inclusive.
        is_overdue: whether the due time has passed while the task was open.
        is_descending: whether the last comes first; tasks without a due time come last either way.
    """

    filter: WorkFilter = WorkFilter.MINE
    app: AppId | None = None
    instance: InstanceId | None = None
    holder: UserId | None = None
    text: str | None = None
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

    A cursor gives no right: whatever it holds is checked by type and used as a parameter only.

    Raises:
        InvalidRequest: the text is no cursor of this order; ask for the first page again.
    """
    try:
        return _decoded(text[:MAX_CURSOR_CHARS], sort, is_descending=is_descending)
    except (ValueError, msgspec.DecodeError, binascii.Error) as error:
        message = "The cursor does not belong to this list; leave it out to begin at the first page."
        raise InvalidRequest(message, pointer="/cursor") from error


def _decoded(text: str, sort: WorkSort, *, is_descending: bool) -> WorkCursor:
    """Return the cursor in a text.

    Raises:
        ValueError: the text is none, or of another order.
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
