"""Migrations: an app's running instances move to its newest version, after a look at what that would do."""

from collections import Counter
from typing import Annotated

import msgspec

from satchel.actions.apps import moves
from satchel.actions.apps.moves import Preview
from satchel.model.api import moves as api
from satchel.model.api.kinds import Timestamp
from satchel.model.api.queries import PageQuery
from satchel.model.errors import Conflict, Forbidden, InvalidRequest, InvalidState, InvalidValues
from satchel.model.ids import MoveId
from satchel.model.moves import Move, MoveOutcome, MoveResult
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native.description.answers import shows
from satchel.surfaces.native.inputs import Body, Name
from satchel.surfaces.native.outputs.paging import page

Mapping = Annotated[dict[Name, Name | None], msgspec.Meta(max_length=1_000)]


class NewMigration(Body):
    """A move to the newest version: `mapping` names elements that have other ids now; null gives up an event."""

    mapping: Mapping = msgspec.field(default_factory=dict)


def _id(exchange: Exchange) -> MoveId:
    return MoveId(exchange.number("migration", "move"))


async def create(exchange: Exchange) -> Reply:
    """Move an app's running instances to its newest version."""
    given = await exchange.read(NewMigration)
    code = exchange.params["app"]
    made = await moves.begin(exchange.context, exchange.actor, code, given.mapping)
    headers = {"Location": f"/api/v1/apps/{code}/migrations/{made.id}"}
    return json_reply(_migration(code, made), status=202, headers=headers)


async def preview(exchange: Exchange) -> Reply:
    """Show what a move would do to running instances, a page of them at a time; change nothing."""
    given, asked = await exchange.read(NewMigration), exchange.query(PageQuery)
    found = await moves.preview(
        exchange.context,
        exchange.actor,
        exchange.params["app"],
        given.mapping,
        after=asked.cursor,
        limit=asked.limit,
    )
    return json_reply(_preview(found))


async def listing(exchange: Exchange) -> Reply:
    """List the moves of an app's instances."""
    asked, code = exchange.query(PageQuery), exchange.params["app"]
    found = await moves.listing(exchange.context, exchange.actor, code, after=asked.cursor, limit=asked.limit + 1)
    return json_reply(page(found, asked.limit, api.Migrations, lambda row: _migration(code, row)))


async def read(exchange: Exchange) -> Reply:
    """Return a move: how far it is, and why it failed."""
    code = exchange.params["app"]
    return json_reply(_migration(code, await moves.read(exchange.context, exchange.actor, code, _id(exchange))))


async def stop(exchange: Exchange) -> Reply:
    """Stop a move; instances that have moved stay on the new version."""
    code = exchange.params["app"]
    return json_reply(_migration(code, await moves.stop(exchange.context, exchange.actor, code, _id(exchange))))


async def results(exchange: Exchange) -> Reply:
    """List what became of each instance of a move."""
    asked = exchange.query(api.MigrationResultsQuery)
    if asked.outcome is not None and asked.outcome not in set(MoveOutcome):
        raise InvalidRequest(f"outcome is one of {', '.join(MoveOutcome)}.", pointer="outcome")
    found = await moves.results(
        exchange.context,
        exchange.actor,
        exchange.params["app"],
        _id(exchange),
        outcome=None if asked.outcome is None else MoveOutcome(asked.outcome),
        after=asked.cursor,
        limit=asked.limit + 1,
    )
    return json_reply(page(found, asked.limit, api.MigrationResults, _result))


def _migration(code: str, row: Move) -> api.Migration:
    error = None
    if row.error_code is not None:
        error = api.MoveError(code=row.error_code, message=row.error or "")
    return api.Migration(
        id=row.id,
        app=code,
        version=row.number,
        state=row.state.value,
        mapping=row.mapping,
        moved=row.moved,
        refused=row.refused,
        user=row.owner_id,
        created_at=Timestamp.of(row.created_at),
        ended_at=Timestamp.of_optional(row.ended_at),
        error=error,
    )


def _result(row: MoveResult) -> api.MigrationResult:
    return api.MigrationResult(
        instance=row.instance_id,
        identifier=row.identifier,
        version=row.from_version,
        outcome=row.outcome.value,
        findings=[
            api.MigrationFinding(element=one["element"], code=one["code"], message=one["message"])
            for one in row.findings
        ],
    )


def _preview(found: Preview) -> api.MigrationPreview:
    counts = Counter(row.outcome for row in found.results)
    return api.MigrationPreview(
        version=found.number,
        counts=api.MigrationCounts(**{outcome.value: counts[outcome] for outcome in MoveOutcome}),
        items=[_result(row) for row in found.results],
        next=None if found.next is None else str(found.next),
    )


_BASE = "/api/v1/apps/{app}/migrations"

ENDPOINTS = (
    endpoint("GET", _BASE, listing, query=PageQuery, answers=shows(api.Migrations), refuses=(Forbidden,)),
    endpoint(
        "POST",
        _BASE,
        create,
        body=NewMigration,
        answers=(Answer(status=202, body=api.Migration, headers=("Location",), note="The instances are being moved."),),
        refuses=(Forbidden, InvalidValues, Conflict),
    ),
    endpoint(
        "POST",
        f"{_BASE}/preview",
        preview,
        body=NewMigration,
        query=PageQuery,
        answers=shows(api.MigrationPreview),
        refuses=(Forbidden, InvalidValues, Conflict),
    ),
    endpoint("GET", f"{_BASE}/{{migration}}", read, answers=shows(api.Migration), refuses=(Forbidden,)),
    endpoint(
        "POST",
        f"{_BASE}/{{migration}}/stop",
        stop,
        answers=shows(api.Migration),
        refuses=(Forbidden, InvalidState),
    ),
    endpoint(
        "GET",
        f"{_BASE}/{{migration}}/results",
        results,
        query=api.MigrationResultsQuery,
        answers=shows(api.MigrationResults),
        refuses=(Forbidden,),
    ),
)
"""The routes of this module."""
