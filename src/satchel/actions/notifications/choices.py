"""Choices: how notifications reach a person, by their own settings, and the end of all mail by one click.

The address for that click is signed and works without sign-in, as RFC 8058 demands. It does one thing, by POST only:
it ends the mail of the person to whom it was sent. Whoever has it can do no more with it.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from satchel.actions.context import Context
from satchel.actions.files import signing
from satchel.actions.history import write_event
from satchel.actions.identity.actors import actor_of
from satchel.db import accounts as users
from satchel.db import keys
from satchel.db import notification_settings as rows
from satchel.db.keys import SigningKey
from satchel.db.pool import Writer
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidValues, Unauthenticated
from satchel.model.ids import AccountId, UserId
from satchel.model.notifications import Channel, NotificationKind, Preferences

NO_CHOICES: Final = Preferences(choices={})
"""Of a person who never chose."""

_PURPOSE: Final = b"satchel-stop-mail-1"
_NUMBERS: Final = struct.Struct(">qqq")
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person changes; None leaves what there is, and of `choices` a kind that maps to None takes it back."""

    mail: bool | None = None
    digest_at: str | None = None
    choices: Mapping[str, str | None]


async def read(context: Context, actor: Actor) -> Preferences:
    """Return what the actor chose."""
    user = _user(actor)
    async with context.database.read() as tx:
        return (await rows.preferences(tx, actor.account_id, [user])).get(user, NO_CHOICES)


async def update(context: Context, actor: Actor, change: Change) -> Preferences:
    """Change what the actor chose, and return it.

    Raises:
        InvalidValues: a kind, a channel or the time is unknown; nothing was changed.
    """
    user = _user(actor)
    minute, choices = _checked(change)
    async with context.database.write() as tx:
        await users.lock_user(tx, actor.account_id, user)
        known = (await rows.preferences(tx, actor.account_id, [user])).get(user, NO_CHOICES)
        kept = {kind: how for kind, how in known.choices.items() if kind not in choices}
        chosen = Preferences(
            mail=known.mail if change.mail is None else change.mail,
            digest_minute=known.digest_minute if minute is None else minute,
            choices={**kept, **{kind: how for kind, how in choices.items() if how is not None}},
        )
        await _put(context, tx, actor, user, chosen)
    return chosen


def _checked(change: Change) -> tuple[int | None, Mapping[NotificationKind, Channel | None]]:
    faults: list[FieldFault] = []
    choices: dict[NotificationKind, Channel | None] = {}
    for kind, how in change.choices.items():
        if kind not in set(NotificationKind):
            message = f"There is no kind of notification {kind[:80]!r}; known are: {', '.join(NotificationKind)}."
            faults.append(FieldFault(field=f"choices.{kind[:80]}", code="unknown_value", message=message))
        elif how is not None and how not in set(Channel):
            message = f"It must be null or one of: {', '.join(Channel)}."
            faults.append(FieldFault(field=f"choices.{kind}", code="unknown_value", message=message))
        else:
            choices[NotificationKind(kind)] = None if how is None else Channel(how)
    time = _TIME.fullmatch(change.digest_at) if change.digest_at is not None else None
    if change.digest_at is not None and time is None:
        faults.append(FieldFault(field="digest_at", code="format", message="Write a time of day such as 08:00."))
    if faults:
        raise InvalidValues(faults)
    return None if time is None else int(time[1]) * 60 + int(time[2]), choices


async def _put(context: Context, tx: Writer, actor: Actor, user: UserId, chosen: Preferences) -> None:
    await rows.put(tx, actor.account_id, user, chosen, context.clock())
    await write_event(tx, context, actor, "notifications.changed", {"user": user, "mail": chosen.mail})


def stop_url(context: Context, account: AccountId, user: UserId, key: SigningKey) -> str:
    """Return the address that ends all mail to a person."""
    parts = [_NUMBERS.pack(account, user, key.id), context.entropy(signing.NONCE_BYTES)]
    token = signing.sign(key.secret, _PURPOSE, parts)
    return f"{context.policy.public_url}/api/v1/notifications/stop/{token}"


async def check_stop(context: Context, token: str) -> None:
    """Check that an address that ends mail was signed here.

    Raises:
        Forbidden: it was not, or with a key that is no longer used.
    """
    await _read(context, token)


async def stop(context: Context, token: str, address: str | None) -> None:
    """End all mail to the person whom an address was sent to; does nothing where it has ended, or they are gone.

    Raises:
        Forbidden: the address was not signed here, or with a key that is no longer used.
    """
    account, user = await _read(context, token)
    async with context.database.write() as tx:
        await users.lock_user(tx, account, user)
        actor = await actor_of(tx, account, user, address=address)
        known = (await rows.preferences(tx, account, [user])).get(user, NO_CHOICES)
        if actor is not None and known.mail:
            await _put(context, tx, actor, user, replace(known, mail=False))


async def _read(context: Context, token: str) -> tuple[AccountId, UserId]:
    claimed = signing.read(token, parts=2)
    if len(claimed.parts[0]) != _NUMBERS.size:
        raise signing.refused()
    account, user, key_id = _NUMBERS.unpack(claimed.parts[0])
    async with context.database.read() as tx:
        key = await keys.key(tx, key_id)
    if key is None or not signing.is_ours(key.secret, _PURPOSE, claimed):
        raise signing.refused()
    return AccountId(account), UserId(user)


def _user(actor: Actor) -> UserId:
    if actor.user_id is None:
        raise Unauthenticated
    return actor.user_id
