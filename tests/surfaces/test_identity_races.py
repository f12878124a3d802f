"""Credentials and groups that two change at once: nothing that was replaced stays good, and nobody gets a 500."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from overtaking import overtaken
from satchel.actions.identity import accounts, applications, credentials, hashes, oauth, users
from satchel.model.actor import Actor
from surfaces.conftest import Api
from surfaces.doors import BACK, IN, basic, door, native
from world import PASSWORD

EMAIL = "clerk@acme.example"
ME = "/api/v1/me"
FIRST, SECOND = "the first new password", "the second new password"

Request = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


async def _bearer(api: Api, who: Actor) -> dict[str, str]:
    assert who.user_id is not None
    made = await credentials.create_token(api.world.context, who, who.user_id, kind="token", name="t")
    return {"Authorization": f"Bearer {made.secret}"}


async def test_of_two_passwords_that_are_set_at_once_one_is_good(api: Api) -> None:
    signed = await _bearer(api, api.world.admin)
    address = f"/api/v1/users/{api.world.people['clerk']}/password"

    def change(password: str) -> Request:
        return lambda client: client.post(address, headers=signed, json={"password": password})

    anyone, moments = await api.client("anonymous"), 0
    async for answers in overtaken(api, change(FIRST), change(SECOND)):
        moments += 1
        assert [answer.status_code for answer in answers] == [204, 204]
        good = [(await native(anyone, EMAIL, password))[0] == IN for password in (FIRST, SECOND)]
        assert sum(good) == 1
    assert moments > 0


async def test_of_two_api_passwords_that_are_made_at_once_one_is_good(api: Api) -> None:
    signed = await _bearer(api, api.world.admin)
    address = f"/api/v1/users/{api.world.people['clerk']}/credentials"
    anyone, moments = await api.client("anonymous"), 0

    async def make(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(address, headers=signed, json={"kind": "api_password"})

    async for answers in overtaken(api, make, make):
        moments += 1
        secrets = [answer.json()["secret"] for answer in answers]
        good = [(await anyone.get(ME, headers=basic(EMAIL, secret))).status_code == 200 for secret in secrets]
        assert sum(good) == 1
    assert moments > 0


async def test_of_two_secrets_that_an_application_is_given_at_once_one_is_good(api: Api) -> None:
    world = api.world
    signed, anyone, moments = await _bearer(api, world.admin), await api.client("anonymous"), 0
    known = [await applications.create(world.context, world.admin, world.people["clerk"], "ERP")]

    async def change(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/credentials/{known[0].id}/secret", headers=signed)

    async for answers in overtaken(api, change, change):
        moments += 1
        assert sorted(answer.status_code for answer in answers) == [201, 404], "the second's is another's already"
        signs_in = []
        for answer in answers:
            secret = answer.json().get("secret", "")
            form = {"grant_type": "client_credentials", "client_id": known[0].client_id, "client_secret": secret}
            signs_in.append((await anyone.post("/alloy/api/token", data=form)).status_code == 200)
        assert sum(signs_in) == 1
        known[0] = await applications.create(world.context, world.admin, world.people["clerk"], "ERP")
    assert moments > 0


async def _is_good(api: Api, name: str, answer: httpx.Response) -> bool:
    """Return whether what a door gave still works; of a program, whether its code was kept."""
    anyone = await api.client("anonymous")
    if name == "program":
        return str(answer.headers.get("Location", "")).startswith(f"{BACK}?code=")
    if name == "native":
        cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return (await anyone.get(ME, headers={"Cookie": cookie})).status_code == 200
    if name == "alloy":
        token = answer.json().get("access_token", "none")
        signed = {"Authorization": f"bearer {token}"}
        return (await anyone.get("/alloy/api/profile", headers=signed)).status_code == 200
    signed = {"Authorization": f"NVX {answer.json().get('hash', '0' * 32)}"}
    return bool((await anyone.post("/navixy/v2/user/get_info", headers=signed)).json()["success"])


@pytest.mark.parametrize("is_change_first", [True, False])
@pytest.mark.parametrize("name", ["native", "alloy", "navixy"])
async def test_what_is_opened_while_its_password_is_changed_does_not_outlive_it(
    api: Api, name: str, *, is_change_first: bool
) -> None:
    world = api.world
    number, signed = world.people["clerk"], await _bearer(api, world.admin)
    sign_in, moments = await door(api, name), 0
    await credentials.set_password(world.context, world.admin, number, PASSWORD)

    async def opened(client: httpx.AsyncClient) -> httpx.Response:
        return (await sign_in(client, EMAIL, PASSWORD))[1]

    async def changed(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/users/{number}/password", headers=signed, json={"password": FIRST})

    pair = (changed, opened) if is_change_first else (opened, changed)
    async for answers in overtaken(api, *pair):
        moments += 1
        change, given = answers if is_change_first else reversed(answers)
        assert change.status_code == 204
        assert given.status_code < 500
        assert not await _is_good(api, name, given)
        await credentials.set_password(world.context, world.admin, number, PASSWORD)
    assert moments > 0


async def test_a_program_gets_no_code_by_a_password_that_was_changed_before_it_was_made(api: Api) -> None:
    world = api.world
    number, signed = world.people["clerk"], await _bearer(api, world.admin)
    sign_in = await door(api, "program")
    await credentials.set_password(world.context, world.admin, number, PASSWORD)

    async def opened(client: httpx.AsyncClient) -> httpx.Response:
        return (await sign_in(client, EMAIL, PASSWORD))[1]

    async def changed(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/users/{number}/password", headers=signed, json={"password": FIRST})

    async for change, given in overtaken(api, changed, opened):
        assert change.status_code == 204
        assert not await _is_good(api, "program", given)
        await credentials.set_password(world.context, world.admin, number, PASSWORD)


@pytest.mark.parametrize("is_end_first", [True, False])
async def test_what_a_person_makes_while_they_are_kept_from_signing_in_does_not_come_back_with_them(
    api: Api, *, is_end_first: bool
) -> None:
    world, moments = api.world, 0
    number, signed = world.people["clerk"], await _bearer(api, world.admin)
    own = [await _bearer(api, await world.actor("clerk"))]

    async def end(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/users/{number}/deactivate", headers=signed)

    async def make(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(f"/api/v1/users/{number}/credentials", headers=own[0], json={"kind": "token"})

    async for answers in overtaken(api, *((end, make) if is_end_first else (make, end))):
        moments += 1
        ended, made = answers if is_end_first else reversed(answers)
        assert ended.status_code == 204
        assert made.status_code == (401 if is_end_first else 201)
        await users.update(world.context, world.admin, number, is_active=True)
        proof = {"Authorization": f"Bearer {made.json().get('secret', 'none')}"}
        assert (await (await api.client("anonymous")).get(ME, headers=proof)).status_code == 401
        own[0] = await _bearer(api, await world.actor("clerk"))
    assert moments > 0


@pytest.mark.parametrize("is_revoked_first", [True, False])
async def test_a_program_that_is_revoked_while_it_gets_its_tokens_keeps_none(
    api: Api, *, is_revoked_first: bool
) -> None:
    world = api.world
    signed = await _bearer(api, world.admin)
    admin = await api.client("admin")
    asked = {"name": "P", "redirect_uris": [BACK]}
    moments = 0
    made = (await admin.post("/api/v1/oauth-clients", json=asked)).json()

    async def code() -> str:
        actor = await world.actor("clerk")
        client = await oauth.client(world.context, made["client_id"])
        wish = oauth.AuthorizationRequest(client=client, redirect_uri=BACK, scope="any", challenge=None, state=None)
        return await oauth.allow(world.context, actor, wish)

    given = [await code()]

    async def exchange(client: httpx.AsyncClient) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": given[0], "client_id": made["client_id"]}
        return await client.post("/questetra/oauth2/token", data={**form, "client_secret": made["client_secret"]})

    async def revoke(client: httpx.AsyncClient) -> httpx.Response:
        return await client.delete(f"/api/v1/oauth-clients/{made['id']}", headers=signed)

    anyone = await api.client("anonymous")
    async for answers in overtaken(api, *((revoke, exchange) if is_revoked_first else (exchange, revoke))):
        moments += 1
        for token in [answer.json()["access_token"] for answer in answers if answer.status_code == 200]:
            address = "/questetra/API/OR/ProcessInstance/list"
            listed = await anyone.get(address, headers={"Authorization": f"Bearer {token}"})
            assert listed.status_code == 401
        made = (await admin.post("/api/v1/oauth-clients", json=asked)).json()
        given[0] = await code()
    assert moments > 0


@pytest.mark.parametrize("is_delete_first", [True, False])
@pytest.mark.parametrize(("how", "refused"), [("grant", 404), ("join", 404), ("share", 422)])
async def test_a_group_that_is_deleted_while_it_is_used_is_not_there_and_no_fault_of_the_server(
    api: Api, how: str, refused: int, *, is_delete_first: bool
) -> None:
    world, admin = api.world, api.world.admin
    assert admin.user_id is not None
    signed, moments = await _bearer(api, admin), 0
    nvx = {"Authorization": f"NVX {(await hashes.open_for(world.context, admin, admin.user_id)).secret}"}
    group = [await accounts.create_group(world.context, admin, "short-lived")]

    async def delete(client: httpx.AsyncClient) -> httpx.Response:
        body = {"id": group[0]}
        return await client.post("/navixy/v2/subuser/security_group/delete", headers=nvx, json=body)

    async def use(client: httpx.AsyncClient) -> httpx.Response:
        if how == "grant":
            return await client.post("/api/v1/grants", headers=signed, json={"group": group[0], "right": "view"})
        if how == "join":
            address = f"/api/v1/groups/{group[0]}/members/{world.people['stranger']}"
            return await client.put(address, headers=signed)
        return await client.post("/api/v1/searches", headers=signed, json={"name": "shared", "groups": [group[0]]})

    async for answers in overtaken(api, *((delete, use) if is_delete_first else (use, delete))):
        moments += 1
        deleted, used = answers if is_delete_first else reversed(answers)
        assert deleted.json() == {"success": True}
        assert used.status_code == refused if is_delete_first else used.is_success, used.text
        group[0] = await accounts.create_group(world.context, admin, "short-lived")
    assert moments > 0
