"""Lists of an object's attachments: filtered, sorted and cut by the database where the caller sees all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from satchel.actions.lists import attachments
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest
from satchel.model.files import File, FileKind
from satchel.model.search.attachments import FileColumn, FileOperation, FilePage, FileTest
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.addresses import BASE
from satchel.surfaces.alloy.inputs import Filter, RowQuery, read_wanted
from satchel.surfaces.alloy.names import read_guid
from satchel.surfaces.alloy.objects import object_of
from satchel.surfaces.alloy.tables import Cell, TableColumn, bounds_of, listed, only_equal, places_in
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply

COLUMNS = (
    TableColumn(name="ID", type="guid", caption="ID"),
    TableColumn(name="Description", type="string", caption="Description"),
    TableColumn(name="Name", type="string", caption="Name"),
    TableColumn(name="Type", type="string", caption="Type"),
    TableColumn(name="Created_Date", type="datetime", caption="Created Date"),
    TableColumn(name="Size", type="int", caption="Size", is_shown=False),
    TableColumn(name="Area", type="string", caption="Area", is_shown=False),
    TableColumn(name="Field", type="string", caption="Field", is_shown=False),
)

_COLUMNS = (
    FileColumn.UUID,
    FileColumn.DESCRIPTION,
    FileColumn.ADDRESS,
    FileColumn.STORED,
    FileColumn.CREATED_AT,
    FileColumn.SIZE,
    FileColumn.AREA,
    FileColumn.PLACE,
)
"""What each of `COLUMNS` is in the database."""

_FILE, _LINK = "File", "Link"
_MOST_BYTES = 2**63 - 1

LIST = f"{BASE}/object/{{oid}}/attachments"


async def listing(exchange: Exchange) -> Reply:
    """List an object's attachments."""
    view = await object_of(exchange, with_files=False)
    wanted = await read_wanted(exchange)
    if wanted.search is not None:
        raise InvalidRequest("Attachments are not searched by text.", pointer="/par_search_text")
    captions = {str(known.id): known.label for known in view.app.manifest.fields}
    if view.sight.whole:
        page = page_of(exchange.actor, captions, wanted)
        files = await attachments.page(exchange.context, exchange.actor, view.instance.id, page)
        wanted = replace(wanted, filters=(), sort=(), offset=0, limit=None)
    else:  # few: those of their forms and what they submitted themselves, under the names that it had then
        view = await object_of(exchange)
        files = view.files
    return outputs.success(exchange, listed(exchange.actor, COLUMNS, rows_of(files, captions), wanted))


def rows_of(files: Sequence[File], captions: Mapping[str, str]) -> list[list[Cell]]:
    """Return files as rows of `COLUMNS`; `captions` are the labels of the fields."""
    return [
        [
            file.uuid,
            file.description,
            file.name if file.url is None else file.url,
            _FILE if file.kind is FileKind.STORED else _LINK,
            file.created_at,
            file.size_bytes or 0,
            file.area or "",
            captions.get(str(file.field_id), "") if file.field_id is not None else "",
        ]
        for file in files
    ]


def page_of(actor: Actor, captions: Mapping[str, str], wanted: RowQuery) -> FilePage:
    """Return what is asked for, as the database finds it: the same rows in the same order as `listed` gives.

    Raises:
        Refused: a column is unknown.
        InvalidRequest: a condition does not fit its column.
    """
    place_of = places_in(COLUMNS)
    labels = sorted({label for label in captions.values() if label}, key=lambda label: (label.casefold(), label))
    ranks = {field: labels.index(label) for field, label in captions.items() if label}
    tests = [test for one in wanted.filters for test in _tests(actor, place_of(one.name), one, labels)]
    sort = [(_COLUMNS[place_of(name)], descending) for name, descending in wanted.sort]
    # "File" comes before "Link".
    sort = [(column, descending is not (column is FileColumn.STORED)) for column, descending in sort]
    return FilePage(tests=tests, sort=sort, ranks=ranks, offset=wanted.offset, limit=wanted.limit)


def _tests(actor: Actor, place: int, given: Filter, labels: Sequence[str]) -> list[FileTest]:
    column, kind = COLUMNS[place], _COLUMNS[place]
    negated, operation = given.operation == "<>", given.operation.replace("<>", "=")
    if not given.value.strip() and operation == "=":
        return [FileTest(column=kind, operation=FileOperation.EMPTY, negated=negated)]
    bounds = bounds_of(actor, column, given.value)
    if bounds is not None:
        return _within(kind, operation, *bounds, negated=negated)
    if operation != "=":
        raise only_equal(column)
    text = given.value.strip()
    match kind:
        case FileColumn.UUID:
            uuid = read_guid(text)
            wanted: object = [] if uuid is None else [uuid]
        case FileColumn.STORED:
            wanted = [int(word == _FILE) for word in (_FILE, _LINK) if word.casefold() == text.casefold()]
        case FileColumn.PLACE:
            wanted = [rank for rank, label in enumerate(labels) if label.casefold() == text.casefold()]
        case _:
            return [FileTest(column=kind, operation=FileOperation.EQUAL, value=text, negated=negated)]
    return [FileTest(column=kind, operation=FileOperation.IN, value=wanted, negated=negated)]


def _within(kind: FileColumn, operation: str, low: object, high: object, *, negated: bool) -> list[FileTest]:
    is_less = FileTest(column=kind, operation=FileOperation.BEFORE, value=_bound(low))
    is_more = FileTest(column=kind, operation=FileOperation.FROM, value=_bound(high))
    match operation:
        case "=" if negated:
            return [FileTest(column=kind, operation=FileOperation.OUTSIDE, value=(_bound(low), _bound(high)))]
        case "=":
            return [replace(is_less, negated=True), replace(is_more, negated=True)]
        case ">":
            return [is_more]
        case ">=":
            return [replace(is_less, negated=True)]
        case "<":
            return [is_less]
        case _:
            return [replace(is_more, negated=True)]


def _bound(value: object) -> object:
    """Return a bound that the database can compare with sizes: no file has more bytes than it can count."""
    return max(-_MOST_BYTES, min(value, _MOST_BYTES)) if isinstance(value, int) else value


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("GET", LIST, listing),
    endpoint("POST", LIST, listing),
)
"""The routes of this module."""
