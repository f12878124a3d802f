"""How calls sign in: Basic, a fixed token or header, or OAuth2 client credentials; and how that stays unseen."""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote_plus, urlencode

import msgspec

from satchel.actions.context import Context
from satchel.actions.identity import secrets
from satchel.actions.vault import Bearer
from satchel.model.ids import AccountId
from satchel.model.services import Auth, AuthKind
from satchel.outbound.failure import CallFailed
from satchel.outbound.http import Bounds
from satchel.outbound.request import Request, bytes_body
from satchel.outbound.target import Target

HIDDEN = "***"
TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
"""Statuses after which the same call may succeed."""

_REPLY_BYTES = 64 * 1024
_EARLY = timedelta(seconds=30)
_LONGEST = timedelta(days=1)
_SHORTEST_HIDDEN = 4


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallCredentials:
    """What signs a call in.

    Attributes:
        headers: to be sent to the first server only.
        hides: texts that must not be recorded where the other side repeats them.
        cached: under what a bearer token is kept that another call got; None if this call got its own.
    """

    headers: tuple[tuple[str, str], ...] = ()
    hides: tuple[str, ...] = ()
    cached: tuple[object, ...] | None = None

    def hide(self, text: str) -> str:
        """Return a text of the other side without what signed the call in, also where its end cut that short."""
        for secret in self.hides:
            for spelled in {secret, quote_plus(secret), json.dumps(secret)[1:-1]}:
                text = text.replace(spelled, HIDDEN)
                for length in range(len(spelled) - 1, _SHORTEST_HIDDEN - 1, -1):
                    if text.endswith(spelled[:length]):
                        text = text[:-length] + HIDDEN
                        break
        return text


async def check(context: Context, account: AccountId, app: str, auth: Auth | None, target: Target) -> None:
    """Pass only where an app's call to `target` could be signed in; nothing is opened or asked for.

    Raises:
        CallFailed: `secret`: it is not there for the app, or may not go there.
    """
    if auth is not None:
        await secrets.require(context, account, app, auth.secret, *_reached(auth, target))


def _reached(auth: Auth, target: Target) -> tuple[Target, ...]:
    """Return where a secret goes, and what is got with it."""
    return (Target.parse(auth.token_url), target) if auth.kind is AuthKind.OAUTH2 else (target,)


async def sign(
    context: Context, account: AccountId, app: str, auth: Auth | None, target: Target, *, within: timedelta
) -> CallCredentials:
    """Return what signs an app's call to `target` in, which may take as long as the whole call.

    Raises:
        CallFailed: `secret`, or whatever kept an OAuth2 token from being given.
    """
    if auth is None:
        return CallCredentials()
    if auth.kind is AuthKind.OAUTH2:
        return await _oauth2(context, account, app, auth, target, within=within)
    secret = await secrets.reveal(context, account, app, auth.secret, target)
    match auth.kind:
        case AuthKind.BASIC:
            pair = base64.b64encode(f"{auth.user}:{secret}".encode()).decode()
            return CallCredentials(headers=(("Authorization", f"Basic {pair}"),), hides=(secret, pair))
        case AuthKind.BEARER:
            return CallCredentials(headers=(("Authorization", f"Bearer {secret}"),), hides=(secret,))
        case _:
            return CallCredentials(headers=((auth.header, secret),), hides=(secret,))


def refused(context: Context, signed: CallCredentials) -> bool:
    """Forget a bearer token that another call got and the other side no longer takes; return whether it was one."""
    if signed.cached is None:
        return False
    context.vault.bearers.pop(signed.cached, None)
    return True


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


async def _oauth2(
    context: Context, account: AccountId, app: str, auth: Auth, target: Target, *, within: timedelta
) -> CallCredentials:
    """Get a token by the client's credentials (RFC 6749, 4.4), or take the one that still works.

    Hosts that the secret is bound to bind the token too: otherwise the author of an app could have it sent anywhere.
    """
    there = Target.parse(auth.token_url)
    secret = await secrets.reveal(context, account, app, auth.secret, *_reached(auth, target))  # before a kept token
    key = (
        account, auth.token_url, auth.user, auth.scope, target.origin, hashlib.sha256(secret.encode()).digest()
    )  # fmt: skip  # one line tells that the whole is one key
    known = context.vault.bearers.get(key)
    is_cached = known is not None and (known.ends_at is None or context.clock() < known.ends_at)
    if known is None or not is_cached:
        known = await _ask(context, auth, there, secret, within)
        context.vault.bearers[key] = known
    return CallCredentials(
        headers=(("Authorization", f"Bearer {known.token}"),),
        hides=(secret, known.token),
        cached=key if is_cached else None,
    )


async def _ask(context: Context, auth: Auth, there: Target, secret: str, within: timedelta) -> Bearer:
    given = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
    pair = base64.b64encode(f"{quote_plus(auth.user)}:{quote_plus(secret)}".encode()).decode()  # RFC 6749, 2.3.1
    request = Request(
        method="POST",
        target=there,
        headers=[("Accept", "application/json")],
        secret_headers=[("Authorization", f"Basic {pair}")],
        body=bytes_body(urlencode(given).encode(), "application/x-www-form-urlencoded"),
    )
    bounds = Bounds(connect=None, idle=None, total=within, reply_bytes=_REPLY_BYTES)
    async with context.http.send(request, bounds) as reply:
        if reply.status != 200:  # noqa: PLR2004  # RFC 6749, 5.1
            raise CallFailed(
                "secret",
                f"{there.shown} answered {reply.status} when asked for a token with the secret {auth.secret}.",
                is_temporary=reply.status in TRY_LATER,
                retry_after_s=reply.retry_after_s(context.clock()),
                is_sent=True,
                status=reply.status,
            )
        data = await reply.read()
    try:
        token = msgspec.json.decode(data, type=_Token)
    except (msgspec.DecodeError, RecursionError):
        raise CallFailed("secret", f"{there.shown} gave no token that can be used.", is_sent=True) from None
    lasts = token.expires_in
    ends_at = None
    if lasts is not None:
        lifetime = timedelta(seconds=max(0.0, min(lasts, _LONGEST.total_seconds())))
        ends_at = context.clock() + max(lifetime - _EARLY, lifetime / 2)
    return Bearer(token=token.access_token, ends_at=ends_at)
