"""The world of Alloy's transcripts: one ticket with two attachments, an application, people of different rights."""

from collections.abc import Mapping
from uuid import UUID

from satchel.actions.identity import applications, credentials
from satchel.actions.identity.applications import PERSON_TOKEN, TOKEN_LIFETIME
from satchel.model.actor import Actor
from satchel.surfaces.alloy.names import PERSON, guid, oid, person_guid
from surfaces.conftest import Api
from world import PASSWORD, World, bundle, fields

TICKETS = {
    "code": "T",
    "name": "Tickets",
    "title": "{{ summary }}",
    "fields": fields(
        {"id": "summary", "type": "text", "label": "Summary", "searchable": True},
        {"id": "description", "type": "multiline", "label": "Description"},
        {
            "id": "urgency",
            "type": "choice",
            "label": "Urgency",
            "searchable": True,
            "options": [{"id": "now", "label": "Immediate"}, {"id": "low", "label": "Low"}],
        },
        {"id": "original_cost", "type": "decimal", "label": "Original Cost"},
        {"id": "assignee", "type": "user", "label": "Assignee"},
        {"id": "due_date", "type": "date", "label": "Due Date"},
        {"id": "evidence", "type": "file", "label": "Evidence"},
    ),
    "start": {
        "fields": dict.fromkeys(
            ("summary", "description", "urgency", "original_cost", "assignee", "due_date", "evidence"), "edit"
        )
    },
    "tasks": {"a": {"assign": {"group": "clerks"}, "fields": {"summary": "read", "description": "edit"}}},
    "actions": {
        10: {"name": "Update ticket", "inputs": ["comment", "urgency"], "areas": [{"name": "Documents"}]},
        11: {
            "name": "Resolve",
            "task": "a",
            "inputs": ["comment", "description"],
            "areas": [{"name": "Documents", "required": True}, {"name": "Pictures"}],
        },
        12: {"name": "Note", "inputs": ["comment"]},
        19: {
            "name": "New ticket",
            "create": True,
            "inputs": ["summary", "description", "urgency", "original_cost", "assignee"],
            "areas": [{"name": "Documents"}],
        },
    },
}
COMPUTERS = {
    "code": "C",
    "name": "Computers",
    "fields": fields({"id": "asset_tag", "type": "text", "label": "Asset Tag"}),
    "start": {"fields": {"asset_tag": "edit"}},
    "tasks": {"a": {"assign": {"group": "clerks"}}},
    "actions": {20: {"name": "New computer", "create": True, "inputs": ["asset_tag"]}},
}
LOG = b"2022-10-12 08:00 started\n"
LOREM = b"Lorem ipsum dolor sit amet.\n"


async def token(world: World, actor: Actor) -> str:
    """Return a person's token, as their password would give it."""
    ends_at = world.clock() + TOKEN_LIFETIME
    made = await applications._token(world.context, actor, kind=PERSON_TOKEN, expires_at=ends_at)
    return made.secret


async def alloy(api: Api) -> Mapping[str, object]:
    """T000001 with a described file in its tab and another in a field, and C000001; everybody has a token."""
    world = api.world
    await world.deploy(bundle(TICKETS))
    await world.deploy(bundle(COMPUTERS))
    clerk = await world.actor("clerk")
    evidence = await world.upload(clerk, LOREM, name="Lorem.txt", field="evidence", app="T")
    values = {"summary": "Printer is on fire", "description": "It burns.\n2 < 3 & hot", "urgency": "now"}
    number = await world.start(clerk, "T", **values, original_cost="100.50", evidence=[evidence])
    await world.start(clerk, "T", summary="Mouse squeaks", urgency="low", due_date="2026-04-01")
    other = await world.start(clerk, "C", asset_tag="PC-1")
    made = await applications.create(world.context, world.admin, world.people["manager"], "Robot")
    rival = await applications.create(world.context, world.rival, world.rival.user_id or world.people["clerk"], "Spy")
    robot = await applications.sign_in(world.context, made.client_id, made.secret, address=None)
    spy = await applications.sign_in(world.context, rival.client_id, rival.secret, address=None)
    rows = await world.rows("SELECT identifier, uuid FROM instances")
    uuids = {str(identifier): UUID(str(uuid)) for identifier, uuid in rows}
    files = await world.files(number)
    known: dict[str, object] = {
        "client_id": made.client_id,
        "client_secret": made.secret,
        "guid": guid(uuids["T-1"]),
        "bare": str(uuids["T-1"]),
        "other_guid": guid(uuids["C-1"]),
        "evidence": guid(files[0].uuid),
        "lorem": LOREM.decode(),
        "robot": robot.secret,
        "spy": spy.secret,
        "clerk_guid": guid(person_guid(world.people["clerk"])),
        "clerk_oid": oid(PERSON, world.people["clerk"]),
        "stranger_guid": guid(person_guid(world.people["stranger"])),
        "password": PASSWORD,
        "other": other,
    }
    for who in ("clerk", "viewer", "stranger"):
        known[who] = await token(world, await world.actor(who))
    return known


async def alloy_with_password(api: Api) -> Mapping[str, object]:
    """The same; the clerk has a password too."""
    known = await alloy(api)
    await credentials.set_password(api.world.context, api.world.admin, api.world.people["clerk"], PASSWORD)
    return known
