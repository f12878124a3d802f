"""Secrets: what the calls of an account sign in with elsewhere; set by administrators, used by name, never shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import secrets as rows
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.ids import AccountId
from satchel.model.services import SECRET_NAME, SECRET_NAME_HINT
from satchel.outbound.failure import CallFailed
from satchel.outbound.target import Target

MAX_SECRET_BYTES = 4_096
MAX_HOSTS = 20

_HOST = re.compile(r"[a-z0-9.:_-]{1,253}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretInfo:
    """All that is told of a secret: that it is there, where it may go, and when it was set."""

    name: str
    hosts: Sequence[str]
    changed_at: datetime


async def listing(context: Context, actor: Actor) -> Sequence[SecretInfo]:
    """Return the account's secrets without their values, by name.

    Raises:
        Forbidden: the actor is no administrator.
    """
    access.require_admin(actor)
    async with context.database.read() as tx:
        found = await rows.secrets(tx, actor.account_id)
    return [SecretInfo(name=row.name, hosts=row.hosts, changed_at=row.changed_at) for row in found]


async def put(context: Context, actor: Actor, name: str, value: str, hosts: Sequence[str] = ()) -> None:
    """Set a secret, in place of the one of that name if there is one.

    Args:
        hosts: the only ones that it, or a token that is got with it, is ever sent to; none lets it go to any.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the name, the value or a host cannot be used.
    """
    access.require_admin(actor)
    faults: list[FieldFault] = []
    if not SECRET_NAME.fullmatch(name):
        faults.append(FieldFault(field="name", code="format", message=SECRET_NAME_HINT))
    if not value or _CONTROL.search(value) or len(value.encode()) > MAX_SECRET_BYTES:
        message = f"use 1 to {MAX_SECRET_BYTES} bytes without line breaks or control characters."
        faults.append(FieldFault(field="value", code="format", message=message))
    lower = [host.strip().lower() for host in hosts]
    if len(lower) > MAX_HOSTS or not all(_HOST.fullmatch(host) for host in lower):
        message = f"name {MAX_HOSTS} hosts at most, such as api.example.com, without scheme or path."
        faults.append(FieldFault(field="hosts", code="format", message=message))
    if faults:
        raise InvalidValues(faults)
    sealed = context.vault.seal(actor.account_id, name, value, context.entropy)
    async with context.database.write() as tx:
        await rows.put_secret(
            tx, actor.account_id, name, sealed=sealed, hosts=lower, now=context.clock(), by=actor.user_id
        )
        await write_event(tx, context, actor, "secret.set", {"name": name, "hosts": lower})


async def delete(context: Context, actor: Actor, name: str) -> None:
    """Forget a secret; calls that name it fail from now on.

    Raises:
        Forbidden: the actor is no administrator.
        NotFound: there is none of that name.
    """
    access.require_admin(actor)
    async with context.database.write() as tx:
        if not await rows.delete_secret(tx, actor.account_id, name):
            raise NotFound("secret", name)
        await write_event(tx, context, actor, "secret.deleted", {"name": name})


async def reveal(context: Context, account: AccountId, name: str, *targets: Target) -> str:
    """Return a secret for a call; only what makes calls may ask.

    Args:
        context: of the server.
        account: whose secret it is.
        name: of the secret.
        targets: where it goes, and where anything goes that is got with it.

    Raises:
        CallFailed: `secret`: it is not there, does not open, or may not go to one of the hosts.
    """
    async with context.database.read() as tx:
        row = await rows.secret(tx, account, name)
    if row is None:
        raise CallFailed("secret", f"There is no secret {name}; set it with: satchel admin secret {name}")
    for target in targets:
        if row.hosts and target.host.lower() not in row.hosts:
            allowed = ", ".join(row.hosts)
            raise CallFailed(
                "secret",
                f"The secret {name} goes to {allowed} only, not to {target.host}, and so does what is got with it.",
            )
    value = context.vault.open(account, name, row.sealed)
    if value is None:
        raise CallFailed(
            "secret",
            f"The secret {name} was sealed with another key than this server's; restore that key, or set it again.",
        )
    return value
