"""SQL of what people chose about notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb

from satchel.db.pool import Reader, Writer
from satchel.model.ids import AccountId, UserId
from satchel.model.notifications import Channel, NotificationKind, Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRow:
    """What one person chose."""

    user_id: UserId
    mail: bool
    digest_minute: int
    choices: Mapping[str, str]

    def preferences(self) -> Preferences:
        """Return it as the actions take it."""
        choices = {NotificationKind(kind): Channel(how) for kind, how in self.choices.items()}
        return Preferences(mail=self.mail, digest_minute=self.digest_minute, choices=choices)


async def preferences(tx: Reader, account: AccountId, users: Sequence[UserId]) -> Mapping[UserId, Preferences]:
    """Return what some people chose; who never did is not among them."""
    found = await tx.rows(
        SettingsRow,
        "SELECT user_id, mail, digest_minute, choices FROM notification_settings"
        " WHERE account_id = %s AND user_id = ANY(%s)",
        (account, list(users)),
    )
    return {row.user_id: row.preferences() for row in found}


async def put(tx: Writer, account: AccountId, user: UserId, chosen: Preferences, now: datetime) -> None:
    """Set what a person chose; a digest that waits is planned anew."""
    choices = {kind.value: how.value for kind, how in chosen.choices.items()}
    tx.put(
        "INSERT INTO notification_settings (account_id, user_id, mail, digest_minute, choices, changed_at)"
        " VALUES (%(account)s, %(user)s, %(mail)s, %(minute)s, %(choices)s, %(now)s)"
        " ON CONFLICT (account_id, user_id) DO UPDATE SET mail = excluded.mail,"
        " digest_minute = excluded.digest_minute, choices = excluded.choices, changed_at = excluded.changed_at",
        {
            "account": account,
            "user": user,
            "mail": chosen.mail,
            "minute": chosen.digest_minute,
            "choices": Jsonb(choices),
            "now": now,
        },
    )
    tx.put(
        "UPDATE notifications SET mail_at = NULL WHERE account_id = %s AND user_id = %s AND mailing_id IS NULL"
        " AND channel = 'daily'",
        (account, user),
    )
