"""A Questetra server as a source, real or Satchel's own surface: ProcessInstance/list and File/download.

The search is the given criteria; their text is only changed if they name no items, because then the answer
has no files: every file item of the apps found is added to them, or every item of any type.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from xml.etree import ElementTree as ET

import msgspec

from satchel.client import receiving
from satchel.client.receiving import Sink
from satchel.client.refusals import UnexpectedReply
from satchel.client.sources.listing import UNREADABLE, missing
from satchel.client.sources.native import moment
from satchel.client.sources.source import FoundFile, FoundPage, Missing, SourceInstance
from satchel.client.steps import Flow, Request, send
from satchel.model.api.kinds import ReplyBody
from satchel.model.errors import InvalidRequest

PAGE = 100
FILE_ITEM = "FILE2"

_WORDS = frozenset({"file", "string", "decimal", "date", "datetime", "select", "quser", "qgroup", "list", "discussion"})
"""The types of items with a value, in criteria: the type's name in lower case."""

_STATES = {"STARTED": "running", "ENDED": "ended", "CANCELLED": "cancelled", "FAILED": "failed"}
_LIST = "/API/OR/ProcessInstance/list"
_DOWNLOAD = "/API/OR/ProcessInstance/File/download"
_DEFINITIONS = "/API/OR/ProcessDataDefinition/list"
_MOST_TURNS = 10
"""How often the list is restarted because it was shifted meanwhile."""


class ListedProcess(ReplyBody, frozen=True, kw_only=True, rename="camel"):
    """The members of a process that an export needs."""

    process_instance_id: int
    process_instance_title: str
    process_model_info_id: int
    process_model_info_name: str
    process_instance_state: str
    process_instance_start_datetime: str
    process_instance_end_datetime: str | None = None
    process_instance_init_quser_id: int | None = None
    process_instance_id_for_view: str | None = None
    data: Mapping[str, Mapping[str, Any]] | None = None


class ProcessPage(ReplyBody, frozen=True, kw_only=True, rename="camel"):
    """A page of processes, and their total number."""

    count: int
    process_instances: Sequence[ListedProcess]


class _Definition(ReplyBody, frozen=True, kw_only=True, rename="camel"):
    process_data_definition_number: int
    data_type: str


class _Definitions(ReplyBody, frozen=True, kw_only=True):
    definitions: Sequence[_Definition]


class QuestetraSource:
    """The processes that criteria find.

    Args:
        address: up to where `/API` begins.
        criteria: XML or JSON; empty finds everything.
        items: the numbers of the items to export; None exports those that the criteria show, or all.
        with_values: whether items without files are exported too, if the criteria show none.
    """

    def __init__(
        self, address: str, criteria: str = "", *, items: Sequence[int] | None = None, with_values: bool = False
    ) -> None:
        self.address = address.rstrip("/")
        self._criteria = criteria.removeprefix("\ufeff").strip() or "{}"
        self._items = None if items is None else frozenset(items)
        self._words = _WORDS if with_values else frozenset({"file"})
        self._added: dict[int, str] = {}
        self._known: set[int] = set()
        check_xml(self._criteria)

    def open(self) -> Flow[None]:
        """Request an empty page, so that faults of the criteria or the sign-in are reported at once."""
        yield from self._listed(0, 0)

    def page(self, cursor: str | None) -> Flow[FoundPage]:
        """Return a page; it is requested to begin with the last process of the previous page.

        If it begins with another, the list was shifted meanwhile: it is restarted, so that no process is skipped, and
        some processes appear twice.
        """
        start, last, turns = (int(part) for part in (cursor or "0:0:0").split(":"))
        listed = yield from self._listed(start, PAGE)
        found = list(listed.process_instances)
        if start and turns < _MOST_TURNS and (not found or found[0].process_instance_id != last):
            return (yield from self.page(f"0:0:{turns + 1}"))
        listed = yield from self._with_items(listed, start)
        found = list(listed.process_instances)
        end = start + len(found)
        is_last = end >= listed.count or len(found) <= (1 if start else 0)
        following = None if is_last else f"{end - 1}:{found[-1].process_instance_id}:{turns}"
        fresh = found[1:] if start else found
        items: list[SourceInstance] = []
        gone: list[Missing] = []
        for one in fresh:
            try:
                items.append(self._found(one))
            except UNREADABLE as error:
                gone.append(missing(str(one.process_instance_id), error))
        return FoundPage(items=items, next=following, total=listed.count, missing=gone)

    def _with_items(self, listed: ProcessPage, start: int) -> Flow[ProcessPage]:
        """Return a page with the items of its apps, if the criteria name no items."""
        found = listed.process_instances
        if not any(one.data is None for one in found):
            return listed
        for app in sorted({one.process_model_info_id for one in found} - self._known):
            call = Request(
                method="GET", path=_DEFINITIONS, params=(("processModelInfoId", str(app)),), is_repeatable=True
            )
            items = (yield from send(call)).read(_Definitions).definitions
            for one in items:
                word = "file" if one.data_type == FILE_ITEM else one.data_type.lower()
                if word in self._words:
                    self._added.setdefault(one.process_data_definition_number, word)
            self._known.add(app)
        return (yield from self._listed(start, PAGE)) if self._added else listed

    def _listed(self, start: int, limit: int) -> Flow[ProcessPage]:
        form = {"criteria": showing(self._criteria, self._added), "start": str(start), "limit": str(limit)}
        call = Request(method="POST", path=_LIST, form=form, is_repeatable=True)  # it only reads
        return (yield from send(call)).read(ProcessPage)

    def fetch(self, file: FoundFile, sink: Sink) -> Flow[None]:
        """Fetch a file's bytes; a broken connection restarts, as support of ranges is not documented there."""
        form = {"id": str(file.id), "processDataInstanceId": str(file.place)}
        yield from receiving.receive(Request(method="POST", path=_DOWNLOAD, form=form), sink)

    def _found(self, one: ListedProcess) -> SourceInstance:
        items = {number: item for number, item in (one.data or {}).items() if self._takes(number)}
        return SourceInstance(
            id=one.process_instance_id,
            identifier=one.process_instance_id_for_view or str(one.process_instance_id),
            app=str(one.process_model_info_id),
            app_name=one.process_model_info_name,
            title=one.process_instance_title,
            state=_STATES.get(one.process_instance_state, one.process_instance_state.lower()),
            started_at=_moment(one.process_instance_start_datetime) or "",
            ended_at=_moment(one.process_instance_end_datetime),
            starter=one.process_instance_init_quser_id,
            labels={n: str(item["name"]) for n, item in items.items() if item.get("name")},
            values={n: item.get("value") for n, item in items.items() if item.get("dataType") != FILE_ITEM},
            files=tuple(
                self._file(one, number, cast("Mapping[str, object]", file))
                for number, item in items.items()
                if item.get("dataType") == FILE_ITEM
                for file in item.get("value") or ()
            ),
        )

    def _takes(self, number: str) -> bool:
        return self._items is None or not number.isdigit() or int(number) in self._items

    def _file(self, one: ListedProcess, item: str, given: Mapping[str, object]) -> FoundFile:
        try:
            number, place, size = (int(cast("int", given[name])) for name in ("id", "processDataInstanceId", "length"))
        except (KeyError, TypeError, ValueError):
            raise UnexpectedReply(f"process {one.process_instance_id} has a file without id or length") from None
        return FoundFile(
            id=number,
            instance=one.process_instance_id,
            name=str(given.get("name") or number),
            field=item,
            place=place,
            size=size,
            media_type=str(given.get("contentType") or "application/octet-stream"),
            source=f"{self.address}{_DOWNLOAD}?id={number}&processDataInstanceId={place}",
        )


def _moment(text: str | None) -> str | None:
    """Return a datetime in UTC; None for a text that is none, which is no reason to leave out its process."""
    try:
        return None if text is None else moment(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def check_xml(criteria: str) -> None:
    """Refuse criteria with a DTD or entities before they are parsed.

    Raises:
        InvalidRequest: they have one.
    """
    if "<!DOCTYPE" in criteria or "<!ENTITY" in criteria:
        raise InvalidRequest("The criteria have a DOCTYPE or entities, which are refused.")


def showing(criteria: str, items: Mapping[int, str]) -> str:
    """Return criteria that also show these items.

    Args:
        criteria: XML or JSON.
        items: each one's type in criteria, by number.

    Raises:
        InvalidRequest: they are malformed.
    """
    numbers = sorted(items)
    if not numbers:
        return criteria
    if criteria.startswith("<"):
        check_xml(criteria)
        try:
            root = ET.fromstring(criteria)  # noqa: S314  # checked for a DTD and entities
        except ET.ParseError as error:
            raise InvalidRequest(f"The criteria are not well-formed XML ({error}).") from None
        data = root.find("data")
        data = ET.SubElement(root, "data") if data is None else data
        for number in numbers:
            item = ET.SubElement(data, items[number])
            ET.SubElement(item, "data-definition-number").text = str(number)
            ET.SubElement(item, "view")
        return ET.tostring(root, encoding="unicode")
    given = msgspec.json.decode(criteria, type=dict[str, object])
    fields = cast("list[object]", given.get("fields") or [])
    shown: list[object] = [*fields, *({"type": items[number], "number": number} for number in numbers)]
    return msgspec.json.encode({**given, "fields": shown}).decode()
