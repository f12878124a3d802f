"""What the native API answers, as types. Members that a newer server adds are passed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON object out of an answer."""


class Me(Answered, frozen=True, kw_only=True):
    """Who asks. `rights` are by the number of an app, or `*` for all."""

    id: int
    account: int
    email: str
    name: str
    time_zone: str
    locale: str
    groups: Sequence[int] = ()
    rights: Mapping[str, Sequence[str]] = {}
    admin: bool = False


class Session(Answered, frozen=True, kw_only=True):
    """A session that was opened."""

    user: int
    csrf_token: str
    expires_at: datetime | None = None


class App(Answered, frozen=True, kw_only=True):
    """An app, as a list shows it."""

    id: int
    code: str
    name: str
    category: str | None = None


class Option(Answered, frozen=True, kw_only=True):
    """One of the values that a choice has."""

    id: str
    label: str = ""


class Column(Answered, frozen=True, kw_only=True):
    """A column of a table."""

    id: str
    label: str
    type: str
    options: Sequence[Option] = ()


class Field(Answered, frozen=True, kw_only=True):
    """A field of an app; `options` are those of choices, `columns` those of tables."""

    number: int
    id: str
    label: str
    type: str
    searchable: bool = False
    max_files: int | None = None
    allow_links: bool = False
    options: Sequence[Option] = ()
    columns: Sequence[Column] = ()


class AppDetail(Answered, frozen=True, kw_only=True):
    """An app's newest version."""

    id: int
    code: str
    name: str
    version: int
    fields: Sequence[Field] = ()
    start: Mapping[str, Mapping[str, str]] = {}


class File(Answered, frozen=True, kw_only=True):
    """A file of an instance; `size` and `sha256` are those of stored ones, `url` that of all others."""

    id: int
    name: str = ""
    kind: str = "stored"
    uuid: str = ""
    instance: int = 0
    field: str | None = None
    area: str | None = None
    description: str = ""
    size: int | None = None
    media_type: str | None = None
    sha256: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    created_by: int | None = None
    revision: int = 0


class Task(Answered, frozen=True, kw_only=True):
    """A task; `holder` has it, or `group` may claim it."""

    id: int
    instance: int
    element: str
    name: str
    state: str
    holder: int | None = None
    group: int | None = None
    due_at: datetime | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    revision: int = 0


class Instance(Answered, frozen=True, kw_only=True):
    """An instance, as a search shows it; its files are there if they were asked for."""

    id: int
    uuid: str
    identifier: str
    title: str
    state: str
    app: str
    app_id: int
    started_at: datetime
    starter: int | None = None
    ended_at: datetime | None = None
    parent: int | None = None
    revision: int = 0
    values: Mapping[str, object] = {}
    files: Sequence[File] = ()


class InstanceView(Answered, frozen=True, kw_only=True):
    """An instance with all that one may see of it: files by field, the attachments tab, tasks."""

    id: int
    uuid: str
    identifier: str
    title: str
    state: str
    app: str
    app_id: int
    started_at: datetime
    starter: int | None = None
    ended_at: datetime | None = None
    version: int = 0
    revision: int = 0
    values: Mapping[str, object] = {}
    files: Mapping[str, Sequence[File]] = {}
    attachments: Sequence[File] = ()
    tasks: Sequence[Task] = ()


class Total(Answered, frozen=True, kw_only=True):
    """How many a search finds; not `exact` where there are more than were counted."""

    value: int
    exact: bool


class Page(Answered, frozen=True, kw_only=True):
    """A page of a search; `next` is the cursor of the one after it, `window` how far a short "contains" looked."""

    items: Sequence[Instance]
    next: str | None = None
    total: Total | None = None
    window: int | None = None


class SavedSearch(Answered, frozen=True, kw_only=True):
    """A saved search."""

    id: int
    name: str
    owner: int
    query: Mapping[str, object] = {}
    groups: Sequence[int] = ()


class Meaning(Answered, frozen=True, kw_only=True):
    """What Questetra's criteria mean natively: a query, and the ids of the fields that they show."""

    query: Mapping[str, object]
    fields: Sequence[str] = ()


class Ticket(Answered, frozen=True, kw_only=True):
    """A reserved slot for one file."""

    id: int
    expires_at: datetime
    form: "TicketForm"

    @property
    def token(self) -> str:
        """What stands for a credential at the ticket's addresses."""
        return self.form.fields["token"]


class TicketForm(Answered, frozen=True, kw_only=True):
    """Where a ticket takes its file as a form."""

    url: str
    fields: Mapping[str, str]
    file_field: str


class Upload(Answered, frozen=True, kw_only=True):
    """A ticket and what became of it; when it is `uploaded`, its number can be named in a form."""

    id: int
    state: str
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    reason: str | None = None


class Link(Answered, frozen=True, kw_only=True):
    """A signed address of a file, good for minutes."""

    url: str
    expires_at: datetime


class Apps(Answered, frozen=True, kw_only=True):
    """A list of apps."""

    items: Sequence[App]


class Files(Answered, frozen=True, kw_only=True):
    """A list of files."""

    items: Sequence[File]
    next: str | None = None


class Tasks(Answered, frozen=True, kw_only=True):
    """A page of tasks."""

    items: Sequence[Task]
    next: str | None = None


class Created(Answered, frozen=True, kw_only=True):
    """The number of what was made."""

    id: int
