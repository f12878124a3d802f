"""Webhooks: what an app tells to which address, and the record of what was told."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from satchel.actions.webhooks import subscriptions
from satchel.actions.webhooks.subscriptions import WebhookSettings
from satchel.model.api import calls as api
from satchel.model.api.queries import DeliveriesQuery, WebhooksQuery
from satchel.model.errors import Conflict, Forbidden, InvalidState, InvalidValues, NotFound
from satchel.model.ids import DeliveryId, WebhookId
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.inputs import Body, Name
from satchel.surfaces.native.outputs import calls as outputs
from satchel.surfaces.native.outputs.paging import page

Address = Annotated[str, msgspec.Meta(max_length=8_000)]
Events = Annotated[Sequence[Name], msgspec.Meta(max_length=20)]


class WebhookChange(Body):
    """A webhook's new address, events, format, or whether it is notified; omitted members stay unchanged."""

    url: Address | None = None
    events: Events | None = None
    format: Name | None = None
    active: bool | None = None

    def wish(self) -> WebhookSettings:
        """Return it as the actions take it."""
        return WebhookSettings(url=self.url, events=self.events, format=self.format, is_active=self.active)


class NewWebhook(WebhookChange, kw_only=True):
    """A new webhook of the app with this code; it is notified of every event by default."""

    app: Name


class NewWebhookSecret(Body):
    """How a secret is replaced; with `at_once` the previous one no longer signs."""

    at_once: bool = False


def _id(exchange: Exchange) -> WebhookId:
    return WebhookId(exchange.number("webhook", "webhook"))


def _delivery_id(exchange: Exchange) -> DeliveryId:
    return DeliveryId(exchange.number("delivery", "delivery"))


async def listing(exchange: Exchange) -> Reply:
    """List webhooks, of all apps that the caller may manage or of one (app=...)."""
    found = await subscriptions.listing(exchange.context, exchange.actor, exchange.query(WebhooksQuery).app)
    return json_reply(api.Webhooks(items=[outputs.webhook(row) for row in found], next=None))


async def create(exchange: Exchange) -> Reply:
    """Create a webhook that notifies an address of an app's events; its secret is shown only once."""
    given = await exchange.read(NewWebhook)
    made = await subscriptions.create(exchange.context, exchange.actor, given.app, given.wish())
    return json_reply(
        outputs.webhook_secret(made), status=201, headers={"Location": f"/api/v1/webhooks/{made.webhook.id}"}
    )


async def reading(exchange: Exchange) -> Reply:
    """Read a webhook, without its secret."""
    return json_reply(outputs.webhook(await subscriptions.read(exchange.context, exchange.actor, _id(exchange))))


async def change(exchange: Exchange) -> Reply:
    """Change a webhook, or switch it off or on."""
    given = await exchange.read(WebhookChange)
    return json_reply(
        outputs.webhook(await subscriptions.change(exchange.context, exchange.actor, _id(exchange), given.wish()))
    )


async def delete(exchange: Exchange) -> Reply:
    """Delete a webhook with its deliveries."""
    await subscriptions.delete(exchange.context, exchange.actor, _id(exchange))
    return Reply(status=204)


async def change_secret(exchange: Exchange) -> Reply:
    """Replace a webhook's secret; the new one is shown only once."""
    given = await exchange.read(NewWebhookSecret)
    made = await subscriptions.change_secret(exchange.context, exchange.actor, _id(exchange), at_once=given.at_once)
    return json_reply(outputs.webhook_secret(made))


async def send_test(exchange: Exchange) -> Reply:
    """Send a test to a webhook."""
    made = await subscriptions.send_test(exchange.context, exchange.actor, _id(exchange))
    return json_reply(api.TestSent(delivery=made), status=202, headers={"Location": f"/api/v1/deliveries/{made}"})


async def deliveries(exchange: Exchange) -> Reply:
    """List a webhook's deliveries, newest first (state=waiting, delivered or failed)."""
    asked = exchange.query(DeliveriesQuery)
    found = await subscriptions.deliveries(
        exchange.context,
        exchange.actor,
        _id(exchange),
        before=asked.cursor or None,
        limit=asked.limit + 1,
        state=asked.state,
    )
    return json_reply(page(found, asked.limit, api.Deliveries, outputs.delivery))


async def delivery(exchange: Exchange) -> Reply:
    """Read a delivery, with every attempt."""
    found = await subscriptions.record(exchange.context, exchange.actor, _delivery_id(exchange))
    return json_reply(outputs.delivery_record(found))


async def redeliver(exchange: Exchange) -> Reply:
    """Repeat a delivery that ended."""
    await subscriptions.redeliver(exchange.context, exchange.actor, _delivery_id(exchange))
    return Reply(status=202)


_REFUSED = (Forbidden, InvalidValues, InvalidState, Conflict)

ENDPOINTS = (
    endpoint(
        "GET",
        "/api/v1/webhooks",
        listing,
        query=WebhooksQuery,
        answers=shows(api.Webhooks),
        refuses=(Forbidden, NotFound),
    ),
    endpoint(
        "POST",
        "/api/v1/webhooks",
        create,
        body=NewWebhook,
        answers=makes(api.WebhookSecret, "Location"),
        refuses=(*_REFUSED, NotFound),
    ),
    endpoint("GET", "/api/v1/webhooks/{webhook}", reading, answers=shows(api.Webhook), refuses=(Forbidden,)),
    endpoint(
        "PATCH",
        "/api/v1/webhooks/{webhook}",
        change,
        body=WebhookChange,
        answers=shows(api.Webhook),
        refuses=_REFUSED,
    ),
    endpoint("DELETE", "/api/v1/webhooks/{webhook}", delete, answers=NOTHING, refuses=(Forbidden,)),
    endpoint(
        "POST",
        "/api/v1/webhooks/{webhook}/secret",
        change_secret,
        body=NewWebhookSecret,
        answers=shows(api.WebhookSecret),
        refuses=_REFUSED,
    ),
    endpoint(
        "POST",
        "/api/v1/webhooks/{webhook}/test",
        send_test,
        answers=(Answer(status=202, body=api.TestSent, headers=("Location",)),),
        refuses=(Forbidden, Conflict, InvalidState),
    ),
    endpoint(
        "GET",
        "/api/v1/webhooks/{webhook}/deliveries",
        deliveries,
        query=DeliveriesQuery,
        answers=shows(api.Deliveries),
        refuses=(Forbidden,),
    ),
    endpoint(
        "GET",
        "/api/v1/deliveries/{delivery}",
        delivery,
        answers=shows(api.DeliveryRecord),
        refuses=(Forbidden,),
    ),
    endpoint(
        "POST",
        "/api/v1/deliveries/{delivery}/redeliver",
        redeliver,
        answers=(Answer(status=202, note="The next attempt is due at once."),),
        refuses=(Forbidden, Conflict, InvalidState),
    ),
)
"""The routes of this module."""
