"""The caller: sign-in and session, and who they are."""

from datetime import timedelta

from satchel.actions.identity import credentials, profile, sessions
from satchel.model.api import people as api
from satchel.model.errors import ChooseAccount, InvalidValues, NotFound, TooManyRequests, Unauthenticated
from satchel.surfaces.kit.endpoints import Answer, endpoint
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.native import inputs
from satchel.surfaces.native.auth import SESSION_COOKIE
from satchel.surfaces.native.description.answers import NOTHING, makes, shows
from satchel.surfaces.native.outputs import people as outputs

_KEPT_LONGER = timedelta(days=1)
"""How long a browser keeps the cookie of a session that has ended: by it, `session_ended` differs from no sign-in."""


async def sign_in(exchange: Exchange) -> Reply:
    """Open a session for an e-mail and a password; if they fit several accounts, one has to be named."""
    given = await exchange.read(inputs.SignIn)
    actor = await credentials.by_password(
        exchange.context,
        given.email,
        given.password,
        kind="password",
        address=exchange.address,
        account=given.account,
        may_choose=True,
    )
    opened = await sessions.open_session(exchange.context, actor, device=exchange.header("user-agent") or "")
    lifetime = exchange.context.policy.session_max_lifetime + _KEPT_LONGER
    headers = {"Set-Cookie": _cookie(exchange, opened.secret, lifetime)}
    return json_reply(outputs.session(actor, opened), status=201, headers=headers)


def _cookie(exchange: Exchange, value: str, lifetime: timedelta) -> str:
    secure = "; Secure" if exchange.parts.public_url.startswith("https:") else ""
    seconds = int(lifetime.total_seconds())
    return f"{SESSION_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"


async def session(exchange: Exchange) -> Reply:
    """Return the session of this request, with its CSRF token."""
    found = await sessions.read(exchange.context, exchange.actor, exchange.secret)
    return json_reply(outputs.session(exchange.actor, found))


async def sign_out(exchange: Exchange) -> Reply:
    """End the session of this request."""
    actor = exchange.actor
    if actor.credential_id is not None and actor.user_id is not None:
        for known in await credentials.of_user(exchange.context, actor, actor.user_id):
            if known.id == actor.credential_id and known.kind == sessions.SESSION:
                await credentials.revoke(exchange.context, actor, known.id)
    return Reply(status=204, headers={"Set-Cookie": _cookie(exchange, "", timedelta())})


async def me(exchange: Exchange) -> Reply:
    """Return the caller, with groups and rights."""
    return json_reply(outputs.me(exchange.actor))


async def update(exchange: Exchange) -> Reply:
    """Change the caller's name, time zone or language."""
    given = await exchange.read(inputs.ProfileChange)
    changed = await profile.update(
        exchange.context, exchange.actor, name=given.name, time_zone=given.time_zone, locale=given.locale
    )
    return json_reply(outputs.me(changed))


async def change_password(exchange: Exchange) -> Reply:
    """Replace the caller's password; their other sessions end."""
    given = await exchange.read(inputs.PasswordChange)
    await profile.change_password(exchange.context, exchange.actor, old=given.old, new=given.new)
    return Reply(status=204)


async def own_sessions(exchange: Exchange) -> Reply:
    """List the caller's sessions that have not ended, newest first; `DELETE /credentials/{id}` ends one."""
    found = await sessions.of_caller(exchange.context, exchange.actor)
    return json_reply(api.OwnSessions(items=[outputs.own_session(one) for one in found], next=None))


async def end_other_sessions(exchange: Exchange) -> Reply:
    """End all of the caller's sessions but the one of this request."""
    await sessions.end_others(exchange.context, exchange.actor)
    return Reply(status=204)


ENDPOINTS = (
    endpoint(
        "POST",
        "/api/v1/session",
        sign_in,
        body=inputs.SignIn,
        answers=makes(api.Session, "Set-Cookie"),
        refuses=(Unauthenticated, ChooseAccount, TooManyRequests),
        is_open=True,
    ),
    endpoint("GET", "/api/v1/session", session, answers=shows(api.Session), refuses=(NotFound,)),
    endpoint("DELETE", "/api/v1/session", sign_out, answers=(Answer(status=204, headers=("Set-Cookie",)),)),
    endpoint("GET", "/api/v1/me", me, answers=shows(api.Me)),
    endpoint(
        "PATCH",
        "/api/v1/me",
        update,
        body=inputs.ProfileChange,
        answers=shows(api.Me),
        refuses=(InvalidValues,),
    ),
    endpoint(
        "POST",
        "/api/v1/me/password",
        change_password,
        body=inputs.PasswordChange,
        answers=NOTHING,
        refuses=(InvalidValues,),
    ),
    endpoint("GET", "/api/v1/me/sessions", own_sessions, answers=shows(api.OwnSessions)),
    endpoint("DELETE", "/api/v1/me/sessions", end_other_sessions, answers=NOTHING),
)
"""The routes of this module."""
