"""Saved searches, copied out as criteria for other programs."""

import json
from collections.abc import Collection
from enum import StrEnum
from shlex import quote

from satchel.actions.context import Context
from satchel.actions.lists import search
from satchel.model.actor import Actor
from satchel.model.ids import SearchId
from satchel.model.search import criteria


class CriteriaFormat(StrEnum):
    """How a search is said: for Questetra's API, for the native one, or as a command that asks the native one."""

    QUESTETRA_XML = "questetra-xml"
    QUESTETRA_JSON = "questetra-json"
    NATIVE = "native"
    CURL = "curl"


async def copied(
    context: Context, actor: Actor, search_id: SearchId, form: CriteriaFormat, *, items: Collection[int] | None = None
) -> str:
    """Return a saved search as text.

    Args:
        items: the numbers of the items that criteria show; None shows all.

    Raises:
        NotFound: there is no such search for the actor.
        InvalidRequest: it cannot be said in that form, or its app has changed so that it finds nothing any more.
        Forbidden: it names an app that the actor may not view.
    """
    saved = await search.saved(context, actor, search_id)
    if form is CriteriaFormat.NATIVE:
        return json.dumps(saved.query, ensure_ascii=False, indent=1) + "\n"
    if form is CriteriaFormat.CURL:
        return _command(context.policy.public_url, json.dumps(saved.query, ensure_ascii=False))
    async with context.database.read() as tx:
        app, query = await search.parsed(context, tx, actor, saved.query)
    found = criteria.to_criteria(
        query,
        app=None if app is None else app.app_id,
        fields=() if app is None else app.manifest.fields,
        items=items,
        time_zone=actor.time_zone,
    )
    return criteria.as_xml(found) if form is CriteriaFormat.QUESTETRA_XML else criteria.as_json(found)


def _command(address: str, body: str) -> str:
    return (
        'curl -H "Authorization: Bearer $SATCHEL_TOKEN" -H "Content-Type: application/json" \\\n'
        f"  --data {quote(body)} \\\n  {quote(f'{address}/api/v1/instances/search')}\n"
    )
