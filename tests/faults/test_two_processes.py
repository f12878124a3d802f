"""Two processes of one server: what one has done counts in the other at once, whatever that keeps in its memory."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from beside import beside
from satchel.actions.identity import credentials
from satchel.actions.identity.guesses import FAILURES_PER_LOGIN
from satchel.settings import read_settings
from satchel.surfaces.app import create_app
from surfaces.conftest import Api
from surfaces.conftest import api as api  # noqa: PLC0414  # the fixture
from world import PASSWORD, bundle, fields

ME = "/api/v1/me"
EMAIL = "clerk@acme.example"
START = "/api/v1/apps/TWO/instances"
SUBJECT = fields({"id": "subject", "type": "text"})


@dataclass(frozen=True, slots=True)
class Pair:
    """The application in two processes."""

    here: Api
    there: Api

    async def asked_there(self, proof: Mapping[str, str]) -> int:
        """Return the status of who asks the other process with a proof."""
        return (await (await self.there.client("anonymous")).get(ME, headers=proof)).status_code


@pytest.fixture
async def pair(api: Api, tmp_path: Path) -> AsyncIterator[Pair]:
    async with beside(api.world, tmp_path) as other, AsyncExitStack() as stack:
        yield Pair(api, Api(other, create_app(other.context, read_settings({})), stack))


def _basic(secret: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{EMAIL}:{secret}'.encode()).decode()}"}


async def test_a_credential_that_one_process_revokes_is_refused_by_the_other_at_once(pair: Pair) -> None:
    world = pair.here.world
    context, admin, clerk = world.context, world.admin, world.people["clerk"]
    token = await credentials.create_token(context, admin, clerk, kind="token", name="t")
    key = await credentials.create_token(context, admin, clerk, kind="api_key", name="k")
    password = await credentials.create_api_password(context, admin, clerk)
    proofs = {
        token.id: {"Authorization": f"Bearer {token.secret}"},
        key.id: {"X-API-Key": key.secret},
        password.id: _basic(password.secret),
    }
    for revoked, proof in proofs.items():
        assert [await pair.asked_there(proof) for _ in range(2)] == [200, 200]  # by the second it is known
        await credentials.revoke(context, admin, revoked)
        assert await pair.asked_there(proof) == 401

    await credentials.set_password(context, admin, clerk, PASSWORD)
    signing_in = {"email": EMAIL, "password": PASSWORD}
    browser = await pair.there.client("anonymous")
    assert (await browser.post("/api/v1/session", json=signing_in)).status_code == 201
    assert (await browser.get(ME)).status_code == 200
    await credentials.set_password(context, admin, clerk, f"another {PASSWORD}")
    assert (await browser.get(ME)).json()["code"] == "session_ended"


async def test_rights_that_one_process_takes_away_are_gone_in_the_other(pair: Pair) -> None:
    world = pair.here.world
    await world.deploy(bundle({"code": "TWO", "fields": SUBJECT}))
    clerk = await pair.there.client("clerk")
    assert (await clerk.post(START, json={"values": {}})).status_code == 201
    for group in ("clerks", "administration", "technicians"):
        await world.set_member(group, "clerk", is_member=False)
    assert (await clerk.post(START, json={"values": {}})).status_code == 404
    gone = f"/api/v1/users/{world.people['clerk']}/deactivate"
    assert (await (await pair.here.client("admin")).post(gone)).status_code == 204
    assert (await clerk.get(ME)).status_code == 401


async def test_an_app_that_one_process_deploys_or_retires_is_the_one_that_the_other_starts(pair: Pair) -> None:
    await pair.here.world.deploy(bundle({"code": "TWO", "fields": SUBJECT}))
    admin, clerk = await pair.here.client("admin"), await pair.there.client("clerk")
    assert (await clerk.post(START, json={"values": {}})).status_code == 201

    required = {"code": "TWO", "fields": SUBJECT, "start": {"fields": {"subject": "require"}}}
    await pair.here.world.deploy(bundle(required))
    refused = await clerk.post(START, json={"values": {}})
    started = await clerk.post(START, json={"values": {"subject": "x"}})
    assert (refused.status_code, started.status_code) == (422, 201), refused.text

    assert (await admin.post("/api/v1/apps/TWO/retire")).status_code == 204
    retired = await clerk.post(START, json={"values": {"subject": "x"}})
    assert (retired.status_code, retired.json()["code"]) == (409, "invalid_state")


async def test_wrong_passwords_count_together(pair: Pair) -> None:
    said: list[int] = []
    for number in range(FAILURES_PER_LOGIN + 1):
        client = await (pair.here, pair.there)[number % 2].client("anonymous")
        said.append((await client.get(ME, headers=_basic(f"wrong {number}"))).status_code)
    assert said == [401] * FAILURES_PER_LOGIN + [429]


async def test_a_request_under_one_key_at_both_is_done_once(pair: Pair) -> None:
    world = pair.here.world
    await world.deploy(bundle({"code": "TWO", "fields": SUBJECT}))
    clerk = await pair.here.client("clerk")
    proof = {"Authorization": clerk.headers["Authorization"], "Idempotency-Key": "k"}

    async def start(api: Api) -> httpx.Response:
        return await (await api.client("anonymous")).post(START, json={"values": {}}, headers=proof)

    answers = await asyncio.gather(*(start(one) for one in (pair.here, pair.there) * 3))
    after = [await start(one) for one in (pair.here, pair.there)]

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.content for answer in answers if answer.is_success} == {after[0].content} == {after[1].content}
    assert await world.rows("SELECT count(*) FROM instances") == [(1,)]
