"""A Flokzu account as a source, real or Satchel's own surface: instances by their identifiers, through the Open API.

That API has no list and no search, so the user gives the identifiers: each on a line of a file, or as the numbers of a
process. The address of an attachment is valid for minutes, so each is requested just before its bytes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import msgspec

from satchel.client.receiving import Sink, receive_elsewhere
from satchel.client.refusals import Refused, refusal
from satchel.client.sources.listing import UNREADABLE, Json, missing, number_of, utc
from satchel.client.sources.source import FoundFile, FoundPage, Missing, SourceInstance
from satchel.client.steps import Flow, Request, Work, send
from satchel.model.api.kinds import ReplyBody
from satchel.model.errors import InvalidRequest

PAGE = 50
MAX_LINE_CHARS = 200

_INSTANCE = "/v2/process/instance"
_KINDS = {0: "stored", 1: "drive", 2: "onedrive"}
_PDF = 31
_NOT_FOUND = 404
_NUMBERS = re.compile(r"([0-9]{1,15})-([0-9]{1,15})", re.ASCII)
_IDENTIFIER = re.compile(r"[^\s-][^\s]*-[0-9]+")
_CELLS = re.compile(r"[,;\t]")


class _Answer(ReplyBody, frozen=True, kw_only=True):
    status: str = ""
    data: "_Instance | None" = None


class _Instance(ReplyBody, frozen=True, kw_only=True, rename="camel"):
    identifier: str
    initiated_by: str | None = None
    initiation_date: str | None = None
    summary: str | None = None
    active_tasks: Sequence[object] = ()
    fields: Mapping[str, object] = {}
    attachments: Sequence[object] = ()


class Identifiers(Protocol):
    """The instances to export.

    Attributes:
        are_tried: whether they may not exist.
    """

    are_tried: bool

    def take(self, cursor: str | None, count: int) -> tuple[list[str], str | None]:
        """Return the identifiers from a cursor on, and the next cursor; None at the end."""
        ...


class IdentifierRange:
    """The instances of a process by number.

    Args:
        code: of the process.
        numbers: `1-500`.

    Raises:
        InvalidRequest: the numbers are malformed.
    """

    are_tried = True

    def __init__(self, code: str, numbers: str) -> None:
        match = _NUMBERS.fullmatch(numbers.strip())
        if match is None or int(match[1]) > int(match[2]):
            raise InvalidRequest(f"Numbers are such as 1-500, not {numbers[:80]!r}.")
        self._code, self._first, self._last = code, int(match[1]), int(match[2])

    def take(self, cursor: str | None, count: int) -> tuple[list[str], str | None]:
        """Return the identifiers from a cursor on."""
        first = self._first if cursor is None else int(cursor)
        end = min(first + count, self._last + 1)
        return [f"{self._code}-{number}" for number in range(first, end)], str(end) if end <= self._last else None


class IdentifierFile:
    """The instances that a file names, one a line; of a CSV, those of its first column, below its heading.

    Args:
        path: of the file, in UTF-8.
    """

    are_tried = False

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, cursor: str | None, count: int) -> tuple[list[str], str | None]:
        """Return the identifiers from a cursor on, which is an offset in bytes.

        Raises:
            InvalidRequest: the file cannot be read.
        """
        found: list[str] = []
        try:
            with self._path.open("rb") as file:
                file.seek(int(cursor or 0))
                while len(found) < count and (line := file.readline(MAX_LINE_CHARS * 4)):
                    text = _CELLS.split(line.decode("utf-8-sig"), 1)[0].strip().strip('"').strip()
                    is_heading = cursor is None and not found and not _IDENTIFIER.fullmatch(text)
                    found += [text] if text and not is_heading else []
                end = file.tell() if file.read(1) else None
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"{self._path} cannot be read as UTF-8 ({error}).") from None
        return found, None if end is None else str(end)


class FlokzuSource:
    """Instances of a Flokzu account.

    Args:
        address: up to `/v2`, which may be left out, such as `https://app.flokzu.com/flokzuopenapi/api`.
        identifiers: which ones.
        key: the API key, and `username` the e-mail of the user for whom it acts.
    """

    def __init__(self, address: str, identifiers: Identifiers, *, key: str, username: str) -> None:
        self.address = address.rstrip("/").removesuffix("/v2")
        self._identifiers = identifiers
        self._headers = {"X-Api-Key": key, "X-Username": username, "Content-Type": "application/json"}

    def open(self) -> Flow[None]:
        """Read the first identifiers, so that their faults are reported at once."""
        yield Work(lambda: self._identifiers.take(None, 1))

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return the instances of a page, in the order of their identifiers."""
        taken = yield Work(lambda: self._identifiers.take(cursor, PAGE))
        names, following = cast("tuple[list[str], str | None]", taken)
        items: list[SourceInstance] = []
        gone: list[Missing] = []
        absent = 0
        for name in names:
            try:
                items.append(self._found((yield from self._instance(name))))
            except UNREADABLE as error:
                if isinstance(error, Refused) and error.status == _NOT_FOUND and self._identifiers.are_tried:
                    absent += 1
                else:
                    gone.append(missing(name, error))
        return FoundPage(items=items, next=following, missing=gone, absent=absent)

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Fetch an attachment's bytes from its newest address."""
        instance = yield from self._instance(file.holder or "")
        address = next((str(one.get("url") or "") for _, one in _attached(instance) if _name(one) == file.uuid), "")
        if not address:
            raise Refused(_NOT_FOUND, "not_found", f"{file.holder} no longer has the attachment {file.name}.")
        yield from receive_elsewhere(address, sink, home=self.address)

    def _instance(self, name: str) -> Flow[_Instance]:
        """Return an instance; the request is a GET with a body.

        Raises:
            Refused: it does not exist, or not for this user.
        """
        content = msgspec.json.encode({"identifier": name})
        call = Request(method="GET", path=_INSTANCE, headers=self._headers, content=content, is_repeatable=True)
        answer = yield from send(call)
        found = answer.read(_Answer)
        if found.data is None:
            raise refusal(_NOT_FOUND, "application/json", answer.body)
        return found.data

    def _found(self, one: _Instance) -> SourceInstance:
        number = number_of(one.identifier)
        files = tuple(self._file(number, one.identifier, field, given) for field, given in _attached(one))
        code = one.identifier.rpartition("-")[0]
        return SourceInstance(
            id=number,
            identifier=one.identifier,
            app=code,
            app_name=code,
            title=one.summary or one.identifier,
            state="running" if one.active_tasks else "ended",
            started_at=utc(one.initiation_date) or "",
            ended_at=None,
            starter=one.initiated_by,
            values={label: value for label, value in one.fields.items() if _files(value) is None},
            files=files,
        )

    def _file(self, instance: int, holder: str, field: str | None, given: Json) -> FoundFile:
        kind = _KINDS.get(cast("int", given.get("superType") or 0), "link")
        size = given.get("size")
        said = str(given.get("contentType") or "") or ("application/pdf" if given.get("mimeType") == _PDF else "")
        return FoundFile(
            id=number_of(holder, _name(given)),
            instance=instance,
            uuid=_name(given),
            holder=holder,
            name=str(given.get("name") or _name(given)),
            field=field,
            kind=kind,
            url=None if kind == "stored" else str(given.get("url") or ""),
            size=size if kind == "stored" and isinstance(size, int) else None,
            media_type=said or None,
            created_at=utc(given.get("creationTime")),
            source=f"{self.address}{_INSTANCE}?identifier={holder}#{_name(given)}",
        )


def _name(given: Json) -> str:
    return str(given.get("attachmentId") or "")


def _files(value: object) -> list[Json] | None:
    """Return a value as attachments; None for any other value, such as a table's rows."""
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    found = [cast("Mapping[str, object]", one) for one in several if isinstance(one, dict) and "attachmentId" in one]
    return found if found and len(found) == len(several) else None


def _attached(one: _Instance) -> Iterator[tuple[str | None, Json]]:
    """Yield the attachments of an instance: of its fields, and of its tab, which only our surface returns."""
    for label, value in one.fields.items():
        for given in _files(value) or ():
            yield label, given
    for given in _files(list(one.attachments)) or ():
        yield None, given
