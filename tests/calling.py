"""What the tests of service tasks share: an app of one task `s` before a user task `u`, its attempts, its incident."""

from dataclasses import replace

from engine_bpmn import el, simple, user
from peers import Peer
from satchel.actions.calls import by_hand
from satchel.db import calls as call_rows
from satchel.model.ids import InstanceId
from satchel.model.instance import Attempt
from satchel.outbound.allowed import parse_allowed
from satchel.outbound.guard import Guard
from satchel.outbound.http import HttpClient
from world import World, bundle, fields

FIELDS = fields(
    {"id": "name", "type": "text"},
    {"id": "amount", "type": "decimal"},
    {"id": "ready", "type": "boolean"},
    {"id": "lines", "type": "table", "columns": [{"id": "item", "label": "Item", "type": "text"}]},
    {"id": "doc", "type": "file", "max_files": 1, "allow_links": True},
    {"id": "more", "type": "file"},
    {"id": "receipt", "type": "file", "max_files": 1, "accept": [".pdf"]},
)
START = {"fields": dict.fromkeys(("name", "amount", "ready", "lines", "doc", "more", "receipt"), "edit")}


def allow(world: World, other: Peer) -> None:
    """Let calls reach a server of the test."""
    client = HttpClient(Guard(allowed=(parse_allowed(f"127.0.0.1:{other.port}"),)))
    world.context = replace(world.context, http=client)


async def deploy_task(world: World, **task: object) -> None:
    """Deploy the app RST with one service task."""
    manifest = {"code": "RST", "fields": FIELDS, "start": START, "services": {"s": task}}
    await world.deploy(bundle(manifest, simple(el("serviceTask", "s"), user("u"), through=("s", "u"))))


async def attempts(world: World, instance: InstanceId) -> list[Attempt]:
    """Return the attempts of an instance's one service task."""
    async with world.context.database.read() as tx:
        (call,) = await call_rows.calls(tx, world.account, instance)
        return await call_rows.attempts(tx, world.account, call.id)


async def incident(world: World, instance: InstanceId) -> str:
    """Return what the one open incident of an instance says."""
    found = await by_hand.incidents(world.context, world.admin, instance_id=instance, after=0, limit=9)
    assert len(found) == 1
    return found[0].message
