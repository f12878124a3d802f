"""Pairs of actions on the same people, one stopped at each of its statements: nothing that was replaced stays good."""

import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from interleaving import Act, at_every_statement, interleave
from satchel.actions.context import Context
from satchel.actions.exports import requests
from satchel.actions.exports.requests import ExportRequest
from satchel.actions.identity import accounts, applications, credentials, groups, sessions, sign_in, users
from satchel.model.actor import Actor, Right
from satchel.model.ids import CredentialId, ExportId, GroupId, UserId
from satchel.model.transfer.exports import Selection
from world import PASSWORD, World, bundle, open_world

FIRST, SECOND = "the first new password", "the second new password"
APP = bundle({"code": "EXP", "tasks": {"a": {}}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What two actions meet at.

    Attributes:
        person: with a password, an API password and an application.
        themselves: the person, signed in by that password.
        email, other_email: theirs, and one that is free.
        group: without members or rights.
        name, other_name: its name, and one that is free.
        export: of as many as one user may have, less one.
    """

    world: World
    person: UserId
    themselves: Actor
    email: str
    other_email: str
    application: CredentialId
    group: GroupId
    name: str
    other_name: str
    export: ExportId

    def acts(self) -> Mapping[str, Act]:
        """Return the actions by name."""
        admin, person, group = self.world.admin, self.person, self.group
        return {
            "password": lambda context: credentials.set_password(context, self.themselves, person, FIRST),
            "other password": lambda context: credentials.set_password(context, admin, person, SECOND),
            "api password": lambda context: credentials.create_api_password(context, self.themselves, person),
            "sign in": self._sign_in,
            "token": lambda context: credentials.create_token(context, self.themselves, person, kind="token", name="t"),
            "application": lambda context: applications.create(context, admin, person, "Another"),
            "secret": lambda context: applications.change_secret(context, admin, self.application),
            "revoke": lambda context: credentials.revoke(context, admin, self.application),
            "deactivate": lambda context: users.update(context, admin, person, is_active=False),
            "erase": lambda context: accounts.end_user(context, admin, person, erase=True),
            "change address": lambda context: users.update(context, admin, person, email=self.other_email),
            "create user": lambda context: accounts.create_user(
                context, admin, email=self.other_email, name="New", groups=[group]
            ),
            "join": lambda context: accounts.set_member(context, admin, group, person, is_member=True),
            "leave": lambda context: accounts.set_member(context, admin, group, person, is_member=False),
            "grant": lambda context: accounts.grant(context, admin, group, Right.VIEW, app=None),
            "rename group": lambda context: groups.update(context, admin, group, self.other_name, {Right.START: True}),
            "create group": lambda context: accounts.create_group(context, admin, self.other_name),
            "delete group": lambda context: groups.delete(context, admin, group),
            "export": lambda context: requests.begin(context, admin, EXPORT),
            "delete export": lambda context: requests.delete(context, admin, self.export),
        }

    async def _sign_in(self, context: Context) -> None:
        actor = await sign_in.by_password(context, self.email, PASSWORD, kind="password", address=None)
        await sessions.open_session(context, actor)


EXPORT = ExportRequest(selection=Selection(query={"app": "EXP"}))
OF_CREDENTIALS = ("password", "other password", "api password", "sign in", "token", "deactivate", "erase")
OF_APPLICATIONS = ("application", "secret", "revoke", "deactivate", "erase")
OF_ADDRESSES = ("change address", "create user", "deactivate", "erase", "sign in")
OF_GROUPS = ("create user", "join", "leave", "grant", "rename group", "create group", "delete group", "erase")
OF_EXPORTS = ("export", "delete export")
PAIRS = sorted(
    {
        pair
        for family in (OF_CREDENTIALS, OF_APPLICATIONS, OF_ADDRESSES, OF_GROUPS, OF_EXPORTS)
        for pair in product(family, family)
        if not ("other password" in pair and {"deactivate", "erase"} & {*pair})
    }
)
"""An administrator may set the password of a person who may not sign in, so that this is no matter of who is first."""

ONE_WINS = [
    {"secret"},
    {"export"},
    {"create group"},
    {"rename group", "create group"},
    {"create user"},
    {"change address", "create user"},
]
"""The pairs of which one takes what the other needs."""


@pytest.fixture
async def world(populated_database: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(populated_database, tmp_path) as opened:
        await opened.deploy(APP)
        for _ in range(requests.MOST_LIVING - 1):
            await requests.begin(opened.context, opened.admin, EXPORT)
        yield opened


async def set_scene(world: World, name: str) -> Scene:
    """Make a person and a group anew, and as many exports as leave room for one."""
    context, admin = world.context, world.admin
    email = f"{name}@acme.example"
    person = await accounts.create_user(context, admin, email=email, name=name, password=PASSWORD)
    await credentials.create_api_password(context, admin, person)
    application = await applications.create(context, admin, person, "ERP")
    living = await _exports(world)
    for surplus in living[requests.MOST_LIVING - 1 :]:
        await requests.delete(context, admin, surplus)
    for _ in range(requests.MOST_LIVING - 1 - len(living)):
        await requests.begin(context, admin, EXPORT)
    return Scene(
        world=world,
        person=person,
        themselves=await sign_in.by_password(context, email, PASSWORD, kind="password", address=None),
        email=email,
        other_email=f"other-{email}",
        application=application.id,
        group=await accounts.create_group(context, admin, name),
        name=name,
        other_name=f"other {name}",
        export=living[0],
    )


async def _exports(world: World) -> list[ExportId]:
    known = await world.rows("SELECT id FROM exports WHERE state <> 'ended' ORDER BY id")
    return [ExportId(int(str(number))) for (number,) in known]


WRONG = {
    "two passwords are good": (
        "SELECT user_id FROM credentials WHERE kind IN ('password', 'api_password') AND revoked_at IS NULL"
        " GROUP BY user_id, kind HAVING count(*) > 1"
    ),
    "two secrets of an application are good": (
        "SELECT scope FROM credentials WHERE kind = 'application' AND revoked_at IS NULL"
        " GROUP BY scope HAVING count(*) > 1"
    ),
    "what was made with a credential outlives it": (
        "SELECT c.id FROM credentials c JOIN credentials p ON p.account_id = c.account_id AND p.id = c.parent_id"
        " WHERE c.revoked_at IS NULL AND p.revoked_at IS NOT NULL"
    ),
    "who may not sign in has credentials": (
        "SELECT u.id FROM users u JOIN credentials c ON c.account_id = u.account_id AND c.user_id = u.id"
        " WHERE NOT u.is_active AND c.revoked_at IS NULL"
    ),
    "who was erased has an address": "SELECT id FROM users WHERE erased_at IS NOT NULL AND email IS NOT NULL",
    "two people have one address": (
        "SELECT account_id FROM users WHERE email IS NOT NULL GROUP BY account_id, lower(email) HAVING count(*) > 1"
    ),
}
"""What must find nothing, by what it would mean."""


async def _check(scene: Scene, what: str) -> None:
    world = scene.world
    for meaning, query in WRONG.items():
        assert await world.rows(query) == [], f"{what}: {meaning}"
    assert len(await _exports(world)) <= requests.MOST_LIVING, f"{what}: too many exports"


async def _run(world: World, one: str, other: str, stops_at: int) -> bool:
    """Run a pair; return whether the first action has a statement of that number."""
    scene = await set_scene(world, f"{one}-{other}-{stops_at}".replace(" ", "."))
    acts, what = scene.acts(), f"{one} + {other} at {stops_at}"
    outcome = await interleave(world.context, acts[one], acts[other], stops_at)
    outcome.require_done(what, only_one={one, other} in ONE_WINS)
    await _check(scene, what)
    return outcome.has_stopped


async def test_some_pairs_of_actions_on_people_leave_nothing_good_that_was_replaced(world: World) -> None:
    chance = random.Random(15)  # noqa: S311  # the same in every run
    for one, other in chance.sample(PAIRS, 12):
        await _run(world, one, other, chance.randint(2, 8))


@pytest.mark.soak
@pytest.mark.parametrize(("one", "other"), PAIRS)
async def test_every_pair_of_actions_on_people_leaves_nothing_good_that_was_replaced(
    world: World, one: str, other: str
) -> None:
    await at_every_statement(lambda stops_at: _run(world, one, other, stops_at))
