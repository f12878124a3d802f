"""The vendors' surfaces in the demo: a credential of each kind for the program's user, and their descriptions.

A surface has one function that makes its credentials and one entry in `SURFACES`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from satchel.actions.context import Context
from satchel.actions.identity import applications, credentials, hashes
from satchel.model.actor import Actor
from satchel.model.ids import UserId

PROGRAM = "integrator"
"""The owner of the credentials: the demo's user for programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorSurface:
    """One vendor's surface.

    Attributes:
        path: replaces the vendor's address, after the server's.
        make: creates the credentials that its clients need, by name; they are stored with the user's login.
        described: describes the credentials of a login.
    """

    name: str
    path: str
    make: Callable[[Context, Actor, UserId], Awaitable[Mapping[str, str]]]
    described: Callable[[Mapping[str, str]], str]


async def make_credentials(context: Context, root: Actor, user: UserId) -> dict[str, str]:
    """Create the credentials of every surface for a user, as an administrator, and return them by name."""
    made: dict[str, str] = {}
    for surface in SURFACES:
        made |= await surface.make(context, root, user)
    return made


async def _navixy(context: Context, root: Actor, user: UserId) -> Mapping[str, str]:
    made = await hashes.create_key_for(context, root, user, "demo")
    return {"navixy_hash": made.secret}


async def _questetra(context: Context, root: Actor, user: UserId) -> Mapping[str, str]:
    made = await credentials.create_api_password(context, root, user)
    return {"api_password": made.secret}


async def _flokzu(context: Context, root: Actor, user: UserId) -> Mapping[str, str]:
    made = await credentials.create_token(context, root, user, kind=credentials.NAMED_KEY, name="demo")
    return {"flokzu_key": made.secret}


async def _alloy(context: Context, root: Actor, user: UserId) -> Mapping[str, str]:
    made = await applications.create(context, root, user, "demo")
    return {"alloy_application": made.client_id, "alloy_secret": made.secret}


SURFACES = (
    VendorSurface(
        name="Navixy",
        path="/navixy/v2",
        make=_navixy,
        described=lambda login: f"login {login['email']}, password {login['password']}; hash {login['navixy_hash']}",
    ),
    VendorSurface(
        name="Questetra",
        path="/questetra",
        make=_questetra,
        described=lambda login: f"Basic {login['email']}:{login['api_password']}",
    ),
    VendorSurface(
        name="Flokzu",
        path="/flokzu/flokzuopenapi/api",
        make=_flokzu,
        described=lambda login: f"X-Username: {login['email']}, X-Api-Key: {login['flokzu_key']}",
    ),
    VendorSurface(
        name="Alloy",
        path="/alloy/api",
        make=_alloy,
        described=lambda login: (
            f"client_id {login['alloy_application']}, client_secret {login['alloy_secret']};"
            f" or username {login['email']}, password {login['password']}"
        ),
    ),
)
"""In the order of printing."""
