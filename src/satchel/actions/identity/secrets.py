"""Secrets: what the calls of an account sign in with elsewhere; set by administrators, used by name, never shown.

A secret says which apps may use it. Who may deploy one of these can have it sent wherever the secret may go: to the
hosts that it is bound to, or anywhere.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address

from satchel.actions import access
from satchel.actions.context import Context
from satchel.actions.history import write_event
from satchel.db import secrets as rows
from satchel.db.secrets import SecretRow
from satchel.model.actor import Actor
from satchel.model.errors import FieldFault, InvalidValues, NotFound
from satchel.model.ids import AccountId
from satchel.model.services import SECRET_NAME, SECRET_NAME_HINT
from satchel.outbound.failure import CallFailed
from satchel.outbound.target import Target

MAX_SECRET_BYTES = 4_096
MAX_HOSTS = 20
MAX_APPS = 200

_HOST = re.compile(r"(?!.{254})(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_APP = re.compile(rf"[A-Z][A-Z0-9]{{0,15}}|\{rows.EVERY_APP}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretInfo:
    """All that is told of a secret: that it is there, where it may go, which apps may use it, and when it was set."""

    name: str
    hosts: Sequence[str]
    apps: Sequence[str]
    changed_at: datetime


async def listing(context: Context, actor: Actor) -> Sequence[SecretInfo]:
    """Return the account's secrets without their values, by name.

    Raises:
        Forbidden: the actor is no administrator.
    """
    access.require_admin(actor)
    async with context.database.read() as tx:
        found = await rows.secrets(tx, actor.account_id)
    return [SecretInfo(name=row.name, hosts=row.hosts, apps=row.apps, changed_at=row.changed_at) for row in found]


async def put(
    context: Context,
    actor: Actor,
    name: str,
    value: str | None,
    hosts: Sequence[str] | None = None,
    *,
    apps: Sequence[str] | None = None,
) -> None:
    """Set a secret, in place of the one of that name if there is one; without a value, change who uses it and where.

    Args:
        context: of the server.
        actor: an administrator.
        name: of the secret.
        value: None keeps the one that is set.
        hosts: the only ones that it, or a token that is got with it, is ever sent to; an empty list lets it go to any.
            None keeps them with the value, and is an empty list with another value.
        apps: codes of those whose calls may use it, also of apps to come, or `*` for every app. None keeps those that
            have it; of a new secret, no app has it.

    Raises:
        Forbidden: the actor is no administrator.
        InvalidValues: the name, the value, a host or a code cannot be used.
        NotFound: there is no secret of that name, and no value was given.
    """
    access.require_admin(actor)
    faults: list[FieldFault] = []
    if not SECRET_NAME.fullmatch(name):
        faults.append(FieldFault(field="name", code="format", message=SECRET_NAME_HINT))
    if value is not None and (not value or _CONTROL.search(value) or len(value.encode()) > MAX_SECRET_BYTES):
        message = f"use 1 to {MAX_SECRET_BYTES} bytes without line breaks or control characters."
        faults.append(FieldFault(field="value", code="format", message=message))
    lower = None if hosts is None else [host.strip().lower() for host in hosts]
    if lower is not None and (len(lower) > MAX_HOSTS or not all(map(_can_match, lower))):
        message = f"name {MAX_HOSTS} hosts at most, such as api.example.com or ::1, without scheme, port or path."
        faults.append(FieldFault(field="hosts", code="format", message=message))
    codes = None if apps is None else list(dict.fromkeys(code.strip() for code in apps))
    if codes is not None and (len(codes) > MAX_APPS or not all(_APP.fullmatch(code) for code in codes)):
        message = f"name {MAX_APPS} apps at most by their codes, such as EVA, or * for every app."
        faults.append(FieldFault(field="apps", code="format", message=message))
    if faults:
        raise InvalidValues(faults)
    sealed = None if value is None else context.vault.seal(actor.account_id, name, value, context.entropy)
    async with context.database.write() as tx:
        kept = await rows.put_secret(
            tx, actor.account_id, name, sealed=sealed, hosts=lower, apps=codes, now=context.clock(), by=actor.user_id
        )
        if kept is None:
            raise NotFound("secret", name)
        data = {"name": name, "hosts": kept.hosts, "apps": kept.apps, "value": value is not None}
        await write_event(tx, context, actor, "secret.set", data)


def _can_match(host: str) -> bool:
    """Return whether an address can have this host as calls compare it: without port and brackets."""
    if ":" in host:
        with suppress(ValueError):
            return Target.parse(f"http://[{IPv6Address(host)}]/").host == host
        return False
    if host.replace(".", "").isdigit():
        with suppress(ValueError):
            return str(IPv4Address(host)) == host
        return False
    return _HOST.fullmatch(host) is not None


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


def missing(name: str, app: str) -> str:
    """Say that an app has no secret of this name: there is none, or the app may not use it; the two read alike."""
    return (
        f"There is no secret {name} that the app {app} may use; an administrator sets or grants it with:"
        f" satchel admin secret {name} --app {app}"
    )


async def require(context: Context, account: AccountId, app: str, name: str, *targets: Target) -> SecretRow:
    """Return a secret, still sealed, that an app's call may use.

    Args:
        context: of the server.
        account: whose secret it is.
        app: the code of the app that calls.
        name: of the secret.
        targets: where it goes, and where anything goes that is got with it.

    Raises:
        CallFailed: `secret`: it is not there for the app, or may not go to one of the hosts.
    """
    async with context.database.read() as tx:
        row = await rows.secret(tx, account, name)
    if row is None or not row.is_granted(app):
        raise CallFailed("secret", missing(name, app))
    for target in targets:
        if row.hosts and target.host.lower() not in row.hosts:
            allowed = ", ".join(row.hosts)
            raise CallFailed(
                "secret",
                f"The secret {name}, and tokens obtained with it, may be sent to {allowed} only, not to {target.host}.",
            )
    return row


async def reveal(context: Context, account: AccountId, app: str, name: str, *targets: Target) -> str:
    """Return a secret for a call; only what makes calls may ask.

    Args:
        context: of the server.
        account: whose secret it is.
        app: the code of the app that calls.
        name: of the secret.
        targets: where it goes, and where anything goes that is got with it.

    Raises:
        CallFailed: `secret`: as `require`, or it does not open.
    """
    row = await require(context, account, app, name, *targets)
    value = context.vault.open(account, name, row.sealed)
    if value is None:
        raise CallFailed(
            "secret",
            f"The secret {name} was sealed with another key than this server's; restore that key, or set it again.",
        )
    return value
