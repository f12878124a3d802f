"""An Alloy Navigator server as a source, real or Satchel's own surface: the objects of a class with their attachments.

Objects are listed by their IDs, then read one by one: `object/ID` has all fields with their captions, in version 1 of
the API as plain text, in version 2 as HTML. Of attachments, only the columns that the vendor documents are certain;
the further ones of our surface (size, area, field) are requested once, and not again if they are refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, cast
from urllib.parse import quote

import msgspec

from satchel.client.receiving import Sink, receive
from satchel.client.refusals import Refused, refusal
from satchel.client.sources.listing import UNAUTHENTICATED, UNREADABLE, OffsetCursor, missing, number_of, utc
from satchel.client.sources.source import FoundFile, FoundPage, Missing, SourceInstance
from satchel.client.steps import Flow, Reply, Request, send
from satchel.model.api.kinds import ReplyBody
from satchel.model.errors import InvalidRequest

T = TypeVar("T")

PAGE = 50

_COLUMNS = ("ID", "Description", "Name", "Type", "Created_Date")
_MORE_COLUMNS = ("Size", "Area", "Field")
_IDENTITY = frozenset({"id", "oid", "ticket"})
_TITLES = ("Summary", "Subject", "Name", "Title")
_FILTER = re.compile(r"([^<>=]+?)\s*(<>|>=|<=|=|>|<)\s*(.*)", re.DOTALL)
_VERSION = re.compile(r"/+v[12]$", re.IGNORECASE)
_LINK = "link"
_NOT_THERE = 404


class _Envelope(ReplyBody, frozen=True, kw_only=True, rename={"found": "responseObject", "is_success": "success"}):
    is_success: bool
    found: msgspec.Raw = msgspec.Raw(b"null")


class _Column(ReplyBody, frozen=True, kw_only=True, rename="pascal"):
    name: str


class _Table(ReplyBody, frozen=True, kw_only=True, rename="pascal"):
    fields: Sequence[_Column]
    data: Sequence[Sequence[str | int | float | bool | None]]

    def rows(self) -> list[dict[str, str]]:
        """Return each row by the names of its columns."""
        names = [column.name for column in self.fields]
        return [
            {name: "" if cell is None else str(cell) for name, cell in zip(names, row, strict=False)}
            for row in self.data
        ]


class _Item(ReplyBody, frozen=True, kw_only=True):
    name: str
    caption: str = ""
    value: str | None = None


class _Object(ReplyBody, frozen=True, kw_only=True, rename="pascal"):
    items: Sequence[_Item]


class _Token(ReplyBody, frozen=True, kw_only=True):
    access_token: str


class AlloySource:
    """The objects of a class.

    Args:
        address: up to and including `/api`, without a version.
        object_class: its name in addresses, such as `Tickets`.
        sign_in: the form of the token call without `grant_type`: an application's `client_id` and `client_secret`, or
            a technician's `username` and `password`.
        filters: conditions such as `Status=Closed` or `Created_Date>=2026-01`, joined by AND.
    """

    def __init__(
        self, address: str, object_class: str, sign_in: Mapping[str, str], filters: Sequence[str] = ()
    ) -> None:
        self.address = _VERSION.sub("", address.rstrip("/"))
        self._class = object_class
        self._sign_in = dict(sign_in)
        self._filters = [_filter(text) for text in filters]
        self._token = ""
        self._version = "v1"
        self._more: tuple[str, ...] = _MORE_COLUMNS

    def open(self) -> Flow[None]:
        """Sign in, and request one object, so that faults of class or filters are reported at once."""
        yield from self._signed_in()
        yield from self._listed(0, 1)

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return the objects of a page, by ID."""
        place = OffsetCursor.read(cursor)
        names = [row["ID"] for row in (yield from self._listed(place.start, PAGE)).rows()]
        again = place.again()
        if place.is_shifted(names[0] if names else None) and again is not None:
            return (yield from self.page(f"0:{again.turns}:"))
        fresh = names[1:] if place.start else names
        items: list[SourceInstance] = []
        gone: list[Missing] = []
        for name in fresh:
            try:
                items.append((yield from self._found(name)))
            except UNREADABLE as error:
                gone.append(missing(name, error))
        following = place.following(len(names), names[-1]) if len(names) == PAGE else None
        return FoundPage(items=items, next=following, missing=gone)

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Fetch an attachment's bytes; a reply without its name in a header is a refusal."""
        call = Request(
            method="GET", path=f"/v2/Object/{_quoted(file.holder)}/Attachments/{_quoted(file.uuid)}/download"
        )

        def attempt() -> Flow[None]:
            yield from receive(self._proved(call), sink, is_body=_is_attachment)

        yield from self._twice(attempt)

    def _listed(self, offset: int, limit: int) -> Flow[_Table]:
        body = {
            "filters": self._filters,
            "sort": [{"property": "ID", "direction": "asc"}],
            "fields": ["ID"],
            "offset": str(offset),
            "limit": str(limit),
        }
        return (yield from self._asked("POST", f"/v2/{quote(self._class, safe='')}", _Table, body))

    def _found(self, name: str) -> Flow[SourceInstance]:
        items = {item.name: item for item in (yield from self._object(name)).items}
        rows = (yield from self._attachments(name)).rows()
        labels = {key: item.caption for key, item in items.items() if item.caption and item.caption != key}
        captions = {label: key for key, label in labels.items()}
        text = {key: item.value or "" for key, item in items.items()}
        identifier = text.get("OID") or text.get("Ticket") or name
        title = next((text[key] for key in _TITLES if text.get(key)), identifier)
        number = number_of(name.strip("{}").lower())
        files = tuple(self._file(number, name, row, captions) for row in rows)
        held = {file.field for file in files}
        return SourceInstance(
            id=number,
            uuid=name.strip("{}").lower(),
            identifier=identifier,
            app=self._class,
            app_name=self._class,
            title=title,
            state=text.get("Status", "").lower(),
            started_at=utc(text.get("Created_Date")) or "",
            ended_at=utc(text.get("Closed_Date")),
            starter=text.get("Created_By") or None,
            values={
                key: value for key, value in text.items() if value and key.lower() not in _IDENTITY and key not in held
            },
            files=files,
            labels=labels,
        )

    def _object(self, name: str) -> Flow[_Object]:
        """Return an object; a server without version 1 is read with version 2, whose long texts are HTML."""
        try:
            return (yield from self._asked("GET", f"/{self._version}/object/{_quoted(name)}", _Object))
        except Refused as refused:
            if refused.status != _NOT_THERE or self._version != "v1":
                raise
        self._version = "v2"
        return (yield from self._object(name))

    def _attachments(self, name: str) -> Flow[_Table]:
        path = f"/v2/Object/{_quoted(name)}/Attachments"
        sort = [{"property": "Created_Date", "direction": "asc"}]
        if self._more:
            body = {"fields": [*_COLUMNS, *self._more], "sort": sort}
            try:
                return (yield from self._asked("POST", path, _Table, body))
            except Refused as refused:
                if refused.status == UNAUTHENTICATED or "field" not in refused.message.lower():
                    raise
            self._more = ()
        return (yield from self._asked("POST", path, _Table, {"sort": sort}))

    def _file(self, instance: int, holder: str, row: Mapping[str, str], captions: Mapping[str, str]) -> FoundFile:
        name, is_link, size = row["ID"], row.get("Type", "").lower() == _LINK, row.get("Size", "")
        called = row.get("Name", "")
        place = row.get("Field") or None
        return FoundFile(
            id=number_of(holder.strip("{}").lower(), name.strip("{}").lower()),
            instance=instance,
            uuid=name.strip("{}").lower(),
            holder=holder,
            name=(called.rstrip("/").rpartition("/")[2] if is_link else called) or name,
            description=row.get("Description", ""),
            field=None if place is None else captions.get(place, place),
            area=row.get("Area") or None,
            kind="link" if is_link else "stored",
            url=called if is_link else None,
            size=int(size) if size.isascii() and size.isdigit() and not is_link else None,
            created_at=utc(row.get("Created_Date")),
            source=f"{self.address}/v2/Object/{_quoted(holder)}/Attachments/{_quoted(name)}/download",
        )

    def _asked(self, method: str, path: str, kind: type[T], body: object = None) -> Flow[T]:
        """Send a request and return the content of the reply's envelope.

        Raises:
            Refused: it contains an error.
        """
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        call = Request(method=method, path=path, content=content, headers=headers, is_repeatable=True)  # it only reads

        def attempt() -> Flow[T]:
            answer: Reply = yield from send(self._proved(call))
            envelope = answer.read(_Envelope)
            if not envelope.is_success:
                raise refusal(answer.status, "application/json", answer.body)
            return replace(answer, body=bytes(envelope.found)).read(kind)

        return (yield from self._twice(attempt))

    def _proved(self, call: Request) -> Request:
        return replace(call, headers={**call.headers, "Authorization": f"Bearer {self._token}"})

    def _twice(self, attempt: Callable[[], Flow[T]]) -> Flow[T]:
        """Run a flow, and again after a new sign-in if the token has expired: it is valid for hours only."""
        token = self._token
        try:
            return (yield from attempt())
        except Refused as refused:
            if refused.status != UNAUTHENTICATED:
                raise
        if self._token == token:
            yield from self._signed_in()
        return (yield from attempt())

    def _signed_in(self) -> Flow[None]:
        grant = "client_credentials" if "client_id" in self._sign_in else "password"
        form = {"grant_type": grant, **self._sign_in}
        call = Request(method="POST", path="/token", form=form, is_repeatable=True)
        try:
            self._token = (yield from send(call)).read(_Token).access_token
        except Refused as refused:
            message = f"The sign-in at Alloy failed. {refused.message}"
            raise Refused(UNAUTHENTICATED, "unauthenticated", message) from None


def _is_attachment(answer: Reply) -> bool:
    return "attachment-file-name" in answer.headers or "content-disposition" in answer.headers


def _quoted(name: str | None) -> str:
    return quote(name or "", safe="")


def _filter(text: str) -> dict[str, str]:
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        raise InvalidRequest(f"A condition is such as Status=Closed or Created_Date>=2026-01, not {text[:80]!r}.")
    return {"name": match[1], "value": cast("str", match[3]), "operation": match[2]}
