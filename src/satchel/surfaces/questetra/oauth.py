"""OAuth2: the page on which a person signs in and allows a program, and the address where it gets its tokens.

The page is one form without scripts. It carries a token that only a page of ours can have (a cookie holds the other
half), names nothing of the account before somebody signed in, and may be shown in no frame. Its answer goes to an
address that was registered for the program, and to no other.
"""

import hmac
from collections.abc import Mapping
from html import escape
from urllib.parse import unquote_plus, urlencode, urlsplit

from satchel.actions.identity import credentials, oauth
from satchel.actions.identity.oauth import AuthorizationRequest
from satchel.actions.tokens import new_token
from satchel.model.errors import Forbidden, InvalidRequest, SatchelError, TooManyRequests, Unauthenticated
from satchel.surfaces.kit.authorization import basic_of
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.errors import headers_of
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply
from satchel.surfaces.questetra.addresses import PREFIX
from satchel.surfaces.questetra.inputs import Inputs

AUTHORIZE = f"{PREFIX}/oauth2/authorize"
TOKEN = f"{PREFIX}/oauth2/token"

_COOKIE = "satchel_oauth"
_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")
_SCOPE_TEXTS = {
    "any": "see and change everything that you may see and change",
    "read": "see everything that you may see, and change nothing",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:8vh auto;padding:0 1rem;color:#222;"
    "background:#fafafa}"
    "h1{font-size:1.35rem}label{display:block;margin:1rem 0 .25rem}"
    "input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #888;border-radius:4px}"
    "button{font:inherit;margin:1.5rem .5rem 0 0;padding:.5rem 1.25rem;border:1px solid #555;border-radius:4px;"
    "background:#fff}"
    ".yes{background:#1d5fa8;border-color:#1d5fa8;color:#fff}.bad{color:#a40000}code{overflow-wrap:anywhere}"
)


async def ask(exchange: Exchange) -> Reply:
    """Show the page on which a person allows a program."""
    given = await Inputs.read(exchange)
    wish = await _wish(exchange, given)
    if isinstance(wish, Reply):
        return wish
    return _page(exchange, wish, given)


async def answer(exchange: Exchange) -> Reply:
    """Take a person's answer and send it to the program."""
    given = await Inputs.read(exchange)
    _check_origin(exchange, given.text_or("csrf", ""))
    wish = await _wish(exchange, given)
    if isinstance(wish, Reply):
        return wish
    if given.text_or_none("decision") != "allow":
        return _back(wish.redirect_uri, {"error": "access_denied", "state": wish.state})
    email, password = given.text_or("email", ""), given.text_or("password", "")
    try:
        actor = await credentials.by_password(
            exchange.context,
            email,
            password,
            kind="password",
            address=exchange.address,
            prefers=wish.client.account_id,
        )
        exchange.known_actor = actor
        code = await oauth.allow(exchange.context, actor, wish)
    except (Unauthenticated, TooManyRequests, Forbidden) as error:
        status = error.kind.value if isinstance(error, TooManyRequests) else 401
        page = _page(exchange, wish, given, wrong=error.message, status=status, email=email)
        page.headers |= headers_of(error)
        return page
    return _back(wish.redirect_uri, {"code": code, "state": wish.state})


async def _wish(exchange: Exchange, given: Inputs) -> AuthorizationRequest | Reply:
    """Return what a program asks for, or the refusal that it is sent.

    Raises:
        InvalidRequest: the program or its address is not known, so that nothing may be sent there.
    """
    program = await oauth.client(exchange.context, given.text_or("client_id", ""))
    redirect = given.text_or("redirect_uri", "")
    if not redirect and len(program.redirect_uris) == 1:
        redirect = program.redirect_uris[0]
    if redirect not in program.redirect_uris:
        raise oauth.refused("invalid_request", "The redirect_uri is not one that was registered for this program.")
    state = given.text_or_none("state")
    scope = given.text_or("scope", "any")
    try:
        if given.text_or_none("response_type") != "code":
            raise oauth.refused("unsupported_response_type", "The response_type must be code.")
        if scope not in oauth.SCOPES:
            raise oauth.refused("invalid_scope", f"The scope must be one of {', '.join(oauth.SCOPES)}.")
        challenge = oauth.check_challenge(
            program, given.text_or_none("code_challenge"), given.text_or_none("code_challenge_method")
        )
    except SatchelError as error:
        said = {"error": str(error.members["oauth"]), "error_description": error.message, "state": state}
        return _back(redirect, said)
    return AuthorizationRequest(client=program, redirect_uri=redirect, scope=scope, challenge=challenge, state=state)


def _back(redirect: str, said: Mapping[str, str | None]) -> Reply:
    """Return the answer that sends the browser to the program."""
    mark = "&" if urlsplit(redirect).query else "?"
    query = urlencode({name: value for name, value in said.items() if value is not None})
    return Reply(status=303, headers={"Location": f"{redirect}{mark}{query}", "Referrer-Policy": "no-referrer"})


def _check_origin(exchange: Exchange, token: str) -> None:
    """Pass only a form that a page of ours sent.

    Raises:
        Forbidden: the token or its cookie is missing, or they differ.
    """
    if not token or not hmac.compare_digest((exchange.cookie(_COOKIE) or "").encode(), token.encode()):
        raise Forbidden("This form is not of this page, or its cookie is gone. Go back to the program and try again.")


def _page(
    exchange: Exchange,
    wish: AuthorizationRequest,
    given: Inputs,
    *,
    wrong: str | None = None,
    status: int = 200,
    email: str = "",
) -> Reply:
    token = new_token(exchange.context.entropy)
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(given.text_or(name, ""))}">'
        for name in _ASKED
        if name in given
    )
    name = escape(wish.client.name)
    alert = "" if wrong is None else f'<p class="bad" role="alert">{escape(wrong)}</p>'
    body = (
        f"<h1>Allow {name}?</h1><p><strong>{name}</strong> asks to {_SCOPE_TEXTS[wish.scope]}. Your answer goes to"
        f" <code>{escape(_origin(wish.redirect_uri))}</code>.</p>{alert}"
        f'<form method="post" action="authorize">{kept}<input type="hidden" name="csrf" value="{token}">'
        '<label for="email">E-mail</label>'
        f'<input id="email" name="email" type="text" inputmode="email" autocomplete="username" value="{escape(email)}">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password">'
        '<button class="yes" name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny" formnovalidate>Deny</button></form>'
    )
    secure = "; Secure" if exchange.parts.public_url.startswith("https:") else ""
    cookie = f"{_COOKIE}={token}; HttpOnly; SameSite=Strict; Max-Age=1800{secure}"
    reply = html(exchange, "Allow a program", body, status=status, also_to=_origin(wish.redirect_uri))
    reply.headers["Set-Cookie"] = cookie
    return reply


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def html(exchange: Exchange, title: str, body: str, *, status: int, also_to: str = "") -> Reply:
    """Return a page without scripts; browsers check where its form ends up, so `also_to` is where that may be."""
    nonce = new_token(exchange.context.entropy)
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)} - Satchel</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<style nonce="{nonce}">{_STYLE}</style><main>{body}</main></html>'
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self' {also_to}; base-uri 'none';"
        " frame-ancestors 'none'"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
    }
    return Reply(status=status, body=text.encode(), headers=headers)


async def token(exchange: Exchange) -> Reply:
    """Exchange a code, or a refresh token, for an access token."""
    given = await Inputs.read(exchange)
    client_id, secret = _client(exchange, given)
    program = await oauth.sign_in(exchange.context, client_id, secret, address=exchange.address)
    kind = given.text_or("grant_type", "")
    if kind == "authorization_code":
        only = program.redirect_uris[0] if len(program.redirect_uris) == 1 else ""
        made = await oauth.exchange(
            exchange.context,
            program,
            given.text_or("code", ""),
            redirect_uri=given.text_or("redirect_uri", only),
            verifier=given.text_or_none("code_verifier"),
        )
    elif kind == "refresh_token":
        made = await oauth.renew(
            exchange.context, program, given.text_or("refresh_token", ""), scope=given.text_or_none("scope")
        )
    else:
        raise oauth.refused("unsupported_grant_type", "The grant_type is authorization_code or refresh_token.")
    found = {
        "access_token": made.access,
        "token_type": "Bearer",
        "expires_in": int(oauth.ACCESS_LIFETIME.total_seconds()),
        "refresh_token": made.refresh,
        "scope": made.scope,
    }
    return json_reply(found, headers={"Pragma": "no-cache"})


def _client(exchange: Exchange, given: Inputs) -> tuple[str, str | None]:
    """Return a program's id and secret: of the body, or of Basic, in which both are urlencoded (RFC 6749, 2.3.1).

    Raises:
        Unauthenticated: what came as Basic is none.
        InvalidRequest: the secret came both ways, or the ids differ.
    """
    client_id, secret = given.text_or("client_id", ""), given.text_or_none("client_secret")
    sent = exchange.authorization
    if sent is None or sent[0] != "basic":
        return client_id, secret
    name, password = (unquote_plus(part) for part in basic_of(sent[1]))
    if secret is not None or client_id not in ("", name):
        raise InvalidRequest("Send the client's id and secret in one way: by Basic, or in the body.")
    return name, password


def document(error: SatchelError | None, exchange: Exchange, status: int) -> Reply:
    """Return an error of these addresses: a page for people, RFC 6749's object for programs."""
    message = f"Something went wrong here ({exchange.request_id})." if error is None else error.message
    if str(exchange.scope["path"]) != TOKEN:
        return html(
            exchange, "Not possible", f'<h1>That did not work</h1><p class="bad">{escape(message)}</p>', status=status
        )
    code = "server_error" if error is None else "invalid_request"
    if isinstance(error, Unauthenticated):
        code = "invalid_client"
    if error is not None:
        code = str(error.members.get("oauth", code))
    challenge = (
        {"WWW-Authenticate": 'Basic realm="Satchel"'} if code == "invalid_client" and _by_basic(exchange) else {}
    )
    return json_reply({"error": code, "error_description": message}, status=status, headers=challenge)


def _by_basic(exchange: Exchange) -> bool:
    return (exchange.header("authorization") or "").strip().lower().startswith("basic ")


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("GET", AUTHORIZE, ask, is_open=True),
    endpoint("POST", AUTHORIZE, answer, is_open=True),
    endpoint("POST", TOKEN, token, is_open=True),
)
"""The routes of this module."""
