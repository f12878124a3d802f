"""Satchel itself as a source: pages of a search with their files, by the native API."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from satchel.client import operations, receiving, transfers
from satchel.client.receiving import Sink
from satchel.client.sources.archive_stream import ArchiveStream, BadArchiveError, InstanceLine, Line
from satchel.client.sources.source import Begin, End, FoundFile, FoundPage, Listed, SourceInstance
from satchel.client.steps import Flow, NoReply, Reply, Request
from satchel.model.api.files import File
from satchel.model.api.instances import FoundInstance

PAGE = 100
"""Instances per page: a page with its files is entirely in memory."""

_ORDER = "started_at"
"""Ascending, so that instances that start meanwhile come last and none is skipped."""


class NativeSource:
    """The instances that a native query finds.

    Args:
        address: of the server.
        query: for `POST /instances/search`; its sort and limit are ignored.
        fields: ids of the file fields to export; None exports all.
        attachments: whether to export the attachments tab.
    """

    def __init__(
        self,
        address: str,
        query: Mapping[str, object],
        *,
        fields: Sequence[str] | None = None,
        attachments: bool = True,
    ) -> None:
        self.address = address.rstrip("/")
        self._query = {**query, "sort": _ORDER, "limit": PAGE}
        self._query.pop("cursor", None)
        self._fields = None if fields is None else frozenset(fields)
        self._attachments = attachments
        self._names: Mapping[str, str] = {}
        self._streams = True
        # Of several apps, the user may be allowed to view some but not to export them: streams omit their files.
        self.lists_in_streams = isinstance(query.get("app"), str)

    def open(self) -> Flow[None]:
        """Read the names of the apps."""
        self._names = {app.code: app.name for app in (yield from operations.apps())}

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return a page, in the order in which instances were started."""
        page = yield from operations.search_page(self._query, cursor=cursor, with_files=True, with_count=cursor is None)
        total = page.total.value if page.total is not None and page.total.exact else None
        items = [
            self._found(
                one,
                [self._file(one.id, file, moment(file.created_at)) for file in one.files if self._takes(file.field)],
                moment(one.started_at) or "",
                moment(one.ended_at),
            )
            for one in page.items
        ]
        return FoundPage(items=items, next=page.next, total=total, window=page.window)

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Fetch a file's bytes, resuming after a broken connection."""
        yield from receiving.receive(transfers.content_of(file.id), sink, etag=file.sha256)

    def stream(self, cursor: str | None, begin: Begin, end: End, listed: Listed | None = None) -> Flow[bool]:
        """Fetch a page's files as one archive; return False if the user has no right to export."""
        if not self._streams:
            return False
        heads: list[Reply] = []

        def read(instances: Sequence[InstanceLine], lines: Sequence[Line]) -> None:
            if listed is not None:
                listed(self._lined(heads[0], instances, lines))

        archive = ArchiveStream(begin, end, None if listed is None else read)

        def take(answer: Reply, piece: bytes | memoryview) -> None:
            if not heads:
                heads.append(answer)
            archive.take(piece)

        body = {
            "query": {name: value for name, value in self._query.items() if name != "limit"},
            "fields": None if self._fields is None else sorted(self._fields),
            "attachments": self._attachments,
            "values": listed is not None,
        }
        call = Request(
            method="POST",
            path="/api/v1/exports",
            params=(("stream", "tar"), ("limit", str(PAGE)), *((("cursor", cursor),) if cursor else ())),
            headers={"Content-Type": "application/json"},
            content=msgspec.json.encode(body),
            into=take,
        )
        try:
            got: Reply | NoReply = yield call
        except BadArchiveError:
            self._streams = False
            return False
        self._streams = isinstance(got, NoReply) or got.is_success
        return self._streams

    def _lined(self, head: Reply, instances: Sequence[InstanceLine], lines: Sequence[Line]) -> FoundPage:
        """Return a page from an archive's lists: the same as from a listing."""
        files: dict[int, list[FoundFile]] = {}
        for line in lines:
            files.setdefault(line.instance, []).append(self._file(line.instance, line, line.created_at))
        items = [self._found(one, files.get(one.id, ()), one.started_at, one.ended_at) for one in instances]
        window = head.headers.get("satchel-window", "")
        return FoundPage(
            items=items,
            next=head.headers.get("satchel-cursor"),
            window=int(window) if window.isascii() and window.isdigit() else None,
        )

    def _takes(self, field: str | None) -> bool:
        if field is None:
            return self._attachments
        return self._fields is None or field in self._fields

    def _found(
        self, one: FoundInstance | InstanceLine, files: Sequence[FoundFile], started_at: str, ended_at: str | None
    ) -> SourceInstance:
        return SourceInstance(
            id=one.id,
            uuid=one.uuid,
            identifier=one.identifier,
            app=one.app,
            app_name=self._names.get(one.app, one.app),
            title=one.title,
            state=one.state,
            started_at=started_at,
            ended_at=ended_at,
            starter=one.starter,
            values=one.values,
            files=tuple(files),
        )

    def _file(self, instance: int, file: File | Line, created_at: str | None) -> FoundFile:
        """Return a file from a listing or an archive; they differ only in the format of datetimes."""
        return FoundFile(
            id=file.id,
            instance=instance,
            name=file.name,
            field=file.field,
            area=file.area,
            kind=file.kind,
            uuid=file.uuid,
            description=file.description,
            size=file.size,
            media_type=file.media_type,
            sha256=file.sha256,
            url=file.url,
            created_at=created_at,
            created_by=file.created_by,
            source=f"{self.address}/api/v1/files/{file.id}/content" if file.url is None else file.url,
        )


def moment(at: datetime | None) -> str | None:
    """Return a datetime in UTC as RFC 3339 with a Z."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
