"""The query strings that the native API's addresses take."""

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
        description="The `next` of the page before.",
        extra_json_schema={"pattern": "^[0-9]{1,19}$"},
    ),
]
PageLimit = Annotated[int, Meta(ge=1, le=MAX_PAGE, description="The most that the page holds.")]
SearchCursor = Annotated[str | None, Meta(description="The `next` of the page before.")]
Number = Annotated[int, Meta(ge=1, le=MAX_ID)]
WithCount = Annotated[bool, Meta(description="Whether the answer says how many there are.")]
WithFiles = Annotated[Literal["files"] | None, Meta(description="`files`: each instance comes with its files.")]
Day = Annotated[str | None, Meta(description="A day or a moment, in the caller's time zone if it has no offset.")]


class NoQuery(QueryString, frozen=True, kw_only=True):
    """The query string of an address that takes no parameters."""


class AnyQuery(QueryString, frozen=True, kw_only=True):
    """The query string of a link, which is not looked at: programs that scan mails append parameters of their own."""

    is_read_by_handler: ClassVar[bool] = True


class PageQuery(QueryString, frozen=True, kw_only=True):
    """Which page of a list that goes by number."""

    cursor: Cursor = 0
    limit: PageLimit = DEFAULT_PAGE


class TasksQuery(QueryString, frozen=True, kw_only=True):
    """Which tasks, and in which order."""

    filter: Annotated[
        Literal["mine", "offered", "done", "all"],
        Meta(description="Those that the caller holds, may claim, completed, or may see at all."),
    ] = "mine"
    app: Annotated[str | None, Meta(description="Of the app with this code.")] = None
    instance: Annotated[Number | None, Meta(description="Of this instance.")] = None
    holder: Annotated[Number | None, Meta(description="Held by this user.")] = None
    q: Annotated[
        str | None, Meta(description="What the title or the task's name contains, or how the identifier begins.")
    ] = None
    due_from: Day = None
    due_to: Day = None
    overdue: Annotated[bool | None, Meta(description="Whether the due time has passed.")] = None
    sort: Annotated[
        Literal["opened", "-opened", "due", "-due", "closed", "-closed", "title", "-title"],
        Meta(description="What they go by, with `-` before it downwards; tasks without a due time come last."),
    ] = "opened"
    count: WithCount = False
    cursor: SearchCursor = None
    limit: PageLimit = DEFAULT_PAGE


class IncidentsQuery(PageQuery, frozen=True, kw_only=True):
    """Which incidents."""

    instance: Annotated[Number | None, Meta(description="Of this instance only.")] = None


class WebhooksQuery(QueryString, frozen=True, kw_only=True):
    """Which webhooks."""

    app: Annotated[str | None, Meta(description="Of the app with this code only.")] = None


class DeliveriesQuery(PageQuery, frozen=True, kw_only=True):
    """Which deliveries."""

    state: Literal["waiting", "delivered", "failed"] | None = None


class DispositionQuery(QueryString, frozen=True, kw_only=True):
    """How a browser is to take a file."""

    disposition: Annotated[
        Literal["attachment", "inline"], Meta(description="Whether a browser saves the file or may show it.")
    ] = "attachment"


class TicketQuery(QueryString, frozen=True, kw_only=True):
    """What stands for a credential at a ticket's addresses."""

    token: Annotated[str | None, Meta(description="The ticket's token, in place of a credential.")] = None


class SearchOptions(QueryString, frozen=True, kw_only=True):
    """What a search answers besides the instances."""

    count: WithCount = False
    include: WithFiles = None


class SavedSearchQuery(QueryString, frozen=True, kw_only=True):
    """Which page of a saved search."""

    cursor: SearchCursor = None
    count: WithCount = False


class CriteriaQuery(QueryString, frozen=True, kw_only=True, rename={"as_": "as"}):
    """Which program criteria are for."""

    as_: Annotated[
        Literal["native", "questetra-xml", "questetra-json", "curl"], Meta(description="The form to copy it in.")
    ] = "native"
    items: Annotated[
        str | None, Meta(description="Numbers of the fields to display, with commas between them; all where left out.")
    ] = None


class ExportQuery(QueryString, frozen=True, kw_only=True):
    """Whether an export is sent at once: one page of instances, as an archive."""

    stream: Annotated[Literal["zip", "tar"] | None, Meta(description="Send a page at once, as this archive.")] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="The most instances of the page.")] = MAX_LIMIT // 2
    cursor: Annotated[str | None, Meta(description="The `Satchel-Cursor` of the page before.")] = None


class InstancesQuery(SearchOptions, frozen=True, kw_only=True):
    """A search's conditions. The handler reads them itself: they depend on the app's fields."""

    is_read_by_handler: ClassVar[bool] = True

    app: Annotated[str | None, Meta(description="The app's code; needed for conditions on fields.")] = None
    state: Annotated[
        Sequence[Literal["running", "ended", "cancelled", "failed"]], Meta(description="Repeat it for several.")
    ] = ()
    title: Annotated[str | None, Meta(description="Words that stand in the title.")] = None
    started_from: Day = None
    started_to: Day = None
    ended_from: Day = None
    ended_to: Day = None
    starter: Annotated[str | None, Meta(description="A user's number, or `me`.")] = None
    starter_group: Annotated[Number | None, Meta(description="A group that the starter is in.")] = None
    starred: Annotated[bool | None, Meta(description="`true`: starred by the caller.")] = None
    sort: Annotated[
        str | None,
        Meta(
            description="`title`, `started_at`, `ended_at`, `number`, `state` or `field:ID`; `-` before it: downwards."
        ),
    ] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] | None = None
    cursor: SearchCursor = None
