"""Notifications: lists, counts, read marks; the caller's choices, and the end of mail by one click."""

from satchel.actions.notifications import choices, listing
from satchel.model.api import notifications as api
from satchel.model.api.queries import AnyQuery, NotificationsQuery
from satchel.model.errors import Forbidden, InvalidValues, NotFound
from satchel.model.ids import NotificationId
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.description.answers import NOTHING, shows
from satchel.surfaces.native.outputs import notifications as outputs


async def listed(exchange: Exchange) -> Reply:
    """List what the caller was notified of, newest first."""
    asked = exchange.query(NotificationsQuery)
    found = await listing.listed(
        exchange.context, exchange.actor, is_unread=asked.unread, before=asked.cursor, limit=asked.limit + 1
    )
    return json_reply(outputs.notifications(found, asked.limit))


async def counts(exchange: Exchange) -> Reply:
    """Count the caller's notifications that are unread and current."""
    unread, is_exact = await listing.count_unread(exchange.context, exchange.actor)
    return json_reply(api.NotificationCounts(unread=unread, exact=is_exact))


async def mark(exchange: Exchange) -> Reply:
    """Mark a notification as read or unread."""
    given = await exchange.read(inputs.NotificationChange)
    number = NotificationId(exchange.number("notification", "notification"))
    found = await listing.mark(exchange.context, exchange.actor, number, is_read=given.read)
    return json_reply(outputs.notification(found))


async def mark_up_to(exchange: Exchange) -> Reply:
    """Mark all of the caller's notifications up to one as read."""
    given = await exchange.read(inputs.NotificationsRead)
    await listing.mark_up_to(exchange.context, exchange.actor, NotificationId(given.up_to))
    return Reply(status=204)


async def settings(exchange: Exchange) -> Reply:
    """Return how notifications reach the caller."""
    return json_reply(outputs.settings(await choices.read(exchange.context, exchange.actor)))


async def change_settings(exchange: Exchange) -> Reply:
    """Change how notifications reach the caller."""
    given = await exchange.read(inputs.NotificationSettingsChange)
    change = choices.Change(mail=given.mail, digest_at=given.digest_at, choices=given.choices)
    return json_reply(outputs.settings(await choices.update(exchange.context, exchange.actor, change)))


async def ask_to_stop(exchange: Exchange) -> Reply:
    """Show the page on which a person ends all mail to them; changes nothing."""
    await choices.check_stop(exchange.context, exchange.params["token"])
    return _page(
        "<p>You get mail about your tasks and processes.</p>"
        '<form method="post"><button>Get no more mail</button></form>'
        "<p>You can choose in more detail in the settings of the application.</p>"
    )


async def stop(exchange: Exchange) -> Reply:
    """End all mail to the person who got this address by mail (RFC 8058)."""
    await choices.stop(exchange.context, exchange.params["token"], exchange.address)
    return _page("<p>You get no more mail. In the settings of the application you can have it again.</p>")


def _page(body: str) -> Reply:
    title = "<title>Mail from Satchel</title>"
    html = f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{title}</head><body>{body}</body></html>'
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "Referrer-Policy": "no-referrer",
    }
    return Reply(body=html.encode(), headers=headers)


_PAGE = (Answer(media_types=("text/html",), headers=("Content-Security-Policy",)),)

ENDPOINTS = (
    endpoint("GET", "/api/v1/notifications", listed, query=NotificationsQuery, answers=shows(api.Notifications)),
    endpoint("GET", "/api/v1/notifications/counts", counts, answers=shows(api.NotificationCounts)),
    endpoint(
        "PATCH",
        "/api/v1/notifications/{notification}",
        mark,
        body=inputs.NotificationChange,
        answers=shows(api.Notification),
        refuses=(NotFound,),
    ),
    endpoint("POST", "/api/v1/notifications/read", mark_up_to, body=inputs.NotificationsRead, answers=NOTHING),
    endpoint("GET", "/api/v1/me/notifications", settings, answers=shows(api.NotificationSettings)),
    endpoint(
        "PATCH",
        "/api/v1/me/notifications",
        change_settings,
        body=inputs.NotificationSettingsChange,
        answers=shows(api.NotificationSettings),
        refuses=(InvalidValues,),
    ),
    endpoint(
        "GET",
        "/api/v1/notifications/stop/{token}",
        ask_to_stop,
        query=AnyQuery,
        answers=_PAGE,
        refuses=(Forbidden,),
        is_open=True,
    ),
    endpoint(
        "POST",
        "/api/v1/notifications/stop/{token}",
        stop,
        query=AnyQuery,
        takes=("application/x-www-form-urlencoded",),
        answers=_PAGE,
        refuses=(Forbidden,),
        is_open=True,
    ),
)
"""The routes of this module."""
