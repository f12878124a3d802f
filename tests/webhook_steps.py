"""What the tests of webhooks share: an app of one task, the jobs that tell, and a receiver that checks signatures."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any, cast

from engine_bpmn import simple, user
from peers import Arrived
from satchel.actions.webhooks import deliveries, subscriptions
from satchel.actions.webhooks.subscriptions import DeliveryRecord, WebhookSettings
from satchel.model.ids import DeliveryId
from satchel.model.webhooks import Webhook
from satchel.queue.enqueue import DELIVER_WEBHOOK
from satchel.work.handlers import handlers
from world import World, bundle, fields

MANIFEST = {
    "code": "HOK",
    "title": "{{ name }}",
    "fields": fields(
        {"id": "name", "type": "text"},
        {"id": "amount", "type": "decimal"},
        {"id": "doc", "type": "file", "max_files": 1},
    ),
    "start": {"fields": {"name": "edit", "amount": "edit", "doc": "edit"}},
    "tasks": {
        "a": {
            "assign": {"starter": True},
            "fields": {"name": "edit", "doc": "edit"},
            "outcomes": [{"id": "yes", "label": "Yes"}],
        }
    },
    "actions": {
        "10": {"name": "Rename", "inputs": ["name"]},
        "20": {"name": "Agree", "task": "a", "outcome": "yes", "inputs": ["name"]},
    },
}


async def deploy(world: World) -> None:
    """Deploy the app HOK: a task `a` of its starter."""
    await world.deploy(bundle(MANIFEST, simple(user("a"))))


async def subscribe(world: World, url: str, *events: str, form: str | None = None) -> str:
    """Have HOK tell an address what happens and return the secret."""
    made = await subscriptions.create(
        world.context, world.admin, "HOK", WebhookSettings(url=url, events=events or None, format=form)
    )
    return made.secret


async def run_jobs(world: World) -> int:
    """Do what is on the queue for webhooks, as a worker would, and return how much that was."""
    known = handlers(world.context)
    jobs = await world.rows(
        "DELETE FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo' RETURNING id, args", DELIVER_WEBHOOK
    )
    for _, arguments in sorted(jobs, key=lambda job: cast("int", job[0])):
        await known[DELIVER_WEBHOOK](**cast("dict[str, int]", arguments))
    return len(jobs)


async def records(world: World, state: str | None = None) -> list[DeliveryRecord]:
    """Return everything that the account's webhooks were told, with its attempts, oldest first."""
    found = await world.rows(
        "SELECT id FROM webhook_deliveries WHERE account_id = %s AND (%s::text IS NULL OR state = %s) ORDER BY id",
        int(world.account),
        state,
        state,
    )
    return [
        await subscriptions.record(world.context, world.admin, DeliveryId(cast("int", number))) for (number,) in found
    ]


async def pause(world: World, span: timedelta) -> int:
    """Let time pass, do what is due then as tick and worker would, and return how many jobs that were."""
    world.clock.advance(span)
    await deliveries.enqueue_due(world.context)
    return await run_jobs(world)


async def hook(world: World) -> Webhook:
    """Return the one webhook of the account."""
    (found,) = await subscriptions.listing(world.context, world.admin)
    return found


async def disablings(world: World) -> list[object]:
    """Return what the history says of webhooks that the server switched off."""
    found = await world.rows("SELECT data FROM events WHERE kind = 'webhook.disabled' AND user_id IS NULL ORDER BY id")
    return [data for (data,) in found]


def body(arrived: Arrived) -> dict[str, Any]:
    """Return what came as JSON."""
    return cast("dict[str, Any]", json.loads(arrived.body))


def is_signed(arrived: Arrived, secret: str) -> bool:
    """Return whether one of the signatures is that of a secret, computed as the specification says."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{arrived.headers['webhook-id']}.{arrived.headers['webhook-timestamp']}.".encode() + arrived.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in arrived.headers["webhook-signature"].split(" ")
