"""The query strings of the native API's addresses."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from satchel.model.api.kinds import QueryString
from satchel.model.ids import MAX_ID
from satchel.model.search.query import MAX_LIMIT

DEFAULT_PAGE = 50
MAX_PAGE = 200

Cursor = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_ID,
        description="The `next` of the previous page.",
        extra_json_schema={"pattern": "^[0-9]{1,19}$"},
    ),
]
PageLimit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="The maximum length of the page.")]
SearchCursor = Annotated[str | None, Meta(description="The `next` of the previous page.")]
Number = Annotated[int, Meta(ge=1, le=MAX_ID)]
WithCount = Annotated[bool, Meta(description="Whether the answer has the total.")]
WithFiles = Annotated[Literal["files"] | None, Meta(description="`files`: each instance includes its files.")]
Day = Annotated[str | None, Meta(description="A date or datetime, in the caller's time zone if it has no offset.")]


class NoQuery(QueryString, frozen=True, kw_only=True):
    """The query string of an address without parameters."""


class AnyQuery(QueryString, frozen=True, kw_only=True):
    """The query string of a link, which is ignored: programs that scan mails append their own parameters."""

    is_read_by_handler: ClassVar[bool] = True


class PageQuery(QueryString, frozen=True, kw_only=True):
    """The page of a list that is sorted by number."""

    cursor: Cursor = 0
    limit: PageLimit = DEFAULT_PAGE


class NotificationsQuery(PageQuery, frozen=True, kw_only=True):
    """The filter of notifications."""

    unread: Annotated[bool, Meta(description="Only those that are neither read nor past.")] = False


class UsersQuery(PageQuery, frozen=True, kw_only=True):
    """The filters of people."""

    id: Annotated[str | None, Meta(description="Only these: numbers, separated by commas.")] = None
    q: Annotated[str | None, Meta(description="Contained in the name; for administrators, or in the e-mail.")] = None
    group: Annotated[
        Number | None, Meta(description="The members of this group: for administrators, and for its members.")
    ] = None


class AppsQuery(QueryString, frozen=True, kw_only=True):
    """The filter of apps."""

    may: Annotated[
        Literal["start", "view", "modify", "delete", "manage", "export"] | None,
        Meta(description="Those for which the caller has this right."),
    ] = None


class HistoryQuery(PageQuery, frozen=True, kw_only=True):
    """The filters and the order of a history."""

    kind: Annotated[
        str | None,
        Meta(description="Only of these kinds, separated by commas: `task.completed`, or `task` for all of tasks."),
    ] = None
    downloads: Annotated[
        Literal["with", "without", "only"], Meta(description="Whether downloads of files are among them.")
    ] = "with"
    sort: Annotated[Literal["at", "-at"], Meta(description="Oldest first, or (`-at`) newest first.")] = "at"


class TasksQuery(QueryString, frozen=True, kw_only=True):
    """The filters and the order of a work list."""

    filter: Annotated[
        Literal["mine", "offered", "done", "all"],
        Meta(description="Those that the caller holds, may claim, completed, or may see."),
    ] = "mine"
    app: Annotated[str | None, Meta(description="Of the app with this code.")] = None
    instance: Annotated[Number | None, Meta(description="Of this instance.")] = None
    holder: Annotated[Number | None, Meta(description="Held by this user.")] = None
    q: Annotated[
        str | None, Meta(description="Contained in the title or the task's name, or the start of the identifier.")
    ] = None
    due_from: Day = None
    due_to: Day = None
    overdue: Annotated[bool | None, Meta(description="Whether the due time has passed.")] = None
    sort: Annotated[
        Literal["opened", "-opened", "due", "-due", "closed", "-closed", "title", "-title"],
        Meta(description="The order, with a leading `-` descending; tasks without a due time are last."),
    ] = "opened"
    count: WithCount = False
    cursor: SearchCursor = None
    limit: PageLimit = DEFAULT_PAGE


class IncidentsQuery(PageQuery, frozen=True, kw_only=True):
    """The filters of incidents."""

    instance: Annotated[Number | None, Meta(description="Of this instance only.")] = None


class RetryQuery(QueryString, frozen=True, kw_only=True):
    """Which settings a retry uses."""

    settings: Annotated[
        Literal["newest"] | None,
        Meta(description="`newest`: those of the newest version of the app, for this service task alone."),
    ] = None


class WebhooksQuery(QueryString, frozen=True, kw_only=True):
    """The filters of webhooks."""

    app: Annotated[str | None, Meta(description="Of the app with this code only.")] = None


class DeliveriesQuery(PageQuery, frozen=True, kw_only=True):
    """The filters of deliveries."""

    state: Literal["waiting", "delivered", "failed"] | None = None


class DispositionQuery(QueryString, frozen=True, kw_only=True):
    """How a browser handles a file."""

    disposition: Annotated[
        Literal["attachment", "inline"], Meta(description="Whether a browser saves the file or may show it.")
    ] = "attachment"


class TicketQuery(QueryString, frozen=True, kw_only=True):
    """The token that replaces a credential at a ticket's addresses."""

    token: Annotated[str | None, Meta(description="The ticket's token, in place of a credential.")] = None


class SearchOptions(QueryString, frozen=True, kw_only=True):
    """Optional parts of a search's reply."""

    count: WithCount = False
    include: WithFiles = None


class SavedSearchQuery(QueryString, frozen=True, kw_only=True):
    """The page of a saved search."""

    cursor: SearchCursor = None
    count: WithCount = False


class CriteriaQuery(QueryString, frozen=True, kw_only=True, rename={"as_": "as"}):
    """The format of criteria."""

    as_: Annotated[Literal["native", "questetra-xml", "questetra-json", "curl"], Meta(description="The format.")] = (
        "native"
    )
    items: Annotated[
        str | None, Meta(description="Numbers of the fields to display, separated by commas; all by default.")
    ] = None


class ExportQuery(QueryString, frozen=True, kw_only=True):
    """Whether an export is sent at once: one page of instances, as an archive."""

    stream: Annotated[Literal["zip", "tar"] | None, Meta(description="Send a page at once, as this archive.")] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="The maximum number of instances.")] = MAX_LIMIT // 2
    cursor: Annotated[str | None, Meta(description="The `Satchel-Cursor` of the previous page.")] = None


class InstancesQuery(SearchOptions, frozen=True, kw_only=True):
    """A search's conditions. The handler reads them itself: they depend on the app's fields."""

    is_read_by_handler: ClassVar[bool] = True

    app: Annotated[str | None, Meta(description="The app's code; required for conditions on fields.")] = None
    state: Annotated[
        Sequence[Literal["running", "ended", "cancelled", "failed"]], Meta(description="Repeat it for several.")
    ] = ()
    title: Annotated[str | None, Meta(description="A text that the title contains.")] = None
    started_from: Day = None
    started_to: Day = None
    ended_from: Day = None
    ended_to: Day = None
    starter: Annotated[str | None, Meta(description="A user's number, or `me`.")] = None
    starter_group: Annotated[Number | None, Meta(description="A group of the starter.")] = None
    starred: Annotated[bool | None, Meta(description="`true`: starred by the caller.")] = None
    sort: Annotated[
        str | None,
        Meta(
            description="`title`, `started_at`, `ended_at`, `number`, `state` or `field:ID`; a leading `-`: descending."
        ),
    ] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] | None = None
    cursor: SearchCursor = None
