"""Webhooks: what an app tells to which address, and the record of what was told."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from satchel.actions import webhooks
from satchel.actions.webhooks import Secret, Wish
from satchel.model.errors import InvalidRequest
from satchel.model.ids import DeliveryId, WebhookId
from satchel.model.webhooks import Delivery, DeliveryAttempt, DeliveryState, Webhook
from satchel.surfaces.kit.exchange import Exchange, Reply, endpoint, json_reply
from satchel.surfaces.native import render
from satchel.surfaces.native.render import Json, moment
from satchel.surfaces.native.wire import Body, Name

Address = Annotated[str, msgspec.Meta(max_length=8_000)]
Events = Annotated[Sequence[Name], msgspec.Meta(max_length=20)]


class WebhookChange(Body):
    """A webhook's new address, events, format, or whether it is told anything; what is left out stays."""

    url: Address | None = None
    events: Events | None = None
    format: Name | None = None
    active: bool | None = None

    def wish(self) -> Wish:
        """Return it as the actions take it."""
        return Wish(url=self.url, events=self.events, format=self.format, is_active=self.active)


class NewWebhook(WebhookChange, kw_only=True):
    """A webhook to be, of the app with this code; it is told of everything by default."""

    app: Name


class NewWebhookSecret(Body):
    """How a secret is replaced; with `at_once` the one before signs nothing any more."""

    at_once: bool = False


def _webhook(row: Webhook) -> Json:
    return {
        "id": row.id,
        "app": row.code,
        "url": row.url,
        "events": row.events,
        "format": row.format,
        "active": row.is_active,
        "disabled": row.disabled,
        "failing_since": moment(row.failing_since),
        "user": row.user_id,
        "created_at": moment(row.created_at),
        "changed_at": moment(row.changed_at),
    }


def _secret(made: Secret) -> Json:
    token = {"token": made.token} if made.token is not None else {}
    return {**_webhook(made.webhook), "secret": made.secret, **token}


def _delivery(row: Delivery) -> Json:
    return {
        "id": row.id,
        "webhook": row.webhook_id,
        "webhook_id": row.message_id,
        "instance": row.instance_id,
        "event": row.happening.value,
        "at": moment(row.at),
        "state": row.state.value,
        "reason": row.reason,
        "attempt": row.attempt,
        "next_attempt_at": moment(row.due_at),
        "ended_at": moment(row.ended_at),
    }


def _attempt(row: DeliveryAttempt) -> Json:
    return {
        "number": row.number,
        "state": row.state,
        "started_at": moment(row.started_at),
        "ended_at": moment(row.ended_at),
        "duration_ms": row.duration_ms,
        "status": row.status,
        "reason": row.reason,
        "message": row.message,
        "reply": row.reply,
    }


def _id(exchange: Exchange) -> WebhookId:
    return WebhookId(exchange.number("webhook", "webhook"))


def _delivery_id(exchange: Exchange) -> DeliveryId:
    return DeliveryId(exchange.number("delivery", "delivery"))


async def listing(exchange: Exchange) -> Reply:
    """List webhooks, of all apps that one may manage or of one (app=...)."""
    found = await webhooks.listing(exchange.context, exchange.actor, exchange.query("app"))
    return json_reply({"items": [_webhook(row) for row in found], "next": None})


async def create(exchange: Exchange) -> Reply:
    """Have an app tell an address what happens; the secret is shown this once."""
    given = await exchange.read(NewWebhook)
    made = await webhooks.create(exchange.context, exchange.actor, given.app, given.wish())
    return json_reply(_secret(made), status=201, headers={"Location": f"/api/v1/webhooks/{made.webhook.id}"})


async def reading(exchange: Exchange) -> Reply:
    """Read a webhook, without its secret."""
    return json_reply(_webhook(await webhooks.read(exchange.context, exchange.actor, _id(exchange))))


async def change(exchange: Exchange) -> Reply:
    """Change a webhook, or switch it off or on."""
    given = await exchange.read(WebhookChange)
    return json_reply(_webhook(await webhooks.change(exchange.context, exchange.actor, _id(exchange), given.wish())))


async def delete(exchange: Exchange) -> Reply:
    """Delete a webhook with the record of what it was told."""
    await webhooks.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def change_secret(exchange: Exchange) -> Reply:
    """Replace a webhook's secret; the new one is shown this once."""
    given = await exchange.read(NewWebhookSecret)
    made = await webhooks.change_secret(exchange.context, exchange.actor, _id(exchange), at_once=given.at_once)
    return json_reply(_secret(made))


async def send_test(exchange: Exchange) -> Reply:
    """Send a webhook a test."""
    made = await webhooks.send_test(exchange.context, exchange.actor, _id(exchange))
    return json_reply({"delivery": made}, status=202, headers={"Location": f"/api/v1/deliveries/{made}"})


async def deliveries(exchange: Exchange) -> Reply:
    """List what a webhook was told, newest first (state=waiting, delivered or failed)."""
    before, limit = exchange.page()
    state = exchange.query("state")
    if state is not None and state not in {known.value for known in DeliveryState}:
        raise InvalidRequest("state is waiting, delivered or failed.", pointer="/state")
    found = await webhooks.deliveries(
        exchange.context, exchange.actor, _id(exchange), before=before or None, limit=limit + 1, state=state
    )
    return json_reply(render.page(found, limit, _delivery))


async def delivery(exchange: Exchange) -> Reply:
    """Read a delivery, with every attempt."""
    found = await webhooks.record(exchange.context, exchange.actor, _delivery_id(exchange))
    made = [_attempt(row) for row in found.attempts]
    return json_reply({**_delivery(found.delivery), "attempts": made})


async def redeliver(exchange: Exchange) -> Reply:
    """Have a delivery that ended made again."""
    await webhooks.redeliver(exchange.context, exchange.actor, _delivery_id(exchange))
    return Reply(status=202)


ENDPOINTS = (
    endpoint("GET", "/api/v1/webhooks", listing),
    endpoint("POST", "/api/v1/webhooks", create, body=NewWebhook),
    endpoint("GET", "/api/v1/webhooks/{webhook}", reading),
    endpoint("PATCH", "/api/v1/webhooks/{webhook}", change, body=WebhookChange),
    endpoint("DELETE", "/api/v1/webhooks/{webhook}", delete),
    endpoint("POST", "/api/v1/webhooks/{webhook}/secret", change_secret, body=NewWebhookSecret),
    endpoint("POST", "/api/v1/webhooks/{webhook}/test", send_test),
    endpoint("GET", "/api/v1/webhooks/{webhook}/deliveries", deliveries),
    endpoint("GET", "/api/v1/deliveries/{delivery}", delivery),
    endpoint("POST", "/api/v1/deliveries/{delivery}/redeliver", redeliver),
)
"""The routes of this module."""
