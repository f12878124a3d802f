"""SQL of webhooks: the addresses that apps tell what happens."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from satchel.db.pool import Reader, Writer
from satchel.db.trips import Query, value_of
from satchel.model.ids import AccountId, AppId, UserId, WebhookId
from satchel.model.webhooks import Webhook

_COLUMNS = (
    "id, app_id, url, events, format, user_id, is_active, disabled, failing_since, rests_until, created_at, changed_at,"
    " sealed, previous_sealed, previous_until"
)
_WEBHOOK: LiteralString = (
    f"SELECT w.account_id, a.code, w.{', w.'.join(_COLUMNS.split(', '))}"
    " FROM webhooks w JOIN apps a ON a.account_id = w.account_id AND a.id = w.app_id"
)


async def insert_webhook(
    tx: Writer, account: AccountId, app: AppId, *, url: str, events: Sequence[str], form: str, by: UserId, now: datetime
) -> WebhookId:
    """Add a webhook that is active and has no secret yet."""
    created = await tx.value(
        WebhookId,
        "INSERT INTO webhooks (account_id, app_id, url, events, format, user_id, sealed, created_at, changed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, '', %s, %s) RETURNING id",
        (account, app, url, list(events), form, by, now, now),
    )
    return WebhookId(created or 0)


def has_active(account: AccountId, app: AppId) -> Query[bool | None]:
    """Return a query for whether an app has webhooks that are active."""
    query = "SELECT EXISTS (SELECT FROM webhooks WHERE account_id = %s AND app_id = %s AND is_active)"
    return value_of(bool, query, (account, app))


async def lock_app(tx: Writer, account: AccountId, app: AppId) -> None:
    """Lock an app's row until the transaction ends, so that its webhooks can be counted; starts go on meanwhile."""
    tx.put("SELECT FROM apps WHERE account_id = %s AND id = %s FOR NO KEY UPDATE", (account, app))


async def webhook(tx: Reader, account: AccountId, webhook_id: WebhookId) -> Webhook | None:
    """Return one webhook of the account."""
    return await tx.row(Webhook, f"{_WEBHOOK} WHERE w.account_id = %s AND w.id = %s", (account, webhook_id))


async def lock_webhook(tx: Writer, account: AccountId, webhook_id: WebhookId) -> Webhook | None:
    """Return one webhook, locked until the transaction ends; what is told to it can be written meanwhile."""
    return await tx.row(
        Webhook,
        f"{_WEBHOOK} WHERE w.account_id = %s AND w.id = %s FOR NO KEY UPDATE OF w",
        (account, webhook_id),
    )


async def webhooks(tx: Reader, account: AccountId, apps: Sequence[AppId] | None) -> list[Webhook]:
    """Return the webhooks of some apps, or (None) of all, by id."""
    return await tx.rows(
        Webhook,
        f"{_WEBHOOK} WHERE w.account_id = %(account)s AND (%(all)s OR w.app_id = ANY(%(apps)s)) ORDER BY w.id",
        {"account": account, "all": apps is None, "apps": list(apps or ())},
    )


async def change_webhook(
    tx: Writer,
    account: AccountId,
    webhook_id: WebhookId,
    *,
    url: str,
    events: Sequence[str],
    form: str,
    is_active: bool,
    by: UserId,
    now: datetime,
) -> None:
    """Change a webhook; the user who does so vouches for it from now on, and it counts as one that never failed."""
    tx.put(
        "UPDATE webhooks SET url = %s, events = %s, format = %s, is_active = %s, user_id = %s, changed_at = %s,"
        " disabled = CASE WHEN %s THEN NULL ELSE disabled END, failing_since = NULL, rests_until = NULL"
        " WHERE account_id = %s AND id = %s",
        (url, list(events), form, is_active, by, now, is_active, account, webhook_id),
    )


async def set_secret(
    tx: Writer, account: AccountId, webhook_id: WebhookId, sealed: bytes, *, previous_until: datetime | None
) -> None:
    """Set the secret that signs; the one before signs too until `previous_until`."""
    tx.put(
        "UPDATE webhooks SET sealed = %s, previous_until = %s,"
        " previous_sealed = CASE WHEN %s::timestamptz IS NULL THEN NULL ELSE sealed END"
        " WHERE account_id = %s AND id = %s",
        (sealed, previous_until, previous_until, account, webhook_id),
    )


async def set_failing(
    tx: Writer, account: AccountId, webhook_id: WebhookId, *, since: datetime | None, rests_until: datetime | None
) -> None:
    """Note since when a webhook fails and until when it is left alone; None and None that it takes what it is told."""
    tx.put(
        "UPDATE webhooks SET failing_since = %s, rests_until = %s WHERE account_id = %s AND id = %s",
        (since, rests_until, account, webhook_id),
    )


async def disable(tx: Writer, account: AccountId, webhook_id: WebhookId, why: str) -> None:
    """Switch a webhook off and say why."""
    tx.put(
        "UPDATE webhooks SET is_active = false, disabled = %s WHERE account_id = %s AND id = %s",
        (why, account, webhook_id),
    )


async def delete_webhook(tx: Writer, account: AccountId, webhook_id: WebhookId) -> None:
    """Remove a webhook with everything that it was told."""
    tx.put("DELETE FROM webhooks WHERE account_id = %s AND id = %s", (account, webhook_id))
