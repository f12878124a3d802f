"""Who asks: tokens for an application's secret or a person's password; whom an application acts for; a profile."""

from collections.abc import Mapping

from satchel.actions.identity import accounts, applications
from satchel.actions.identity.applications import IssuedToken
from satchel.model.actor import Actor
from satchel.model.errors import InvalidRequest, NotFound, SatchelError, TooManyRequests, Unauthenticated
from satchel.surfaces.alloy import outputs
from satchel.surfaces.alloy.addresses import BASE
from satchel.surfaces.alloy.errors import no_object
from satchel.surfaces.alloy.inputs import Inputs, plain_text
from satchel.surfaces.alloy.names import PERSON, guid, guid_text, oid, person_guid, read_person
from satchel.surfaces.kit.endpoints import Endpoint, endpoint
from satchel.surfaces.kit.errors import headers_of
from satchel.surfaces.kit.exchange import Exchange, Reply, json_reply

SCHEME = "bearer"
ACTING_FOR = "impersonating-user-id"

_ACTS_FOR_OTHERS = "alloy.acts_for_others"


async def authenticate(exchange: Exchange) -> Actor | None:
    """Return who asks, by the one header Authorization; for an application, the person that it acts for, if any.

    Raises:
        Unauthenticated: the token is unknown or has ended, or two came.
        InvalidRequest: two persons are named.
        Refused: there is no such person in the account.
        Forbidden: a person acts for another.
    """
    sent = exchange.header_values("authorization")
    if not sent:
        return None
    scheme, _, token = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != SCHEME:
        raise Unauthenticated
    exchange.secret = token.strip()
    actor = (await applications.by_token(exchange.context, exchange.secret, address=exchange.address)).by_rights_only()
    exchange.known_actor = actor
    persons = exchange.header_values(ACTING_FOR)
    if len(persons) > 1:
        raise InvalidRequest("An application acts for one person: send Impersonating-User-Id once.")
    if persons and persons[0]:
        exchange.known_actor = (await _acting_for(exchange, actor, persons[0])).by_rights_only()
    return exchange.known_actor


async def _acting_for(exchange: Exchange, actor: Actor, person: str) -> Actor:
    user = read_person(person)
    if user is None:
        raise no_object(person)
    try:
        found = await applications.acting_for(exchange.context, actor, user)
    except NotFound:
        raise no_object(person) from None
    exchange.scope[_ACTS_FOR_OTHERS] = True
    return found


def sees_own_only(exchange: Exchange) -> bool:
    """Return whether an application acts for a person, who then has only the objects that they created."""
    return bool(exchange.scope.get(_ACTS_FOR_OTHERS))


async def token(exchange: Exchange) -> Reply:
    """Give a token of eight hours for a sign-in."""
    try:
        given = await _fields(exchange)
        grant = given.get("grant_type", "")
        if grant == "client_credentials":
            return _answer(exchange, await _application(exchange, given))
        if grant == "password":
            return _answer(exchange, await _person(exchange, given))
    except SatchelError as error:
        if isinstance(error, TooManyRequests):
            refused = _failure("invalid_grant", error.message)
            refused.headers |= headers_of(error)
            return refused
        if error.kind.value < 500:  # noqa: PLR2004  # what the server cannot do has the envelope of every call
            return _failure("invalid_request", error.message)
        raise
    except _WrongError as wrong:
        return _failure(wrong.error, "")
    return _failure("unsupported_grant_type", "grant_type is client_credentials or password.")


class _SignIn(Inputs):
    """What a sign-in is given; a form will do, too."""

    takes_form = True


class _WrongError(Exception):
    """A sign-in failed; `error` is its code."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


async def _application(exchange: Exchange, given: Mapping[str, str]) -> IssuedToken:
    if "username" in given or "password" in given:
        raise InvalidRequest("Send an application's id and secret or a person's user name and password, not both.")
    try:
        return await applications.sign_in(
            exchange.context, given.get("client_id", ""), given.get("client_secret", ""), address=exchange.address
        )
    except Unauthenticated:
        raise _WrongError("invalid_client") from None


async def _person(exchange: Exchange, given: Mapping[str, str]) -> IssuedToken:
    if "client_id" in given or "client_secret" in given:
        raise InvalidRequest("Send an application's id and secret or a person's user name and password, not both.")
    try:
        return await applications.sign_in_person(
            exchange.context, given.get("username", ""), given.get("password", ""), address=exchange.address
        )
    except Unauthenticated:
        raise _WrongError("invalid_grant") from None


async def _fields(exchange: Exchange) -> Mapping[str, str]:
    """Return the fields of the form, or of the same as JSON, by lower-case name."""
    given = await _SignIn.of_body(exchange)
    return {given.key(name): plain_text(name, value) for name, value in given.members.items()}


def _answer(exchange: Exchange, made: IssuedToken) -> Reply:
    seconds = int((made.expires_at - exchange.context.clock()).total_seconds()) - 1
    return json_reply({"access_token": made.secret, "token_type": SCHEME, "expires_in": max(seconds, 0)})


def _failure(error: str, description: str) -> Reply:
    found = {"error": error, "error_description": description} if description else {"error": error}
    return json_reply(found, status=400)


async def profile(exchange: Exchange) -> Reply:
    """Return who asks: a person, or an application by its name."""
    actor = exchange.actor
    if applications.is_application(actor):
        known = await applications.application_of(exchange.context, actor)
        items = [("ID", "ID", guid_text(known.client_id)), ("Name", "Name", known.name)]
        return outputs.success(exchange, outputs.items([*items, ("Technician", "Technician", "false")]))
    first, _, last = actor.name.rpartition(" ")
    found = [
        ("ID", "ID", guid(person_guid(actor.user_id)) if actor.user_id is not None else ""),
        ("OID", "OID", oid(PERSON, actor.user_id or 0)),
        ("First_Name", "First Name", first),
        ("Last_Name", "Last Name", last),
        ("Full_Name", "Full Name", actor.name),
        ("Email", "E-mail", actor.email),
        ("Organization", "Organization", await accounts.name_of(exchange.context, actor)),
        ("Technician", "Technician", "false" if sees_own_only(exchange) else "true"),
        ("Available_Now", "Available Now", "true"),
        ("Address", "Address", ""),
        ("Gender", "Gender", ""),
    ]
    return outputs.success(exchange, outputs.items(found))


ENDPOINTS: tuple[Endpoint, ...] = (
    endpoint("POST", f"{BASE}/token", token, is_open=True),
    endpoint("GET", f"{BASE}/profile", profile),
)
"""The routes of this module."""
