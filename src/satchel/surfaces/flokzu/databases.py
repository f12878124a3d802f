"""Databases: a database is an app, told by its code or name, and its records are the app's instances."""

from collections.abc import Mapping
from typing import cast

from satchel.actions.apps import records
from satchel.actions.apps.records import RecordFilter
from satchel.actions.instances.forms import Submission
from satchel.actions.lists import documents
from satchel.actions.loading import LoadedApp
from satchel.model.errors import InvalidRequest, NotFound
from satchel.model.ids import MAX_ID, FieldId, InstanceId
from satchel.surfaces.flokzu import outputs
from satchel.surfaces.flokzu.addresses import V1, V2
from satchel.surfaces.flokzu.auth import starts_by_system
from satchel.surfaces.flokzu.inputs import Inputs
from satchel.surfaces.flokzu.values import read_values
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.kit.given import refused
from satchel.surfaces.kit.ignored import ignored
from satchel.surfaces.kit.texts import whole_number

_ID = outputs.RECORD_ID.lower()
_TAKEN = (outputs.RECORD_ID,)


async def post(exchange: Exchange) -> Reply:
    """Add a record; a body with `filters` and without `data` asks for one instead, as some clients do."""
    given = await Inputs.read(exchange)
    if given.raw("data") is None and given.raw("filters") is not None:
        return await read(exchange)
    app = await _database(exchange, given.text("databaseName"))
    return await _added(exchange, app, given.mapping_or_empty("data"))


async def read(exchange: Exchange) -> Reply:
    """Return the first record that fits the filters; an empty one where none does."""
    given = await Inputs.read(exchange)
    app = await _database(exchange, given.text("databaseName"))
    found = await _found(exchange, app, await _filters(exchange, app, given), limit=1)
    return json_reply({"data": found[0] if found else {}, "status": outputs.OK})


async def listing(exchange: Exchange) -> Reply:
    """List the records that fit the filters; `next` is there only where more are left, for `after`."""
    given = await Inputs.read(exchange)
    app = await _database(exchange, given.text("databaseName"))
    limit = given.integer_or("limit", records.MAX_PAGE, low=1, high=records.MAX_PAGE)
    after = given.integer_or("after", 0, low=0, high=MAX_ID)
    wanted = await _filters(exchange, app, given)
    found = await _found(exchange, app, wanted, limit=limit + 1, after=after)
    more = {"next": found[limit - 1][outputs.RECORD_ID]} if len(found) > limit else {}
    return json_reply({"data": found[:limit], "status": outputs.OK, **more})


async def update(exchange: Exchange) -> Reply:
    """Change columns of the record `Id`; with `withInsert`, add one where there is none of this number."""
    given = await Inputs.read(exchange)
    app = await _database(exchange, given.text("databaseName"))
    data, number = _without_id(given.mapping_or_empty("data"))
    outside = given.raw(_ID)
    if number is not None and outside is not None and str(number) != str(outside):
        raise refused(outputs.RECORD_ID, "is given twice, differently")
    with_insert = given.flag("withInsert")
    return await _updated(exchange, app, data, number if outside is None else outside, with_insert=with_insert)


async def read_v1(exchange: Exchange) -> Reply:
    """Return the first record whose column `paramName` holds `paramValue`; an empty one where none does."""
    app = await _database(exchange, exchange.params["name"])
    found = await _found(exchange, app, await _filters(exchange, app, await Inputs.read(exchange)), limit=1)
    return json_reply(found[0] if found else {})


async def listing_v1(exchange: Exchange) -> Reply:
    """List the records of the database `dbase` whose column `paramName` holds `paramValue`, 1,000 at most."""
    given = await Inputs.read(exchange)
    app = await _database(exchange, given.text("dbase"))
    found = await _found(exchange, app, await _filters(exchange, app, given), limit=records.MAX_PAGE + 1)
    if len(found) > records.MAX_PAGE:  # the answer is a bare list, which could not say that more are left
        raise InvalidRequest(f"More than {records.MAX_PAGE} records fit. Ask by a column, or by v2/database/records.")
    return json_reply(found)


async def add_v1(exchange: Exchange) -> Reply:
    """Add the record that is the body; its own `Id`, if it says any, is not kept."""
    app = await _database(exchange, exchange.params["name"])
    data, _ = _without_id(await Inputs.body_members(exchange))
    return await _added(exchange, app, data)


async def update_v1(exchange: Exchange) -> Reply:
    """Change the record `Id` of the body; with `withInsert`, add one where there is none of this number."""
    app = await _database(exchange, exchange.params["name"])
    with_insert = Inputs.of_query(exchange).flag("withInsert")
    data, number = _without_id(await Inputs.body_members(exchange))
    return await _updated(exchange, app, data, number, with_insert=with_insert)


async def _database(exchange: Exchange, name: str) -> LoadedApp:
    return await records.table(exchange.context, exchange.actor, name.strip())


async def _values(exchange: Exchange, app: LoadedApp, data: Mapping[str, object]) -> dict[str, object]:
    return await read_values(exchange, app, data, taken=_TAKEN, with_files=False)


async def _filters(exchange: Exchange, app: LoadedApp, given: Inputs) -> RecordFilter:
    """Return what is asked for by `filters`, or by one column and its value in the query's words.

    Raises:
        InvalidRequest: a filter is malformed, or a column has two.
    """
    pairs: list[tuple[str, object]] = []
    for one in given.sequence("filters"):
        if not isinstance(one, dict):
            raise refused("filters", "is a list of objects with columnName and value")
        filter_ = Inputs(cast("Mapping[str, object]", one))
        pairs.append((filter_.text("columnName"), filter_.raw("value")))
    name = given.text_or_none("paramName", "columnName")
    if name is not None:
        pairs.append((name, given.raw("paramValue", "value")))
    named = dict(pairs)
    if len(named) != len(pairs):
        raise refused("filters", "names a column twice")
    number = named.pop(outputs.RECORD_ID, None)
    values = await _values(exchange, app, named)
    if number is not None or outputs.RECORD_ID in dict(pairs):
        return RecordFilter(values=_by_field(values), number=_number(number) or InstanceId(0))
    return RecordFilter(values=_by_field(values))


def _by_field(values: Mapping[str, object]) -> dict[FieldId, object]:
    return {FieldId(name): value for name, value in values.items()}


async def _found(
    exchange: Exchange, app: LoadedApp, wanted: RecordFilter, *, limit: int, after: int = 0
) -> list[dict[str, object]]:
    asked = RecordFilter(values=wanted.values, number=wanted.number, after=after, limit=limit)
    found = await records.find(exchange.context, exchange.actor, app, asked)
    columns = records.columns(app)
    people = await documents.names_in(exchange.context, exchange.actor, columns, found)
    return [outputs.record(one, app, columns, people) for one in found]


def _without_id(data: Mapping[str, object]) -> tuple[dict[str, object], object]:
    """Return a record without its number, and that."""
    rest = {name: value for name, value in data.items() if name.lower() != _ID}
    said = [value for name, value in data.items() if name.lower() == _ID]
    if len(said) > 1:
        raise InvalidRequest("The record's Id is given twice.")
    return rest, said[0] if said else None


def _number(given: object) -> InstanceId | None:
    """Return a record's number, None where it can be none."""
    found = None if isinstance(given, bool) else whole_number(str(given), low=1)
    return None if found is None else InstanceId(found)


async def _added(exchange: Exchange, app: LoadedApp, data: Mapping[str, object]) -> Reply:
    by_system = starts_by_system(exchange)
    given = Submission(values=await _values(exchange, app, data))
    made = await records.add(exchange.context, exchange.actor, app, given, by_system=by_system)
    return _answer(made.id, given)


async def _updated(
    exchange: Exchange, app: LoadedApp, data: Mapping[str, object], given: object, *, with_insert: bool
) -> Reply:
    number = _number(given)
    if number is None or not await records.is_there(exchange.context, exchange.actor, app, number):
        if not with_insert:
            raise NotFound("record", str(given)[:80] if given is not None else "without an Id")
        return await _added(exchange, app, data)
    submission = Submission(values=await _values(exchange, app, data))
    await records.change(exchange.context, exchange.actor, number, submission)
    return _answer(number, submission)


def _answer(number: InstanceId, given: Submission) -> Reply:
    """Return what adding and changing answer; clients are seen to read `Id`, the vendor's list of fields has `id`."""
    answer = {"id": str(number), outputs.RECORD_ID: str(number), "status": outputs.OK}
    return json_reply(answer, headers=ignored(given))


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{V2}/database/record", post),
    endpoint("GET", f"{V2}/database/record", read),
    endpoint("PUT", f"{V2}/database/record", update),
    endpoint("GET", f"{V2}/database/records", listing),
    endpoint("GET", f"{V1}/database/list", listing_v1),
    endpoint("GET", f"{V1}/database/{{name}}", read_v1),
    endpoint("PUT", f"{V1}/database/{{name}}", add_v1),
    endpoint("PUT", f"{V1}/database/{{name}}/update", update_v1),
)
"""The routes of this module."""
